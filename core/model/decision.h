/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A decision: for one VM, every host x unit with verdict, reason, raw weight, rank and score,
 * and the choice. Plain values with names, so it can be shown and kept when the fleet has moved on.
 */
#ifndef DROVER_MODEL_DECISION_H
#define DROVER_MODEL_DECISION_H

#include "base/arena.h"
#include "base/field.h"

struct refusal {
    const char *unit;
    const char *code;
    const char *reason; /* the whole sentence, with figures */
    const char *remedy; /* the smallest change that would let it pass; "" where none is known */
};

struct weighing {
    const char *unit;
    double raw;
    double rank;
    double factor;
};

struct host_verdict {
    const char *name;
    bool accepted;
    const char *refused_by; /* the first refusal, as policies order them; "" where accepted */
    const char *code;
    const char *reason;
    struct rows refusals; /* struct refusal: all of them */
    const char *remedy;   /* the smallest change that answers all of them; "" where none is known */
    struct rows weights;  /* struct weighing; of accepted hosts */
    double score;         /* as the selector counts */
    double place;         /* 1 = chosen; NAN: refused */
};

/* A unit that failed in this decision: what it did and what was done about it. */
struct unit_failure {
    const char *unit;
    const char *error;
    const char *treated; /* deny | neutral | last_good */
    uint32_t times;      /* the same failure, so often */
};

struct decision {
    uint64_t id;
    double at;
    const char *vm;
    const char *uuid;   /* "" where it has none */
    const char *from;   /* "" where it does not run */
    const char *purpose;
    const char *policy;
    const char *policy_hash;
    const char *chosen; /* NULL: no host */
    struct rows hosts;  /* struct host_verdict, by name */
    struct rows failures; /* struct unit_failure */
    struct arena arena;
};

extern const struct field decision_fields[];
extern const struct field host_verdict_fields[];
extern const struct field refusal_fields[];
extern const struct field weighing_fields[];
extern const struct field unit_failure_fields[];

extern const char *const purpose_names[]; /* by enum drover_purpose */

void decision_free(struct decision *decision);

#endif
