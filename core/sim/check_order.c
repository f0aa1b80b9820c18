/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a step of the engine returned: answers, orders, and how often it says them. */
#include "sim/check.h"

#include <math.h>
#include <string.h>

/* Balancing may queue as many in one step where a request and a round meet. */
#define ROUNDS_PER_STEP 2
#define REFRESHES_PER_SECOND 20

/* ------------------------------------------------------------------ answers */

static uint32_t count(const struct run *run, enum effect_kind kind, uint64_t request)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->effects.n; i++)
        n += run->effects.item[i].kind == (int)kind && run->effects.item[i].request == request;
    return n;
}

void check_answers(struct run *run, const struct event *event)
{
    enum effect_kind kind =
        event->kind == EVENT_HOOK_ASK ? EFFECT_HOOK_ANSWER : EFFECT_ANSWER;
    if (event->kind != EVENT_HOOK_ASK && event->kind != EVENT_OPERATOR_REQUEST)
        return;
    uint32_t n = count(run, kind, event->id);
    if (n != 1)
        run_broken(run, "question %llu (%s %s) was answered %u times, not once",
                   (unsigned long long)event->id, event_kind_names[event->kind],
                   event->kind == EVENT_HOOK_ASK ? event->hook.operation : event->name, n);
}

/* ------------------------------------------------------------------ orders */

const struct ruleset *check_rules(const struct run *run, const char *cluster)
{
    for (uint32_t i = 0; i < run->simulation->n_rules; i++)
        if (strcmp(run->simulation->rules[i].cluster, cluster) == 0)
            return run->simulation->rules[i].ruleset;
    return NULL;
}

/*
 * A move's destination, or where a VM is restarted; NULL: neither is ordered. A cold move's start is
 * none of these: its destination was decided before the guest was shut down for it.
 */
static const char *ordered_to(const struct effect *effect)
{
    if (effect->kind == EFFECT_MIGRATE)
        return effect->to;
    return effect->kind == EFFECT_START && !(effect->name && effect->name[0]) ? effect->host : NULL;
}

/* The fleet as it was when this move was decided: it and those after it had promised nothing. */
static struct fleet *fleet_before(const struct run *run, uint32_t nth)
{
    struct fleet *fleet = fleet_copy(engine_fleet(run->engine));
    fleet->now = engine_fleet(run->engine)->now;
    for (uint32_t i = nth; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        struct vm *vm = ordered_to(effect) ? fleet_vm(fleet, effect->vm) : NULL;
        if (vm)
            vm->to = NULL;
    }
    return fleet;
}

/*
 * VMs that are ordered to the same host in this step, after it: they go along. Of those that may
 * break a rule that is not certain: the first may have been sent while nobody knew that it would
 * come to that, or because they go, too.
 */
static uint32_t list_companions(const struct run *run, const struct columns *columns,
                                uint32_t nth, bool breaking, uint32_t *vms)
{
    uint32_t n = 0;
    for (uint32_t i = nth + 1; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        const struct migration *move = ordered_to(effect) ? migration_of(run, effect->move) : NULL;
        if (move && (breaking || move->breaks.n == 0) &&
            strcmp(ordered_to(effect), ordered_to(&run->effects.item[nth])) == 0)
            vms[n++] = columns_vm(columns, effect->vm);
    }
    return n;
}

/* NULL: all of them do; else the first that does not, and why. */
static const char *filter_against(const struct run *run, uint32_t nth,
                                  const struct migration *migration, struct arena *kept)
{
    const struct effect *effect = &run->effects.item[nth];
    struct fleet *fleet = fleet_before(run, nth);
    struct columns *columns = columns_new(fleet);
    columns->asking = true;
    struct arena arena = ARENA_INIT;
    const char *target = ordered_to(effect);
    const struct host *host = fleet_host(fleet, target);
    const struct ruleset *rules = host ? check_rules(run, host->cluster) : NULL;
    uint32_t vm = columns_vm(columns, effect->vm), to = columns_host(columns, target);
    uint32_t *with = arena_array(&arena, run->effects.n, sizeof *with);
    struct question question = {
        .vm = vm, .purpose = (enum drover_purpose)migration->purpose, .with = with,
        .n_with = list_companions(run, columns, nth, true, with),
        .waived = migration->breaks.n > 0 ? DROVER_WAIVE_VM_TO_VM : 0,
    };
    const char *against = rules && vm != DROVER_NONE && to != DROVER_NONE ? NULL : "no policy";
    bool accepted = !against && decide_accepts(columns, rules, &question, to, &arena);
    question.n_with = list_companions(run, columns, nth, false, with);
    if (!against && !accepted && !decide_accepts(columns, rules, &question, to, &arena)) {
        question.hosts = &to;
        question.n_hosts = 1;
        struct decision *decision = decide_explain(columns, rules, &question);
        const struct host_verdict *verdict = decision->hosts.item;
        against = decision->hosts.n == 1 && !verdict->accepted
                      ? arena_printf(kept, "%s: %s", verdict->refused_by, verdict->reason)
                      : "it is no candidate";
        decision_free(decision);
    }
    arena_free(&arena);
    columns_free(columns);
    fleet_free(fleet);
    return against;
}

static void check_order(struct run *run, uint32_t nth)
{
    const struct effect *effect = &run->effects.item[nth];
    const struct migration *migration = migration_of(run, effect->move);
    const char *to = ordered_to(effect);
    const struct host *host = fleet_host(engine_fleet(run->engine), to);
    if (!migration || !host || (effect->kind == EFFECT_MIGRATE && strcmp(to, effect->host) == 0)) {
        run_broken(run, "VM %s was ordered from host %s to host %s: move %llu makes no sense",
                   effect->vm, effect->host, to, (unsigned long long)effect->move);
        return;
    }
    if (host->state != DROVER_HOST_UP)
        run_broken(run, "VM %s was ordered to host %s, which is %s", effect->vm, to,
                   host_state_names[host->state]);
    struct arena arena = ARENA_INIT;
    const char *against = filter_against(run, nth, migration, &arena);
    if (against)
        run_broken(run, "VM %s was ordered to host %s, which a filter refuses (%s)", effect->vm,
                   to, against);
    arena_free(&arena);
    for (uint32_t i = 0; i < nth; i++)
        if (ordered_to(&run->effects.item[i]) &&
            strcmp(run->effects.item[i].vm, effect->vm) == 0)
            run_broken(run, "VM %s was ordered twice in one step", effect->vm);
}

void check_orders(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++)
        if (ordered_to(&run->effects.item[i]))
            check_order(run, i);
}

/* Orders of this step are not performed yet: what moves was ordered before. */
void check_proof(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        uint32_t vm = effect->kind == EFFECT_MIGRATE ? sim_find_vm(run->sim, effect->vm)
                                                     : UINT32_MAX;
        if (vm == UINT32_MAX)
            continue;
        struct sim_truth truth = sim_vm_truth(run->sim, vm);
        if (truth.moving && truth.by_drover)
            run_broken(run, "VM %s was ordered from host %s to host %s, while its former move "
                       "from host %s to host %s is under way", effect->vm, effect->host,
                       effect->to, truth.from, truth.to);
    }
}

/* What it said before is over. */
static bool is_proven_dead(const struct run *run, uint32_t host)
{
    const struct host *known = fleet_host(engine_fleet(run->engine), sim_host_name(run->sim, host));
    return known && known->state == DROVER_HOST_DOWN;
}

void check_claims(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        uint32_t vm = effect->kind == EFFECT_MIGRATE ? sim_find_vm(run->sim, effect->vm)
                                                     : UINT32_MAX;
        for (uint32_t h = 0; vm != UINT32_MAX && h < sim_n_hosts(run->sim); h++)
            if (word_of(run, vm, h)->claims && !is_proven_dead(run, h) &&
                strcmp(sim_host_name(run->sim, h), effect->host) != 0)
                run_broken(run, "VM %s was ordered from host %s, and host %s has said that it "
                           "runs there", effect->vm, effect->host, sim_host_name(run->sim, h));
    }
}

void check_cooldown(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_MIGRATE)
            continue;
        const struct migration *migration = migration_of(run, effect->move);
        uint32_t vm = sim_find_vm(run->sim, effect->vm);
        if (vm == UINT32_MAX || !migration ||
            (migration->purpose != DROVER_TO_BALANCE && migration->purpose != DROVER_TO_ENFORCE))
            continue;
        double since = engine_fleet(run->engine)->now - run->checks->moved_at[vm];
        /* Its rest may have ended, and been forgotten, before the clock was set back. */
        double truly = sim_now(run->sim) - run->checks->moved_truly_at[vm];
        if (since < run->settings.limits.cooldown_s && truly < run->settings.limits.cooldown_s)
            run_broken(run, "VM %s is moved to host %s by a round, %.0f s after its last move; it "
                       "rests for %.0f s", effect->vm, effect->to, since,
                       run->settings.limits.cooldown_s);
    }
}

/* ------------------------------------------------------------------ how often */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const struct effect *a, const struct effect *b)
{
    return a->kind == b->kind && a->move == b->move && a->request == b->request &&
           same_text(a->host, b->host) && same_text(a->vm, b->vm) && same_text(a->to, b->to) &&
           same_text(a->name, b->name) && same_text(a->text, b->text) &&
           same_text(a->value, b->value) && !(a->number < b->number) && !(a->number > b->number);
}

/* Two moves may ask the same host; a record may be told in each of its states. */
static bool may_be_said_again(const struct effect *effect)
{
    return effect->kind == EFFECT_REFRESH || effect->kind == EFFECT_MIGRATION ||
           effect->kind == EFFECT_DECISION;
}

static void check_same_in_step(struct run *run, uint32_t nth)
{
    const struct effect *effect = &run->effects.item[nth];
    for (uint32_t i = 0; i < nth && !may_be_said_again(effect); i++)
        if (is_same(&run->effects.item[i], effect))
            run_broken(run, "effect %s (move %llu, VM %s, host %s) stands twice in one step: %s",
                       effect_kind_names[effect->kind], (unsigned long long)effect->move,
                       effect->vm ? effect->vm : "", effect->host ? effect->host : "",
                       effect->text && effect->text[0] ? effect->text
                       : effect->name                  ? effect->name
                                                       : "");
}

static bool has_a_step_twice(const struct rows *stalls)
{
    const struct stall *steps = stalls->item;
    for (uint32_t i = 1; i < stalls->n; i++)
        if (!(steps[i].downtime_ms < steps[i - 1].downtime_ms) &&
            !(steps[i].downtime_ms > steps[i - 1].downtime_ms))
            return true;
    return false;
}

static void begin_try(struct follow *follow, const struct effect *effect)
{
    follow->aborts = follow->postcopies = 0;
    follow->downtime_ms = NAN;
    follow->may_repeat = effect->kind == EFFECT_WATCH || has_a_step_twice(&effect->how.stalls);
}

static void check_schedule(struct run *run, struct follow *follow, const struct effect *effect)
{
    if (!follow->may_repeat && !(effect->number < follow->downtime_ms) &&
        !(effect->number > follow->downtime_ms) && !isnan(follow->downtime_ms))
        run_broken(run, "move %llu of VM %s: a pause of %.0f ms was allowed twice in the same try",
                   (unsigned long long)effect->move, effect->vm, effect->number);
    follow->downtime_ms = effect->number;
}

/* An abort or a switch is asked for once in a try; an adopted job may be asked once more. */
static void check_once_in_try(struct run *run, const struct effect *effect)
{
    struct follow *follow = follow_of(run, effect->move);
    if (effect->kind == EFFECT_MIGRATE || effect->kind == EFFECT_WATCH)
        begin_try(follow, effect);
    else if (effect->kind == EFFECT_SET_DOWNTIME)
        check_schedule(run, follow, effect);
    else if (effect->kind == EFFECT_ABORT)
        follow->aborts++;
    else
        follow->postcopies++;
    if (follow->aborts > 1 || follow->postcopies > 1)
        run_broken(run, "move %llu of VM %s: %s was ordered again in the same try",
                   (unsigned long long)effect->move, effect->vm, effect_kind_names[effect->kind]);
}

static void check_refreshes(struct run *run)
{
    struct checks *checks = run->checks;
    if (sim_now(run->sim) >= checks->refresh_second + 1) {
        checks->refresh_second = sim_now(run->sim);
        checks->refreshes = 0;
    }
    if (++checks->refreshes > REFRESHES_PER_SECOND * sim_n_hosts(run->sim))
        run_broken(run, "hosts are asked for reports more than %u times within one second",
                   checks->refreshes - 1);
}

void check_repeats(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        check_same_in_step(run, i);
        if (effect->kind == EFFECT_MIGRATE || effect->kind == EFFECT_WATCH ||
            effect->kind == EFFECT_ABORT || effect->kind == EFFECT_POSTCOPY ||
            effect->kind == EFFECT_SET_DOWNTIME)
            check_once_in_try(run, effect);
        else if (effect->kind == EFFECT_REFRESH)
            check_refreshes(run);
    }
}

void check_budget(struct run *run, const struct event *event)
{
    const struct limits *limits = &run->settings.limits;
    uint32_t balanced = 0;
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct migration *migration = run->effects.item[i].migration;
        if (run->effects.item[i].kind != EFFECT_MIGRATION)
            continue;
        balanced += migration->state == MIGRATION_QUEUED && migration->attempt == 1 &&
                    migration->purpose == DROVER_TO_BALANCE;
        if (migration->attempt > limits->tries && migration->kind != MIGRATION_RESTART)
            run_broken(run, "move %llu of VM %s is tried for the %u. time; the limit is %u",
                       (unsigned long long)migration->id, migration->name, migration->attempt,
                       limits->tries);
    }
    uint32_t most = ROUNDS_PER_STEP * limits->balance_moves_per_round *
                    run->simulation->fleet->n_clusters;
    if (balanced > most)
        run_broken(run, "%u VMs are to be balanced at once; the limit is %u", balanced, most);
}

/* Where nothing happens and nobody asks, two rounds without an order are the end of it. */
void check_quiet(struct run *run, const struct event *event)
{
    struct checks *checks = run->checks;
    double rest_s = 2 * run->settings.limits.round_s + run->settings.limits.cooldown_s;
    if (event->kind == EVENT_OPERATOR_REQUEST)
        checks->asked = true;
    if (run->simulation->faults || !run->simulation->steady || checks->asked)
        return;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_MIGRATE)
            continue;
        if (sim_now(run->sim) - checks->quiet_since > rest_s)
            run_broken(run, "VM %s is ordered from host %s to host %s, after nothing has moved "
                       "for %.0f s, and nothing has changed since", effect->vm, effect->host,
                       effect->to, sim_now(run->sim) - checks->quiet_since);
        checks->quiet_since = sim_now(run->sim);
    }
}
