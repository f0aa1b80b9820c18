/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links are shared: by max-min fairness, which is what TCP comes near to. The slowest of all jobs,
 * be it by its own limit or by what its links have for each, gets its rate; what it leaves is for
 * the others. A link that carries all it can is full, whatever more is asked of it.
 */
#include "sim/private.h"

#include <math.h>

static bool is_carried(const struct sim *sim, const struct job *job)
{
    return job_uses_link(job) && hosts_reach(sim, job->from, job->to);
}

/* What its two links have for it, where each of those that still wait gets the same. */
static double fair(const struct sim *sim, const struct job *job)
{
    const struct sim_host *from = &sim->hosts[job->from], *to = &sim->hosts[job->to];
    return fmin(from->out_left_mib_s / from->out_waiting, to->in_left_mib_s / to->in_waiting);
}

/* In post-copy QEMU has another limit, as a rule none: there the guest waits for pages. */
static double wanted(const struct sim *sim, const struct job *job)
{
    double limit = job->bandwidth_mib_s[job->phase == JOB_POSTCOPY ? PHASE_POSTCOPY : PHASE_PRECOPY];
    double rate = fair(sim, job);
    return limit > 0 ? fmin(rate, limit) : rate;
}

static void give(struct sim *sim, struct job *job, double rate_mib_s)
{
    struct sim_host *from = &sim->hosts[job->from], *to = &sim->hosts[job->to];
    job->rate_mib_s = rate_mib_s;
    from->out_left_mib_s = fmax(0, from->out_left_mib_s - rate_mib_s);
    to->in_left_mib_s = fmax(0, to->in_left_mib_s - rate_mib_s);
    from->out_waiting--;
    to->in_waiting--;
}

/* How many jobs wait for their share; all links are free. */
static uint32_t begin(struct sim *sim)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < sim->n_jobs; i++) {
        struct job *job = sim->jobs[i];
        struct sim_host *from = &sim->hosts[job->from], *to = &sim->hosts[job->to];
        from->out_left_mib_s = host_link_mib_s(sim, job->from);
        to->in_left_mib_s = host_link_mib_s(sim, job->to);
        from->out_waiting = to->in_waiting = 0;
        job->rate_mib_s = -1;
    }
    for (uint32_t i = 0; i < sim->n_jobs; i++) {
        if (!is_carried(sim, sim->jobs[i])) {
            sim->jobs[i]->rate_mib_s = 0;
            continue;
        }
        sim->hosts[sim->jobs[i]->from].out_waiting++;
        sim->hosts[sim->jobs[i]->to].in_waiting++;
        waiting++;
    }
    return waiting;
}

void jobs_share_links(struct sim *sim)
{
    for (uint32_t waiting = begin(sim); waiting > 0; waiting--) {
        struct job *slowest = NULL;
        double least = INFINITY;
        for (uint32_t i = 0; i < sim->n_jobs; i++) {
            struct job *job = sim->jobs[i];
            if (job->rate_mib_s >= 0 || wanted(sim, job) >= least)
                continue;
            slowest = job;
            least = wanted(sim, job);
        }
        if (!slowest)
            return;
        give(sim, slowest, least);
    }
}
