/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What moves VMs: a balancer, a resilience unit, and how a migration is to be done. */
#include <drover/plugin.h>

#include <stdio.h>

struct level {
    double high_pct;
};

static const struct drover_parameter level_parameters[] = {
    {"high", DROVER_PERCENT, "%", 1, 100, "70%", NULL, "load above which VMs leave",
     offsetof(struct level, high_pct)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* Propose the VM for each other host of the cluster that would take it. */
static int propose_elsewhere(const struct drover_fleet *fleet, uint32_t vm, uint32_t cluster,
                             struct drover_plan *plan)
{
    const struct drover_hosts *hosts = fleet->hosts;
    uint32_t candidates[16], n = 0;
    for (uint32_t i = 0; i < hosts->n && n < 16; i++)
        if (hosts->cluster[i] == cluster && i != fleet->vms->host[vm] && plan->allows(plan, vm, i))
            candidates[n++] = i;
    if (n == 0)
        return 0;
    char reason[128];
    snprintf(reason, sizeof reason, "%s has a load of %g %%",
             hosts->name[fleet->vms->host[vm]], hosts->cpu_usage_pct[fleet->vms->host[vm]]);
    struct drover_step step = {
        .size = sizeof step,
        .kind = DROVER_STEP_MOVE,
        .vm = vm,
        .hosts = candidates,
        .n_hosts = n,
        .gain = fleet->vms->cpu_load[vm],
        .cost = fleet->vms->memory_mib[vm] / 1024,
        .code = "level.high",
        .reason = reason,
    };
    return plan->propose(plan, &step) == 0;
}

static int level_balance(void *data, const struct drover_fleet *fleet, uint32_t cluster,
                         struct drover_plan *plan)
{
    const struct level *self = data;
    const struct drover_hosts *hosts = fleet->hosts;
    int proposed = 0;
    for (uint32_t i = 0; i < hosts->n; i++) {
        if (hosts->cluster[i] != cluster || !(hosts->cpu_usage_pct[i] > self->high_pct))
            continue;
        for (uint32_t k = hosts->vms.start[i]; k < hosts->vms.start[i + 1]; k++)
            proposed += propose_elsewhere(fleet, hosts->vms.item[k], cluster, plan);
    }
    if (proposed == 0)
        plan->idle(plan, "no host is above the limit");
    return 0;
}

static const struct drover_unit level = {
    .size = sizeof level,
    .kind = DROVER_BALANCE,
    .name = "level",
    .summary = "VMs leave loaded hosts",
    .self_size = sizeof(struct level),
    .parameters = level_parameters,
    .balance = level_balance,
};

/* Highly available VMs leave a host in trouble, wherever they can. */
static int rescue_resilience(void *data, const struct drover_fleet *fleet,
                             const struct drover_trouble *trouble, struct drover_plan *plan)
{
    const struct drover_hosts *hosts = fleet->hosts;
    (void)data;
    if (trouble->kind != DROVER_TROUBLE_NON_OPERATIONAL)
        return DROVER_FAILED;
    for (uint32_t k = hosts->vms.start[trouble->host]; k < hosts->vms.start[trouble->host + 1];
         k++) {
        struct drover_step step = {
            .size = sizeof step,
            .kind = DROVER_STEP_MOVE,
            .vm = hosts->vms.item[k],
            .code = "rescue.ha",
            .reason = "its host lacks something",
        };
        if (fleet->vms->ha[step.vm] && plan->propose(plan, &step) != 0)
            return DROVER_FAILED;
    }
    return 0;
}

static const struct drover_unit rescue = {
    .size = sizeof rescue,
    .kind = DROVER_RESILIENCE,
    .name = "rescue",
    .summary = "highly available VMs leave",
    .resilience = rescue_resilience,
};

/* Pauses grow with the stalls; large VMs go over more connections. */
static int gentle_migrate(void *data, const struct drover_move *move, struct drover_how *how)
{
    const struct drover_fleet *fleet = move->fleet;
    double from = fleet->hosts->link_mbps[move->from], to = fleet->hosts->link_mbps[move->to];
    (void)data;
    how->flags = DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_TLS;
    if (move->purpose == DROVER_TO_EVACUATE)
        how->flags |= DROVER_HOW_POSTCOPY;
    how->downtime_ms = 100;
    how->bandwidth_mib_s = (from < to ? from : to) / 8;
    how->connections = fleet->vms->memory_mib[move->vm] > 4096 ? 4 : 1;
    how->max_concurrent = 3;
    how->stalls[0] = (struct drover_stall){1, DROVER_STALL_DOWNTIME, 150};
    how->stalls[1] = (struct drover_stall){3, DROVER_STALL_DOWNTIME, 400};
    how->stalls[2] = (struct drover_stall){
        6, how->flags & DROVER_HOW_POSTCOPY ? DROVER_STALL_POSTCOPY : DROVER_STALL_ABORT, 0};
    how->n_stalls = 3;
    return 0;
}

static const struct drover_unit gentle = {
    .size = sizeof gentle,
    .kind = DROVER_MIGRATE,
    .name = "gentle",
    .summary = "pauses that grow",
    .migrate = gentle_migrate,
};

DROVER_PLUGIN("move", "0.9", &level, &rescue, &gentle)
