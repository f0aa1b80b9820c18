/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance `even_distribution`: VMs leave hosts that have been overloaded for a while, for hosts
 * that are clearly not. RHV's OptimalForEvenDistribution: first CPU, then memory; the busiest host
 * first, its cheapest VM first, and the host that it is on stays a candidate, so that it may win.
 *
 * Nothing is proposed for hosts that a VM is leaving or coming to: their figures are of the past.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

struct self {
    double high;
    double duration_s;
    double threshold_pct;
    double vcpu_pct;
    int64_t spm_vcpus;
    double vcpu_ratio;
    double max_free_mib;
    double min_free_mib;
};

#define AT(member) offsetof(struct self, member)

static const struct drover_parameter parameters[] = {
    {"high_utilization", DROVER_PERCENT, "%", 1, 100, "80", NULL,
     "VMs leave a host with this CPU load or more", AT(high)},
    {"cpu_overcommit_duration", DROVER_DURATION_S, "s", 0, 86400, "2m", NULL,
     "an overload that is shorter does not count", AT(duration_s)},
    {"utilization_threshold", DROVER_PERCENT, "%", 1, 100, "80", NULL,
     "VMs go to hosts below so much of high_utilization", AT(threshold_pct)},
    {"vcpu_consumption_percentage", DROVER_PERCENT, "%", 0, 100, "10", NULL,
     "load assumed for a vCPU that is not measured; VMs go to hosts so far below high_utilization",
     AT(vcpu_pct)},
    {"spm_vcpu_consumption", DROVER_INTEGER, "vCPUs", 0, 64, "1", NULL,
     "vCPUs that the role spm is counted as", AT(spm_vcpus)},
    {"vcpu_to_physical_cpu_ratio", DROVER_NUMBER, NULL, 0, 100, "0", NULL,
     "VMs leave a host with so many vCPUs per CPU; 0: never", AT(vcpu_ratio)},
    {"max_free_memory_for_over_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,
     "VMs leave a host with less memory to hand out, and never bring one below it; 0: never",
     AT(max_free_mib)},
    {"min_free_memory_for_under_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,
     "VMs leave a host that is short of memory for hosts with more than this to hand out",
     AT(min_free_mib)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* A host or a VM, and what it is sorted by: ascending; ties by index, which is by name. */
struct ranked {
    uint32_t index;
    double key;
};

struct ranking {
    struct ranked *item;
    uint32_t n;
};

struct round {
    const struct self *self;
    const struct drover_fleet *fleet;
    struct drover_plan *plan;
    struct ranking members; /* hosts that take part */
    struct ranking from, to;
    struct ranking vms;
    uint32_t *hosts; /* candidates of one VM */
    uint8_t *moving; /* by host: a VM is leaving or coming */
    uint32_t proposed;
    bool overloaded; /* some host was */
};

static int by_key(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->key < b->key || a->key > b->key)
        return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void add(struct ranking *ranking, uint32_t index, double key)
{
    ranking->item[ranking->n++] = (struct ranked){index, isnan(key) ? 0 : key};
}

static void sort(struct ranking *ranking)
{
    qsort(ranking->item, ranking->n, sizeof *ranking->item, by_key);
}

/* ------------------------------------------------------------------- figures */

/* What the role of storage pool manager is counted as, in percent of one CPU. */
static double spm_load(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->roles[host] & DROVER_ROLE_SPM ? (double)self->spm_vcpus * self->vcpu_pct : 0;
}

/* In percent of one CPU; NAN without statistics. What is pending is none: see join(). */
static double host_load(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->cpu_usage_pct[host] * hosts->cpus[host] + spm_load(self, hosts, host);
}

/* In whole percent of all its CPUs, rounded up. */
static double host_pct(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return ceil(hosts->cpu_usage_pct[host] + spm_load(self, hosts, host) / hosts->cpus[host]);
}

static double vm_load(const struct self *self, const struct drover_vms *vms, uint32_t vm)
{
    double load = vms->cpu_load[vm];
    return isnan(load) ? self->vcpu_pct * vms->vcpus[vm] : load;
}

static bool loaded(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return host_pct(self, hosts, host) >= self->high &&
           hosts->cpu_over_s[host] >= self->duration_s && hosts->vm_count[host] > 0;
}

static bool crowded(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return self->vcpu_ratio > 0 && hosts->vcpus[host] >= self->vcpu_ratio * hosts->cpus[host];
}

/* Both bounds keep a gap below high_utilization, else the next round would move the VM back. */
static double low_bound(const struct self *self)
{
    return fmin(self->threshold_pct * self->high / 100, self->high - self->vcpu_pct);
}

static bool cpu_under(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return host_pct(self, hosts, host) < low_bound(self) &&
           !(hosts->cpu_over_s[host] < self->duration_s);
}

static bool memory_over(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->memory_schedulable_mib[host] < self->max_free_mib && hosts->vm_count[host] > 1;
}

static bool memory_under(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->memory_schedulable_mib[host] > self->min_free_mib;
}

/* --------------------------------------------------------------- who takes part */

static void join(struct round *round, uint32_t cluster)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    const struct drover_vms *vms = round->fleet->vms;
    for (uint32_t vm = 0; vm < vms->n; vm++) {
        if (vms->to[vm] == DROVER_NONE && vms->state[vm] != DROVER_VM_MIGRATING)
            continue;
        if (vms->to[vm] != DROVER_NONE)
            round->moving[vms->to[vm]] = 1;
        if (vms->host[vm] != DROVER_NONE)
            round->moving[vms->host[vm]] = 1;
    }
    for (uint32_t i = 0; i < hosts->n; i++)
        if (hosts->cluster[i] == cluster && hosts->state[i] == DROVER_HOST_UP &&
            hosts->vm_pending[i] == 0 && !round->moving[i])
            add(&round->members, i, 0);
}

/* ------------------------------------------------------------------- proposing */

static bool fits(const struct round *round, uint32_t vm, uint32_t host)
{
    const struct self *self = round->self;
    const struct drover_hosts *hosts = round->fleet->hosts;
    const struct drover_vms *vms = round->fleet->vms;
    double load = host_load(self, hosts, host) + vm_load(self, vms, vm);
    double left = hosts->memory_schedulable_mib[host] - vms->memory_mib[vm];
    return load <= self->high * hosts->cpus[host] && left > self->max_free_mib;
}

/* The VMs that may leave this host, the cheapest first. */
static void rank_vms(struct round *round, uint32_t host)
{
    const struct drover_lists *here = &round->fleet->hosts->vms;
    const struct drover_vms *vms = round->fleet->vms;
    round->vms.n = 0;
    for (uint32_t i = here->start[host]; i < here->start[host + 1]; i++) {
        uint32_t vm = here->item[i];
        if (vms->host[vm] == host && vms->state[vm] == DROVER_VM_RUNNING &&
            vms->migratable[vm] == DROVER_MIGRATABLE_YES)
            add(&round->vms, vm, vm_load(round->self, vms, vm));
    }
    sort(&round->vms);
}

static void propose(struct round *round, uint32_t host, const char *code, const char *reason)
{
    rank_vms(round, host);
    for (uint32_t v = 0; v < round->vms.n; v++) {
        uint32_t vm = round->vms.item[v].index, n = 0;
        for (uint32_t t = 0; t < round->to.n; t++)
            if (round->to.item[t].index != host && fits(round, vm, round->to.item[t].index))
                round->hosts[n++] = round->to.item[t].index;
        if (n == 0)
            continue;
        round->hosts[n++] = host;
        struct drover_step step = {
            .size = sizeof step,
            .kind = DROVER_STEP_MOVE,
            .vm = vm,
            .hosts = round->hosts,
            .n_hosts = n,
            .code = code,
            .reason = reason,
        };
        round->proposed += round->plan->propose(round->plan, &step) == 0;
    }
}

static void balance_cpu(struct round *round)
{
    const struct self *self = round->self;
    const struct drover_hosts *hosts = round->fleet->hosts;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        double pct = host_pct(self, hosts, host);
        if (loaded(self, hosts, host) || crowded(self, hosts, host))
            add(&round->from, host, -pct);
        if (cpu_under(self, hosts, host))
            add(&round->to, host, pct);
    }
    sort(&round->from);
    sort(&round->to);
    for (uint32_t f = 0; f < round->from.n; f++) {
        uint32_t host = round->from.item[f].index;
        char reason[512];
        if (loaded(self, hosts, host))
            snprintf(reason, sizeof reason,
                     "CPU load of %s has been %.0f %% or more for %.0f s; it is %.0f %%",
                     hosts->name[host], self->high, hosts->cpu_over_s[host],
                     host_pct(self, hosts, host));
        else
            snprintf(reason, sizeof reason, "%s has %.0f vCPUs on %.0f CPUs", hosts->name[host],
                     hosts->vcpus[host], hosts->cpus[host]);
        propose(round, host, "cpu.over", reason);
    }
}

static void balance_memory(struct round *round)
{
    const struct self *self = round->self;
    const struct drover_hosts *hosts = round->fleet->hosts;
    round->from.n = round->to.n = 0;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        double left = hosts->memory_schedulable_mib[host];
        if (memory_over(self, hosts, host))
            add(&round->from, host, left);
        if (memory_under(self, hosts, host))
            add(&round->to, host, -left);
    }
    sort(&round->from);
    sort(&round->to);
    for (uint32_t f = 0; f < round->from.n; f++) {
        uint32_t host = round->from.item[f].index;
        char reason[512];
        snprintf(reason, sizeof reason, "%s has %.0f MiB of memory to hand out, less than %.0f",
                 hosts->name[host], hosts->memory_schedulable_mib[host], self->max_free_mib);
        propose(round, host, "memory.over", reason);
    }
}

/* Why nothing is worth doing, in one sentence. */
static void tell_idle(struct round *round)
{
    const struct self *self = round->self;
    char text[256];
    if (round->members.n < 2)
        snprintf(text, sizeof text, "fewer than two hosts are up with no VM leaving or coming");
    else if (!round->overloaded)
        snprintf(text, sizeof text,
                 "no host has had %.0f %% of CPU load for %.0f s, or is short of memory",
                 self->high, self->duration_s);
    else
        snprintf(text, sizeof text,
                 "no VM of the overloaded hosts fits another that is under %.0f %% of CPU",
                 low_bound(self));
    round->plan->idle(round->plan, text);
}

static bool prepare(struct round *round)
{
    size_t hosts = (size_t)round->fleet->hosts->n + 1, vms = (size_t)round->fleet->vms->n + 1;
    round->members.item = calloc(hosts, sizeof *round->members.item);
    round->from.item = calloc(hosts, sizeof *round->from.item);
    round->to.item = calloc(hosts, sizeof *round->to.item);
    round->vms.item = calloc(vms, sizeof *round->vms.item);
    round->hosts = calloc(hosts, sizeof *round->hosts);
    round->moving = calloc(hosts, sizeof *round->moving);
    return round->members.item && round->from.item && round->to.item && round->vms.item &&
           round->hosts && round->moving;
}

static void finish(struct round *round)
{
    free(round->members.item);
    free(round->from.item);
    free(round->to.item);
    free(round->vms.item);
    free(round->hosts);
    free(round->moving);
}

static int balance(void *data, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    struct round round = {.self = data, .fleet = fleet, .plan = plan};
    bool ready = prepare(&round);
    if (ready) {
        join(&round, cluster);
        if (round.members.n >= 2) {
            balance_cpu(&round);
            round.overloaded = round.from.n > 0;
            balance_memory(&round);
            round.overloaded = round.overloaded || round.from.n > 0;
        }
        if (round.proposed == 0)
            tell_idle(&round);
    }
    finish(&round);
    return ready ? 0 : -1;
}

static int check(void *data, char *error, size_t error_size)
{
    const struct self *self = data;
    if (low_bound(self) > 0)
        return 0;
    snprintf(error, error_size,
             "vcpu_consumption_percentage (%.0f %%) must be less than high_utilization (%.0f %%): "
             "no host could take a VM",
             self->vcpu_pct, self->high);
    return -1;
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
