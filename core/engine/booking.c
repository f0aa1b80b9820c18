/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bookings: what the hook has let start on a host, or come to it, and what has not been seen there
 * yet. Two who ask at the same moment must not both get the last room: so a VM that was let in is
 * on its way (vm.to) until its host says that it runs there, that its start is over, or two minutes
 * have passed. One that nobody knew is in the fleet, off, as long as its booking lasts. A migration's
 * lasts as long as the source says that the VM migrates.
 *
 * Of a booking that ends without the word of its host that the VM runs there it stays known that the
 * VM may be there: drover restarts it nowhere before that host has told all that it has. Of one
 * that migrates there: told once its source cannot be sending it any more.
 *
 * Remembered over a restart of droverd (come/HOST/KEY): for the `prepare` and `start` that follow a
 * `migrate`, and so that no VM is let start on two hosts.
 */
#include "engine/proof.h"

#include "base/field_lines.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOOKING_S 120.0 /* from `migrate` or `prepare` to the host's word: mostly a second or two */
#define TIDY_S 5.0      /* what is over is cleared away in steps of so much */

/* As remembered; vm: its record in lines, "" for one that was known. */
struct remembered {
    double until;
    bool moves;
    const char *vm;
};

#define REMEMBERED(member) offsetof(struct remembered, member)
static const struct field remembered_fields[] = {
    {.key = "until", .type = FIELD_NUMBER, .offset = REMEMBERED(until)},
    {.key = "moves", .type = FIELD_BOOL, .offset = REMEMBERED(moves)},
    {.key = "vm", .type = FIELD_TEXT, .offset = REMEMBERED(vm)},
    {0},
};

static const char *name_of(struct engine *engine, const struct booking *booking)
{
    return emit_printf(engine, "come/%s/%s", booking->host, booking->vm);
}

void booking_free(struct booking *booking)
{
    free(booking->vm);
    free(booking->host);
}

const struct booking *booking_of(const struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = 0; i < engine->n_bookings; i++) {
        const struct booking *booking = &engine->bookings[i];
        if (booking->until > engine->now && strcmp(booking->vm, vm) == 0 &&
            strcmp(booking->host, host) == 0)
            return booking;
    }
    return NULL;
}

const struct booking *booking_elsewhere(const struct engine *engine, const char *vm,
                                        const char *host)
{
    for (uint32_t i = 0; i < engine->n_bookings; i++) {
        const struct booking *booking = &engine->bookings[i];
        if (booking->until > engine->now && !booking->moves && strcmp(booking->vm, vm) == 0 &&
            strcmp(booking->host, host) != 0)
            return booking;
    }
    return NULL;
}

/* The place that drover's own move has promised is not a booking's to take back. */
static bool drover_moves(const struct engine *engine, const char *vm)
{
    const struct move *move = move_of_vm(engine, vm);
    return move && (move_is_active(move) || move_is_restart(move));
}

/* Show in the fleet that it is on its way; what is known of it otherwise stays. */
static void hold_place(struct engine *engine, const struct booking *booking)
{
    struct vm *vm = fleet_vm(engine->fleet, booking->vm);
    bool here = vm && vm->host && strcmp(vm->host, booking->host) == 0;
    if (!vm || vm->to || drover_moves(engine, booking->vm) || vm_is_doubted(engine, booking->vm) ||
        (vm_occupies(vm) && (here || !booking->moves)))
        return;
    fleet_set_text(engine->fleet, &vm->to, booking->host);
}

static void give_place_back(struct engine *engine, const struct booking *booking)
{
    struct vm *vm = fleet_vm(engine->fleet, booking->vm);
    if (!vm || !vm->to || strcmp(vm->to, booking->host) != 0 || drover_moves(engine, booking->vm))
        return;
    vm->to = NULL;
    if (booking->added && !vm_occupies(vm) && !vm->lost)
        fleet_remove_vm(engine->fleet, booking->vm);
}

static void end(struct engine *engine, struct booking *booking)
{
    if (booking->over)
        return;
    booking->over = true;
    booking->until = engine->now;
    give_place_back(engine, booking);
    forget(engine, name_of(engine, booking));
}

static void drop(struct engine *engine, uint32_t i)
{
    end(engine, &engine->bookings[i]);
    booking_free(&engine->bookings[i]);
    memmove(&engine->bookings[i], &engine->bookings[i + 1],
            (--engine->n_bookings - i) * sizeof *engine->bookings);
}

/*
 * Where it went to is not known before that host has told all that it has, in a report that was
 * begun after that. A host that is proven off tells nothing.
 */
static bool is_heard(const struct engine *engine, const struct booking *booking, double since)
{
    const struct watch *watch = watch_find(engine, booking->host);
    const struct proof *proof = watch && !watch->connected ? proof_of_host(watch) : NULL;
    if (proof && proof_at(proof) < booking->at)
        proof = NULL; /* its hook has asked since: it is there again */
    return !watch || !watch->configured || proof ||
           (watch->connected && watch->reported && watch->report_at >= since);
}

const struct watch *booking_unheard(const struct engine *engine, const char *vm, double since,
                                    uint32_t *i)
{
    for (; *i < engine->n_bookings; ++*i) {
        const struct booking *booking = &engine->bookings[*i];
        if (strcmp(booking->vm, vm) == 0 && booking->until >= since &&
            !is_heard(engine, booking, fmax(booking->at, booking->moving_at)))
            return watch_find(engine, booking->host);
    }
    return NULL;
}

static void wake_to_tidy(struct engine *engine, double until)
{
    wake_at(engine, (floor(until / TIDY_S) + 1) * TIDY_S);
}

static struct booking *add(struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = 0; i < engine->n_bookings; i++)
        if (strcmp(engine->bookings[i].vm, vm) == 0 && strcmp(engine->bookings[i].host, host) == 0)
            return &engine->bookings[i];
    engine->bookings = memory_grow(engine->bookings, &engine->booking_room, engine->n_bookings + 1,
                                   sizeof *engine->bookings);
    struct booking *booking = &engine->bookings[engine->n_bookings++];
    *booking = (struct booking){.vm = memory_copy_text(vm), .host = memory_copy_text(host)};
    return booking;
}

static void put_unknown(struct engine *engine, struct booking *booking, const struct vm *vm)
{
    struct vm fresh = *vm;
    fresh.host = booking->host; /* so that it belongs to that host's cluster */
    fresh.to = NULL;
    fresh.state = DROVER_VM_DOWN;
    fleet_put_vm(engine->fleet, &fresh);
    booking->added = true;
}

void booking_add(struct engine *engine, const struct vm *vm, const char *host, bool moves)
{
    const char *key = vm_key(vm);
    const struct vm *known = fleet_vm(engine->fleet, key);
    if (known && vm_occupies(known) && known->host && strcmp(known->host, host) == 0)
        return; /* it runs there, its host says: it takes nothing that it has not taken */
    const struct booking *held = booking_of(engine, key, host);
    if (held && (held->moves || !moves))
        return; /* `start` after `prepare`, or both after `migrate` */
    struct booking *booking = add(engine, key, host);
    booking->at = engine->now;
    booking->until = engine->now + BOOKING_S;
    booking->moves = moves || (!booking->over && booking->moves);
    booking->added &= !booking->over;
    booking->over = false;
    if (!known && !booking->moves)
        put_unknown(engine, booking, vm);
    hold_place(engine, booking);
    struct remembered lasting = {
        .until = booking->until, .moves = booking->moves,
        .vm = booking->added ? field_lines_write(&engine->out->arena, vm_fields, vm) : "",
    };
    remember(engine, name_of(engine, booking),
             field_lines_write(&engine->out->arena, remembered_fields, &lasting));
    wake_to_tidy(engine, booking->until);
}

void booking_seen(struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = engine->n_bookings; i-- > 0;)
        if (strcmp(engine->bookings[i].vm, vm) == 0 && strcmp(engine->bookings[i].host, host) == 0)
            drop(engine, i);
}

/* What says so may be of before, and late: where the VM is, a whole report will say. */
void booking_end(struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = 0; i < engine->n_bookings; i++)
        if (strcmp(engine->bookings[i].vm, vm) == 0 && strcmp(engine->bookings[i].host, host) == 0)
            end(engine, &engine->bookings[i]);
}

/* Its source still says that it migrates: it is not over. */
static bool goes_on(const struct engine *engine, const struct booking *booking)
{
    const struct vm *vm = fleet_vm(engine->fleet, booking->vm);
    return booking->moves && vm && vm->state == DROVER_VM_MIGRATING;
}

/* Nor can that be told while the source is out of sight: unless that is proven off. */
static bool may_go_on(const struct engine *engine, const struct booking *booking)
{
    const struct vm *vm = fleet_vm(engine->fleet, booking->vm);
    const struct watch *source = vm && vm->host ? watch_find(engine, vm->host) : NULL;
    if (!booking->moves || !source || strcmp(vm->host, booking->host) == 0)
        return false;
    return goes_on(engine, booking) ||
           (source->connected ? !source->reported : !proof_of_host(source));
}

void bookings_pump(struct engine *engine)
{
    for (uint32_t i = engine->n_bookings; i-- > 0;) {
        struct booking *booking = &engine->bookings[i];
        bool moving = may_go_on(engine, booking);
        if (moving) /* what the destination tells before that ends says nothing */
            booking->moving_at = engine->now;
        if (!booking->over && booking->until <= engine->now && goes_on(engine, booking))
            booking->until = engine->now + BOOKING_S;
        if (booking->until > engine->now && watch_find(engine, booking->host)) {
            hold_place(engine, booking);
            wake_to_tidy(engine, booking->until);
            continue;
        }
        end(engine, booking);
        if (!moving && is_heard(engine, booking, booking->until))
            drop(engine, i);
    }
}

void booking_recall(struct engine *engine, const char *rest, const char *text)
{
    struct arena arena = ARENA_INIT;
    struct remembered lasting = {.until = NAN, .vm = ""};
    struct vm vm;
    field_lines_read(&arena, remembered_fields, text, &lasting);
    const char *slash = strchr(rest, '/');
    const char *host = slash ? arena_bytes(&arena, rest, (size_t)(slash - rest)) : "";
    if (!slash || !watch_find(engine, host) || !(lasting.until > engine->now) ||
        lasting.until > engine->now + BOOKING_S) {
        forget(engine, emit_printf(engine, "come/%s", rest));
        arena_free(&arena);
        return;
    }
    struct booking *booking = add(engine, slash + 1, host);
    booking->at = lasting.until - BOOKING_S;
    booking->until = lasting.until;
    booking->moves = lasting.moves;
    field_defaults(vm_fields, &vm);
    vm.name = "";
    field_lines_read(&arena, vm_fields, lasting.vm, &vm);
    if (vm.name[0] && strcmp(vm_key(&vm), booking->vm) == 0 &&
        !fleet_vm(engine->fleet, booking->vm))
        put_unknown(engine, booking, &vm);
    hold_place(engine, booking);
    arena_free(&arena);
}
