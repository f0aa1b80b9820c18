/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shadows: where a cluster has one, it is asked whatever the policy in force has just been asked,
 * on the same fleet, and nobody acts by what it says. It has units, breakers and last good answers
 * of its own, its effects take no numbers, and it wakes nobody: with it or without it, the same is
 * done at the same times.
 */
#include "engine/internal.h"

#include "base/memory.h"
#include "model/difference.h"

#include <stdlib.h>
#include <string.h>

static struct shadow *shadow_of(const struct engine *engine, const char *cluster)
{
    for (uint32_t i = 0; i < engine->n_shadows; i++)
        if (strcmp(engine->shadows[i]->cluster, cluster) == 0)
            return engine->shadows[i];
    return NULL;
}

/* ------------------------------------------------------------------ a new set */

static void shadow_free(struct shadow *shadow)
{
    free(shadow->cluster);
    free(shadow->active);
    free(shadow->name);
    free(shadow->hash);
    breakers_free(&shadow->breakers);
    free(shadow);
}

static struct shadow *shadow_new(const struct cluster_rules *rules, double now)
{
    struct shadow *shadow = memory_new(sizeof *shadow);
    set_text(&shadow->cluster, rules->cluster);
    set_text(&shadow->name, rules->shadow->name);
    set_text(&shadow->hash, rules->shadow->hash);
    shadow->status.since = now;
    return shadow;
}

/* The same policy of the same cluster goes on counting. */
static struct shadow *take_old(struct engine *engine, const struct cluster_rules *rules)
{
    for (uint32_t i = 0; i < engine->n_shadows; i++) {
        struct shadow *shadow = engine->shadows[i];
        if (shadow && strcmp(shadow->cluster, rules->cluster) == 0 &&
            strcmp(shadow->hash, rules->shadow->hash) == 0) {
            engine->shadows[i] = NULL;
            return shadow;
        }
    }
    return shadow_new(rules, engine->now);
}

void shadows_free(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_shadows; i++)
        if (engine->shadows[i])
            shadow_free(engine->shadows[i]);
    free(engine->shadows);
    engine->shadows = NULL;
    engine->n_shadows = 0;
}

void shadows_take(struct engine *engine, const struct event *event)
{
    struct shadow **shadows = memory_array(event->n_rules, sizeof *shadows);
    uint32_t n = 0;
    for (uint32_t i = 0; i < event->n_rules; i++) {
        const struct cluster_rules *rules = &event->rules[i];
        if (!rules->shadow)
            continue;
        struct shadow *shadow = take_old(engine, rules);
        set_text(&shadow->active, rules->ruleset->name);
        shadow->rules = rules->shadow;
        shadow->breakers.ruleset = &shadow->rules;
        shadow->breakers.n_rulesets = 1;
        breakers_reset(&shadow->breakers);
        shadow->status.cluster = shadow->cluster;
        shadow->status.active = shadow->active;
        shadow->status.shadow = shadow->name;
        shadows[n++] = shadow;
    }
    shadows_free(engine);
    engine->shadows = shadows;
    engine->n_shadows = n;
}

/* ------------------------------------------------------------------ its failures */

static void tell_breaker(struct engine *engine, void *self, const struct breaker_change *change)
{
    const struct shadow *shadow = self;
    if (change->what == BREAKER_COUNTS)
        return; /* it stands in the comparison */
    struct effect *effect =
        notice(engine, NOTICE_INFO,
               change->what == BREAKER_OPENS ? "shadow.breaker_open" : "shadow.breaker_closed",
               NULL, NULL, "shadow %s of cluster %s: unit %s %s%s", shadow->name, shadow->cluster,
               change->unit,
               change->what == BREAKER_OPENS ? "failed too often and is not called for a while: "
                                             : "is called again, on trial",
               change->what == BREAKER_OPENS ? change->error : "");
    set_aside(engine, effect);
}

static void note_failures(struct engine *engine, struct shadow *shadow,
                          const struct rows *failures)
{
    const struct unit_failure *rows = failures->item;
    for (uint32_t i = 0; i < failures->n; i++)
        shadow->status.failures += rows[i].times;
    breakers_count(engine, &shadow->breakers, failures, tell_breaker, shadow);
}

/* ------------------------------------------------------------------ effects */

static const char *keep(struct engine *engine, const char *text)
{
    return text ? emit_text(engine, text) : "";
}

static void emit_comparison(struct engine *engine, const struct comparison *comparison)
{
    struct effect *effect = emit_aside(engine, comparison->agreed ? EFFECT_SHADOW_AGREED
                                                                  : EFFECT_SHADOW_DIFFERED);
    struct comparison *kept = arena_new(&engine->out->arena, sizeof *kept);
    field_copy(comparison_fields, kept, comparison, &engine->out->arena);
    effect->vm = kept->vm;
    effect->comparison = (struct rows){.item = kept, .n = 1};
}

/* ------------------------------------------------------------------ decisions */

static const char *row_text(struct engine *engine, const struct comparison *comparison,
                            const struct difference *row)
{
    const char *what = row->unit[0] && row->host[0]
                           ? emit_printf(engine, "%s on host %s", row->unit, row->host)
                       : row->host[0] ? emit_printf(engine, "host %s", row->host)
                                      : emit_printf(engine, "unit %s", row->unit);
    return emit_printf(engine, "%s: %s by %s, %s by %s", what, row->one, comparison->active,
                       row->other, comparison->shadow);
}

/* Of scores, which weight made them what they are. */
static const char *why_decisions_differ(struct engine *engine, const struct comparison *comparison)
{
    const struct difference *rows = comparison->differences.item;
    const struct difference *counts = difference_that_counts(&comparison->differences);
    if (!counts)
        return "";
    const char *text = row_text(engine, comparison, counts);
    for (uint32_t i = 0; strcmp(counts->what, "score") == 0 && i < comparison->differences.n; i++)
        if (strcmp(rows[i].what, "weight") == 0 && strcmp(rows[i].host, counts->host) == 0)
            return emit_printf(engine, "%s; %s", text, row_text(engine, comparison, &rows[i]));
    return text;
}

void shadow_decide(struct engine *engine, struct columns *columns,
                   const struct question *question, const struct decision *active)
{
    struct shadow *shadow =
        shadow_of(engine, columns->clusters.name[columns->vms.cluster[question->vm]]);
    if (!shadow)
        return;
    breakers_retry(engine, &shadow->breakers, tell_breaker, shadow);
    struct decision *decision = decide_together(columns, shadow->rules, question);
    bool agreed = decisions_agree(active, decision);
    struct comparison comparison = {
        .cluster = shadow->cluster, .about = "decision", .agreed = agreed,
        .decision = active->id, .vm = active->vm, .purpose = active->purpose,
        .active = shadow->active, .shadow = shadow->name,
        .active_choice = keep(engine, active->chosen),
        .shadow_choice = keep(engine, decision->chosen), .reason = "",
        .failures = decision->failures,
    };
    if (!agreed) {
        comparison.differences = decision_differences(active, decision, &engine->out->arena);
        comparison.reason = why_decisions_differ(engine, &comparison);
    }
    emit_comparison(engine, &comparison);
    shadow->status.decisions_agreed += agreed;
    shadow->status.decisions_differed += !agreed;
    note_failures(engine, shadow, &decision->failures);
    decision_free(decision);
}

/* ------------------------------------------------------------------ rounds */

static const char *destination(const struct plan *plan, const char *key)
{
    const struct planned_move *moves = plan->moves.item;
    for (uint32_t i = 0; i < plan->moves.n; i++)
        if (strcmp(moves[i].key, key) == 0)
            return moves[i].to;
    return NULL;
}

static bool plans_agree(const struct plan *one, const struct plan *other)
{
    const struct planned_move *moves = one->moves.item;
    if (one->moves.n != other->moves.n)
        return false;
    for (uint32_t i = 0; i < one->moves.n; i++) {
        const char *to = destination(other, moves[i].key);
        if (!to || strcmp(to, moves[i].to) != 0)
            return false;
    }
    return true;
}

static struct rows list_moves(struct engine *engine, const struct plan *plan)
{
    const struct planned_move *moves = plan->moves.item;
    struct shadow_move *rows = arena_array(&engine->out->arena, plan->moves.n, sizeof *rows);
    for (uint32_t i = 0; i < plan->moves.n; i++)
        rows[i] = (struct shadow_move){.vm = moves[i].vm, .to = moves[i].to};
    return (struct rows){.item = rows, .n = plan->moves.n};
}

static const char *plan_text(struct engine *engine, const char *policy, const struct plan *plan)
{
    const struct planned_move *moves = plan->moves.item;
    if (plan->moves.n == 0)
        return emit_printf(engine, "%s would move nothing: %s", policy, plan->idle);
    return emit_printf(engine, "%s would move %u %s, first VM %s to host %s: %s", policy,
                       plan->moves.n, plan->moves.n == 1 ? "VM" : "VMs", moves[0].vm, moves[0].to,
                       moves[0].reason);
}

static struct plan *plan_round(struct engine *engine, const struct shadow *shadow)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    uint32_t cluster = 0;
    while (cluster < columns->clusters.n &&
           strcmp(columns->clusters.name[cluster], shadow->cluster) != 0)
        cluster++;
    const struct ruleset **by_cluster =
        arena_array(&arena, columns->clusters.n, sizeof *by_cluster);
    if (cluster < columns->clusters.n)
        by_cluster[cluster] = shadow->rules;
    struct rules rules = {.by_cluster = by_cluster, .n = columns->clusters.n};
    const struct limits *limits = &engine->settings.limits;
    struct plan *plan = plan_balance(columns, &rules, cluster, limits->balance_moves_per_round,
                                     limits->cooldown_s);
    columns_free(columns);
    arena_free(&arena);
    return plan;
}

/* A round in which neither moves anything is counted, and not written down every minute. */
static void compare_rounds(struct engine *engine, struct shadow *shadow, const struct plan *active,
                           const struct plan *plan)
{
    bool agreed = plans_agree(active, plan);
    shadow->status.rounds_agreed += agreed;
    shadow->status.rounds_differed += !agreed;
    if (active->moves.n == 0 && plan->moves.n == 0 && plan->failures.n == 0)
        return;
    struct comparison comparison = {
        .cluster = shadow->cluster, .about = "round", .agreed = agreed, .vm = "", .purpose = "",
        .active = shadow->active, .shadow = shadow->name, .active_choice = "",
        .shadow_choice = "", .reason = "", .active_moves = list_moves(engine, active),
        .shadow_moves = list_moves(engine, plan), .failures = plan->failures,
    };
    if (!agreed)
        comparison.reason = emit_printf(engine, "%s; %s",
                                        plan_text(engine, shadow->active, active),
                                        plan_text(engine, shadow->name, plan));
    emit_comparison(engine, &comparison);
}

void shadow_balance(struct engine *engine, const char *cluster, const struct plan *active)
{
    struct shadow *shadow = shadow_of(engine, cluster);
    if (!shadow)
        return;
    breakers_retry(engine, &shadow->breakers, tell_breaker, shadow);
    struct plan *plan = plan_round(engine, shadow);
    compare_rounds(engine, shadow, active, plan);
    note_failures(engine, shadow, &plan->failures);
    plan_free(plan);
}

const struct shadow_status *engine_shadow(const struct engine *engine, uint32_t i)
{
    return i < engine->n_shadows ? &engine->shadows[i]->status : NULL;
}
