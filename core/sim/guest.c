/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests: their load, their processes, and what each host says of them. */
#include "sim/private.h"

#include "base/memory.h"
#include "base/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400.0
#define BURST_SHARE 0.15
#define BURST_FACTOR 3.0
/* When people look after a VM of which they think that it comes back by itself. */
#define LATE_LOW_S 1800
#define LATE_HIGH_S 3600
#define USED_SHARE 0.7 /* of a guest's memory, where the file does not say */

/* ------------------------------------------------------------------ making them */

static const char *label(const struct vm *vm, const char *key)
{
    for (uint32_t i = 0; i < vm->labels.n; i++)
        if (strcmp(vm->labels.item[i].key, key) == 0)
            return vm->labels.item[i].value;
    return NULL;
}

/* Where it writes: as its label says, or a share of its memory that chance has drawn. */
static double working_set_mib(const struct sim_vm *vm, double share)
{
    const char *wanted = label(&vm->record, "working_set");
    double mib, used = guest_used_mib(vm);
    return wanted && scalar_memory_mib(wanted, &mib) && mib >= 0 ? fmin(mib, used) : used * share;
}

/* As its label `load` says (constant, daily, bursts), or as chance has it. */
static enum pattern pattern_of(struct sim *sim, const struct vm *record)
{
    static const char *const names[] = {"constant", "daily", "bursts", NULL};
    double chance = random_unit(&sim->load);
    const char *wanted = label(record, "load");
    int named = wanted ? field_choice(names, wanted) : -1;
    if (sim->options.steady)
        return PATTERN_CONSTANT;
    if (named >= 0)
        return (enum pattern)named;
    return chance < 0.6 ? PATTERN_CONSTANT : chance < 0.85 ? PATTERN_DAILY : PATTERN_BURSTS;
}

/* Samples are in order of VMs, by key. */
static void find_trace(struct sim_vm *vm, const struct trace *trace)
{
    uint32_t low = 0, high = trace->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(trace->samples[middle].vm, vm->key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    vm->trace = &trace->samples[low];
    for (; low < trace->n && strcmp(trace->samples[low].vm, vm->key) == 0; low++)
        vm->n_trace++;
}

static void make_guest(struct sim *sim, uint32_t i, const struct vm *record)
{
    struct sim_vm *vm = &sim->vms[i];
    field_copy(vm_fields, &vm->record, record, &sim->arena);
    vm->record.to = NULL;
    vm->key = vm_key(&vm->record);
    uint32_t host = record->host ? table_get(&sim->host_index, record->host) : TABLE_NONE;
    vm->home = host == TABLE_NONE ? 0 : host;
    vm->pattern = pattern_of(sim, record);
    vm->phase = random_unit(&sim->load);
    vm->period_s = vm->pattern == PATTERN_DAILY ? DAY_S : random_between(&sim->load, 900, 3600);
    vm->cpu_pct = isnan(record->cpu_usage_pct) ? random_between(&sim->load, 2, 40)
                                               : record->cpu_usage_pct;
    double writes = random_between(&sim->load, 0.1, 1.0) * vm->cpu_pct * record->vcpus;
    vm->dirty_mib_s = record->dirty_mib_s > 0 ? record->dirty_mib_s : writes;
    const char *how = label(record, "writes");
    vm->writes_round = how && strcmp(how, "round") == 0;
    vm->working_set_mib = working_set_mib(vm, random_between(&sim->load, 0.05, 0.3));
    if (sim->options.trace)
        find_trace(vm, sim->options.trace);
    vm->idle_since = sim->now;
    vm->starting = SIM_NONE;
    vm->rests = record->state == DROVER_VM_DOWN;
    if (!vm->rests)
        guest_put(sim, vm, vm->home, PROCESS_EXECUTES);
    table_put(&sim->vm_index, vm->key, i);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(vm_key(*(struct vm *const *)a), vm_key(*(struct vm *const *)b));
}

void guests_make(struct sim *sim)
{
    const struct fleet *fleet = sim->options.fleet;
    struct vm **sorted = memory_array(fleet->n_vms, sizeof *sorted);
    if (fleet->n_vms > 0) {
        memcpy(sorted, fleet->vms, fleet->n_vms * sizeof *sorted);
        qsort(sorted, fleet->n_vms, sizeof *sorted, by_key);
    }
    sim->n_vms = fleet->n_vms;
    sim->vms = memory_array(fleet->n_vms, sizeof *sim->vms);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        make_guest(sim, i, sorted[i]);
    free(sorted);
}

/* ------------------------------------------------------------------ load */

/* 1: as usual. */
static double activity(const struct sim *sim, const struct sim_vm *vm)
{
    double turn = sim->now / vm->period_s + vm->phase;
    turn -= floor(turn);
    if (vm->pattern == PATTERN_DAILY) /* a slow wave: nothing at night, twice as much at noon */
        return fmax(0.1, 1 + sin(2 * 3.14159265358979 * turn));
    if (vm->pattern == PATTERN_BURSTS)
        return turn < BURST_SHARE ? BURST_FACTOR : 0.6;
    return 1;
}

/* What its trace says of now; NULL: it has none. */
static const struct trace_sample *traced(const struct sim *sim, const struct sim_vm *vm)
{
    double at_s = sim->now - sim->begun;
    uint32_t low = 0, high = vm->n_trace; /* the last one that is not later lies before `high` */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (vm->trace[middle].at_s <= at_s)
            low = middle;
        else
            high = middle;
    }
    return vm->n_trace ? &vm->trace[low] : NULL;
}

double guest_dirty_mib_s(const struct sim *sim, const struct sim_vm *vm)
{
    const struct trace_sample *sample = traced(sim, vm);
    if (sample && !isnan(sample->dirty_mib_s))
        return sample->dirty_mib_s;
    return vm->dirty_mib_s * activity(sim, vm);
}

double guest_wanted_pct(const struct sim *sim, const struct sim_vm *vm)
{
    const struct trace_sample *sample = traced(sim, vm);
    return fmin(100, sample ? sample->cpu_pct : vm->cpu_pct * activity(sim, vm));
}

double guest_cpu_pct(const struct sim *sim, const struct sim_vm *vm)
{
    const struct job *job = vm->job ? job_find(sim, vm->job) : NULL;
    double left = job && job->phase == JOB_COPYING ? 100.0 - job->copy.throttle_pct : 100;
    return fmin(left, guest_wanted_pct(sim, vm));
}

double guest_used_mib(const struct sim_vm *vm)
{
    return isnan(vm->record.memory_used_mib) ? vm->record.memory_mib * USED_SHARE
                                             : vm->record.memory_used_mib;
}

/* ------------------------------------------------------------------ processes */

struct process *guest_process(struct sim_vm *vm, uint32_t host)
{
    for (uint32_t i = 0; i < vm->n_processes; i++)
        if (vm->process[i].host == host)
            return &vm->process[i];
    return NULL;
}

uint32_t guest_executes_at(const struct sim_vm *vm)
{
    for (uint32_t i = 0; i < vm->n_processes; i++)
        if (vm->process[i].mode == PROCESS_EXECUTES && !vm->broken)
            return vm->process[i].host;
    return SIM_NONE;
}

bool guest_is_unseen(const struct sim *sim, const struct sim_vm *vm)
{
    uint32_t host = guest_executes_at(vm);
    return host != SIM_NONE && sim->hosts[host].lied_about && sim->hosts[host].unseen;
}

void guest_count_loss(struct sim *sim, struct sim_vm *vm)
{
    uint32_t host = guest_executes_at(vm);
    bool executes = host != SIM_NONE && !host_is_frozen(sim, host);
    if (executes && !isnan(vm->idle_since)) {
        if (!vm->rests)
            vm->lost_s += sim->now - vm->idle_since;
        vm->idle_since = NAN;
        vm->rests = false;
    } else if (!executes && isnan(vm->idle_since)) {
        vm->idle_since = sim->now;
    }
}

void guest_put(struct sim *sim, struct sim_vm *vm, uint32_t host, enum process_mode mode)
{
    struct process *process = guest_process(vm, host);
    if (!process)
        process = &vm->process[vm->n_processes++];
    *process = (struct process){host, mode};
    if (vm->n_processes == 2 && vm->process[0].mode == PROCESS_EXECUTES &&
        vm->process[1].mode == PROCESS_EXECUTES)
        sim->totals.executing_twice = vm->key;
    guest_count_loss(sim, vm);
}

void guest_remove(struct sim *sim, struct sim_vm *vm, uint32_t host)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < vm->n_processes; i++)
        if (vm->process[i].host != host)
            vm->process[left++] = vm->process[i];
    vm->n_processes = left;
    if (left == 0)
        vm->broken = false;
    guest_count_loss(sim, vm);
}

/* ------------------------------------------------------------------ ends and starts */

void guest_end(struct sim *sim, uint32_t index, const char *why)
{
    struct sim_vm *vm = &sim->vms[index];
    uint32_t host = guest_executes_at(vm);
    struct job *job = vm->job ? job_find(sim, vm->job) : NULL;
    if (host == SIM_NONE || host_is_frozen(sim, host) || (job && job->phase >= JOB_POSTCOPY))
        return;
    sim_say(sim, "VM %s on host %s ends: %s", vm->record.name, sim_host_name(sim, host), why);
    vm->rests = strcmp(why, "shutdown") == 0;
    guest_remove(sim, vm, host);
    link_vm(sim, host, index, why);
    if (job)
        job_guest_ended(sim, job);
    double after_s = random_between(&sim->chance, 60, 900);
    if (strcmp(why, "crashed") == 0 || strcmp(why, "failed") == 0)
        guest_start_after_loss(sim, index, after_s);
    else
        guest_start_later(sim, index, after_s);
}

/* As it was asked. Its owner looks after it much later: drover is to have started it by then. */
void guest_end_by_drover(struct sim *sim, uint32_t index, double owner_after_s)
{
    struct sim_vm *vm = &sim->vms[index];
    uint32_t host = guest_executes_at(vm);
    if (host_is_frozen(sim, host))
        return;
    sim_say(sim, "VM %s on host %s shuts down, as it was asked", vm->record.name,
            sim_host_name(sim, host));
    guest_remove(sim, vm, host);
    link_vm(sim, host, index, "shutdown");
    guest_start_later(sim, index, owner_after_s);
}

static void try_start(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    struct sim_vm *vm = &sim->vms[index];
    if (vm->n_processes > 0)
        return;
    if (!host_works(sim, vm->home) || vm->starting != SIM_NONE)
        guest_start_later(sim, index, 60);
    else
        ask_hook(sim, &(struct question){.vm = index, .host = vm->home}, "start");
}

void guest_start_later(struct sim *sim, uint32_t vm, double after_s)
{
    sim_after(sim, after_s, try_start, vm, 0);
}

/* Its host was lost with it. An HA VM is drover's to start; the others are their owners'. */
void guest_start_after_loss(struct sim *sim, uint32_t vm, double after_s)
{
    if (sim->vms[vm].record.ha)
        after_s = random_between(&sim->chance, LATE_LOW_S, LATE_HIGH_S);
    guest_start_later(sim, vm, after_s);
}

void guest_start_answered(struct sim *sim, uint32_t index, enum hook_verdict verdict)
{
    struct sim_vm *vm = &sim->vms[index];
    if (vm->n_processes > 0)
        return;
    if (verdict != HOOK_ALLOWS || !host_works(sim, vm->home) || vm->starting != SIM_NONE) {
        guest_start_later(sim, index, 120);
        return;
    }
    sim_say(sim, "VM %s is started on host %s", vm->record.name, sim_host_name(sim, vm->home));
    guest_put(sim, vm, vm->home, PROCESS_EXECUTES);
    link_vm(sim, vm->home, index, NULL);
}

/* ------------------------------------------------------------------ what hosts say */

/* By the table of virt/domain.h. */
int guest_reported(const struct sim *sim, uint32_t index, uint32_t host)
{
    struct sim_vm *vm = &sim->vms[index];
    const struct process *process = guest_process(vm, host);
    const struct job *job = vm->job ? job_find(sim, vm->job) : NULL;
    if (!process && sim->hosts[host].left[index])
        return DROVER_VM_DOWN;
    if (!process)
        return vm->home == host && vm->n_processes == 0 ? DROVER_VM_DOWN : GUEST_GONE;
    if (vm->broken)
        return process->mode == PROCESS_EXECUTES ? DROVER_VM_PAUSED : GUEST_SILENT;
    if (process->mode == PROCESS_INCOMING)
        return GUEST_SILENT;
    if (job && job->from == host)
        return DROVER_VM_MIGRATING;
    if (job && job->to == host && job->phase == JOB_POSTCOPY)
        return GUEST_SILENT;
    return process->mode == PROCESS_EXECUTES ? DROVER_VM_RUNNING : GUEST_SILENT;
}
