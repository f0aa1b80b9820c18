/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `vm_affinity`: hard rules between VMs. A VM of a positive group goes where one of the
 * others is, a VM of a negative group where none is. RHV's VmAffinityGroups.
 *
 * A VM on its way counts for a positive rule where it goes, and for a negative rule both there and
 * where it still is: so the rule also holds while moves are under way, in whatever order they end.
 * VMs that go along are judged when all are there: they do not hold back the first of them.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 1, APART, CONTRADICTION };

static const struct drover_reason reasons[] = {
    {"vm_affinity.together", "group {subject} must stay together, and none of its VMs is there",
     "with the rule of group {subject} relaxed"},
    {"vm_affinity.apart", "group {subject} must stay apart, and one of its VMs is there",
     "with the rule of group {subject} relaxed"},
    {"vm_affinity.contradiction", "it moves together with a VM from which group {subject} keeps it "
     "apart", "with the rule of group {subject} relaxed"},
    {NULL, NULL, NULL},
};

/* The other VMs of one group, as they bear on the VM that is asked about. */
struct others {
    uint8_t *here;       /* by host: one of them counts there */
    uint32_t n;          /* how many count anywhere */
    uint32_t along;      /* one that goes along; DROVER_NONE: none does */
};

static void mark(struct others *others, uint32_t host)
{
    if (host == DROVER_NONE)
        return;
    others->here[host] = 1;
    others->n++;
}

static void look_at(const struct drover_ask *ask, uint32_t group, struct others *others)
{
    const struct drover_fleet *fleet = ask->fleet;
    const struct drover_lists *members = &fleet->groups->vms;
    bool negative = fleet->groups->vm_rule[group] == DROVER_RULE_NEGATIVE;
    memset(others->here, 0, fleet->hosts->n);
    others->n = 0;
    others->along = DROVER_NONE;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t vm = members->item[i];
        if (vm == ask->vm || fleet->vms->cluster[vm] != fleet->vms->cluster[ask->vm])
            continue; /* a rule holds within a cluster: VMs do not leave theirs */
        if (drover_goes_along(ask, vm)) {
            others->along = vm;
            continue;
        }
        mark(others, drover_vm_goes_to(fleet->vms, vm));
        if (negative)
            mark(others, drover_vm_runs_on(fleet->vms, vm));
    }
}

static bool is_hard(const struct drover_groups *groups, uint32_t group)
{
    return groups->vm_enforcing[group] && groups->vm_rule[group] != DROVER_RULE_DISABLED;
}

/* What the group has against the host; 0: nothing. */
static uint8_t judge(const struct drover_groups *groups, uint32_t group,
                     const struct others *others, uint32_t host)
{
    if (groups->vm_rule[group] == DROVER_RULE_POSITIVE)
        return others->n > 0 && !others->here[host] ? TOGETHER : 0;
    if (others->along != DROVER_NONE)
        return CONTRADICTION;
    return others->here[host] ? APART : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const struct drover_groups *groups = ask->fleet->groups;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    memset(verdicts, 0, n);
    if (mine->start[ask->vm] == mine->start[ask->vm + 1] ||
        drover_is_waived(ask, DROVER_WAIVE_VM_TO_VM))
        return 0;
    struct others others = {.here = malloc(ask->fleet->hosts->n + 1)};
    if (!others.here)
        return DROVER_FAILED;
    for (uint32_t g = mine->start[ask->vm]; g < mine->start[ask->vm + 1]; g++) {
        if (!is_hard(groups, mine->item[g]))
            continue;
        look_at(ask, mine->item[g], &others);
        for (uint32_t i = 0; i < n; i++)
            if (verdicts[i] == 0)
                verdicts[i] = judge(groups, mine->item[g], &others, hosts[i]);
    }
    free(others.here);
    return 0;
}

/* One of the group that stands in the way on that host. */
static uint32_t in_the_way(const struct drover_ask *ask, uint32_t group, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const struct drover_lists *members = &ask->fleet->groups->vms;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t vm = members->item[i];
        if (vm != ask->vm && !drover_goes_along(ask, vm) &&
            (drover_vm_goes_to(vms, vm) == host || drover_vm_runs_on(vms, vm) == host))
            return vm;
    }
    return DROVER_NONE;
}

static void tell(const struct drover_ask *ask, uint32_t group, const struct others *others,
                 uint32_t host, uint8_t verdict, struct drover_why *because)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const char *name = ask->fleet->groups->name[group];
    uint32_t vm = in_the_way(ask, group, host);
    snprintf(because->subject, sizeof because->subject, "%s", name);
    if (verdict == APART && vm != DROVER_NONE)
        snprintf(because->text, sizeof because->text, "group %.200s must stay apart, and %.200s %s",
                 name, vms->name[vm],
                 vms->to[vm] == DROVER_NONE ? "is there"
                 : vms->to[vm] == host      ? "is on its way there"
                                            : "has not left it yet");
    if (verdict == CONTRADICTION)
        snprintf(because->text, sizeof because->text,
                 "it moves together with %.200s, from which group %.200s keeps it apart",
                 vms->name[others->along], name);
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const struct drover_groups *groups = ask->fleet->groups;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    struct others others = {.here = malloc(ask->fleet->hosts->n + 1)};
    if (!others.here)
        return DROVER_FAILED;
    for (uint32_t g = mine->start[ask->vm]; g < mine->start[ask->vm + 1]; g++) {
        if (!is_hard(groups, mine->item[g]))
            continue;
        look_at(ask, mine->item[g], &others);
        if (judge(groups, mine->item[g], &others, host) != verdict)
            continue;
        tell(ask, mine->item[g], &others, host, verdict, because);
        break;
    }
    free(others.here);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "vm_affinity",
    .summary = "hosts on which no hard rule between VMs is broken",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("vm_affinity", "1.0", &unit)
