/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes and fence devices: what drover does about a host that does not answer. A probe sees what
 * is there; a device does what it is told and says so, unless one of its faults strikes. What a
 * device has begun goes on where the controller dies meanwhile: only nobody hears of it.
 */
#include "sim/private.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_DEVICES 97
#define STREAM_DUMPS 98
#define LATE_S 30.0 /* beyond its timeout drover waits so much longer for a device */

/* ------------------------------------------------------------------ made devices */

static struct fence_setting *make_device(struct fence_setting *device, uint32_t level, bool soft)
{
    *device = (struct fence_setting){
        .unit = soft ? "fence_ssh_restart" : "fence_agent", .level = level, .timeout_s = 20, .soft = soft,
    };
    return device + 1;
}

static struct fence_setting *make_listener(struct fence_setting *device)
{
    *device = (struct fence_setting){
        .unit = "fence_kdump", .level = 1, .timeout_s = 90, .listens = true,
    };
    return device + 1;
}

/*
 * By the host's position and the seed: one in eight has none; the others have one or two that
 * switch it off, together or one after the other, and half of them have a soft one first. Half
 * have one that listens, too.
 */
struct rows sim_made_devices(uint64_t seed, uint32_t host, struct arena *arena)
{
    struct random chance = random_new(seed, STREAM_DEVICES + ((uint64_t)host << 16));
    struct fence_setting *devices = arena_array(arena, 4, sizeof *devices), *next = devices;
    bool soft = random_chance(&chance, 0.5), two = random_chance(&chance, 0.4);
    if (random_below(&chance, 8) == 0)
        return (struct rows){0};
    if (soft)
        next = make_device(next, 1, true);
    next = make_device(next, 1, false);
    if (two)
        next = make_device(next, 1 + random_below(&chance, 2), false);
    if (random_chance(&chance, 0.5))
        next = make_listener(next);
    return (struct rows){.item = devices, .n = (uint32_t)(next - devices)};
}

/* ------------------------------------------------------------------ errands */

struct errand *errand_add(struct sim *sim, const struct effect *effect)
{
    sim->errands =
        memory_grow(sim->errands, &sim->errand_room, sim->n_errands + 1, sizeof *sim->errands);
    struct errand *errand = &sim->errands[sim->n_errands++];
    *errand = (struct errand){
        .id = ++sim->last_errand, .effect = effect->id, .move = effect->move,
        .session = sim->session, .vm = SIM_NONE,
        .host = table_get(&sim->host_index, effect->host),
    };
    return errand;
}

struct errand *errand_find(struct sim *sim, uint64_t id)
{
    for (uint32_t i = 0; i < sim->n_errands; i++)
        if (sim->errands[i].id == id)
            return &sim->errands[i];
    return NULL;
}

void errand_drop(struct sim *sim, struct errand *errand)
{
    *errand = sim->errands[--sim->n_errands];
}

/* ------------------------------------------------------------------ probes */

/*
 * A host that died may write a dump of its kernel, for as long as it is dead and for ten minutes at
 * most; its crash kernel is on the network some time after the death, and no service of it is.
 */
static bool is_dumping(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    struct random chance =
        random_new(sim->options.seed, STREAM_DUMPS + ((uint64_t)index << 16) + (host->power << 32));
    bool dumps = random_chance(&chance, 0.5);
    double from = host->died_at + random_between(&chance, 5, 60);
    double until = from + random_between(&chance, 5, 600);
    return !host->alive && host->died_at > 0 && dumps && sim->now >= from && sim->now < until;
}

static bool is_reached(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return (!host->deaf && !host->mute) || (index % 2 == 0 && !host->isolated);
}

/*
 * Half of the hosts have another address that the controller reaches where it has lost the first.
 * A host that stands still answers nothing, nor does one without a network. libvirtd is not asked.
 */
static bool is_seen(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return host->alive && !host->cut && !host_is_frozen(sim, index) && is_reached(sim, index);
}

static void look(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct sim_host *host = &sim->hosts[timer->a];
    bool seen = is_seen(sim, (uint32_t)timer->a);
    bool dumps = !host->cut && is_reached(sim, (uint32_t)timer->a) &&
                 is_dumping(sim, (uint32_t)timer->a);
    host->unseen = !seen && host->alive;
    if (timer->b != sim->session)
        return;
    struct event *event = sim_event(sim, EVENT_PROBED);
    event_set(event, &event->host, host->record.name);
    event_set(event, &event->name, seen ? "answers" : dumps ? "refuses" : "silent");
    event_set(event, &event->text, seen ? "something of it answers" : "nothing of it answers");
    sim_post(sim, event, 0.001);
}

void probe_perform(struct sim *sim, const struct effect *effect)
{
    uint32_t host = table_get(&sim->host_index, effect->host);
    sim_after(sim, random_between(&sim->wire, 0.1, 5), look, host, sim->session);
}

/* ------------------------------------------------------------------ devices */

static const struct fence_setting *device_of(const struct sim *sim, const struct errand *errand)
{
    const struct host_setting *hosts = sim->settings->hosts.item;
    const char *name = sim->hosts[errand->host].record.name;
    for (uint32_t i = 0; i < sim->settings->hosts.n; i++)
        if (strcmp(hosts[i].name, name) == 0 && errand->device < hosts[i].fence.n)
            return &((const struct fence_setting *)hosts[i].fence.item)[errand->device];
    return NULL;
}

static void say(struct sim *sim, const struct errand *errand, const char *result, const char *text)
{
    if (errand->session != sim->session)
        return;
    struct event *event = sim_event(sim, EVENT_FENCED);
    event->id = errand->effect;
    event_set(event, &event->host, sim->hosts[errand->host].record.name);
    event_set(event, &event->name, result);
    event_set(event, &event->text, text);
    sim_post(sim, event, 0.001);
}

/* Through the network, so that it helps only where there is one. */
static const char *soften(struct sim *sim, uint32_t index)
{
    if (!is_seen(sim, index))
        return "failed";
    host_restart_daemon(sim, index, 2);
    return "on";
}

static const char *do_action(struct sim *sim, const struct errand *errand)
{
    uint32_t index = errand->host;
    if (strcmp(errand->action, "soft") == 0)
        return soften(sim, index);
    if (strcmp(errand->action, "on") == 0)
        host_switch_on(sim, index);
    else if (strcmp(errand->action, "off") == 0)
        host_switch_off(sim, index);
    else
        return sim->hosts[index].alive ? "on" : "off";
    return errand->action;
}

/* That its word is not true is remembered, until the host is off for once. */
static const char *lie(struct sim *sim, const struct errand *errand)
{
    struct sim_host *host = &sim->hosts[errand->host];
    sim_say(sim, "a device of host %s says off, and does nothing", host->record.name);
    host->lied_about = host->alive;
    return "off";
}

/* Until it is heard, or the device has listened long enough. */
static void hearken(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    bool heard = !sim->hosts[errand->host].cut && is_reached(sim, errand->host) &&
                 is_dumping(sim, errand->host);
    if (!heard && timer->b > 0) {
        sim_after(sim, 1, hearken, errand->id, timer->b - 1);
        return;
    }
    say(sim, errand, heard ? "off" : "failed", heard ? "its crash kernel says so" : "");
    errand_drop(sim, errand);
}

static void work(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    const char *result;
    if (sim_strikes(sim, FAULT_FENCE_FAILS))
        result = random_chance(&sim->chance, 0.5) ? "failed" : "unknown";
    else if (strcmp(errand->action, "off") == 0 && sim_strikes(sim, FAULT_FENCE_LIES))
        result = lie(sim, errand);
    else
        result = do_action(sim, errand);
    say(sim, errand, result, "");
    errand_drop(sim, errand);
}

void fence_perform(struct sim *sim, const struct effect *effect)
{
    struct errand *errand = errand_add(sim, effect);
    static const char *const actions[] = {"off", "on", "status", "soft", "listen", NULL};
    int action = field_choice(actions, effect->name);
    errand->device = (uint32_t)effect->number;
    const struct fence_setting *device = device_of(sim, errand);
    if (action < 0 || !device || sim_strikes(sim, FAULT_FENCE_DEAD)) {
        errand_drop(sim, errand); /* nothing is ever heard of it */
        return;
    }
    errand->action = actions[action];
    if (device->listens) {
        sim_after(sim, 1, hearken, errand->id, (uint64_t)device->timeout_s);
        return;
    }
    double takes_s = random_between(&sim->wire, 1, 8);
    if (sim_strikes(sim, FAULT_FENCE_SLOW)) /* it does it, and later than anybody waits */
        takes_s = device->timeout_s + LATE_S + random_between(&sim->chance, 1, 120);
    sim_after(sim, takes_s, work, errand->id, 0);
}
