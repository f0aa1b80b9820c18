/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside sim/: what must hold, whatever happens. Each invariant is a line of a table (check.c): a
 * name, a sentence, and when it is looked at. They go by the world's truth and by what the
 * controller has been told; what the engine believes proves nothing.
 */
#ifndef DROVER_SIM_CHECK_H
#define DROVER_SIM_CHECK_H

#include "sim/run_private.h"

struct invariant {
    const char *name;
    const char *says;
    void (*step)(struct run *run, const struct event *event); /* the engine has taken an event */
    void (*world)(struct run *run);  /* something happened in the world */
    void (*moment)(struct run *run); /* every five seconds, while the controller lives */
    void (*minute)(struct run *run); /* every minute, likewise */
    void (*death)(struct run *run);  /* the controller is about to be killed, all kept on disk */
    void (*rest)(struct run *run);   /* at the end, when all is calm */
};

/* Ends with a line without a name. */
extern const struct invariant invariants[];

/* What a host last said of a VM to this controller. */
struct word {
    double at;   /* the world's time when it said that it runs there; NAN: never */
    double said_at; /* the same by the clock of who told: reports that were begun before are older */
    bool claims; /* its last word: it runs there, and is not about to leave */
};

/* A move that has not ended, as far as this controller goes. */
struct follow {
    uint64_t id;
    bool there;        /* the engine still has it */
    double ordered_at; /* the world's time; -INFINITY: by an earlier controller */
    double idle_since, queued_since, abort_since; /* NAN: not so */
    bool arrived; /* idle_since: and its VM runs at its destination since then */
    bool abort_promised;
    uint32_t aborts, postcopies; /* of this try */
    double downtime_ms;          /* the last that was allowed in it; NAN: none */
    bool may_repeat;             /* its schedule has a step twice, or is not known */
};

/* A drain that was asked for and is not over. */
struct drain_watch {
    double since;      /* the host is wanted empty; NAN: it is not */
    bool under_way;
    double idle_since; /* nothing goes on, and nothing is said to hold it; NAN: not so */
    enum wish_asked { WISH_OFF, WISH_ON, WISH_UNKNOWN } asked; /* by an operator */
};

/* A VM that drover has set out to start again, and that does not run so far. */
struct owed {
    bool owed;
    double since; /* nothing is being done about it; NAN: not so */
};

struct checks {
    const struct invariant *checking;
    double controller_since;
    bool kept;                  /* this step's effects are on disk */
    struct word *words;         /* VM * hosts + host */
    double *moved_at;           /* by VM, by the controller's clock; NAN: never */
    double *moved_truly_at;     /* the same by the world's, which is never set back */
    struct unknown {
        uint64_t job;
        double since; /* NAN: not so */
    } *unknown;                 /* by VM: drover moves it, and does not know */
    struct owed *owed;          /* by VM */
    struct drain_watch *drains; /* by host */
    struct follow *follows;
    uint32_t n_follows, follow_room;
    bool follows_done;          /* nothing is under way */
    double second;              /* ticks within this second */
    uint32_t ticks;
    double refresh_second;      /* refreshes within this second */
    uint32_t refreshes;
    uint64_t jobs_seen;
    double quiet_since;         /* no move was ordered since then */
    bool asked;                 /* somebody has asked for something */
    double cpu_sum, memory_sum;
    uint32_t samples, minutes;
};

/* check.c */
bool clock_is_right(const struct run *run); /* not set back behind what the engine has seen */
const struct migration *migration_of(const struct run *run, uint64_t id);

/* check_word.c: not an invariant, but what they go by */
void words_begin(struct run *run);
void words_hear(struct run *run, const struct event *event);
struct word *word_of(struct run *run, uint32_t vm, uint32_t host);

/* check_order.c */
void check_answers(struct run *run, const struct event *event);
void check_orders(struct run *run, const struct event *event);
void check_proof(struct run *run, const struct event *event);
void check_claims(struct run *run, const struct event *event);
void check_cooldown(struct run *run, const struct event *event);
void check_repeats(struct run *run, const struct event *event);
void check_budget(struct run *run, const struct event *event);
void check_quiet(struct run *run, const struct event *event);

const struct ruleset *check_rules(const struct run *run, const char *cluster);

/* check_groups.c */
void check_groups(struct run *run, const struct event *event);

/* check_restart.c */
void owed_step(struct run *run, const struct event *event);
void check_restarts(struct run *run, const struct event *event);
void check_undefined(struct run *run, const struct event *event);
void check_fences(struct run *run, const struct event *event);
void check_owed(struct run *run);
void check_owed_at_rest(struct run *run);

/* check_power.c */
void check_power(struct run *run, const struct event *event);

/* check_follow.c */
void follows_begin(struct run *run);
struct follow *follow_of(struct run *run, uint64_t move);
void follow_step(struct run *run, const struct event *event);
void check_arrival(struct run *run, const struct event *event);
void check_ends(struct run *run);
void check_starts(struct run *run);
void check_aborts(struct run *run);
void check_known(struct run *run);

/* check_drain.c */
void drains_begin(struct run *run);
void note_drains(struct run *run, const struct event *event);
void check_drains(struct run *run);
void check_wishes(struct run *run);

/* check_rebuild.c */
void check_rebuild(struct run *run);
void check_rebuild_sometimes(struct run *run);
void check_rebuild_world(struct run *run);

/* check_rest.c */
void check_hosts_at_rest(struct run *run);
void check_vms_at_rest(struct run *run);

/* check_figures.c: what is counted and not judged */
void figures_step(struct run *run);
void figures_minute(struct run *run);

#endif
