/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Circuit breakers: a unit that fails again and again is not called for a while, and that is said
 * loudly. Afterwards it gets one chance; one more failure opens the breaker again.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <string.h>

#define FAILURES_TO_OPEN 5
#define OPEN_S 300

static struct breaker *breaker_of(struct engine *engine, const char *unit)
{
    for (uint32_t i = 0; i < engine->n_breakers; i++)
        if (strcmp(engine->breakers[i].unit, unit) == 0)
            return &engine->breakers[i];
    engine->breakers = memory_grow(engine->breakers, &engine->breaker_room,
                                   engine->n_breakers + 1, sizeof *engine->breakers);
    struct breaker *breaker = &engine->breakers[engine->n_breakers++];
    *breaker = (struct breaker){.unit = memory_copy_text(unit)};
    return breaker;
}

static void set_open_in(struct bound_unit *units, uint32_t n, const char *name, bool open)
{
    for (uint32_t i = 0; i < n; i++)
        if (units[i].unit && strcmp(units[i].name, name) == 0)
            units[i].open = open;
}

static void set_open(struct engine *engine, const char *unit, bool open)
{
    for (uint32_t i = 0; i < engine->n_rulesets; i++) {
        struct ruleset *rules = engine->rulesets[i];
        if (!rules)
            continue;
        set_open_in(rules->filters, rules->n_filters, unit, open);
        set_open_in(rules->weights, rules->n_weights, unit, open);
        set_open_in(rules->admits, rules->n_admits, unit, open);
        set_open_in(&rules->balance, 1, unit, open);
        set_open_in(&rules->resilience, 1, unit, open);
        set_open_in(&rules->migrate, 1, unit, open);
    }
}

static void note_failure(struct engine *engine, const struct unit_failure *failure)
{
    struct breaker *breaker = breaker_of(engine, failure->unit);
    if (breaker->open)
        return;
    if (engine->now >= breaker->retry_at + OPEN_S)
        breaker->failures = 0; /* long quiet: an old failure does not count for ever */
    breaker->retry_at = engine->now;
    notice(engine, NOTICE_WARNING, "unit.failed", NULL, NULL, "unit %s failed: %s (treated as %s)",
           failure->unit, failure->error, failure->treated);
    breaker->failures += failure->times;
    if (breaker->failures < FAILURES_TO_OPEN)
        return;
    breaker->open = true;
    breaker->retry_at = engine->now + OPEN_S;
    set_open(engine, failure->unit, true);
    notice(engine, NOTICE_ERROR, "unit.breaker_open", NULL, NULL,
           "unit %s failed %u times and is not called for %d s: %s; until then its policy's "
           "on_error (%s) stands in",
           failure->unit, breaker->failures, OPEN_S, failure->error, failure->treated);
}

void breakers_note(struct engine *engine, const struct rows *failures)
{
    const struct unit_failure *rows = failures->item;
    for (uint32_t i = 0; i < failures->n; i++)
        note_failure(engine, &rows[i]);
    engine->dirty |= failures->n > 0;
}

void breakers_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_breakers; i++) {
        struct breaker *breaker = &engine->breakers[i];
        if (!breaker->open)
            continue;
        if (engine->now < breaker->retry_at) {
            wake_at(engine, breaker->retry_at);
            continue;
        }
        breaker->open = false;
        breaker->failures = FAILURES_TO_OPEN - 1;
        set_open(engine, breaker->unit, false);
        notice(engine, NOTICE_INFO, "unit.breaker_closed", NULL, NULL,
               "unit %s is called again, on trial", breaker->unit);
    }
}

/* A new set is a new chance: whoever mended the unit wants to see it run. */
void breakers_apply(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_breakers; i++) {
        engine->breakers[i].open = false;
        engine->breakers[i].failures = 0;
    }
}
