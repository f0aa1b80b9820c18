/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `readonly_drive`: a guest with a CD-ROM or another read-only drive out of a file or device
 * of its host does not move while it runs: the medium is not there. Once it is shut down it may be
 * started elsewhere, where libvirt will say what is missing.
 */
#include <drover/plugin.h>

enum { LOCAL = 1 };

static const struct drover_reason reasons[] = {
    {"readonly_drive.local", "the running VM has a read-only drive of its host",
     "once the medium is ejected, or comes from a storage pool"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    bool stays = ask->from != DROVER_NONE && ask->fleet->vms->readonly_local_disk[ask->vm];
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = stays && hosts[i] != ask->from ? LOCAL : 0;
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "readonly_drive",
    .summary = "no live move of a VM with a read-only drive of its host",
    .reasons = reasons,
    .filter = filter,
};

DROVER_PLUGIN("readonly_drive", "1.0", &unit)
