/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Selectors: see select.h for their formulas. */
#include "decide/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_LARGEST 1e200

static bool all_equal(const double *weights, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (weights[i] < weights[0] || weights[i] > weights[0])
            return false;
    return true;
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

static void rank_weights(struct ballot *ballot, uint32_t n, struct arena *scratch)
{
    if (all_equal(ballot->weights, n)) { /* most units have no opinion most of the time */
        for (uint32_t i = 0; i < n; i++)
            ballot->ranks[i] = n - 1;
        return;
    }
    double *sorted = arena_array(scratch, n, sizeof *sorted);
    memcpy(sorted, ballot->weights, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (uint32_t i = 0; i < n; i++)
        ballot->ranks[i] = (double)(n - 1) - strictly_lower(sorted, n, ballot->weights[i]);
}

/* A unit may say INFINITY for "never": here it takes part in differences and sums. */
static double bounded(double weight)
{
    return fmin(fmax(weight, -WEIGHT_LARGEST), WEIGHT_LARGEST);
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
