/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cold and offline moves ask of hosts: a guest that is to shut down, and definitions that go
 * from one host to another. As with starts, what becomes of it does not depend on who hears of it.
 */
#include "sim/private.h"

#include <string.h>

#define DEAF_SHARE 0.15  /* of guests that do not obey, when they are asked */
#define OBEYS_S 90.0     /* others take up to so long */
#define OWNER_LOW_S 2400 /* when the owner of a VM that drover has shut down looks after it */
#define OWNER_HIGH_S 5400

static void say(struct sim *sim, const struct errand *errand, const char *error, const char *more)
{
    if (errand->session != sim->session)
        return;
    bool unheard = sim_strikes(sim, FAULT_CALL_FAILS);
    for (int i = 0; i == 0 || (i == 1 && sim_strikes(sim, FAULT_DUPLICATE)); i++) {
        struct event *event = sim_event(sim, EVENT_STEP_DONE);
        event->id = errand->move;
        event_set(event, &event->vm, sim->vms[errand->vm].key);
        event_set(event, &event->host, sim_host_name(sim, errand->host));
        event_set(event, &event->name, errand->action);
        event->ok = !error[0] && !unheard;
        event_set(event, &event->text, unheard ? "the connection to the host broke"
                                       : error[0] ? error : more);
        sim_post(sim, event, 0.01 + 0.5 * i);
    }
}

static void end(struct sim *sim, struct errand *errand, const char *error)
{
    say(sim, errand, error, "");
    errand_drop(sim, errand);
}

/* ------------------------------------------------------------------ shutting down */

static void obey(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t vm = (uint32_t)timer->a, host = (uint32_t)timer->b;
    if (guest_executes_at(&sim->vms[vm]) == host && !sim->vms[vm].job)
        guest_end_by_drover(sim, vm, random_between(&sim->cold, OWNER_LOW_S, OWNER_HIGH_S));
}

static void ask_guest(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    uint32_t vm = errand->vm, host = errand->host;
    bool runs = guest_executes_at(&sim->vms[vm]) == host;
    if (!link_works(sim, host)) {
        end(sim, errand, "unable to connect to the host's libvirtd");
    } else {
        if (runs && !random_chance(&sim->cold, DEAF_SHARE))
            sim_after(sim, random_between(&sim->cold, 1, OBEYS_S), obey, vm, host);
        end(sim, errand, "");
    }
}

/* ------------------------------------------------------------------ definitions */

static bool is_defined(const struct sim *sim, uint32_t vm, uint32_t host)
{
    return sim->vms[vm].home == host || sim->hosts[host].left[vm];
}

static void remove_at(struct sim *sim, uint32_t vm, uint32_t host)
{
    sim->hosts[host].left[vm] = 0;
    link_vm(sim, host, vm, "undefined");
}

/* Its own definition is there from now on. */
static void make_home(struct sim *sim, uint32_t vm, uint32_t host)
{
    sim->vms[vm].home = host;
    sim->hosts[host].left[vm] = 0;
    link_vm(sim, host, vm, NULL);
}

static const char *carry(struct sim *sim, const struct errand *errand)
{
    uint32_t vm = errand->vm, here = errand->host, there = errand->other;
    if (guest_process(&sim->vms[vm], here) || sim->vms[vm].starting == here)
        return "it runs there: its definition is not touched";
    if (guest_process(&sim->vms[vm], there))
        return "it runs on the other host";
    sim_say(sim, "the definition of VM %s: %s, host %s, host %s", sim->vms[vm].record.name,
            errand->action, sim_host_name(sim, here), sim_host_name(sim, there));
    if (strcmp(errand->action, "return") == 0) {
        if (!is_defined(sim, vm, here))
            return "";
        make_home(sim, vm, there);
        remove_at(sim, vm, here);
        return "";
    }
    if (!is_defined(sim, vm, here))
        return strcmp(errand->action, "move") == 0 && is_defined(sim, vm, there)
                   ? ""
                   : "it is not defined where it was any more";
    if (strcmp(errand->action, "copy") == 0) {
        if (sim->vms[vm].home != there)
            sim->hosts[there].left[vm] = 1;
        link_vm(sim, there, vm, NULL);
    } else {
        make_home(sim, vm, there);
        remove_at(sim, vm, here);
    }
    return "";
}

static void try_carry(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    if (!link_works(sim, errand->host) || !link_works(sim, errand->other))
        end(sim, errand, "unable to connect to a host's libvirtd");
    else if (sim_strikes(sim, FAULT_START_FAILS))
        end(sim, errand, "XML error: unsupported machine type");
    else
        end(sim, errand, carry(sim, errand));
}

/* ------------------------------------------------------------------ effects */

static struct errand *begin(struct sim *sim, const struct effect *effect, const char *action)
{
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    if (vm == TABLE_NONE)
        return NULL;
    struct errand *errand = errand_add(sim, effect);
    errand->vm = vm;
    errand->action = action;
    return errand;
}

void shutdown_perform(struct sim *sim, const struct effect *effect)
{
    struct errand *errand = begin(sim, effect, "shutdown");
    if (errand)
        sim_after(sim, random_between(&sim->wire, 0.02, 0.3), ask_guest, errand->id, 0);
}

void carry_perform(struct sim *sim, const struct effect *effect)
{
    int what = field_choice(carry_names, effect->name);
    uint32_t to = table_get(&sim->host_index, effect->to);
    struct errand *errand = what < 0 || to == TABLE_NONE ? NULL
                                                         : begin(sim, effect, carry_names[what]);
    if (!errand)
        return;
    errand->other = to;
    sim_after(sim, random_between(&sim->wire, 0.05, 2), try_carry, errand->id, 0);
}
