/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance `drover`: a whole plan that brings every host within bounds by the fewest moves, where
 * what it saves is worth what it costs. Three things are bounded on each host: memory that is
 * spoken for, vCPUs per CPU, and measured CPU load. See drover-unit-drover(7) for the formulas.
 *
 * For each host that is out of bounds the fewest VMs are chosen that would cure it, the cheapest
 * to move among those (leave.c); then all that leave are placed, the largest first, each
 * on the host that is least full with it (place.c). Hosts whose VMs find no place try others, and in the
 * end those that help most, one at a time. A destination stays within bounds, so it never becomes
 * a source, and what was carried out, asked again, is empty.
 */
#include "balance_drover/round.h"

#include <stdio.h>
#include <stdlib.h>

#define AT(member) offsetof(struct self, member)

static const struct drover_parameter parameters[] = {
    {"memory_target", DROVER_PERCENT, "%", 1, 100, "70", NULL,
     "of a host's memory at most so much is spoken for", AT(memory_target)},
    {"spread", DROVER_NUMBER, NULL, 1, 100, "1.1", NULL,
     "a host has at most so many times the mean of vCPUs per CPU, or of memory where that is more "
     "than memory_target", AT(spread)},
    {"vcpu_floor", DROVER_NUMBER, NULL, 0, 100, "1", NULL,
     "vCPUs per CPU that never are too many", AT(vcpu_floor)},
    {"high_utilization", DROVER_PERCENT, "%", 1, 100, "80", NULL,
     "VMs leave a host with this CPU load or more", AT(high)},
    {"cpu_overcommit_duration", DROVER_DURATION_S, "s", 0, 86400, "2m", NULL,
     "hold time: what is out of bounds for less does not count", AT(hold_s)},
    {"load_target", DROVER_PERCENT, "%", 1, 100, "70", NULL,
     "CPU load down to which VMs leave a host, and up to which they come to one", AT(load_target)},
    {"vcpu_consumption_percentage", DROVER_PERCENT, "%", 0, 100, "10", NULL,
     "load assumed for a vCPU that is not measured", AT(vcpu_pct)},
    {"horizon", DROVER_DURATION_S, "s", 1, 2592000, "1h", NULL,
     "how long an improvement is expected to last", AT(horizon_s)},
    {"min_gain", DROVER_NUMBER, NULL, 0, 1000000, "1", NULL,
     "VMs move where the gain is at least so many times the cost", AT(min_gain)},
    {"slowdown", DROVER_PERCENT, "%", 0, 100, "25", NULL,
     "a VM that is being moved loses so much of its speed", AT(slowdown)},
    {"assumed_link_mbps", DROVER_NUMBER, "Mbit/s", 1, 10000000, "1000", NULL,
     "migration link of hosts whose link is not known", AT(link_mbps)},
    {"assumed_dirty_mib_s", DROVER_NUMBER, "MiB/s", 0, 1000000, "20", NULL,
     "rate at which a VM changes its memory, where it is not known", AT(dirty_mib_s)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* Why nothing is worth doing, in one sentence. */
static void tell_idle(struct round *round)
{
    const struct self *self = round->self;
    char text[256];
    if (round->members < 2)
        snprintf(text, sizeof text, "fewer than two hosts are up");
    else if (round->sources == 0 && round->young > 0)
        snprintf(text, sizeof text, "%u out of bounds, but a VM came within %.0f s, or is moving",
                 round->young, self->hold_s);
    else if (round->sources == 0)
        snprintf(text, sizeof text,
                 "every host is within bounds: memory %.0f %%, vCPUs %g times the mean, "
                 "CPU load %.0f %% for %.0f s",
                 self->memory_target, self->spread, self->high, self->hold_s);
    else if (round->worthless > 0)
        snprintf(text, sizeof text,
                 "nothing is worth its cost: at best %.1f VM-s are gained for %.1f VM-s",
                 round->best_gain, round->best_cost);
    else
        snprintf(text, sizeof text,
                 "%u out of bounds, but no VM that may move there fits a host within its bounds",
                 round->sources);
    round->plan->idle(round->plan, text);
}

static bool prepare(struct round *round)
{
    size_t hosts = (size_t)round->fleet->hosts->n + 1, vms = (size_t)round->fleet->vms->n + 1;
    const struct drover_lists *here = &round->fleet->hosts->vms;
    size_t most = 0;
    for (uint32_t h = 0; h < round->fleet->hosts->n; h++)
        if (here->start[h + 1] - here->start[h] > most)
            most = here->start[h + 1] - here->start[h];
    round->places = calloc(hosts, sizeof *round->places);
    round->at = calloc(vms, sizeof *round->at);
    round->banned = calloc(vms, 1);
    round->movable.item = calloc(most + 1, sizeof *round->movable.item);
    round->chosen.item = calloc(vms, sizeof *round->chosen.item);
    round->fits = calloc(hosts, sizeof *round->fits);
    round->hosts = calloc(hosts, sizeof *round->hosts);
    round->allowed = calloc(hosts, 1);
    round->reach = calloc((most + 1) * (MOST + 1), DIMENSIONS * sizeof *round->reach);
    return round->places && round->at && round->banned && round->movable.item &&
           round->chosen.item && round->fits && round->hosts && round->allowed && round->reach;
}

static void finish(struct round *round)
{
    free(round->places);
    free(round->at);
    free(round->banned);
    free(round->movable.item);
    free(round->chosen.item);
    free(round->fits);
    free(round->hosts);
    free(round->allowed);
    free(round->reach);
}

static int balance(void *data, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    struct round round = {.self = data, .fleet = fleet, .plan = plan, .cluster = cluster};
    if (plan->size < sizeof *plan || !prepare(&round)) {
        finish(&round);
        return DROVER_FAILED;
    }
    plan->whole = 1;
    do {
        for (uint32_t vm = 0; vm < fleet->vms->n; vm++)
            round.banned[vm] &= PROPOSED;
        join(&round);
        if (round.members >= 2)
            choose_all(&round);
    } while (round.chosen.n > 0 && propose_all(&round));
    if (round.proposed == 0)
        tell_idle(&round);
    finish(&round);
    return 0;
}

static int check(void *data, char *error, size_t error_size)
{
    const struct self *self = data;
    if (self->load_target < self->high)
        return 0;
    snprintf(error, error_size,
             "load_target (%.0f %%) must be less than high_utilization (%.0f %%): VMs would go "
             "back and forth",
             self->load_target, self->high);
    return -1;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_BALANCE,
    .name = "drover",
    .summary = "whole plans that bring every host within bounds by the fewest moves that pay",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = check,
    .balance = balance,
};

DROVER_PLUGIN("drover", "1.0", &unit)
