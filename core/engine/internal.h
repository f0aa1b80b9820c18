/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside engine/: what its files offer each other; the state is in state.h.
 *
 * Theory of operation. An event changes what the engine knows (fleet, watches, moves) and marks
 * it dirty; then pump() goes round: host states, drains, rounds of balancing, the queue. Each of
 * these looks at what is known and adds effects; none waits. What needs time sets a moment at
 * which it wants to be looked at again, and engine_next_wake() is the nearest of them.
 *
 * A move goes queued -> preparing -> running -> post_migrating -> completed. It gets its
 * destination when it starts, not when it is queued, so that it is decided on what is true then.
 * It is completed only when libvirt's call has returned and the destination itself has said that
 * the VM runs there.
 */
#ifndef DROVER_ENGINE_INTERNAL_H
#define DROVER_ENGINE_INTERNAL_H

#include "engine/hosts.h"
#include "engine/moves.h"
#include "engine/state.h"

/* Keep a text of one's own: the old one is freed. */
void set_text(char **place, const char *text);

/* emit.c: effects. Texts are copied. */
struct effect *emit(struct engine *engine, enum effect_kind kind);
struct effect *emit_aside(struct engine *engine, enum effect_kind kind); /* without an id */
void set_aside(struct engine *engine, struct effect *latest); /* take its id away */
const char *emit_text(struct engine *engine, const char *text);
const char *emit_printf(struct engine *engine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct effect *notice(struct engine *engine, enum notice_level level, const char *code,
                      const char *host, const char *vm, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void answer(struct engine *engine, const struct event *event, enum error_kind status,
            const char *value, const char *format, ...) __attribute__((format(printf, 5, 6)));
uint64_t emit_decision(struct engine *engine, struct decision *decision); /* takes it over */
void remember(struct engine *engine, const char *name, const char *value);
void forget(struct engine *engine, const char *name);

/* setup.c */
void on_set_changed(struct engine *engine, const struct event *event);
const struct host_setting *host_setting(const struct engine *engine, const char *host);

/* drain.c */
void drains_pump(struct engine *engine);
/* The drain of the host begins, or is to be looked at at once. */
void drain_begin(struct engine *engine, struct watch *watch);
void drains_touch(struct engine *engine); /* something changed that may help a drain */
void drains_wake(struct engine *engine);  /* something that very likely does: a host is up */
void rest_vm(struct engine *engine, const char *vm, double until);
bool vm_rests(const struct engine *engine, const char *vm);

/* balance.c */
void rounds_pump(struct engine *engine);
uint32_t balance_cluster(struct engine *engine, const char *cluster, const char *who,
                         const char **idle); /* returns how many moves were queued */
struct rules engine_rules(const struct engine *engine, const struct columns *columns,
                          struct arena *arena);
struct ruleset *ruleset_of_cluster(const struct engine *engine, const char *cluster);

/* groups.c */
void groups_tell(struct engine *engine); /* what is wrong with them, when it begins */
void group_problems_free(struct engine *engine);

/* breaker.c: of the policies in force, and of others. Changes are told to tell. */
void breakers_note(struct engine *engine, const struct rows *failures);
void breakers_pump(struct engine *engine);
void breakers_apply(struct engine *engine); /* to a new set: whoever mended a unit has a chance */
void breakers_count(struct engine *engine, struct breakers *breakers, const struct rows *failures,
                    breaker_tell *tell, void *self);
double breakers_retry(struct engine *engine, struct breakers *breakers, breaker_tell *tell,
                      void *self); /* returns when to look again; INFINITY: all are closed */
void breakers_reset(struct breakers *breakers);
void breakers_free(struct breakers *breakers);

/* shadow.c */
void shadows_take(struct engine *engine, const struct event *event); /* of a new set */
void shadows_free(struct engine *engine);
void shadow_decide(struct engine *engine, struct columns *columns,
                   const struct question *question, const struct decision *active);
void shadow_balance(struct engine *engine, const char *cluster, const struct plan *active);

/* requests.c */
void on_request(struct engine *engine, const struct event *event);
void on_maintenance_file(struct engine *engine, const struct event *event);
void maintenance_wish(struct engine *engine, struct watch *watch, bool on, bool by_file,
                      const char *who);

/* admission.c */
void on_hook_ask(struct engine *engine, const struct event *event);

/* recall.c */
void on_recalled(struct engine *engine, const struct event *event);
void on_started(struct engine *engine, const struct event *event);
void remember_move(struct engine *engine, const struct move *move);
void forget_move(struct engine *engine, const struct move *move);
void remember_wish(struct engine *engine, const struct watch *watch);
void remember_moved(struct engine *engine, const char *vm); /* now, for its cool-down */
double moved_at(const struct engine *engine, const char *vm);    /* NAN: not lately */
void forget_rested(struct engine *engine);

/* Want to be looked at again at that time. */
void wake_at(struct engine *engine, double at);

/* Columns of what is known now; columns_free() them. */
struct columns *engine_columns(struct engine *engine);

#endif
