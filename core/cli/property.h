/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold of any policy on any fleet, as functions that try it on one fleet. They ask what
 * people ask (explain, plan drain, plan balance), through the same door.
 */
#ifndef DROVER_CLI_PROPERTY_H
#define DROVER_CLI_PROPERTY_H

#include "model/plan.h"
#include "offline.h"

#include <jansson.h>
#include <stdint.h>

struct property_trial;

struct property {
    const char *name;
    const char *summary;
    bool (*holds)(struct property_trial *trial);
};

/* One property on one fleet. What is asked at random depends on the seed alone. */
struct property_trial {
    struct offline *offline; /* with the fleet; left with another one */
    uint64_t seed;
    struct error *error;     /* a question that could not be answered */
    char what[1024];         /* where it does not hold: what is wrong, in a sentence */
};

extern const struct property properties[];     /* ends with name NULL */
extern const char *const property_names[];     /* the same, ends with NULL */
const struct property *property_find(const char *name); /* a name of these */

/* Moves of a plan, as the plan assumes of those before a move. */
void property_do(struct offline *offline, const struct plan_question *question,
                 const struct planned_move *moves, uint32_t n);

/*
 * Every move that a plan makes, one at a time: `step` sees it while the VM is still where it was
 * and the moves before it are, as plans assume, under way (of a drain) or done. It returns false to
 * stop. The fleet is left as it is then.
 * false: it was stopped, or the error is set.
 */
typedef bool property_step(void *self, struct offline *offline, const struct planned_move *move);
bool property_walk(struct offline *offline, const struct plan_question *question,
                   property_step *step, void *self, struct error *error);

/*
 * The property does not hold on this fleet, which is taken over: a smaller one on which it does
 * not, either, and what is wrong there in trial->what. fleet_free() it.
 */
struct fleet *property_shrink(const struct property *property, struct property_trial *trial,
                              struct fleet *fleet);

/* The lists of a fleet, as they are written in files, into an object. */
void property_show_fleet(const struct fleet *fleet, json_t *told);

#endif
