/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that do not answer. After the grace time a host is probed by other ways than libvirt; if
 * something of it answers, its libvirtd is brought back where a device can do that; else, or when
 * that did not help, its devices are told to switch it off, level by level. Only when all devices
 * of one level say "off", and it is silent, is that taken as proof (proof.h), and the host is
 * down. Whatever else comes out leaves its VMs where they are, loudly.
 *
 * A device that only listens is told as soon as the host is lost, and is waited for: a host that
 * writes a dump of its kernel says so, which is proof, too, and it is neither switched off nor on.
 *
 * Nothing of this happens soon after droverd started, nor while so many hosts are gone that it
 * must be drover that is cut off. When that is over all hosts have their grace anew: the first
 * one that is heard again must not be the death of the others.
 */
#include "engine/proof.h"
#include "engine/devices.h"
#include "engine/grace.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_S 30.0  /* a probe that does not come back by then has seen nothing */
#define LATE_S 30.0   /* beyond its own timeout a device is not waited for longer */
#define LINGER_S 60.0 /* a host that is off loses its connection within so much */

static void enter(struct engine *engine, struct watch *watch, enum failure_phase phase,
                  double seconds)
{
    watch->failure.phase = phase;
    watch->failure.until = engine->now + seconds;
    watch->failure.order = 0;
    engine->dirty = true;
}

void failure_free(struct failure *failure)
{
    free(failure->said);
    proof_free(failure->proof);
}

/* ------------------------------------------------------------------ steps */

static void probe(struct engine *engine, struct watch *watch, enum failure_phase phase)
{
    enter(engine, watch, phase, PROBE_S);
    emit(engine, EFFECT_PROBE)->host = emit_text(engine, watch->name);
}

static void tell_device(struct engine *engine, struct watch *watch, uint32_t device,
                        const char *action, enum failure_phase phase)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    if (engine->cut_off && watch->failure.phase != FAILURE_NONE) { /* found out meanwhile */
        enter(engine, watch, FAILURE_NONE, 0);
        return;
    }
    enter(engine, watch, phase, devices[device].timeout_s + LATE_S);
    struct effect *effect = emit(engine, EFFECT_FENCE);
    effect->host = emit_text(engine, watch->name);
    effect->name = emit_text(engine, action);
    effect->number = device;
    watch->failure.device = device;
    watch->failure.order = effect->id;
    if (phase == FAILURE_LISTENING)
        notice(engine, NOTICE_INFO, "host.fence", watch->name, NULL,
               "host %s: %s listens whether it runs no guests any more", watch->name,
               devices[device].unit);
    else
        notice(engine, NOTICE_WARNING, "host.fence", watch->name, NULL,
               "host %s: %s is told to %s", watch->name, devices[device].unit,
               phase == FAILURE_SOFT ? "bring its libvirtd back" : "switch it off");
}

static void get_stuck(struct engine *engine, struct watch *watch)
{
    double retry_s = engine->settings.fencing.retry_s;
    enter(engine, watch, FAILURE_STUCK, retry_s);
    notice(engine, NOTICE_ERROR, "host.not_fenced", watch->name, NULL,
           "host %s does not answer and could not be fenced (%s): nothing %s is started "
           "elsewhere. Tried again in %.0f s. If it is off for certain: "
           "drover evacuate %s --confirm-host-is-off",
           watch->name, watch->failure.said ? watch->failure.said : "no device answered",
           proof_of_host(watch) ? "that may have come to it" : "of it", retry_s, watch->name);
}

static void switch_off(struct engine *engine, struct watch *watch, uint32_t above)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t level = devices_next_level(devices, n, above);
    if (level == UINT32_MAX)
        get_stuck(engine, watch);
    else
        tell_device(engine, watch, devices_of_level(devices, n, level, 0), "off", FAILURE_OFF);
}

/* As far as nobody asked for it by hand: many more may be gone by now than when it began. */
static void go_on_to_off(struct engine *engine, struct watch *watch, uint32_t above)
{
    if (engine->cut_off)
        enter(engine, watch, FAILURE_NONE, 0);
    else
        switch_off(engine, watch, above);
}

/* The next soft device from this position on; when there is none, off with it. */
static void soften(struct engine *engine, struct watch *watch, uint32_t from)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    while (from < n && !devices[from].soft)
        from++;
    if (from < n)
        tell_device(engine, watch, from, "soft", FAILURE_SOFT);
    else
        go_on_to_off(engine, watch, 0);
}

static uint32_t first_that_listens(const struct fence_setting *devices, uint32_t n, uint32_t from)
{
    while (from < n && !devices[from].listens)
        from++;
    return from;
}

/* The next device that listens, from this position on; when there is none, that has been done. */
static void listen_next(struct engine *engine, struct watch *watch, uint32_t from)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    from = first_that_listens(devices, n, from);
    if (from < n) {
        tell_device(engine, watch, from, "listen", FAILURE_LISTENING);
        return;
    }
    watch->failure.listened = true;
    enter(engine, watch, FAILURE_NONE, 0);
}

static void device_failed(struct engine *engine, struct watch *watch)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t device = watch->failure.device;
    if (watch->failure.phase == FAILURE_LISTENING)
        listen_next(engine, watch, device + 1);
    else if (watch->failure.phase == FAILURE_SOFT)
        soften(engine, watch, device + 1);
    else
        go_on_to_off(engine, watch, device < n ? devices[device].level : 0);
}

/* This device says off: the others of its level, too? */
static void device_says_off(struct engine *engine, struct watch *watch)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t device = watch->failure.device;
    uint32_t next = devices_of_level(devices, n, devices[device].level, device + 1);
    if (next < n)
        tell_device(engine, watch, next, "off", FAILURE_OFF);
    else
        probe(engine, watch, FAILURE_VERIFY);
}

static void take_as_proof(struct engine *engine, struct watch *watch)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t device = watch->failure.device;
    enter(engine, watch, FAILURE_NONE, 0);
    if (device < n && devices[device].listens) { /* switched on now, its dump would be lost */
        proof_by_word(engine, watch, devices[device].unit);
        proof_goes_on(engine, watch); /* when the dump is written, by itself */
        return;
    }
    proof_by_fence(engine, watch, device < n ? devices[device].unit : "its device");
    if (!engine->settings.fencing.power_on || watch_wants_maintenance(watch) || device >= n)
        return;
    struct effect *effect = emit(engine, EFFECT_FENCE);
    effect->host = emit_text(engine, watch->name);
    effect->name = "on";
    effect->number = device;
    proof_goes_on(engine, watch);
}

/* It was to go on again, is not heard, and may run what is looked for: that it is off is proven anew. */
void failure_prove_again(struct engine *engine, struct watch *watch, const char *vm)
{
    double booted_at = proof_goes_on_at(proof_of_host(watch)) + engine->settings.power.boot_s;
    if (watch->failure.phase != FAILURE_NONE || power_covers(watch))
        return;
    if (engine->now < booted_at) {
        wake_at(engine, booted_at);
        return;
    }
    if (failure_holds_back(engine, watch))
        return;
    notice(engine, NOTICE_WARNING, "host.fence", watch->name, NULL,
           "host %s was off, was to go on again, and is not heard: it may run VM %s, and is probed "
           "and fenced anew", watch->name, vm);
    probe(engine, watch, FAILURE_PROBING);
}

/* A phase that has lasted as long as it may. */
static void time_out(struct engine *engine, struct watch *watch)
{
    switch (watch->failure.phase) {
    case FAILURE_PROBING: soften(engine, watch, 0); break;
    case FAILURE_LISTENING: device_failed(engine, watch); break;
    case FAILURE_SOFT:
    case FAILURE_OFF:
        set_text(&watch->failure.said, "the device did not answer in time");
        device_failed(engine, watch);
        break;
    case FAILURE_SOFT_WAIT: soften(engine, watch, watch->failure.device + 1); break;
    case FAILURE_VERIFY: take_as_proof(engine, watch); break; /* nothing answered */
    case FAILURE_STUCK: /* from the beginning, if that is still the thing to do */
        watch->failure.listened = false;
        enter(engine, watch, FAILURE_NONE, 0);
        break;
    case FAILURE_NONE:
    case FAILURE_LATE: enter(engine, watch, FAILURE_NONE, 0); break;
    }
}

/* It is lost, and nothing is under way: devices listen at once, all else waits for the grace. */
static void consider(struct engine *engine, struct watch *watch)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    bool over = engine->now >= failure_grace_ends(engine, watch);
    bool listen = !watch->failure.listened && first_that_listens(devices, n, 0) < n;
    if (!over && !listen)
        return;
    const char *why = failure_holds_back(engine, watch);
    if (over)
        set_text(&watch->failure.said, why);
    if (why)
        return;
    if (listen)
        listen_next(engine, watch, 0);
    else
        probe(engine, watch, FAILURE_PROBING);
}

static void advance(struct engine *engine, struct watch *watch)
{
    if (watch->failure.phase != FAILURE_NONE && engine->now >= watch->failure.until)
        time_out(engine, watch);
    if (watch->failure.phase == FAILURE_NONE && !watch->connected && !proof_of_host(watch) &&
        !power_covers(watch))
        consider(engine, watch);
    if (watch->failure.phase != FAILURE_NONE)
        wake_at(engine, watch->failure.until);
}

void failure_pump(struct engine *engine)
{
    judge_own_connection(engine);
    for (uint32_t i = 0; i < engine->n_watches; i++)
        advance(engine, engine->watches[i]);
}

/* ------------------------------------------------------------------ what is heard */

static struct watch *watch_of(const struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    return watch && watch->configured ? watch : NULL;
}

/* A device has heard it say that it runs no guests any more; a service that answers says else. */
static void take_word(struct engine *engine, struct watch *watch, bool contradicted)
{
    if (!contradicted) {
        take_as_proof(engine, watch);
        return;
    }
    watch->failure.listened = true;
    enter(engine, watch, FAILURE_NONE, 0);
}

void on_probed(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch || (watch->failure.phase != FAILURE_PROBING &&
                   watch->failure.phase != FAILURE_VERIFY))
        return;
    uint32_t n, device = watch->failure.device;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    bool refuses = strcmp(event->name, "refuses") == 0;
    bool answers = refuses || strcmp(event->name, "answers") == 0;
    notice(engine, NOTICE_INFO, "host.probed", watch->name, NULL, "host %s, probed: %s",
           watch->name, event->text[0] ? event->text : event->name);
    if (watch->failure.phase == FAILURE_PROBING && (answers || watch->failure.spoke_at > 0))
        soften(engine, watch, 0);
    else if (watch->failure.phase == FAILURE_PROBING)
        go_on_to_off(engine, watch, 0); /* nothing there that could be asked to restart anything */
    else if (device < n && devices[device].listens) /* a crash kernel may refuse, and no more */
        take_word(engine, watch, answers && !refuses);
    else if (answers) {
        set_text(&watch->failure.said,
                 emit_printf(engine, "its device says off, but %s", event->text));
        get_stuck(engine, watch);
    } else {
        take_as_proof(engine, watch);
    }
}

/* It was said that it is off, or about to be found out: the host itself says else. */
static void contradict(struct engine *engine, struct watch *watch)
{
    static const char asked[] = "but its hook has asked since";
    uint32_t n, device = watch->failure.device;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    if (watch->failure.phase == FAILURE_VERIFY && device < n && devices[device].listens) {
        take_word(engine, watch, true);
    } else if (watch->failure.phase == FAILURE_VERIFY) {
        set_text(&watch->failure.said, emit_printf(engine, "its device says off, %s", asked));
        get_stuck(engine, watch);
    } else if (proof_of_host(watch)) {
        notice(engine, NOTICE_WARNING, "host.proof_ends", watch->name, NULL,
               "host %s was %s, %s: nothing more of it is started elsewhere until that is clear",
               watch->name, proof_text(proof_of_host(watch)), asked);
        proof_end(engine, watch);
        watch->failure.reviewed = false;
    } else if (watch->failure.phase == FAILURE_PROBING) {
        enter(engine, watch, FAILURE_NONE, 0);
    }
}

/*
 * A guest has started or ended there, and its hook asks droverd by a way of its own: it lives,
 * whatever is wrong with its libvirt or the way there. What a device was told already goes on, and
 * is checked by a probe as ever.
 */
void failure_host_spoke(struct engine *engine, struct watch *watch)
{
    if (watch->connected || power_covers(watch))
        return;
    bool first = watch->failure.spoke_at <= 0;
    watch->failure.spoke_at = engine->now;
    watch->failure.grace_ends = 0;
    if (first)
        notice(engine, NOTICE_INFO, "host.spoke", watch->name, NULL,
               "host %s does not answer, but its hook has asked: it lives, and its grace time "
               "begins anew", watch->name);
    contradict(engine, watch);
    engine->dirty = true;
}

static void heard_off(struct engine *engine, struct watch *watch)
{
    if (watch->connected) { /* asked for by hand: its connection is to break, soon */
        watch->failure.off_said_at = engine->now;
        enter(engine, watch, FAILURE_NONE, 0);
        emit(engine, EFFECT_REFRESH)->host = emit_text(engine, watch->name);
        return;
    }
    device_says_off(engine, watch);
}

void on_fenced(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch || power_heard(engine, watch, event))
        return;
    if (!watch->failure.order || event->id != watch->failure.order) {
        /* asked for by hand, or too late: worth a word, and no proof */
        notice(engine, NOTICE_INFO, "host.fence_said", watch->name, NULL,
               "host %s: device says %s%s%s", watch->name, event->name,
               event->text[0] ? ": " : "", event->text);
        return;
    }
    int result = field_choice(fence_result_names, event->name);
    bool soft = watch->failure.phase == FAILURE_SOFT;
    bool unheard = watch->failure.phase == FAILURE_LISTENING && result != DROVER_FENCE_IS_OFF;
    watch->failure.order = 0;
    if (!unheard) /* which is the rule, and says nothing */
        set_text(&watch->failure.said, event->text[0] ? event->text : event->name);
    notice(engine, unheard ? NOTICE_INFO : NOTICE_WARNING, "host.fenced", watch->name, NULL,
           "host %s: device says %s%s%s", watch->name, event->name, event->text[0] ? ": " : "",
           event->text);
    if (watch->failure.phase == FAILURE_LISTENING && !unheard)
        probe(engine, watch, FAILURE_VERIFY);
    else if (soft && result == DROVER_FENCE_IS_ON)
        enter(engine, watch, FAILURE_SOFT_WAIT, engine->settings.fencing.soft_wait_s);
    else if (!soft && result == DROVER_FENCE_IS_OFF)
        heard_off(engine, watch);
    else
        device_failed(engine, watch);
    engine->dirty = true;
}

/*
 * It is there: whatever was thought of it is over. A device that was told to switch it off may
 * still do so; until that is out of the question nothing goes there.
 */
void failure_host_back(struct engine *engine, struct watch *watch)
{
    double until = watch->failure.until;
    bool told = watch->failure.phase == FAILURE_OFF && watch->failure.order;
    proof_end(engine, watch);
    enter(engine, watch, told ? FAILURE_LATE : FAILURE_NONE, 0);
    watch->failure.until = until;
    watch->failure.off_said_at = NAN;
    watch->failure.listened = false;
    watch->failure.spoke_at = 0;
    watch->failure.reviewed = watch->failure.all = watch->failure.told_not_kept = false;
    set_text(&watch->failure.said, NULL);
}

void failure_host_lost(struct engine *engine, struct watch *watch)
{
    bool off = engine->now - watch->failure.off_said_at <= LINGER_S; /* NAN: no */
    watch->failure.off_said_at = NAN;
    if (off)
        probe(engine, watch, FAILURE_VERIFY);
}

void failure_host_reported(struct engine *engine, struct watch *watch)
{
    if (isnan(watch->failure.off_said_at) || watch->report_at <= watch->failure.off_said_at)
        return;
    watch->failure.off_said_at = NAN;
    notice(engine, NOTICE_ERROR, "fence.lies", watch->name, NULL,
           "host %s answers, and its fence device says that it is off: is it another machine's "
           "device? Until that is mended nothing of this host would be started elsewhere safely",
           watch->name);
}

/* Devices may be others now: what was begun begins anew. */
void failure_set_changed(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        watch->failure.grace_ends = 0;
        uint32_t n;
        devices_of(engine, watch, &n);
        if (watch->failure.phase != FAILURE_NONE && watch->failure.device >= n)
            enter(engine, watch, FAILURE_NONE, 0);
    }
}

enum drover_host_state failure_state(struct engine *engine, struct watch *watch,
                                     const char **reason)
{
    const struct proof *proof = proof_of_host(watch);
    if (proof) {
        *reason = proof_text(proof);
        return DROVER_HOST_DOWN;
    }
    double until = failure_grace_ends(engine, watch);
    *reason = watch->lost_reason ? watch->lost_reason : "";
    if (watch->failure.phase <= FAILURE_LISTENING && engine->now < until) {
        wake_at(engine, until);
        return DROVER_HOST_CONNECTING;
    }
    if (watch->failure.said && watch->failure.phase != FAILURE_OFF)
        *reason = emit_printf(engine, "%s; %s", *reason, watch->failure.said);
    bool fencing = watch->failure.phase == FAILURE_OFF || watch->failure.phase == FAILURE_VERIFY;
    return fencing ? DROVER_HOST_FENCING : DROVER_HOST_NON_RESPONSIVE;
}

/* By hand: off, on or status of its first device that is not soft. Whether there is one. */
bool failure_order(struct engine *engine, struct watch *watch, const char *action)
{
    uint32_t n;
    const struct fence_setting *devices = devices_of(engine, watch, &n);
    uint32_t level = devices_next_level(devices, n, 0);
    if (level == UINT32_MAX)
        return false;
    if (strcmp(action, "off") == 0) {
        switch_off(engine, watch, 0);
        return true;
    }
    struct effect *effect = emit(engine, EFFECT_FENCE);
    effect->host = emit_text(engine, watch->name);
    effect->name = emit_text(engine, action);
    effect->number = devices_of_level(devices, n, level, 0);
    if (strcmp(action, "on") == 0)
        proof_goes_on(engine, watch);
    return true;
}
