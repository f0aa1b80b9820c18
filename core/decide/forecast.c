/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running the model of pre-copy ahead of time: see forecast.h. */
#include "decide/forecast.h"

#include "base/scalar.h"
#include "decide/copy.h"
#include "decide/schedule.h"

#include <math.h>
#include <string.h>

#define REPORT_S 1.0          /* as often as a migration is looked at */
#define REPORTS_PER_PASS 500  /* but no finer than this part of the first pass: big guests */
#define REPORTS_MOST 20000
#define NEVER_PASSES 20       /* so much longer than the first pass, with nothing left to be done */
#define NEVER_REPORTS 60
#define QEMU_DOWNTIME_MS 300.0

/* One run of the model. */
struct run {
    const struct forecast_ask *ask;
    struct forecast *forecast;
    struct copy copy;
    double period_s;
    struct migration migration; /* what its schedule is followed by: see decide/schedule.h */
};

static void end_at(struct run *run, enum forecast_end end, double pause_s)
{
    struct forecast *forecast = run->forecast;
    forecast->ends = (int)end;
    forecast->converges = end == FORECAST_PRECOPY;
    forecast->passes = run->copy.iteration;
    forecast->sent_mib = run->copy.sent_mib;
    if (end == FORECAST_NEVER)
        return;
    forecast->duration_s = run->copy.elapsed_s;
    if (end == FORECAST_ABORT)
        return;
    forecast->duration_s += pause_s;
    forecast->downtime_ms = pause_s * 1000;
}

static void end_precopy(struct run *run)
{
    double pause_s = copy_pause_s(&run->copy, run->ask->switch_mib_s);
    run->copy.sent_mib += run->copy.remaining_mib;
    end_at(run, FORECAST_PRECOPY, pause_s);
}

/* What is left is fetched as fast as the link carries it; the guest stands still for its devices. */
static void end_postcopy(struct run *run)
{
    copy_switch_to_postcopy(&run->copy);
    double rest_s = run->copy.remaining_mib / run->ask->switch_mib_s;
    run->copy.sent_mib += run->copy.remaining_mib;
    run->copy.elapsed_s += rest_s;
    end_at(run, FORECAST_POSTCOPY, COPY_POSTCOPY_PAUSE_S);
}

/* As the engine does it. True where the move ends by this step. */
static bool take_step(struct run *run)
{
    struct copy *copy = &run->copy;
    if (!run->ask->how)
        return false;
    run->migration.progress = (struct progress){
        .memory_remaining_mib = copy->remaining_mib, .throughput_mib_s = copy->rate_mib_s,
        .iteration = copy->iteration,
    };
    struct due due = schedule_due(run->ask->how, &run->migration, copy->elapsed_s);
    if (!due.action)
        return false;
    run->forecast->steps++;
    if (due.action == DROVER_STALL_DOWNTIME)
        copy->downtime_ms = due.downtime_ms;
    else if (due.action == DROVER_STALL_POSTCOPY)
        end_postcopy(run);
    else
        end_at(run, FORECAST_ABORT, 0);
    return due.action != DROVER_STALL_DOWNTIME;
}

/* Whether its schedule has something left that comes of itself. */
static bool may_still_act(const struct run *run)
{
    const struct how *how = run->ask->how;
    return how && ((how->watch == DROVER_WATCH_ITERATIONS &&
                    run->migration.next_stall < how->stalls.n) ||
                   isfinite(schedule_ends_at(how, &run->migration)));
}

/* Nothing changes any more: neither the allowed pause nor what the guest is left of its CPUs. */
static bool is_hopeless(const struct run *run, double *since_s)
{
    const struct forecast_ask *ask = run->ask;
    bool may_change = may_still_act(run) ||
                      (ask->auto_converge && run->copy.throttle_pct < COPY_THROTTLE_MOST_PCT);
    if (may_change)
        *since_s = run->copy.elapsed_s;
    double first_pass_s = ask->memory_mib / ask->rate_mib_s;
    return run->copy.elapsed_s - *since_s >
           NEVER_PASSES * first_pass_s + NEVER_REPORTS * run->period_s;
}

static void follow(struct run *run)
{
    const struct forecast_ask *ask = run->ask;
    double since_s = 0;
    for (uint32_t i = 0; i < REPORTS_MOST && !is_hopeless(run, &since_s); i++) {
        if (copy_step(&run->copy, run->period_s, ask->rate_mib_s, ask->dirty_mib_s,
                      ask->cpu_pct)) {
            end_precopy(run);
            return;
        }
        run->forecast->throttle_pct = run->copy.throttle_pct;
        if (take_step(run))
            return;
    }
    end_at(run, FORECAST_NEVER, 0);
}

static const char *what_is_missing(const struct forecast_ask *ask)
{
    bool dirty = ask->dirty_mib_s >= 0, rate = ask->rate_mib_s > 0;
    if (!(ask->memory_mib > 0))
        return "the size of its memory is not known";
    if (!dirty && !rate)
        return "how fast it dirties its memory has not been measured, and how fast the link "
               "between the two hosts is (link_mbps) is not known";
    if (!dirty)
        return "how fast it dirties its memory has not been measured";
    return rate ? "" : "how fast the link between the two hosts is (link_mbps) is not known";
}

void forecast_run(const struct forecast_ask *ask, struct forecast *forecast)
{
    struct run run = {.ask = ask, .forecast = forecast};
    forecast->ends = FORECAST_UNKNOWN;
    forecast->converges = false;
    forecast->duration_s = forecast->downtime_ms = forecast->sent_mib = NAN;
    forecast->passes = forecast->steps = forecast->throttle_pct = 0;
    forecast->least_s = ask->rate_mib_s > 0 ? ask->memory_mib / ask->rate_mib_s : NAN;
    forecast->missing = what_is_missing(ask);
    if (forecast->missing[0])
        return;
    run.copy = (struct copy){
        .total_mib = ask->memory_mib, .working_set_mib = ask->working_set_mib,
        .downtime_ms = ask->downtime_ms > 0 ? ask->downtime_ms : QEMU_DOWNTIME_MS,
        .writes_round = ask->writes_round, .auto_converge = ask->auto_converge,
    };
    run.period_s = fmax(REPORT_S, forecast->least_s / REPORTS_PER_PASS);
    copy_begin(&run.copy);
    follow(&run);
}

/* ------------------------------------------------------------------ of columns */

/* Moves under way that share the link with this one: what is left for each. */
static double link_share(const struct drover_hosts *hosts, uint32_t host, uint32_t moves,
                         bool counted)
{
    uint32_t others = moves - (counted && moves > 0);
    return hosts->link_mbps[host] * FORECAST_MIB_PER_MBIT / (1 + others);
}

/* The smaller of the links that are known; 0: none is. */
static double link_rate(const struct columns *columns, uint32_t vm, uint32_t to)
{
    const struct drover_hosts *hosts = &columns->hosts;
    uint32_t from = columns->vms.host[vm];
    bool counted = to != DROVER_NONE && columns->vms.to[vm] == to; /* it was promised already */
    double out = 0, in = 0;
    if (from != DROVER_NONE)
        out = link_share(hosts, from, hosts->vm_leaving[from], counted);
    if (to != DROVER_NONE)
        in = link_share(hosts, to, hosts->vm_pending[to], counted);
    if (out > 0 && in > 0)
        return fmin(out, in);
    return fmax(out, in);
}

static void find_rate(const struct columns *columns, uint32_t vm, uint32_t to,
                      const struct how *how, const struct learnt *learnt,
                      struct forecast_ask *ask, struct forecast *forecast)
{
    double link = link_rate(columns, vm, to), limit = how->bandwidth_mib_s;
    forecast->link_factor = isnan(learnt->factor) ? 1 : learnt->factor;
    forecast->rate_by = link > 0 ? "link" : "";
    forecast->link_mib_s = link > 0 ? link : NAN;
    link *= forecast->link_factor;
    if (!(link > 0) && learnt->rate_mib_s > 0) {
        link = learnt->rate_mib_s;
        forecast->rate_by = "learnt";
    }
    ask->rate_mib_s = link > 0 ? link : NAN;
    if (limit > 0 && !(link <= limit && link > 0)) {
        ask->rate_mib_s = limit;
        forecast->rate_by = "limit";
    }
    ask->switch_mib_s = link > 0 ? link : ask->rate_mib_s;
}

/* Where it writes: as a person has said, else anywhere. */
static void find_writes(const struct columns *columns, uint32_t vm, struct forecast_ask *ask)
{
    const struct drover_labels *labels = &columns->vms.labels;
    const char *set = drover_label(labels, vm, "working_set");
    const char *writes = drover_label(labels, vm, "writes");
    double mib;
    ask->working_set_mib = ask->memory_mib;
    if (set && scalar_memory_mib(set, &mib) && mib >= 0)
        ask->working_set_mib = fmin(mib, ask->memory_mib);
    ask->writes_round = writes && strcmp(writes, "round") == 0;
}

struct forecast forecast_of(const struct columns *columns, uint32_t vm, uint32_t to,
                            const struct how *how, const struct learnt *learnt,
                            struct arena *arena)
{
    const struct drover_vms *vms = &columns->vms;
    struct forecast forecast;
    struct forecast_ask ask = {
        .memory_mib = vms->memory_used_mib[vm] > 0
                          ? fmin(vms->memory_used_mib[vm], vms->memory_mib[vm])
                          : vms->memory_mib[vm],
        .dirty_mib_s = vms->dirty_mib_s[vm],
        .cpu_pct = isnan(vms->cpu_usage_pct[vm]) ? 100 : vms->cpu_usage_pct[vm],
        .downtime_ms = how->downtime_ms, .auto_converge = how->auto_converge,
        .how = how,
    };
    field_defaults(forecast_fields, &forecast);
    find_rate(columns, vm, to, how, learnt, &ask, &forecast);
    find_writes(columns, vm, &ask);
    forecast_run(&ask, &forecast);
    forecast.memory_mib = ask.memory_mib;
    forecast.dirty_mib_s = ask.dirty_mib_s;
    forecast.working_set_mib = ask.working_set_mib;
    forecast.rate_mib_s = ask.rate_mib_s;
    forecast.dirty_age_s = columns->fleet.now - columns->vm_record[vm]->dirty_at;
    forecast.missing = arena_text(arena, forecast.missing);
    return forecast;
}
