/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A worker: one connection to one host, and the thread that alone speaks over it. It lives as
 * long as its connection: when that is lost, or a call does not come back, the host lets go of
 * the worker and later gets a new one. A worker that was let go ends by itself as soon as the
 * call that holds it returns, and nothing that it still says is heard.
 *
 * So three things never happen: the main loop waiting for libvirt, one host waiting for
 * another, and news of an old connection being taken for news of the present one.
 */
#ifndef DROVER_VIRT_WORKER_H
#define DROVER_VIRT_WORKER_H

#include "model/event.h"
#include "virt/outbox.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>

struct virt_host;
struct worker;

/* What a worker is asked to do: run() is called on its thread, then the job is freed. */
struct job {
    struct job *next;
    void (*run)(struct worker *worker, struct job *job);
    char *vm;           /* key; NULL: not about one VM */
    const char *detail; /* why it is gone, should it be; a text that lives for ever. NULL: that
                           is not known, so its being gone is left for another job to tell */
    bool settled;       /* the VM is known to have changed: report it even if it looks the same */
    uint64_t move;
    double downtime_ms; /* NAN: leave it */
    bool postcopy;
    bool abort;
    bool pause;
    double bandwidth_mib_s[2]; /* by enum migration_phase; NAN: leave it; 0: no limit */
};

/* How to connect. */
struct dial {
    const char *uri;
    bool keep_all; /* definitions are read of all VMs, not only of those with ha */
    double keepalive_s;
    uint32_t keepalive_count;
};

/* What the last sample saw, to make rates of it. */
struct cpu_clock {
    double at_s;   /* monotonic; 0: never */
    double busy_s;
    double idle_s;
};

#define WORKER_CALLBACKS 8

struct worker {
    atomic_int refs;
    char *host;
    char *uri;
    struct dial dial;
    struct outbox *outbox;
    struct tally *tally;

    pthread_mutex_t lock; /* the queue and quit */
    pthread_cond_t wake;
    struct job *first, **last;
    bool quit;

    /* The call that it is in: read by the watchdog. */
    atomic_llong call_began_us; /* monotonic; 0: in none */
    _Atomic(const char *) call_name;
    atomic_bool call_waits_for_vm;
    atomic_bool report_queued;
    atomic_bool sample_queued;

    /* The thread's own. */
    virConnectPtr connection;
    int domain_callback[WORKER_CALLBACKS];
    int network_callback;
    int pool_callback;
    bool has_close_callback;
    GHashTable *seen; /* UUID -> struct seen, see domain.c */
    uint32_t round;
    struct cpu_clock node_clock;
    double node_load_pct; /* when node_clock was read */
    int n_cpu_figures, n_memory_figures; /* how many the host has; 0: not asked yet */

    /* The main loop's own: NULL once it was let go. */
    struct virt_host *owner;
};

/*
 * How many threads of one host there are, past and present: shared by the host and its
 * workers, and looked at before another one is made.
 */
struct tally {
    atomic_int refs;
    atomic_int alive;
};

struct tally *tally_new(void);
struct tally *tally_ref(struct tally *tally);
void tally_unref(struct tally *tally);

/* Main loop. Starts to connect at once. NULL where no thread can be had. */
struct worker *worker_start(struct virt_host *owner, const char *host, const struct dial *dial,
                            struct outbox *outbox, struct tally *tally);
void worker_let_go(struct worker *worker);

struct worker *worker_ref(struct worker *worker);
void worker_unref(struct worker *worker);

struct job *job_new(void (*run)(struct worker *worker, struct job *job), const char *vm);

/* Any thread. Takes the job over. */
void worker_push(struct worker *worker, struct job *job);

/*
 * For how long it has been in one call, in seconds; *what is set to what the call does.
 * Calls that wait for a VM get the time that libvirt itself may wait for it on top.
 */
double worker_overdue_s(struct worker *worker, double limit_s, const char **what);

/* The thread's: to be said before every call of libvirt, so that the watchdog can name it. */
void worker_calls(struct worker *worker, const char *what);
void worker_calls_vm(struct worker *worker, const char *what); /* may wait for a VM's monitor */

/* Post an event to the listener; lost: the connection is no good any more, for this reason. */
void worker_post(struct worker *worker, struct event *event);
void worker_lost(struct worker *worker, const char *reason, const char *text);

/* Whether the connection broke; then worker_lost was called. Ask it after a failed call. */
bool worker_check_connection(struct worker *worker);

/* Seconds: of the wall clock, for events; and of one that only goes forward. */
double clock_now(void);
double clock_monotonic(void);

#endif
