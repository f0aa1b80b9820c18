/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Circuit breakers: a unit that fails again and again is not called for a while, and that is said
 * loudly. Afterwards it gets one chance; one more failure opens the breaker again. The policies in
 * force have theirs, and each shadow has its own.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_TO_OPEN 5
#define OPEN_S 300

static struct breaker *breaker_of(struct breakers *breakers, const char *unit)
{
    for (uint32_t i = 0; i < breakers->n; i++)
        if (strcmp(breakers->item[i].unit, unit) == 0)
            return &breakers->item[i];
    breakers->item =
        memory_grow(breakers->item, &breakers->room, breakers->n + 1, sizeof *breakers->item);
    struct breaker *breaker = &breakers->item[breakers->n++];
    *breaker = (struct breaker){.unit = memory_copy_text(unit)};
    return breaker;
}

static void set_open_in(struct bound_unit *units, uint32_t n, const char *name, bool open)
{
    for (uint32_t i = 0; i < n; i++)
        if (units[i].unit && strcmp(units[i].name, name) == 0)
            units[i].open = open;
}

static void set_open(const struct breakers *breakers, const char *unit, bool open)
{
    for (uint32_t i = 0; i < breakers->n_rulesets; i++) {
        struct ruleset *rules = breakers->ruleset[i];
        if (!rules)
            continue;
        set_open_in(rules->filters, rules->n_filters, unit, open);
        set_open_in(rules->weights, rules->n_weights, unit, open);
        set_open_in(rules->admits, rules->n_admits, unit, open);
        set_open_in(&rules->balance, 1, unit, open);
        set_open_in(&rules->resilience, 1, unit, open);
        set_open_in(&rules->migrate, 1, unit, open);
        set_open_in(rules->migrates, rules->n_migrates, unit, open);
    }
}

static void count_failure(struct engine *engine, struct breakers *breakers,
                          const struct unit_failure *failure, breaker_tell *tell, void *self)
{
    struct breaker *breaker = breaker_of(breakers, failure->unit);
    struct breaker_change change = {
        .what = BREAKER_COUNTS, .unit = failure->unit, .error = failure->error,
        .treated = failure->treated, .open_s = OPEN_S,
    };
    if (breaker->open)
        return;
    if (engine->now >= breaker->retry_at + OPEN_S)
        breaker->failures = 0; /* long quiet: an old failure does not count for ever */
    breaker->retry_at = engine->now;
    tell(engine, self, &change);
    breaker->failures += failure->times;
    if (breaker->failures < FAILURES_TO_OPEN)
        return;
    breaker->open = true;
    breaker->retry_at = engine->now + OPEN_S;
    set_open(breakers, failure->unit, true);
    change.what = BREAKER_OPENS;
    change.failures = breaker->failures;
    tell(engine, self, &change);
}

void breakers_count(struct engine *engine, struct breakers *breakers, const struct rows *failures,
                    breaker_tell *tell, void *self)
{
    const struct unit_failure *rows = failures->item;
    for (uint32_t i = 0; i < failures->n; i++)
        count_failure(engine, breakers, &rows[i], tell, self);
}

double breakers_retry(struct engine *engine, struct breakers *breakers, breaker_tell *tell,
                      void *self)
{
    double next = INFINITY;
    for (uint32_t i = 0; i < breakers->n; i++) {
        struct breaker *breaker = &breakers->item[i];
        if (!breaker->open)
            continue;
        if (engine->now < breaker->retry_at) {
            next = fmin(next, breaker->retry_at);
            continue;
        }
        breaker->open = false;
        breaker->failures = FAILURES_TO_OPEN - 1;
        set_open(breakers, breaker->unit, false);
        tell(engine, self, &(struct breaker_change){.what = BREAKER_CLOSES,
                                                    .unit = breaker->unit});
    }
    return next;
}

void breakers_reset(struct breakers *breakers)
{
    for (uint32_t i = 0; i < breakers->n; i++) {
        breakers->item[i].open = false;
        breakers->item[i].failures = 0;
    }
}

void breakers_free(struct breakers *breakers)
{
    for (uint32_t i = 0; i < breakers->n; i++)
        free(breakers->item[i].unit);
    free(breakers->item);
    *breakers = (struct breakers){0};
}

/* ------------------------------------------------------------------ of the policies in force */

static void tell_loudly(struct engine *engine, void *self, const struct breaker_change *change)
{
    (void)self;
    if (change->what == BREAKER_COUNTS)
        notice(engine, NOTICE_WARNING, "unit.failed", NULL, NULL,
               "unit %s failed: %s (treated as %s)", change->unit, change->error,
               change->treated);
    else if (change->what == BREAKER_OPENS)
        notice(engine, NOTICE_ERROR, "unit.breaker_open", NULL, NULL,
               "unit %s failed %u times and is not called for %d s: %s; until then its policy's "
               "on_error (%s) stands in",
               change->unit, change->failures, change->open_s, change->error, change->treated);
    else
        notice(engine, NOTICE_INFO, "unit.breaker_closed", NULL, NULL,
               "unit %s is called again, on trial", change->unit);
}

void breakers_note(struct engine *engine, const struct rows *failures)
{
    breakers_count(engine, &engine->breakers, failures, tell_loudly, NULL);
    engine->dirty |= failures->n > 0;
}

void breakers_pump(struct engine *engine)
{
    wake_at(engine, breakers_retry(engine, &engine->breakers, tell_loudly, NULL));
}

void breakers_apply(struct engine *engine)
{
    engine->breakers.ruleset = engine->rulesets;
    engine->breakers.n_rulesets = engine->n_rulesets;
    breakers_reset(&engine->breakers);
}
