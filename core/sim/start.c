/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts that drover orders, definitions that stay behind on hosts that died, and hosts that start
 * by themselves what they have defined. What a start becomes does not depend on who hears of it:
 * the call may be lost, the controller dead, and the VM runs all the same.
 */
#include "sim/private.h"

#include <math.h>
#include <string.h>

static void say(struct sim *sim, const struct errand *errand, const char *error, double after_s)
{
    if (errand->session != sim->session)
        return;
    for (int i = 0; i == 0 || (i == 1 && sim_strikes(sim, FAULT_DUPLICATE)); i++) {
        struct event *event = sim_event(sim, EVENT_START_DONE);
        event->id = errand->move;
        event_set(event, &event->vm, sim->vms[errand->vm].key);
        event_set(event, &event->host, sim_host_name(sim, errand->host));
        event->ok = !error[0];
        event_set(event, &event->text, error);
        sim_post(sim, event, after_s + 0.5 * i);
    }
}

/* Its definition is here now; that of its former host stays there. */
static void define(struct sim *sim, uint32_t index, uint32_t host)
{
    struct sim_vm *vm = &sim->vms[index];
    if (vm->home != host)
        sim->hosts[vm->home].left[index] = 1;
    sim->hosts[host].left[index] = 0;
    vm->home = host;
}

/*
 * The one case in which a VM may be started while it runs elsewhere: a device said of that host
 * that it is off, and the probes saw nothing of it either. No program can know better; it is the
 * device's fault, and counted as that. Its storage then has two writers, and the guest that nobody
 * sees is the one that goes.
 */
static void end_the_unseen(struct sim *sim, struct sim_vm *vm, uint32_t host)
{
    uint32_t other = guest_executes_at(vm);
    if (other == SIM_NONE || other == host)
        return;
    sim_say(sim, "VM %s runs on host %s, too, of which a device lied", vm->record.name,
            sim->hosts[other].record.name);
    sim->totals.lied_into++;
    guest_remove(sim, vm, other);
}

static void run(struct sim *sim, uint32_t index, uint32_t host)
{
    struct sim_vm *vm = &sim->vms[index];
    if (guest_process(vm, host))
        return;
    if (vm->n_processes > 0) {
        sim_say(sim, "VM %s is started on host %s, while it runs elsewhere", vm->record.name,
                sim_host_name(sim, host));
        sim->totals.executing_twice = vm->key;
        return;
    }
    sim_say(sim, "VM %s is started on host %s", vm->record.name, sim_host_name(sim, host));
    define(sim, index, host);
    vm->rests = false;
    guest_put(sim, vm, host, PROCESS_EXECUTES);
    link_vm(sim, host, index, NULL);
}

/* ------------------------------------------------------------------ by drover's order */

static void end(struct sim *sim, struct errand *errand, const char *error, double after_s)
{
    sim->vms[errand->vm].starting = SIM_NONE;
    say(sim, errand, error, after_s);
    errand_drop(sim, errand);
}

static void come_up(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    uint32_t vm = errand->vm, host = errand->host;
    if (!sim->hosts[host].alive || sim->hosts[host].power != timer->b) {
        sim->hosts[host].left[vm] |= sim->vms[vm].home != host; /* it was defined, and no more */
        end(sim, errand, "the connection to the host broke", sim->silence_s);
    } else if (sim_strikes(sim, FAULT_START_FAILS)) {
        end(sim, errand, "internal error: process exited while connecting to monitor", 0.01);
    } else {
        bool heard = link_works(sim, host) && !sim_strikes(sim, FAULT_CALL_FAILS);
        if (errand->lied_into)
            end_the_unseen(sim, &sim->vms[vm], host);
        run(sim, vm, host);
        end(sim, errand, heard ? "" : "the connection to the host broke",
            heard ? 0.01 : sim->silence_s);
    }
}

/* The destination's hook has asked. */
void start_answered(struct sim *sim, uint64_t id, enum hook_verdict verdict)
{
    struct errand *errand = errand_find(sim, id);
    double takes_s = random_between(&sim->wire, 1, 15);
    if (!errand)
        return;
    if (verdict != HOOK_ALLOWS) {
        end(sim, errand, "Hook script execution failed: refused", 0.01);
        return;
    }
    sim_after(sim, takes_s, come_up, id, sim->hosts[errand->host].power);
    if (sim_strikes(sim, FAULT_DESTINATION_DIES))
        host_die(sim, errand->host, random_between(&sim->chance, 120, 1800));
}

static void call(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct errand *errand = errand_find(sim, timer->a);
    if (!link_works(sim, errand->host))
        end(sim, errand, "unable to connect to the host's libvirtd", 0.01);
    else
        ask_hook(sim, &(struct question){.start = errand->id, .vm = errand->vm,
                                         .host = errand->host}, "start");
}

static bool is_under_way(const struct sim *sim, uint64_t move)
{
    for (uint32_t i = 0; i < sim->n_errands; i++)
        if (sim->errands[i].move == move && sim->errands[i].vm != SIM_NONE)
            return true;
    return false;
}

void start_perform(struct sim *sim, const struct effect *effect)
{
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    if (vm == TABLE_NONE || is_under_way(sim, effect->move))
        return; /* said twice: once is enough */
    struct errand *errand = errand_add(sim, effect);
    errand->vm = vm;
    errand->lied_into = guest_is_unseen(sim, &sim->vms[vm]);
    sim->vms[vm].starting = errand->host;
    sim_after(sim, random_between(&sim->wire, 0.02, 0.3), call, errand->id, 0);
}

/* ------------------------------------------------------------------ what was left behind */

static void remove_definition(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t vm = (uint32_t)timer->a, host = (uint32_t)timer->b;
    if (!link_works(sim, host) || !sim->hosts[host].left[vm] || guest_process(&sim->vms[vm], host))
        return;
    sim_say(sim, "the definition of VM %s is removed from host %s", sim->vms[vm].record.name,
            sim_host_name(sim, host));
    sim->hosts[host].left[vm] = 0;
    link_vm(sim, host, vm, "undefined");
}

void undefine_perform(struct sim *sim, const struct effect *effect)
{
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    uint32_t host = table_get(&sim->host_index, effect->host);
    if (vm != TABLE_NONE)
        sim_after(sim, random_between(&sim->wire, 0.02, 0.5), remove_definition, vm, host);
}

/* ------------------------------------------------------------------ a host that starts its own */

/* Whoever set that up did not ask where the VM runs; the hook does. */
void autostart_answered(struct sim *sim, uint32_t vm, uint32_t host, enum hook_verdict verdict)
{
    bool defined = sim->vms[vm].home == host || sim->hosts[host].left[vm];
    const struct job *job = job_find(sim, sim->vms[vm].job);
    bool comes = job && job->to == host; /* libvirt has it locked for the migration */
    if (verdict != HOOK_ALLOWS || !defined || comes || !host_works(sim, host) ||
        sim->vms[vm].starting == host)
        return;
    if (guest_is_unseen(sim, &sim->vms[vm])) /* whoever allowed it believed the device */
        end_the_unseen(sim, &sim->vms[vm], host);
    run(sim, vm, host);
}

static void autostart(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t vm = (uint32_t)timer->a, host = (uint32_t)timer->b;
    if (host_works(sim, host) && !guest_process(&sim->vms[vm], host))
        ask_hook(sim, &(struct question){.autostart = true, .vm = vm, .host = host}, "start");
}

void host_autostarts(struct sim *sim, uint32_t host)
{
    if (!sim_strikes(sim, FAULT_AUTOSTART))
        return;
    sim_say(sim, "host %s starts what it has defined", sim_host_name(sim, host));
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (!sim->vms[v].rests && (sim->vms[v].home == host || sim->hosts[host].left[v]))
            sim_after(sim, random_between(&sim->chance, 1, 60), autostart, v, host);
}
