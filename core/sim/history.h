/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulation over time, for plots: the load of each host, how uneven it is, and every move. The
 * longer it lasts, the coarser the steps, so that a year takes no more room than a day.
 */
#ifndef DROVER_SIM_HISTORY_H
#define DROVER_SIM_HISTORY_H

#include "base/arena.h"
#include "base/field.h"
#include "sim/sim.h"

struct history_move {
    const char *vm, *from, *to;
    double begun_s, took_s; /* after the beginning; from the order to libvirt to its end */
    double downtime_ms;
    double carried_mib;
    uint32_t iterations;    /* walks over its memory */
    uint32_t throttle_pct;  /* the most */
    bool postcopy;
    bool ok;
    bool by_drover;
};
extern const struct field history_move_fields[];

/* One value per host; hosts are by name. */
struct history_point {
    float cpu_pct, memory_pct; /* NAN: it had no power all the time */
};

struct history {
    const char **hosts;
    uint32_t n_hosts;
    double step_s;               /* of time that a point stands for */
    struct history_point *point; /* [time * n_hosts + host]: means */
    float *cpu_imbalance_pct, *memory_imbalance_pct; /* [time]: deviation between hosts */
    uint32_t n_points;
    struct history_move *moves;  /* as they ended; texts are the arena's */
    uint32_t n_moves, move_room;
    struct arena arena;
    /* the step that is not full so far */
    struct history_sum *sum;     /* by host */
    double cpu_imbalance_sum, memory_imbalance_sum;
    uint32_t minutes;
};

struct history *history_new(void);
void history_free(struct history *history);

/* For simulation_run(): at the beginning, every minute, after each move, and at the end. */
void history_begin(struct history *history, const struct sim *sim);
void history_minute(struct history *history, struct sim *sim, double cpu_imbalance_pct,
                    double memory_imbalance_pct);
void history_move(struct history *history, const struct sim_move *move, double begun);

#endif
