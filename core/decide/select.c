/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Selectors: see select.h for their formulas. */
#include "decide/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_LARGEST 1e200
#define COUNTERS_EACH 4 /* counters per host that may be spent on weights that are whole numbers */
#define PILE_MOST 32 /* of weights that are compared with each other one by one */

static bool all_equal(const double *weights, uint32_t n)
{
    uint64_t others = 0;
    for (uint32_t i = 1; i < n; i++) /* without a way out: several at a time */
        others += weights[i] < weights[0] || weights[i] > weights[0];
    return others == 0;
}

static int by_number(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* How many of the sorted weights are strictly lower than this one. */
static uint32_t strictly_lower(const double *sorted, uint32_t n, double weight)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] < weight)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A unit may say INFINITY for "never": here it takes part in differences and sums. */
static double bounded(double weight)
{
    return weight > WEIGHT_LARGEST ? WEIGHT_LARGEST
                                   : weight < -WEIGHT_LARGEST ? -WEIGHT_LARGEST : weight;
}

/* By sorting: for weights that lie too unevenly to be dealt out. */
static void rank_by_sorting(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    double *sorted = arena_array(scratch, n, sizeof *sorted);
    memcpy(sorted, ballot->weights, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (uint32_t i = 0; i < n; i++)
        ballot->ranks[i] = (double)(n - 1) - strictly_lower(sorted, n, ballot->weights[i]);
}

/* Weights dealt out to as many piles as there are hosts, by how far they are from the lowest. */
struct piles {
    uint32_t *of;    /* by host: its pile */
    uint32_t *start; /* by pile: where it begins in `dealt`; one more for the end of the last */
    uint8_t *mixed;  /* by pile: not all of it is equal */
    double *dealt;
};

/* False where they lie so unevenly that many different ones share a pile. */
static bool deal(struct piles *piles, const double *weights, uint32_t n, struct arena *scratch)
{
    double low = bounded(weights[0]), high = low;
    for (uint32_t i = 1; i < n; i++) {
        double weight = bounded(weights[i]);
        low = weight < low ? weight : low;
        high = weight > high ? weight : high;
    }
    double scale = (n - 1) / (high - low);
    if (!isfinite(scale))
        return false;
    *piles = (struct piles){
        .of = arena_array(scratch, n, sizeof *piles->of),
        .start = arena_array(scratch, (size_t)n + 2, sizeof *piles->start),
        .mixed = arena_array(scratch, n, 1),
        .dealt = arena_array(scratch, n, sizeof *piles->dealt),
    };
    for (uint32_t i = 0; i < n; i++) {
        double place = (bounded(weights[i]) - low) * scale;
        piles->of[i] = place < n - 1 ? (uint32_t)place : n - 1;
        piles->start[piles->of[i] + 2]++;
    }
    for (uint32_t p = 2; p < n + 2; p++)
        piles->start[p] += piles->start[p - 1];
    uint32_t *next = piles->start + 1; /* of pile p: next[p], which ends up where p + 1 begins */
    for (uint32_t i = 0; i < n; i++)
        piles->dealt[next[piles->of[i]]++] = weights[i];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = piles->of[i];
        double first = piles->dealt[piles->start[p]];
        piles->mixed[p] |= weights[i] < first || weights[i] > first;
    }
    for (uint32_t p = 0; p < n; p++)
        if (piles->mixed[p] && piles->start[p + 1] - piles->start[p] > PILE_MOST)
            return false;
    return true;
}

/*
 * Ranks without sorting. Whoever is in a lower pile is lower; within a pile, which holds one or
 * two as a rule, or equal ones, each looks at the others. Dealing keeps the order (a difference
 * times a positive number), so these are the ranks of sorting, to the last tie.
 */
static bool rank_by_dealing(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    struct piles piles;
    if (!deal(&piles, ballot->weights, n, scratch))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = piles.of[i], lower = piles.start[p];
        if (piles.mixed[p])
            for (uint32_t k = piles.start[p]; k < piles.start[p + 1]; k++)
                lower += piles.dealt[k] < ballot->weights[i];
        ballot->ranks[i] = (double)(n - 1) - lower;
    }
    return true;
}

/* Whole numbers that lie so closely together that each can have a counter of its own. */
static bool are_countable(const double *weights, uint32_t n, double *low, double *high)
{
    *low = *high = weights[0];
    for (uint32_t i = 1; i < n; i++) {
        *low = weights[i] < *low ? weights[i] : *low;
        *high = weights[i] > *high ? weights[i] : *high;
    }
    if (!(*low > INT32_MIN && *high < INT32_MAX && *high - *low < COUNTERS_EACH * (double)n + 1024))
        return false;
    uint64_t broken = 0;
    for (uint32_t i = 0; i < n; i++) {
        double whole = (int32_t)weights[i];
        broken += weights[i] < whole || weights[i] > whole;
    }
    return broken == 0;
}

/* Counts of vCPUs and VMs, and RHV's weights from 1 to 1000: how many are lower is a sum. */
static bool rank_by_counting(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    double low, high;
    if (!are_countable(ballot->weights, n, &low, &high))
        return false;
    int32_t first = (int32_t)low, span = (int32_t)(high - low);
    uint32_t *lower = arena_array(scratch, (size_t)span + 2, sizeof *lower);
    for (uint32_t i = 0; i < n; i++)
        lower[(int32_t)ballot->weights[i] - first + 1]++;
    for (int32_t w = 1; w <= span; w++)
        lower[w] += lower[w - 1];
    for (uint32_t i = 0; i < n; i++)
        ballot->ranks[i] = (double)(n - 1) - lower[(int32_t)ballot->weights[i] - first];
    return true;
}

static void rank_weights(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    if (all_equal(ballot->weights, n)) { /* most units have no opinion most of the time */
        for (uint32_t i = 0; i < n; i++)
            ballot->ranks[i] = n - 1;
        return;
    }
    if (!rank_by_counting(ballot, n, scratch) && !rank_by_dealing(ballot, n, scratch))
        rank_by_sorting(ballot, n, scratch);
}

static void normalize_weights(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    (void)scratch;
    double low = bounded(ballot->weights[0]), high = low;
    for (uint32_t i = 1; i < n; i++) {
        low = fmin(low, bounded(ballot->weights[i]));
        high = fmax(high, bounded(ballot->weights[i]));
    }
    for (uint32_t i = 0; i < n; i++)
        ballot->ranks[i] = high > low ? (high - bounded(ballot->weights[i])) / (high - low) : 1;
}

static void take_raw(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    (void)scratch;
    for (uint32_t i = 0; i < n; i++)
        ballot->ranks[i] = bounded(ballot->weights[i]);
}

bool select_better(enum selector selector, double a, double b)
{
    return selector == SELECTOR_RAW ? a < b : a > b;
}

uint32_t select_host(enum selector selector, struct ballot *ballots, uint32_t n_ballots,
                     uint32_t n, double *scores, struct arena *scratch)
{
    static void (*const count[])(struct ballot *, uint32_t, struct arena *) = {
        [SELECTOR_RANK] = rank_weights,
        [SELECTOR_NORMALIZED] = normalize_weights,
        [SELECTOR_RAW] = take_raw,
    };
    memset(scores, 0, n * sizeof *scores);
    for (uint32_t u = 0; u < n_ballots; u++) {
        count[selector](&ballots[u], n, scratch);
        for (uint32_t i = 0; i < n; i++)
            scores[i] += ballots[u].unit->factor * ballots[u].ranks[i];
    }
    uint32_t winner = 0;
    for (uint32_t i = 1; i < n; i++)
        if (select_better(selector, scores[i], scores[winner]))
            winner = i;
    return winner;
}
