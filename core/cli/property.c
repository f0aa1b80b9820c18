/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of properties, and those of plans that are carried out and asked for again. */
#include "property_private.h"

#include "base/memory.h"
#include "base/table.h"
#include "model/settings.h"
#include "sim/random.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_ASKED 97

bool property_broken(struct property_trial *trial, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trial->what, sizeof trial->what, format, arguments);
    va_end(arguments);
    return false;
}

const struct fleet *property_fleet(const struct property_trial *trial)
{
    return offline_columns(trial->offline)->source;
}

/* By a number that each name draws: then the choice stays when other hosts are taken away. */
const char *property_host(const struct property_trial *trial)
{
    const struct columns *columns = offline_columns(trial->offline);
    const char *chosen = "";
    uint64_t highest = 0;
    for (uint32_t i = 0; i < columns->hosts.n; i++) {
        uint64_t stream = STREAM_ASKED;
        for (const char *c = columns->hosts.name[i]; *c; c++)
            stream = stream * 31 + (unsigned char)*c;
        struct random random = random_new(trial->seed, stream);
        uint64_t drawn = random_next(&random);
        if (i > 0 && drawn <= highest)
            continue;
        highest = drawn;
        chosen = columns->hosts.name[i];
    }
    return chosen;
}

static struct plan *ask(const struct property_trial *trial, const struct plan_question *question)
{
    const struct api_source *api = offline_api(trial->offline);
    return api->plan(api->self, question, trial->error);
}

struct plan *property_balance(const struct property_trial *trial, bool whole)
{
    return ask(trial, &(struct plan_question){.what = "balance", .whole = whole});
}

struct plan *property_drain(const struct property_trial *trial, const char *host)
{
    return ask(trial, &(struct plan_question){.what = "drain", .target = host});
}

const struct planned_move *property_moves(const struct plan *plan)
{
    return plan->moves.item;
}

/* Balancing looks at measured loads, and so waits for each move; a drain does not. */
void property_do(struct offline *offline, const struct plan_question *question,
                 const struct planned_move *moves, uint32_t n)
{
    if (strcmp(question->what, "drain") == 0)
        offline_promise(offline, moves, n);
    else
        offline_carry_out(offline, moves, n);
}

bool property_walk(struct offline *offline, const struct plan_question *question,
                   property_step *step, void *self, struct error *error)
{
    const struct api_source *api = offline_api(offline);
    struct plan *plan = api->plan(api->self, question, error);
    bool goes_on = plan != NULL;
    for (uint32_t i = 0; goes_on && i < plan->moves.n; i++) {
        const struct planned_move *move = &property_moves(plan)[i];
        goes_on = step(self, offline, move);
        if (goes_on)
            property_do(offline, question, move, 1);
    }
    if (plan)
        plan_free(plan);
    return goes_on;
}

/* ------------------------------------------------------------- asked again */

static bool nothing_is_left(struct property_trial *trial, const struct plan_question *question)
{
    struct plan *plan = ask(trial, question), *again = NULL;
    if (plan) {
        property_do(trial->offline, question, property_moves(plan), plan->moves.n);
        again = ask(trial, question);
    }
    bool empty = again && again->moves.n == 0;
    if (again && !empty)
        property_broken(trial, "%s %s: %u moves were planned and made; asked again, it would move "
                        "%s from %s to %s", question->what,
                        question->target ? question->target : "all", plan->moves.n,
                        property_moves(again)->vm, property_moves(again)->from,
                        property_moves(again)->to);
    if (plan)
        plan_free(plan);
    if (again)
        plan_free(again);
    return empty;
}

/* VMs need no rest here: it is not for want of it that nothing is to be left. */
static bool idempotence(struct property_trial *trial)
{
    struct limits *limits = offline_limits(trial->offline);
    struct fleet *kept = fleet_copy(property_fleet(trial));
    char *host = memory_copy_text(property_host(trial));
    struct plan_question drain = {.what = "drain", .target = host};
    struct plan_question balance = {.what = "balance", .whole = true};
    double cooldown_s = limits->cooldown_s;
    limits->cooldown_s = 0;
    bool holds = nothing_is_left(trial, &drain);
    offline_use(trial->offline, kept);
    holds = holds && nothing_is_left(trial, &balance);
    limits->cooldown_s = cooldown_s;
    free(host);
    return holds;
}

/* ------------------------------------------------------- round after round */

/*
 * Rounds of balancing on a fleet whose loads stay as they are, with enough time between them for
 * every VM to have rested.
 */
struct rounds {
    struct property_trial *trial;
    struct table left; /* "VM host": the VM was moved away from there; values are rounds */
    struct arena arena;
    uint32_t round, moves;
    bool may_return;
};

/*
 * Moves for each VM, on the average, after which a fleet whose loads do not change is to be at
 * rest. One is too few: of a few VMs that are large, one may have to move on.
 */
#define MOVES_PER_VM 2

static const char *stay_of(struct rounds *rounds, const char *key, const char *host)
{
    return arena_printf(&rounds->arena, "%s %s", key, host);
}

static bool note_move(struct rounds *rounds, const struct planned_move *move)
{
    uint32_t before = table_get(&rounds->left, stay_of(rounds, move->key, move->to));
    rounds->moves++;
    if (before != TABLE_NONE && !rounds->may_return)
        return property_broken(rounds->trial, "%s was moved from %s in round %u of balancing, and "
                               "goes back there in round %u, though no load has changed", move->vm,
                               move->to, before + 1, rounds->round + 1);
    table_put(&rounds->left, stay_of(rounds, move->key, move->from), rounds->round);
    return true;
}

static bool carry_out_round(struct rounds *rounds, const struct plan *plan)
{
    const struct limits *limits = offline_limits(rounds->trial->offline);
    for (uint32_t i = 0; i < plan->moves.n; i++)
        if (!note_move(rounds, &property_moves(plan)[i]))
            return false;
    offline_carry_out(rounds->trial->offline, property_moves(plan), plan->moves.n);
    offline_pass(rounds->trial->offline, fmax(limits->cooldown_s, limits->round_s));
    return true;
}

/* Until nothing moves any more, or something is wrong. */
static bool run_rounds(struct rounds *rounds, bool (*check)(struct rounds *, const struct plan *))
{
    uint32_t most = MOVES_PER_VM * offline_columns(rounds->trial->offline)->vms.n + 1;
    bool holds = true, moving = true;
    for (rounds->round = 0; holds && moving && rounds->round < most; rounds->round++) {
        struct plan *plan = property_balance(rounds->trial, false);
        holds = plan && (!check || check(rounds, plan)) && carry_out_round(rounds, plan);
        moving = plan && plan->moves.n > 0;
        if (plan)
            plan_free(plan);
    }
    return holds;
}

static void rounds_free(struct rounds *rounds)
{
    table_free(&rounds->left);
    arena_free(&rounds->arena);
}

static bool no_ping_pong(struct property_trial *trial)
{
    struct rounds rounds = {.trial = trial};
    bool holds = run_rounds(&rounds, NULL);
    rounds_free(&rounds);
    return holds;
}

/* A round keeps to its limit, and all of them together come to an end. */
static bool keeps_budget(struct rounds *rounds, const struct plan *plan)
{
    const struct columns *columns = offline_columns(rounds->trial->offline);
    uint32_t limit = offline_limits(rounds->trial->offline)->balance_moves_per_round;
    if (plan->moves.n > (uint64_t)limit * columns->clusters.n)
        return property_broken(rounds->trial, "a round of balancing moves %u VMs, and %u per "
                               "cluster are allowed", plan->moves.n, limit);
    if (rounds->moves + plan->moves.n > MOVES_PER_VM * columns->vms.n)
        return property_broken(rounds->trial, "after %u rounds of balancing %u moves were made "
                               "with %u VMs, and it does not come to rest", rounds->round,
                               rounds->moves, columns->vms.n);
    return true;
}

static bool budget(struct property_trial *trial)
{
    struct rounds rounds = {.trial = trial, .may_return = true};
    bool holds = run_rounds(&rounds, keeps_budget);
    rounds_free(&rounds);
    return holds;
}

/* ---------------------------------------------------------------- failures */

static bool told(struct property_trial *trial, const struct rows *failures, const char *what,
                 const char *whom)
{
    const struct unit_failure *first = failures->item;
    if (failures->n == 0)
        return true;
    return property_broken(trial, "%s %s: %s failed: %.500s", what, whom, first->unit,
                           first->error);
}

static bool plan_is_whole(struct property_trial *trial, struct plan *plan, const char *what,
                          const char *whom)
{
    bool whole = plan && told(trial, &plan->failures, what, whom);
    if (plan)
        plan_free(plan);
    return whole;
}

static bool no_failures(struct property_trial *trial)
{
    const struct api_source *api = offline_api(trial->offline);
    const struct fleet *fleet = property_fleet(trial);
    bool holds = true;
    for (uint32_t i = 0; holds && i < fleet->n_vms; i++) {
        const char *key = vm_key(fleet->vms[i]);
        struct decision *decision = api->explain(api->self, key, NULL, trial->error);
        holds = decision && told(trial, &decision->failures, "explain", key);
        if (decision)
            decision_free(decision);
    }
    const char *host = property_host(trial);
    return holds && plan_is_whole(trial, property_drain(trial, host), "drain", host) &&
           plan_is_whole(trial, property_balance(trial, true), "balance", "all");
}

/* ------------------------------------------------------------------- table */

#define PROPERTIES(ROW)                                                                            \
    ROW("repeatable", "the same question, the same answer", property_repeatable)                   \
    ROW("permutation", "the order in which a fleet is written does not matter",                    \
        property_permutation)                                                                      \
    ROW("renaming", "names do not matter: verdicts and scores go with the host",                   \
        property_renaming)                                                                         \
    ROW("no_failures", "no unit fails", no_failures)                                               \
    ROW("idempotence", "a plan that was carried out, asked again, is empty", idempotence)          \
    ROW("no_ping_pong", "round after round, no VM goes back to where it was", no_ping_pong)        \
    ROW("budget", "a round keeps to its limit, and rounds come to rest", budget)                   \
    ROW("no_refused_move", "no move to a host that a filter refuses", property_no_refused_move)    \
    ROW("hard_rules", "moves are of VMs that may move, to hosts that are up, of their cluster "    \
                      "and of their pins", property_hard_rules)                                    \
    ROW("groups", "no move breaks a rule of a group that is enforcing", property_groups)

#define WHOLE_ROW(name, summary, holds) {name, summary, holds},
#define NAME_OF_ROW(name, summary, holds) name,

const struct property properties[] = {PROPERTIES(WHOLE_ROW){NULL, NULL, NULL}};
const char *const property_names[] = {PROPERTIES(NAME_OF_ROW) NULL};

const struct property *property_find(const char *name)
{
    int i = field_choice(property_names, name);
    return i < 0 ? NULL : &properties[i];
}
