/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a VM is to be moved, as somebody asks for it: live, with its disks or without, cold or
 * offline; and what is said of one that was moved to be verified. Whatever cannot be is refused
 * here, before anything has happened, and the sentence names what can.
 */
#include "engine/internal.h"

#include "base/scalar.h"

#include <string.h>

#define SHUTDOWN_S 120.0 /* a guest may take so long, where nobody says otherwise */
#define SHUTDOWN_MOST_S 86400.0

struct wanted {
    enum migration_kind kind;
    enum copy_storage copy_storage;
    bool tunnelled, verify;
    double shutdown_s; /* 0: not said */
};

static bool is_set(const struct event *event, const char *key)
{
    const char *value = request_argument(event, key);
    return value && strcmp(value, "yes") == 0;
}

/* One of the names, or what stands for nothing said; -1: another word. */
static int choice(const struct event *event, const char *key, const char *const *names,
                  int otherwise)
{
    const char *text = request_argument(event, key);
    return text ? field_choice(names, text) : otherwise;
}

/* What is asked for contradicts itself: a sentence; NULL: it does not. */
static const char *read_wanted(const struct event *event, struct wanted *wanted)
{
    int kind = choice(event, "kind", migration_kind_names, MIGRATION_LIVE);
    int copy = choice(event, "copy_storage", copy_storage_names, COPY_NO_STORAGE);
    const char *shutdown = request_argument(event, "shutdown_timeout_s");
    *wanted = (struct wanted){.tunnelled = is_set(event, "tunnelled"),
                              .verify = is_set(event, "verify")};
    if (kind < MIGRATION_LIVE || kind > MIGRATION_OFFLINE)
        return "kind: expected live, cold or offline";
    if (copy < 0)
        return "copy_storage: expected none, full or incremental";
    if (shutdown && (!scalar_number(shutdown, &wanted->shutdown_s) ||
                     !(wanted->shutdown_s >= 1 && wanted->shutdown_s <= SHUTDOWN_MOST_S)))
        return "shutdown_timeout_s: expected a number of seconds, 1 to 86400";
    wanted->kind = (enum migration_kind)kind;
    wanted->copy_storage = (enum copy_storage)copy;
    if (kind != MIGRATION_LIVE && copy != COPY_NO_STORAGE)
        return "disks are copied while the VM runs: --copy-storage goes with --live alone";
    if (kind != MIGRATION_LIVE && wanted->tunnelled)
        return "only memory is tunnelled: --tunnelled goes with --live alone";
    if (wanted->tunnelled && copy != COPY_NO_STORAGE)
        return "libvirt does not tunnel disks: --copy-storage without --tunnelled";
    if (kind != MIGRATION_COLD && (wanted->verify || shutdown))
        return "--verify and --shutdown-timeout go with --cold alone";
    return NULL;
}

/* ------------------------------------------------------------------ may it be */

/* Why a VM in this state cannot be moved in this way, or NULL. */
static const char *wrong_state(const struct vm *vm, const struct wanted *wanted)
{
    if (wanted->kind == MIGRATION_OFFLINE)
        return vm_occupies(vm) ? "it runs: without --offline it moves live, with --cold it is shut "
                                 "down for the move"
                               : NULL;
    if (!vm_occupies(vm))
        return "it does not run: with --offline its definition moves";
    if (wanted->kind == MIGRATION_COLD && vm->state == DROVER_VM_PAUSED)
        return "it is paused, and a guest that stands still cannot shut down: resume it first, or "
               "move it live, without --cold";
    return NULL;
}

/* Why this VM cannot be moved on request, or NULL. */
static const char *cannot_move(struct engine *engine, const struct vm *vm, const char *to,
                               const struct wanted *wanted)
{
    if (!vm->host)
        return "it is on no host";
    if (move_of_vm(engine, vm_key(vm)) || vm->state == DROVER_VM_MIGRATING)
        return "it is on its way already; drover migrations shows where";
    const char *wrong = wrong_state(vm, wanted);
    if (wrong)
        return wrong;
    const struct watch *watch = watch_find(engine, vm->host);
    if (!watch || !watch->connected)
        return emit_printf(engine, "its host %s cannot be reached", vm->host);
    if (vm_is_doubted(engine, vm_key(vm)))
        return "two hosts say that they run it; drover status and drover log tell more";
    if (vm->postcopy_failed)
        return "its post-copy broke: half of its memory is on another host; drover log tells more";
    if (vm->migratable == DROVER_MIGRATABLE_NO)
        return "it is pinned to its host (migratable: no)";
    if (to[0] && strcmp(vm->host, to) == 0)
        return "it is there already";
    return NULL;
}

uint32_t kind_waives(const struct migration *record)
{
    return record->copy_storage != COPY_NO_STORAGE ? DROVER_WAIVE_STORAGE : 0;
}

static void leave(struct move *move, bool *flag, const char *code, const char *name)
{
    if (!*flag)
        return;
    *flag = false;
    left_out_add(&move->left_out, &move->arena, code,
                 arena_printf(&move->arena, "%s: it does not go with %s", name,
                              move->record.tunnelled ? "a tunnel" : "a guest that is paused"));
}

static void leave_postcopy(struct move *move, struct how *how)
{
    struct stall *stalls = how->stalls.item;
    uint32_t left = 0;
    leave(move, &how->postcopy, "migration.without_postcopy", "post-copy");
    for (uint32_t i = 0; i < how->stalls.n; i++)
        if (stalls[i].action != DROVER_STALL_POSTCOPY)
            stalls[left++] = stalls[i];
    how->stalls.n = left;
}

/* A guest that stands still faults no pages in: in post-copy it would never arrive. */
void kind_adjust(struct move *move, const struct vm *vm)
{
    struct how *how = &move->how;
    bool parallel = how->connections > 1;
    how->copy_storage = move->record.copy_storage;
    how->tunnelled = move->record.tunnelled;
    if (how->tunnelled || (vm && vm->state == DROVER_VM_PAUSED))
        leave_postcopy(move, how);
    if (!how->tunnelled)
        return;
    leave(move, &parallel, "migration.without_parallel", "parallel connections");
    leave(move, &how->zerocopy, "migration.without_zero_copy", "zero-copy");
    leave(move, &how->tls, "migration.without_tls", "TLS of its own");
    how->connections = 0;
    how->migration_address = ""; /* it has no connection of its own that could go there */
}

/* As the queue will ask, but for what is busy just now. NULL: its cluster has no policy. */
static struct decision *judge(struct engine *engine, const struct vm *vm, const char *to,
                              const struct wanted *wanted)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules all = engine_rules(engine, columns, &arena);
    uint32_t index = columns_vm(columns, vm_key(vm));
    const struct ruleset *rules = rules_of(&all, columns, index);
    uint32_t host = to[0] ? columns_host(columns, to) : DROVER_NONE;
    uint32_t own = columns_host(columns, vm->host);
    const struct question question = {
        .vm = index, .purpose = DROVER_TO_MIGRATE, .hosts = &host, .n_hosts = to[0] ? 1 : 0,
        .stay_allowed = !to[0], /* it may be best where it is: that is told */
        .without = &own, .n_without = wanted->kind == MIGRATION_OFFLINE,
        .waived = wanted->copy_storage != COPY_NO_STORAGE ? DROVER_WAIVE_STORAGE : 0,
    };
    struct decision *decision = rules ? decide_explain(columns, rules, &question) : NULL;
    columns_free(columns);
    arena_free(&arena);
    return decision;
}

/* ------------------------------------------------------------------ requests */

static void queue_wanted(struct engine *engine, const struct event *event, const struct vm *vm,
                         const struct wanted *wanted, bool stays)
{
    const char *reason = stays ? "asked for; its own host would be the best" : "asked for";
    struct move *move = move_queue_as(engine, wanted->kind, vm, DROVER_TO_MIGRATE, event->who,
                                      reason, event->to);
    struct migration *record = &move->record;
    record->copy_storage = (int)wanted->copy_storage;
    record->tunnelled = wanted->tunnelled;
    record->verify = wanted->verify;
    if (wanted->kind == MIGRATION_COLD)
        record->shutdown_s = wanted->shutdown_s > 0 ? wanted->shutdown_s : SHUTDOWN_S;
    if (wanted->kind == MIGRATION_COLD || wanted->tunnelled ||
        wanted->copy_storage != COPY_NO_STORAGE)
        move_set_state(engine, move, MIGRATION_QUEUED); /* remembered with all that */
    answer(engine, event, ERROR_NONE,
           emit_printf(engine, "{\"id\":%llu}", (unsigned long long)record->id),
           "VM %s is queued (migration %llu)", vm->name, (unsigned long long)record->id);
}

void request_migrate(struct engine *engine, const struct event *event)
{
    struct error error = ERROR_INIT;
    struct wanted wanted;
    const char *wrong = read_wanted(event, &wanted);
    const struct vm *vm = wrong ? NULL : fleet_find_vm(engine->fleet, event->vm, &error);
    if (wrong) {
        answer(engine, event, ERROR_USAGE, NULL, "migrate: %s", wrong);
        return;
    }
    if (!vm || (event->to[0] && !fleet_find_host(engine->fleet, event->to, &error))) {
        answer(engine, event, error.kind, NULL, "%s", error.text);
        return;
    }
    const char *why = cannot_move(engine, vm, event->to, &wanted);
    if (why) {
        answer(engine, event, ERROR_REFUSED, NULL, "VM %s cannot be moved: %s", vm->name, why);
        return;
    }
    struct decision *decision = judge(engine, vm, event->to, &wanted);
    const struct host_verdict *hosts = decision ? decision->hosts.item : NULL;
    if (!decision)
        answer(engine, event, ERROR_FAILED, NULL, "VM %s: its cluster has no policy", vm->name);
    else if (event->to[0] && !decision->chosen)
        answer(engine, event, ERROR_REFUSED, NULL, "VM %s may not go to host %s: %s: %s", vm->name,
               event->to, hosts[0].refused_by, hosts[0].reason);
    else
        queue_wanted(engine, event, vm, &wanted,
                     decision->chosen && strcmp(decision->chosen, vm->host) == 0);
    decision_free(decision);
}

/* The move, if it waits to be judged; answers and returns NULL if it does not. */
static struct move *verified(struct engine *engine, const struct event *event)
{
    struct move *move = move_of_request(engine, event);
    if (!move || move->record.state == MIGRATION_VERIFY)
        return move;
    answer(engine, event, ERROR_REFUSED, NULL,
           "migration %llu of VM %s does not wait to be verified: it is %s",
           (unsigned long long)move->record.id, move->record.name,
           migration_state_names[move->record.state]);
    return NULL;
}

void request_confirm(struct engine *engine, const struct event *event)
{
    struct move *move = verified(engine, event);
    if (!move)
        return;
    if (!staged_is_there(engine, move)) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s has not said yet that VM %s runs there: try again when it answers",
               move->record.to, move->record.name);
        return;
    }
    answer(engine, event, ERROR_NONE, NULL,
           "migration %llu of VM %s is completed; its definition on host %s is removed",
           (unsigned long long)move->record.id, move->record.name, move->record.from);
    staged_confirm(engine, move);
}

void request_revert(struct engine *engine, const struct event *event)
{
    struct move *move = verified(engine, event);
    if (!move)
        return;
    const struct watch *from = watch_find(engine, move->record.from);
    const char *why = !from || !from->connected ? "does not answer"
                      : watch_wants_maintenance(from) ? "is in maintenance, or is to be"
                                                      : NULL;
    if (why) {
        answer(engine, event, ERROR_REFUSED, NULL, "VM %s cannot be brought back: host %s %s",
               move->record.name, move->record.from, why);
        return;
    }
    answer(engine, event, ERROR_NONE, NULL,
           "VM %s is shut down on host %s and started on host %s again", move->record.name,
           move->record.to, move->record.from);
    staged_revert(engine, move, emit_printf(engine, "reverted by %s", event->who));
}
