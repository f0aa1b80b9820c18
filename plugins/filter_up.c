/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `up`: a VM goes to hosts in state up alone. Mandatory, and blind to where the VM is: the
 * host that is being emptied for maintenance is no candidate for its own VMs, else they would stay.
 */
#include <drover/plugin.h>

#include <stdio.h>

/* By state, so that a verdict is the state itself: up is 0, which is "accepted". */
static const struct drover_reason reasons[] = {
    {"up.preparing_for_maintenance", "it is being emptied for maintenance",
     "after: drover maintenance {subject} off"},
    {"up.maintenance", "it is in maintenance", "after: drover maintenance {subject} off"},
    {"up.non_operational", "it answers, but lacks a network or a storage that its cluster needs",
     "once its networks and storage are back"},
    {"up.connecting", "drover is not connected to it", "once drover has reached it"},
    {"up.non_responsive", "it has not answered for {have} s", "once it answers again"},
    {"up.fencing", "it is being fenced", "once it is back"},
    {"up.down", "it is down", "once it has been started"},
    {"up.unknown", "it is in a state that this filter does not know", NULL},
    {NULL, NULL, NULL},
};

#define VERDICT_UNKNOWN (DROVER_HOST_DOWN + 1)

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const uint8_t *state = ask->fleet->hosts->state;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t s = state[hosts[i]];
        verdicts[i] = s < VERDICT_UNKNOWN ? s : VERDICT_UNKNOWN;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    because->have = floor(hosts->state_s[host]);
    snprintf(because->subject, sizeof because->subject, "%s", hosts->name[host]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "up",
    .summary = "hosts in state up",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("up", "1.0", &unit)
