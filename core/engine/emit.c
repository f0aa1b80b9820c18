/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Effects: how the engine speaks. */
#include "engine/internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void set_text(char **place, const char *text)
{
    char *copy = text ? memory_copy_text(text) : NULL;
    free(*place);
    *place = copy;
}

struct effect *emit(struct engine *engine, enum effect_kind kind)
{
    struct effects *out = engine->out;
    out->item = memory_grow(out->item, &out->capacity, out->n + 1, sizeof *out->item);
    struct effect *effect = &out->item[out->n++];
    memset(effect, 0, sizeof *effect);
    field_defaults(effect_fields, effect);
    effect->id = ++engine->last_id;
    effect->kind = kind;
    effect->at = engine->now;
    return effect;
}

/* What is only noted must not change how all else is numbered. */
void set_aside(struct engine *engine, struct effect *latest)
{
    latest->id = 0;
    engine->last_id--;
}

struct effect *emit_aside(struct engine *engine, enum effect_kind kind)
{
    struct effect *effect = emit(engine, kind);
    set_aside(engine, effect);
    return effect;
}

const char *emit_text(struct engine *engine, const char *text)
{
    return arena_text(&engine->out->arena, text);
}

const char *emit_printf(struct engine *engine, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(&engine->out->arena, format, arguments);
    va_end(arguments);
    return text;
}

struct effect *notice(struct engine *engine, enum notice_level level, const char *code,
                      const char *host, const char *vm, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(&engine->out->arena, format, arguments);
    va_end(arguments);
    struct effect *effect = emit(engine, EFFECT_NOTICE);
    effect->level = level;
    effect->name = code;
    effect->host = host ? emit_text(engine, host) : "";
    effect->vm = vm ? emit_text(engine, vm) : "";
    effect->text = text;
    return effect;
}

void answer(struct engine *engine, const struct event *event, enum error_kind status,
            const char *value, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(&engine->out->arena, format, arguments);
    va_end(arguments);
    struct effect *effect = emit(engine, EFFECT_ANSWER);
    effect->request = event->id;
    effect->status = (int)status;
    effect->text = text;
    effect->value = value ? emit_text(engine, value) : NULL;
}

uint64_t emit_decision(struct engine *engine, struct decision *decision)
{
    struct effects *out = engine->out;
    out->decisions = memory_grow(out->decisions, &out->decision_capacity, out->n_decisions + 1,
                                 sizeof *out->decisions);
    out->decisions[out->n_decisions++] = decision;
    struct effect *effect = emit(engine, EFFECT_DECISION);
    decision->id = effect->id;
    effect->decision = decision;
    effect->vm = decision->vm;
    return decision->id;
}

void remember(struct engine *engine, const char *name, const char *value)
{
    struct effect *effect = emit(engine, EFFECT_REMEMBER);
    effect->name = emit_text(engine, name);
    effect->value = emit_text(engine, value);
}

void forget(struct engine *engine, const char *name)
{
    emit(engine, EFFECT_FORGET)->name = emit_text(engine, name);
}
