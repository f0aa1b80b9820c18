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

struct checks;

struct run {
    const struct simulation *simulation;
    struct simulation_result *result;
    struct sim *sim;
    struct world world;
    struct settings settings; /* what the controller is configured with */
    struct engine *engine;    /* NULL: the controller is dead */
    struct effects effects;
    struct memory_store store;
    struct checks *checks;    /* check.h */
    struct random chance;
    double begun, end;
    double tick_at;    /* the world's time; INFINITY: none */
    double back_at;    /* when the dead controller is started again */
    double next_moment, next_minute;
    bool dying;        /* the next step is its last */
};

/* A rule is broken: the first one is kept. */
void run_broken(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Events of a controller that starts. */
struct event *run_set_changed(struct run *run);
struct event *run_recalled(struct run *run, const struct memo *memo);

/* check.c: what must hold is looked at ... */
void checks_begin(struct run *run);
void checks_end(struct run *run);
void check_birth(struct run *run);  /* when a controller starts */
void check_step(struct run *run, const struct event *event, bool kept);
void check_world(struct run *run);  /* after something happened in it */
void check_moment(struct run *run); /* every few seconds */
void check_minute(struct run *run);
void check_death(struct run *run);  /* before a controller dies that has kept everything */
void check_rest(struct run *run);   /* when all is calm, at the end */

#endif
