/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that die, and engines that are born again: what tests of both have in common. */
#ifndef DROVER_TEST_ENGINE_FAILURE_H
#define DROVER_TEST_ENGINE_FAILURE_H

#include "engine_bench.h"

/* Three hosts with so many fence devices; kvm1 has an important VM, a less important, a plain one. */
static inline struct bench begin_with(uint32_t n_fence, bool listens)
{
    struct bench bench = bench_new(3);
    bench.n_fence = n_fence;
    bench.listens = listens;
    bench_start(&bench);
    for (int i = 0; i < 3; i++) {
        static const char *const hosts[] = {"kvm1", "kvm2", "kvm3"};
        bench_connect(&bench, hosts[i]);
    }
    bench_report(&bench, "kvm1", "ha9", "ha5", "web", NULL);
    bench_report(&bench, "kvm2", "other", NULL);
    bench_report(&bench, "kvm3", NULL);
    bench_tick(&bench, 301); /* beyond the quiet start */
    return bench;
}

static inline struct bench begin(uint32_t n_fence)
{
    return begin_with(n_fence, false);
}

static inline void probed(struct bench *bench, const char *host, const char *what)
{
    struct event *event = bench_event(bench, EVENT_PROBED, host);
    event_set(event, &event->name, what);
    event_set(event, &event->text, strcmp(what, "answers") == 0 ? "kvm1:22 answers" : "");
    bench_take(bench, event);
}

static inline void fenced(struct bench *bench, const char *host, uint64_t id, const char *result)
{
    struct event *event = bench_event(bench, EVENT_FENCED, host);
    event->id = id;
    event_set(event, &event->name, result);
    bench_take(bench, event);
}

static inline void started(struct bench *bench, uint64_t move, bool ok)
{
    struct event *event = bench_event(bench, EVENT_START_DONE, NULL);
    event->id = move;
    event->ok = ok;
    event_set(event, &event->text, ok ? "" : "no such disk");
    bench_take(bench, event);
}

static inline uint64_t fence_order(const struct bench *bench, const char *action)
{
    const struct effect *effect = bench_effect(bench, EFFECT_FENCE, 0);
    assert_non_null(effect);
    assert_string_equal(effect->name, action);
    return effect->id;
}

/* kvm1 goes silent, and its grace is over: it is being probed. */
static inline void dies(struct bench *bench)
{
    bench_lose(bench, "kvm1", "keepalive");
    bench_tick(bench, 61.5);
    assert_string_equal(bench_state(bench, "kvm1"), "non_responsive");
    assert_non_null(bench_effect(bench, EFFECT_PROBE, 0));
}

/* And is fenced by its only device. */
static inline void dies_and_is_fenced(struct bench *bench)
{
    dies(bench);
    probed(bench, "kvm1", "silent");
    uint64_t order = fence_order(bench, "off");
    assert_string_equal(bench_state(bench, "kvm1"), "fencing");
    fenced(bench, "kvm1", order, "off");
    assert_int_equal(bench_count(bench, EFFECT_START), 0);
    probed(bench, "kvm1", "silent");
    assert_string_equal(bench_state(bench, "kvm1"), "down");
}

/* The start effect of the VM in the last step. */
static inline const struct effect *start_of(const struct bench *bench, const char *vm)
{
    const struct effect *effect;
    for (uint32_t i = 0; (effect = bench_effect(bench, EFFECT_START, i)); i++)
        if (strcmp(effect->vm, vm) == 0)
            return effect;
    return NULL;
}

/* All that is remembered after these effects, as a new engine gets it back. */
struct memory {
    char *name[64], *value[64];
    uint32_t n;
};

static inline void memorize(struct memory *memory, const struct bench *bench)
{
    for (uint32_t i = 0; i < bench->effects.n; i++) {
        const struct effect *effect = &bench->effects.item[i];
        if (effect->kind != EFFECT_REMEMBER && effect->kind != EFFECT_FORGET)
            continue;
        uint32_t place = 0;
        while (place < memory->n && strcmp(memory->name[place], effect->name) != 0)
            place++;
        assert_true(place < 64);
        if (place == memory->n)
            memory->name[memory->n++] = strdup(effect->name);
        free(memory->value[place]);
        memory->value[place] = effect->kind == EFFECT_FORGET ? NULL : strdup(effect->value);
    }
}

static inline struct bench reborn(struct memory *memory, double now)
{
    struct bench bench = bench_new(3);
    bench.n_fence = 1;
    bench.now = now;
    bench_configure(&bench);
    for (uint32_t i = 0; i < memory->n; i++) {
        if (memory->value[i]) {
            struct event *event = bench_event(&bench, EVENT_RECALLED, NULL);
            event_set(event, &event->name, memory->name[i]);
            event_set(event, &event->text, memory->value[i]);
            bench_take(&bench, event);
        }
        free(memory->name[i]);
        free(memory->value[i]);
    }
    bench_take(&bench, bench_event(&bench, EVENT_STARTED, NULL));
    return bench;
}

#endif
