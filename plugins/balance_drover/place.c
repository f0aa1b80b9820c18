/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place for each VM that is to leave. See round.h. */
#include "round.h"

#include <stdlib.h>

#define FIRST_LOOK 16       /* destinations shown to the filters at first */
#define ROUNDS 8            /* of choosing other VMs where some found no place */

/* How many of a group's VMs are on a host, as planned, but for this one. */
static uint32_t peers(const struct round *round, uint32_t group, uint32_t vm, uint32_t host)
{
    const struct drover_lists *vms = &round->fleet->groups->vms;
    uint32_t n = 0;
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1]; i++)
        n += vms->item[i] != vm && round->at[vms->item[i]] == host;
    return n;
}

static bool lists(const struct drover_lists *lists, uint32_t row, uint32_t item)
{
    for (uint32_t i = lists->start[row]; i < lists->start[row + 1]; i++)
        if (lists->item[i] == item)
            return true;
    return false;
}

/* Hard rules are the filters' business; a soft rule is not to be broken by a move more than now. */
static bool keeps_rules(const struct round *round, const struct leaver *leaver, uint32_t to)
{
    const struct drover_groups *groups = round->fleet->groups;
    const struct drover_lists *of = &round->fleet->vms->groups;
    uint32_t vm = leaver->vm;
    for (uint32_t i = of->start[vm]; i < of->start[vm + 1]; i++) {
        uint32_t group = of->item[i], vm_rule = groups->vm_rule[group];
        int more = (int)peers(round, group, vm, to) - (int)peers(round, group, vm, leaver->from);
        int listed = lists(&groups->hosts, group, to) - lists(&groups->hosts, group, leaver->from);
        if ((vm_rule == DROVER_RULE_POSITIVE && more < 0) ||
            (vm_rule == DROVER_RULE_NEGATIVE && more > 0) ||
            (groups->host_rule[group] == DROVER_RULE_POSITIVE && listed < 0) ||
            (groups->host_rule[group] == DROVER_RULE_NEGATIVE && listed > 0))
            return false;
    }
    return true;
}

/* How full the host is with it, by what is fullest; INFINITY: beyond a bound. */
static double fullness(const struct place *place, const struct leaver *leaver)
{
    double most = 0;
    for (int d = 0; d < DIMENSIONS; d++) {
        double used = place->used[d] + leaver->amount[d];
        if (used > place->bound[d])
            return INFINITY;
        most = fmax(most, used / place->bound[d]);
    }
    return most;
}

static int by_fullness(const void *left, const void *right)
{
    const struct fit *a = left, *b = right;
    if (a->fullness > b->fullness || a->fullness < b->fullness)
        return a->fullness < b->fullness ? -1 : 1;
    return (a->host > b->host) - (a->host < b->host);
}

/* Bring the emptiest few to the front, in order; the rest stand behind them in any order. */
static void front(struct fit *fits, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t place = i < FIRST_LOOK ? i : FIRST_LOOK - 1;
        struct fit fit = fits[i];
        if (i >= FIRST_LOOK) {
            if (by_fullness(&fit, &fits[place]) > 0)
                continue;
            fits[i] = fits[place];
        }
        for (; place > 0 && by_fullness(&fit, &fits[place - 1]) < 0; place--)
            fits[place] = fits[place - 1];
        fits[place] = fit;
    }
}

static uint32_t first_allowed(struct round *round, const struct leaver *leaver,
                              const struct fit *fits, uint32_t n)
{
    uint32_t n_hosts = 0;
    for (uint32_t i = 0; i < n; i++)
        if (keeps_rules(round, leaver, fits[i].host))
            round->hosts[n_hosts++] = fits[i].host;
    if (n_hosts == 0 ||
        round->plan->filter(round->plan, leaver->vm, round->hosts, n_hosts, round->allowed) != 0)
        return DROVER_NONE;
    for (uint32_t i = 0; i < n_hosts; i++)
        if (round->allowed[i])
            return round->hosts[i];
    return DROVER_NONE;
}

/* The emptiest host that stays within bounds and that the filters accept. */
static bool find_place(struct round *round, struct leaver *leaver)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < round->fleet->hosts->n; h++) {
        const struct place *place = &round->places[h];
        double full = place->takes_part && !place->source ? fullness(place, leaver) : INFINITY;
        if (full < INFINITY && h != leaver->from)
            round->fits[n++] = (struct fit){h, full};
    }
    front(round->fits, n);
    uint32_t first = n < FIRST_LOOK ? n : FIRST_LOOK;
    leaver->to = first_allowed(round, leaver, round->fits, first);
    if (leaver->to == DROVER_NONE && n > first) {
        qsort(round->fits + first, n - first, sizeof *round->fits, by_fullness);
        leaver->to = first_allowed(round, leaver, round->fits + first, n - first);
    }
    return leaver->to != DROVER_NONE;
}

void put(struct round *round, const struct leaver *leaver)
{
    take(round, leaver, leaver->from, -1);
    take(round, leaver, leaver->to, 1);
    round->at[leaver->vm] = leaver->to;
    round->banned[leaver->vm] |= PLACED;
}

void put_back(struct round *round, const struct leaver *leaver)
{
    take(round, leaver, leaver->to, -1);
    take(round, leaver, leaver->from, 1);
    round->at[leaver->vm] = leaver->from;
    round->banned[leaver->vm] &= (uint8_t)~PLACED;
}

/* Place all that was chosen from `first` on, the largest first. A host goes as a whole, or waits. */
static void place_chosen(struct round *round, uint32_t first)
{
    struct leavers *chosen = &round->chosen;
    qsort(chosen->item + first, chosen->n - first, sizeof *chosen->item, by_size);
    for (uint32_t i = first; i < chosen->n; i++)
        round->places[chosen->item[i].from].pending = false;
    for (uint32_t i = first; i < chosen->n; i++) {
        struct leaver *leaver = &chosen->item[i];
        if (round->places[leaver->from].pending)
            continue;
        if (find_place(round, leaver)) {
            put(round, leaver);
        } else {
            round->banned[leaver->vm] |= NO_PLACE;
            round->places[leaver->from].pending = true;
        }
    }
    uint32_t kept = first;
    for (uint32_t i = first; i < chosen->n; i++) {
        if (!round->places[chosen->item[i].from].pending)
            chosen->item[kept++] = chosen->item[i];
        else if (chosen->item[i].to != DROVER_NONE)
            put_back(round, &chosen->item[i]);
    }
    chosen->n = kept;
}

/* Where no set cures a host: the VM that helps most, as long as one does. */
static void relieve(struct round *round, uint32_t host)
{
    bool helped;
    do {
        double best = 0;
        struct leaver chosen = {.to = DROVER_NONE};
        list_movable(round, host);
        for (uint32_t i = 0; i < round->movable.n; i++) {
            struct leaver leaver = round->movable.item[i];
            struct place after = without(round, host, &leaver, 1);
            double gain = degradation(round, &round->places[host]) - degradation(round, &after);
            double net = gain - leaver.cost * fmax(1, round->self->min_gain);
            if (net > best && find_place(round, &leaver)) {
                best = net;
                chosen = leaver;
            }
        }
        helped = chosen.to != DROVER_NONE;
        if (helped) {
            put(round, &chosen);
            round->chosen.item[round->chosen.n++] = chosen;
        }
    } while (helped);
    round->stuck += beyond(&round->places[host]) > 0;
}

void choose_all(struct round *round)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    bool again = true;
    round->chosen.n = 0;
    for (int i = 0; i < ROUNDS && again; i++) {
        uint32_t first = round->chosen.n;
        for (uint32_t h = 0; h < hosts->n; h++)
            if (round->places[h].pending && !choose(round, h)) {
                round->places[h].hopeless = true;
                round->places[h].pending = false;
            }
        again = round->chosen.n > first;
        place_chosen(round, first);
    }
    round->stuck = 0;
    for (uint32_t h = 0; h < hosts->n; h++)
        if (round->places[h].hopeless || round->places[h].pending)
            relieve(round, h);
}
