/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside engine/: what its files offer each other about moves, from the queue to their end. */
#ifndef DROVER_ENGINE_MOVES_H
#define DROVER_ENGINE_MOVES_H

#include "engine/state.h"

/* restart.c: VMs that run nowhere, and should */
void restarts_pump(struct engine *engine);
void restart_missed(struct engine *engine, const struct watch *watch, const struct event *report);
void restart_crashed(struct engine *engine, const struct vm *vm, const char *why);
/* The hook has let it in somewhere that has not told since what it has: that host is asked. */
bool move_may_have_come_in(struct engine *engine, struct move *move);
/* A VM of which nobody knows how it ended (move->unseen) may be anywhere: all hosts are asked. */
bool move_may_be_anywhere(struct engine *engine, struct move *move);
bool restart_is_ready(struct engine *engine, struct move *move, const struct vm *vm);
void restart_begin(struct engine *engine, struct move *move, uint64_t decision);
void restart_wait(struct engine *engine, struct move *move, const struct decision *decision);
void restart_settle(struct engine *engine, struct move *move, const struct vm *vm);
bool move_is_restart(const struct move *move);
void on_start_done(struct engine *engine, const struct event *event);

/* cold.c, staged.c: moves by definition, cold and offline */
bool move_is_staged(const struct move *move);
bool move_is_cold(const struct move *move);
bool staged_is_ready(struct engine *engine, struct move *move, const struct vm *vm);
void staged_begin(struct engine *engine, struct move *move, uint64_t decision);
void staged_pump(struct engine *engine, struct move *move);
void staged_arrived(struct engine *engine, struct move *move);
bool staged_owes(const struct engine *engine, const char *key, const char *host); /* off: by us */
bool staged_gone(struct engine *engine, const char *host, const char *key, const char *why);
bool staged_comes_back(const struct engine *engine, const char *key, const char *host);
const char *staged_keeps_for(const struct engine *engine, const char *key,
                             const char *host); /* where it was started instead, or NULL */
void staged_start_done(struct engine *engine, struct move *move, const struct event *event);
void on_step_done(struct engine *engine, const struct event *event);
const char *staged_no_abort(struct engine *engine, const struct move *move); /* NULL: it can be */
void staged_abort(struct engine *engine, struct move *move, const char *why);
bool staged_is_there(const struct engine *engine, const struct move *move); /* as its host says */
void staged_confirm(struct engine *engine, struct move *move);
void staged_revert(struct engine *engine, struct move *move, const char *why);

/* kinds.c: how a VM is to be moved, as somebody asks for it */
void request_migrate(struct engine *engine, const struct event *event);
void request_confirm(struct engine *engine, const struct event *event);
void request_revert(struct engine *engine, const struct event *event);
/* Sets in move->how what it asks for, and leaves out what does not go with that. */
void kind_adjust(struct move *move, const struct vm *vm);
uint32_t kind_waives(const struct migration *record); /* DROVER_WAIVE_... */

/* moves.c */
struct move *move_find(const struct engine *engine, uint64_t id);
struct move *move_of_vm(const struct engine *engine, const char *vm); /* not ended */
struct move *move_queue(struct engine *engine, const struct vm *vm, enum drover_purpose purpose,
                        const char *who, const char *reason, const char *wanted); /* live */
struct move *move_queue_as(struct engine *engine, enum migration_kind kind, const struct vm *vm,
                           enum drover_purpose purpose, const char *who, const char *reason,
                           const char *wanted);
void move_may_break(struct move *move, const struct texts *groups);
void move_text(struct move *move, const char **place, const char *text);
void move_tell(struct engine *engine, const struct move *move); /* its record, to the journal */
void move_set_state(struct engine *engine, struct move *move, enum migration_state state);
void move_end(struct engine *engine, struct move *move, enum migration_state state,
              const char *error);
bool move_is_by_policy(const struct migration *migration); /* nobody asked: a round decided it */
bool move_is_active(const struct move *move); /* libvirt is, or may be, at work on it */
void moves_prune(struct engine *engine);
void move_free(struct move *move);

/* queue.c */
void queue_pump(struct engine *engine);

/* libvirtd.c: what the hosts' libvirt daemons can do at a time */
uint32_t libvirtd_outgoing(const struct engine *engine, const char *host);
uint32_t libvirtd_incoming(const struct engine *engine, const char *host);
void libvirtd_tell(struct engine *engine);

/* learn.c: what a move is expected to be, when it begins, and what came of it */
void learn_begin(struct engine *engine, struct move *move, const struct columns *columns,
                 uint32_t vm, uint32_t to);
void learn_end(struct engine *engine, const struct move *move);
void learn_recall(struct engine *engine, const char *rest, const char *text);

/* measure.c: dirty rates of VMs that are about to be moved */
void measure_queued(struct engine *engine, const struct move *move);
bool measure_first(struct engine *engine, struct move *move);
void measure_pump(struct engine *engine);
void measuring_free(struct measuring *measuring);
void on_measured(struct engine *engine, const struct event *event);
void do_measure(struct engine *engine, const struct event *event);

/* postpone.c: moves whose migrate unit wants them to wait. True: this one does. */
bool move_postpone(struct engine *engine, struct move *move, double wait_s, const char *why);

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
struct how_ask {
    const struct settings *settings;
    const struct columns *columns;
    const struct ruleset *rules;
    uint32_t vm, to; /* DROVER_NONE: not known yet */
    enum drover_purpose purpose;
    double waited_s;     /* since it was queued; 0: somebody only asks */
    const struct links *links; /* what was learnt; NULL: nothing */
    struct arena *arena; /* for the answer */
};
struct how_answer {
    struct how how;
    uint32_t max_concurrent;     /* per host and direction; 0: the configured limit */
    const char *unit;            /* the migrate unit that was asked; "": none */
    struct unit_failure failure; /* times 0: the migrate unit answered, or there is none */
    struct channel_share share;
    struct rows left_out;        /* struct left_out: what was wanted, and cannot be had */
    double wait_s;               /* not now: the migrate unit wants to be asked again then */
    const char *wait_why;
};
/* How this VM would move there: the same for the engine's moves and for who only asks. Pure. */
struct how_answer how_asked(const struct how_ask *ask);
struct learnt how_learnt(const struct how_ask *ask); /* of the link between the two hosts */
void how_for_move(struct engine *engine, struct move *move, const struct columns *columns,
                  const struct ruleset *rules, uint32_t vm, uint32_t to, uint32_t *max_concurrent);
void on_progress(struct engine *engine, const struct event *event);
void schedules_pump(struct engine *engine);

/* wishes.c: what a VM wishes for itself */
const struct bound_unit *wished_unit(const struct how_ask *ask, struct how_answer *answer);
void how_by_wishes(const struct how_ask *ask, struct drover_how *how, struct how_answer *answer);

/* control.c: what people ask of moves, and how they wait */
struct move *move_of_request(struct engine *engine, const struct event *event);
const char *request_argument(const struct event *event, const char *key);
void do_abort(struct engine *engine, const struct event *event);
void do_force_complete(struct engine *engine, const struct event *event);
void do_set_priority(struct engine *engine, const struct event *event);
bool force_failed(struct engine *engine, const struct event *event); /* the effect was one */
void force_ended(struct engine *engine, struct move *move); /* a guest that it stopped runs on */

/* refit.c: pinning that has to be fitted to the destination */
void refit_for_move(struct engine *engine, struct move *move);

/* postcopy.c */
void postcopy_broke(struct engine *engine, struct move *move, const struct vm *vm);

/* figures.c */
void figures_begin(struct move *move);
void figures_take(struct move *move, double now); /* of its new progress */
void figures_end(struct move *move);
void on_migration_checked(struct engine *engine, const struct event *event);

/* channel.c: how the bytes travel */
void channel_choose(const struct how_ask *ask, const struct drover_how *asked,
                    struct how_answer *answer);
void channel_begin(struct engine *engine, struct move *move);
void channel_pump(struct engine *engine);
void channel_set_changed(struct engine *engine);
void do_set_bandwidth(struct engine *engine, const struct event *event);

/* features.c */
void left_out_add(struct rows *left_out, struct arena *arena, const char *code, const char *text);
void features_leave_out(const struct how_ask *ask, struct how_answer *answer);
void how_leave_out(const struct how_ask *ask, struct how_answer *answer, const char *code,
                   const char *text); /* the text must live as long as the ask's arena */

/* outcome.c */
void on_migration_done(struct engine *engine, const struct event *event);
void on_effect_failed(struct engine *engine, const struct event *event);
bool move_is_meant(const struct move *move, const struct event *event); /* its try under way is */
void move_arrived(struct engine *engine, struct move *move);
void outcome_pump(struct engine *engine);
void move_fail(struct engine *engine, struct move *move, const char *error);
void move_abort(struct engine *engine, struct move *move, const char *why, bool retry);
void move_settle(struct engine *engine, struct move *move); /* ask both hosts how it stands */
void move_complete(struct engine *engine, struct move *move);
void move_add_tried(struct move *move, const char *host);
void move_queue_again(struct engine *engine, struct move *move, const char *error, double pause);
bool move_host_reported(const struct engine *engine, const struct move *move, const char *host);

#endif
