/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a migration: see arrival.h. */
#include "virt/arrival.h"

#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/host.h"
#include "virt/units.h"

#include <libvirt/virterror.h>

/* libvirt keeps the figures of the last job until the next one: looking does not take them away. */
static void read_figures(struct worker *worker, virDomainPtr domain, struct progress *progress)
{
    virTypedParameterPtr parameters = NULL;
    int n = 0, type = VIR_DOMAIN_JOB_NONE, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;
    worker_calls_vm(worker, "asking how a migration ended");
    if (virDomainGetJobStats(domain, &type, &parameters, &n,
                             VIR_DOMAIN_JOB_STATS_COMPLETED |
                                 VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED) < 0)
        return;
    virTypedParamsGetInt(parameters, n, VIR_DOMAIN_JOB_OPERATION, &operation);
    if (type == VIR_DOMAIN_JOB_COMPLETED && (operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN ||
                                             operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT))
        units_progress(parameters, n, progress);
    virTypedParamsFree(parameters, n);
}

/* What is not as it should be, or NULL. A guest that stands still may have done so before. */
static const char *complaint_of(int state)
{
    if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_SHUTDOWN)
        return "it is off there";
    return state == VIR_DOMAIN_CRASHED ? "it has crashed there" : NULL;
}

static void look(struct worker *worker, virDomainPtr domain, struct event *event)
{
    int state = VIR_DOMAIN_NOSTATE, reason = 0;
    worker_calls(worker, "reading a VM's state");
    if (virDomainGetState(domain, &state, &reason, 0) < 0) {
        event_set(event, &event->text, "libvirt there does not say how it is");
        return;
    }
    const char *complaint = complaint_of(state);
    event->ok = !complaint;
    event_set(event, &event->text, complaint ? complaint : "");
    read_figures(worker, domain, &event->progress);
}

static void run_check(struct worker *worker, struct job *job)
{
    worker_calls(worker, "looking a VM up");
    virDomainPtr domain = connect_find_vm(worker->connection, job->vm);
    if (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        worker_check_connection(worker);
        return;
    }
    struct event *event = event_new(EVENT_MIGRATION_CHECKED, clock_now());
    event->id = job->move;
    event_set(event, &event->host, worker->host);
    event_set(event, &event->vm, job->vm);
    if (domain)
        look(worker, domain, event);
    else
        event_set(event, &event->text, "libvirt there does not know it any more");
    if (domain)
        virDomainFree(domain);
    worker_post(worker, event);
}

/* Only what drover had paused, and what stands still for no other reason than that. */
static void run_resume(struct worker *worker, struct job *job)
{
    int state = VIR_DOMAIN_NOSTATE, reason = 0;
    worker_calls(worker, "looking a VM up");
    virDomainPtr domain = connect_find_vm(worker->connection, job->vm);
    if (!domain) {
        worker_check_connection(worker);
        return;
    }
    worker_calls_vm(worker, "resuming a VM");
    bool stands = virDomainGetState(domain, &state, &reason, 0) == 0 &&
                  state == VIR_DOMAIN_PAUSED &&
                  (reason == VIR_DOMAIN_PAUSED_MIGRATION || reason == VIR_DOMAIN_PAUSED_USER ||
                   reason == VIR_DOMAIN_PAUSED_UNKNOWN);
    if (stands && virDomainResume(domain) < 0)
        worker_check_connection(worker);
    virDomainFree(domain);
    struct job *again = job_new(domain_reread, job->vm);
    again->settled = true;
    worker_push(worker, again);
}

static void ask(struct virt *virt, const struct effect *effect,
                void (*run)(struct worker *worker, struct job *job))
{
    struct virt_host *host = virt_host(virt, effect->host);
    if (!host || !host->connected)
        return;
    struct job *job = job_new(run, effect->vm);
    job->move = effect->move;
    worker_push(host->worker, job);
}

void arrival_check(struct virt *virt, const struct effect *effect)
{
    ask(virt, effect, run_check);
}

void arrival_resume(struct virt *virt, const struct effect *effect)
{
    struct virt_host *host = virt_host(virt, effect->host);
    if (!host || !host->connected)
        virt_effect_failed(virt, effect->id, "VM %s could not be resumed: host %s is not connected; "
                           "virsh resume does it", virt_vm_name(virt, effect->vm), effect->host);
    else
        ask(virt, effect, run_resume);
}
