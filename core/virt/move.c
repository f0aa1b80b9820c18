/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves and how they end: see move.h. */
#include "virt/move.h"

#include "base/memory.h"
#include "virt/domain.h"
#include "virt/host.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Often until libvirt shows the job, so that a wanted downtime is set early; then now and then. */
#define FIRST_LOOKS_EVERY_S 0.25
#define LOOK_EVERY_S 1.0
/* For so long a VM that left its source may be on no host that we can see. */
#define ARRIVAL_S 60.0

struct wanted {
    bool is;
    uint64_t effect; /* to be named if it fails */
    uint64_t asked;  /* the effect that the last look was to carry out: it may not be the latest */
};

struct move {
    struct virt *virt;
    uint64_t id;
    uint64_t order;          /* the effect that asked for it: a retry is another one */
    char *vm, *host, *to;    /* to: "" where it is not known */
    char *name;              /* of the VM, as last known: for texts */
    struct attempt *attempt; /* NULL: watched */
    double began_at, look_at; /* monotonic */
    double left_at;          /* when it was first seen to be away; 0: not */
    bool looking;            /* asked, not answered yet */
    bool look_again;         /* something is wanted since it was asked */
    bool running;            /* QEMU has shown figures */
    unsigned idle_looks;     /* in a row: there, and no job */
    struct wanted wanted[CONTROLS];
    double downtime_ms;
    double bandwidth_mib_s[2]; /* by enum migration_phase */
};

static void move_free(void *data)
{
    struct move *move = data;
    if (move->attempt) {
        attempt_drop(move->attempt);
        attempt_let_go(move->attempt);
    }
    free(move->vm);
    free(move->name);
    free(move->host);
    free(move->to);
    free(move);
}

void moves_init(struct virt *virt)
{
    virt->moves = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, move_free);
    virt->ended = g_hash_table_new_full(g_int64_hash, g_int64_equal, free, NULL);
}

void moves_free(struct virt *virt)
{
    g_hash_table_unref(virt->moves);
    g_hash_table_unref(virt->ended);
}

/* A VM that is on its way may be on no host just now; then it has the name that it had. */
static const char *vm_name(struct move *move)
{
    const char *name = virt_vm_name(move->virt, move->vm);
    if (name != move->vm && strcmp(name, move->name) != 0) {
        free(move->name);
        move->name = memory_copy_text(name);
    }
    return move->name;
}

/* ------------------------------------------------------------------ events */

static struct event *event_about(const struct move *move, enum event_kind kind)
{
    struct event *event = event_new(kind, clock_now());
    event->id = move->id;
    event_set(event, &event->vm, move->vm);
    event_set(event, &event->host, move->host);
    event_set(event, &event->to, move->to);
    return event;
}

static void reread(struct virt *virt, const char *name, const char *vm)
{
    struct virt_host *host = virt_host(virt, name);
    if (host && host->connected)
        worker_push(host->worker, job_new(domain_reread, vm));
}

/* The move is freed here: the last thing to be done with it. */
static void end_move(struct move *move, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end_move(struct move *move, bool ok, const char *format, ...)
{
    struct virt *virt = move->virt;
    struct event *event = event_about(move, EVENT_MIGRATION_DONE);
    va_list arguments;
    va_start(arguments, format);
    event->text = arena_vprintf(&event->arena, format, arguments);
    va_end(arguments);
    event->ok = ok;
    /* What became of the VM: the end of post-copy, for one, is no event where it arrived. */
    reread(virt, move->host, move->vm);
    reread(virt, move->to, move->vm);
    uint64_t *order = memory_new(sizeof *order);
    *order = move->order;
    g_hash_table_add(virt->ended, order);
    g_hash_table_remove(virt->moves, &move->id);
    virt_post(virt, event);
}

/* ------------------------------------------------------------------ effects */

/* NULL where it is under way, or was carried out already: the effect is a repetition. */
static struct move *move_new(struct virt *virt, const struct effect *effect)
{
    uint64_t id = effect->move, order = effect->id;
    if (g_hash_table_contains(virt->moves, &id) || g_hash_table_contains(virt->ended, &order))
        return NULL;
    struct move *move = memory_new(sizeof *move);
    move->virt = virt;
    move->id = id;
    move->order = order;
    move->vm = memory_copy_text(effect->vm ? effect->vm : "");
    move->name = memory_copy_text(virt_vm_name(virt, move->vm));
    move->host = memory_copy_text(effect->host ? effect->host : "");
    move->to = memory_copy_text(effect->to ? effect->to : "");
    move->began_at = clock_monotonic();
    move->look_at = move->began_at;
    move->downtime_ms = NAN;
    g_hash_table_insert(virt->moves, &move->id, move);
    return move;
}

static void want(struct move *move, enum control control, uint64_t effect)
{
    move->wanted[control].is = true;
    move->wanted[control].effect = effect;
}

void moves_migrate(struct virt *virt, const struct effect *effect)
{
    struct move *move = move_new(virt, effect);
    if (!move)
        return;
    const char *name = vm_name(move);
    struct virt_host *host = virt_host(virt, move->host);
    if (!host || !host->connected) {
        end_move(move, false, "%s could not be moved from %s to %s: %s is not connected", name,
                 move->host, move->to, move->host);
        return;
    }
    if (!effect->how.peer_uri || !*effect->how.peer_uri) {
        end_move(move, false, "%s could not be moved from %s to %s: no URI is known by which %s "
                 "reaches %s", name, move->host, move->to, move->host, move->to);
        return;
    }
    if (effect->how.downtime_ms > 0 && effect->kind == EFFECT_MIGRATE) {
        move->downtime_ms = effect->how.downtime_ms;
        want(move, CONTROL_DOWNTIME, effect->id);
    }
    struct dial dial = host_dial(host);
    move->attempt = attempt_start(virt, effect, &dial, name);
    if (!move->attempt)
        end_move(move, false, "%s could not be moved from %s to %s: this machine has no thread "
                 "left for it", name, move->host, move->to);
}

void moves_watch(struct virt *virt, const struct effect *effect)
{
    move_new(virt, effect);
}

static const struct {
    int effect;
    enum control control;
    const char *what;
} controls[] = {
    {EFFECT_SET_DOWNTIME, CONTROL_DOWNTIME, "get another downtime"},
    {EFFECT_POSTCOPY, CONTROL_POSTCOPY, "be switched to post-copy"},
    {EFFECT_ABORT, CONTROL_ABORT, "be aborted"},
    {EFFECT_PAUSE, CONTROL_PAUSE, "be ended by a pause of its guest"},
    {EFFECT_SET_BANDWIDTH, CONTROL_BANDWIDTH, "get another speed"},
    {EFFECT_SET_BANDWIDTH, CONTROL_POSTCOPY_BANDWIDTH, "get another speed for post-copy"},
};

static enum control speed_control(int phase)
{
    return phase == PHASE_POSTCOPY ? CONTROL_POSTCOPY_BANDWIDTH : CONTROL_BANDWIDTH;
}

static void look(struct move *move)
{
    struct virt_host *host = virt_host(move->virt, move->host);
    if (move->looking || !host || !host->connected)
        return;
    struct job *job = job_new(control_run, move->vm);
    job->move = move->id;
    job->downtime_ms = move->wanted[CONTROL_DOWNTIME].is ? move->downtime_ms : NAN;
    job->postcopy = move->wanted[CONTROL_POSTCOPY].is;
    job->abort = move->wanted[CONTROL_ABORT].is;
    job->pause = move->wanted[CONTROL_PAUSE].is;
    for (int phase = PHASE_PRECOPY; phase <= PHASE_POSTCOPY; phase++)
        job->bandwidth_mib_s[phase] = move->wanted[speed_control(phase)].is
                                          ? move->bandwidth_mib_s[phase] : NAN;
    for (int i = 0; i < CONTROLS; i++)
        move->wanted[i].asked = move->wanted[i].effect;
    move->looking = true;
    move->look_again = false;
    worker_push(host->worker, job);
}

void moves_control(struct virt *virt, const struct effect *effect)
{
    uint64_t id = effect->move;
    struct move *move = g_hash_table_lookup(virt->moves, &id);
    if (!move)
        return; /* it has ended meanwhile, and its end was told */
    int phase = effect->name && strcmp(effect->name, migration_phase_names[PHASE_POSTCOPY]) == 0
                    ? PHASE_POSTCOPY : PHASE_PRECOPY;
    for (size_t i = 0; i < G_N_ELEMENTS(controls); i++) {
        if (effect->kind == EFFECT_SET_BANDWIDTH ? controls[i].control == speed_control(phase)
                                                 : controls[i].effect == effect->kind)
            want(move, controls[i].control, effect->id);
    }
    if (effect->kind == EFFECT_SET_DOWNTIME)
        move->downtime_ms = effect->number;
    if (effect->kind == EFFECT_SET_BANDWIDTH)
        move->bandwidth_mib_s[phase] = effect->number;
    move->look_again = move->looking;
    if (effect->kind == EFFECT_ABORT && move->attempt && attempt_drop(move->attempt)) {
        end_move(move, false, "the move of %s from %s to %s was aborted before it began",
                 vm_name(move), move->host, move->to);
        return;
    }
    look(move);
}

/* ------------------------------------------------------------------ looking */

static void take_outcomes(struct move *move, const struct look *seen)
{
    for (size_t i = 0; i < G_N_ELEMENTS(controls); i++) {
        enum control control = controls[i].control;
        if (seen->outcome[control] == CONTROL_UNTRIED)
            continue;
        struct wanted *wanted = &move->wanted[control];
        wanted->is = wanted->effect != wanted->asked;
        if (seen->outcome[control] == CONTROL_FAILED)
            virt_effect_failed(move->virt, wanted->asked, "the migration of %s from %s to %s "
                               "could not %s: %s", vm_name(move), move->host,
                               move->to, controls[i].what, seen->error[control]);
    }
}

/* While QEMU prepares there are no figures, and nothing to be said. */
static void post_progress(struct move *move, const struct look *seen)
{
    move->idle_looks = 0;
    move->running = seen->progress.memory_total_mib > 0;
    if (!move->running)
        return;
    struct event *event = event_about(move, EVENT_MIGRATION_PROGRESS);
    event->progress = seen->progress;
    virt_post(move->virt, event);
}

/* True where the watched move has ended. */
static bool ended_elsewhere(struct move *move)
{
    struct virt_host *source = virt_host(move->virt, move->host);
    struct virt_host *where = virt_where(move->virt, move->vm, source);
    if (!where)
        return false;
    bool as_meant = !*move->to || strcmp(where->name, move->to) == 0;
    const char *name = vm_name(move);
    if (as_meant)
        end_move(move, true, "%s", "");
    else
        end_move(move, false, "%s is on %s now, although it was to move from %s to %s", name,
                 where->name, move->host, move->to);
    return true;
}

/* Its source knows it no more, and its destination has not spoken: it may be slow to. */
static void take_away(struct move *move)
{
    double now = clock_monotonic();
    if (move->left_at <= 0)
        move->left_at = now;
    reread(move->virt, move->to, move->vm);
    if (now - move->left_at > ARRIVAL_S)
        end_move(move, false, "%s left %s, and has not been seen on %s since",
                 vm_name(move), move->host,
                 *move->to ? move->to : "any other host");
}

static void take_idle(struct move *move)
{
    if (++move->idle_looks < 2)
        return;
    end_move(move, false, "%s stayed on %s: its migration%s%s ended without success",
             vm_name(move), move->host, *move->to ? " to " : "", move->to);
}

void moves_looked(struct virt *virt, const struct look *seen)
{
    uint64_t id = seen->move;
    struct move *move = g_hash_table_lookup(virt->moves, &id);
    if (!move)
        return;
    move->looking = false;
    take_outcomes(move, seen);
    if (move->look_again)
        look(move);
    if (seen->place == CONTROL_MIGRATING) {
        post_progress(move, seen);
    } else if (move->attempt) {
        return; /* the attempt will tell */
    } else if (seen->place == CONTROL_HERE) {
        take_idle(move);
    } else if (seen->place == CONTROL_AWAY) {
        take_away(move);
    }
}

/* ------------------------------------------------------------------ ends */

/* It goes on as a watched one: peer to peer, the migration does not need the one who asked. */
static void watch_instead(struct move *move)
{
    attempt_let_go(move->attempt);
    move->attempt = NULL;
    move->idle_looks = 0;
}

void moves_attempted(struct virt *virt, uint64_t id, enum attempt_outcome outcome,
                     const char *text)
{
    struct move *move = g_hash_table_lookup(virt->moves, &id);
    if (!move || !move->attempt)
        return;
    if (outcome == ATTEMPT_UNHEARD)
        watch_instead(move);
    else
        end_move(move, outcome == ATTEMPT_SUCCEEDED, "%s", text);
}

/* It goes on, and another way than was ordered: that is for people to know. */
void moves_detoured(struct virt *virt, uint64_t id, const char *code, const char *text)
{
    struct move *move = g_hash_table_lookup(virt->moves, &id);
    if (!move)
        return;
    struct event *event = event_about(move, EVENT_EFFECT_FAILED);
    event->id = move->order;
    event_set(event, &event->name, code);
    event_set(event, &event->text, text);
    virt_post(virt, event);
}

/* An attempt that does not even come to ask: its thread is left to itself. */
static bool gave_up(struct move *move, double now)
{
    double limit_s = 2 * move->virt->call_timeout_s;
    if (!move->attempt || now - move->began_at < limit_s || !attempt_drop(move->attempt))
        return false;
    end_move(move, false, "%s could not be moved from %s to %s: %s did not answer within %g s",
             vm_name(move), move->host, move->to, move->host, limit_s);
    return true;
}

/* Nobody is left to ask. */
static bool source_was_removed(struct move *move)
{
    if (virt_host(move->virt, move->host))
        return false;
    end_move(move, false, "what became of the migration of %s is not known: its host %s is not "
             "configured any more", vm_name(move), move->host);
    return true;
}

static void tick_move(struct move *move, double now)
{
    if (gave_up(move, now))
        return;
    if (!move->attempt && (ended_elsewhere(move) || source_was_removed(move)))
        return;
    if (now < move->look_at)
        return;
    move->look_at = now + (move->running ? LOOK_EVERY_S : FIRST_LOOKS_EVERY_S);
    if (!move->attempt || attempt_stage(move->attempt) == ATTEMPT_MIGRATING)
        look(move);
}

void moves_tick(struct virt *virt, double now)
{
    /* A copy: moves end on the way. */
    GList *moves = g_hash_table_get_values(virt->moves);
    for (GList *each = moves; each; each = each->next)
        tick_move(each->data, now);
    g_list_free(moves);
}

void moves_lost_host(struct virt *virt, const char *host)
{
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, virt->moves);
    while (g_hash_table_iter_next(&each, NULL, &value)) {
        struct move *move = value;
        if (strcmp(move->host, host) == 0)
            move->looking = false;
    }
}

void moves_look_now(struct virt *virt, const char *host, const char *vm)
{
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, virt->moves);
    while (g_hash_table_iter_next(&each, NULL, &value)) {
        struct move *move = value;
        if (strcmp(move->host, host) == 0 && strcmp(move->vm, vm) == 0)
            look(move);
    }
}
