/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `storage`: every storage that the VM has disks on is reached by the host. A host of which
 * no storage is known is taken at its word: libvirt itself will refuse what is not there. So is
 * every host for a directory in which none of them has a pool: nobody has to make pools for drover,
 * and where there are none they tell nothing. Where the VM's disks are copied along with it, the
 * hosts need not share them.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

enum { MISSING = 1 };

static const struct drover_reason reasons[] = {
    {"storage.missing", "does not reach storage {subject}", "with storage {subject}"},
    {NULL, NULL, NULL},
};

/* Whether hosts can be asked for it: a pool by its name, or a directory that is one's pool. */
static bool is_told_of(const struct drover_hosts *hosts, uint32_t symbol)
{
    if (hosts->storage.symbol[symbol][0] != '/')
        return true;
    for (uint32_t h = 0; h < hosts->n; h++)
        if (drover_sets_has(&hosts->storage, h, symbol))
            return true;
    return false;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    static const uint32_t just_one[] = {0, 1};
    const struct drover_lists *wanted = &ask->fleet->vms->storage;
    memset(verdicts, 0, n);
    if (drover_is_waived(ask, DROVER_WAIVE_STORAGE))
        return 0;
    for (uint32_t w = wanted->start[ask->vm]; w < wanted->start[ask->vm + 1]; w++) {
        struct drover_lists one = {just_one, &wanted->item[w]};
        if (is_told_of(ask->fleet->hosts, wanted->item[w]))
            drover_sets_refuse(&ask->fleet->hosts->storage, &one, 0, hosts, n, MISSING, verdicts);
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    const struct drover_sets *offered = &ask->fleet->hosts->storage;
    const struct drover_lists *wanted = &ask->fleet->vms->storage;
    size_t used = 0, room = sizeof because->subject;
    because->subject[0] = '\0';
    for (uint32_t w = wanted->start[ask->vm]; w < wanted->start[ask->vm + 1]; w++) {
        uint32_t symbol = wanted->item[w];
        if (used >= room || drover_sets_has(offered, host, symbol) ||
            !is_told_of(ask->fleet->hosts, symbol))
            continue;
        used += (size_t)snprintf(because->subject + used, room - used, "%s%s", used ? ", " : "",
                                 offered->symbol[symbol]);
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "storage",
    .summary = "hosts that reach all of the VM's storage",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("storage", "1.0", &unit)
