/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `storage`: every storage that the VM has disks on is reached by the host. A host of which
 * no storage is known is taken at its word: libvirt itself will refuse what is not there.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

enum { MISSING = 1 };

static const struct drover_reason reasons[] = {
    {"storage.missing", "does not reach storage {subject}", "with storage {subject}"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const struct drover_sets *offered = &ask->fleet->hosts->storage;
    const struct drover_lists *wanted = &ask->fleet->vms->storage;
    memset(verdicts, 0, n);
    for (uint32_t w = wanted->start[ask->vm]; w < wanted->start[ask->vm + 1]; w++) {
        uint32_t symbol = wanted->item[w];
        for (uint32_t i = 0; i < n; i++)
            verdicts[i] |= offered->known[hosts[i]] && !drover_sets_has(offered, hosts[i], symbol);
    }
    return 0;
}

/* All that is missing, by name: "blue, green". */
static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    const struct drover_sets *offered = &ask->fleet->hosts->storage;
    const struct drover_lists *wanted = &ask->fleet->vms->storage;
    size_t length = 0;
    for (uint32_t w = wanted->start[ask->vm]; w < wanted->start[ask->vm + 1]; w++) {
        uint32_t symbol = wanted->item[w];
        if (drover_sets_has(offered, host, symbol) || length >= sizeof because->subject)
            continue;
        length += (size_t)snprintf(because->subject + length, sizeof because->subject - length,
                                   "%s%s", length ? ", " : "", offered->symbol[symbol]);
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
