/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside decide/: the one place where units are called. A unit that fails is treated as its
 * policy says, and the failure is noted; nobody else has to think of it.
 */
#ifndef DROVER_DECIDE_UNITS_H
#define DROVER_DECIDE_UNITS_H

#include "decide/decide.h"
#include "model/calls.h"

/* A verdict byte beside the units' own: the unit failed and its policy says deny. */
#define VERDICT_FAILED 255

struct failures {
    struct unit_failure *item;
    uint32_t n, capacity;
};

/* One question being answered. */
struct call {
    const struct columns *columns;
    const struct ruleset *rules;
    struct drover_ask ask;
    struct arena *arena;        /* for whatever the answer needs */
    struct failures *failures;  /* NULL: nobody will read them */
};

struct call call_new(const struct columns *columns, const struct ruleset *rules, uint32_t vm,
                     enum drover_purpose purpose, struct arena *arena);

/* The same for all that a question says. */
struct call call_for(const struct columns *columns, const struct ruleset *rules,
                     const struct question *question, struct arena *arena);

/* verdicts[i]: 0 accepted, else the unit's reason + 1, or VERDICT_FAILED. */
void unit_filter(const struct call *call, const struct bound_unit *unit, const uint32_t *hosts,
                 uint32_t n, uint8_t *verdicts);

/* Returns false where the unit failed and has no say in this decision. */
bool unit_weigh(const struct call *call, const struct bound_unit *unit, const uint32_t *hosts,
                uint32_t n, double *weights);

/* The refusal in words: code, sentence with figures, remedy. */
struct refusal unit_refusal(const struct call *call, const struct bound_unit *unit, uint32_t host,
                            uint8_t verdict);

/* The choice and the verdict of decide.h, as calls: failures are noted where the call says. */
uint32_t call_choose(const struct call *call, const struct question *question);
bool call_allows(const struct call *call, uint32_t host);
/* Keep those of n hosts that all filters accept, in their order. Returns how many. */
uint32_t call_narrow(const struct call *call, uint32_t *hosts, uint32_t n);

void failures_add(struct failures *failures, struct arena *arena, const struct bound_unit *unit,
                  const char *error, uint32_t times);
struct rows failures_rows(const struct failures *failures);

#endif
