/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two decisions, one beside the other: see difference.h. */
#include "model/difference.h"

#include <string.h>

#define DIFFERENCE(member) offsetof(struct difference, member)
const struct field difference_fields[] = {
    {.key = "host", .type = FIELD_TEXT, .offset = DIFFERENCE(host)},
    {.key = "unit", .type = FIELD_TEXT, .offset = DIFFERENCE(unit)},
    {.key = "what", .type = FIELD_TEXT, .offset = DIFFERENCE(what)},
    {.key = "one", .type = FIELD_TEXT, .offset = DIFFERENCE(one)},
    {.key = "other", .type = FIELD_TEXT, .offset = DIFFERENCE(other)},
    {0},
};

bool decisions_agree(const struct decision *one, const struct decision *other)
{
    if (!one->chosen || !other->chosen)
        return !one->chosen && !other->chosen;
    return strcmp(one->chosen, other->chosen) == 0;
}

/* Rows being collected; room for all is made at once. */
struct collecting {
    struct difference *row;
    uint32_t n;
    struct arena *arena;
};

static void add(struct collecting *c, const char *host, const char *unit, const char *what,
                const char *one, const char *other)
{
    if (strcmp(one, other) == 0)
        return;
    c->row[c->n++] = (struct difference){
        .host = arena_text(c->arena, host),
        .unit = arena_text(c->arena, unit),
        .what = what,
        .one = arena_text(c->arena, one),
        .other = arena_text(c->arena, other),
    };
}

static const struct host_verdict *verdict_on(const struct decision *decision, const char *host)
{
    const struct host_verdict *hosts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (strcmp(hosts[i].name, host) == 0)
            return &hosts[i];
    return NULL;
}

static const struct refusal *refusal_by(const struct host_verdict *verdict, const char *unit)
{
    const struct refusal *refusals = verdict->refusals.item;
    for (uint32_t i = 0; i < verdict->refusals.n; i++)
        if (strcmp(refusals[i].unit, unit) == 0)
            return &refusals[i];
    return NULL;
}

static const char *refusal_text(struct arena *arena, const struct refusal *refusal)
{
    return refusal ? arena_printf(arena, "refused: %s", refusal->reason) : "not refused";
}

static void add_refusals(struct collecting *c, const struct host_verdict *one,
                         const struct host_verdict *other)
{
    const struct refusal *refusals = one->refusals.item;
    for (uint32_t i = 0; i < one->refusals.n; i++)
        add(c, one->name, refusals[i].unit, "verdict", refusal_text(c->arena, &refusals[i]),
            refusal_text(c->arena, refusal_by(other, refusals[i].unit)));
    refusals = other->refusals.item;
    for (uint32_t i = 0; i < other->refusals.n; i++)
        if (!refusal_by(one, refusals[i].unit))
            add(c, one->name, refusals[i].unit, "verdict", "not refused",
                refusal_text(c->arena, &refusals[i]));
}

static const struct weighing *weighing_by(const struct host_verdict *verdict, const char *unit)
{
    const struct weighing *weights = verdict->weights.item;
    for (uint32_t i = 0; i < verdict->weights.n; i++)
        if (strcmp(weights[i].unit, unit) == 0)
            return &weights[i];
    return NULL;
}

static const char *weighing_text(struct arena *arena, const struct weighing *weighing)
{
    return weighing ? arena_printf(arena, "raw %.10g, rank %.10g, factor %.10g", weighing->raw,
                                   weighing->rank, weighing->factor)
                    : "not weighed";
}

static void add_weights(struct collecting *c, const struct host_verdict *one,
                        const struct host_verdict *other)
{
    const struct weighing *weights = one->weights.item;
    for (uint32_t i = 0; i < one->weights.n; i++)
        add(c, one->name, weights[i].unit, "weight", weighing_text(c->arena, &weights[i]),
            weighing_text(c->arena, weighing_by(other, weights[i].unit)));
    weights = other->weights.item;
    for (uint32_t i = 0; i < other->weights.n; i++)
        if (!weighing_by(one, weights[i].unit))
            add(c, one->name, weights[i].unit, "weight", "not weighed",
                weighing_text(c->arena, &weights[i]));
}

static const char *score_text(struct arena *arena, const struct host_verdict *verdict)
{
    return verdict->accepted ? arena_printf(arena, "score %.10g, place %.10g", verdict->score,
                                            verdict->place)
                             : "refused";
}

static void add_host(struct collecting *c, const char *host, const struct decision *one,
                     const struct decision *other)
{
    const struct host_verdict *first = verdict_on(one, host), *second = verdict_on(other, host);
    if (!first || !second) {
        add(c, host, "", "candidate", first ? "asked" : "not asked", second ? "asked" : "not asked");
        return;
    }
    add_refusals(c, first, second);
    if (first->accepted && second->accepted)
        add_weights(c, first, second);
    add(c, host, "", "score", score_text(c->arena, first), score_text(c->arena, second));
}

static const struct unit_failure *failure_of(const struct decision *decision, const char *unit)
{
    const struct unit_failure *failures = decision->failures.item;
    for (uint32_t i = 0; i < decision->failures.n; i++)
        if (strcmp(failures[i].unit, unit) == 0)
            return &failures[i];
    return NULL;
}

static const char *failure_text(struct arena *arena, const struct unit_failure *failure)
{
    return failure ? arena_printf(arena, "failed: %s (treated as %s)", failure->error,
                                  failure->treated)
                   : "worked";
}

static void add_failures(struct collecting *c, const struct decision *one,
                         const struct decision *other)
{
    const struct unit_failure *failures = one->failures.item;
    for (uint32_t i = 0; i < one->failures.n; i++)
        add(c, "", failures[i].unit, "failure", failure_text(c->arena, &failures[i]),
            failure_text(c->arena, failure_of(other, failures[i].unit)));
    failures = other->failures.item;
    for (uint32_t i = 0; i < other->failures.n; i++)
        if (!failure_of(one, failures[i].unit))
            add(c, "", failures[i].unit, "failure", "worked",
                failure_text(c->arena, &failures[i]));
}

/* So many rows at most: for each host that was chosen, and the failures. */
static uint32_t room_for(const struct decision *one, const struct decision *other)
{
    const struct decision *const both[] = {one, other};
    uint32_t room = 4;
    for (int i = 0; i < 2; i++) {
        const struct host_verdict *hosts = both[i]->hosts.item;
        room += both[i]->failures.n;
        for (uint32_t h = 0; h < both[i]->hosts.n; h++)
            room += hosts[h].refusals.n + hosts[h].weights.n;
    }
    return room;
}

struct rows decision_differences(const struct decision *one, const struct decision *other,
                                 struct arena *arena)
{
    struct collecting c = {.arena = arena};
    c.row = arena_array(arena, room_for(one, other), sizeof *c.row);
    add_failures(&c, one, other);
    if (one->chosen)
        add_host(&c, one->chosen, one, other);
    if (other->chosen && !(one->chosen && strcmp(one->chosen, other->chosen) == 0))
        add_host(&c, other->chosen, one, other);
    return (struct rows){.item = c.row, .n = c.n};
}

const struct difference *difference_that_counts(const struct rows *differences)
{
    static const char *const by_weight[] = {"candidate", "verdict", "score", "weight", "failure"};
    const struct difference *rows = differences->item;
    for (size_t k = 0; k < sizeof by_weight / sizeof *by_weight; k++)
        for (uint32_t i = 0; i < differences->n; i++)
            if (strcmp(rows[i].what, by_weight[k]) == 0)
                return &rows[i];
    return NULL;
}
