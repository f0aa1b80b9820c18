/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting and undefining: see errand.h. */
#include "virt/errand.h"

#include "base/memory.h"
#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/host.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_BYTES (1024 * 1024)

/* What the thread works on, and then the note that carries the outcome to the main loop. */
struct errand {
    struct note note;
    struct virt *virt; /* the main loop's; notes of a closed world are not delivered */
    struct outbox *outbox;
    int kind; /* enum effect_kind */
    uint64_t effect, move;
    struct dial dial;
    const char *vm, *host;
    char *xml; /* NULL: none is known */
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

static void reread(struct errand *errand)
{
    struct virt_host *host = virt_host(errand->virt, errand->host);
    if (host && host->connected)
        worker_push(host->worker, job_new(domain_reread, errand->vm));
}

static void deliver_errand(struct note *note)
{
    struct errand *errand = (struct errand *)note;
    reread(errand);
    if (errand->kind != EFFECT_START) {
        if (!errand->ok)
            virt_effect_failed(errand->virt, errand->effect, "%s", errand->text);
        return;
    }
    struct event *event = event_new(EVENT_START_DONE, clock_now());
    event->id = errand->move;
    event->ok = errand->ok;
    event_set(event, &event->vm, errand->vm);
    event_set(event, &event->host, errand->host);
    event_set(event, &event->text, errand->text);
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
    bool ours;
    virDomainPtr domain = define(errand, connection, &ours);
    if (!domain)
        return;
    errand->ok = virDomainGetID(domain) != (unsigned int)-1 || virDomainCreate(domain) == 0;
    if (!errand->ok) {
        fail(errand, "libvirt did not start it");
        if (ours) /* nothing is left behind where it does not run */
            virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM);
    }
    virDomainFree(domain);
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

static void *errand_main(void *data)
{
    struct errand *errand = data;
    struct error error = ERROR_INIT;
    virConnectPtr connection = connect_open(&errand->dial, &error);
    if (!connection)
        snprintf(errand->text, sizeof errand->text, "%s", error.text);
    else if (errand->kind == EFFECT_START)
        start(errand, connection);
    else
        undefine(errand, connection);
    if (connection)
        virConnectClose(connection);
    outbox_put(errand->outbox, &errand->note);
    return NULL;
}

/* ------------------------------------------------------------------ on the main loop */

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
    errand->vm = arena_text(&errand->arena, effect->vm);
    errand->host = arena_text(&errand->arena, effect->host);
    if (host) {
        errand->dial = host_dial(host);
        errand->dial.uri = arena_text(&errand->arena, host->uri);
    }
    return errand;
}

static void run(struct virt *virt, const struct effect *effect, char *xml)
{
    struct virt_host *host = virt_host(virt, effect->host);
    struct errand *errand = errand_new(virt, effect, host);
    errand->xml = xml;
    pthread_attr_t attributes;
    pthread_t thread;
    if (!host) {
        snprintf(errand->text, sizeof errand->text, "no host %s is configured", errand->host);
        outbox_put(errand->outbox, &errand->note);
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_create(&thread, &attributes, errand_main, errand) != 0) {
        snprintf(errand->text, sizeof errand->text, "there is no thread to be had for it");
        outbox_put(errand->outbox, &errand->note);
    }
    pthread_attr_destroy(&attributes);
}

void errand_start(struct virt *virt, const struct effect *effect)
{
    const struct definition_keeper *keeper = &virt->definitions;
    run(virt, effect, keeper->find ? keeper->find(keeper->self, effect->vm) : NULL);
}

void errand_undefine(struct virt *virt, const struct effect *effect)
{
    run(virt, effect, NULL);
}
