/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside engine/: the state, and what its files offer each other.
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

#include "engine/engine.h"
#include "model/calls.h"

/* Who wants a host empty. */
struct wish {
    bool by_operator;
    bool by_file;
    char *who; /* of the operator's wish */
    double since;
};

/* What the engine knows of a host beyond its record. */
struct watch {
    char *name;
    bool configured;
    bool connected;
    bool reported;       /* a full report since the connection was made */
    uint64_t report_step; /* the step of the last one */
    double report_at;     /* when reading it began */
    double lost_at;      /* while not connected: since when */
    char *lost_reason;
    struct wish maintenance;
    char *lack;          /* networks or storage that its VMs need and it lacks; NULL: none */
    double drain_at;     /* look at its drain again then */
    double trouble_at;   /* the same for a non-operational host */
    struct plan *held;   /* the last plan of its drain: who cannot go, and why; NULL: none */
    char *state_reason;
    char *power_told;    /* what the balancer wants done to it, as it was last told; NULL: nothing */
};

struct move {
    struct migration record; /* texts are in arena */
    struct how how;
    bool unsettled;    /* recalled, or its call failed: how it stands is to be found out */
    uint64_t settle_step; /* by reports later than this step ... */
    double settle_at;     /* ... that were begun to be read at this time or later */
    double missing_since; /* unsettled: neither host shows the VM since then; NAN: not so */
    bool call_done;
    bool arrived;      /* the destination says that the VM runs there */
    bool left;         /* the source says that it is gone */
    bool abort_sent;
    bool retry_after_abort; /* aborted by drover for a better destination, not by a person */
    bool vm_ended;     /* the guest was shut down meanwhile */
    double check_at;   /* ask its hosts again then */
    struct arena arena;
};

/* A unit that failed lately. */
struct breaker {
    char *unit;
    uint32_t failures; /* in a row */
    bool open;
    double retry_at;
};

/* A VM and a moment. In `rests`: drains leave it alone until then, all its tries failed. */
struct rest {
    char *vm;
    double until;
};

/* A VM that two hosts claim: see twice.c. */
struct doubt {
    char *vm;
    char *host[2];
    double since;     /* when it arose */
    bool seen[2];     /* each has said so in a report that was begun to be read after that */
    bool told;
};

struct engine {
    double now;
    uint64_t step; /* counts events */
    uint64_t last_id; /* of effects, moves and decisions */
    struct fleet *fleet;
    size_t fleet_bytes; /* of its arena, when it was last compacted */
    struct settings settings;
    bool configured; /* a set has come */
    bool started;
    struct ruleset **rulesets; /* by position in cluster_names */
    char **cluster_names;
    uint32_t n_rulesets;
    struct watch **watches; /* by name */
    uint32_t n_watches, watch_room;
    struct move **moves; /* by id */
    uint32_t n_moves, move_room;
    const struct migration **move_view;
    uint32_t move_view_room;
    struct breaker *breakers;
    uint32_t n_breakers, breaker_room;
    struct rest *rests;
    uint32_t n_rests, rest_room;
    struct rest *rested; /* VMs that moved lately, until they may be balanced again */
    uint32_t n_rested, rested_room;
    struct doubt *doubts;
    uint32_t n_doubts, doubt_room;
    double round_at;
    bool dirty;
    double wake_at;
    struct effects *out; /* during a step */
    struct calls calls;  /* of units, in this step */
    struct host_status *status_view;
    struct arena status_arena;
};

/* Keep a text of one's own: the old one is freed. */
void set_text(char **place, const char *text);

/* emit.c: effects. Texts are copied. */
struct effect *emit(struct engine *engine, enum effect_kind kind);
struct effect *emit_aside(struct engine *engine, enum effect_kind kind); /* without an id */
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

/* hosts.c */
struct watch *watch_find(const struct engine *engine, const char *host);
struct watch *watch_add(struct engine *engine, const char *host);
void watch_free(struct watch *watch);
bool watch_wants_maintenance(const struct watch *watch);
void on_host_connected(struct engine *engine, const struct event *event);
void on_host_lost(struct engine *engine, const struct event *event);
void on_host_report(struct engine *engine, const struct event *event);
void on_sample(struct engine *engine, const struct event *event);
void hosts_pump(struct engine *engine);
void host_update_lack(struct engine *engine, struct watch *watch);

/* vms.c */
void on_vm_changed(struct engine *engine, const struct event *event);
void on_vm_gone(struct engine *engine, const struct event *event);
void vm_seen(struct engine *engine, const char *host, const struct vm *seen);
void vm_gone(struct engine *engine, const char *host, const char *key, const char *why);
bool vm_occupies(const struct vm *vm); /* it runs, is paused or migrates: its host is not empty */

/* twice.c: a VM that two hosts claim */
void doubt_raise(struct engine *engine, const char *vm, const char *one, const char *other);
bool doubt_seen(struct engine *engine, const struct vm *seen, const char *host); /* is there one? */
void doubt_end(struct engine *engine, const char *vm, const char *host); /* that host has it not */
bool vm_is_doubted(const struct engine *engine, const char *vm);
void doubt_free(struct doubt *doubt);

/* moves.c */
struct move *move_find(const struct engine *engine, uint64_t id);
struct move *move_of_vm(const struct engine *engine, const char *vm); /* not ended */
struct move *move_queue(struct engine *engine, const struct vm *vm, enum drover_purpose purpose,
                        const char *who, const char *reason, const char *wanted);
void move_may_break(struct engine *engine, struct move *move, const struct texts *groups);
void move_text(struct move *move, const char **place, const char *text);
void move_set_state(struct engine *engine, struct move *move, enum migration_state state);
void move_end(struct engine *engine, struct move *move, enum migration_state state,
              const char *error);
bool move_is_by_policy(const struct migration *migration); /* nobody asked: a round decided it */
bool move_is_active(const struct move *move); /* libvirt is, or may be, at work on it */
void moves_prune(struct engine *engine);
void move_free(struct move *move);

/* queue.c */
void queue_pump(struct engine *engine);

/* together.c: VMs that hard rules hold together get one host */
struct companion {
    uint32_t vm;
    uint32_t kept; /* the host on which a place was kept for it; DROVER_NONE: none was */
};

/* The VM of this move, first, and those with queued moves that go where it goes. */
uint32_t together_list(const struct engine *engine, const struct columns *columns,
                       const struct move *move, uint32_t vm, struct arena *arena,
                       struct companion **companions);
void together_give_back(struct engine *engine, struct columns *columns,
                        struct companion *companions, uint32_t n);
/* Keep a place on that host for each; DROVER_NONE: those that were given back. */
void together_keep(struct engine *engine, struct columns *columns,
                   const struct companion *companions, uint32_t n, uint32_t host);

/* convergence.c */
void how_for_move(struct engine *engine, struct move *move, const struct columns *columns,
                  const struct ruleset *rules, uint32_t vm, uint32_t to, uint32_t *max_concurrent);
void on_progress(struct engine *engine, const struct event *event);

/* outcome.c */
void on_migration_done(struct engine *engine, const struct event *event);
void on_effect_failed(struct engine *engine, const struct event *event);
void move_arrived(struct engine *engine, struct move *move);
void outcome_pump(struct engine *engine);
void move_fail(struct engine *engine, struct move *move, const char *error);
void move_abort(struct engine *engine, struct move *move, const char *why, bool retry);
void move_settle(struct engine *engine, struct move *move); /* ask both hosts how it stands */

/* drain.c */
void drains_pump(struct engine *engine);
void drains_touch(struct engine *engine); /* something changed that may help a drain */
void rest_vm(struct engine *engine, const char *vm, double until);
bool vm_rests(const struct engine *engine, const char *vm);

/* balance.c */
void rounds_pump(struct engine *engine);
uint32_t balance_cluster(struct engine *engine, const char *cluster, const char *who,
                         const char **idle); /* returns how many moves were queued */
struct rules engine_rules(const struct engine *engine, const struct columns *columns,
                          struct arena *arena);
struct ruleset *ruleset_of_cluster(const struct engine *engine, const char *cluster);

/* breaker.c */
void breakers_note(struct engine *engine, const struct rows *failures);
void breakers_pump(struct engine *engine);
void breakers_apply(struct engine *engine); /* to a new set */

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
