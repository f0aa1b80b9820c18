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
#include "engine/lack.h"
#include "engine/learn.h"
#include "model/calls.h"

/* Who wants a host empty. */
struct wish {
    bool by_operator;
    bool by_file;
    bool by_policy; /* it has no VMs, and its policy wants that to stay so: see power.c */
    char *who; /* of the operator's wish */
    double since;
};

/* How far drover has come with switching a host that nothing is wrong with: see power.c. */
enum power_phase {
    POWER_ON,       /* nothing is done about it */
    POWER_ASKING,   /* its libvirt is asked once more whether a VM runs there */
    POWER_TO_OFF,   /* a device was told to switch it off */
    POWER_VERIFY,   /* its devices say that it is off: its connection is to break, too */
    POWER_UNSURE,   /* they did not, or did not say so: it may be either, and may still go off */
    POWER_CHECKING, /* a device was asked how it is */
    POWER_OFF,
    POWER_TO_ON,    /* a device was told to switch it on */
    POWER_BOOTING,  /* its devices say that it is on: it is to be heard soon */
    POWER_STUCK,    /* it was to be on, and is not; tried again later */
};

struct power {
    enum power_phase phase;
    double until;      /* the phase lasts at most to then */
    uint64_t order;    /* id of the last fence effect */
    uint32_t device;   /* the one that was told, by position in its setting */
    uint64_t asked_step; /* asking, verifying: by a report later than this step ... */
    double asked_at;     /* ... that was begun to be read at this time or later */
    double not_before; /* the next try to switch it off */
    double left_alone_until; /* by policies: a person or a need has just taken it into use */
    bool wanted_off;
    bool remembered;
    char *said;        /* what its device said last, or why nothing is done */
};

/* How far drover has come with a host that does not answer: see failure.c. */
enum failure_phase {
    FAILURE_NONE,
    FAILURE_LISTENING, /* a device listens whether the host says itself that it runs nothing more */
    FAILURE_PROBING,   /* does anything of it answer? */
    FAILURE_SOFT,      /* a device was told to bring its libvirtd back */
    FAILURE_SOFT_WAIT, /* it says that it did: the host may come back */
    FAILURE_OFF,       /* a device was told to switch it off */
    FAILURE_VERIFY,    /* the devices say that it is off: is it silent, too? */
    FAILURE_STUCK,     /* none of the devices did it; they are tried again later */
    FAILURE_LATE,      /* it came back while a device worked: that may still switch it off */
};

struct proof;

/* Who says that a host is about to fail: see alarm.c. */
enum alarm_source { ALARM_BY_FILE, ALARM_ASKED, ALARM_SOURCES };

struct failure {
    enum failure_phase phase;
    double until;        /* the phase lasts at most to then */
    uint64_t order;      /* id of the fence effect whose answer is awaited; 0: none */
    uint32_t device;     /* the one that was told, by position in its setting */
    double grace_from, grace_ends; /* of the loss at that time; ends 0: not counted yet */
    bool listened;       /* that was done since it was lost, or since all devices failed */
    double spoke_at;     /* it was lost, and its hook asked all the same; 0: not so */
    double off_said_at;  /* devices said off while the host was connected; NAN: not so */
    char *said;          /* what the devices said last, or why none is asked */
    bool reviewed;       /* what was lost with it has been gone through */
    bool told_not_kept;  /* who of them does not come back was said, once */
    bool all;            /* a person wants all of it back, whatever the policy says */
    struct proof *proof; /* that it is off: see proof.h */
};

/* Whether its VMs would fit elsewhere if it died now: see spare.c. */
struct spare {
    double looked_at;    /* 0: never */
    struct texts unfit;  /* names of those that would not; not known: nobody has looked */
    bool lost;           /* there are some */
    uint32_t looks;      /* so many looks in a row have found that */
    bool told;           /* it was told that it is lost */
};

/* What the engine knows of a host beyond its record. */
struct watch {
    char *name;
    bool configured;
    bool connected;
    bool reported;       /* a full report since the connection was made */
    uint64_t report_step; /* the step of the last one */
    double report_at;     /* when reading it began */
    double away_s;       /* so long it was out of sight before this connection */
    double lost_at;      /* while not connected: since when */
    char *lost_reason;
    struct wish maintenance;
    struct lost lost;
    char *lack;          /* a network or storage that its VMs use and that is gone; NULL: none */
    double drain_at;     /* look at its drain again then */
    double looked_at;    /* the last look at it */
    uint32_t idle_looks; /* so many looks in a row set nothing going, as far as that is counted */
    double trouble_at;   /* the same for a non-operational host */
    struct plan *held;   /* the last plan of its drain: who cannot go, and why; NULL: none */
    char *state_reason;
    struct failure failure;
    char *alarm[ALARM_SOURCES]; /* what announces trouble of the host; NULL: nothing */
    struct power power;
    struct spare spare;
};

/* Who has how much of a move's bandwidth to say: see channel.c. */
struct channel_share {
    bool known;          /* false: the move was begun before a restart, or not by drover */
    bool running;        /* shared by the moves that run, not by those that may */
    uint32_t concurrent; /* those that may */
    double mbps;         /* what the policy gives to all of them; 0: no limit */
    double fixed_mib_s;  /* what the migrate unit wants for this one; 0: nothing */
    double asked_mbps;   /* what a person wants; 0: no limit; NAN: nothing */
};

/* A feature that a move goes without. */
struct left_out {
    const char *code; /* of the notice, stable */
    const char *text; /* "zero-copy: host kvm2 has ..." */
};

struct move {
    struct migration record; /* texts are in arena */
    struct how how;
    struct channel_share share;
    struct rows left_out; /* struct left_out */
    bool unsettled;    /* recalled, or its call failed: how it stands is to be found out */
    uint64_t settle_step; /* by reports later than this step ... */
    double settle_at;     /* ... that were begun to be read at this time or later */
    double missing_since; /* unsettled: neither host shows the VM since then; NAN: not so */
    bool call_done;
    bool followed;     /* live: ordered, or watched, by this droverd: its end will be told */
    bool call_ok;      /* cold, offline: and it was done */
    bool ordered;      /* the same: what this stage wants was ordered, by this droverd */
    bool arrived;      /* the destination says that the VM runs there */
    bool left;         /* the source says that it is gone */
    bool abort_sent;
    bool was_paused;   /* its guest stood still before: drover never wakes that */
    uint32_t recoveries; /* of its broken post-copy, so far */
    double recover_at;   /* the next one; NAN: none is waited for */
    uint64_t force_order; /* id of the effect that forces it; 0: none has been given */
    double figures_at; /* when its progress was last counted; NAN: not yet */
    bool retry_after_abort; /* aborted by drover for a better destination, not by a person */
    bool vm_ended;     /* the guest was shut down meanwhile */
    bool unseen;       /* restarts, cold: nobody saw its end; all have to say that they have it not */
    bool told_short;   /* restarts: that no host takes it has been said */
    double check_at;   /* ask its hosts again then */
    double wait_s;     /* its migrate unit wants it to wait so long; 0: it may start */
    const char *wait_why;
    double link_mib_s; /* what its links should have carried for it; NAN: not known; 0: it did not
                          begin here, but before a restart */
    struct arena arena;
};

/* A unit that failed lately. */
struct breaker {
    char *unit;
    uint32_t failures; /* in a row */
    bool open;
    double retry_at;
};

struct breakers {
    struct breaker *item;
    uint32_t n, room;
    struct ruleset *const *ruleset; /* whose units they are */
    uint32_t n_rulesets;
};

enum breaker_what { BREAKER_COUNTS, BREAKER_OPENS, BREAKER_CLOSES };

struct breaker_change {
    enum breaker_what what;
    const char *unit, *error, *treated;
    uint32_t failures;
    int open_s;
};

typedef void breaker_tell(struct engine *engine, void *self, const struct breaker_change *change);

/* A policy that decides beside the one in force: see shadow.c. */
struct shadow {
    char *cluster, *active, *name, *hash;
    struct ruleset *rules;
    struct breakers breakers;
    struct shadow_status status; /* its texts are those above */
};

/* A VM and a moment. In `rests`: drains leave it alone until then, all its tries failed. */
struct rest {
    char *vm;
    double until;
};

/* A VM that somebody else starts or sends, and that the hook has let in: see booking.c. */
struct booking {
    char *vm; /* key */
    char *host;
    double at, until;
    double moving_at; /* when it was last possible that its source was sending it */
    bool moves; /* by a live migration; else it starts there */
    bool added; /* nobody knew it: it is in the fleet for the booking alone */
    bool over;  /* its place was given back, but its host has not told since what it has */
};

/* A VM that two hosts claim: see twice.c. */
struct doubt {
    char *vm;
    char *host[2];
    double since;     /* when it arose */
    bool seen[2];     /* each has said so in a report that was begun to be read after that */
    bool told;
};

/* The last known state of a VM that is remembered over a restart: see keep.c. */
struct kept {
    char *key;
    char *lines;    /* as remembered */
    bool confirmed; /* a host has spoken of it since droverd started */
};

/* A definition left behind on the host where the VM ran before it was restarted elsewhere. */
struct leftover {
    char *vm;
    char *host;
    double until; /* once the host is back it waits so long for it to be removed; NAN: not back */
    double ask_at; /* and is asked anew then, whether it is still there */
};

/* A VM that a drain for people has moved away from its host: see home.c. */
struct home {
    char *vm; /* key */
    char *host;
    char *at; /* where the drain has put it */
    char *who; /* asked for its return */
    bool due; /* as soon as its host is up */
};

/* A VM whose dirty rate was asked for lately: see measure.c. */
struct measuring {
    char *vm, *host;
    double at;
    bool answered;
    uint64_t request; /* a person waits for it; 0: nobody */
};

struct engine {
    double now;
    double started_at;
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
    struct breakers breakers;
    struct shadow **shadows; /* of the clusters that have one */
    uint32_t n_shadows;
    struct rest *rests;
    uint32_t n_rests, rest_room;
    struct rest *rested; /* VMs that moved lately, until they may be balanced again */
    uint32_t n_rested, rested_room;
    struct doubt *doubts;
    uint32_t n_doubts, doubt_room;
    struct booking *bookings;
    uint32_t n_bookings, booking_room;
    struct kept *kept; /* by key */
    uint32_t n_kept, kept_room;
    struct home *homes; /* in the order in which they left */
    uint32_t n_homes, home_room;
    struct links links;
    struct measuring *measuring;
    uint32_t n_measuring, measuring_room;
    struct leftover *leftovers;
    uint32_t n_leftovers, leftover_room;
    bool cut_off; /* so many hosts are gone that it must be drover */
    bool cut_off_told;
    double heard_again_at; /* that was over */
    double round_at;
    bool dirty;
    double wake_at;
    struct effects *out; /* during a step */
    struct calls calls;  /* of units, in this step */
    char **group_problems; /* what is wrong with groups, as it was told last */
    uint32_t n_group_problems;
    struct host_status *status_view;
    struct arena status_arena;
};

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

/* hosts.c */
struct watch *watch_find(const struct engine *engine, const char *host);
struct watch *watch_add(struct engine *engine, const char *host);
void watch_free(struct watch *watch);
bool watch_wants_maintenance(const struct watch *watch);
bool watch_is_wanted_by_people(const struct watch *watch); /* not by its policy */
bool host_has_vms(const struct engine *engine, const char *host); /* or some on their way */
void on_host_connected(struct engine *engine, const struct event *event);
void on_host_lost(struct engine *engine, const struct event *event);
void on_host_report(struct engine *engine, const struct event *event);
void on_sample(struct engine *engine, const struct event *event);
void hosts_pump(struct engine *engine);
double word_at(const struct engine *engine, const struct event *event); /* when it was so */

/* alarm.c: hosts that announce trouble */
const char *watch_alarm(const struct watch *watch); /* NULL: none */
void alarm_on(struct engine *engine, struct watch *watch, const char *reason, const char *who);
void alarm_off(struct engine *engine, struct watch *watch);
void alarm_recall(struct engine *engine, const char *host, const char *text);
void on_host_alarm(struct engine *engine, const struct event *event);

/* spare.c: what would not fit if a host died */
void spare_review(struct engine *engine);
void spare_free(struct spare *spare);

/* failure.c: hosts that do not answer */
void failure_pump(struct engine *engine);
enum drover_host_state failure_state(struct engine *engine, struct watch *watch,
                                     const char **reason);
void failure_host_back(struct engine *engine, struct watch *watch);
void failure_host_lost(struct engine *engine, struct watch *watch);
void failure_host_reported(struct engine *engine, struct watch *watch);
void failure_set_changed(struct engine *engine);
void failure_free(struct failure *failure);
void failure_prove_again(struct engine *engine, struct watch *watch, const char *vm);
void on_probed(struct engine *engine, const struct event *event);
void on_fenced(struct engine *engine, const struct event *event);
void failure_host_spoke(struct engine *engine, struct watch *watch); /* but not by libvirt */
bool failure_order(struct engine *engine, struct watch *watch, const char *action);

/* power.c: hosts that drover switches though nothing is wrong with them */
void power_pump(struct engine *engine);
bool power_covers(const struct watch *watch); /* that it is silent is drover's doing, or may be */
bool power_state(struct engine *engine, const struct watch *watch, enum drover_host_state *state,
                 const char **reason);
bool power_heard(struct engine *engine, struct watch *watch, const struct event *event);
void power_host_reported(struct engine *engine, struct watch *watch);
void power_rest(struct engine *engine, struct watch *watch, const char *why); /* by policy */
void power_want_off(struct engine *engine, struct watch *watch, bool off);
void power_use(struct engine *engine, struct watch *watch, const char *why); /* on, no policy's */
void power_hand_over(struct engine *engine, struct watch *watch); /* to people; its phase stays */
void power_recall(struct engine *engine, struct watch *watch, const char *lines);
void power_drop(struct engine *engine, struct watch *watch); /* not configured any more */
void power_free(struct power *power);

/* home.c: VMs that may go back to where they were */
void home_note(struct engine *engine, const struct move *move); /* it has been completed */
void home_return(struct engine *engine, const char *host, bool come, const char *who);
void homes_pump(struct engine *engine);
void home_recall(struct engine *engine, const char *vm, const char *lines);
void home_free(struct home *home);

/* capacity.c: which hosts are in use */
void capacity_perform(struct engine *engine, const char *cluster, const struct plan *plan);
bool capacity_need(struct engine *engine, const char *vm); /* no host takes it: is one to come? */

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

/* leftover.c: definitions left behind by restarts and cold moves */
void leftover_add(struct engine *engine, const char *vm, const char *host);
void leftover_seen(struct engine *engine, const char *vm, const char *host);
void leftover_gone(struct engine *engine, const char *vm, const char *host);
void leftovers_of_report(struct engine *engine, const struct event *event);
void leftovers_lost_host(struct engine *engine, const char *host);
bool leftovers_hold(struct engine *engine, const char *host);
bool leftover_is_at(const struct engine *engine, const char *vm, const char *host);
void leftover_recall(struct engine *engine, const char *vm, const char *host);
void leftover_free(struct leftover *leftover);

/* keep.c: the last known state of VMs over a restart of droverd */
void keep_vm(struct engine *engine, const struct vm *vm);
void keep_end(struct engine *engine, const char *key);
bool keep_is_hearsay(const struct engine *engine, const char *key); /* nobody has confirmed it */
void keep_confirm(struct engine *engine, const char *key);
void keep_recall(struct engine *engine, const char *key, const char *lines);
void keep_free(struct kept *kept);

/* vms.c */
void on_vm_changed(struct engine *engine, const struct event *event);
void on_vm_gone(struct engine *engine, const struct event *event);
void vm_seen(struct engine *engine, const char *host, const struct vm *seen);
void vm_gone(struct engine *engine, const char *host, const char *key, const char *why);
bool vm_changed_since(const struct vm *vm, double at); /* what was read before says nothing of it */
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

/* booking.c: room for what the hook has let in */
const struct booking *booking_of(const struct engine *engine, const char *vm, const char *host);
const struct booking *booking_elsewhere(const struct engine *engine, const char *vm,
                                        const char *host); /* its start on another host */
void booking_add(struct engine *engine, const struct vm *vm, const char *host, bool moves);
void booking_seen(struct engine *engine, const char *vm, const char *host); /* it runs there */
void booking_end(struct engine *engine, const char *vm, const char *host);
/* The first host from *i on that let the VM in, and has not said since what it has; NULL: none. */
const struct watch *booking_unheard(const struct engine *engine, const char *vm, double since,
                                    uint32_t *i);
void bookings_pump(struct engine *engine);
void booking_recall(struct engine *engine, const char *rest, const char *text);
void booking_free(struct booking *booking);

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
