/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting calls of units: see calls.h. */
#include "model/calls.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void calls_begin(struct calls *calls, const struct overrun *repeat, uint32_t n_repeat)
{
    arena_free(&calls->arena);
    calls->n = 0;
    calls->n_seen = 0;
    calls->repeat = repeat;
    calls->n_repeat = n_repeat;
}

void calls_free(struct calls *calls)
{
    arena_free(&calls->arena);
    free(calls->seen);
    *calls = (struct calls){0};
}

static const struct overrun *find_repeat(const struct calls *calls, const char *unit)
{
    for (uint32_t i = 0; i < calls->n_repeat; i++)
        if (calls->repeat[i].call == calls->n && strcmp(calls->repeat[i].unit, unit) == 0)
            return &calls->repeat[i];
    return NULL;
}

struct unit_call unit_call_begin(struct calls *calls, const struct bound_unit *unit)
{
    if (!calls)
        return (struct unit_call){0};
    struct unit_call call = {.calls = calls, .number = ++calls->n};
    call.again = find_repeat(calls, unit->name);
    if (call.again)
        calls->n += call.again->within;
    return call;
}

void unit_call_end(const struct unit_call *call, const struct bound_unit *unit, int result)
{
    struct calls *calls = call->calls;
    if (!calls || result != DROVER_OVERRAN)
        return;
    calls->seen = memory_grow(calls->seen, &calls->room, calls->n_seen + 1, sizeof *calls->seen);
    calls->seen[calls->n_seen++] = (struct overrun){
        .call = call->number,
        .within = calls->n - call->number,
        .unit = arena_text(&calls->arena, unit->name),
        .error = arena_text(&calls->arena, unit_call_error(call, unit, result)),
    };
}

const char *unit_call_error(const struct unit_call *call, const struct bound_unit *unit,
                            int result)
{
    if (call->again)
        return call->again->error;
    const char *text = unit->unit->failure ? unit->unit->failure(unit->self) : NULL;
    if (text && text[0])
        return text;
    return result == DROVER_OVERRAN ? "it ran longer than it may" : "it failed without saying why";
}
