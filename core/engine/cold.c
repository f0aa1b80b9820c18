/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cold and offline moves: a VM goes by its definition, not by its memory. A cold one is shut down
 * at its source, defined and started at its destination; an offline one does not run at all.
 *
 *   shutdown -> define -> start -> [verify] -> completed
 *        \          \        \         \ drover revert
 *         \          \        `-> clear <- revert (shut down there)
 *          \          \              \
 *           `-> stays  `------------> back -> failed, or aborted: it runs at the source again
 *
 * A stage is entered, remembered, and then ordered; what is ordered twice is done once. So a
 * droverd that was killed anywhere finds the stage, looks where the VM is, and goes on. Each
 * stage looks at what both hosts say now, and only then at what came of its own order:
 *
 *   - it is started at the destination only with proof that it does not run at the source;
 *   - it is started at the source again only when the destination's definition is gone, or that
 *     host is proven dead, or no start was ever ordered there (proof_of_stage()); a second time
 *     only when the source, asked after the first, says that it does not run there;
 *   - while somebody else may have moved it away, it is started nowhere: hosts are asked;
 *   - a definition is removed only where the VM is known to run at the other host (leftover.c), or
 *     by the destination itself while the VM is off there.
 *
 * Between the first and the last of that the VM is drover's to start: nobody else may (admission.c),
 * and it counts as lost, so that it is restarted should its host die meanwhile.
 */
#include "engine/cold.h"
#include "engine/proof.h"

#include <math.h>
#include <string.h>

enum word { WORD_UNKNOWN, WORD_OFF, WORD_RUNS, WORD_DEAD };

bool move_is_staged(const struct move *move)
{
    return move->record.kind == MIGRATION_COLD || move->record.kind == MIGRATION_OFFLINE;
}

bool move_is_cold(const struct move *move)
{
    return move->record.kind == MIGRATION_COLD;
}

static bool runs_at(const struct vm *vm, const char *host)
{
    return vm && vm->host && strcmp(vm->host, host) == 0 && vm_occupies(vm);
}

static const struct vm *vm_of(const struct engine *engine, const struct move *move)
{
    return keep_is_hearsay(engine, move->record.vm) ? NULL
                                                    : fleet_vm(engine->fleet, move->record.vm);
}

/* What that host says of the VM now. */
static enum word word_of(const struct engine *engine, const struct move *move, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    if (!watch)
        return WORD_UNKNOWN;
    if (!watch->connected)
        return proof_of_host(watch) ? WORD_DEAD : WORD_UNKNOWN;
    if (!watch->reported)
        return WORD_UNKNOWN;
    return runs_at(vm_of(engine, move), host) ? WORD_RUNS : WORD_OFF;
}

/* ------------------------------------------------------------------ stages */

static enum migration_state state_of_stage(enum migration_stage stage)
{
    switch (stage) {
    case STAGE_SHUTDOWN:
        return MIGRATION_PREPARING;
    case STAGE_DEFINE:
    case STAGE_START:
        return MIGRATION_RUNNING;
    default:
        return MIGRATION_POST_MIGRATING;
    }
}

void stage_enter(struct engine *engine, struct move *move, enum migration_stage stage,
                  double limit_s)
{
    move->record.stage = (int)stage;
    move->record.step_until = limit_s > 0 ? engine->now + limit_s : 0;
    move->call_done = move->call_ok = move->ordered = move->told_short = false;
    move->check_at = engine->now;
    move->settle_step = 0;
    move_set_state(engine, move, state_of_stage(stage));
}

static struct effect *order(struct engine *engine, struct move *move, enum effect_kind kind,
                            const char *host)
{
    struct effect *effect = emit(engine, kind);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, host);
    move->ordered = true;
    move->call_done = move->call_ok = false;
    return effect;
}

static void order_carry(struct engine *engine, struct move *move, enum carry what,
                        const char *host, const char *to)
{
    struct effect *effect = order(engine, move, EFFECT_CARRY, host);
    effect->to = emit_text(engine, to);
    effect->name = carry_names[what];
}

/* As in restart.c: whoever orders a start wants the proof. */
static void order_start(struct engine *engine, struct move *move, const struct proof *proof,
                        const char *host)
{
    struct effect *effect = order(engine, move, EFFECT_START, host);
    effect->name = "defined";
    effect->ok = move->record.autostart;
    effect->text = emit_text(engine, proof_text(proof));
}

void stage_refresh(struct engine *engine, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    if (watch && watch->connected)
        emit(engine, EFFECT_REFRESH)->host = emit_text(engine, host);
}

/* Once for a stage: what keeps a VM off that should run. */
void stage_tell_waiting(struct engine *engine, struct move *move, const char *why)
{
    move_text(move, &move->record.error, why);
    if (move->told_short)
        return;
    move->told_short = true;
    notice(engine, NOTICE_ERROR, "vm.off", move->record.to, move->record.name,
           "VM %s is off, in the middle of its cold move from host %s to host %s: %s",
           move->record.name, move->record.from, move->record.to, why)
        ->move = move->record.id;
}

/* ------------------------------------------------------------------ ends */

void stage_end(struct engine *engine, struct move *move, enum migration_state state,
                const char *error)
{
    move->record.stage = STAGE_NONE;
    move->record.step_until = 0;
    move_end(engine, move, state, error);
}

/* What is defined at the other host goes, as soon as the VM is known to run where it is. */
void stage_tidy(struct engine *engine, const struct move *move, const char *runs, const char *other)
{
    leftover_gone(engine, move->record.vm, runs);
    leftover_add(engine, move->record.vm, other);
    leftover_seen(engine, move->record.vm, other);
}

static void fail_where_it_runs(struct engine *engine, struct move *move, const char *error)
{
    stage_end(engine, move, move->record.aborting ? MIGRATION_ABORTED : MIGRATION_FAILED, error);
    rest_vm(engine, move->record.vm, engine->now + engine->settings.limits.retry_limit_s);
}

/* It runs at the source again, as it should after a failure; or somebody else has started it. */
static void is_back(struct engine *engine, struct move *move, const char *error)
{
    fail_where_it_runs(engine, move, error);
    stage_tidy(engine, move, move->record.from, move->record.to);
}

/* What either of the two has defined is left over, but for where it runs. */
static void taken_elsewhere(struct engine *engine, struct move *move, const struct vm *vm)
{
    const char *const hosts[] = {move->record.from, move->record.to};
    const char *host = emit_text(engine, vm->host);
    stage_end(engine, move, MIGRATION_FAILED,
              emit_printf(engine, "it runs on host %s now, where drover did not start it", host));
    leftover_gone(engine, move->record.vm, host);
    for (int i = 0; i < 2; i++)
        if (strcmp(hosts[i], host) != 0)
            leftover_add(engine, move->record.vm, hosts[i]);
}

/*
 * Its host died with it, as that host's other VMs did: those who are restarted, it is one of. But
 * not where another host says that it has it.
 */
static void died(struct engine *engine, struct move *move, const char *host)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm && vm->host && vm_occupies(vm) && strcmp(vm->host, host) != 0 &&
        vm_of(engine, move)) {
        taken_elsewhere(engine, move, vm);
        return;
    }
    const char *error = emit_printf(engine, "host %s died while it moved", host);
    if (!move_is_cold(move) || !vm) {
        stage_end(engine, move, MIGRATION_FAILED, error);
        return;
    }
    fleet_set_text(engine->fleet, &vm->host, host);
    vm->state = DROVER_VM_DOWN;
    vm->lost = true;
    keep_vm(engine, vm);
    leftover_add(engine, move->record.vm,
                 strcmp(host, move->record.from) == 0 ? move->record.to : move->record.from);
    watch_find(engine, host)->failure.reviewed = false;
    stage_end(engine, move, MIGRATION_FAILED, error);
}

/* Nothing moves it again by itself for a while. */
void stage_note_moved(struct engine *engine, const struct move *move)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm)
        vm->moved_at = engine->now;
    remember_moved(engine, move->record.vm);
}

/* It runs at the destination: the end, or a person is to say so. */
void stage_has_come(struct engine *engine, struct move *move)
{
    move->record.stage = STAGE_NONE;
    move->record.step_until = 0;
    if (!move->record.verify) {
        move_complete(engine, move);
        stage_tidy(engine, move, move->record.to, move->record.from);
        return;
    }
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm)
        fleet_shift_load(engine->fleet, vm, move->record.from, move->record.to);
    stage_note_moved(engine, move);
    move_text(move, &move->record.error, "");
    move_set_state(engine, move, MIGRATION_VERIFY);
    notice(engine, NOTICE_INFO, "migration.verify", move->record.to, move->record.name,
           "VM %s was started on host %s; host %s keeps its definition until somebody says drover "
           "confirm %s, or drover revert %s", move->record.name, move->record.to,
           move->record.from, move->record.name, move->record.name)
        ->move = move->record.id;
}

/* ------------------------------------------------------------------ back to the source */

static void go_back(struct engine *engine, struct move *move, const char *error)
{
    move_text(move, &move->record.error, error);
    leftover_add(engine, move->record.vm, move->record.to); /* its definition may be there */
    stage_enter(engine, move, STAGE_BACK, 0);
}

static void clear(struct engine *engine, struct move *move, const char *error)
{
    move_text(move, &move->record.error, error);
    stage_enter(engine, move, STAGE_CLEAR, 0);
}

/* ------------------------------------------------------------------ one stage at a time */

/*
 * What became of it by that time may be on its way still, or was never told. True once that has
 * passed, and the host was asked after it, and has answered.
 */
static bool has_told(struct engine *engine, struct move *move, const char *host, double since)
{
    if (engine->now < since) {
        wake_at(engine, since);
        return false;
    }
    bool asked = move->settle_step > 0 && move->settle_at >= since;
    if (asked && move_host_reported(engine, move, host))
        return true;
    if (!asked || engine->now >= move->settle_at + AGAIN_S) {
        move->settle_step = engine->step;
        move->settle_at = engine->now;
        stage_refresh(engine, host);
    }
    wake_at(engine, move->settle_at + AGAIN_S);
    return false;
}

/* Its guest had so long to shut down. */
static bool is_late(struct engine *engine, struct move *move, const char *host)
{
    return has_told(engine, move, host, move->record.step_until);
}

/* Whether somebody else may have it, who has not said so. */
static bool may_be_elsewhere(struct engine *engine, struct move *move)
{
    return move_may_have_come_in(engine, move) || move_may_be_anywhere(engine, move);
}

static void go_on_shutdown(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word here = word_of(engine, move, record->from);
    if (here == WORD_DEAD) {
        died(engine, move, record->from);
    } else if (here == WORD_OFF) {
        if (record->aborting)
            go_back(engine, move, record->error);
        else
            stage_enter(engine, move, STAGE_DEFINE, STEP_S);
    } else if (here == WORD_RUNS && move->call_done && !move->call_ok) {
        fail_where_it_runs(engine, move, record->error);
    } else if (here == WORD_RUNS && is_late(engine, move, record->from)) {
        const char *late = emit_printf(
            engine, "the guest did not shut down within %.0f s, and runs on where it is; should "
            "it obey later, it stays off there", record->shutdown_s);
        fail_where_it_runs(engine, move, record->aborting ? record->error : late);
    } else if (here == WORD_RUNS) {
        if (!move->ordered && !record->aborting && engine->now < record->step_until)
            order(engine, move, EFFECT_SHUTDOWN, record->from);
    }
}

static void go_on_define(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word here = word_of(engine, move, record->from);
    if (here == WORD_DEAD) {
        died(engine, move, record->from);
    } else if (here == WORD_RUNS) {
        is_back(engine, move, "somebody started it again where it was");
    } else if (move->call_done && !move->call_ok) {
        go_back(engine, move, record->error);
    } else if (here == WORD_UNKNOWN) {
        stage_tell_waiting(engine, move,
                           emit_printf(engine, "host %s, where it is defined, does not answer",
                                       record->from));
    } else if (move->call_ok && record->aborting) {
        go_back(engine, move, record->error);
    } else if (move->call_ok) {
        stage_enter(engine, move, STAGE_START, STEP_S);
    } else if (engine->now >= record->step_until && move->ordered) {
        go_back(engine, move, emit_printf(engine, "host %s did not take its definition within "
                                          "%.0f s", record->to, STEP_S));
    } else {
        if (!move->ordered) {
            record->step_until = engine->now + STEP_S;
            order_carry(engine, move, CARRY_COPY, record->from, record->to);
        }
        wake_at(engine, record->step_until);
    }
}

static void go_on_start(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word here = word_of(engine, move, record->from);
    enum word there = word_of(engine, move, record->to);
    const struct proof *proof = proof_of_vm(engine, record->vm, record->from);
    if (there == WORD_RUNS) {
        stage_has_come(engine, move);
    } else if (here == WORD_RUNS) {
        is_back(engine, move, "somebody started it again where it was");
    } else if (there == WORD_DEAD) {
        go_back(engine, move, emit_printf(engine, "host %s died", record->to));
    } else if (move->call_done && !move->call_ok) {
        clear(engine, move, record->error);
    } else if (move->ordered && engine->now >= record->step_until) {
        clear(engine, move, emit_printf(engine, "host %s did not start it within %.0f s",
                                        record->to, STEP_S));
    } else if (move->ordered) {
        wake_at(engine, record->step_until);
    } else if (proof && there == WORD_OFF && here != WORD_UNKNOWN &&
               !may_be_elsewhere(engine, move)) {
        record->step_until = engine->now + STEP_S;
        order_start(engine, move, proof, record->to);
        wake_at(engine, record->step_until);
    } else if (here != WORD_UNKNOWN && engine->now >= record->step_until) {
        clear(engine, move, emit_printf(engine, "host %s does not answer", record->to));
    } else {
        wake_at(engine, fmax(record->step_until, engine->now + AGAIN_S));
    }
}

static void go_on_revert(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word there = word_of(engine, move, record->to);
    bool refused = move->call_done && !move->call_ok;
    if (there == WORD_DEAD) {
        go_back(engine, move, record->error);
    } else if (there == WORD_OFF) {
        clear(engine, move, record->error);
    } else if (there == WORD_RUNS && (refused || is_late(engine, move, record->to))) {
        notice(engine, NOTICE_WARNING, "migration.not_reverted", record->to, record->name,
               "VM %s stays on host %s: %s", record->name, record->to,
               refused ? record->error : "the guest did not shut down in time")
            ->move = record->id;
        record->aborting = false;
        stage_has_come(engine, move);
    } else if (there == WORD_RUNS) {
        if (!move->ordered && engine->now < record->step_until)
            order(engine, move, EFFECT_SHUTDOWN, record->to);
    }
}

static void go_on_clear(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word there = word_of(engine, move, record->to);
    if (there == WORD_RUNS) { /* it was started after all, or again */
        record->aborting = false;
        stage_has_come(engine, move);
    } else if (word_of(engine, move, record->from) == WORD_RUNS) { /* somebody has moved it back */
        is_back(engine, move, record->error);
    } else if (there == WORD_DEAD || move->call_ok) {
        go_back(engine, move, record->error);
    } else if (there == WORD_UNKNOWN) {
        stage_tell_waiting(engine, move, emit_printf(engine, "whether host %s runs it is not known; it "
                     "is started on host %s again when that host answers or is known to be off "
                     "(drover fence %s off, or drover evacuate %s --confirm-host-is-off)",
                     record->to, record->from, record->to, record->to));
    } else if (engine->now >= move->check_at) {
        order_carry(engine, move, CARRY_RETURN, record->to, record->from);
        move->check_at = engine->now + STEP_S;
        wake_at(engine, move->check_at);
    } else {
        wake_at(engine, move->check_at);
    }
}

static void go_on_back(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word here = word_of(engine, move, record->from);
    if (here == WORD_RUNS) {
        is_back(engine, move, record->error);
    } else if (here == WORD_DEAD) {
        died(engine, move, record->from);
    } else if (word_of(engine, move, record->to) == WORD_RUNS) {
        taken_elsewhere(engine, move, fleet_vm(engine->fleet, record->vm));
    } else if (here == WORD_UNKNOWN) {
        stage_tell_waiting(engine, move, emit_printf(engine, "host %s does not answer", record->from));
    } else if (may_be_elsewhere(engine, move)) { /* somebody else moves it at the same time */
        if (engine->now >= record->updated_at + STEP_S)
            stage_tell_waiting(engine, move, "somebody else has moved it away, and not all hosts "
                               "have told since whether they have it");
    } else if (engine->now < move->check_at) {
        wake_at(engine, move->check_at);
    } else if (!move->ordered || has_told(engine, move, record->from, move->check_at)) {
        order_start(engine, move, proof_of_stage(move), record->from);
        move->check_at = engine->now + STEP_S;
        wake_at(engine, move->check_at);
    }
}

static void go_on_offline(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    enum word here = word_of(engine, move, record->from);
    struct vm *vm = fleet_vm(engine->fleet, record->vm);
    if (here == WORD_DEAD) {
        died(engine, move, record->from);
    } else if (here == WORD_RUNS) {
        is_back(engine, move, "somebody started it meanwhile");
    } else if (move->call_ok) {
        if (vm)
            fleet_set_text(engine->fleet, &vm->host, record->to);
        stage_end(engine, move, MIGRATION_COMPLETED, "");
        stage_refresh(engine, record->from);
        stage_refresh(engine, record->to);
    } else if (move->call_done) {
        stage_end(engine, move, MIGRATION_FAILED, record->error);
        leftover_add(engine, record->vm, record->to);
    } else if (move->ordered && engine->now >= record->step_until) {
        stage_end(engine, move, MIGRATION_FAILED,
            emit_printf(engine, "host %s or host %s did not answer within %.0f s; both may have "
                        "its definition now", record->from, record->to, STEP_S));
        leftover_add(engine, record->vm, record->to);
    } else if (move->ordered) {
        wake_at(engine, record->step_until);
    } else if (here == WORD_OFF) {
        record->step_until = engine->now + STEP_S;
        order_carry(engine, move, CARRY_MOVE, record->from, record->to);
        wake_at(engine, record->step_until);
    }
}

/* Nobody has said yet whether all is well. Its host may die, or somebody else may move it. */
static void go_on_verify(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    const struct vm *vm = vm_of(engine, move);
    if (word_of(engine, move, record->to) == WORD_DEAD)
        died(engine, move, record->to);
    else if (vm && vm_occupies(vm) && vm->host && strcmp(vm->host, record->to) != 0 &&
             !vm_is_doubted(engine, record->vm))
        taken_elsewhere(engine, move, vm);
    else if (vm && vm->lost && vm->ha && word_of(engine, move, record->to) == WORD_OFF)
        stage_enter(engine, move, STAGE_START, STEP_S); /* it crashed */
}

static bool is_taken(struct engine *engine, const struct move *move, const struct vm *vm)
{
    return vm && vm->host && vm_occupies(vm) && strcmp(vm->host, move->record.from) != 0 &&
           strcmp(vm->host, move->record.to) != 0 && !vm_is_doubted(engine, move->record.vm);
}

static void go_on(struct engine *engine, struct move *move)
{
    static void (*const stages[])(struct engine *, struct move *) = {
        [STAGE_SHUTDOWN] = go_on_shutdown, [STAGE_DEFINE] = go_on_define,
        [STAGE_START] = go_on_start,       [STAGE_REVERT] = go_on_revert,
        [STAGE_CLEAR] = go_on_clear,       [STAGE_BACK] = go_on_back,
    };
    const struct vm *vm = vm_of(engine, move);
    if (move->record.state == MIGRATION_VERIFY)
        go_on_verify(engine, move);
    else if (is_taken(engine, move, vm))
        taken_elsewhere(engine, move, vm);
    else if (!move_is_cold(move))
        go_on_offline(engine, move);
    else if (stages[move->record.stage])
        stages[move->record.stage](engine, move);
}

/* A stage that is entered begins at once; none is entered twice in a row, so that this ends. */
void staged_pump(struct engine *engine, struct move *move)
{
    int before;
    move->unsettled = false;
    do {
        before = move->record.stage;
        go_on(engine, move);
    } while (!migration_ended(&move->record) && move->record.stage != before &&
             move->record.state != MIGRATION_VERIFY);
}

