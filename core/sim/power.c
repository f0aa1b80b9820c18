/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts and their libvirt daemons: how they fail and come back. */
#include "sim/private.h"

#include <math.h>

#define LINK_USUAL_MBPS 10000.0
#define MBPS_TO_MIB_S (1e6 / 8 / 1048576)

bool host_is_frozen(const struct sim *sim, uint32_t index)
{
    return sim->now < sim->hosts[index].frozen_until;
}

static bool is_on_network(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return host->alive && !host->cut && !host_is_frozen(sim, index);
}

bool host_works(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return is_on_network(sim, index) && host->daemon && sim->now >= host->hung_until;
}

bool host_answers(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return host_works(sim, index) && !host->deaf && !host->mute;
}

/* Memory flows between two QEMUs; libvirtd is not in the way. */
bool host_sends(const struct sim *sim, uint32_t from, uint32_t to)
{
    return is_on_network(sim, from) && is_on_network(sim, to) && sim->hosts[from].cut_to != to;
}

/* A connection needs both ways: what is not acknowledged is not sent on. */
bool hosts_reach(const struct sim *sim, uint32_t a, uint32_t b)
{
    return host_sends(sim, a, b) && host_sends(sim, b, a);
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
    if (sim->hosts[index].alive || sim->hosts[index].power != timer->b)
        return;
    sim_say(sim, "host %s is back", sim_host_name(sim, index));
    sim->hosts[index].alive = true;
    sim->hosts[index].daemon = true;
    sim->hosts[index].hung_until = sim->hosts[index].frozen_until = 0;
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (sim->vms[v].home == index && sim->vms[v].n_processes == 0 && !sim->vms[v].rests)
            guest_start_after_loss(sim, v, random_between(&sim->chance, 60, 300));
    host_autostarts(sim, index);
}

static void boot_later(struct sim *sim, uint32_t index, double after_s)
{
    sim_after(sim, after_s, boot, index, ++sim->hosts[index].power);
}

static void lose_power(struct sim *sim, uint32_t index)
{
    struct sim_host *host = &sim->hosts[index];
    host->alive = host->lied_about = host->unseen = false;
    jobs_of_host_fail(sim, index, "its host died");
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        struct sim_vm *vm = &sim->vms[v];
        if (!guest_process(vm, index))
            continue;
        guest_remove(sim, vm, index);
        if (vm->n_processes == 0 && vm->home != index) /* started again where it is defined */
            guest_start_after_loss(sim, v, random_between(&sim->chance, 60, 600));
    }
    link_lose(sim, index, "", "", sim->silence_s);
}

void host_die(struct sim *sim, uint32_t index, double for_s)
{
    if (!sim->hosts[index].alive)
        return;
    sim_say(sim, "host %s dies", sim_host_name(sim, index));
    lose_power(sim, index);
    sim->hosts[index].died_at = sim->now;
    boot_later(sim, index, for_s);
}

/* By its device. Where drover does not switch it on again, people do. */
void host_switch_off(struct sim *sim, uint32_t index)
{
    sim_say(sim, "host %s is switched off", sim_host_name(sim, index));
    sim->hosts[index].died_at = 0;
    if (sim->hosts[index].alive) {
        sim->totals.fenced++;
        lose_power(sim, index);
    }
    boot_later(sim, index, random_between(&sim->chance, 1200, 3000));
}

void host_switch_on(struct sim *sim, uint32_t index)
{
    if (!sim->hosts[index].alive)
        boot_later(sim, index, random_between(&sim->chance, 60, 180));
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

static void hear_controller(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct sim_host *host = &sim->hosts[timer->a];
    sim_say(sim, "host %s and the controller reach each other again", host->record.name);
    host->deaf = host->mute = false;
}

/* Other hosts are reached as ever, so that migrations go on. */
void host_lose_controller(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    uint32_t way = random_below(&sim->chance, 3);
    if (!host->alive || host->deaf || host->mute)
        return;
    host->deaf = way != 1;
    host->mute = way != 0;
    sim_say(sim, "host %s and the controller: %s", host->record.name,
            way == 0 ? "nothing gets to the host"
                     : way == 1 ? "nothing gets to the controller" : "nothing gets through");
    link_lose(sim, index, "", "", sim->silence_s);
    sim_after(sim, for_s, hear_controller, index, 0);
}

static void all_hear_controller(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    (void)timer;
    sim_say(sim, "the controller is on the network again");
    for (uint32_t h = 0; h < sim->n_hosts; h++)
        if (sim->hosts[h].isolated)
            sim->hosts[h].isolated = sim->hosts[h].deaf = sim->hosts[h].mute = false;
}

void hosts_lose_controller(struct sim *sim, double for_s)
{
    sim_say(sim, "the controller is cut off the network");
    for (uint32_t h = 0; h < sim->n_hosts; h++) {
        struct sim_host *host = &sim->hosts[h];
        if (host->deaf || host->mute)
            continue; /* it comes back by itself */
        host->isolated = host->deaf = host->mute = true;
        link_lose(sim, h, "", "", sim->silence_s);
    }
    sim_after(sim, for_s, all_hear_controller, 0, 0);
}

static void open_path(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    sim_say(sim, "host %s reaches all others again", sim_host_name(sim, (uint32_t)timer->a));
    sim->hosts[timer->a].cut_to = SIM_NONE;
}

/* One way: to another host, rather to one with which a migration is under way. */
void host_lose_path(struct sim *sim, uint32_t from, double for_s)
{
    uint32_t to = random_below(&sim->chance, sim->n_hosts);
    if (sim->n_jobs > 0 && random_chance(&sim->chance, 0.7)) {
        const struct job *job = sim->jobs[random_below(&sim->chance, sim->n_jobs)];
        bool back = random_chance(&sim->chance, 0.5);
        from = back ? job->to : job->from;
        to = back ? job->from : job->to;
    }
    if (from == to || sim->hosts[from].cut_to != SIM_NONE)
        return;
    sim_say(sim, "nothing gets from host %s to host %s", sim_host_name(sim, from),
            sim_host_name(sim, to));
    sim->hosts[from].cut_to = to;
    sim_after(sim, for_s, open_path, from, 0);
}

/* ------------------------------------------------------------------ standing still */

static void count_losses(struct sim *sim, uint32_t host)
{
    for (uint32_t v = 0; v < sim->n_vms; v++)
        if (guest_process(&sim->vms[v], host))
            guest_count_loss(sim, &sim->vms[v]);
}

static void thaw(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    if (!sim->hosts[index].alive || sim->hosts[index].frozen_until <= 0)
        return; /* it was switched off meanwhile */
    sim->hosts[index].frozen_until = 0;
    sim_say(sim, "host %s goes on", sim_host_name(sim, index));
    count_losses(sim, index);
}

/* Its guests stand still with it, and go on with it as if nothing had been. */
void host_freeze(struct sim *sim, uint32_t index, double for_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!host->alive || host->frozen_until > 0)
        return;
    sim_say(sim, "host %s stands still for %.0f s", host->record.name, for_s);
    host->frozen_until = sim->now + for_s;
    count_losses(sim, index);
    if (for_s >= sim->silence_s)
        link_lose(sim, index, "", "", sim->silence_s);
    sim_after(sim, for_s, thaw, index, 0);
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
