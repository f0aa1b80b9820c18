/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many trials over several processes. The n-th process takes every n-th seed; what came of each
 * goes through one pipe, in writes that are too small to be torn (PIPE_BUF). A process that dies
 * is told with the seed that it was at.
 */
#include "base/memory.h"
#include "codec/json.h"
#include "simulate_trial.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_PER_YEAR (365.25 * 86400)

struct outcome {
    uint32_t job;
    struct trial trial;
    struct simulation_result result;
};
_Static_assert(sizeof(struct outcome) <= PIPE_BUF, "an outcome is written at once");

struct soak {
    struct trials *trials;
    uint64_t first, seeds;
    uint32_t jobs;
    double begun, until; /* by the monotonic clock */
    pid_t *pid;
    uint64_t *done;        /* seeds, by job */
    uint64_t failures, seeds_done, checks, events, moves;
    double host_s;
    uint64_t struck[FAULTS];
    struct outcome failed; /* the first that broke a rule */
    json_t *broken;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ------------------------------------------------------------------ the processes */

/* Never returns. */
static void work(const struct soak *soak, uint32_t job, int to)
{
    for (uint64_t i = job; i < soak->seeds && seconds_now() < soak->until; i += soak->jobs) {
        struct outcome outcome;
        memset(&outcome, 0, sizeof outcome);
        outcome.job = job;
        outcome.trial = trial_draw(soak->first + i);
        if (!trials_run(soak->trials, &outcome.trial, &outcome.result) ||
            write(to, &outcome, sizeof outcome) != (ssize_t)sizeof outcome)
            _exit(1);
    }
    _exit(0);
}

static int start(struct soak *soak, int *from, struct error *error)
{
    int ends[2];
    if (pipe(ends) < 0)
        return error_set(error, ERROR_FAILED, "cannot make a pipe: %s", strerror(errno));
    for (uint32_t job = 0; job < soak->jobs; job++) {
        soak->pid[job] = fork();
        if (soak->pid[job] == 0) {
            close(ends[0]);
            work(soak, job, ends[1]);
        }
        if (soak->pid[job] < 0)
            error_set(error, ERROR_FAILED, "cannot start a process: %s", strerror(errno));
    }
    close(ends[1]);
    *from = ends[0];
    return 0;
}

/* ------------------------------------------------------------------ what comes of it */

static void tell_broken(struct soak *soak, const struct outcome *outcome)
{
    struct screen *screen = &soak->trials->cli->screen;
    struct arena arena = ARENA_INIT;
    const char *command = trials_command(soak->trials, &outcome->trial, &arena);
    if (soak->broken)
        json_array_append_new(soak->broken,
                              json_pack("{s:s, s:o, s:o}", "rule", outcome->result.rule, "what",
                                        json_from_text(outcome->result.what), "command",
                                        json_from_text(command)));
    else
        screen_print(screen, STYLE_BAD, "Broken (%s) after %.3f s: %s\n    %s\n",
                     outcome->result.rule, outcome->result.broken_at,
                     screen_safe(screen, outcome->result.what), screen_safe(screen, command));
    arena_free(&arena);
}

static void take(struct soak *soak, const struct outcome *outcome)
{
    const struct figures *figures = &outcome->result.figures;
    soak->done[outcome->job]++;
    soak->seeds_done++;
    soak->host_s += figures->virtual_s * outcome->trial.hosts;
    soak->checks += figures->checks;
    soak->events += figures->events;
    soak->moves += figures->ordered;
    for (uint32_t i = 0; i < FAULTS; i++)
        soak->struck[i] += outcome->result.struck[i];
    if (!outcome->result.broken)
        return;
    if (soak->failures++ == 0)
        soak->failed = *outcome;
    tell_broken(soak, outcome);
}

static void collect(struct soak *soak, int from)
{
    struct outcome outcome;
    size_t have = 0;
    for (;;) {
        ssize_t n = read(from, (char *)&outcome + have, sizeof outcome - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
        if (have < sizeof outcome)
            continue;
        take(soak, &outcome);
        have = 0;
    }
    close(from);
}

static void wait_for_all(struct soak *soak, struct error *error)
{
    for (uint32_t job = 0; job < soak->jobs; job++) {
        int status = 0;
        while (soak->pid[job] > 0 && waitpid(soak->pid[job], &status, 0) < 0 && errno == EINTR)
            continue;
        if (status == 0)
            continue;
        struct arena arena = ARENA_INIT;
        struct trial trial = trial_draw(soak->first + job + soak->done[job] * soak->jobs);
        error_set(error, ERROR_FAILED, "a process ended (%s %d) with: %s",
                  WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                  trials_command(soak->trials, &trial, &arena));
        arena_free(&arena);
    }
}

/* ------------------------------------------------------------------ the sum */

/* Of all processes that were waited for. */
static double processor_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void print_sum(struct soak *soak)
{
    struct screen *screen = &soak->trials->cli->screen;
    screen_print(screen, STYLE_PLAIN, "seeds                %llu (from %llu on)\n",
                 (unsigned long long)soak->seeds_done, (unsigned long long)soak->first);
    screen_print(screen, STYLE_PLAIN, "simulated host-years %.1f\n",
                 soak->host_s / SECONDS_PER_YEAR);
    screen_print(screen, STYLE_PLAIN, "events               %llu\n",
                 (unsigned long long)soak->events);
    screen_print(screen, STYLE_PLAIN, "moves ordered        %llu\n",
                 (unsigned long long)soak->moves);
    screen_print(screen, STYLE_PLAIN, "faults\n");
    for (uint32_t i = 0; i < FAULTS; i++)
        screen_print(screen, STYLE_PLAIN, "  %-18s %llu\n", faults[i].name,
                     (unsigned long long)soak->struck[i]);
    screen_print(screen, STYLE_PLAIN, "invariants           %u, checked %llu times\n",
                 simulation_invariants(), (unsigned long long)soak->checks);
    screen_print(screen, STYLE_PLAIN, "time taken           %.0f s by %u processes, %.0f s of "
                 "processors\n", seconds_now() - soak->begun, soak->jobs, processor_s());
    screen_print(screen, soak->failures ? STYLE_BAD : STYLE_GOOD, "failures             %llu\n",
                 (unsigned long long)soak->failures);
}

static void print_sum_json(struct soak *soak)
{
    json_t *by_kind = json_object();
    for (uint32_t i = 0; i < FAULTS; i++)
        json_object_set_new(by_kind, faults[i].name, json_integer((json_int_t)soak->struck[i]));
    json_t *sum = json_pack(
        "{s:I, s:I, s:f, s:I, s:I, s:o, s:I, s:I, s:O}", "first_seed", (json_int_t)soak->first,
        "seeds", (json_int_t)soak->seeds_done, "host_years", soak->host_s / SECONDS_PER_YEAR,
        "events", (json_int_t)soak->events, "ordered", (json_int_t)soak->moves, "faults", by_kind,
        "checks", (json_int_t)soak->checks, "failures", (json_int_t)soak->failures, "broken",
        soak->broken);
    print_json(soak->trials->cli, sum);
    json_decref(sum);
}

static int report(struct soak *soak, struct error *error)
{
    struct cli *cli = soak->trials->cli;
    if (cli->json)
        print_sum_json(soak);
    else
        print_sum(soak);
    if (soak->failures > 0 && !cli->json && option_given(&cli->options, "--shrink") &&
        error->kind == ERROR_NONE)
        trials_shrink(soak->trials, &soak->failed.trial, &soak->failed.result, error);
    return error->kind == ERROR_NONE ? soak->failures > 0 : -1;
}

int trials_soak(struct trials *trials, uint64_t seeds, uint32_t jobs, double within_s,
                struct error *error)
{
    struct soak soak = {
        .trials = trials, .first = trials->simulation->seed, .seeds = seeds, .jobs = jobs,
        .begun = seconds_now(), .until = seconds_now() + within_s, .pid = memory_array(jobs, sizeof(pid_t)),
        .done = memory_array(jobs, sizeof(uint64_t)),
        .broken = trials->cli->json ? json_array() : NULL,
    };
    int from = -1, status = start(&soak, &from, error);
    if (status == 0) {
        collect(&soak, from);
        wait_for_all(&soak, error);
        status = report(&soak, error);
    }
    json_decref(soak.broken);
    free(soak.pid);
    free(soak.done);
    return status;
}
