/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves in their order, with what they save and what they cost. See round.h. */
#include "round.h"

#include <stdio.h>
#include <stdlib.h>

/* The worst host first, all of it; its largest VM first. */
static int by_urgency(const void *left, const void *right)
{
    const struct leaver *a = left, *b = right;
    if (a->urgency > b->urgency || a->urgency < b->urgency)
        return a->urgency > b->urgency ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return by_size(left, right);
}

/* By which bound the host is furthest out, in words. Returns the code. */
static const char *explain(const struct round *round, uint32_t host, char *text, size_t size)
{
    static const char *const codes[] = {"memory.over", "vcpus.over", "load.over"};
    const struct drover_hosts *hosts = round->fleet->hosts;
    const struct place *place = &round->places[host];
    const char *name = hosts->name[host];
    int worst = MEMORY;
    for (int d = VCPUS; d < DIMENSIONS; d++)
        if (place->used[d] / place->bound[d] > place->used[worst] / place->bound[worst])
            worst = d;
    if (worst == MEMORY)
        snprintf(text, size, "%.0f %% of the memory of %s is spoken for, more than %.0f %%",
                 100 * place->used[MEMORY] / hosts->memory_mib[host], name,
                 100 * place->bound[MEMORY] / hosts->memory_mib[host]);
    else if (worst == VCPUS)
        snprintf(text, size, "%s has %.2f vCPUs per CPU, more than %.2f", name,
                 place->used[VCPUS] / hosts->cpus[host], place->bound[VCPUS] / hosts->cpus[host]);
    else
        snprintf(text, size, "CPU load of %s is %.0f %%, and is to come down to %.0f %%", name,
                 place->used[LOAD] / hosts->threads[host],
                 place->bound[LOAD] / hosts->threads[host]);
    return codes[worst];
}

/* What was allowed alone need not be after the moves before it: two that are to be kept apart. */
static bool is_allowed_now(const struct round *round, const struct leaver *leaver)
{
    uint8_t allowed = 0;
    return round->plan->filter(round->plan, leaver->vm, &leaver->to, 1, &allowed) == 0 && allowed;
}

static bool propose(struct round *round, const struct leaver *leaver)
{
    if (!is_allowed_now(round, leaver))
        return false; /* the next look at all hosts finds another place, if there is one */
    char why[512], reason[640];
    struct place after = without(round, leaver->from, leaver, 1);
    double gain = degradation(round, &round->places[leaver->from]) - degradation(round, &after);
    double cost = move_cost(round, leaver->vm,
                            fmin(link_of(round, leaver->from), link_of(round, leaver->to)));
    const char *code = explain(round, leaver->from, why, sizeof why);
    snprintf(reason, sizeof reason, "%s; gain %.0f VM-s, cost %.1f VM-s", why, gain, cost);
    struct drover_step step = {
        .size = sizeof step,
        .kind = DROVER_STEP_MOVE,
        .vm = leaver->vm,
        .hosts = &leaver->to,
        .n_hosts = 1,
        .gain = gain,
        .cost = cost,
        .code = code,
        .reason = reason,
    };
    round->banned[leaver->vm] |= PROPOSED;
    round->proposed++;
    return round->plan->propose(round->plan, &step) == 0;
}

/* What was placed is taken back, and then done again as it is proposed. */
bool propose_all(struct round *round)
{
    struct leavers *chosen = &round->chosen;
    uint32_t before = round->taken;
    for (uint32_t i = 0; i < chosen->n; i++)
        put_back(round, &chosen->item[i]);
    for (uint32_t i = 0; i < chosen->n; i++)
        chosen->item[i].urgency = degradation(round, &round->places[chosen->item[i].from]);
    qsort(chosen->item, chosen->n, sizeof *chosen->item, by_urgency);
    for (uint32_t i = 0; i < chosen->n; i++)
        if (propose(round, &chosen->item[i])) {
            put(round, &chosen->item[i]);
            round->taken++;
        }
    return round->taken > before && round->taken < round->plan->budget;
}
