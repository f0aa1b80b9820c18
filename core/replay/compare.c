/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comparing effects. Bit for bit means: the text that the journal has is the text that would be
 * written now. Only where it is not, records are looked at.
 */
#include "replay/compare.h"

#include "base/memory.h"
#include "codec/json.h"
#include "replay/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *record_json(const struct field *table, const void *record)
{
    json_t *json = json_from_record(table, record, NAN, JSON_SKIP_DEFAULTS);
    char *text = json_text(json);
    json_decref(json);
    return text;
}

/* ------------------------------------------------------------------ decisions */

/* The decision of a recorded effect; NULL: it has passed the limits, or cannot be read. */
static struct decision *read_decision(const struct step *step, const struct recorded *recorded)
{
    size_t length;
    const char *text = store_reader_decision(step->reader, recorded->effect.id, &length);
    json_t *json = text ? json_parse(text, length, "decision", NULL) : NULL;
    struct decision *decision = json ? memory_new(sizeof *decision) : NULL;
    if (decision && json_to_record(decision_fields, json, decision, NAN, &decision->arena, NULL)) {
        decision_free(decision);
        decision = NULL;
    }
    json_decref(json);
    return decision;
}

static bool same_decision(const struct step *step, const struct decision *before,
                          const struct decision *now)
{
    if (!before)
        return true; /* not known any more */
    if (step->loose)
        return strcmp(before->vm, now->vm) == 0 && decisions_agree(before, now);
    struct decision then = *before;
    if (step->other_units)
        then.policy_hash = now->policy_hash;
    char *one = record_json(decision_fields, &then), *other = record_json(decision_fields, now);
    bool same = strcmp(one, other) == 0;
    free(one);
    free(other);
    return same;
}

static const char *choice(const struct decision *decision)
{
    if (!decision)
        return "no decision";
    return decision->chosen ? decision->chosen : "no host";
}

/* Either may be NULL: there was none, or is none now. */
static void tell_decision(const struct step *step, const struct decision *before,
                          const struct decision *now)
{
    struct arena *arena = &step->report->arena;
    const struct decision *known = before ? before : now;
    bool both = before && now && strcmp(before->vm, now->vm) == 0;
    step->report->decision = (struct replay_decision){
        .there = true,
        .event = step->event,
        .id = before ? before->id : 0,
        .at = known->at,
        .vm = arena_text(arena, known->vm),
        .before = arena_text(arena, choice(before)),
        .now = arena_text(arena, both || !before ? choice(now) : "no decision"),
        .policy_before = before ? arena_text(arena, before->policy) : "",
        .policy_now = now ? arena_text(arena, now->policy) : "",
    };
    if (both)
        step->report->decision.differences = decision_differences(before, now, arena);
}

static uint32_t next_recorded(const struct step *step, uint32_t i)
{
    while (i < step->n_recorded && step->recorded[i].effect.kind != EFFECT_DECISION)
        i++;
    return i;
}

static uint32_t next_now(const struct step *step, uint32_t i)
{
    while (i < step->now->n && step->now->item[i].kind != EFFECT_DECISION)
        i++;
    return i;
}

void compare_decisions(const struct step *step)
{
    uint32_t i = next_recorded(step, 0), k = next_now(step, 0);
    while (!step->report->decision.there && (i < step->n_recorded || k < step->now->n)) {
        const struct decision *now = k < step->now->n ? step->now->item[k].decision : NULL;
        if (i == step->n_recorded && step->last)
            return;
        struct decision *before =
            i < step->n_recorded ? read_decision(step, &step->recorded[i]) : NULL;
        bool forgotten = i < step->n_recorded && !before;
        if (!forgotten && (!before || !now || !same_decision(step, before, now)))
            tell_decision(step, before, now);
        decision_free(before);
        i = next_recorded(step, i + (i < step->n_recorded));
        k = next_now(step, k + (k < step->now->n));
    }
}

/* ------------------------------------------------------------------ effects */

/* Where two texts of JSON differ first. */
static const char *where_texts_differ(struct arena *arena, const char *before, const char *now)
{
    const char *where = NULL;
    struct error error = ERROR_INIT;
    if (json_differs("effect", before, now, arena, &where, &error) < 0)
        return arena_printf(arena, "what the journal has cannot be read: %s", error.text);
    return where ? where : "they are written in another way";
}

/* What is told, and how, may be another thing where another policy decides; what is done may not. */
static struct effect what_is_done(const struct effect *effect)
{
    struct effect done = *effect;
    bool text_is_told = effect->kind == EFFECT_NOTICE || effect->kind == EFFECT_ANSWER ||
                        effect->kind == EFFECT_HOOK_ANSWER || effect->kind == EFFECT_ABORT;
    if (text_is_told)
        done.text = "";
    if (effect->kind == EFFECT_REMEMBER)
        done.value = NULL;
    return done;
}

static bool same_loosely(const struct recorded *before, const struct effect *now)
{
    struct effect one = what_is_done(&before->effect), other = what_is_done(now);
    return field_equal(effect_fields, &one, &other);
}

static void tell_effect(const struct step *step, const struct recorded *before,
                        const struct effect *now)
{
    struct arena *arena = &step->report->arena;
    char *text = now ? record_json(effect_fields, now) : NULL;
    const char *where;
    if (!before)
        where = arena_printf(arena, "not in the journal, but now: %.400s", text);
    else if (!now)
        where = arena_printf(arena, "in the journal, but not now: %.400s", before->json);
    else
        where = where_texts_differ(arena, before->json, text);
    free(text);
    step->report->effect = (struct replay_effect){
        .there = true, .event = step->event, .n = before ? before->n : 0, .where = where,
    };
}

static bool same_effect(const struct step *step, const struct recorded *before,
                        const struct effect *now)
{
    char *text = record_json(effect_fields, now);
    bool same = strlen(text) == before->length && memcmp(text, before->json, before->length) == 0;
    free(text);
    return same || (step->loose && same_loosely(before, now));
}

/* The decision that an effect carries. */
static bool compare_carried(const struct step *step, const struct recorded *before,
                            const struct effect *now)
{
    if (now->kind != EFFECT_DECISION)
        return true;
    struct decision *decision = read_decision(step, before);
    bool same = same_decision(step, decision, now->decision);
    if (!same)
        tell_decision(step, decision, now->decision);
    step->report->decisions += same && decision;
    decision_free(decision);
    return same;
}

/* What is only noted (overruns, shadows) goes with the policy: another one has others. */
static uint32_t skip_recorded(const struct step *step, uint32_t i)
{
    while (step->loose && i < step->n_recorded && step->recorded[i].effect.id == 0)
        i++;
    return i;
}

static uint32_t skip_now(const struct step *step, uint32_t i)
{
    while (step->loose && i < step->now->n && step->now->item[i].id == 0)
        i++;
    return i;
}

bool compare_step(const struct step *step)
{
    uint32_t i = skip_recorded(step, 0), k = skip_now(step, 0);
    while (i < step->n_recorded || k < step->now->n) {
        const struct recorded *before = i < step->n_recorded ? &step->recorded[i] : NULL;
        const struct effect *now = k < step->now->n ? &step->now->item[k] : NULL;
        if (i == step->n_recorded && step->last)
            return true;
        if (i == step->n_recorded || k == step->now->n || !same_effect(step, before, now)) {
            tell_effect(step, before, now);
            compare_decisions(step);
            return false;
        }
        if (!compare_carried(step, before, now))
            return false;
        step->report->effects++;
        i = skip_recorded(step, i + 1);
        k = skip_now(step, k + 1);
    }
    return true;
}
