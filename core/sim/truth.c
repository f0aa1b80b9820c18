/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How it really is: for whoever checks. */
#include "sim/private.h"

#include <math.h>

uint32_t sim_n_vms(const struct sim *sim)
{
    return sim->n_vms;
}

const char *sim_vm_key(const struct sim *sim, uint32_t vm)
{
    return sim->vms[vm].key;
}

uint32_t sim_find_vm(const struct sim *sim, const char *key)
{
    return table_get(&sim->vm_index, key);
}

static enum sim_place place_of(const struct sim_vm *vm)
{
    if (vm->broken)
        return SIM_BROKEN;
    if (vm->job)
        return SIM_MOVES;
    return vm->n_processes ? SIM_RUNS : SIM_OFF;
}

struct sim_truth sim_vm_truth(const struct sim *sim, uint32_t index)
{
    const struct sim_vm *vm = &sim->vms[index];
    const struct job *job = vm->job ? job_find(sim, vm->job) : NULL;
    struct sim_truth truth = {
        .place = place_of(vm), .host = sim->hosts[vm->home].record.name, .moving = job != NULL,
        .job = vm->job, .rests = vm->rests, .unseen = guest_is_unseen(sim, vm),
        .starting = vm->starting == SIM_NONE ? NULL : sim->hosts[vm->starting].record.name,
        .lost_s = vm->lost_s, .paused_s = vm->paused_s, .moves = vm->moves,
    };
    if (!isnan(vm->idle_since) && !vm->rests)
        truth.lost_s += sim->now - vm->idle_since;
    for (uint32_t i = 0; i < vm->n_processes; i++) {
        if (vm->process[i].mode != PROCESS_EXECUTES)
            continue;
        truth.executing++;
        truth.host = sim->hosts[vm->process[i].host].record.name;
    }
    if (job) {
        truth.by_drover = job->by_drover;
        truth.copying = job->phase == JOB_COPYING;
        truth.from = sim->hosts[job->from].record.name;
        truth.to = sim->hosts[job->to].record.name;
    }
    return truth;
}

uint32_t sim_n_moving(const struct sim *sim)
{
    return sim->n_jobs;
}

uint32_t sim_moving_vm(const struct sim *sim, uint32_t nth)
{
    return sim->jobs[nth]->vm;
}

uint32_t sim_n_hosts(const struct sim *sim)
{
    return sim->n_hosts;
}

const char *sim_host_name(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].record.name;
}

uint32_t sim_find_host(const struct sim *sim, const char *name)
{
    return table_get(&sim->host_index, name);
}

bool sim_host_file(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].file;
}

bool sim_host_alive(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].alive;
}

/* What is lost counts as heard until the controller notices. */
bool sim_host_heard(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].connected || sim->now < sim->hosts[host].open_until;
}

bool sim_host_answers(const struct sim *sim, uint32_t host)
{
    return link_works(sim, host);
}

bool sim_host_prompt(const struct sim *sim, uint32_t host)
{
    return link_works(sim, host) && sim->now >= sim->hosts[host].slow_until &&
           sim->now >= sim->hosts[host].heard_at;
}

uint32_t sim_moves_under_way(const struct sim *sim, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sim->n_jobs; i++) {
        const struct job *job = sim->jobs[i];
        n += job->by_drover && job->phase != JOB_FINISHING && !job->has_waited &&
             (from == SIM_NONE || job->from == from) && (to == SIM_NONE || job->to == to);
    }
    return n;
}

double host_cpu_pct(const struct sim *sim, uint32_t host, double load)
{
    return fmin(100, 1 + load / sim->hosts[host].record.threads);
}

double sim_host_cpu_pct(struct sim *sim, uint32_t host)
{
    double load = 0;
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (guest_touches(&sim->vms[v], host) && guest_executes_at(&sim->vms[v]) == host)
            load += guest_cpu_pct(sim, &sim->vms[v]) * sim->vms[v].record.vcpus;
    return host_cpu_pct(sim, host, load);
}

double sim_host_memory_pct(struct sim *sim, uint32_t host)
{
    const struct host *record = &sim->hosts[host].record;
    double used = record->memory_reserved_mib;
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (guest_touches(&sim->vms[v], host))
            used += guest_used_mib(&sim->vms[v]) + vm_overhead_mib(&sim->vms[v].record);
    return record->memory_mib > 0 ? fmin(100, 100 * used / record->memory_mib) : 0;
}

const struct sim_totals *sim_totals(const struct sim *sim)
{
    return &sim->totals;
}
