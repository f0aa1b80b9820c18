/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where VMs were before drover emptied their host for people. When such a host is taken back they
 * may be moved home again, if that is wanted: those that are still where the drain has put them.
 * A VM that anybody has moved since then is at home where it is.
 */
#include "engine/internal.h"

#include "base/field_lines.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct remembered_home {
    const char *host, *at, *who;
    bool due;
};
#define HOME(member) offsetof(struct remembered_home, member)
static const struct field remembered_home_fields[] = {
    {.key = "host", .type = FIELD_TEXT, .offset = HOME(host)},
    {.key = "at", .type = FIELD_TEXT, .offset = HOME(at)},
    {.key = "who", .type = FIELD_TEXT, .offset = HOME(who)},
    {.key = "due", .type = FIELD_BOOL, .offset = HOME(due)},
    {0},
};

void home_free(struct home *home)
{
    free(home->vm);
    free(home->host);
    free(home->at);
    free(home->who);
}

static struct home *find(const struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_homes; i++)
        if (strcmp(engine->homes[i].vm, vm) == 0)
            return &engine->homes[i];
    return NULL;
}

static void keep(struct engine *engine, const struct home *home)
{
    struct remembered_home now = {
        .host = home->host, .at = home->at, .who = home->who ? home->who : "", .due = home->due};
    remember(engine, emit_printf(engine, "home/%s", home->vm),
             field_lines_write(&engine->out->arena, remembered_home_fields, &now));
}

static struct home *add(struct engine *engine, const char *vm)
{
    engine->homes =
        memory_grow(engine->homes, &engine->home_room, engine->n_homes + 1, sizeof *engine->homes);
    struct home *home = &engine->homes[engine->n_homes++];
    *home = (struct home){.vm = memory_copy_text(vm)};
    return home;
}

/* The order of the others stays: it is in this order that they go home. */
static void drop(struct engine *engine, struct home *home)
{
    forget(engine, emit_printf(engine, "home/%s", home->vm));
    home_free(home);
    uint32_t behind = engine->n_homes-- - (uint32_t)(home - engine->homes) - 1;
    memmove(home, home + 1, behind * sizeof *home);
}

/* One that was at home elsewhere before, and is only passed on by a second drain, is so still. */
void home_note(struct engine *engine, const struct move *move)
{
    const struct migration *record = &move->record;
    struct home *home = find(engine, record->vm);
    bool passed_on = home && strcmp(home->at, record->from) == 0;
    if (record->purpose != DROVER_TO_DRAIN || move_is_restart(move)) {
        if (home)
            drop(engine, home);
        return;
    }
    if (home && !passed_on) { /* somebody has moved it since */
        drop(engine, home);
        home = NULL;
    }
    if (!home) {
        home = add(engine, record->vm);
        set_text(&home->host, record->from);
    }
    set_text(&home->at, record->to);
    if (strcmp(home->host, home->at) == 0)
        drop(engine, home);
    else
        keep(engine, home);
}

/* That host is taken back: its VMs come home, or are at home where they are. */
void home_return(struct engine *engine, const char *host, bool come, const char *who)
{
    for (uint32_t i = engine->n_homes; i-- > 0;) {
        struct home *home = &engine->homes[i];
        if (strcmp(home->host, host) != 0)
            continue;
        if (!come) {
            drop(engine, home);
            continue;
        }
        home->due = true;
        set_text(&home->who, who);
        keep(engine, home);
    }
}

static bool is_heard(const struct engine *engine, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    return watch && watch->connected && watch->reported;
}

/* Whether it is over: it moves home, or will not. */
static bool go_home(struct engine *engine, const struct home *home)
{
    const struct host *host = fleet_host(engine->fleet, home->host);
    const struct vm *vm = fleet_vm(engine->fleet, home->vm);
    if (!host)
        return true;
    if (host->state != DROVER_HOST_UP || !is_heard(engine, home->at))
        return !watch_find(engine, home->at);
    if (!vm || !vm->host || strcmp(vm->host, home->at) != 0 || !vm_occupies(vm) ||
        move_of_vm(engine, home->vm))
        return true;
    move_queue(engine, vm, DROVER_TO_MIGRATE, home->who ? home->who : "drover",
               emit_printf(engine, "home again: maintenance of host %s is over", home->host),
               home->host);
    return true;
}

void homes_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_homes;) {
        struct home *home = &engine->homes[i];
        if (home->due && go_home(engine, home))
            drop(engine, home);
        else
            i++;
    }
}

void home_recall(struct engine *engine, const char *vm, const char *lines)
{
    struct arena arena = ARENA_INIT;
    struct remembered_home was = {.host = "", .at = "", .who = ""};
    field_lines_read(&arena, remembered_home_fields, lines, &was);
    if (was.host[0] && was.at[0] && watch_find(engine, was.host)) {
        struct home *home = add(engine, vm);
        set_text(&home->host, was.host);
        set_text(&home->at, was.at);
        set_text(&home->who, was.who);
        home->due = was.due;
    } else { /* not configured any more, or nothing that was once written */
        forget(engine, emit_printf(engine, "home/%s", vm));
    }
    arena_free(&arena);
}
