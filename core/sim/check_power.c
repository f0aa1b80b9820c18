/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that are switched off though nothing is wrong with them: none that is silent, none that has
 * said that a VM runs there, and by the truth none on which one runs.
 */
#include "sim/check.h"

#include <string.h>

static const struct host_status *status_of(const struct run *run, const char *host)
{
    uint32_t n;
    const struct host_status *all = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(all[i].name, host) == 0)
            return &all[i];
    return NULL;
}

/* The first of its devices that switch: those after it may well find it silent. */
static bool is_first(const struct run *run, const char *name, uint32_t device)
{
    const struct host_setting *hosts = run->settings.hosts.item;
    for (uint32_t i = 0; i < run->settings.hosts.n; i++) {
        const struct fence_setting *devices = hosts[i].fence.item;
        uint32_t first = 0;
        while (first < hosts[i].fence.n && (devices[first].soft || devices[first].listens))
            first++;
        if (strcmp(hosts[i].name, name) == 0)
            return device <= first;
    }
    return false;
}

static void check_host(struct run *run, const char *name, uint32_t device)
{
    uint32_t host = sim_find_host(run->sim, name);
    if (!sim_host_heard(run->sim, host) && is_first(run, name, device))
        run_broken(run, "host %s is switched off to save power, and nothing is heard of it", name);
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++) {
        struct sim_truth truth = sim_vm_truth(run->sim, v);
        if (word_of(run, v, host)->claims ||
            (truth.executing > 0 && strcmp(truth.host, name) == 0))
            run_broken(run, "host %s is switched off to save power, and VM %s runs there", name,
                       sim_vm_key(run->sim, v));
    }
}

/* One that is in maintenance, or to be, is no failed one. */
void check_power(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_FENCE || strcmp(effect->name, "off") != 0)
            continue;
        const struct host_status *status = status_of(run, effect->host);
        if (status && (status->state == DROVER_HOST_MAINTENANCE ||
                       status->state == DROVER_HOST_PREPARING_FOR_MAINTENANCE))
            check_host(run, effect->host, (uint32_t)effect->number);
    }
}
