/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside decide/: selectors. Each takes the raw weights of n hosts under several units and gives
 * a score per host and the chosen one.
 *
 *   rank        RHV's: rank(host) = (n - 1) - hosts with a strictly lower weight; the score is
 *               the sum of factor * rank; the highest wins. Magnitudes do not count.
 *   normalized  Nova's: each unit's weights scaled to 0 (worst) .. 1 (best); the score is the
 *               sum of factor * that; the highest wins.
 *   raw         the sum of factor * weight; the lowest wins.
 *
 * Ties go to the lowest position, that is, by name.
 */
#ifndef DROVER_DECIDE_SELECT_H
#define DROVER_DECIDE_SELECT_H

#include "base/arena.h"
#include "model/ruleset.h"

struct ballot {
    const struct bound_unit *unit;
    double *weights; /* n raw weights */
    double *ranks;   /* n; filled in by the selector */
};

/* Fills in ballots' ranks and scores[n]; returns the position of the winner. n > 0. */
uint32_t select_host(enum selector selector, struct ballot *ballots, uint32_t n_ballots,
                     uint32_t n, double *scores, struct arena *scratch);

/* Whether score a beats score b under the selector. */
bool select_better(enum selector selector, double a, double b);

#endif
