/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hosts and VMs use, what moves cost, and who is out of bounds. See round.h. */
#include "round.h"

#include <string.h>

#define DOWNTIME_S 0.3      /* a VM stands still at the end of its move */
#define LINK_SHARE 0.9      /* of a link that a migration fills */
#define DIRTY_MOST 0.9      /* of the link: what is above is throttled, or ends in post-copy */
#define MIB_PER_MBIT (1e6 / 8 / 1048576)

double vm_load(const struct round *round, uint32_t vm)
{
    const struct drover_vms *vms = round->fleet->vms;
    double load = vms->cpu_load[vm];
    return isnan(load) ? round->self->vcpu_pct * vms->vcpus[vm] : load;
}

double link_of(const struct round *round, uint32_t host)
{
    double mbps = round->fleet->hosts->link_mbps[host];
    return mbps > 0 ? mbps : round->self->link_mbps;
}

/*
 * What a move costs, in VM-seconds: the VM is slowed down while its memory is copied, and what it
 * changes meanwhile is copied again, and again (a geometric series); then it stands still.
 */
double move_cost(const struct round *round, uint32_t vm, double mbps)
{
    const struct drover_vms *vms = round->fleet->vms;
    double used = vms->memory_used_mib[vm], dirty = vms->dirty_mib_s[vm];
    double memory = used > 0 ? used : vms->memory_mib[vm];
    double speed = mbps * MIB_PER_MBIT * LINK_SHARE;
    double again = fmin((isnan(dirty) ? round->self->dirty_mib_s : dirty) / speed, DIRTY_MOST);
    return memory / speed / (1 - again) * round->self->slowdown / 100 + DOWNTIME_S;
}

/* How far a host is beyond its bounds, as a share of them. */
double beyond(const struct place *place)
{
    double sum = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        if (place->used[d] > place->bound[d] * NEARLY)
            sum += place->used[d] / place->bound[d] - 1;
    return sum;
}

/* A host that is so much beyond its bounds slows each of its VMs down by as much: VM-seconds. */
double degradation(const struct round *round, const struct place *place)
{
    return place->vms * beyond(place) * round->self->horizon_s;
}

void take(struct round *round, const struct leaver *leaver, uint32_t host, double sign)
{
    struct place *place = &round->places[host];
    for (int d = 0; d < DIMENSIONS; d++)
        place->used[d] += sign * leaver->amount[d];
    place->vms += sign;
}

/* --- who takes part ---------------------------------------------------------------------------- */

static bool sound(const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->memory_mib[host] > 0 && hosts->cpus[host] > 0 &&
           isfinite(hosts->memory_committed_mib[host] + hosts->memory_pending_mib[host] +
                    hosts->memory_reserved_mib[host] + hosts->vcpus[host]);
}

static void measure_host(struct round *round, uint32_t h)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    struct place *place = &round->places[h];
    double load = hosts->cpu_usage_pct[h] * hosts->threads[h] + hosts->cpu_pending[h];
    place->used[MEMORY] = hosts->memory_committed_mib[h] + hosts->memory_pending_mib[h] +
                          hosts->memory_reserved_mib[h];
    place->used[VCPUS] = hosts->vcpus[h];
    place->used[LOAD] = isnan(load) ? 0 : load;
    place->bound[LOAD] = isnan(load) ? INFINITY
                                     : round->self->load_target * hosts->threads[h];
    place->vms = hosts->vm_count[h];
    place->takes_part = true;
    round->members++;
}

/* The bounds of memory and vCPUs follow from the means of the hosts that take part. */
static void set_bounds(struct round *round)
{
    const struct self *self = round->self;
    const struct drover_hosts *hosts = round->fleet->hosts;
    double used = 0, memory = 0, vcpus = 0, cpus = 0;
    for (uint32_t h = 0; h < hosts->n; h++) {
        if (!round->places[h].takes_part)
            continue;
        used += round->places[h].used[MEMORY];
        memory += hosts->memory_mib[h];
        vcpus += round->places[h].used[VCPUS];
        cpus += hosts->cpus[h];
    }
    for (uint32_t h = 0; h < hosts->n; h++) {
        struct place *place = &round->places[h];
        if (!place->takes_part)
            continue;
        place->bound[MEMORY] = fmax(self->memory_target / 100, self->spread * used / memory) *
                               hosts->memory_mib[h];
        place->bound[MEMORY] = fmin(place->bound[MEMORY], /* in a cluster that is overfull */
                                    place->used[MEMORY] + hosts->memory_schedulable_mib[h]);
        place->bound[VCPUS] =
            fmax(self->vcpu_floor, self->spread * vcpus / cpus) * hosts->cpus[h];
    }
}

/* The load counts once it was high for long; then it is to come down to its target. */
static bool loaded(const struct round *round, uint32_t h)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    return hosts->cpu_usage_pct[h] >= round->self->high &&
           hosts->cpu_over_s[h] >= round->self->hold_s;
}

/* Nobody came lately, nobody is leaving or coming: it is out of bounds to stay. */
static bool settled(const struct round *round, uint32_t h)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    if (hosts->vm_pending[h] > 0 || hosts->vm_leaving[h] > 0)
        return false;
    for (uint32_t i = hosts->vms.start[h]; i < hosts->vms.start[h + 1]; i++)
        if (round->fleet->vms->moved_s[hosts->vms.item[i]] < round->self->hold_s)
            return false;
    return true;
}

static void find_sources(struct round *round)
{
    round->sources = round->young = 0;
    for (uint32_t h = 0; h < round->fleet->hosts->n; h++) {
        struct place *place = &round->places[h];
        if (!place->takes_part)
            continue;
        struct place judged = *place;
        if (!loaded(round, h))
            judged.used[LOAD] = 0;
        if (beyond(&judged) <= 0)
            continue;
        place->source = place->pending = settled(round, h);
        if (!loaded(round, h))
            place->bound[LOAD] = INFINITY; /* it hands VMs over for other reasons */
        round->sources += place->source;
        round->young += !place->source;
    }
}

void join(struct round *round)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    round->members = 0;
    memset(round->places, 0, hosts->n * sizeof *round->places);
    for (uint32_t h = 0; h < hosts->n; h++)
        if (hosts->cluster[h] == round->cluster && hosts->state[h] == DROVER_HOST_UP &&
            sound(hosts, h))
            measure_host(round, h);
    set_bounds(round);
    find_sources(round);
    for (uint32_t vm = 0; vm < round->fleet->vms->n; vm++)
        round->at[vm] = round->fleet->vms->host[vm];
}

struct place without(const struct round *round, uint32_t host, const struct leaver *leavers,
                            uint32_t n)
{
    struct place after = round->places[host];
    for (uint32_t i = 0; i < n; i++)
        for (int d = 0; d < DIMENSIONS; d++)
            after.used[d] -= leavers[i].amount[d];
    after.vms -= n;
    return after;
}
