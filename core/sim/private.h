/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside sim/: the state of a made world, and what its files offer each other.
 *
 * Theory of operation. Everything that is to happen is a timer. The truth (hosts, processes, jobs)
 * is changed by timers; what the controller hears of it goes through its connection to each host,
 * as in virt/: an event of libvirt's is a reason to read the VM again, and what is reported is how
 * it is when it is read. What one host says arrives in order; what two hosts say does not.
 *
 * Hosts and VMs are known by their index. Nothing that could be seen depends on an address.
 */
#ifndef DROVER_SIM_PRIVATE_H
#define DROVER_SIM_PRIVATE_H

#include "decide/copy.h"
#include "model/fleet.h"
#include "model/settings.h"
#include "model/trace.h"
#include "sim/random.h"
#include "sim/sim.h"
#include "sim/timers.h"

#define SIM_NONE UINT32_MAX

enum process_mode {
    PROCESS_EXECUTES,
    PROCESS_INCOMING, /* waits for its memory */
    PROCESS_FROZEN,   /* the source's, once the guest was stopped for the switch */
};

struct process {
    uint32_t host;
    enum process_mode mode;
};

enum pattern { PATTERN_CONSTANT, PATTERN_DAILY, PATTERN_BURSTS };

struct sim_vm {
    struct vm record; /* in the world's arena */
    const char *key;
    uint32_t home;    /* the host that has its definition */
    struct process process[2];
    uint32_t n_processes;
    bool broken;      /* its post-copy broke: paused at the destination until somebody helps */
    bool rests;       /* its owner has switched it off: not running is no loss */
    uint64_t job;     /* 0: none */
    uint32_t starting; /* drover has ordered its start there, and that is under way; SIM_NONE */
    enum pattern pattern;
    double cpu_pct, dirty_mib_s, working_set_mib; /* at its usual load */
    bool writes_round; /* one page after the other, not scattered */
    double phase, period_s;
    const struct trace_sample *trace; /* its samples, in order of time; they stand above all */
    uint32_t n_trace;
    double idle_since; /* not executing; NAN: it executes */
    double lost_s, paused_s;
    uint32_t moves;
};

/* Most VMs have nothing to do with a host: that is found out at once. */
static inline bool guest_touches(const struct sim_vm *vm, uint32_t host)
{
    return (vm->n_processes > 0 && vm->process[0].host == host) ||
           (vm->n_processes > 1 && vm->process[1].host == host);
}

struct sim_host {
    struct host record;
    bool alive;        /* powered, its kernel runs */
    double died_at;    /* by itself, while it is dead; 0: it was switched off */
    bool cut;          /* no network, neither to the controller nor to other hosts */
    bool deaf, mute;   /* nothing gets from the controller to it; from it to the controller */
    bool isolated;     /* neither by any other address: it is the controller that is cut off */
    uint64_t power;    /* counts how often it was switched: what was to boot it before is over */
    bool lied_about;   /* a device has said that it is off, and it was not heard since */
    bool unseen;       /* it lives, and the last probe saw nothing of it */
    uint8_t *left;     /* by VM: a definition, though the VM's own is elsewhere */
    uint32_t cut_to;   /* a host to which nothing gets from here; SIM_NONE: none */
    double frozen_until; /* its kernel stands still, with all that runs on it */
    /* its link, while it is shared out */
    double out_left_mib_s, in_left_mib_s;
    uint32_t out_waiting, in_waiting;
    bool daemon;       /* libvirtd runs */
    double hung_until; /* libvirtd does not answer */
    double slow_until; /* answers come late */
    bool file;         /* in maintenance.d */
    bool asked;        /* an operator wanted it empty, last time */
    /* the controller's connection */
    bool connected;
    uint64_t epoch;    /* counts connections: what was on its way in an old one is lost */
    double heard_at;   /* when the last of its events arrives */
    double opened_at;  /* when the news of its connection arrives */
    double open_until; /* lost, and the controller has not noticed so far */
    double pause_s;    /* before the next try to connect */
    const char *told_lost; /* the reason that was told last, or NULL */
    uint8_t *told;     /* by VM: reported in this connection and not gone since */
};

enum job_phase {
    JOB_ASKING,     /* the destination's hook */
    JOB_PREPARING,
    JOB_COPYING,
    JOB_POSTCOPY,
    JOB_SWITCHING,  /* the guest is stopped */
    JOB_FINISHING,  /* it runs at the destination, and the source is being cleared away */
};

struct job {
    uint64_t id;
    uint32_t vm, from, to;
    bool by_drover;
    enum job_phase phase;
    struct copy copy;
    bool postcopy_allowed;
    bool guest_paused;      /* by order; since paused_at */
    bool has_waited;        /* for a destination that did not answer: others have passed it */
    double bandwidth_mib_s[2]; /* its limits, by enum migration_phase; 0: none */
    double rate_mib_s;      /* at which it is carried now */
    double begun;
    double pause_s;         /* of the guest, so far */
    uint32_t throttle_pct;  /* the most */
    double changed_at;      /* of the phase */
    double stalled_since;   /* no byte gets through; NAN: it flows */
    double paused_at;
    double fails_at;        /* a fault; INFINITY: never */
};

/* What virt/ keeps of a move: a call that waits, or a job that is watched. */
struct order {
    uint64_t move, effect;
    uint32_t vm, from, to; /* to may be SIM_NONE */
    uint64_t job;          /* 0: the call has not come so far, or it is watched */
    bool carried;
    bool opened;
    double begun, away_since;
    uint32_t idle;
    struct how how;        /* plain values alone */
    bool abort, postcopy, pause;
    uint64_t abort_effect, postcopy_effect;
    double downtime_ms;    /* wanted; NAN: nothing */
    double bandwidth_mib_s[2]; /* wanted, by enum migration_phase; NAN: nothing */
};

/* A hook's question that is not answered yet. */
struct question {
    uint64_t id;
    uint64_t job;   /* for this migration; 0: for the start of a VM */
    uint64_t start; /* by drover, this errand; 0: by people */
    bool autostart; /* by the host itself */
    uint32_t vm, host; /* where it is asked */
};

/* Where nobody answers in time a migration goes on, and nothing is started: so it is set up. */
enum hook_verdict { HOOK_REFUSES, HOOK_ALLOWS, HOOK_IS_SILENT };

/* What a device or a call that starts a VM is busy with; nothing of it ends with the controller. */
struct errand {
    uint64_t id, effect, move;
    uint64_t session; /* of the controller that hears of its end */
    uint32_t vm, host; /* vm: SIM_NONE for a device */
    bool lied_into;    /* ordered because of a device's lie about the host where the VM runs */
    uint32_t device;
    const char *action; /* off, on, status, soft; of definitions: a carry_names, or shutdown */
    uint32_t other;     /* of a definition: where it goes */
};

struct sim {
    struct sim_options options;
    struct world_listener listener;
    struct arena arena;
    struct random chance, load, wire; /* faults, guests, latencies */
    struct random cold;               /* of those who move VMs by their definitions */
    struct random strikes[FAULTS];    /* when each strikes, whatever happens otherwise */
    struct timers timers;
    struct event *blank; /* with all defaults */
    double now, clock_ahead_s, begun;
    bool controller;      /* somebody listens */
    bool controller_must_die;
    uint64_t session;     /* counts controllers */
    double poll_s, retry_s, call_timeout_s, silence_s;
    struct sim_host *hosts;
    uint32_t n_hosts;
    struct sim_vm *vms;
    uint32_t n_vms;
    struct table host_index, vm_index;
    struct job **jobs; /* that have not ended */
    uint32_t n_jobs, job_room;
    uint64_t last_job, last_question;
    bool stepping;
    struct order *orders;
    uint32_t n_orders, order_room;
    uint64_t *done; /* effects that began orders which have ended, or wait */
    uint32_t n_done, done_room;
    bool looking;
    struct question *questions;
    uint32_t n_questions, question_room;
    struct errand *errands;
    uint32_t n_errands, errand_room;
    uint64_t last_errand;
    const struct settings *settings; /* the controller's */
    struct sim_totals totals;
};

/* sim.c */
void sim_after(struct sim *sim, double seconds, void (*run)(void *self, const struct timer *timer),
               uint64_t a, uint64_t b);
void sim_say(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct event *sim_event(struct sim *sim, enum event_kind kind);
void sim_post(struct sim *sim, struct event *event, double after_s); /* the controller's own news */
bool sim_is_calm(const struct sim *sim);
bool sim_strikes(struct sim *sim, enum fault_kind kind); /* a fault by chance */

/* link.c: the controller's connection to a host */
void link_start(struct sim *sim, uint32_t host);
void link_lose(struct sim *sim, uint32_t host, const char *reason, const char *text,
               double after_s);
bool link_works(const struct sim *sim, uint32_t host);  /* connected, and it answers */
void link_report(struct sim *sim, uint32_t host, double after_s);
void link_vm(struct sim *sim, uint32_t host, uint32_t vm, const char *why); /* libvirt's event */
void link_watch_hang(struct sim *sim, uint32_t host);
double link_latency(struct sim *sim, uint32_t host);
/* Calls still get there, and nobody will hear what became of them. */
bool link_is_one_way(const struct sim *sim, uint32_t host);

/* power.c: hosts and their daemons */
bool host_works(const struct sim *sim, uint32_t host);   /* its daemon does, for other hosts */
bool host_answers(const struct sim *sim, uint32_t host); /* and the controller hears it */
bool host_is_frozen(const struct sim *sim, uint32_t host);
bool host_sends(const struct sim *sim, uint32_t from, uint32_t to);
bool hosts_reach(const struct sim *sim, uint32_t a, uint32_t b); /* both ways */
double host_cpu_pct(const struct sim *sim, uint32_t host, double load); /* by its guests' */
double host_link_mib_s(const struct sim *sim, uint32_t host);
void host_die(struct sim *sim, uint32_t host, double for_s);
void host_switch_off(struct sim *sim, uint32_t host); /* until somebody switches it on */
void host_switch_on(struct sim *sim, uint32_t host);
void host_cut(struct sim *sim, uint32_t host, double for_s);
void host_hang(struct sim *sim, uint32_t host, double for_s);
void host_freeze(struct sim *sim, uint32_t host, double for_s);
void host_lose_controller(struct sim *sim, uint32_t host, double for_s);
void hosts_lose_controller(struct sim *sim, double for_s); /* all of them */
void host_lose_path(struct sim *sim, uint32_t host, double for_s);
void host_restart_daemon(struct sim *sim, uint32_t host, double for_s);

/* guest.c */
void guests_make(struct sim *sim);
double guest_dirty_mib_s(const struct sim *sim, const struct sim_vm *vm);
double guest_wanted_pct(const struct sim *sim, const struct sim_vm *vm); /* CPU, unthrottled */
double guest_cpu_pct(const struct sim *sim, const struct sim_vm *vm);
double guest_used_mib(const struct sim_vm *vm);
struct process *guest_process(struct sim_vm *vm, uint32_t host);
/* A device lied about its host, and no probe sees that. */
bool guest_is_unseen(const struct sim *sim, const struct sim_vm *vm);
uint32_t guest_executes_at(const struct sim_vm *vm); /* SIM_NONE: nowhere */
void guest_put(struct sim *sim, struct sim_vm *vm, uint32_t host, enum process_mode mode);
void guest_remove(struct sim *sim, struct sim_vm *vm, uint32_t host);
void guest_count_loss(struct sim *sim, struct sim_vm *vm); /* after processes changed */
void guest_end(struct sim *sim, uint32_t vm, const char *why); /* shut down from within */
void guest_end_by_drover(struct sim *sim, uint32_t vm, double owner_after_s);
void guest_start_later(struct sim *sim, uint32_t vm, double after_s);
void guest_start_after_loss(struct sim *sim, uint32_t vm, double after_s);
void guest_start_answered(struct sim *sim, uint32_t vm, enum hook_verdict verdict);
/* enum drover_vm_state, GUEST_SILENT or GUEST_GONE: what this host says of it (virt/domain.h). */
#define GUEST_SILENT (-1)
#define GUEST_GONE (-2)
int guest_reported(const struct sim *sim, uint32_t vm, uint32_t host);

/* job.c */
struct job *job_find(const struct sim *sim, uint64_t id);
struct job *job_begin(struct sim *sim, uint32_t vm, uint32_t from, uint32_t to,
                      const struct how *how, bool by_drover);
void job_hook_answered(struct sim *sim, uint64_t id, bool ok);
int job_switch_to_postcopy(struct sim *sim, struct job *job);
int job_cancel(struct sim *sim, struct job *job);
bool job_recover(struct sim *sim, uint32_t vm, uint32_t from, uint32_t to); /* post-copy */
void job_pause_guest(struct sim *sim, struct job *job); /* it changes nothing any more */
void jobs_of_host_fail(struct sim *sim, uint32_t host, const char *why);
void job_fail(struct sim *sim, struct job *job, const char *why);
void job_guest_ended(struct sim *sim, struct job *job);
bool job_uses_link(const struct job *job);

/* share.c */
void jobs_share_links(struct sim *sim); /* sets the rate of each */

/* order.c */
void order_perform(struct sim *sim, const struct effect *effect);
void orders_forget(struct sim *sim);
void order_job_ended(struct sim *sim, uint64_t job, bool ok, const char *text);
void orders_lost_host(struct sim *sim, uint32_t host);

/* fence.c: probes and fence devices, and errands */
struct errand *errand_add(struct sim *sim, const struct effect *effect);
struct errand *errand_find(struct sim *sim, uint64_t id);
void errand_drop(struct sim *sim, struct errand *errand); /* others may move */
void measure_perform(struct sim *sim, const struct effect *effect); /* measure.c */
void probe_perform(struct sim *sim, const struct effect *effect);
void fence_perform(struct sim *sim, const struct effect *effect);

/* start.c: starts by drover's order, and definitions that are left behind */
void start_perform(struct sim *sim, const struct effect *effect);
void start_answered(struct sim *sim, uint64_t errand, enum hook_verdict verdict);
void undefine_perform(struct sim *sim, const struct effect *effect);
void host_autostarts(struct sim *sim, uint32_t host);
void autostart_answered(struct sim *sim, uint32_t vm, uint32_t host, enum hook_verdict verdict);

/* carry.c: guests that are to shut down, and definitions that are taken along */
void shutdown_perform(struct sim *sim, const struct effect *effect);
void carry_perform(struct sim *sim, const struct effect *effect);

/* people.c */
void people_cold(struct sim *sim);
void ask_hook(struct sim *sim, const struct question *question, const char *operation);
void ask_nobody(struct sim *sim); /* what waits for an answer goes on without one */
void people_operator(struct sim *sim);
void people_file(struct sim *sim);
void people_hook(struct sim *sim);
void people_virsh(struct sim *sim);

/* fault.c */
bool fault_is_due(struct sim *sim, enum fault_kind kind); /* counts it; is it left out? */
void faults_begin(struct sim *sim);

#endif
