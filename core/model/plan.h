/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan: what would be done, in order, with reasons; and what could not be done, with reasons. */
#ifndef DROVER_MODEL_PLAN_H
#define DROVER_MODEL_PLAN_H

#include "base/arena.h"
#include "base/field.h"
#include "model/decision.h"

#include <stdbool.h>

struct planned_move {
    const char *vm;   /* name */
    const char *key;
    const char *from;
    const char *to;
    const char *reason;
    uint64_t decision; /* 0: not kept */
    struct texts breaks; /* groups whose hard rules between VMs it breaks, as its policy allows */
};

struct planned_start {
    const char *vm;
    const char *key;
    const char *on;
    const char *reason;
};

/* A VM for which there is no host: code and words of the first host's refusal, and each host's own. */
struct unplaced {
    const char *vm;
    const char *key;
    const char *code;
    const char *reason;
    struct rows hosts; /* struct host_verdict, without weights */
};

struct candidate {
    const char *vm;
    const char *key;
    struct texts hosts;
    const char *reason;
    const char *group; /* enforce: whose rule is broken; else "" */
};

/* A host that is to be taken out of use, switched off, on, or taken into use again. */
struct planned_power {
    const char *host;
    const char *action; /* of power_action_names */
    const char *reason;
};

extern const char *const power_action_names[]; /* by enum drover_step_kind; "" where it is none */

struct plan {
    struct rows candidates; /* struct candidate: the balancer's list, before filters and weights */
    struct rows moves;      /* struct planned_move */
    struct rows starts;     /* struct planned_start */
    struct rows unplaced;   /* struct unplaced */
    struct rows powers;     /* struct planned_power */
    const char *idle;       /* why there is nothing to do; "" where there is something */
    struct rows failures;   /* struct unit_failure */
    struct arena arena;
};

extern const struct field plan_fields[];
extern const struct field unplaced_fields[];

void plan_free(struct plan *plan);

/* Put what one plan says after what is in `all`; texts are copied. */
void plan_join(struct plan *all, const struct plan *one);

/* Which plan somebody wants to see. */
struct plan_question {
    const char *what;   /* "drain", "fail", "balance", "enforce" */
    const char *target; /* the host to drain; the cluster to balance or mend, NULL: all */
    bool whole;         /* balance, enforce: all moves, not just those of the next round */
};

#endif
