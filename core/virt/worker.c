/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread of a connection, its queue and its watchdog's clock: see worker.h. */
#include "virt/worker.h"

#include "base/memory.h"
#include "virt/connect.h"
#include "virt/events.h"
#include "virt/host.h"
#include "virt/report.h"
#include "virt/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* libvirt waits so long for a VM that is busy with something else (VIR_JOB_WAIT_TIME). */
#define VM_WAIT_S 30

double clock_now(void)
{
    return (double)g_get_real_time() / 1e6;
}

double clock_monotonic(void)
{
    return (double)g_get_monotonic_time() / 1e6;
}

struct tally *tally_new(void)
{
    struct tally *tally = memory_new(sizeof *tally);
    atomic_init(&tally->refs, 1);
    return tally;
}

struct tally *tally_ref(struct tally *tally)
{
    atomic_fetch_add(&tally->refs, 1);
    return tally;
}

void tally_unref(struct tally *tally)
{
    if (atomic_fetch_sub(&tally->refs, 1) == 1)
        free(tally);
}

/* ------------------------------------------------------------------ jobs */

struct job *job_new(void (*run)(struct worker *worker, struct job *job), const char *vm)
{
    struct job *job = memory_new(sizeof *job);
    job->run = run;
    job->vm = vm ? memory_copy_text(vm) : NULL;
    job->downtime_ms = NAN;
    return job;
}

static void job_free(struct job *job)
{
    free(job->vm);
    free(job);
}

void worker_push(struct worker *worker, struct job *job)
{
    pthread_mutex_lock(&worker->lock);
    job->next = NULL;
    *worker->last = job;
    worker->last = &job->next;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

/* The next job, or NULL where the worker was let go. */
static struct job *next_job(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->first && !worker->quit)
        pthread_cond_wait(&worker->wake, &worker->lock);
    struct job *job = worker->quit ? NULL : worker->first;
    if (job) {
        worker->first = job->next;
        if (!worker->first)
            worker->last = &worker->first;
    }
    pthread_mutex_unlock(&worker->lock);
    return job;
}

static bool was_let_go(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool quit = worker->quit;
    pthread_mutex_unlock(&worker->lock);
    return quit;
}

/* ------------------------------------------------------------------ watchdog */

static void begin_call(struct worker *worker, const char *what, bool waits_for_vm)
{
    atomic_store(&worker->call_name, what);
    atomic_store(&worker->call_waits_for_vm, waits_for_vm);
    atomic_store(&worker->call_began_us, g_get_monotonic_time());
}

void worker_calls(struct worker *worker, const char *what)
{
    begin_call(worker, what, false);
}

void worker_calls_vm(struct worker *worker, const char *what)
{
    begin_call(worker, what, true);
}

double worker_overdue_s(struct worker *worker, double limit_s, const char **what)
{
    long long began_us = atomic_load(&worker->call_began_us);
    if (!began_us)
        return 0;
    if (atomic_load(&worker->call_waits_for_vm))
        limit_s += VM_WAIT_S;
    *what = atomic_load(&worker->call_name);
    double in_call_s = (double)(g_get_monotonic_time() - began_us) / 1e6;
    return in_call_s > limit_s ? in_call_s : 0;
}

/* ------------------------------------------------------------------ news */

struct news {
    struct note note;
    struct worker *worker;
    struct event *event;
    char *reason; /* with text: the connection was lost */
    char *text;
};

static void deliver_news(struct note *note)
{
    struct news *news = (struct news *)note;
    struct virt_host *owner = news->worker->owner;
    if (!owner)
        return;
    if (news->reason) {
        host_lost(owner, news->reason, news->text);
        return;
    }
    struct event *event = news->event;
    news->event = NULL;
    host_deliver(owner, event);
}

static void free_news(struct note *note)
{
    struct news *news = (struct news *)note;
    worker_unref(news->worker);
    if (news->event)
        event_free(news->event);
    free(news->reason);
    free(news->text);
    free(news);
}

static struct news *news_new(struct worker *worker)
{
    struct news *news = memory_new(sizeof *news);
    news->note.deliver = deliver_news;
    news->note.free = free_news;
    news->worker = worker_ref(worker);
    return news;
}

void worker_post(struct worker *worker, struct event *event)
{
    struct news *news = news_new(worker);
    news->event = event;
    outbox_put(worker->outbox, &news->note);
}

void worker_lost(struct worker *worker, const char *reason, const char *text)
{
    struct news *news = news_new(worker);
    news->reason = memory_copy_text(reason);
    news->text = memory_copy_text(text);
    outbox_put(worker->outbox, &news->note);
}

bool worker_check_connection(struct worker *worker)
{
    char text[512];
    connect_error_text(text, sizeof text);
    if (virConnectIsAlive(worker->connection) == 1)
        return true;
    worker_lost(worker, "error", text);
    return false;
}

/* ------------------------------------------------------------------ the thread */

static bool worker_connect(struct worker *worker)
{
    struct error error = ERROR_INIT;
    worker_calls(worker, "opening the connection");
    worker->connection = connect_open(&worker->dial, &error);
    if (!worker->connection) {
        worker_lost(worker, "connect", error.text);
        return false;
    }
    if (was_let_go(worker))
        return false;
    /* Before anything is listed: what changes in between is then heard twice, and not missed. */
    if (events_register(worker, &error) < 0) {
        worker_lost(worker, "connect", error.text);
        return false;
    }
    struct event *event = event_new(EVENT_HOST_CONNECTED, clock_now());
    event_set(event, &event->host, worker->host);
    worker_post(worker, event);
    return true;
}

static void worker_end(struct worker *worker)
{
    if (worker->connection) {
        events_unregister(worker);
        virConnectClose(worker->connection);
    }
    atomic_fetch_sub(&worker->tally->alive, 1);
    worker_unref(worker);
}

static void *worker_main(void *data)
{
    struct worker *worker = data;
    if (worker_connect(worker))
        report_run(worker, NULL);
    atomic_store(&worker->call_began_us, 0);
    for (struct job *job; (job = next_job(worker));) {
        job->run(worker, job);
        atomic_store(&worker->call_began_us, 0);
        job_free(job);
    }
    worker_end(worker);
    return NULL;
}

struct worker *worker_start(struct virt_host *owner, const char *host, const struct dial *dial,
                            struct outbox *outbox, struct tally *tally)
{
    struct worker *worker = memory_new(sizeof *worker);
    atomic_init(&worker->refs, 2); /* the caller's and the thread's */
    worker->owner = owner;
    worker->host = memory_copy_text(host);
    worker->uri = memory_copy_text(dial->uri);
    worker->dial = *dial;
    worker->dial.uri = worker->uri;
    worker->outbox = outbox_ref(outbox);
    worker->tally = tally_ref(tally);
    worker->last = &worker->first;
    worker->seen = g_hash_table_new_full(g_str_hash, g_str_equal, free, free);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->wake, NULL);
    worker_calls(worker, "opening the connection");
    atomic_fetch_add(&tally->alive, 1);
    if (thread_begin(worker_main, worker) == 0)
        return worker;
    atomic_fetch_sub(&tally->alive, 1);
    atomic_store(&worker->refs, 1); /* there is no thread to have one */
    worker_unref(worker);
    return NULL;
}

void worker_let_go(struct worker *worker)
{
    worker->owner = NULL;
    pthread_mutex_lock(&worker->lock);
    worker->quit = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    worker_unref(worker);
}

struct worker *worker_ref(struct worker *worker)
{
    atomic_fetch_add(&worker->refs, 1);
    return worker;
}

void worker_unref(struct worker *worker)
{
    if (atomic_fetch_sub(&worker->refs, 1) > 1)
        return;
    while (worker->first) {
        struct job *job = worker->first;
        worker->first = job->next;
        job_free(job);
    }
    g_hash_table_unref(worker->seen);
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->wake);
    outbox_unref(worker->outbox);
    tally_unref(worker->tally);
    free(worker->host);
    free(worker->uri);
    free(worker);
}
