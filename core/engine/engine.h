/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine: a pure, deterministic state machine. Events go in with their times, effects come
 * out; there is no other way in or out. No I/O, no clock, no threads, no randomness.
 */
#ifndef DROVER_ENGINE_ENGINE_H
#define DROVER_ENGINE_ENGINE_H

#include "decide/decide.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/forecast.h"
#include "model/migration.h"
#include "model/shadow.h"

struct engine;
struct links;

struct engine *engine_new(void);
void engine_free(struct engine *engine);

/*
 * Take one event; append what is to be done to `effects` (in order). Times of events never go
 * back: an earlier one is taken as happening now. An event that makes no sense (a host nobody
 * knows) changes nothing and says so in a notice.
 */
void engine_step(struct engine *engine, const struct event *event, struct effects *effects);

/* When the engine wants an EVENT_TICK; INFINITY: not at all. */
double engine_next_wake(const struct engine *engine);

/* To look at; valid until the next step. */
const struct fleet *engine_fleet(const struct engine *engine);
const struct migration *const *engine_migrations(const struct engine *engine, uint32_t *n); /* by id */

/* Why a host is not empty yet, and so on: what `drover status` says. */
struct host_status {
    const char *name;
    int state;
    double state_since;
    const char *state_reason; /* "" or a sentence */
    uint32_t vms;
    bool maintenance_wanted;
    const char *maintenance_by; /* who asked */
    bool connected; /* and it has reported since */
    const char *uri;
    struct rows held; /* struct unplaced: VMs that a drain cannot move, with reasons */
    struct texts would_not_fit; /* VMs, if it died now; not known: not looked at yet */
};
extern const struct field host_status_fields[];
const struct host_status *engine_host_status(const struct engine *engine, uint32_t *n); /* by name */

/* The i-th cluster's that has a shadow; NULL: there are no more. Valid until the next step. */
const struct shadow_status *engine_shadow(const struct engine *engine, uint32_t i);

/* Read-only questions, answered from what the engine knows. Free what they return. */
struct decision *engine_explain(struct engine *engine, const char *vm, const char *to,
                                struct error *error);
struct plan *engine_plan(struct engine *engine, const struct plan_question *question,
                         struct error *error);
struct move_plan *engine_plan_move(struct engine *engine, const char *vm, const char *to,
                                   struct error *error);

/* The same without an engine: of a fleet file. */
struct move_ask {
    const struct columns *columns;
    const struct rules *rules;
    const struct settings *settings;
    const struct links *links; /* what was learnt of them; NULL: nothing */
    const char *vm; /* name or UUID */
    const char *to; /* NULL: the best host */
};
struct move_plan *plan_move(const struct move_ask *ask, struct error *error);

#endif
