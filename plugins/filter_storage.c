/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `storage`: every storage that the VM has disks on is reached by the host. A host of which
 * no storage is known is taken at its word: libvirt itself will refuse what is not there. Where the
 * VM's disks are copied along with it, the hosts need not share them.
 */
#include <drover/plugin.h>

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
    memset(verdicts, 0, n);
    if (drover_is_waived(ask, DROVER_WAIVE_STORAGE))
        return 0;
    drover_sets_refuse(&ask->fleet->hosts->storage, &ask->fleet->vms->storage, ask->vm, hosts, n,
                       MISSING, verdicts);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    drover_sets_name_lacking(&ask->fleet->hosts->storage, &ask->fleet->vms->storage, ask->vm, host,
                             because->subject, sizeof because->subject);
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
