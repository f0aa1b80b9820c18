/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Before a move starts: will it converge, how long does it take, how long does the guest stand
 * still, how far does its schedule get. Pure: figures in, figures out; docs/forecast.md has the
 * formulas with an example worked out.
 *
 * Theory of operation. There is one model of pre-copy, decide/copy.h, which the simulator's
 * migrations go by, too, and which is set against real ones in docs/calibration.md. The forecast
 * lets it run with the guest's measured figures at the rate that the move may expect, and follows
 * the schedule meanwhile as the engine would, a report every second. For a guest whose writes
 * hit fresh pages that is the geometric series of pre-copy: pass i sends what was written during
 * pass i-1, M * (d/r)^(i-1), so that it takes M / (r - d) and ends where a pass leaves less than
 * r * pause; it converges where d < r, or where the working set is no larger than r * pause.
 * Nothing is guessed: a dirty rate or a link that nobody knows makes the end "unknown".
 */
#ifndef DROVER_DECIDE_FORECAST_H
#define DROVER_DECIDE_FORECAST_H

#include "model/columns.h"
#include "model/forecast.h"

/* 1 Mbps in MiB/s. */
#define FORECAST_MIB_PER_MBIT (1e6 / 8 / 1048576)

/* What is known of the guest, of the way, and of how it is to go. NAN: not known. */
struct forecast_ask {
    double memory_mib;
    double dirty_mib_s;
    double working_set_mib;
    bool writes_round;   /* one page after the other: see decide/copy.h */
    double cpu_pct;      /* of its vCPUs: what auto-converge takes from */
    double rate_mib_s;
    double switch_mib_s; /* while the guest stands still, and in post-copy: no limit holds then */
    double downtime_ms;  /* 0: QEMU's default */
    bool auto_converge;
    const struct how *how; /* its schedule alone is looked at; NULL: there is none */
};

/* Fills in everything from `ends` to `least_s`, and `missing`. */
void forecast_run(const struct forecast_ask *ask, struct forecast *forecast);

/* What moves between two hosts were seen to get; see engine/learn.c. */
struct learnt {
    double factor;     /* of what was expected; NAN: nothing is known */
    double rate_mib_s; /* where nothing could be expected; NAN: the same */
};

/*
 * The same for a VM of these columns on its way from its host to another one: memory, dirty rate
 * and CPU load as columns have them; labels `working_set` and `writes` say where it writes, else
 * it is anywhere. The rate is the smaller of both links, shared with other moves that are under
 * way there, times what was learnt of it, and at most the limit of `how`. to may be DROVER_NONE.
 * Texts are in arena.
 */
struct forecast forecast_of(const struct columns *columns, uint32_t vm, uint32_t to,
                            const struct how *how, const struct learnt *learnt,
                            struct arena *arena);

#endif
