/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Migration jobs, peer to peer: from the destination's hook to the last byte. They go on without
 * whoever began them. How links are shared is share.c's.
 */
#include "sim/private.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP_S 0.25
#define STALL_LIMIT_S 30.0 /* libvirtd's own keepalive between the two hosts */
#define DOWNTIME_USUAL_MS 300.0

struct job *job_find(const struct sim *sim, uint64_t id)
{
    for (uint32_t i = 0; id && i < sim->n_jobs; i++)
        if (sim->jobs[i]->id == id)
            return sim->jobs[i];
    return NULL;
}

static void set_phase(struct sim *sim, struct job *job, enum job_phase phase)
{
    job->phase = phase;
    job->changed_at = sim->now;
}

/* ------------------------------------------------------------------ ends */

static void tell_of(const struct sim *sim, const struct job *job, bool ok)
{
    struct sim_move move = {
        .vm = sim->vms[job->vm].record.name, .from = sim_host_name(sim, job->from),
        .to = sim_host_name(sim, job->to), .begun = job->begun, .ended = sim->now,
        .pause_s = job->pause_s, .carried_mib = job->copy.sent_mib,
        .iterations = job->copy.iteration, .throttle_pct = job->throttle_pct,
        .postcopy = job->copy.postcopy, .ok = ok, .by_drover = job->by_drover,
    };
    if (sim->options.tell_move)
        sim->options.tell_move(sim->options.self, &move);
}

/* The job is freed here. */
static void end(struct sim *sim, struct job *job, bool ok, const char *text)
{
    struct sim_vm *vm = &sim->vms[job->vm];
    uint32_t left = 0;
    vm->job = 0;
    for (uint32_t i = 0; i < sim->n_jobs; i++)
        if (sim->jobs[i] != job)
            sim->jobs[left++] = sim->jobs[i];
    sim->n_jobs = left;
    sim->totals.carried_mib += job->copy.sent_mib;
    sim->totals.jobs_ended_well += ok;
    vm->moves += ok;
    tell_of(sim, job, ok);
    order_job_ended(sim, job->id, ok, text);
    free(job);
}

/* The guest goes on where it was. */
void job_fail(struct sim *sim, struct job *job, const char *why)
{
    struct sim_vm *vm = &sim->vms[job->vm];
    uint32_t index = job->vm, from = job->from;
    if (guest_process(vm, job->to))
        guest_remove(sim, vm, job->to);
    struct process *source = guest_process(vm, from);
    if (source)
        guest_put(sim, vm, from, PROCESS_EXECUTES);
    if (job->phase > JOB_ASKING)
        sim_say(sim, "VM %s stays on host %s: %s", vm->record.name, sim_host_name(sim, from), why);
    end(sim, job, false, why);
    if (source)
        link_vm(sim, from, index, NULL);
}

void job_guest_ended(struct sim *sim, struct job *job)
{
    if (guest_process(&sim->vms[job->vm], job->to))
        guest_remove(sim, &sim->vms[job->vm], job->to);
    end(sim, job, false, "domain is not running");
}

/* Half of its memory is here and half there, and they cannot reach each other. */
static void break_postcopy(struct sim *sim, struct job *job)
{
    struct sim_vm *vm = &sim->vms[job->vm];
    uint32_t index = job->vm, to = job->to;
    bool whole = guest_process(vm, job->from) && guest_process(vm, to);
    sim_say(sim, "VM %s: its post-copy to host %s broke", vm->record.name, sim_host_name(sim, to));
    vm->home = to;
    if (whole) {
        vm->broken = true;
        guest_count_loss(sim, vm);
        link_vm(sim, to, index, NULL);
        end(sim, job, false, "post-copy broke");
        return;
    }
    while (vm->n_processes > 0) { /* neither half is of use alone */
        uint32_t host = vm->process[0].host;
        guest_remove(sim, vm, host);
        link_vm(sim, host, index, "crashed");
    }
    end(sim, job, false, "the guest was lost in post-copy");
    guest_start_after_loss(sim, index, random_between(&sim->chance, 60, 600));
}

static void finish(struct sim *sim, struct job *job)
{
    struct sim_vm *vm = &sim->vms[job->vm];
    uint32_t index = job->vm, from = job->from;
    guest_remove(sim, vm, from);
    end(sim, job, true, "");
    link_vm(sim, from, index, "migrated");
}

/* What is left of a job when one of its hosts is gone, or its daemon was restarted. */
static void lose(struct sim *sim, struct job *job, uint32_t host, const char *why)
{
    bool dead = !sim->hosts[host].alive;
    if (job->phase < JOB_POSTCOPY || job->phase == JOB_SWITCHING)
        job_fail(sim, job, why);
    else if (job->phase == JOB_FINISHING)
        finish(sim, job);
    else if (dead) {
        guest_remove(sim, &sim->vms[job->vm], host);
        break_postcopy(sim, job);
    }
}

void jobs_of_host_fail(struct sim *sim, uint32_t host, const char *why)
{
    for (uint32_t i = sim->n_jobs; i-- > 0;) {
        if (i >= sim->n_jobs)
            continue;
        struct job *job = sim->jobs[i];
        if (job->from == host || job->to == host)
            lose(sim, job, host, why);
    }
}

/* ------------------------------------------------------------------ phases */

static void prepare(struct sim *sim, struct job *job)
{
    set_phase(sim, job, JOB_PREPARING);
    guest_put(sim, &sim->vms[job->vm], job->to, PROCESS_INCOMING);
}

static void copy(struct sim *sim, struct job *job)
{
    set_phase(sim, job, JOB_COPYING);
    copy_begin(&job->copy);
    link_vm(sim, job->from, job->vm, NULL);
    if (sim_strikes(sim, FAULT_MIGRATION_FAILS))
        job->fails_at = sim->now + random_between(&sim->chance, 0, 30);
    if (sim_strikes(sim, FAULT_DESTINATION_DIES))
        host_die(sim, job->to, random_between(&sim->chance, 120, 1800)); /* the job ends here */
}

static void switch_over(struct sim *sim, struct job *job)
{
    set_phase(sim, job, JOB_SWITCHING);
    guest_put(sim, &sim->vms[job->vm], job->from, PROCESS_FROZEN);
    job->paused_at = sim->now;
}

static void count_pause(struct sim *sim, struct job *job, double seconds)
{
    job->pause_s += seconds;
    sim->vms[job->vm].paused_s += seconds;
    sim->totals.pause_ms += seconds * 1000;
    sim->totals.longest_pause_ms = fmax(sim->totals.longest_pause_ms, seconds * 1000);
}

static void arrive(struct sim *sim, struct job *job, double pause_s)
{
    struct sim_vm *vm = &sim->vms[job->vm];
    set_phase(sim, job, JOB_FINISHING);
    vm->home = job->to;
    guest_put(sim, vm, job->to, PROCESS_EXECUTES);
    count_pause(sim, job, pause_s);
    link_vm(sim, job->to, job->vm, NULL);
}

static void arrive_later(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct job *job = job_find(sim, timer->a);
    if (!job || job->phase != JOB_SWITCHING)
        return;
    if (host_sends(sim, job->from, job->to)) /* the way back is needed to clear up alone */
        arrive(sim, job, sim->now - job->paused_at);
    else
        job_fail(sim, job, "the connection to the destination broke");
}

int job_switch_to_postcopy(struct sim *sim, struct job *job)
{
    if (job->phase != JOB_COPYING || !job->postcopy_allowed || job->copy.iteration < 2)
        return -1;
    struct sim_vm *vm = &sim->vms[job->vm];
    copy_switch_to_postcopy(&job->copy);
    guest_put(sim, vm, job->from, PROCESS_FROZEN);
    guest_put(sim, vm, job->to, PROCESS_EXECUTES);
    set_phase(sim, job, JOB_POSTCOPY);
    count_pause(sim, job, COPY_POSTCOPY_PAUSE_S);
    return 0;
}

int job_cancel(struct sim *sim, struct job *job)
{
    if (job->phase > JOB_COPYING)
        return -1;
    job_fail(sim, job, "operation aborted: migration out job: canceled by client");
    return 0;
}

/* Both halves are there, and reach each other: what is missing is sent in no time. */
bool job_recover(struct sim *sim, uint32_t vm, uint32_t from, uint32_t to)
{
    struct sim_vm *guest = &sim->vms[vm];
    if (!guest->broken || !guest_process(guest, from) || !guest_process(guest, to) ||
        !host_works(sim, from) || !host_works(sim, to) || !hosts_reach(sim, from, to))
        return false;
    guest->broken = false;
    guest_remove(sim, guest, from);
    guest_put(sim, guest, to, PROCESS_EXECUTES);
    link_vm(sim, from, vm, "migrated");
    link_vm(sim, to, vm, NULL);
    return true;
}

void job_pause_guest(struct sim *sim, struct job *job)
{
    if (job->phase != JOB_COPYING || job->guest_paused)
        return;
    job->guest_paused = true;
    job->paused_at = sim->now;
}

/* ------------------------------------------------------------------ going on */

bool job_uses_link(const struct job *job)
{
    return job->phase == JOB_COPYING || job->phase == JOB_POSTCOPY;
}

/* For the last pages, sent while the guest stands still, QEMU forgets its limit. */
static double rate_of_switch(const struct sim *sim, const struct job *job)
{
    uint32_t out = 0, in = 0;
    for (uint32_t i = 0; i < sim->n_jobs; i++) {
        out += job_uses_link(sim->jobs[i]) && sim->jobs[i]->from == job->from;
        in += job_uses_link(sim->jobs[i]) && sim->jobs[i]->to == job->to;
    }
    double link = fmin(host_link_mib_s(sim, job->from) / (out ? out : 1),
                       host_link_mib_s(sim, job->to) / (in ? in : 1));
    return fmax(job->rate_mib_s, link);
}

/* True where the job has ended. */
static bool is_stalled(struct sim *sim, struct job *job)
{
    if (hosts_reach(sim, job->from, job->to)) {
        job->stalled_since = NAN;
        return false;
    }
    if (isnan(job->stalled_since))
        job->stalled_since = sim->now;
    if (sim->now - job->stalled_since < STALL_LIMIT_S)
        return true;
    if (job->phase == JOB_POSTCOPY)
        break_postcopy(sim, job);
    else if (job->phase != JOB_FINISHING)
        job_fail(sim, job, "unable to read from the destination: no route to host");
    else
        finish(sim, job);
    return true;
}

static void carry(struct sim *sim, struct job *job)
{
    const struct sim_vm *vm = &sim->vms[job->vm];
    double dirty = job->guest_paused ? 0 : guest_dirty_mib_s(sim, vm);
    bool done = copy_step(&job->copy, STEP_S, job->rate_mib_s, dirty, guest_wanted_pct(sim, vm));
    if (job->copy.throttle_pct > job->throttle_pct)
        job->throttle_pct = job->copy.throttle_pct;
    if (!done)
        return;
    if (job->phase == JOB_POSTCOPY) {
        arrive(sim, job, 0);
        return;
    }
    if (job->guest_paused) {
        count_pause(sim, job, sim->now - job->paused_at);
        job->guest_paused = false;
    }
    double pause_s = copy_pause_s(&job->copy, rate_of_switch(sim, job));
    job->copy.sent_mib += job->copy.remaining_mib;
    switch_over(sim, job);
    sim_after(sim, pause_s, arrive_later, job->id, 0);
}

/* libvirt waits for a destination whose daemon hangs, however long, before it sends anything. */
static bool waits_for_destination(const struct sim *sim, struct job *job)
{
    bool waits = job->phase == JOB_PREPARING && !host_works(sim, job->to);
    job->has_waited |= waits;
    return waits;
}

static void go_on(struct sim *sim, struct job *job)
{
    double in_phase_s = sim->now - job->changed_at;
    bool waits = waits_for_destination(sim, job);
    if (job->phase == JOB_ASKING || is_stalled(sim, job) || waits)
        return;
    if (job->fails_at <= sim->now && job->phase == JOB_COPYING)
        job_fail(sim, job, "internal error: qemu unexpectedly closed the monitor");
    else if (job->phase == JOB_PREPARING && in_phase_s >= 0.5)
        copy(sim, job);
    else if (job_uses_link(job))
        carry(sim, job);
    else if (job->phase == JOB_FINISHING && in_phase_s >= 0.1)
        finish(sim, job);
}

static void step_all(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    (void)timer;
    jobs_share_links(sim);
    for (uint32_t i = sim->n_jobs; i-- > 0;)
        if (i < sim->n_jobs) /* others may have ended with one */
            go_on(sim, sim->jobs[i]);
    sim->stepping = sim->n_jobs > 0;
    if (sim->stepping)
        sim_after(sim, STEP_S, step_all, 0, 0);
}

/* ------------------------------------------------------------------ beginning */

struct job *job_begin(struct sim *sim, uint32_t vm, uint32_t from, uint32_t to,
                      const struct how *how, bool by_drover)
{
    struct job *job = memory_new(sizeof *job);
    struct sim_vm *guest = &sim->vms[vm];
    *job = (struct job){
        .id = ++sim->last_job, .vm = vm, .from = from, .to = to, .by_drover = by_drover,
        .copy = {.total_mib = guest_used_mib(guest), .working_set_mib = guest->working_set_mib,
                 .downtime_ms = how->downtime_ms > 0 ? how->downtime_ms : DOWNTIME_USUAL_MS,
                 .writes_round = guest->writes_round, .auto_converge = how->auto_converge},
        .postcopy_allowed = how->postcopy,
        .bandwidth_mib_s = {ceil(how->bandwidth_mib_s), /* libvirt takes whole ones */
                            ceil(how->postcopy_bandwidth_mib_s)},
        .stalled_since = NAN, .fails_at = INFINITY, .begun = sim->now, .changed_at = sim->now,
    };
    sim->jobs = memory_grow(sim->jobs, &sim->job_room, sim->n_jobs + 1, sizeof *sim->jobs);
    sim->jobs[sim->n_jobs++] = job;
    sim->totals.jobs++;
    guest->job = job->id;
    uint64_t id = job->id;
    ask_hook(sim, &(struct question){.job = id, .vm = vm, .host = to}, "migrate");
    if (!sim->stepping)
        sim_after(sim, STEP_S, step_all, 0, 0);
    sim->stepping = true;
    return job_find(sim, id);
}

void job_hook_answered(struct sim *sim, uint64_t id, bool ok)
{
    struct job *job = job_find(sim, id);
    if (!job || job->phase != JOB_ASKING)
        return;
    if (ok)
        prepare(sim, job);
    else
        job_fail(sim, job, "Hook script execution failed: refused");
}
