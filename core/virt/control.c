/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking after a migration: see control.h. */
#include "virt/control.h"

#include "base/memory.h"
#include "model/effect.h"
#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/host.h"
#include "virt/move.h"
#include "virt/units.h"

#include <libvirt/virterror.h>
#include <math.h>
#include <stdlib.h>

struct look_note {
    struct note note;
    struct worker *worker;
    struct look look;
};

static void deliver_look(struct note *note)
{
    struct look_note *look = (struct look_note *)note;
    if (look->worker->owner)
        moves_looked(look->worker->owner->virt, &look->look);
}

static void free_look(struct note *note)
{
    worker_unref(((struct look_note *)note)->worker);
    free(note);
}

static int set_downtime(virDomainPtr domain, const struct job *job)
{
    double downtime_ms = job->downtime_ms < 1 ? 1 : ceil(job->downtime_ms);
    return virDomainMigrateSetMaxDowntime(domain, (unsigned long long)downtime_ms, 0);
}

static int start_postcopy(virDomainPtr domain, const struct job *job)
{
    (void)job;
    return virDomainMigrateStartPostCopy(domain, 0);
}

/* What does not change any more is soon sent; libvirt lets it run on where the migration ends. */
static int pause_guest(virDomainPtr domain, const struct job *job)
{
    (void)job;
    return virDomainSuspend(domain);
}

static int abort_job(virDomainPtr domain, const struct job *job)
{
    (void)job;
    return virDomainAbortJob(domain);
}

/* libvirt's word for "no limit": the highest that it takes. */
#define UNLIMITED_MIB_S ((unsigned long)(INT64_MAX / (1024 * 1024)))

static unsigned long speed_of(const struct job *job, enum migration_phase phase)
{
    double mib_s = job->bandwidth_mib_s[phase];
    return mib_s > 0 && mib_s < (double)UNLIMITED_MIB_S ? (unsigned long)ceil(mib_s)
                                                        : UNLIMITED_MIB_S;
}

static int set_bandwidth(virDomainPtr domain, const struct job *job)
{
    return virDomainMigrateSetMaxSpeed(domain, speed_of(job, PHASE_PRECOPY), 0);
}

static int set_postcopy_bandwidth(virDomainPtr domain, const struct job *job)
{
    return virDomainMigrateSetMaxSpeed(domain, speed_of(job, PHASE_POSTCOPY),
                                       VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY);
}

static void apply(struct worker *worker, virDomainPtr domain, const struct job *job,
                  struct look *look)
{
    const struct {
        bool wanted;
        const char *what;
        int (*call)(virDomainPtr domain, const struct job *job);
        bool waits; /* until memory is copied: libvirt would still overwrite it, or refuse it */
    } controls[CONTROLS] = {
        [CONTROL_DOWNTIME] = {!isnan(job->downtime_ms), "setting a migration's downtime",
                              set_downtime, false},
        [CONTROL_POSTCOPY] = {job->postcopy, "switching a migration to post-copy",
                              start_postcopy, true},
        [CONTROL_PAUSE] = {job->pause && !job->abort, "pausing a guest that migrates",
                           pause_guest, false},
        [CONTROL_ABORT] = {job->abort, "aborting a migration", abort_job, false},
        [CONTROL_BANDWIDTH] = {!isnan(job->bandwidth_mib_s[PHASE_PRECOPY]),
                               "setting a migration's speed", set_bandwidth, true},
        [CONTROL_POSTCOPY_BANDWIDTH] = {!isnan(job->bandwidth_mib_s[PHASE_POSTCOPY]),
                                        "setting post-copy's speed", set_postcopy_bandwidth, true},
    };
    bool copied = look->progress.memory_total_mib > 0;
    for (int i = 0; i < CONTROLS; i++) {
        if (!controls[i].wanted || (controls[i].waits && !copied))
            continue;
        worker_calls_vm(worker, controls[i].what);
        bool done = controls[i].call(domain, job) == 0;
        look->outcome[i] = done ? CONTROL_DONE : CONTROL_FAILED;
        if (!done)
            connect_error_text(look->error[i], sizeof look->error[i]);
    }
}

static bool is_in_postcopy(virDomainPtr domain)
{
    int state = 0, reason = 0;
    return virDomainGetState(domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
           (reason == VIR_DOMAIN_PAUSED_POSTCOPY || reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED);
}

static void look_at_active(struct worker *worker, virDomainPtr domain, const struct job *job,
                           struct look *look)
{
    virTypedParameterPtr parameters = NULL;
    int n = 0;
    worker_calls_vm(worker, "asking for a migration's progress");
    int kind = domain_job(domain, &parameters, &n);
    if (kind != DOMAIN_JOB_OUTGOING) {
        /* "Only on the source" is no answer for the source: it is being stopped just now. */
        look->place = kind == DOMAIN_JOB_NONE ? CONTROL_HERE : CONTROL_UNKNOWN;
        return;
    }
    look->place = CONTROL_MIGRATING;
    units_progress(parameters, n, &look->progress);
    virTypedParamsFree(parameters, n);
    look->progress.postcopy = is_in_postcopy(domain);
    apply(worker, domain, job, look);
}

void control_run(struct worker *worker, struct job *job)
{
    struct look_note *note = memory_new(sizeof *note);
    note->note.deliver = deliver_look;
    note->note.free = free_look;
    note->worker = worker_ref(worker);
    note->look.move = job->move;
    worker_calls(worker, "looking a VM up");
    virDomainPtr domain = connect_find_vm(worker->connection, job->vm);
    if (domain && virDomainGetID(domain) != (unsigned int)-1)
        look_at_active(worker, domain, job, &note->look);
    else if (domain || virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        note->look.place = CONTROL_AWAY;
    else
        worker_check_connection(worker);
    if (domain)
        virDomainFree(domain);
    outbox_put(worker->outbox, &note->note);
}
