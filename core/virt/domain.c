/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading VMs: see domain.h. */
#include "virt/domain.h"

#include "base/memory.h"
#include "codec/domain_xml.h"
#include "virt/connect.h"
#include "virt/host.h"
#include "virt/state.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

static int paused_state(int reason, enum domain_job job)
{
    switch (reason) {
    case VIR_DOMAIN_PAUSED_STARTING_UP:
        return DOMAIN_SILENT; /* an event follows when it has started, or not */
    case VIR_DOMAIN_PAUSED_MIGRATION:
    case VIR_DOMAIN_PAUSED_POSTCOPY:
        return job == DOMAIN_JOB_OUTGOING   ? DROVER_VM_MIGRATING
               : job == DOMAIN_JOB_INCOMING ? DOMAIN_SILENT
                                            : DROVER_VM_PAUSED;
    case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
        return job == DOMAIN_JOB_OUTGOING ? DOMAIN_SILENT : DROVER_VM_PAUSED;
    }
    if (job == DOMAIN_JOB_INCOMING)
        return DOMAIN_SILENT;
    return job == DOMAIN_JOB_OUTGOING ? DROVER_VM_MIGRATING : DROVER_VM_PAUSED;
}

static int running_state(int reason, enum domain_job job)
{
    if (reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED)
        return DROVER_VM_PAUSED;
    if (reason == VIR_DOMAIN_RUNNING_POSTCOPY)
        return DOMAIN_SILENT;
    return job == DOMAIN_JOB_OUTGOING ? DROVER_VM_MIGRATING : DROVER_VM_RUNNING;
}

int domain_state(bool active, int state, int reason, enum domain_job job)
{
    if (!active)
        return DROVER_VM_DOWN;
    switch (state) {
    case VIR_DOMAIN_PAUSED:
        return paused_state(reason, job);
    case VIR_DOMAIN_CRASHED: /* kept for somebody to look at: its memory is in use */
    case VIR_DOMAIN_PMSUSPENDED:
        return job == DOMAIN_JOB_OUTGOING ? DROVER_VM_MIGRATING : DROVER_VM_PAUSED;
    case VIR_DOMAIN_SHUTOFF:
        return DROVER_VM_DOWN;
    }
    return running_state(state == VIR_DOMAIN_RUNNING ? reason : 0, job);
}

static bool job_is_outgoing(int type, virTypedParameterPtr parameters, int n)
{
    int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;
    if (type != VIR_DOMAIN_JOB_BOUNDED && type != VIR_DOMAIN_JOB_UNBOUNDED)
        return false;
    virTypedParamsGetInt(parameters, n, VIR_DOMAIN_JOB_OPERATION, &operation);
    return operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
}

/* For an incoming job libvirt says that its statistics are to be had on the source only. */
static int job_from_error(void)
{
    switch (virGetLastErrorCode()) {
    case VIR_ERR_NO_DOMAIN:
        return -1;
    case VIR_ERR_OPERATION_UNSUPPORTED:
        return DOMAIN_JOB_INCOMING;
    case VIR_ERR_NO_SUPPORT: /* a driver that knows no jobs */
        return DOMAIN_JOB_NONE;
    }
    return DOMAIN_JOB_UNKNOWN;
}

int domain_job(virDomainPtr domain, virTypedParameterPtr *parameters, int *n)
{
    virTypedParameterPtr found = NULL;
    int count = 0, type = VIR_DOMAIN_JOB_NONE;
    if (virDomainGetJobStats(domain, &type, &found, &count, 0) < 0)
        return job_from_error();
    bool outgoing = job_is_outgoing(type, found, count);
    if (outgoing && parameters) {
        *parameters = found;
        *n = count;
    } else {
        virTypedParamsFree(found, count);
    }
    return outgoing ? DOMAIN_JOB_OUTGOING : DOMAIN_JOB_NONE;
}

static void remember(struct worker *worker, const char *uuid, int state, int reason, int reported)
{
    struct seen *seen = g_hash_table_lookup(worker->seen, uuid);
    if (!seen) {
        seen = memory_new(sizeof *seen);
        g_hash_table_insert(worker->seen, memory_copy_text(uuid), seen);
    }
    seen->state = state;
    seen->reason = reason;
    seen->reported = reported;
    seen->round = worker->round;
}

/*
 * A VM must not vanish from sight because its XML is odd: then it is known by its name and its
 * size, and nothing moves it by itself.
 */
static void describe_by_size(virDomainPtr domain, struct vm *vm, struct arena *arena,
                             const struct error *error)
{
    virDomainInfo info;
    vm->name = arena_text(arena, virDomainGetName(domain));
    vm->migratable = DROVER_MIGRATABLE_NO;
    if (virDomainGetInfo(domain, &info) == 0) {
        vm->memory_mib = (double)info.maxMem / 1024;
        vm->vcpus = info.nrVirtCpu;
    }
    struct pair *label = arena_new(arena, sizeof *label);
    label->key = "unreadable";
    label->value = arena_text(arena, error->text);
    vm->labels = (struct pairs){.item = label, .n = 1, .known = true};
}

/* ------------------------------------------------------------------ definitions */

struct definition_note {
    struct note note;
    struct worker *worker;
    char *vm, *xml;
};

static void deliver_definition(struct note *note)
{
    struct definition_note *found = (struct definition_note *)note;
    if (!found->worker->owner)
        return;
    const struct definition_keeper *keeper = &found->worker->owner->virt->definitions;
    if (keeper->keep)
        keeper->keep(keeper->self, found->vm, found->worker->host, found->xml);
}

static void free_definition(struct note *note)
{
    struct definition_note *found = (struct definition_note *)note;
    worker_unref(found->worker);
    free(found->vm);
    free(found->xml);
    free(found);
}

/* FNV-1a, never 0: only to see that a text has changed. */
static uint64_t digest(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash ? hash : 1;
}

/*
 * What a restart on another host would need: the definition as it is for the next start, with
 * its secrets. Read again only when the XML has changed, and only where the VM is on: one that is
 * off may have been left behind by a VM that goes on elsewhere, with another definition by now.
 */
static void keep_definition(struct worker *worker, virDomainPtr domain, const struct vm *vm,
                            const char *uuid, const char *xml)
{
    struct seen *seen = g_hash_table_lookup(worker->seen, uuid);
    uint64_t now = digest(xml);
    if ((!vm->ha && !worker->dial.keep_all) || !seen || seen->reported == DROVER_VM_DOWN ||
        seen->kept == now)
        return;
    worker_calls_vm(worker, "reading a VM's definition");
    char *definition =
        virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE);
    if (!definition)
        return; /* at the next report, then */
    seen->kept = now;
    struct definition_note *note = memory_new(sizeof *note);
    note->note.deliver = deliver_definition;
    note->note.free = free_definition;
    note->worker = worker_ref(worker);
    note->vm = memory_copy_text(uuid);
    note->xml = definition;
    outbox_put(worker->outbox, &note->note);
}

/* ------------------------------------------------------------------ the VM */

/* Of those that are brought back elsewhere: libvirt has no event of it, and each asks once more. */
static bool starts_by_itself(struct worker *worker, virDomainPtr domain)
{
    int on = 0;
    worker_calls(worker, "asking for a VM's autostart");
    return virDomainGetAutostart(domain, &on) == 0 && on;
}

/* -1: the VM is gone meanwhile, or there is no answer. */
static int describe(struct worker *worker, virDomainPtr domain, const char *uuid, struct vm *vm,
                    struct arena *arena)
{
    struct error error = ERROR_INIT;
    worker_calls_vm(worker, "reading a VM's XML");
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (!xml && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return -1;
    if (!xml)
        error_set(&error, ERROR_FAILED, "libvirt does not give its XML");
    field_defaults(vm_fields, vm);
    if (!xml || domain_xml_read(xml, strlen(xml), vm, arena, &error) < 0) {
        field_defaults(vm_fields, vm);
        describe_by_size(domain, vm, arena, &error);
    } else {
        keep_definition(worker, domain, vm, uuid, xml);
        vm->autostart = vm->ha && starts_by_itself(worker, domain);
    }
    free(xml);
    return 0;
}

/* What is so now: enum drover_vm_state or DOMAIN_SILENT, or -2: gone, or no answer. */
static int look(struct worker *worker, virDomainPtr domain, const char *uuid)
{
    int state, reason, job = DOMAIN_JOB_NONE;
    bool active = virDomainGetID(domain) != (unsigned int)-1;
    worker_calls(worker, "reading a VM's state");
    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return -2;
    if (state == VIR_DOMAIN_SHUTOFF)
        active = false;
    if (active) {
        worker_calls_vm(worker, "asking for a VM's job");
        job = domain_job(domain, NULL, NULL);
        if (job < 0)
            return -2;
    }
    int reported = domain_state(active, state, reason, job);
    remember(worker, uuid, state, reason, reported);
    return reported;
}

/* Neither half of it can be moved or replaced: nothing but a resumed post-copy helps. */
static bool postcopy_has_failed(const struct worker *worker, const char *uuid)
{
    const struct seen *seen = g_hash_table_lookup(worker->seen, uuid);
    return seen && ((seen->state == VIR_DOMAIN_PAUSED &&
                     seen->reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED) ||
                    (seen->state == VIR_DOMAIN_RUNNING &&
                     seen->reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED));
}

static int add_as(struct worker *worker, virDomainPtr domain, const char *uuid, int state,
                  struct event *event)
{
    struct vm vm;
    struct arena arena = ARENA_INIT;
    int status = describe(worker, domain, uuid, &vm, &arena);
    if (status == 0) {
        vm.uuid = uuid;
        vm.host = worker->host;
        vm.state = state;
        vm.postcopy_failed = postcopy_has_failed(worker, uuid);
        if (vm.postcopy_failed)
            vm.migratable = DROVER_MIGRATABLE_NO;
        event_add_vm(event, &vm);
    }
    arena_free(&arena);
    return status;
}

int domain_add(struct worker *worker, virDomainPtr domain, struct event *event)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) < 0)
        return -1;
    int state = look(worker, domain, uuid);
    if (state == DOMAIN_SILENT)
        return 0;
    return state < 0 ? -1 : add_as(worker, domain, uuid, state, event);
}

static void post_gone(struct worker *worker, const char *uuid, const char *why)
{
    struct event *event = event_new(EVENT_VM_GONE, clock_now());
    event_set(event, &event->host, worker->host);
    event_set(event, &event->vm, uuid);
    event_set(event, &event->name, why);
    worker_post(worker, event);
}

static void post_changed(struct worker *worker, virDomainPtr domain, const char *uuid, int state)
{
    struct event *event = event_new(EVENT_VM_CHANGED, clock_now());
    event_set(event, &event->host, worker->host);
    event_set(event, &event->vm, uuid);
    if (add_as(worker, domain, uuid, state, event) < 0) {
        event_free(event); /* gone meanwhile: the event that says so is on its way */
        return;
    }
    worker_post(worker, event);
}

/* Why a VM that is defined and off is off, by virDomainShutoffReason: where no event told. */
static const char *why_off(const struct seen *seen)
{
    static const char *const names[] = {"shutdown", "shutdown", "destroyed", "crashed", "migrated",
                                        "saved",    "failed",   "destroyed", "failed"};
    bool known = seen->reason >= 0 && (size_t)seen->reason < G_N_ELEMENTS(names);
    return known ? names[seen->reason] : "shutdown";
}

/* False: it is gone meanwhile, or there is no answer; libvirt's error says which. */
static bool reread_found(struct worker *worker, const struct job *job, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) < 0)
        return false;
    const struct seen *before = g_hash_table_lookup(worker->seen, uuid);
    int old = before ? before->reported : DOMAIN_SILENT;
    int state = look(worker, domain, uuid);
    if (state == -2)
        return false;
    if (state == DOMAIN_SILENT || (state == old && !job->settled))
        return true;
    /* What stops is shown as off before libvirt says why, and a report may have seen that. */
    bool stopped = job->detail && strcmp(job->detail, "undefined") != 0;
    if (state == DROVER_VM_DOWN && (stopped || old != DROVER_VM_DOWN))
        post_gone(worker, uuid,
                  job->detail ? job->detail : why_off(g_hash_table_lookup(worker->seen, uuid)));
    post_changed(worker, domain, uuid, state);
    return true;
}

void domain_reread(struct worker *worker, struct job *job)
{
    worker_calls(worker, "looking a VM up");
    virDomainPtr domain = connect_find_vm(worker->connection, job->vm);
    bool there = domain && reread_found(worker, job, domain);
    if (!there && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        worker_check_connection(worker);
    } else if (!there && job->detail) { /* else the event that says why is on its way */
        g_hash_table_remove(worker->seen, job->vm);
        post_gone(worker, job->vm, job->detail);
    }
    if (domain)
        virDomainFree(domain);
}
