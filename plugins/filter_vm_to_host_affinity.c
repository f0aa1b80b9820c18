/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `vm_to_host_affinity`: hard rules between VMs and hosts. A VM goes to a host that is in
 * all of its positive groups and in none of its negative ones. RHV's VmToHostsAffinityGroups.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

enum { REQUIRED = 1, FORBIDDEN };

static const struct drover_reason reasons[] = {
    {"vm_to_host_affinity.required", "it is none of the hosts on which group {subject} must run",
     "as one of the hosts of group {subject}"},
    {"vm_to_host_affinity.forbidden", "group {subject} must not run on it",
     "with the rule of group {subject} relaxed"},
    {NULL, NULL, NULL},
};

static bool names(const struct drover_groups *groups, uint32_t group, uint32_t host)
{
    for (uint32_t i = groups->hosts.start[group]; i < groups->hosts.start[group + 1]; i++)
        if (groups->hosts.item[i] == host)
            return true;
    return false;
}

/* What the group has against the host; 0: nothing. */
static uint8_t judge(const struct drover_groups *groups, uint32_t group, uint32_t host)
{
    uint8_t rule = groups->host_rule[group];
    if (!groups->host_enforcing[group] || rule == DROVER_RULE_DISABLED)
        return 0;
    if (rule == DROVER_RULE_POSITIVE)
        return names(groups, group, host) ? 0 : REQUIRED;
    return names(groups, group, host) ? FORBIDDEN : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    memset(verdicts, 0, n);
    for (uint32_t g = mine->start[ask->vm]; g < mine->start[ask->vm + 1]; g++)
        for (uint32_t i = 0; i < n; i++)
            if (verdicts[i] == 0)
                verdicts[i] = judge(ask->fleet->groups, mine->item[g], hosts[i]);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const struct drover_groups *groups = ask->fleet->groups;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    uint32_t g = mine->start[ask->vm];
    while (g + 1 < mine->start[ask->vm + 1] && judge(groups, mine->item[g], host) != verdict)
        g++;
    snprintf(because->subject, sizeof because->subject, "%s", groups->name[mine->item[g]]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "vm_to_host_affinity",
    .summary = "hosts on which no hard rule between VMs and hosts is broken",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("vm_to_host_affinity", "1.0", &unit)
