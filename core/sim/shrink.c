/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shrinking. Whatever is left out changes all that follows, so nothing is taken for granted: a
 * smaller trial is kept only where it breaks the same rule. First what makes the trial cheaper
 * (its time, its size), then kinds of faults, then single ones by halves (Zeller's ddmin).
 */
#include "sim/trial.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_PER_SIZE 12 /* another size is another story: chance gets some */

struct shrinking {
    struct trial best;
    struct simulation_result *result; /* of the best */
    const char *rule;
    uint32_t tries_left;
    trial_run *run;
    void *self;
    struct arena *arena;
};

/* Where it breaks the same rule it is the best so far. */
static bool try(struct shrinking *shrinking, const struct trial *trial)
{
    struct simulation_result result;
    if (shrinking->tries_left == 0)
        return false;
    shrinking->tries_left--;
    if (!shrinking->run(shrinking->self, trial, &result) || !result.broken ||
        strcmp(result.rule, shrinking->rule) != 0)
        return false;
    shrinking->best = *trial;
    *shrinking->result = result;
    return true;
}

/* Nothing after the break matters; what breaks in the calm at the end breaks after less, too. */
static void shorten(struct shrinking *shrinking)
{
    struct trial trial = shrinking->best;
    trial.duration_s = fmax(60, ceil(shrinking->result->broken_at));
    if (trial.duration_s < shrinking->best.duration_s && try(shrinking, &trial))
        return;
    do {
        trial = shrinking->best;
        trial.duration_s = floor(trial.duration_s / 2);
    } while (trial.duration_s >= 60 && try(shrinking, &trial));
}

static bool try_seeds(struct shrinking *shrinking, struct trial trial)
{
    for (uint32_t i = 0; i < SEEDS_PER_SIZE; i++) {
        trial.seed = shrinking->best.seed + i;
        if (try(shrinking, &trial))
            return true;
    }
    return false;
}

static void make_fleet_smaller(struct shrinking *shrinking)
{
    uint32_t hosts = shrinking->best.hosts;
    double vms_per_host = hosts ? (double)shrinking->best.vms / hosts : 0;
    for (uint32_t n = 2; n < hosts; n = n < 4 ? n + 1 : n * 2) {
        struct trial trial = shrinking->best;
        trial.hosts = n;
        trial.vms = (uint32_t)ceil(vms_per_host * n);
        if (try_seeds(shrinking, trial))
            break;
    }
    bool smaller = hosts > 0;
    while (smaller && shrinking->best.vms > 1) {
        struct trial trial = shrinking->best;
        trial.vms /= 2;
        smaller = try_seeds(shrinking, trial);
    }
}

static void drop_kinds(struct shrinking *shrinking)
{
    for (uint32_t i = 0; i < FAULTS; i++) {
        struct trial trial = shrinking->best;
        trial.faults &= ~(UINT64_C(1) << i);
        if (trial.faults != shrinking->best.faults && trial.faults != 0)
            try(shrinking, &trial);
    }
}

/* ------------------------------------------------------------------ fault by fault */

/* The best one's strikes without `n` of them from `first` on. */
static struct trial without(struct shrinking *shrinking, uint32_t first, uint32_t n)
{
    struct trial trial = shrinking->best;
    uint32_t *left = arena_array(shrinking->arena, trial.n_strikes, sizeof *left);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trial.n_strikes; i++)
        if (i < first || i >= first + n)
            left[kept++] = trial.strikes[i];
    trial.strikes = left;
    trial.n_strikes = kept;
    return trial;
}

static void drop_strikes(struct shrinking *shrinking)
{
    uint32_t n = (uint32_t)shrinking->result->figures.faults_struck;
    struct trial all = shrinking->best;
    uint32_t *strikes = arena_array(shrinking->arena, n, sizeof *strikes);
    for (uint32_t i = 0; i < n; i++)
        strikes[i] = i + 1;
    all.strikes = strikes;
    all.n_strikes = n;
    all.strikes_known = true;
    if (!try(shrinking, &all))
        return;
    for (uint32_t chunk = n / 2; chunk > 0; chunk /= 2) {
        for (uint32_t first = 0; first < shrinking->best.n_strikes;) {
            struct trial trial = without(shrinking, first, chunk);
            if (!try(shrinking, &trial))
                first += chunk;
        }
    }
}

struct trial trial_shrink(const struct trial *trial, struct simulation_result *result,
                          uint32_t tries, trial_run *run, void *self, struct arena *arena)
{
    struct shrinking shrinking = {.best = *trial, .result = result, .rule = result->rule,
                                  .tries_left = tries, .run = run, .self = self, .arena = arena};
    shorten(&shrinking);
    drop_kinds(&shrinking);
    if (!trial->strikes_known)
        make_fleet_smaller(&shrinking);
    shorten(&shrinking);
    drop_kinds(&shrinking);
    if (!trial->strikes_known)
        drop_strikes(&shrinking);
    drop_kinds(&shrinking); /* those that do not strike any more */
    shorten(&shrinking);
    return shrinking.best;
}
