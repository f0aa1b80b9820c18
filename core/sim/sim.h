/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made world behind the same interface as virt/ (model/world.h): hosts, guests and libvirt
 * daemons that exist in memory only, with a clock of their own and one seed. The same seed gives
 * the same events. It knows the truth, too: which QEMU process of a VM runs where.
 *
 * Two clocks: the world's own, which only goes on, and the controller's, which events carry and
 * which may jump.
 */
#ifndef DROVER_SIM_SIM_H
#define DROVER_SIM_SIM_H

#include "model/trace.h"
#include "model/world.h"
#include "sim/fault.h"

#include <stdint.h>

struct sim;

/* Fence devices (struct fence_setting) of a made host, by its position. */
struct rows sim_made_devices(uint64_t seed, uint32_t host, struct arena *arena);

/* Something that happened in the world, for the story. */
typedef void sim_tell(void *self, double at, const char *text);

/* A migration that has ended, of whomever. Texts live until the teller returns. */
struct sim_move {
    const char *vm, *from, *to;
    double begun, ended;    /* the world's time */
    double pause_s;         /* in which the guest stood still */
    double carried_mib;
    uint32_t iterations, throttle_pct;
    bool postcopy, ok, by_drover;
};
typedef void sim_tell_move(void *self, const struct sim_move *move);

struct sim_options {
    const struct fleet *fleet; /* as it is at first; copied */
    uint64_t seed;
    uint64_t faults;           /* bits: 1 << enum fault_kind */
    const uint32_t *strikes;   /* where known, only these strike, ascending, the first is 1 */
    uint32_t n_strikes;
    bool strikes_known;
    double faults_until;       /* then there is calm: what is broken heals, nobody asks anything */
    bool steady;               /* guests' load and writing do not change with time */
    const struct trace *trace; /* but for those of which this tells; NULL: none */
    sim_tell *tell;
    sim_tell_move *tell_move;
    void *self;
};

struct sim *sim_new(const struct sim_options *options, const struct world_listener *listener);
void sim_free(struct sim *sim);
struct world sim_world(struct sim *sim);

double sim_now(const struct sim *sim);   /* the world's time */
double sim_clock(const struct sim *sim); /* what the controller's clock shows at that time */

/* When something happens next; and let time pass up to `at`, at most to there. */
double sim_next(const struct sim *sim);
void sim_run_next(struct sim *sim);
void sim_pass(struct sim *sim, double at);

/* The controller's process dies: what was on its way to it is lost. Until it is back, nobody
   listens; migrations go on. */
void sim_controller_dies(struct sim *sim);
void sim_controller_returns(struct sim *sim);
bool sim_wants_controller_dead(struct sim *sim); /* a fault said so; asked once */

/* The hook's question is answered. */
void sim_hook_answered(struct sim *sim, uint64_t id, bool ok);

/* An operator asks; verb as in EVENT_OPERATOR_REQUEST. */
void sim_ask(struct sim *sim, const char *verb, const char *host, const char *vm, const char *to);

/* The same at a time to come. The text must live as long. */
void sim_ask_at(struct sim *sim, double at, const char *verb, const char *host);

/* Files in maintenance.d, for a controller that has just started. */
void sim_tell_files(struct sim *sim);

/* ------------------------------------------------------------------ the truth */

enum sim_place { SIM_OFF, SIM_RUNS, SIM_MOVES, SIM_BROKEN };

struct sim_truth {
    enum sim_place place;
    const char *host;   /* where the guest executes, or where its definition is */
    uint32_t executing; /* processes whose CPUs run: more than one is the end of its disks */
    bool moving;        /* a migration has not ended in all its parts */
    uint64_t job;       /* its number; 0: none */
    bool by_drover;     /* and it was ordered by drover */
    const char *starting; /* the host on which drover's start of it is under way; NULL: none */
    bool unseen;        /* it executes where a device lied about the host, and no probe sees it */
    bool rests;         /* its owner has switched it off */
    bool copying;       /* pre-copy: it can still be aborted */
    const char *from, *to; /* of that */
    double lost_s, paused_s; /* not executing though it should; of that: pauses of migrations */
    uint32_t moves;          /* of any mover, that ended well */
};

uint32_t sim_n_vms(const struct sim *sim);
const char *sim_vm_key(const struct sim *sim, uint32_t vm);
struct sim_truth sim_vm_truth(const struct sim *sim, uint32_t vm);
uint32_t sim_find_vm(const struct sim *sim, const char *key); /* UINT32_MAX: none */

/* VMs of which a migration is under way, in no order that matters. */
uint32_t sim_n_moving(const struct sim *sim);
uint32_t sim_moving_vm(const struct sim *sim, uint32_t nth);

uint32_t sim_n_hosts(const struct sim *sim);
const char *sim_host_name(const struct sim *sim, uint32_t host);
uint32_t sim_find_host(const struct sim *sim, const char *name); /* UINT32_MAX: none */
bool sim_host_file(const struct sim *sim, uint32_t host); /* it has one in maintenance.d */
bool sim_host_alive(const struct sim *sim, uint32_t host);
bool sim_host_heard(const struct sim *sim, uint32_t host);   /* not known as lost so far */
bool sim_host_answers(const struct sim *sim, uint32_t host); /* a connection to it works */
bool sim_host_prompt(const struct sim *sim, uint32_t host);  /* and nothing comes late over it */

/* What a host would report at this moment to a controller that asks; event_free() it. */
struct event *sim_host_report(struct sim *sim, uint32_t host);
double sim_host_cpu_pct(struct sim *sim, uint32_t host);
double sim_host_memory_pct(struct sim *sim, uint32_t host);

/*
 * Moves of drover's that libvirt works on now, but for those that have waited for a destination
 * that did not answer: they take no place. From and to a host; UINT32_MAX: any.
 */
uint32_t sim_moves_under_way(const struct sim *sim, uint32_t from, uint32_t to);

struct sim_totals {
    uint64_t events;     /* delivered to the controller */
    uint64_t jobs, jobs_ended_well;
    double carried_mib;
    double pause_ms, longest_pause_ms;
    uint64_t struck[FAULTS];
    uint32_t strikes;    /* of all kinds, also those that were left out */
    uint64_t fenced;     /* hosts that ran, and were switched off by a device */
    uint64_t lied_into;  /* VMs that a device's lie has had started while they ran unseen */
    const char *executing_twice; /* a VM that did, ever; NULL: none */
};
const struct sim_totals *sim_totals(const struct sim *sim);

#endif
