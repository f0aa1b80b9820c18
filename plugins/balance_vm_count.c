/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance `vm_count`: VMs leave the hosts that have most of them, where that is many, for hosts
 * with clearly fewer. RHV's OptimalForEvenGuestDistribution: the load does not matter, except that
 * no host is brought above high_utilization.
 */
#include "balancing.h"

struct self {
    struct balancing_bounds bounds;
    int64_t high_count;
    int64_t threshold;
    int64_t spm_grace;
};

static const struct drover_parameter parameters[] = {
    BALANCING_BOUNDS_PARAMETERS(offsetof(struct self, bounds)),
    {"high_vm_count", DROVER_INTEGER, "VMs", 0, 1000000, "10", NULL,
     "nothing moves as long as no host has so many", offsetof(struct self, high_count)},
    {"migration_threshold", DROVER_INTEGER, "VMs", 2, 1000000, "5", NULL,
     "VMs go to hosts with so many fewer", offsetof(struct self, threshold)},
    {"spm_vm_grace", DROVER_INTEGER, "VMs", 0, 10000, "5", NULL,
     "VMs that the role spm is counted as", offsetof(struct self, spm_grace)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static int64_t count_of(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    bool spm = hosts->roles[host] & DROVER_ROLE_SPM;
    return (int64_t)hosts->vm_count[host] + (spm ? self->spm_grace : 0);
}

static int64_t most_vms(const struct self *self, const struct balancing *round)
{
    int64_t most = 0;
    for (uint32_t m = 0; m < round->members.n; m++) {
        int64_t count = count_of(self, round->fleet->hosts, round->members.item[m].index);
        most = count > most ? count : most;
    }
    return most;
}

static void propose_all(const struct self *self, struct balancing *round, int64_t most)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    for (uint32_t m = 0; m < round->members.n; m++) {
        uint32_t host = round->members.item[m].index;
        int64_t count = count_of(self, hosts, host);
        if (count >= most)
            ranking_add(&round->from, host, 0);
        if (most - count >= self->threshold)
            ranking_add(&round->to, host, 0);
    }
    for (uint32_t f = 0; f < round->from.n; f++) {
        uint32_t host = round->from.item[f].index;
        char reason[512];
        snprintf(reason, sizeof reason, "%s counts %lld VMs, %lld or more above others",
                 hosts->name[host], (long long)most, (long long)self->threshold);
        balancing_propose(round, host, "vm_count.over", reason);
    }
}

/* Why nothing is worth doing, in one sentence. */
static void tell_idle(const struct self *self, const struct balancing *round, int64_t most)
{
    char text[256];
    if (round->members.n < 2)
        snprintf(text, sizeof text, "fewer than two hosts are up with no VM leaving or coming");
    else if (most < self->high_count)
        snprintf(text, sizeof text, "no host counts %lld VMs; the most is %lld",
                 (long long)self->high_count, (long long)most);
    else if (round->to.n == 0)
        snprintf(text, sizeof text, "no host counts %lld VMs fewer than the %lld of the fullest",
                 (long long)self->threshold, (long long)most);
    else
        snprintf(text, sizeof text,
                 "no VM of the fullest hosts fits another without overloading it");
    round->plan->idle(round->plan, text);
}

static int balance(void *data, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    const struct self *self = data;
    struct balancing round = {.bounds = &self->bounds, .fleet = fleet, .plan = plan};
    bool ready = balancing_begin(&round);
    if (ready) {
        balancing_join(&round, cluster);
        int64_t most = most_vms(self, &round);
        if (round.members.n >= 2 && most >= self->high_count)
            propose_all(self, &round, most);
        if (round.proposed == 0)
            tell_idle(self, &round, most);
    }
    balancing_end(&round);
    return ready ? 0 : DROVER_FAILED;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_BALANCE,
    .name = "vm_count",
    .summary = "VMs leave the hosts that have most of them for those with clearly fewer",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .balance = balance,
};

DROVER_PLUGIN("vm_count", "1.0", &unit)
