/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside decide/: a plan being made. Rows are collected here and handed over at the end. */
#ifndef DROVER_DECIDE_PLANNING_H
#define DROVER_DECIDE_PLANNING_H

#include "decide/decide.h"
#include "decide/units.h"

struct planning {
    struct plan *plan;
    struct columns *columns;
    const struct rules *rules;
    enum drover_purpose purpose;
    bool brief; /* who finds no place is named, and not why */
    struct failures failures;
    uint32_t n_moves_room, n_unplaced_room, n_candidates_room, n_powers_room, n_starts_room;
};

struct planning planning_new(struct columns *columns, const struct rules *rules,
                             enum drover_purpose purpose);

/* Hands the plan over. */
struct plan *planning_done(struct planning *planning);

void planning_move(struct planning *planning, uint32_t vm, uint32_t to, const char *reason);
/* The same, and promised; nothing where it is there already. */
void planning_go(struct planning *planning, uint32_t vm, uint32_t to, const char *reason);
void planning_unplaced(struct planning *planning, uint32_t vm, const char *code,
                       const char *reason, const struct decision *decision);
/* The same by a decision that chose no host: the first host's refusal stands for all. */
void planning_refused(struct planning *planning, uint32_t vm, const struct decision *decision);
/* Take over what failed while deciding: texts are copied. */
void planning_failures(struct planning *planning, const struct unit_failure *failures, uint32_t n);
void planning_candidate(struct planning *planning, uint32_t vm, const uint32_t *hosts, uint32_t n,
                        const char *reason);

/* A VM whose move would mend the rule of that group. */
void planning_broken(struct planning *planning, uint32_t vm, uint32_t group, const char *reason);

void planning_power(struct planning *planning, uint32_t host, enum drover_step_kind kind,
                    const char *reason);

/* The host that is chosen, with nothing told but what failed. DROVER_NONE: there is none, and
 * decide_explain() tells why, and what failed. */
uint32_t planning_choose(struct planning *planning, const struct ruleset *rules,
                         const struct question *question);

/*
 * Decide for one VM among hosts (n_hosts 0: all), promise, and note the move (of one that does
 * not run: the start); or note why there is none. Returns whether it found a host.
 */
bool planning_place(struct planning *planning, uint32_t vm, const uint32_t *hosts,
                    uint32_t n_hosts, const char *reason);

/* Whether a VM needs to be moved at all for its host to be empty: it runs there, and stays. */
bool planning_occupies(const struct columns *columns, uint32_t vm);

/* VMs of a host in the order in which they are to leave: priority, then name. Returns how many. */
uint32_t planning_order(const struct columns *columns, uint32_t host, uint32_t *vms);

#endif
