/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue: which moves may start now, and where they go. Higher priority first, then the older
 * one. A move that cannot start (its hosts are busy) does not hold up the others.
 *
 * The destination is decided here, on what is true now, and promised at once (vm.to), so the next
 * decision of the same round sees it.
 */
#include "engine/internal.h"
#include "decide/schedule.h"

#include "base/memory.h"
#include "decide/affinity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Moves in flight, counted once per round. */
struct load {
    struct table out, in, clusters; /* name -> number */
};

static void count_up(struct table *table, const char *name)
{
    uint32_t n = table_get(table, name);
    table_put(table, name, n == TABLE_NONE ? 1 : n + 1);
}

static uint32_t count_of(const struct table *table, const char *name)
{
    uint32_t n = table_get(table, name);
    return n == TABLE_NONE ? 0 : n;
}

static const char *cluster_of(const struct engine *engine, const char *host)
{
    const struct host *record = fleet_host(engine->fleet, host);
    return record ? record->cluster : "";
}

/* A job of which nothing is heard for so long after it was ordered does not send anything. */
#define WAITS_S 10

/*
 * It is being prepared, and its destination has gone: libvirt waits for that, for as long as it
 * takes, and sends nothing. It takes no place, or a hung host would hold up moves to the others.
 * Not at once: it may be us alone who have lost that host, and the job is about to begin.
 */
static bool waits_for_the_lost(struct engine *engine, const struct migration *record)
{
    const struct watch *to = watch_find(engine, record->to);
    if (record->state != MIGRATION_PREPARING || !to || to->connected)
        return false;
    double at = record->updated_at + WAITS_S;
    if (engine->now < at)
        wake_at(engine, at);
    return engine->now >= at;
}

/* A restart comes from nowhere, and copies nothing: only its new host is busy with it. */
static void load_add(const struct engine *engine, struct load *load, const struct move *move)
{
    count_up(&load->in, move->record.to);
    if (move_is_restart(move))
        return;
    count_up(&load->out, move->record.from);
    count_up(&load->clusters, cluster_of(engine, move->record.from));
}

static void load_count(struct engine *engine, struct load *load)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct migration *record = &engine->moves[i]->record;
        if (!move_is_active(engine->moves[i]) || waits_for_the_lost(engine, record))
            continue;
        load_add(engine, load, engine->moves[i]);
    }
}

static void load_free(struct load *load)
{
    table_free(&load->out);
    table_free(&load->in);
    table_free(&load->clusters);
}

/* Not now, and why: it is shown, and changes nothing. The text lives for ever. */
static bool wait_because(struct move *move, const char *why)
{
    move->record.waits = why;
    return false;
}

static bool source_has_room(const struct engine *engine, const struct load *load,
                            struct move *move)
{
    const struct limits *limits = &engine->settings.limits;
    const char *from = move->record.from;
    if (move_is_restart(move))
        return true;
    if (count_of(&load->out, from) >= limits->outgoing_per_host)
        return wait_because(move, "its host sends as many as limits.outgoing_per_host allows");
    if (count_of(&load->out, from) >= libvirtd_outgoing(engine, from))
        return wait_because(move, "its host's libvirt daemon has workers for no more at a time "
                                  "(max_workers)");
    if (count_of(&load->clusters, cluster_of(engine, from)) >= limits->per_cluster)
        return wait_because(move, "as many move in its cluster as limits.per_cluster allows");
    return true;
}

/* Everything that is looked at while one move is started. */
struct start {
    struct engine *engine;
    struct columns *columns;
    const struct ruleset *rules;
    const struct load *load;
    struct move *move;
    uint32_t vm;
    struct companion *companions; /* the VM itself, and those that go where it goes */
    uint32_t n_companions;
    uint32_t waived; /* rules to which it is not held any more: DROVER_WAIVE_... */
    struct arena *arena;
};

static bool was_tried(const struct move *move, const char *host)
{
    for (uint32_t i = 0; move && i < move->record.tried.n; i++)
        if (strcmp(move->record.tried.item[i], host) == 0)
            return true;
    return false;
}

/* By one of them: those who go together all try the next one. */
static bool was_tried_by_any(const struct start *start, const char *host)
{
    for (uint32_t i = 0; i < start->n_companions; i++) {
        const struct vm *vm = start->columns->vm_record[start->companions[i].vm];
        if (was_tried(move_of_vm(start->engine, vm_key(vm)), host))
            return true;
    }
    return false;
}

/* So many may arrive there at a time. */
static uint32_t places_at(const struct start *start, const char *host)
{
    const struct settings *settings = &start->engine->settings;
    if (move_is_restart(start->move))
        return settings->restarts.per_host;
    uint32_t possible = libvirtd_incoming(start->engine, host);
    return possible < settings->limits.incoming_per_host ? possible
                                                         : settings->limits.incoming_per_host;
}

/*
 * Hosts that are not to be asked: tried already, or with all incoming places taken; and its own, where
 * it moves by its definition: one that is off is nowhere, as filters see it.
 */
static uint32_t list_excluded(const struct start *start, bool busy_too, uint32_t *hosts)
{
    const struct drover_hosts *all = &start->columns->hosts;
    uint32_t n = 0;
    for (uint32_t h = 0; h < all->n; h++) {
        bool out = was_tried_by_any(start, all->name[h]) ||
                   (move_is_staged(start->move) &&
                    strcmp(all->name[h], start->move->record.from) == 0);
        if (busy_too)
            out |= count_of(&start->load->in, all->name[h]) >= places_at(start, all->name[h]);
        if (out)
            hosts[n++] = h;
    }
    return n;
}

static struct question question_of(const struct start *start, bool busy_too)
{
    uint32_t n_with = start->waived ? 0 : start->n_companions - 1;
    uint32_t *with = arena_array(start->arena, n_with, sizeof *with);
    for (uint32_t i = 0; i < n_with; i++)
        with[i] = start->companions[i + 1].vm;
    uint32_t *without = arena_array(start->arena, start->columns->hosts.n, sizeof *without);
    uint32_t *wanted = arena_new(start->arena, sizeof *wanted);
    *wanted = columns_host(start->columns, start->move->record.wanted);
    return (struct question){
        .vm = start->vm,
        .purpose = (enum drover_purpose)start->move->record.purpose,
        .hosts = wanted,
        .n_hosts = start->move->record.wanted[0] ? 1 : 0,
        .without = without,
        .n_without = list_excluded(start, busy_too, without),
        .with = with,
        .n_with = n_with,
        .waived = start->waived | kind_waives(&start->move->record),
    };
}

/* "memory refuses it on kvm2: needs ..." of the first host; the rest stands in the decision. */
static const char *refusal_of(struct arena *arena, const struct decision *decision)
{
    const struct host_verdict *hosts = decision->hosts.item;
    if (decision->hosts.n == 0)
        return "there is no other host left to try";
    return arena_printf(arena, "no host takes it (decision %llu): %s refuses it on host %s: %s",
                        (unsigned long long)decision->id, hosts[0].refused_by, hosts[0].name,
                        hosts[0].reason);
}

static void order_migration(struct engine *engine, struct move *move)
{
    struct effect *effect = emit(engine, EFFECT_MIGRATE);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    effect->to = emit_text(engine, move->record.to);
    field_copy(how_fields, &effect->how, &move->how, &engine->out->arena);
}

/* A hard rule gives way because its policy says so: that is told, each time. */
static void tell_broken(const struct start *start, uint32_t to)
{
    const struct migration *record = &start->move->record;
    struct texts broken = {0};
    if (start->waived)
        broken = affinity_broken(start->columns, start->vm, to, start->arena);
    for (uint32_t i = 0; i < broken.n; i++)
        notice(start->engine, NOTICE_WARNING, "group.broken", record->to, record->name,
               "VM %s leaves host %s for host %s against the rule of group %s: nothing else is "
               "possible, and policy %s says that a host is emptied all the same",
               record->name, record->from, record->to, broken.item[i], start->rules->name)
            ->move = record->id;
}

static void begin(const struct start *start, const struct decision *decision)
{
    struct engine *engine = start->engine;
    struct move *move = start->move;
    uint32_t to = columns_host(start->columns, decision->chosen);
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    move_text(move, &move->record.to, decision->chosen);
    move_text(move, &move->record.policy,
              arena_printf(&move->arena, "%s %.12s", start->rules->name, start->rules->hash));
    move->record.decision = decision->id;
    move->record.started_at = engine->now;
    schedule_begin(&move->record);
    move->call_done = move->arrived = move->left = move->abort_sent = false;
    move->vm_failed = false;
    move->retry_after_abort = false;
    move->was_paused = vm->state == DROVER_VM_PAUSED;
    move->force_order = 0;
    move->recoveries = 0;
    move->recover_at = NAN;
    move->record.forced = MIGRATION_UNFORCED;
    move->record.waits = "";
    fleet_set_text(engine->fleet, &vm->to, decision->chosen);
    tell_broken(start, to);
    columns_promise(start->columns, start->vm, to);
    if (!start->waived)
        together_keep(engine, start->columns, start->companions + 1, start->n_companions - 1, to);
    if (move_is_restart(move)) {
        restart_begin(engine, move, decision->id);
        return;
    }
    if (move_is_staged(move)) {
        staged_begin(engine, move, decision->id);
        return;
    }
    uint32_t concurrent;
    how_for_move(engine, move, start->columns, start->rules, start->vm, to, &concurrent);
    learn_begin(engine, move, start->columns, start->vm, to);
    move->record.can_postcopy = move->how.postcopy;
    refit_for_move(engine, move);
    move_set_state(engine, move, MIGRATION_PREPARING);
    channel_begin(engine, move);
    notice(engine, NOTICE_INFO, "migration.started", move->record.to, move->record.name,
           "VM %s moves from host %s to host %s: %s (decision %llu)", move->record.name,
           move->record.from, move->record.to, move->record.reason,
           (unsigned long long)decision->id)
        ->move = move->record.id;
    move->followed = true;
    order_migration(engine, move);
}

/* No host now. A drain asks again by itself; what somebody asked for by name has failed. */
static void give_up(const struct start *start, const struct decision *decision)
{
    if (move_is_restart(start->move)) {
        restart_wait(start->engine, start->move, decision);
        return;
    }
    const char *why = refusal_of(&start->move->arena, decision);
    move_end(start->engine, start->move,
             move_is_by_policy(&start->move->record) ? MIGRATION_CANCELLED : MIGRATION_FAILED,
             why);
    if (start->move->record.purpose == DROVER_TO_DRAIN)
        rest_vm(start->engine, start->move->record.vm,
                start->engine->now + start->engine->settings.limits.retry_s);
}

/* Whether the policy's own limit of moves at a time leaves room at the source. */
static bool policy_has_room(const struct start *start, const char *to)
{
    uint32_t concurrent = 0;
    if (move_is_restart(start->move) || move_is_staged(start->move))
        return true;
    struct move probe = {.record = start->move->record};
    how_for_move(start->engine, &probe, start->columns, start->rules, start->vm,
                 columns_host(start->columns, to), &concurrent);
    bool waits = move_postpone(start->engine, start->move, probe.wait_s, probe.wait_why);
    arena_free(&probe.arena);
    if (waits)
        return false;
    if (concurrent == 0 || count_of(&start->load->out, start->move->record.from) < concurrent)
        return true;
    return wait_because(start->move, "its host sends as many as its policy's migrate unit allows");
}

/* NULL: some host would do, but not now. Else the decision, which may have chosen none. */
static struct decision *decide_now(const struct start *start, struct question *question)
{
    *question = question_of(start, true);
    struct decision *decision = decide_together(start->columns, start->rules, question);
    bool wait = decision->chosen && !policy_has_room(start, decision->chosen);
    if (!decision->chosen) {
        decision_free(decision);
        *question = question_of(start, false); /* would a busy host do, later? */
        decision = decide_together(start->columns, start->rules, question);
        wait = decision->chosen != NULL;
        if (wait)
            wait_because(start->move, "every host that would take it receives as many as "
                                      "limits.incoming_per_host or its libvirt daemon allows");
    }
    if (!wait)
        return decision;
    decision_free(decision);
    return NULL;
}

static bool try_start(struct start *start)
{
    struct question question;
    struct decision *decision = decide_now(start, &question);
    if (decision && !decision->chosen && start->move->record.breaks.n > 0) {
        decision_free(decision);
        start->waived = DROVER_WAIVE_VM_TO_VM;
        decision = decide_now(start, &question);
    }
    if (!decision)
        return false;
    breakers_note(start->engine, &decision->failures);
    emit_decision(start->engine, decision);
    shadow_decide(start->engine, start->columns, &question, decision);
    if (decision->chosen)
        begin(start, decision);
    else
        give_up(start, decision);
    return decision->chosen != NULL;
}

/* Whether the VM is where the move thinks, and nothing else is being done with it. */
static bool is_ready(struct engine *engine, struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (move_is_restart(move))
        return restart_is_ready(engine, move, vm);
    const struct watch *source = watch_find(engine, move->record.from);
    if (!source || !source->connected || !source->reported)
        return wait_because(move, "its host is not connected, or has not said what runs there");
    /* What is not known now is not gone: after a restart, say. */
    if (move_is_staged(move))
        return staged_is_ready(engine, move, vm);
    if (!vm || !vm->host || strcmp(vm->host, move->record.from) != 0 || !vm_occupies(vm)) {
        move_end(engine, move, MIGRATION_CANCELLED, "the VM does not run there any more");
        return false;
    }
    if (move->record.not_before > engine->now) {
        wake_at(engine, move->record.not_before);
        return wait_because(move, "it has failed, and is tried again after a pause");
    }
    if (vm->state == DROVER_VM_MIGRATING)
        return wait_because(move, "somebody else is moving the VM");
    if (vm_is_doubted(engine, move->record.vm))
        return wait_because(move, "two hosts say that they run the VM");
    return true;
}

static int by_urgency(const void *a, const void *b)
{
    const struct migration *one = &(*(struct move *const *)a)->record;
    const struct migration *other = &(*(struct move *const *)b)->record;
    if (one->priority > other->priority)
        return -1;
    if (one->priority < other->priority)
        return 1;
    return (one->id > other->id) - (one->id < other->id);
}

static uint32_t list_queued(const struct engine *engine, struct move **queue)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine->n_moves; i++)
        if (engine->moves[i]->record.state == MIGRATION_QUEUED && !engine->moves[i]->unsettled)
            queue[n++] = engine->moves[i];
    if (n > 0)
        qsort(queue, n, sizeof *queue, by_urgency);
    return n;
}

static void start_one(struct engine *engine, struct columns *columns, struct load *load,
                      struct move *move)
{
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    uint32_t vm = columns_vm(columns, move->record.vm);
    struct start start = {
        .engine = engine, .columns = columns, .load = load, .move = move, .vm = vm, .arena = &arena,
        .rules = vm == DROVER_NONE ? NULL : rules_of(&rules, columns, vm),
    };
    if (!start.rules) {
        move_end(engine, move, MIGRATION_FAILED, "its cluster has no policy");
        arena_free(&arena);
        return;
    }
    start.n_companions =
        together_list(engine, columns, move, vm, &arena, &start.companions);
    together_give_back(engine, columns, start.companions, start.n_companions);
    if (try_start(&start)) {
        load_add(engine, load, move);
    } else if (move->record.state == MIGRATION_QUEUED) {
        together_keep(engine, columns, start.companions, start.n_companions, DROVER_NONE);
    }
    arena_free(&arena);
}

void queue_pump(struct engine *engine)
{
    struct move **queue = memory_array(engine->n_moves, sizeof *queue);
    uint32_t n = list_queued(engine, queue);
    struct load load = {.out = TABLE_INIT, .in = TABLE_INIT, .clusters = TABLE_INIT};
    struct columns *columns = NULL;
    load_count(engine, &load);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_ready(engine, queue[i]))
            continue;
        if (!source_has_room(engine, &load, queue[i])) {
            measure_queued(engine, queue[i]);
            continue;
        }
        if (measure_first(engine, queue[i]))
            continue;
        if (!columns)
            columns = engine_columns(engine);
        start_one(engine, columns, &load, queue[i]);
    }
    columns_free(columns);
    load_free(&load);
    free(queue);
}
