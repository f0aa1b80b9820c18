/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resilience: what becomes of the VMs of a host in trouble, as RHV's cluster setting has it.
 *
 *   migrate          all of them leave a host that is non-operational or announces trouble, and
 *                    are started elsewhere when it has died
 *   migrate_ha_only  the same for VMs with ha
 *   do_not_migrate   they stay, and nothing is started
 *
 * The most important go first. VMs that move only when asked for by name, and pinned ones, do not
 * leave a host that still works.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct entry {
    uint32_t vm;
    double priority;
};

/* Higher priority first, then by name, which is the order of indices. */
static int by_priority(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->priority > b->priority || a->priority < b->priority)
        return a->priority > b->priority ? -1 : 1;
    return a->vm < b->vm ? -1 : a->vm > b->vm;
}

static bool may_leave(const struct drover_vms *vms, uint32_t vm)
{
    return vms->state[vm] == DROVER_VM_RUNNING && vms->to[vm] == DROVER_NONE &&
           vms->migratable[vm] == DROVER_MIGRATABLE_YES;
}

/* The VMs of the host that are concerned: of a dead one those that are lost with it. */
static uint32_t concerned(const struct drover_fleet *fleet, const struct drover_trouble *trouble,
                          bool ha_only, struct entry *list)
{
    const struct drover_vms *vms = fleet->vms;
    const struct drover_lists *here = &fleet->hosts->vms;
    uint32_t n = 0;
    for (uint32_t i = here->start[trouble->host]; i < here->start[trouble->host + 1]; i++) {
        uint32_t vm = here->item[i];
        bool wanted = trouble->kind == DROVER_TROUBLE_DEAD ? vms->lost[vm] : may_leave(vms, vm);
        if (wanted && (vms->ha[vm] || !ha_only))
            list[n++] = (struct entry){vm, vms->priority[vm]};
    }
    qsort(list, n, sizeof *list, by_priority);
    return n;
}

/* The host itself is no candidate, though it would win: the VM is there, and costs nothing. */
static uint32_t others(const struct drover_hosts *hosts, uint32_t host, uint32_t *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < hosts->n; i++)
        if (i != host && hosts->cluster[i] == hosts->cluster[host] &&
            hosts->state[i] == DROVER_HOST_UP)
            list[n++] = i;
    return n;
}

/* By kind of trouble: the reason of each step, and what is said where no VM is concerned. */
static const struct {
    uint32_t step;
    const char *code, *reason, *nobody;
} troubles[] = {
    [DROVER_TROUBLE_NON_OPERATIONAL] = {
        DROVER_STEP_MOVE, "host.non_operational", "its host has become non-operational",
        "no running VM on the host may be moved without being asked for"},
    [DROVER_TROUBLE_DEAD] = {DROVER_STEP_START, "host.dead", "its host is dead",
                             "no VM that the policy restarts was lost with the host"},
    [DROVER_TROUBLE_ANNOUNCED] = {
        DROVER_STEP_MOVE, "host.announced", "its host announces trouble",
        "no running VM on the host may be moved without being asked for"},
};

static void propose(const struct drover_trouble *trouble, struct drover_plan *plan, uint32_t vm,
                    const uint32_t *hosts, uint32_t n_hosts)
{
    plan->propose(plan, &(struct drover_step){
                            .size = sizeof(struct drover_step),
                            .kind = troubles[trouble->kind].step,
                            .vm = vm,
                            .hosts = hosts,
                            .n_hosts = n_hosts,
                            .code = troubles[trouble->kind].code,
                            .reason = troubles[trouble->kind].reason,
                        });
}

static int react(const struct drover_fleet *fleet, const struct drover_trouble *trouble,
                 struct drover_plan *plan, bool ha_only)
{
    if (trouble->kind < DROVER_TROUBLE_NON_OPERATIONAL || trouble->kind > DROVER_TROUBLE_ANNOUNCED)
        return 0;
    struct entry *list = calloc((size_t)fleet->vms->n + 1, sizeof *list);
    uint32_t *hosts = calloc((size_t)fleet->hosts->n + 1, sizeof *hosts);
    int result = list && hosts ? 0 : -1;
    if (result == 0) {
        uint32_t n = concerned(fleet, trouble, ha_only, list);
        uint32_t n_hosts = others(fleet->hosts, trouble->host, hosts);
        bool dead = trouble->kind == DROVER_TROUBLE_DEAD; /* then the core waits for a host */
        for (uint32_t i = 0; i < n && (n_hosts > 0 || dead); i++)
            propose(trouble, plan, list[i].vm, hosts, n_hosts);
        if (n == 0)
            plan->idle(plan, troubles[trouble->kind].nobody);
        else if (n_hosts == 0 && !dead)
            plan->idle(plan, "no other host of the cluster is up");
    }
    free(hosts);
    free(list);
    return result;
}

static int migrate(void *self, const struct drover_fleet *fleet,
                   const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self;
    return react(fleet, trouble, plan, false);
}

static int migrate_ha_only(void *self, const struct drover_fleet *fleet,
                           const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self;
    return react(fleet, trouble, plan, true);
}

static int do_not_migrate(void *self, const struct drover_fleet *fleet,
                          const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self;
    (void)fleet;
    (void)trouble;
    plan->idle(plan, "the policy leaves the VMs of a host in trouble where they are");
    return 0;
}

static const struct drover_unit migrate_unit = {
    .size = sizeof migrate_unit,
    .kind = DROVER_RESILIENCE,
    .name = "migrate",
    .summary = "all VMs leave a host in trouble, and are restarted when it has died",
    .resilience = migrate,
};

static const struct drover_unit migrate_ha_only_unit = {
    .size = sizeof migrate_ha_only_unit,
    .kind = DROVER_RESILIENCE,
    .name = "migrate_ha_only",
    .summary = "VMs with ha leave a host in trouble, and are restarted when it has died",
    .resilience = migrate_ha_only,
};

static const struct drover_unit do_not_migrate_unit = {
    .size = sizeof do_not_migrate_unit,
    .kind = DROVER_RESILIENCE,
    .name = "do_not_migrate",
    .summary = "VMs of a host in trouble stay, and are not restarted",
    .resilience = do_not_migrate,
};

DROVER_PLUGIN("resilience", "1.1", &migrate_unit, &migrate_ha_only_unit, &do_not_migrate_unit)
