/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that drover switches off and on though nothing is wrong with them: because their policy
 * saves power, or because a person wants them off once they are empty.
 *
 * A host is switched off only while it is in maintenance, and only when its own libvirt, asked once
 * more, has just said that no VM runs there. All devices of its first level have to say "off", and
 * its connection has to break; anything else is not taken for off: it is told loudly, nothing goes
 * to that host for a while (a device that is late may still do it), and then it is tried again.
 *
 * That it is off is remembered: such a host is no failure, is neither probed nor fenced, and stays
 * off until a policy or a person wants it, or until somebody else has switched it on. What people
 * ask for goes over what policies want.
 */
#include "engine/devices.h"

#include "base/field_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ASK_S 60.0    /* a host that does not report within so much is not switched off now */
#define LATE_S 30.0   /* beyond its own timeout a device is not waited for longer */
#define LINGER_S 60.0 /* a host that is off loses its connection within so much */

struct remembered_power {
    uint32_t phase;
    bool by_policy, wanted_off;
    double left_alone_until;
};
#define REMEMBERED(member) offsetof(struct remembered_power, member)
static const struct field remembered_power_fields[] = {
    {.key = "phase", .type = FIELD_U32, .offset = REMEMBERED(phase)},
    {.key = "by_policy", .type = FIELD_BOOL, .offset = REMEMBERED(by_policy)},
    {.key = "wanted_off", .type = FIELD_BOOL, .offset = REMEMBERED(wanted_off)},
    {.key = "left_alone_until", .type = FIELD_NUMBER, .offset = REMEMBERED(left_alone_until)},
    {0},
};

static const char *name_of(struct engine *engine, const struct watch *watch)
{
    return emit_printf(engine, "power/%s", watch->name);
}

static bool is_forgettable(const struct engine *engine, const struct watch *watch)
{
    return watch->power.phase == POWER_ON && !watch->maintenance.by_policy &&
           !watch->power.wanted_off && watch->power.left_alone_until <= engine->now;
}

/* A host about which there is nothing to say takes no room. */
static void keep(struct engine *engine, struct watch *watch)
{
    struct power *power = &watch->power;
    struct host *host = fleet_host(engine->fleet, watch->name);
    host->power_by_policy = watch->maintenance.by_policy;
    engine->dirty = true;
    if (is_forgettable(engine, watch)) {
        power_drop(engine, watch);
        return;
    }
    struct remembered_power now = {
        .phase = (uint32_t)power->phase, .by_policy = watch->maintenance.by_policy,
        .wanted_off = power->wanted_off, .left_alone_until = power->left_alone_until,
    };
    remember(engine, name_of(engine, watch),
             field_lines_write(&engine->out->arena, remembered_power_fields, &now));
    power->remembered = true;
}

void power_drop(struct engine *engine, struct watch *watch)
{
    if (watch->power.remembered)
        forget(engine, name_of(engine, watch));
    watch->power.remembered = false;
}

void power_free(struct power *power)
{
    free(power->said);
}

static void enter(struct engine *engine, struct watch *watch, enum power_phase phase,
                  double seconds)
{
    watch->power.phase = phase;
    watch->power.until = engine->now + seconds;
    keep(engine, watch);
}

bool power_covers(const struct watch *watch)
{
    return watch->power.phase >= POWER_TO_OFF;
}

/* ------------------------------------------------------------------ whether it may be now */

static bool has_a_move(const struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct migration *record = &engine->moves[i]->record;
        if (!migration_ended(record) &&
            (strcmp(record->from, host) == 0 || strcmp(record->to, host) == 0))
            return true;
    }
    for (uint32_t i = 0; i < engine->n_bookings; i++)
        if (engine->bookings[i].until > engine->now &&
            strcmp(engine->bookings[i].host, host) == 0)
            return true;
    return false;
}

static bool is_doubted(const struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_doubts; i++)
        if (strcmp(engine->doubts[i].host[0], host) == 0 ||
            strcmp(engine->doubts[i].host[1], host) == 0)
            return true;
    return false;
}

/* As far as drover knows; its libvirt has the last word. */
static bool may_go_off(struct engine *engine, const struct watch *watch)
{
    double quiet_until = engine->started_at + engine->settings.fencing.quiet_start_s;
    const struct host *host = fleet_host(engine->fleet, watch->name);
    const struct host_setting *setting = host_setting(engine, watch->name);
    if (engine->now < quiet_until) {
        wake_at(engine, quiet_until);
        return false;
    }
    return watch->connected && watch->reported && host->state == DROVER_HOST_MAINTENANCE &&
           watch->failure.phase == FAILURE_NONE && !engine->cut_off && setting &&
           devices_switch(setting) && !host_has_vms(engine, watch->name) &&
           !has_a_move(engine, watch->name) && !is_doubted(engine, watch->name);
}

static bool is_to_go_off(const struct watch *watch)
{
    return watch->power.wanted_off && watch_wants_maintenance(watch);
}

/* ------------------------------------------------------------------ orders */

static void tell_device(struct engine *engine, struct watch *watch, uint32_t device,
                        const char *action, enum power_phase phase)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    enter(engine, watch, phase, devices[device].timeout_s + LATE_S);
    struct effect *effect = emit(engine, EFFECT_FENCE);
    effect->host = emit_text(engine, watch->name);
    effect->name = emit_text(engine, action);
    effect->number = device;
    watch->power.device = device;
    watch->power.order = effect->id;
}

/* The first of the devices that switch; whether there is one. */
static bool tell_first(struct engine *engine, struct watch *watch, const char *action,
                       enum power_phase phase)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t level = devices_next_level(devices, n, 0);
    if (level == UINT32_MAX)
        return false;
    tell_device(engine, watch, devices_of_level(devices, n, level, 0), action, phase);
    return true;
}

/* The next device of the same level; whether there is one. */
static bool tell_next(struct engine *engine, struct watch *watch, const char *action)
{
    uint32_t n, device = watch->power.device;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t next = device < n ? devices_of_level(devices, n, devices[device].level, device + 1)
                               : n;
    if (next < n)
        tell_device(engine, watch, next, action, watch->power.phase);
    return next < n;
}

static void ask_host(struct engine *engine, struct watch *watch, enum power_phase phase,
                     double seconds)
{
    enter(engine, watch, phase, seconds);
    watch->power.asked_step = engine->step;
    watch->power.asked_at = engine->now;
    emit(engine, EFFECT_REFRESH)->host = emit_text(engine, watch->name);
}

static bool has_answered(const struct watch *watch)
{
    return watch->connected && watch->reported &&
           watch->report_step > watch->power.asked_step &&
           watch->report_at >= watch->power.asked_at;
}

/* ------------------------------------------------------------------ off */

/* Its devices did not do it, or did not say so: it is not taken for off. */
static void be_unsure(struct engine *engine, struct watch *watch, const char *said)
{
    double retry_s = engine->settings.power.retry_s;
    set_text(&watch->power.said, said);
    enter(engine, watch, POWER_UNSURE, retry_s);
    notice(engine, NOTICE_ERROR, "host.not_switched_off", watch->name, NULL,
           "host %s was to be switched off, and it is not certain that it is (%s): it is not taken "
           "for off, and nothing goes there for %.0f s; drover fence %s status asks its device",
           watch->name, said, retry_s, watch->name);
}

static void be_off(struct engine *engine, struct watch *watch)
{
    enter(engine, watch, POWER_OFF, 0);
    notice(engine, NOTICE_INFO, "host.power", watch->name, NULL,
           "host %s is off: switched off by drover%s", watch->name,
           watch->maintenance.by_policy ? ", as its policy wants it" : "");
}

/* This device says off: the others of its level, too? And does the host fall silent? */
static void device_says_off(struct engine *engine, struct watch *watch)
{
    if (engine->cut_off)
        be_unsure(engine, watch, "drover itself seems to be cut off");
    else if (tell_next(engine, watch, "off"))
        return;
    else if (watch->connected)
        ask_host(engine, watch, POWER_VERIFY, LINGER_S);
    else
        be_off(engine, watch);
}

/* Its libvirt has just spoken. */
static void go_off(struct engine *engine, struct watch *watch)
{
    if (!may_go_off(engine, watch) || !tell_first(engine, watch, "off", POWER_TO_OFF)) {
        watch->power.not_before = engine->now + engine->settings.power.retry_s;
        enter(engine, watch, POWER_ON, 0);
        return;
    }
    notice(engine, NOTICE_INFO, "host.power", watch->name, NULL,
           "host %s is told to go off: it is in maintenance, and its libvirt has just said that no "
           "VM runs there", watch->name);
}

static void ask_when_it_may(struct engine *engine, struct watch *watch)
{
    if (engine->now < watch->power.not_before)
        wake_at(engine, watch->power.not_before);
    else if (may_go_off(engine, watch))
        ask_host(engine, watch, POWER_ASKING, ASK_S);
}

/* Kept empty by its policy, or to be off, and silent: it may be off, by whomever. */
static void look_whether_off(struct engine *engine, struct watch *watch)
{
    double at = watch->lost_at + engine->settings.limits.grace_s;
    bool kept = watch->maintenance.by_policy || is_to_go_off(watch);
    if (!kept || watch->connected || !watch->lost_reason)
        return;
    at = fmax(at, watch->power.not_before);
    if (engine->now < at)
        wake_at(engine, at);
    else if (!tell_first(engine, watch, "status", POWER_CHECKING))
        watch->power.not_before = engine->now + engine->settings.power.retry_s;
}

/* ------------------------------------------------------------------ on */

static void be_stuck(struct engine *engine, struct watch *watch, const char *said)
{
    double retry_s = engine->settings.power.retry_s;
    set_text(&watch->power.said, said);
    enter(engine, watch, POWER_STUCK, retry_s);
    notice(engine, NOTICE_ERROR, "host.not_switched_on", watch->name, NULL,
           "host %s was to be switched on, and is not up (%s); tried again in %.0f s",
           watch->name, said, retry_s);
}

static void go_on(struct engine *engine, struct watch *watch)
{
    if (!tell_first(engine, watch, "on", POWER_TO_ON)) {
        be_stuck(engine, watch, "it has no fence device any more");
        return;
    }
    notice(engine, NOTICE_INFO, "host.power", watch->name, NULL, "host %s is told to go on",
           watch->name);
}

/* ------------------------------------------------------------------ in time */

static void time_out(struct engine *engine, struct watch *watch)
{
    static const char silent[] = "the device did not answer in time";
    switch (watch->power.phase) {
    case POWER_ASKING:
        watch->power.not_before = engine->now + engine->settings.power.retry_s;
        enter(engine, watch, POWER_ON, 0);
        break;
    case POWER_TO_OFF: be_unsure(engine, watch, silent); break;
    case POWER_VERIFY:
        be_unsure(engine, watch, "its device says that it is off, and it stays connected");
        break;
    case POWER_UNSURE:
    case POWER_CHECKING:
        if (watch->connected || !tell_first(engine, watch, "status", POWER_CHECKING))
            enter(engine, watch, POWER_ON, 0);
        break;
    case POWER_TO_ON: be_stuck(engine, watch, silent); break;
    case POWER_BOOTING: be_stuck(engine, watch, "it was not heard in time"); break;
    case POWER_STUCK: go_on(engine, watch); break;
    case POWER_ON:
    case POWER_OFF: break;
    }
}

static bool lasts(const struct watch *watch)
{
    return watch->power.phase == POWER_ON || watch->power.phase == POWER_OFF;
}

static void advance(struct engine *engine, struct watch *watch)
{
    struct power *power = &watch->power;
    if (!lasts(watch) && engine->now >= power->until)
        time_out(engine, watch);
    if (power->phase == POWER_ASKING && (!is_to_go_off(watch) || !watch->connected))
        enter(engine, watch, POWER_ON, 0);
    else if (power->phase == POWER_ASKING && has_answered(watch))
        go_off(engine, watch);
    else if (power->phase == POWER_VERIFY && !watch->connected)
        be_off(engine, watch);
    else if (power->phase == POWER_OFF && !is_to_go_off(watch))
        go_on(engine, watch);
    if (power->phase == POWER_ON) {
        if (is_to_go_off(watch))
            ask_when_it_may(engine, watch);
        look_whether_off(engine, watch);
        if (power->remembered && is_forgettable(engine, watch))
            power_drop(engine, watch);
    }
    if (!lasts(watch))
        wake_at(engine, power->until);
}

void power_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++)
        advance(engine, engine->watches[i]);
}

/* ------------------------------------------------------------------ what is heard */

static void heard_switching(struct engine *engine, struct watch *watch, int result,
                            const char *said)
{
    switch (watch->power.phase) {
    case POWER_TO_OFF:
        if (result == DROVER_FENCE_IS_OFF)
            device_says_off(engine, watch);
        else
            be_unsure(engine, watch, said);
        break;
    case POWER_UNSURE: /* late, and yet it is known now */
        if (result == DROVER_FENCE_IS_OFF)
            device_says_off(engine, watch);
        break;
    case POWER_CHECKING:
        watch->power.not_before = engine->now + engine->settings.power.retry_s;
        if (result == DROVER_FENCE_IS_OFF && !watch->connected)
            be_off(engine, watch);
        else if (result == DROVER_FENCE_IS_ON || result == DROVER_FENCE_IS_OFF)
            enter(engine, watch, POWER_ON, 0);
        else
            enter(engine, watch, POWER_UNSURE, engine->settings.power.retry_s);
        break;
    case POWER_TO_ON:
        if (result != DROVER_FENCE_IS_ON)
            be_stuck(engine, watch, said);
        else if (!tell_next(engine, watch, "on"))
            enter(engine, watch, POWER_BOOTING, engine->settings.power.boot_s);
        break;
    default: break;
    }
}

bool power_heard(struct engine *engine, struct watch *watch, const struct event *event)
{
    if (!watch->power.order || event->id != watch->power.order)
        return false;
    const char *said = event->text[0] ? event->text : event->name;
    notice(engine, NOTICE_INFO, "host.fence_said", watch->name, NULL, "host %s: device says %s%s%s",
           watch->name, event->name, event->text[0] ? ": " : "", event->text);
    heard_switching(engine, watch, field_choice(fence_result_names, event->name), said);
    engine->dirty = true;
    return true;
}

/* It is there. If it was off, it is on again: by drover's word or by somebody else's. */
void power_host_reported(struct engine *engine, struct watch *watch)
{
    struct power *power = &watch->power;
    bool by_us = power->phase == POWER_TO_ON || power->phase == POWER_BOOTING ||
                 power->phase == POWER_STUCK;
    if (power->phase == POWER_VERIFY && has_answered(watch)) {
        be_unsure(engine, watch, "its device says that it is off, and it answers: is it another "
                                 "machine's device?");
    } else if (power->phase == POWER_OFF || by_us) {
        power->phase = POWER_ON;
        power->order = 0;
        power_use(engine, watch, by_us ? "it is up again" : "somebody has switched it on");
    }
}

bool power_state(struct engine *engine, const struct watch *watch, enum drover_host_state *state,
                 const char **reason)
{
    static const char *const reasons[] = {
        [POWER_ON] = "its policy keeps it empty; it does not answer",
        [POWER_ASKING] = "its policy keeps it empty; it does not answer",
        [POWER_TO_OFF] = "it is being switched off", [POWER_VERIFY] = "it is being switched off",
        [POWER_UNSURE] = "its device was told to switch it off, and may still do so",
        [POWER_CHECKING] = "its device is asked whether it is off",
        [POWER_OFF] = "switched off by drover", [POWER_TO_ON] = "it is being switched on",
        [POWER_BOOTING] = "it is being switched on",
        [POWER_STUCK] = "it was switched on, and does not come up",
    };
    bool wanted = watch_wants_maintenance(watch);
    bool empty = wanted && !host_has_vms(engine, watch->name);
    bool says = !watch->connected;
    if (!power_covers(watch)) {
        *state = DROVER_HOST_MAINTENANCE;
        says = says && empty && watch->maintenance.by_policy;
    } else if (watch->power.phase >= POWER_OFF) {
        bool by_people = watch->power.phase == POWER_OFF && watch_is_wanted_by_people(watch);
        *state = by_people ? DROVER_HOST_MAINTENANCE : DROVER_HOST_DOWN;
    } else {
        *state = empty ? DROVER_HOST_MAINTENANCE : DROVER_HOST_FENCING;
        says = says || empty || !wanted;
    }
    if (says)
        *reason = reasons[watch->power.phase];
    return says;
}

/* ------------------------------------------------------------------ what is wanted */

void power_rest(struct engine *engine, struct watch *watch, const char *why)
{
    watch->maintenance.by_policy = true;
    notice(engine, NOTICE_INFO, "host.power", watch->name, NULL,
           "host %s has no VMs, and is taken out of use: %s", watch->name, why);
    keep(engine, watch);
}

void power_want_off(struct engine *engine, struct watch *watch, bool off)
{
    if (watch->power.wanted_off == off)
        return;
    watch->power.wanted_off = off;
    watch->power.not_before = 0;
    keep(engine, watch);
}

void power_use(struct engine *engine, struct watch *watch, const char *why)
{
    bool by_policy = watch->maintenance.by_policy;
    watch->maintenance.by_policy = watch->power.wanted_off = false;
    watch->power.left_alone_until = engine->now + engine->settings.power.hold_s;
    notice(engine, NOTICE_INFO, "host.power", watch->name, NULL, "host %s%s: %s", watch->name,
           by_policy && !watch_wants_maintenance(watch) ? " is taken into use again" : "", why);
    keep(engine, watch);
    drains_touch(engine);
}

void power_hand_over(struct engine *engine, struct watch *watch)
{
    if (!watch->maintenance.by_policy)
        return;
    watch->maintenance.by_policy = false;
    if (watch->power.phase != POWER_OFF)
        watch->power.wanted_off = false;
    keep(engine, watch);
}

/* What was begun is found out anew: a device may have done it meanwhile. */
void power_recall(struct engine *engine, struct watch *watch, const char *lines)
{
    struct arena arena = ARENA_INIT;
    struct remembered_power was;
    memset(&was, 0, sizeof was);
    field_lines_read(&arena, remembered_power_fields, lines, &was);
    arena_free(&arena);
    struct power *power = &watch->power;
    power->phase = was.phase > POWER_STUCK || was.phase == POWER_ASKING ? POWER_ON
                   : was.phase > POWER_OFF                              ? POWER_STUCK
                   : was.phase > POWER_ASKING && was.phase < POWER_OFF
                       ? POWER_UNSURE
                       : (enum power_phase)was.phase;
    power->until = engine->now + engine->settings.limits.grace_s;
    power->wanted_off = was.wanted_off;
    power->left_alone_until = was.left_alone_until;
    power->remembered = true;
    watch->maintenance.by_policy = was.by_policy;
    fleet_host(engine->fleet, watch->name)->power_by_policy = was.by_policy;
}
