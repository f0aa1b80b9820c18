/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two decisions about the same question, one beside the other: by two policies, by two versions
 * of a unit, or before and now. Which unit said what in each, on the hosts that matter: the one
 * that each chose.
 */
#ifndef DROVER_MODEL_DIFFERENCE_H
#define DROVER_MODEL_DIFFERENCE_H

#include "base/arena.h"
#include "model/decision.h"

struct difference {
    const char *host; /* "" where it is about the whole decision */
    const char *unit; /* "" where it is about no single unit */
    const char *what; /* candidate | verdict | weight | score | failure */
    const char *one;  /* "accepted", "refused: needs 2048 MiB ...", "raw 3, rank 1, factor 2" */
    const char *other;
};

extern const struct field difference_fields[];

/* Whether they choose the same: the same host, or none. */
bool decisions_agree(const struct decision *one, const struct decision *other);

/*
 * struct difference: verdicts first, then weights and scores. Empty where nothing differs on those
 * hosts. Texts are in arena.
 */
struct rows decision_differences(const struct decision *one, const struct decision *other,
                                 struct arena *arena);

/* The row that says most about why they choose as they do, or NULL. */
const struct difference *difference_that_counts(const struct rows *differences);

#endif
