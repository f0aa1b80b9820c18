/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fewest VMs that cure a host, the cheapest among those. See round.h. */
#include "round.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS 20000         /* at sets of VMs of one host */

static bool may_move(const struct round *round, uint32_t vm)
{
    const struct drover_vms *vms = round->fleet->vms;
    return vms->state[vm] == DROVER_VM_RUNNING && vms->to[vm] == DROVER_NONE &&
           vms->migratable[vm] == DROVER_MIGRATABLE_YES && !round->banned[vm] &&
           !(vms->moved_s[vm] < round->plan->cooldown_s) &&
           vms->memory_mib[vm] + vms->memory_overhead_mib[vm] > 0;
}

static struct leaver leaver_new(const struct round *round, uint32_t vm, uint32_t from)
{
    const struct drover_vms *vms = round->fleet->vms;
    struct leaver leaver = {.vm = vm, .from = from, .to = DROVER_NONE};
    leaver.amount[MEMORY] = vms->memory_mib[vm] + vms->memory_overhead_mib[vm];
    leaver.amount[VCPUS] = vms->vcpus[vm];
    leaver.amount[LOAD] = vm_load(round, vm);
    for (int d = 0; d < DIMENSIONS; d++)
        leaver.size = fmax(leaver.size, leaver.amount[d] / round->places[from].bound[d]);
    leaver.cost = move_cost(round, vm, link_of(round, from));
    return leaver;
}

/* The largest first; equal ones by name. */
int by_size(const void *left, const void *right)
{
    const struct leaver *a = left, *b = right;
    if (a->size > b->size || a->size < b->size)
        return a->size > b->size ? -1 : 1;
    return (a->vm > b->vm) - (a->vm < b->vm);
}

void list_movable(struct round *round, uint32_t host)
{
    const struct drover_lists *here = &round->fleet->hosts->vms;
    round->movable.n = 0;
    for (uint32_t i = here->start[host]; i < here->start[host + 1]; i++)
        if (may_move(round, here->item[i]))
            round->movable.item[round->movable.n++] = leaver_new(round, here->item[i], host);
    qsort(round->movable.item, round->movable.n, sizeof(struct leaver), by_size);
}

/*
 * The search for the cheapest of the smallest sets of VMs that cure a host: branch and bound,
 * the largest VMs first. reach[i * (most + 1) + k] is what the k largest of the VMs from i on
 * come to in each dimension: a branch that cannot reach the need with them is left.
 */
struct search {
    const struct leaver *item;
    uint32_t n, most;
    double need[DIMENSIONS];
    double *reach;
    double cheapest; /* of one move */
    uint32_t looks;
    uint32_t *now, *best;
    uint32_t size;
    double best_cost;
};

static double *reach_of(const struct search *s, uint32_t from, uint32_t k)
{
    return &s->reach[((size_t)from * (s->most + 1) + k) * DIMENSIONS];
}

/* From behind: what k of the VMs from i on come to is with i, or without it, by dimension. */
static void fill_reach(struct search *s)
{
    for (uint32_t k = 0; k <= s->most; k++)
        memset(reach_of(s, s->n, k), 0, DIMENSIONS * sizeof(double));
    for (uint32_t i = s->n; i-- > 0;) {
        memset(reach_of(s, i, 0), 0, DIMENSIONS * sizeof(double));
        for (uint32_t k = 1; k <= s->most; k++)
            for (int d = 0; d < DIMENSIONS; d++)
                reach_of(s, i, k)[d] =
                    fmax(reach_of(s, i + 1, k)[d],
                         reach_of(s, i + 1, k - 1)[d] + s->item[i].amount[d]);
    }
}

static bool enough(const struct search *s, const double *have, const double *more)
{
    for (int d = 0; d < DIMENSIONS; d++)
        if (have[d] + more[d] < s->need[d])
            return false;
    return true;
}

static void look(struct search *s, uint32_t from, uint32_t chosen, const double *have, double cost)
{
    uint32_t left = s->size - chosen;
    if (left == 0) {
        s->best_cost = cost;
        memcpy(s->best, s->now, s->size * sizeof *s->best);
        return;
    }
    for (uint32_t i = from; i + left <= s->n && s->looks > 0; i++) {
        if (!enough(s, have, reach_of(s, i, left)))
            return; /* and the later ones reach less */
        if (cost + s->item[i].cost + (left - 1) * s->cheapest >= s->best_cost)
            continue;
        double with[DIMENSIONS];
        for (int d = 0; d < DIMENSIONS; d++)
            with[d] = have[d] + s->item[i].amount[d];
        if (!enough(s, with, reach_of(s, i + 1, left - 1)))
            continue;
        s->looks--;
        s->now[chosen] = i;
        look(s, i + 1, chosen + 1, with, cost + s->item[i].cost);
    }
}

static void search_sizes(struct search *s)
{
    static const double nothing[DIMENSIONS];
    for (s->size = 1; s->size <= s->most; s->size++) {
        s->looks = LOOKS;
        if (enough(s, nothing, reach_of(s, 0, s->size)))
            look(s, 0, 0, nothing, 0);
        if (s->best_cost < INFINITY)
            return;
    }
}

static void note_worthless(struct round *round, double gain, double cost)
{
    round->worthless++;
    if (round->best_cost > 0 && gain / cost <= round->best_gain / round->best_cost)
        return;
    round->best_gain = gain;
    round->best_cost = cost;
}

/* Whether it pays that these leave their host, all together. */
static bool worth_it(struct round *round, const struct leaver *leavers, uint32_t n)
{
    struct place after = without(round, leavers->from, leavers, n);
    double gain = degradation(round, &round->places[leavers->from]) - degradation(round, &after);
    double cost = 0;
    for (uint32_t i = 0; i < n; i++)
        cost += leavers[i].cost;
    if (gain > 0 && gain >= cost * round->self->min_gain)
        return true;
    if (gain > 0)
        note_worthless(round, gain, cost);
    return false;
}

/* Add the VMs that are to leave a host to those chosen. False: no set cures it, or none pays. */
bool choose(struct round *round, uint32_t host)
{
    uint32_t now[MOST], best[MOST] = {0};
    const struct place *place = &round->places[host];
    list_movable(round, host);
    struct search search = {
        .item = round->movable.item, .n = round->movable.n, .reach = round->reach,
        .now = now, .best = best, .best_cost = INFINITY, .cheapest = INFINITY,
    };
    search.most = search.n < MOST ? search.n : MOST;
    for (int d = 0; d < DIMENSIONS; d++)
        search.need[d] = fmax(0, place->used[d] / NEARLY - place->bound[d]);
    for (uint32_t i = 0; i < search.n; i++)
        search.cheapest = fmin(search.cheapest, search.item[i].cost);
    fill_reach(&search);
    search_sizes(&search);
    if (!(search.best_cost < INFINITY))
        return false;
    struct leaver *chosen = &round->chosen.item[round->chosen.n];
    for (uint32_t i = 0; i < search.size; i++)
        chosen[i] = search.item[best[i]];
    if (!worth_it(round, chosen, search.size))
        return false;
    round->chosen.n += search.size;
    return true;
}
