/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting, undefining, shutting down, and taking definitions along: see errand.h. */
#include "virt/errand.h"

#include "base/memory.h"
#include "virt/carry.h"
#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/host.h"
#include "virt/thread.h"
#include "virt/units.h"

#include <libvirt/virterror.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURE_LOOKS 50
#define MEASURE_LOOK_US 100000

/* What the thread works on, and then the note that carries the outcome to the main loop. */
struct errand {
    struct note note;
    struct virt *virt; /* the main loop's; notes of a closed world are not delivered */
    struct outbox *outbox;
    int kind; /* enum effect_kind */
    uint64_t effect, move;
    struct dial dial, other; /* other: of `to` */
    const char *vm, *host;
    const char *to; /* NULL: no other host takes part */
    const char *step; /* what EVENT_STEP_DONE is to call it; NULL: it is none */
    enum carry carry;
    bool as_defined; /* a start: by the definition that is there */
    bool autostart;
    char *xml; /* NULL: none is known */
    double seconds;     /* of measuring */
    double dirty_mib_s; /* what that has found */
    bool ok;
    char text[1024];
    struct arena arena;
};

static void free_errand(struct note *note)
{
    struct errand *errand = (struct errand *)note;
    struct outbox *outbox = errand->outbox;
    free(errand->xml);
    arena_free(&errand->arena);
    free(errand);
    outbox_unref(outbox);
}

static void reread(struct errand *errand, const char *name)
{
    struct virt_host *host = name ? virt_host(errand->virt, name) : NULL;
    if (host && host->connected)
        worker_push(host->worker, job_new(domain_reread, errand->vm));
}

static void deliver_measured(struct errand *errand)
{
    struct event *event = event_new(EVENT_MEASURED, clock_now());
    event->ok = errand->ok;
    event->progress.dirty_mib_s = errand->dirty_mib_s;
    event_set(event, &event->vm, errand->vm);
    event_set(event, &event->host, errand->host);
    event_set(event, &event->text, errand->text);
    virt_post(errand->virt, event);
}

static void deliver_errand(struct note *note)
{
    struct errand *errand = (struct errand *)note;
    if (errand->kind == EFFECT_MEASURE) {
        deliver_measured(errand);
        return;
    }
    reread(errand, errand->host);
    reread(errand, errand->to);
    if (errand->kind == EFFECT_UNDEFINE) {
        if (!errand->ok)
            virt_effect_failed(errand->virt, errand->effect, "%s", errand->text);
        return;
    }
    struct event *event =
        event_new(errand->step ? EVENT_STEP_DONE : EVENT_START_DONE, clock_now());
    if (errand->step)
        event_set(event, &event->name, errand->step);
    event->id = errand->move;
    event->ok = errand->ok;
    event_set(event, &event->vm, errand->vm);
    event_set(event, &event->host, errand->host);
    event_set(event, &event->text,
              errand->step && errand->ok ? errand->autostart ? "autostart" : "" : errand->text);
    virt_post(errand->virt, event);
}

/* ------------------------------------------------------------------ on the thread */

static void fail(struct errand *errand, const char *what)
{
    char why[700];
    connect_error_text(why, sizeof why);
    snprintf(errand->text, sizeof errand->text, "%s: %s", what, why);
}

/* Defined there by us, or already: then that is another one's, and stays. */
static virDomainPtr define(struct errand *errand, virConnectPtr connection, bool *ours)
{
    virDomainPtr there = connect_find_vm(connection, errand->vm);
    *ours = !there;
    if (there && (!errand->xml || virDomainGetID(there) != (unsigned int)-1))
        return there;
    if (!errand->xml) {
        snprintf(errand->text, sizeof errand->text,
                 "its definition is not known: drover keeps those of VMs with ha, or of all with "
                 "restarts: {keep_all: yes}, from the first report on");
        return NULL;
    }
    virDomainPtr defined = virDomainDefineXML(connection, errand->xml);
    if (!defined)
        fail(errand, "it could not be defined");
    if (there)
        virDomainFree(there);
    return defined;
}

static void start(struct errand *errand, virConnectPtr connection)
{
    bool ours = false;
    virDomainPtr domain = errand->as_defined ? connect_find_vm(connection, errand->vm)
                                             : define(errand, connection, &ours);
    if (!domain && errand->as_defined)
        fail(errand, "it is not defined there");
    if (!domain)
        return;
    errand->ok = virDomainGetID(domain) != (unsigned int)-1 || virDomainCreate(domain) == 0;
    if (!errand->ok) {
        fail(errand, "libvirt did not start it");
        if (ours) /* nothing is left behind where it does not run */
            virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM);
    } else if (errand->autostart) {
        virDomainSetAutostart(domain, 1);
    }
    virDomainFree(domain);
}

static void shut_down(struct errand *errand, virConnectPtr connection)
{
    errand->ok = carry_shutdown(connection, errand->vm, errand->text, sizeof errand->text) == 0;
}

static void carry(struct errand *errand, virConnectPtr connection)
{
    struct error error = ERROR_INIT;
    virConnectPtr other = connect_open(&errand->other, &error);
    if (!other) {
        snprintf(errand->text, sizeof errand->text, "%s", error.text);
        return;
    }
    errand->ok = carry_definition(connection, other, errand->vm, errand->carry,
                                  &errand->autostart, errand->text, sizeof errand->text) == 0;
    virConnectClose(other);
}

/* NVRAM and managed saves are state of the VM that runs elsewhere: files that it may share. */
static void undefine(struct errand *errand, virConnectPtr connection)
{
    virDomainPtr domain = connect_find_vm(connection, errand->vm);
    if (!domain) {
        errand->ok = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
        if (!errand->ok)
            fail(errand, "the definition left behind could not be looked up");
        return;
    }
    if (virDomainGetID(domain) != (unsigned int)-1)
        snprintf(errand->text, sizeof errand->text,
                 "VM %s runs on host %s: its definition there is not touched", errand->vm,
                 errand->host);
    else if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM) == 0)
        errand->ok = true;
    else
        fail(errand, "the definition left behind could not be removed");
    virDomainFree(domain);
}

/* libvirt takes whole seconds, and gives the figure some time after they are over. */
static bool dirty_rate(virDomainPtr domain, double *dirty_mib_s)
{
    virDomainPtr one[] = {domain, NULL};
    virDomainStatsRecordPtr *records = NULL;
    double status, rate;
    if (virDomainListGetStats(one, VIR_DOMAIN_STATS_DIRTYRATE, &records, 0) < 1)
        return false;
    status = units_number(records[0]->params, records[0]->nparams, "dirtyrate.calc_status");
    rate = units_number(records[0]->params, records[0]->nparams, "dirtyrate.megabytes_per_second");
    virDomainStatsRecordListFree(records);
    *dirty_mib_s = rate;
    return status == VIR_DOMAIN_DIRTYRATE_MEASURED && rate >= 0;
}

/* A guest that migrates, is copied for a backup, ... is left alone. */
static bool has_job(virDomainPtr domain)
{
    virDomainJobInfo job;
    return virDomainGetJobInfo(domain, &job) == 0 && job.type != VIR_DOMAIN_JOB_NONE;
}

/* Only KVM keeps the log of dirty pages: asked for it of a guest without KVM, QEMU crashes. */
static bool is_kvm(virDomainPtr domain)
{
    static const char head[] = "<domain type='kvm'";
    char *xml = virDomainGetXMLDesc(domain, 0);
    bool kvm = xml && strncmp(xml, head, sizeof head - 1) == 0;
    free(xml);
    return kvm;
}

/* True where libvirt began to measure; the figure may still not come. */
static bool measure_by(struct errand *errand, virDomainPtr domain, unsigned mode)
{
    int seconds = (int)fmax(1, fmin(60, errand->seconds));
    if (virDomainStartDirtyRateCalc(domain, seconds, mode) < 0)
        return false;
    g_usleep((gulong)seconds * G_USEC_PER_SEC);
    errand->ok = false;
    for (int i = 0; i < MEASURE_LOOKS && !errand->ok; i++) {
        errand->ok = dirty_rate(domain, &errand->dirty_mib_s);
        if (!errand->ok)
            g_usleep(MEASURE_LOOK_US);
    }
    return true;
}

/*
 * QEMU's log of dirty pages tells all of them, where it can be had (libvirt 8.1, KVM). Else it
 * looks at a sample of pages, in which a guest that writes in one place may go unseen.
 */
static void measure(struct errand *errand, virConnectPtr connection)
{
    virDomainPtr domain = connect_find_vm(connection, errand->vm);
    if (!domain) {
        fail(errand, "it could not be looked up");
        return;
    }
    if (has_job(domain)) {
        snprintf(errand->text, sizeof errand->text, "it is busy with another job");
    } else {
        if (is_kvm(domain))
            measure_by(errand, domain, VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP);
        bool seen = errand->ok && errand->dirty_mib_s > 0;
        if (!seen && !measure_by(errand, domain, VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING) &&
            !errand->ok)
            fail(errand, "libvirt does not measure it");
        else if (!errand->ok)
            snprintf(errand->text, sizeof errand->text, "libvirt gave no figure");
    }
    virDomainFree(domain);
}

static void *errand_main(void *data)
{
    static const struct {
        int kind;
        void (*run)(struct errand *errand, virConnectPtr connection);
    } errands[] = {
        {EFFECT_START, start}, {EFFECT_UNDEFINE, undefine}, {EFFECT_SHUTDOWN, shut_down},
        {EFFECT_CARRY, carry}, {EFFECT_MEASURE, measure},
    };
    struct errand *errand = data;
    struct error error = ERROR_INIT;
    virConnectPtr connection = connect_open(&errand->dial, &error);
    if (!connection)
        snprintf(errand->text, sizeof errand->text, "%s", error.text);
    for (size_t i = 0; connection && i < G_N_ELEMENTS(errands); i++)
        if (errands[i].kind == errand->kind)
            errands[i].run(errand, connection);
    if (connection)
        virConnectClose(connection);
    outbox_put(errand->outbox, &errand->note);
    return NULL;
}

/* ------------------------------------------------------------------ on the main loop */

static struct dial dial_of(struct errand *errand, const struct virt_host *host)
{
    struct dial dial = host_dial(host);
    dial.uri = arena_text(&errand->arena, host->uri);
    return dial;
}

static struct errand *errand_new(struct virt *virt, const struct effect *effect,
                                 const struct virt_host *host)
{
    struct errand *errand = memory_new(sizeof *errand);
    errand->note.deliver = deliver_errand;
    errand->note.free = free_errand;
    errand->virt = virt;
    errand->outbox = outbox_ref(virt->outbox);
    errand->kind = effect->kind;
    errand->effect = effect->id;
    errand->move = effect->move;
    errand->seconds = effect->number;
    errand->vm = arena_text(&errand->arena, effect->vm);
    errand->host = arena_text(&errand->arena, effect->host);
    errand->as_defined = effect->name && strcmp(effect->name, "defined") == 0;
    errand->autostart = effect->kind == EFFECT_START && effect->ok;
    if (host)
        errand->dial = dial_of(errand, host);
    return errand;
}

/* No thread was begun: what it comes to is told all the same. */
static void drop(struct errand *errand, const char *why)
{
    snprintf(errand->text, sizeof errand->text, "%s", why);
    outbox_put(errand->outbox, &errand->note);
}

static void run(struct errand *errand)
{
    if (thread_begin(errand_main, errand) != 0)
        drop(errand, "there is no thread to be had for it");
}

/* NULL: its host is not configured any more, and that was told. */
static struct errand *errand_for(struct virt *virt, const struct effect *effect, const char *step)
{
    struct virt_host *host = virt_host(virt, effect->host);
    struct errand *errand = errand_new(virt, effect, host);
    errand->step = step;
    if (host)
        return errand;
    drop(errand, "its host is not configured");
    return NULL;
}

void errand_start(struct virt *virt, const struct effect *effect)
{
    const struct definition_keeper *keeper = &virt->definitions;
    struct errand *errand = errand_for(virt, effect, NULL);
    if (!errand)
        return;
    if (keeper->find && !errand->as_defined)
        errand->xml = keeper->find(keeper->self, effect->vm);
    run(errand);
}

void errand_measure(struct virt *virt, const struct effect *effect)
{
    struct errand *errand = errand_for(virt, effect, "");
    if (errand)
        run(errand);
}

void errand_undefine(struct virt *virt, const struct effect *effect)
{
    struct errand *errand = errand_for(virt, effect, NULL);
    if (errand)
        run(errand);
}

void errand_shutdown(struct virt *virt, const struct effect *effect)
{
    struct errand *errand = errand_for(virt, effect, "shutdown");
    if (errand)
        run(errand);
}

void errand_carry(struct virt *virt, const struct effect *effect)
{
    int what = effect->name ? field_choice(carry_names, effect->name) : -1;
    struct virt_host *to = virt_host(virt, effect->to ? effect->to : "");
    struct errand *errand = errand_for(virt, effect, what < 0 ? "" : carry_names[what]);
    if (!errand)
        return;
    errand->carry = (enum carry)what;
    if (!to || what < 0 || strcmp(to->name, errand->host) == 0) {
        drop(errand, "its destination is not configured, or is where it is");
        return;
    }
    errand->to = arena_text(&errand->arena, to->name);
    errand->other = dial_of(errand, to);
    run(errand);
}
