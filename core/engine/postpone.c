/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A migrate unit may answer "not now": for the night, say, or until a guest that would not converge
 * writes less. The move goes back into the queue, and the unit is asked again. That is bounded, so
 * that no unit keeps a host from being emptied for ever, and who is to leave a host in trouble
 * does not wait at all.
 */
#include "engine/internal.h"

#include <math.h>

#define WAIT_ONCE_S 600.0
#define WAIT_LEAST_S 1.0
#define WAIT_ALL_S 3600.0

bool move_postpone(struct engine *engine, struct move *move, double wait_s, const char *why)
{
    struct migration *record = &move->record;
    if (!(wait_s > 0) || record->purpose == DROVER_TO_EVACUATE)
        return false;
    double left_s = record->created_at + WAIT_ALL_S - engine->now;
    if (left_s <= 0)
        return false;
    bool first = record->not_before <= record->created_at;
    record->not_before =
        engine->now + fmin(fmax(fmin(wait_s, WAIT_ONCE_S), WAIT_LEAST_S), left_s);
    wake_at(engine, record->not_before);
    const char *reason = why[0] ? why : "it does not say what for";
    record->waits = arena_printf(&move->arena, "its migrate unit lets it wait: %s", reason);
    remember_move(engine, move);
    measure_queued(engine, move);
    if (first)
        notice(engine, NOTICE_INFO, "migration.postponed", record->to, record->name,
               "VM %s does not leave host %s yet: its policy's migrate unit lets it wait for %.0f s, "
               "an hour at most: %s",
               record->name, record->from, record->not_before - engine->now, reason)
            ->move = record->id;
    return true;
}
