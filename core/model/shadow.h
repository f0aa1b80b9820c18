/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shadow: a policy that decides beside the one in force, on the same live fleet, and moves
 * nothing. Each of its choices is put beside the active one's; what comes of it is counted, and
 * journalled as a comparison.
 */
#ifndef DROVER_MODEL_SHADOW_H
#define DROVER_MODEL_SHADOW_H

#include "base/field.h"

/* What one of the two would do in a round of balancing. */
struct shadow_move {
    const char *vm;
    const char *to;
};

struct comparison {
    const char *cluster;
    const char *about;       /* decision | round */
    bool agreed;
    uint64_t decision;       /* the active one's; 0: a round */
    const char *vm;          /* of a decision: name */
    const char *purpose;     /* of a decision */
    const char *active;      /* names of policies */
    const char *shadow;
    const char *active_choice; /* of a decision: a host; "" none */
    const char *shadow_choice;
    const char *reason;      /* why they differ, in one sentence; "" where they agree */
    struct rows differences; /* struct difference; one: the active, other: the shadow */
    struct rows active_moves; /* of a round: struct shadow_move */
    struct rows shadow_moves;
    struct rows failures;    /* struct unit_failure: of the shadow */
};

/* Since the shadow was put in force, or droverd started. */
struct shadow_status {
    const char *cluster;
    const char *active;
    const char *shadow;
    double since;
    uint64_t decisions_agreed, decisions_differed;
    uint64_t rounds_agreed, rounds_differed; /* also those in which neither would move a VM */
    uint64_t failures; /* of its units */
};

extern const struct field comparison_fields[];
extern const struct field shadow_status_fields[];

#endif
