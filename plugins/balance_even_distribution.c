/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance `even_distribution`: VMs leave hosts that have been overloaded for a while, for hosts
 * that are clearly not. RHV's OptimalForEvenDistribution: first CPU, the busiest host first; then
 * memory, by name. balancing.h says which VMs go where.
 */
#include "balancing.h"

struct self {
    struct balancing_bounds bounds;
    struct balancing_limits limits;
    double vcpu_ratio;
};

static const struct drover_parameter parameters[] = {
    BALANCING_BOUNDS_PARAMETERS(offsetof(struct self, bounds)),
    BALANCING_LIMITS_PARAMETERS(offsetof(struct self, limits)),
    {"vcpu_to_physical_cpu_ratio", DROVER_NUMBER, NULL, 0, 2.99, "0", NULL,
     "VMs leave a host with so many vCPUs per CPU; 0: never", offsetof(struct self, vcpu_ratio)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static bool is_loaded(const struct self *self, const struct balancing *round, uint32_t host)
{
    return cpu_is_over(round, host, self->bounds.high, self->limits.duration_s);
}

static bool is_crowded(const struct self *self, const struct balancing *round, uint32_t host)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    return self->vcpu_ratio > 0 && hosts->vcpus[host] >= self->vcpu_ratio * hosts->cpus[host];
}

static void propose_of_cpu(const struct self *self, struct balancing *round, uint32_t host)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    char reason[512];
    if (is_loaded(self, round, host))
        snprintf(reason, sizeof reason,
                 "CPU load of %s has been %.0f %% or more for %.0f s; it is %.0f %%",
                 hosts->name[host], self->bounds.high, hosts->cpu_over_s[host],
                 host_pct(round, host));
    else
        snprintf(reason, sizeof reason, "%s has %.0f vCPUs on %.0f CPUs", hosts->name[host],
                 hosts->vcpus[host], hosts->cpus[host]);
    balancing_propose(round, host, "cpu.over", reason);
}

static void balance_cpu(const struct self *self, struct balancing *round)
{
    double below = clearly_below(&self->bounds, &self->limits);
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        double pct = host_pct(round, host);
        if (is_loaded(self, round, host) || is_crowded(self, round, host))
            ranking_add(&round->from, host, -pct);
        if (cpu_is_under(round, host, below, self->limits.duration_s))
            ranking_add(&round->to, host, pct);
    }
    ranking_sort(&round->from, 0);
    ranking_sort(&round->to, 0);
    for (uint32_t f = 0; f < round->from.n; f++)
        propose_of_cpu(self, round, round->from.item[f].index);
}

static void balance_memory(const struct self *self, struct balancing *round)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    round->from.n = round->to.n = 0;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        if (memory_is_over(round, host))
            ranking_add(&round->from, host, 0);
        if (hosts->memory_schedulable_mib[host] > self->limits.min_free_mib)
            ranking_add(&round->to, host, 0);
    }
    for (uint32_t f = 0; f < round->from.n; f++) {
        uint32_t host = round->from.item[f].index;
        char reason[512];
        snprintf(reason, sizeof reason, "%s has %.0f MiB of memory to hand out, less than %.0f",
                 hosts->name[host], hosts->memory_schedulable_mib[host],
                 self->bounds.max_free_mib);
        balancing_propose(round, host, "memory.over", reason);
    }
}

/* Why nothing is worth doing, in one sentence. */
static void tell_idle(const struct self *self, const struct balancing *round, bool overloaded)
{
    char text[256];
    if (round->members.n < 2)
        snprintf(text, sizeof text, "fewer than two hosts are up with no VM leaving or coming");
    else if (!overloaded)
        snprintf(text, sizeof text,
                 "no host has had %.0f %% of CPU load for %.0f s, or is short of memory",
                 self->bounds.high, self->limits.duration_s);
    else
        snprintf(text, sizeof text,
                 "no VM of the overloaded hosts fits another that is under %.0f %% of CPU",
                 clearly_below(&self->bounds, &self->limits));
    round->plan->idle(round->plan, text);
}

static void balance_hosts(const struct self *self, struct balancing *round, uint32_t cluster)
{
    bool overloaded = false;
    balancing_join(round, cluster);
    if (round->members.n >= 2) {
        balance_cpu(self, round);
        overloaded = round->from.n > 0;
        balance_memory(self, round);
        overloaded = overloaded || round->from.n > 0;
    }
    if (round->proposed == 0)
        tell_idle(self, round, overloaded);
}

static int balance(void *data, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    const struct self *self = data;
    struct balancing round = {.bounds = &self->bounds, .fleet = fleet, .plan = plan};
    bool ready = balancing_begin(&round);
    if (ready)
        balance_hosts(self, &round, cluster);
    balancing_end(&round);
    return ready ? 0 : DROVER_FAILED;
}

static int check(void *data, char *error, size_t error_size)
{
    const struct self *self = data;
    return balancing_check(&self->bounds, &self->limits, error, error_size);
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_BALANCE,
    .name = "even_distribution",
    .summary = "VMs leave overloaded hosts for those that are clearly not",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = check,
    .balance = balance,
};

DROVER_PLUGIN("even_distribution", "1.0", &unit)
