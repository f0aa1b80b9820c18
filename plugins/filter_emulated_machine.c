/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `emulated_machine`: an emulator of the host offers the VM's machine type. A host of which
 * no machine types are known is taken at its word, and the VM's own host has it evidently.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { MISSING = 1 };

static const struct drover_reason reasons[] = {
    {"emulated_machine.missing", "its emulators do not offer machine type {subject}",
     "with an emulator that offers {subject}"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_sets *machines = &ask->fleet->hosts->machines;
    const char *wanted = ask->fleet->vms->machine[ask->vm];
    memset(verdicts, 0, n);
    if (!*wanted)
        return 0;
    uint32_t machine = drover_sets_find(machines, wanted);
    for (uint32_t i = 0; i < n; i++)
        if (machines->known[hosts[i]] && hosts[i] != ask->from &&
            (machine == DROVER_NONE || !drover_sets_has(machines, hosts[i], machine)))
            verdicts[i] = MISSING;
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)host;
    (void)verdict;
    snprintf(because->subject, sizeof because->subject, "%s", ask->fleet->vms->machine[ask->vm]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "emulated_machine",
    .summary = "hosts that offer the VM's machine type",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("emulated_machine", "1.0", &unit)
