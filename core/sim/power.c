/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts and their libvirt daemons: how they fail and come back. */
#include "sim/private.h"

#include <math.h>

#define LINK_USUAL_MBPS 10000.0
#define MBPS_TO_MIB_S (1e6 / 8 / 1048576)

bool host_answers(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return host->alive && !host->cut && host->daemon && sim->now >= host->hung_until;
}

/* Memory flows between two QEMUs; libvirtd is not in the way. */
bool hosts_reach(const struct sim *sim, uint32_t a, uint32_t b)
{
    return sim->hosts[a].alive && sim->hosts[b].alive && !sim->hosts[a].cut && !sim->hosts[b].cut;
}

double host_link_mib_s(const struct sim *sim, uint32_t index)
{
    double mbps = sim->hosts[index].record.link_mbps;
    return (mbps > 0 ? mbps : LINK_USUAL_MBPS) * MBPS_TO_MIB_S;
}

/* ------------------------------------------------------------------ power */

static void boot(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    sim_say(sim, "host %s is back", sim_host_name(sim, index));
    sim->hosts[index].alive = true;
    sim->hosts[index].daemon = true;
    sim->hosts[index].hung_until = 0;
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (sim->vms[v].home == index && sim->vms[v].n_processes == 0 && !sim->vms[v].rests)
            guest_start_later(sim, v, random_between(&sim->chance, 60, 300));
}

void host_die(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!host->alive)
        return;
    sim_say(sim, "host %s dies", host->record.name);
    host->alive = false;
    jobs_of_host_fail(sim, index, "its host died");
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        struct sim_vm *vm = &sim->vms[v];
        if (!guest_process(vm, index))
            continue;
        guest_remove(sim, vm, index);
        if (vm->n_processes == 0 && vm->home != index) /* started again where it is defined */
            guest_start_later(sim, v, random_between(&sim->chance, 60, 600));
    }
    link_lose(sim, index, "", "", sim->silence_s);
    sim_after(sim, for_s, boot, index, 0);
}

/* ------------------------------------------------------------------ network */

static void join(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    sim_say(sim, "host %s is on the network again", sim_host_name(sim, (uint32_t)timer->a));
    sim->hosts[timer->a].cut = false;
}

void host_cut(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!host->alive || host->cut)
        return;
    sim_say(sim, "host %s is cut off the network", host->record.name);
    host->cut = true;
    link_lose(sim, index, "", "", sim->silence_s);
    sim_after(sim, for_s, join, index, 0);
}

/* ------------------------------------------------------------------ libvirtd */

void host_hang(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!host->alive || !host->daemon || host->hung_until > sim->now)
        return;
    sim_say(sim, "libvirtd on host %s hangs for %.0f s", host->record.name, for_s);
    host->hung_until = sim->now + for_s;
    if (host->connected)
        link_watch_hang(sim, index);
}

static void start_daemon(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    sim->hosts[timer->a].daemon = true;
}

/* Running guests stay; a pre-copy is given up by either side's restart. */
void host_restart_daemon(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!host->alive || !host->daemon)
        return;
    sim_say(sim, "libvirtd on host %s restarts", host->record.name);
    host->daemon = false;
    host->hung_until = 0;
    link_lose(sim, index, "eof", "its libvirt daemon closed the connection", 0);
    jobs_of_host_fail(sim, index, "libvirtd was restarted");
    sim_after(sim, for_s, start_daemon, index, 0);
}
