/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The faults, and when they strike. */
#include "sim/private.h"

#include <math.h>
#include <string.h>

#define HOUR_S 3600.0
#define STREAM_STRIKES 1000

/* A host of which no trouble is known, while most of the fleet is well; SIM_NONE: none. */
static uint32_t pick_host(struct sim *sim)
{
    uint32_t down = 0, host = random_below(&sim->chance, sim->n_hosts);
    for (uint32_t h = 0; h < sim->n_hosts; h++)
        down += !host_works(sim, h) && !(sim->hosts[h].hung_until > sim->now);
    bool enough = down >= (sim->n_hosts > 3 ? sim->n_hosts / 3 : 1);
    return enough || !host_answers(sim, host) ? SIM_NONE : host;
}

static void strike_host(struct sim *sim, void (*how)(struct sim *, uint32_t, double), double low,
                        double high)
{
    uint32_t host = pick_host(sim);
    double for_s = random_between(&sim->chance, low, high);
    if (host != SIM_NONE)
        how(sim, host, for_s);
}

static void strike_death(struct sim *sim)
{
    strike_host(sim, host_die, 120, 1800);
}

static void strike_cut(struct sim *sim)
{
    strike_host(sim, host_cut, 5, 600);
}

static void strike_freeze(struct sim *sim)
{
    strike_host(sim, host_freeze, 1, 300);
}

static void strike_controller_cut(struct sim *sim)
{
    strike_host(sim, host_lose_controller, 5, 600);
}

static void strike_path_cut(struct sim *sim)
{
    strike_host(sim, host_lose_path, 5, 600);
}

static void strike_hang(struct sim *sim)
{
    strike_host(sim, host_hang, 1, 120);
}

static void strike_restart(struct sim *sim)
{
    strike_host(sim, host_restart_daemon, 0.5, 10);
}

static void slow_down(struct sim *sim, uint32_t host, double for_s)
{
    sim->hosts[host].slow_until = sim->now + for_s;
}

static void strike_late(struct sim *sim)
{
    strike_host(sim, slow_down, 10, 300);
}

/* Rather one that moves: that is where it hurts. */
static void strike_guest(struct sim *sim)
{
    static const char *const ends[] = {"shutdown", "crashed", "destroyed", "failed"};
    if (sim->n_vms == 0)
        return;
    uint32_t vm = sim->n_jobs && random_chance(&sim->chance, 0.7)
                      ? sim->jobs[random_below(&sim->chance, sim->n_jobs)]->vm
                      : random_below(&sim->chance, sim->n_vms);
    guest_end(sim, vm, ends[random_below(&sim->chance, 4)]);
}

/* Rather one with ha: somebody is to notice. */
static void strike_crash(struct sim *sim)
{
    uint32_t vm = random_below(&sim->chance, sim->n_vms);
    for (int i = 0; i < 3 && sim->n_vms > 0 && !sim->vms[vm].record.ha; i++)
        vm = random_below(&sim->chance, sim->n_vms);
    if (sim->n_vms > 0)
        guest_end(sim, vm, "crashed");
}

static void strike_cut_off(struct sim *sim)
{
    hosts_lose_controller(sim, random_between(&sim->chance, 30, 600));
}

static void strike_controller(struct sim *sim)
{
    if (sim->controller)
        sim->controller_must_die = true;
}

static void strike_clock(struct sim *sim)
{
    double seconds = random_between(&sim->chance, -900, 900);
    if (random_chance(&sim->chance, 0.5))
        seconds /= 60;
    sim_say(sim, "the controller's clock jumps by %.1f s", seconds);
    sim->clock_ahead_s += seconds;
}

const struct fault faults[FAULTS + 1] = {
    [FAULT_HOST_DEATH] = {"host-death", "a host loses power for 2 to 30 minutes", 6 * HOUR_S, 0,
                          strike_death},
    [FAULT_HOST_CUT] = {"host-cut", "a host is cut off the network for up to 10 minutes",
                        3 * HOUR_S, 0, strike_cut},
    [FAULT_HOST_FREEZE] = {"host-freeze", "a host stands still for up to 5 minutes, and goes on",
                           4 * HOUR_S, 0, strike_freeze},
    [FAULT_CONTROLLER_CUT] = {"controller-cut", "a host and the controller lose each other, or one "
                                                "way alone", 3 * HOUR_S, 0,
                              strike_controller_cut},
    [FAULT_PATH_CUT] = {"path-cut", "nothing gets from one host to another, or back", 3 * HOUR_S, 0,
                        strike_path_cut},
    [FAULT_LIBVIRT_HANG] = {"libvirt-hang", "a libvirt daemon does not answer for up to 2 minutes",
                            2 * HOUR_S, 0, strike_hang},
    [FAULT_LIBVIRT_RESTART] = {"libvirt-restart", "a libvirt daemon is restarted", 2 * HOUR_S, 0,
                               strike_restart},
    [FAULT_LATE] = {"late", "a host answers late for some minutes", 2 * HOUR_S, 0, strike_late},
    [FAULT_DUPLICATE] = {"duplicate", "an event is told twice", 0, 0.02, NULL},
    [FAULT_LOST] = {"lost", "an event about a VM is not told", 0, 0.05, NULL},
    [FAULT_REORDER] = {"reorder", "an event is overtaken by later ones", 0, 0.02, NULL},
    [FAULT_MIGRATION_FAILS] = {"migration-fails", "a migration fails on its way", 0, 0.1, NULL},
    [FAULT_CALL_FAILS] = {"call-fails", "the call fails, and the migration goes on", 0, 0.05,
                          NULL},
    [FAULT_DESTINATION_DIES] = {"destination-dies", "a destination loses power in mid-copy", 0,
                                0.03, NULL},
    [FAULT_GUEST_ENDS] = {"guest-ends", "a guest shuts down or crashes, rather while it moves",
                          HOUR_S, 0, strike_guest},
    [FAULT_OPERATOR] = {"operator", "an operator asks for contradictory things", HOUR_S / 12,
                        0,
                        people_operator},
    [FAULT_FILES] = {"files", "files appear in maintenance.d, and are removed", 3 * HOUR_S, 0,
                     people_file},
    [FAULT_HOOKS] = {"hooks", "hooks ask whether a VM may start, move or be restored", HOUR_S / 6,
                     0, people_hook},
    [FAULT_VIRSH] = {"virsh", "somebody moves a VM with virsh", HOUR_S, 0, people_virsh},
    [FAULT_CONTROLLER] = {"controller", "the controller is killed between two effects, and "
                                        "started again", 3 * HOUR_S, 0, strike_controller},
    [FAULT_CLOCK] = {"clock", "the controller's clock jumps by up to 15 minutes", 4 * HOUR_S, 0,
                     strike_clock},
    [FAULT_CUT_OFF] = {"cut-off", "the controller is cut off from all hosts for up to 10 minutes",
                       8 * HOUR_S, 0, strike_cut_off},
    [FAULT_GUEST_CRASH] = {"guest-crash", "a guest crashes, rather one with ha", 2 * HOUR_S, 0,
                           strike_crash},
    [FAULT_FENCE_FAILS] = {"fence-fails", "a fence device fails, or does not know", 0, 0.15, NULL},
    [FAULT_FENCE_LIES] = {"fence-lies", "a fence device says off, and does nothing", 0, 0.1,
                          NULL},
    [FAULT_FENCE_SLOW] = {"fence-slow", "a fence device does it when nobody waits any more", 0,
                          0.1, NULL},
    [FAULT_FENCE_DEAD] = {"fence-dead", "nothing is ever heard of a fence device", 0, 0.05, NULL},
    [FAULT_START_FAILS] = {"start-fails", "a VM cannot be started on a host", 0, 0.15, NULL},
    [FAULT_COLD] = {"cold", "somebody asks for cold and offline moves, and judges what has come",
                    HOUR_S / 4, 0, people_cold},
    [FAULT_AUTOSTART] = {"autostart", "a host that comes back starts what it has defined", 0, 0.5,
                         NULL},
};

/* ------------------------------------------------------------------ striking */

bool fault_is_due(struct sim *sim, enum fault_kind kind)
{
    const struct sim_options *options = &sim->options;
    uint32_t number = ++sim->totals.strikes, low = 0, high = options->n_strikes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (options->strikes[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool listed = low < options->n_strikes && options->strikes[low] == number;
    bool due = listed || !options->strikes_known;
    sim->totals.struck[kind] += due;
    return due;
}

static void strike(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    const struct fault *fault = &faults[timer->a];
    if (sim_is_calm(sim))
        return;
    if (fault_is_due(sim, (enum fault_kind)timer->a))
        fault->strike(sim);
    sim_after(sim, random_wait(&sim->strikes[timer->a], fault->mean_s), strike, timer->a, 0);
}

/* People take back what they asked for, so that the fleet can come to rest. */
static void calm_down(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    (void)timer;
    sim_say(sim, "calm: no more faults");
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        struct sim_vm *vm = &sim->vms[v];
        if (!vm->broken)
            continue;
        uint32_t host = vm->home; /* somebody has recovered its post-copy */
        vm->broken = false;
        vm->n_processes = 0;
        guest_put(sim, vm, host, PROCESS_EXECUTES);
        link_vm(sim, host, v, NULL);
    }
}

void faults_begin(struct sim *sim)
{
    for (uint32_t i = 0; i < FAULTS; i++) {
        sim->strikes[i] = random_new(sim->options.seed, STREAM_STRIKES + i);
        if (sim->options.faults >> i & 1 && faults[i].mean_s > 0)
            sim_after(sim, random_wait(&sim->strikes[i], faults[i].mean_s), strike, i, 0);
    }
    if (sim->options.faults)
        sim_after(sim, sim->options.faults_until - sim->now, calm_down, 0, 0);
}

/* ------------------------------------------------------------------ by name */

static int parse_one(const char *name, size_t length, uint64_t *bits, struct error *error)
{
    for (uint32_t i = 0; i < FAULTS; i++) {
        if (strlen(faults[i].name) != length || strncmp(faults[i].name, name, length) != 0)
            continue;
        *bits |= UINT64_C(1) << i;
        return 0;
    }
    char known[1024] = "";
    for (uint32_t i = 0; i < FAULTS; i++) {
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, faults[i].name, sizeof known - strlen(known) - 1);
    }
    return error_set(error, ERROR_USAGE, "no fault \"%.*s\"; expected none, all, or some of: %s",
                     (int)length, name, known);
}

const char *faults_text(uint64_t bits, struct arena *arena)
{
    const char *text = "";
    if (bits == (UINT64_C(1) << FAULTS) - 1)
        return "all";
    for (uint32_t i = 0; i < FAULTS; i++)
        if (bits >> i & 1)
            text = arena_printf(arena, "%s%s%s", text, text[0] ? "," : "", faults[i].name);
    return text[0] ? text : "none";
}

int faults_parse(const char *text, uint64_t *bits, struct error *error)
{
    *bits = 0;
    if (strcmp(text, "none") == 0)
        return 0;
    if (strcmp(text, "all") == 0) {
        *bits = (UINT64_C(1) << FAULTS) - 1;
        return 0;
    }
    for (;;) {
        size_t length = strcspn(text, ",");
        if (parse_one(text, length, bits, error) < 0)
            return -1;
        if (!text[length])
            return 0;
        text += length + 1;
    }
}
