/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a guest dirties its memory: measured of VMs that are about to be moved, and where a person
 * asks. Never of one that migrates, where libvirt tells it with the progress, and never of all.
 *
 * A move may wait for the figure for limits.measure_wait, by default not at all: then what waits in
 * the queue anyway is measured meanwhile. One VM is measured once a minute at most, and no more
 * than two of a host at a time: the host's kernel walks their memory for that.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEASURE_S 1.0
#define FRESH_S 300.0   /* an older figure says little */
#define AGAIN_S 60.0
#define PER_HOST 2u
#define ANSWER_S 20.0   /* who asked waits no longer than this */
#define MEASURINGS_MOST 512u

static struct measuring *find(const struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_measuring; i++)
        if (strcmp(engine->measuring[i].vm, vm) == 0)
            return &engine->measuring[i];
    return NULL;
}

void measuring_free(struct measuring *measuring)
{
    free(measuring->vm);
    free(measuring->host);
}

static uint32_t count_at(const struct engine *engine, const char *host)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine->n_measuring; i++) {
        const struct measuring *one = &engine->measuring[i];
        n += !one->answered && engine->now - one->at < ANSWER_S && strcmp(one->host, host) == 0;
    }
    return n;
}

static bool may_be_asked(const struct engine *engine, const struct vm *vm)
{
    const struct watch *watch = vm->host ? watch_find(engine, vm->host) : NULL;
    return watch && watch->connected && watch->reported && vm->state == DROVER_VM_RUNNING &&
           !vm->to;
}

/* NULL: not now. */
static struct measuring *ask(struct engine *engine, const struct vm *vm)
{
    if (find(engine, vm_key(vm)) || !may_be_asked(engine, vm) ||
        engine->n_measuring >= MEASURINGS_MOST || count_at(engine, vm->host) >= PER_HOST)
        return NULL;
    engine->measuring = memory_grow(engine->measuring, &engine->measuring_room,
                                    engine->n_measuring + 1, sizeof *engine->measuring);
    struct measuring *one = &engine->measuring[engine->n_measuring++];
    *one = (struct measuring){.vm = memory_copy_text(vm_key(vm)),
                              .host = memory_copy_text(vm->host), .at = engine->now};
    struct effect *effect = emit(engine, EFFECT_MEASURE);
    effect->vm = emit_text(engine, one->vm);
    effect->host = emit_text(engine, one->host);
    effect->number = MEASURE_S;
    wake_at(engine, engine->now + ANSWER_S);
    return one;
}

static bool is_fresh(const struct engine *engine, const struct vm *vm)
{
    return !isnan(vm->dirty_mib_s) && engine->now - vm->dirty_at < FRESH_S;
}

/* It stays in the queue for now. */
void measure_queued(struct engine *engine, const struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm && move->record.kind == MIGRATION_LIVE && !is_fresh(engine, vm))
        ask(engine, vm);
}

/* It would start now. True: it waits for the figure first. */
bool measure_first(struct engine *engine, struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    double wait_s = engine->settings.limits.measure_wait_s;
    if (!vm || wait_s <= 0 || move->record.kind != MIGRATION_LIVE || is_fresh(engine, vm))
        return false;
    const struct measuring *one = find(engine, move->record.vm);
    if (!one)
        one = ask(engine, vm);
    if (!one || one->answered || engine->now >= one->at + wait_s)
        return false;
    wake_at(engine, one->at + wait_s);
    move->record.waits = "how fast it dirties its memory is being measured";
    return true;
}

static void answer_asker(struct engine *engine, struct measuring *one, const char *error,
                         double dirty_mib_s)
{
    struct event asked = {.id = one->request};
    one->answered = true;
    if (!one->request)
        return;
    one->request = 0;
    if (error)
        answer(engine, &asked, ERROR_FAILED, NULL, "VM %s: its dirty rate could not be measured: %s",
               one->vm, error);
    else
        answer(engine, &asked, ERROR_NONE, NULL, "it dirties %.1f MiB/s", dirty_mib_s);
}

void on_measured(struct engine *engine, const struct event *event)
{
    struct measuring *one = find(engine, event->vm);
    struct vm *vm = fleet_vm(engine->fleet, event->vm);
    double dirty_mib_s = event->progress.dirty_mib_s;
    if (!one || one->answered)
        return; /* nobody asked, or it is too late */
    engine->dirty = true;
    if (!event->ok || !(dirty_mib_s >= 0)) {
        answer_asker(engine, one, event->text[0] ? event->text : "libvirt gave no figure", NAN);
        return;
    }
    if (vm && vm->host && strcmp(vm->host, one->host) == 0) {
        vm->dirty_mib_s = dirty_mib_s;
        vm->dirty_at = engine->now;
    }
    answer_asker(engine, one, NULL, dirty_mib_s);
}

/* The lists' ends: who waits too long is told, what is long over may be asked again. */
void measure_pump(struct engine *engine)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->n_measuring; i++) {
        struct measuring one = engine->measuring[i];
        if (!one.answered && engine->now >= one.at + ANSWER_S)
            answer_asker(engine, &one, "its host did not answer in time", NAN);
        if (engine->now >= one.at + AGAIN_S) {
            measuring_free(&one);
            continue;
        }
        wake_at(engine, one.at + (one.answered ? AGAIN_S : ANSWER_S));
        engine->measuring[left++] = one;
    }
    engine->n_measuring = left;
}

static const char *why_not(const struct engine *engine, const struct vm *vm)
{
    if (vm->to || vm->state == DROVER_VM_MIGRATING)
        return "it is being migrated, and drover migrations shows what it dirties";
    if (!may_be_asked(engine, vm))
        return vm->state == DROVER_VM_RUNNING ? "its host does not answer" : "it does not run";
    return "it was asked a moment ago, or two others of its host are being measured: try again in "
           "a minute";
}

void do_measure(struct engine *engine, const struct event *event)
{
    struct error error = ERROR_INIT;
    const struct vm *vm = fleet_find_vm(engine->fleet, event->vm, &error);
    if (!vm) {
        answer(engine, event, error.kind, NULL, "%s", error.text);
        return;
    }
    if (!isnan(vm->dirty_mib_s) && engine->now - vm->dirty_at < AGAIN_S) {
        answer(engine, event, ERROR_NONE, NULL, "it dirties %.1f MiB/s, measured %.0f s ago",
               vm->dirty_mib_s, engine->now - vm->dirty_at);
        return;
    }
    struct measuring *one = find(engine, vm_key(vm));
    if (!one)
        one = ask(engine, vm);
    if (one && !one->answered && !one->request)
        one->request = event->id;
    else
        answer(engine, event, ERROR_REFUSED, NULL, "VM %s cannot be measured now: %s", vm->name,
               why_not(engine, vm));
}
