/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside sim/: one simulation under way. */
#ifndef DROVER_SIM_RUN_PRIVATE_H
#define DROVER_SIM_RUN_PRIVATE_H

#include "engine/engine.h"
#include "sim/random.h"
#include "sim/run.h"

/* What the engine wants remembered, as a journal keeps it. */
struct memo {
    char *name, *value;
};

struct memory_store {
    struct memo *item; /* by name */
    uint32_t n, capacity;
    uint64_t last_id;  /* the highest of an effect that was kept */
};

void memory_put(struct memory_store *store, const char *name, const char *value); /* NULL: forget */
void memory_keep(struct memory_store *store, const struct effects *effects);
void memory_free(struct memory_store *store);

struct vm_history {
    double moved_at; /* by the controller's clock; NAN: never */
};

/* A drain that was asked for and is not over. */
struct drain_watch {
    double since;
    bool wanted;
    enum wish_asked { WISH_OFF, WISH_ON, WISH_UNKNOWN } asked; /* by an operator */
};

struct hang_watch {
    uint64_t id;
    double since;
};

struct checks {
    struct vm_history *vms;     /* by index */
    struct drain_watch *drains; /* by host */
    struct hang_watch *hangs;
    uint32_t n_hangs, hang_room;
    double second;              /* ticks within this second */
    uint32_t ticks;
    uint64_t jobs_seen;
    double cpu_sum, memory_sum;
    uint32_t samples;
};

struct run {
    const struct simulation *simulation;
    struct simulation_result *result;
    struct sim *sim;
    struct world world;
    struct settings settings; /* what the controller is configured with */
    struct engine *engine;    /* NULL: the controller is dead */
    struct effects effects;
    struct memory_store store;
    struct checks checks;
    struct random chance;
    double begun, end;
    double tick_at;    /* the world's time; INFINITY: none */
    double back_at;    /* when the dead controller is started again */
    double next_minute;
    bool dying;        /* the next step is its last */
};

/* A rule is broken: the first one is kept. */
void run_broken(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* check.c */
void checks_begin(struct run *run);
void checks_end(struct run *run);
void check_step(struct run *run, const struct event *event, bool kept);
void check_world(struct run *run);  /* after something happened in it */
void check_minute(struct run *run);
void check_tick(struct run *run);
void check_rest(struct run *run);   /* when all is calm, at the end */

#endif
