/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A post-copy that broke: the guest stands at the destination with part of its memory, and the
 * rest is with its paused twin at the source. Neither half is of use alone, and to destroy either
 * loses the VM: so nothing but one thing is ever done to it by itself. libvirt 8.5 and later can
 * take it up again, once both hosts reach each other; that is tried as often as a move is, with
 * growing pauses. After that it is told, with what a person can do, and left as it is.
 */
#include "engine/internal.h"

#include <math.h>

static bool is_connected(const struct engine *engine, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    return watch && watch->connected;
}

/* What was recalled has no way to go any more: the addresses are enough to take it up again. */
static void complete_how(struct engine *engine, struct move *move)
{
    const struct host_setting *setting = host_setting(engine, move->record.to);
    if (move->how.peer_uri[0] || !setting)
        return;
    move->how.peer_uri =
        arena_text(&move->arena, setting->peer_uri ? setting->peer_uri : setting->uri);
    if (setting->migration_address)
        move->how.migration_address = arena_text(&move->arena, setting->migration_address);
}

static void order_recovery(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    complete_how(engine, move);
    move->how.postcopy = true;
    move->unsettled = move->call_done = move->arrived = false;
    move->followed = true;
    move->recoveries++;
    move->recover_at = NAN;
    struct effect *effect = emit(engine, EFFECT_RECOVER);
    effect->move = record->id;
    effect->vm = emit_text(engine, record->vm);
    effect->host = emit_text(engine, record->from);
    effect->to = emit_text(engine, record->to);
    field_copy(how_fields, &effect->how, &move->how, &engine->out->arena);
    notice(engine, NOTICE_WARNING, "migration.recover", record->to, record->name,
           "VM %s: its broken post-copy from host %s to host %s is taken up again (%u. time)",
           record->name, record->from, record->to, move->recoveries)
        ->move = record->id;
    move_set_state(engine, move, MIGRATION_POST_MIGRATING);
}

static void give_up(struct engine *engine, struct move *move)
{
    const struct migration *record = &move->record;
    notice(engine, NOTICE_ERROR, "vm.postcopy_failed", record->to, record->name,
           "VM %s: its post-copy broke, and could not be taken up again: %s. Part of its memory is "
           "on host %s, the rest on host %s: destroy neither. When both hosts reach each other, on "
           "host %s: virsh migrate --live --p2p --postcopy --postcopy-resume %s %s",
           record->name, record->error[0] ? record->error : "libvirt gave no reason", record->to,
           record->from, record->from, record->name,
           move->how.peer_uri[0] ? move->how.peer_uri : "URI-OF-THE-DESTINATION")
        ->move = record->id;
    move->unsettled = false;
    move_end(engine, move, MIGRATION_FAILED,
             emit_printf(engine, "its post-copy broke: its memory is partly on host %s, partly on "
                         "host %s; drover log tells what can be done", record->to, record->from));
}

void postcopy_broke(struct engine *engine, struct move *move, const struct vm *vm)
{
    const struct limits *limits = &engine->settings.limits;
    if (isnan(move->recover_at)) {
        double pause = limits->retry_s * pow(2, move->recoveries);
        move->recover_at = engine->now + fmin(pause, limits->retry_limit_s);
        notice(engine, NOTICE_ERROR, "migration.postcopy_failed", move->record.to,
               move->record.name, "VM %s: its post-copy from host %s to host %s broke: %s",
               vm->name, move->record.from, move->record.to,
               move->record.error[0] ? move->record.error : "libvirt gave no reason")
            ->move = move->record.id;
    }
    if (move->recoveries >= limits->tries) {
        give_up(engine, move);
        return;
    }
    if (engine->now < move->recover_at) {
        wake_at(engine, move->recover_at);
        return;
    }
    if (is_connected(engine, move->record.from) && is_connected(engine, move->record.to))
        order_recovery(engine, move);
}
