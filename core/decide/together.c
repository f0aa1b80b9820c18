/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One decision for VMs that go to one host, all or none. The first of them is asked as always; then
 * each host that takes it is tried with the others, best first, until one takes them all. Promises
 * make the trial: each VM sees what those before it have taken, and all of them are taken back.
 */
#include "decide/decide.h"
#include "decide/units.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

struct trial {
    struct columns *columns;
    const struct ruleset *rules;
    const struct question *question;
    uint8_t *promised; /* by position in question.with */
};

/* The question of the one at that position, with those after it still to come. */
static struct question question_of(const struct trial *trial, uint32_t position,
                                   const uint32_t *host)
{
    struct question question = *trial->question;
    question.vm = trial->question->with[position];
    question.hosts = host;
    question.n_hosts = 1;
    question.with = trial->question->with + position + 1;
    question.n_with = trial->question->n_with - position - 1;
    return question;
}

static bool takes(const struct trial *trial, uint32_t position, uint32_t host)
{
    struct question question = question_of(trial, position, &host);
    struct arena scratch = ARENA_INIT;
    bool allowed = decide_accepts(trial->columns, trial->rules, &question, host, &scratch);
    arena_free(&scratch);
    return allowed;
}

static bool is_there(const struct columns *columns, uint32_t vm, uint32_t host)
{
    return columns->vms.host[vm] == host && columns->vms.state[vm] != DROVER_VM_DOWN;
}

/* Promise all up to the first that is refused. Returns its position, or how many there are. */
static uint32_t promise_all(struct trial *trial, uint32_t host)
{
    const struct question *question = trial->question;
    uint32_t i = 0;
    if (!is_there(trial->columns, question->vm, host))
        columns_promise(trial->columns, question->vm, host);
    for (; i < question->n_with; i++) {
        trial->promised[i] = 0;
        if (is_there(trial->columns, question->with[i], host))
            continue;
        if (!takes(trial, i, host))
            break;
        columns_promise(trial->columns, question->with[i], host);
        trial->promised[i] = 1;
    }
    return i;
}

static void release_all(struct trial *trial, uint32_t host, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (trial->promised[i])
            columns_release(trial->columns, trial->question->with[i]);
    if (!is_there(trial->columns, trial->question->vm, host))
        columns_release(trial->columns, trial->question->vm);
}

/* The host takes the first, and not this one: whose filter says so becomes the host's refusal. */
static void refuse(const struct trial *trial, uint32_t position, uint32_t host,
                   struct decision *decision, struct host_verdict *verdict)
{
    struct question question = question_of(trial, position, &host);
    question.stay_allowed = true;
    struct decision *why = decide_explain(trial->columns, trial->rules, &question);
    const struct host_verdict *told = why->hosts.item;
    struct refusal *refusal = arena_new(&decision->arena, sizeof *refusal);
    *refusal = (struct refusal){
        .unit = arena_text(&decision->arena, told->refused_by),
        .code = arena_text(&decision->arena, told->code),
        .reason = arena_printf(&decision->arena, "%s goes along, and is refused: %s",
                               trial->columns->vms.name[question.vm], told->reason),
        .remedy = "",
    };
    verdict->accepted = false;
    verdict->refusals = (struct rows){.item = refusal, .n = 1};
    verdict->refused_by = refusal->unit;
    verdict->code = refusal->code;
    verdict->reason = refusal->reason;
    verdict->place = NAN;
    decision_free(why);
}

static struct host_verdict *best_of(struct decision *decision)
{
    struct host_verdict *verdicts = decision->hosts.item, *best = NULL;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (verdicts[i].accepted && (!best || verdicts[i].place < best->place))
            best = &verdicts[i];
    return best;
}

/* Hosts that are left move up. */
static void close_ranks(struct decision *decision)
{
    struct host_verdict *verdicts = decision->hosts.item;
    const struct host_verdict *best = best_of(decision);
    double gone = best ? best->place - 1 : 0;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (verdicts[i].accepted)
            verdicts[i].place -= gone;
}

struct decision *decide_together(struct columns *columns, const struct ruleset *rules,
                                 const struct question *question)
{
    struct decision *decision = decide_explain(columns, rules, question);
    struct trial trial = {
        .columns = columns, .rules = rules, .question = question,
        .promised = memory_array(question->n_with, 1),
    };
    struct host_verdict *best = question->n_with > 0 ? best_of(decision) : NULL;
    while (best) {
        uint32_t host = columns_host(columns, best->name);
        uint32_t n = promise_all(&trial, host);
        if (n < question->n_with)
            refuse(&trial, n, host, decision, best);
        release_all(&trial, host, n);
        decision->chosen = n == question->n_with ? best->name : NULL;
        best = decision->chosen ? NULL : best_of(decision);
    }
    close_ranks(decision);
    free(trial.promised);
    return decision;
}
