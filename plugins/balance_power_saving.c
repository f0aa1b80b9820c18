/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance `power_saving`: VMs leave hosts that are overloaded, and then those that do little, so
 * that these become empty. RHV's OptimalForPowerSaving: first CPU, then memory. Hosts that are
 * empty may then be switched off, and on again when there are too few: one step at a time, by way
 * of maintenance, so that the nearest step is the one that costs least to take back.
 */
#include "balancing.h"

struct self {
    struct balancing_bounds bounds;
    struct balancing_limits limits;
    double low;
    int64_t reserve;
    bool switches;
};

static const struct drover_parameter parameters[] = {
    BALANCING_BOUNDS_PARAMETERS(offsetof(struct self, bounds)),
    BALANCING_LIMITS_PARAMETERS(offsetof(struct self, limits)),
    {"low_utilization", DROVER_PERCENT, "%", 0, 49, "20", NULL,
     "VMs leave a host with less CPU load, so that it becomes empty", offsetof(struct self, low)},
    {"hosts_in_reserve", DROVER_INTEGER, "hosts", 0, 100000, "0", NULL,
     "so many hosts without VMs stay up", offsetof(struct self, reserve)},
    {"enable_automatic_host_power_management", DROVER_BOOLEAN, NULL, 0, 0, "no", NULL,
     "hosts without VMs are switched off, and on again", offsetof(struct self, switches)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* ---------------------------------------------------------------------- moves */

static void propose_of_cpu(const struct self *self, struct balancing *round, uint32_t host,
                           bool over)
{
    const char *name = round->fleet->hosts->name[host];
    char reason[512];
    if (over)
        snprintf(reason, sizeof reason, "CPU load of %s has been high for %.0f s; it is %.0f %%",
                 name, round->fleet->hosts->cpu_over_s[host], host_pct(round, host));
    else
        snprintf(reason, sizeof reason, "CPU load of %s is %.0f %%, less than %.0f %%: it may "
                 "become empty", name, host_pct(round, host), self->low);
    balancing_propose(round, host, over ? "cpu.over" : "cpu.under", reason);
}

/* Whether a host is overloaded, and no other takes any VM of it. */
static bool balance_cpu(const struct self *self, struct balancing *round)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    double below = clearly_below(&self->bounds, &self->limits);
    double duration_s = self->limits.duration_s;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        if (cpu_is_over(round, host, below, duration_s))
            ranking_add(&round->from, host, -host_pct(round, host));
        if (!cpu_is_over(round, host, self->bounds.high, duration_s))
            ranking_add(&round->to, host, 0);
    }
    uint32_t over = round->from.n; /* more urgent: these come first */
    ranking_sort(&round->from, 0);
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        if (cpu_is_under(round, host, self->low, duration_s) && hosts->vm_count[host] > 0)
            ranking_add(&round->from, host, host_pct(round, host));
    }
    ranking_sort(&round->from, over);
    for (uint32_t f = 0; f < over; f++)
        propose_of_cpu(self, round, round->from.item[f].index, true);
    bool short_of_hosts = over > 0 && round->proposed == 0;
    for (uint32_t f = over; f < round->from.n; f++)
        propose_of_cpu(self, round, round->from.item[f].index, false);
    return short_of_hosts;
}

static void propose_of_memory(const struct self *self, struct balancing *round, uint32_t host,
                              bool over)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    char reason[512];
    snprintf(reason, sizeof reason, "%s has %.0f MiB of memory to hand out, %s than %.0f%s",
             hosts->name[host], hosts->memory_schedulable_mib[host], over ? "less" : "more",
             over ? self->bounds.max_free_mib : self->limits.min_free_mib,
             over ? "" : ": it may become empty");
    balancing_propose(round, host, over ? "memory.over" : "memory.under", reason);
}

static bool balance_memory(const struct self *self, struct balancing *round)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    uint32_t before = round->proposed;
    const double *left = hosts->memory_schedulable_mib;
    round->from.n = round->to.n = 0;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        if (memory_is_over(round, host))
            ranking_add(&round->from, host, 0);
        if (left[host] > self->bounds.max_free_mib)
            ranking_add(&round->to, host, 0);
    }
    uint32_t over = round->from.n;
    double empty_mib = self->limits.min_free_mib > 0 ? self->limits.min_free_mib : INFINITY;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        if (left[host] > empty_mib && hosts->vm_count[host] > 0)
            ranking_add(&round->from, host, 0);
    }
    for (uint32_t f = 0; f < over; f++)
        propose_of_memory(self, round, round->from.item[f].index, true);
    bool short_of_hosts = over > 0 && round->proposed == before;
    for (uint32_t f = over; f < round->from.n; f++)
        propose_of_memory(self, round, round->from.item[f].index, false);
    return short_of_hosts;
}

/* ------------------------------------------------------------- switching hosts */

/* Hosts of the cluster by what could be done with them; the first of each by name. */
struct reserve {
    uint32_t n_empty;   /* up, without VMs, and none on its way */
    uint32_t aside;     /* one of these that may be taken out of use; DROVER_NONE: none */
    uint32_t n_resting; /* in maintenance by policy */
    uint32_t resting;
    uint32_t down;      /* off by policy */
};

static bool is_empty(const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->state[host] == DROVER_HOST_UP && hosts->vm_count[host] == 0 &&
           hosts->vm_pending[host] == 0 && hosts->vm_leaving[host] == 0;
}

static void count_host(const struct drover_hosts *hosts, uint32_t host, struct reserve *reserve)
{
    bool managed = hosts->power[host] & DROVER_POWER_MANAGED;
    bool by_policy = managed && hosts->power[host] & DROVER_POWER_BY_POLICY;
    if (is_empty(hosts, host)) {
        reserve->n_empty++;
        bool may = managed && !(hosts->roles[host] & DROVER_ROLE_SPM);
        reserve->aside = reserve->aside == DROVER_NONE && may ? host : reserve->aside;
    } else if (by_policy && hosts->state[host] == DROVER_HOST_MAINTENANCE) {
        reserve->n_resting++;
        reserve->resting = reserve->resting == DROVER_NONE ? host : reserve->resting;
    } else if (by_policy && hosts->state[host] == DROVER_HOST_DOWN) {
        reserve->down = reserve->down == DROVER_NONE ? host : reserve->down;
    }
}

/*
 * What is to be done with which host, if anything: RHV's order. It wants one host more than RHV
 * where an overloaded one finds no room for its VMs; RHV would leave those that are off as they are.
 */
static uint32_t next_switch(const struct self *self, const struct reserve *reserve,
                            bool short_of_hosts, uint32_t *kind)
{
    int64_t spare = (int64_t)reserve->n_empty - self->reserve - (short_of_hosts ? 1 : 0);
    if (spare > 0 && reserve->n_resting > 1) {
        *kind = DROVER_STEP_POWER_OFF; /* one always rests until the number is right */
        return reserve->resting;
    }
    if (spare > 0) {
        *kind = DROVER_STEP_MAINTENANCE;
        return reserve->aside;
    }
    if (spare == 0) {
        *kind = DROVER_STEP_POWER_OFF;
        return reserve->resting;
    }
    bool rests = reserve->n_resting > 0;
    *kind = rests ? DROVER_STEP_ACTIVATE : DROVER_STEP_POWER_ON;
    return rests ? reserve->resting : reserve->down;
}

static uint32_t switch_hosts(const struct self *self, const struct balancing *round,
                             uint32_t cluster, bool short_of_hosts)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    struct reserve reserve = {
        .aside = DROVER_NONE, .resting = DROVER_NONE, .down = DROVER_NONE};
    for (uint32_t host = 0; host < hosts->n; host++)
        if (hosts->cluster[host] == cluster)
            count_host(hosts, host, &reserve);
    uint32_t kind, host = next_switch(self, &reserve, short_of_hosts, &kind);
    if (!self->switches || host == DROVER_NONE)
        return 0;
    char reason[256];
    snprintf(reason, sizeof reason, "%shosts without VMs: %u, to be in reserve: %lld",
             short_of_hosts ? "an overloaded host finds no room for its VMs; " : "",
             reserve.n_empty, (long long)self->reserve);
    struct drover_step step = {.size = sizeof step, .kind = kind, .host = host,
                               .code = "power.reserve", .reason = reason};
    return round->plan->propose(round->plan, &step) == 0;
}

/* -------------------------------------------------------------------- the unit */

/* Why nothing is worth doing, in one sentence. */
static void tell_idle(const struct self *self, const struct balancing *round, bool out_of_bounds)
{
    char text[256];
    if (round->members.n < 2)
        snprintf(text, sizeof text, "fewer than two hosts are up with no VM leaving or coming");
    else if (!out_of_bounds)
        snprintf(text, sizeof text,
                 "no host is overloaded, has less than %.0f %% of CPU load, or has too little or "
                 "too much memory left", self->low);
    else
        snprintf(text, sizeof text,
                 "no VM of the hosts out of bounds fits another without overloading it");
    round->plan->idle(round->plan, text);
}

static void balance_hosts(const struct self *self, struct balancing *round, uint32_t cluster)
{
    bool out_of_bounds = false, short_of_hosts = false;
    balancing_join(round, cluster);
    if (round->members.n >= 2) {
        short_of_hosts = balance_cpu(self, round);
        out_of_bounds = round->from.n > 0;
        short_of_hosts = balance_memory(self, round) || short_of_hosts;
        out_of_bounds = out_of_bounds || round->from.n > 0;
    }
    if (round->proposed + switch_hosts(self, round, cluster, short_of_hosts) == 0)
        tell_idle(self, round, out_of_bounds);
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
    .name = "power_saving",
    .summary = "VMs leave overloaded and idle hosts, and empty hosts are switched off",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = check,
    .balance = balance,
};

DROVER_PLUGIN("power_saving", "1.0", &unit)
