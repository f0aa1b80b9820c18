/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When faults have ceased and time has passed: drover's picture is the truth. */
#include "sim/check.h"

#include <math.h>
#include <string.h>

static bool answers(const struct run *run, const char *name)
{
    uint32_t host = sim_find_host(run->sim, name);
    return host != UINT32_MAX && sim_host_answers(run->sim, host);
}

/* A move that is under way right now is left out. */
static void check_vm(struct run *run, uint32_t index)
{
    struct sim_truth truth = sim_vm_truth(run->sim, index);
    const char *key = sim_vm_key(run->sim, index);
    const struct vm *known = fleet_vm(engine_fleet(run->engine), key);
    if (truth.place == SIM_MOVES || truth.place == SIM_BROKEN || !answers(run, truth.host))
        return;
    bool runs = truth.place == SIM_RUNS;
    bool known_to_run = known && known->state != DROVER_VM_DOWN;
    if (runs != known_to_run)
        run_broken(run, "VM %s %s on host %s, and drover thinks that it %s", key,
                   runs ? "runs" : "is off", truth.host,
                   known_to_run ? "runs" : known ? "is off" : "is nowhere");
    else if (runs && strcmp(known->host, truth.host) != 0)
        run_broken(run, "VM %s runs on host %s, and drover thinks that it is on host %s", key,
                   truth.host, known->host);
}

void check_vms_at_rest(struct run *run)
{
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        check_vm(run, v);
    const struct fleet *fleet = engine_fleet(run->engine);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (sim_find_vm(run->sim, vm_key(fleet->vms[i])) == UINT32_MAX)
            run_broken(run, "drover knows a VM %s, which there is not", fleet->vms[i]->name);
}

/* Off, and meant to be: by its policy. */
static bool saves_power(const struct run *run, const struct host_status *status)
{
    const struct host *host = fleet_host(engine_fleet(run->engine), status->name);
    return host && host->power_by_policy && !answers(run, status->name) &&
           (status->state == DROVER_HOST_DOWN || status->state == DROVER_HOST_MAINTENANCE);
}

void check_hosts_at_rest(struct run *run)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (saves_power(run, &status[i]))
            continue;
        if (!answers(run, status[i].name))
            run_broken(run, "host %s is well, and the controller has no connection to it",
                       status[i].name);
        else if (!status[i].maintenance_wanted && status[i].state != DROVER_HOST_UP &&
                 status[i].state != DROVER_HOST_NON_OPERATIONAL) /* virsh asks no filter */
            run_broken(run, "host %s is well, and is %s (%s)", status[i].name,
                       host_state_names[status[i].state], status[i].state_reason);
    }
}
