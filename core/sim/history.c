/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Means over steps. When there is no room for more points, each two become one. */
#include "sim/history.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE_S 60.0
#define POINTS_MOST 2880 /* two days of minutes; even */

struct history_sum {
    double cpu_pct, memory_pct;
    uint32_t n; /* minutes in which it had power */
};

#define MOVE(member) offsetof(struct history_move, member)
const struct field history_move_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = MOVE(vm)},
    {.key = "from", .type = FIELD_TEXT, .offset = MOVE(from)},
    {.key = "to", .type = FIELD_TEXT, .offset = MOVE(to)},
    {.key = "begun_s", .type = FIELD_NUMBER, .offset = MOVE(begun_s)},
    {.key = "took_s", .type = FIELD_NUMBER, .offset = MOVE(took_s)},
    {.key = "downtime_ms", .type = FIELD_NUMBER, .offset = MOVE(downtime_ms)},
    {.key = "carried_mib", .type = FIELD_NUMBER, .offset = MOVE(carried_mib)},
    {.key = "iterations", .type = FIELD_U32, .offset = MOVE(iterations)},
    {.key = "throttle_pct", .type = FIELD_U32, .offset = MOVE(throttle_pct)},
    {.key = "postcopy", .type = FIELD_BOOL, .offset = MOVE(postcopy)},
    {.key = "ok", .type = FIELD_BOOL, .offset = MOVE(ok)},
    {.key = "by_drover", .type = FIELD_BOOL, .offset = MOVE(by_drover)},
    {0},
};

struct history *history_new(void)
{
    return memory_new(sizeof(struct history));
}

void history_free(struct history *history)
{
    free(history->point);
    free(history->cpu_imbalance_pct);
    free(history->memory_imbalance_pct);
    free(history->moves);
    free(history->sum);
    arena_free(&history->arena);
    free(history);
}

void history_begin(struct history *history, const struct sim *sim)
{
    history->n_hosts = sim_n_hosts(sim);
    history->hosts = arena_array(&history->arena, history->n_hosts, sizeof *history->hosts);
    for (uint32_t h = 0; h < history->n_hosts; h++)
        history->hosts[h] = arena_text(&history->arena, sim_host_name(sim, h));
    history->step_s = MINUTE_S;
    history->point =
        memory_array((size_t)POINTS_MOST * history->n_hosts, sizeof *history->point);
    history->cpu_imbalance_pct = memory_array(POINTS_MOST, sizeof(float));
    history->memory_imbalance_pct = memory_array(POINTS_MOST, sizeof(float));
    history->sum = memory_array(history->n_hosts, sizeof *history->sum);
}

/* ------------------------------------------------------------------ points */

static float mean(float a, float b)
{
    return isnan(a) ? b : isnan(b) ? a : (a + b) / 2;
}

static void halve(struct history *history)
{
    uint32_t hosts = history->n_hosts;
    for (uint32_t i = 0; i < history->n_points / 2; i++) {
        const struct history_point *one = &history->point[(size_t)2 * i * hosts];
        struct history_point *to = &history->point[(size_t)i * hosts];
        for (uint32_t h = 0; h < hosts; h++)
            to[h] = (struct history_point){mean(one[h].cpu_pct, one[hosts + h].cpu_pct),
                                           mean(one[h].memory_pct, one[hosts + h].memory_pct)};
        history->cpu_imbalance_pct[i] =
            mean(history->cpu_imbalance_pct[2 * i], history->cpu_imbalance_pct[2 * i + 1]);
        history->memory_imbalance_pct[i] =
            mean(history->memory_imbalance_pct[2 * i], history->memory_imbalance_pct[2 * i + 1]);
    }
    history->n_points /= 2;
    history->step_s *= 2;
}

static void add_point(struct history *history)
{
    uint32_t at = history->n_points++;
    for (uint32_t h = 0; h < history->n_hosts; h++) {
        struct history_sum *sum = &history->sum[h];
        history->point[(size_t)at * history->n_hosts + h] = (struct history_point){
            sum->n ? (float)(sum->cpu_pct / sum->n) : NAN,
            sum->n ? (float)(sum->memory_pct / sum->n) : NAN};
        *sum = (struct history_sum){0};
    }
    history->cpu_imbalance_pct[at] = (float)(history->cpu_imbalance_sum / history->minutes);
    history->memory_imbalance_pct[at] = (float)(history->memory_imbalance_sum / history->minutes);
    history->cpu_imbalance_sum = history->memory_imbalance_sum = 0;
    history->minutes = 0;
    if (history->n_points == POINTS_MOST)
        halve(history);
}

void history_minute(struct history *history, struct sim *sim, double cpu_imbalance_pct,
                    double memory_imbalance_pct)
{
    for (uint32_t h = 0; h < history->n_hosts; h++) {
        if (!sim_host_alive(sim, h))
            continue;
        history->sum[h].cpu_pct += sim_host_cpu_pct(sim, h);
        history->sum[h].memory_pct += sim_host_memory_pct(sim, h);
        history->sum[h].n++;
    }
    history->cpu_imbalance_sum += cpu_imbalance_pct;
    history->memory_imbalance_sum += memory_imbalance_pct;
    if (++history->minutes * MINUTE_S >= history->step_s)
        add_point(history);
}

/* ------------------------------------------------------------------ moves */

void history_move(struct history *history, const struct sim_move *move, double begun)
{
    struct arena *arena = &history->arena;
    history->moves = memory_grow(history->moves, &history->move_room, history->n_moves + 1,
                                 sizeof *history->moves);
    history->moves[history->n_moves++] = (struct history_move){
        .vm = arena_text(arena, move->vm), .from = arena_text(arena, move->from),
        .to = arena_text(arena, move->to), .begun_s = move->begun - begun,
        .took_s = move->ended - move->begun, .downtime_ms = move->pause_s * 1000,
        .carried_mib = move->carried_mib, .iterations = move->iterations,
        .throttle_pct = move->throttle_pct, .postcopy = move->postcopy, .ok = move->ok,
        .by_drover = move->by_drover,
    };
}
