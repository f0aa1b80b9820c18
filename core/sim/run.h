/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulation: the real engine in a made world, for a while of virtual time, with everything
 * that must hold checked after every event. Same fleet, rules, options: same story, to the byte.
 */
#ifndef DROVER_SIM_RUN_H
#define DROVER_SIM_RUN_H

#include "engine/engine.h"
#include "model/effect.h"
#include "model/event.h"
#include "sim/history.h"
#include "sim/sim.h"

struct simulation_drain {
    const char *host;
    double at_s; /* after the beginning */
};

/* One line of the story. who: "drover" or "world". */
typedef void simulation_tell(void *self, double at, const char *who, enum notice_level level,
                             const char *text);

/* Whoever keeps what happens, as droverd's journal does; see replay/record.h. */
struct simulation_journal {
    void *self;
    uint64_t (*event)(void *self, const struct event *event); /* returns its number */
    void (*effects)(void *self, uint64_t event, const struct effects *effects);
    void (*end)(void *self, const struct engine *engine); /* NULL: the controller is dead */
};

struct simulation {
    const struct fleet *fleet;
    const struct settings *settings;    /* limits and times; hosts and clusters are the fleet's */
    const struct cluster_rules *rules;  /* bound policies: their breakers are reset */
    uint32_t n_rules;
    uint64_t seed;
    uint64_t faults;
    const uint32_t *strikes; /* where known, only these strike, ascending, the first is 1 */
    uint32_t n_strikes;
    bool strikes_known;
    double duration_s; /* in which faults strike */
    double settle_s;   /* after that, with faults only: calm, at the end of which all is well */
    bool steady;
    const struct trace *trace; /* NULL: none */
    const struct simulation_drain *drains;
    uint32_t n_drains;
    struct history *history; /* fresh; NULL: nobody wants it */
    simulation_tell *tell; /* NULL: nobody listens */
    void *self;
    const struct simulation_journal *journal; /* NULL: nothing is kept */
    const char *set; /* what the journal knows the rules by; NULL: "simulated" */
};

struct figures {
    uint64_t seed;
    double virtual_s;
    uint64_t events, steps, checks;
    uint64_t balanced; /* moves ordered to balance */
    uint64_t ordered, completed, failed, aborted, cancelled; /* moves */
    uint64_t adopted, retried;
    double carried_mib;
    double downtime_s, longest_downtime_ms;
    uint32_t drains, drains_done;
    double longest_drain_s, mean_drain_s;
    double drain_s; /* of all together */
    double cpu_imbalance_pct, memory_imbalance_pct;   /* deviation between hosts, mean over time */
    double cpu_imbalance_end_pct, memory_imbalance_end_pct;
    double vm_seconds_lost;
    uint64_t restarts;   /* VMs that drover has started again */
    uint64_t fences;     /* running hosts that were switched off by its order */
    uint64_t lied_into;  /* VMs that were started while they ran unseen, by a fence device's lie */
    uint64_t controllers_killed, faults_struck;
};
extern const struct field figures_fields[];

struct simulation_result {
    struct figures figures;
    bool broken;
    const char *rule;  /* the invariant's name; NULL: none is broken */
    double broken_at;  /* after the beginning */
    char what[1024];   /* how it was broken */
    uint64_t struck[FAULTS]; /* by kind */
};

/* How many kinds of things are checked; figures.checks counts how often. */
uint32_t simulation_invariants(void);

/* -1 with the error set: it cannot even begin. 0 also where a rule was broken: see the result. */
int simulation_run(const struct simulation *simulation, struct simulation_result *result,
                   struct error *error);

#endif
