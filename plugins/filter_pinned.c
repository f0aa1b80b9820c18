/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `pinned`: a VM that may not move stays where it runs, and a VM that is pinned to hosts
 * runs on none but those. RHV's PinToHost; mandatory. The host on which a VM runs is accepted
 * whatever the list says: to stay is no move, and a list may come later than the VM.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { RUNNING = 1, ELSEWHERE };

static const struct drover_reason reasons[] = {
    {"pinned.running", "the VM is pinned to {subject}, where it runs (migratable: no)",
     "with migratable: yes, or once the VM is shut down"},
    {"pinned.elsewhere", "the VM is pinned to {subject}", "as one of the VM's pinned_hosts"},
    {NULL, NULL, NULL},
};

static bool among(const struct drover_lists *lists, uint32_t row, uint32_t host)
{
    for (uint32_t i = lists->start[row]; i < lists->start[row + 1]; i++)
        if (lists->item[i] == host)
            return true;
    return false;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    bool fixed = vms->migratable[ask->vm] == DROVER_MIGRATABLE_NO && ask->from != DROVER_NONE;
    bool listed = vms->pinned_named[ask->vm] > 0;
    memset(verdicts, 0, n);
    if (!fixed && !listed)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        bool here = hosts[i] == ask->from;
        bool out = listed && !among(&vms->pinned_hosts, ask->vm, hosts[i]);
        verdicts[i] = here ? 0 : out ? ELSEWHERE : fixed ? RUNNING : 0;
    }
    return 0;
}

static void name_hosts(const struct drover_ask *ask, char *text, size_t size)
{
    const struct drover_lists *pinned = &ask->fleet->vms->pinned_hosts;
    size_t used = 0;
    for (uint32_t i = pinned->start[ask->vm]; i < pinned->start[ask->vm + 1]; i++) {
        int length = used < size ? snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                            ask->fleet->hosts->name[pinned->item[i]])
                                 : 0;
        used += length > 0 ? (size_t)length : 0;
    }
    if (used == 0)
        snprintf(text, size, "hosts that do not exist");
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)host;
    if (verdict == RUNNING)
        snprintf(because->subject, sizeof because->subject, "%s",
                 ask->fleet->hosts->name[ask->from]);
    else
        name_hosts(ask, because->subject, sizeof because->subject);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "pinned",
    .summary = "hosts that the VM is pinned to",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("pinned", "1.0", &unit)
