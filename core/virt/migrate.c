/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread of one migration: see migrate.h. */
#include "virt/migrate.h"

#include "base/memory.h"
#include "codec/domain_refit.h"
#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/move.h"
#include "virt/thread.h"
#include "virt/units.h"
#include "virt/words.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FITTED 2

struct attempt {
    atomic_int refs;
    atomic_int stage; /* enum attempt_stage */
    struct virt *virt; /* the main loop's: NULL once it was let go */
    struct outbox *outbox;
    uint64_t move;
    struct dial dial;
    bool resume;          /* of a broken post-copy: see EFFECT_RECOVER */
    struct how how;
    char *fitted[FITTED]; /* XML for its destination; NULL: as it is */
    const char *vm, *name, *from, *to;
    struct arena arena;
};

struct attempt_note {
    struct note note;
    struct attempt *attempt;
    enum attempt_outcome outcome;
    char text[1536];
};

static void attempt_unref(struct attempt *attempt)
{
    if (atomic_fetch_sub(&attempt->refs, 1) > 1)
        return;
    outbox_unref(attempt->outbox);
    for (int i = 0; i < FITTED; i++)
        free(attempt->fitted[i]);
    arena_free(&attempt->arena);
    free(attempt);
}

static void deliver_attempt(struct note *note)
{
    struct attempt_note *ended = (struct attempt_note *)note;
    if (ended->attempt->virt)
        moves_attempted(ended->attempt->virt, ended->attempt->move, ended->outcome, ended->text);
}

static void free_attempt(struct note *note)
{
    attempt_unref(((struct attempt_note *)note)->attempt);
    free(note);
}

struct detour_note {
    struct note note;
    struct attempt *attempt;
    const char *code; /* lives for ever */
    char text[1024];
};

static void deliver_detour(struct note *note)
{
    struct detour_note *detour = (struct detour_note *)note;
    if (detour->attempt->virt)
        moves_detoured(detour->attempt->virt, detour->attempt->move, detour->code,
                       detour->text);
}

static void free_detour(struct note *note)
{
    attempt_unref(((struct detour_note *)note)->attempt);
    free(note);
}

/* "web1 cannot be moved from kvm1 to kvm2: ..." */
static void fail(struct attempt *attempt, struct attempt_note *note, const char *why)
{
    note->outcome = ATTEMPT_FAILED;
    snprintf(note->text, sizeof note->text, "%s could not be moved from %s to %s: %s",
             attempt->name, attempt->from, attempt->to, why);
}

static void fail_by_libvirt(struct attempt *attempt, struct attempt_note *note)
{
    char text[700], whole[1000];
    connect_error_text(text, sizeof text);
    const char *remedy = words_remedy(text);
    snprintf(whole, sizeof whole, "%s%s%s", text, remedy ? "; " : "", remedy ? remedy : "");
    fail(attempt, note, whole);
}

#define RESUMES_SINCE 8005000 /* libvirt 8.5.0 */

static int check_resume(struct attempt *attempt, virDomainPtr domain, struct attempt_note *note)
{
    unsigned long version = 0;
    if (virConnectGetLibVersion(virDomainGetConnect(domain), &version) < 0) {
        fail_by_libvirt(attempt, note);
        return -1;
    }
    if (version >= RESUMES_SINCE)
        return 0;
    fail(attempt, note, "its libvirt is older than 8.5.0, and cannot take a post-copy up again");
    return -1;
}

/* -1 where it cannot begin, with the reason in the note. */
static int check(struct attempt *attempt, virDomainPtr domain, struct attempt_note *note)
{
    static const char *const reasons[] = {
        [DOMAIN_JOB_OUTGOING] = "it is being migrated already",
        [DOMAIN_JOB_INCOMING] = "it is only just arriving there",
        [DOMAIN_JOB_UNKNOWN] = "it is busy with something else",
    };
    if (virDomainGetID(domain) == (unsigned int)-1) {
        fail(attempt, note, "it does not run there");
        return -1;
    }
    if (attempt->resume) /* that is what its job waits for */
        return check_resume(attempt, domain, note);
    int job = domain_job(domain, NULL, NULL);
    if (job < 0) {
        fail_by_libvirt(attempt, note);
        return -1;
    }
    if (job != DOMAIN_JOB_NONE) {
        fail(attempt, note, reasons[job]);
        return -1;
    }
    return 0;
}

/* What is fitted of its XML, and as which parameter it goes to libvirt. */
static const struct {
    unsigned kind;
    const char *parameter;
} fitted_xml[FITTED] = {
    {0, VIR_MIGRATE_PARAM_DEST_XML},
    {VIR_DOMAIN_XML_INACTIVE, VIR_MIGRATE_PARAM_PERSIST_XML}, /* of persistent ones alone */
};

/* NULL where there is nothing to fit; -1 where that cannot be found out, with the error set. */
static int read_fitted(struct attempt *attempt, virDomainPtr domain, unsigned kind, char **fitted,
                       struct error *error)
{
    char *xml = virDomainGetXMLDesc(domain, kind | VIR_DOMAIN_XML_SECURE |
                                                VIR_DOMAIN_XML_MIGRATABLE);
    if (!xml) {
        char why[500];
        connect_error_text(why, sizeof why);
        return error_set(error, ERROR_FAILED, "its XML cannot be read: %s", why);
    }
    *fitted = domain_refit(xml, &attempt->how.nodes_from, &attempt->how.nodes_to, error);
    free(xml);
    return error->kind == ERROR_NONE ? 0 : -1;
}

/* -1 where its pinning should be fitted and cannot be, with the reason in the note. */
static int fit(struct attempt *attempt, virDomainPtr domain, struct attempt_note *note)
{
    struct error error = ERROR_INIT;
    int kinds = virDomainIsPersistent(domain) == 1 ? FITTED : 1;
    if (attempt->how.nodes_to.n == 0 || attempt->resume)
        return 0;
    for (int i = 0; i < kinds; i++) {
        if (read_fitted(attempt, domain, fitted_xml[i].kind, &attempt->fitted[i], &error) == 0)
            continue;
        fail(attempt, note, error.text);
        return -1;
    }
    return 0;
}

static int add_fitted(const struct attempt *attempt, virTypedParameterPtr *parameters, int *n)
{
    int room = *n;
    for (int i = 0; i < FITTED; i++)
        if (attempt->fitted[i] && virTypedParamsAddString(parameters, n, &room,
                                                          fitted_xml[i].parameter,
                                                          attempt->fitted[i]) < 0)
            return -1;
    return 0;
}

static int call_libvirt(const struct attempt *attempt, virDomainPtr domain)
{
    virTypedParameterPtr parameters;
    int n;
    unsigned flags = units_migrate_flags(&attempt->how, virDomainIsPersistent(domain) == 1);
    if (attempt->resume)
        flags |= VIR_MIGRATE_POSTCOPY_RESUME;
    int status = units_migrate_parameters(&attempt->how, &parameters, &n);
    if (status == 0)
        status = add_fitted(attempt, &parameters, &n);
    if (status == 0)
        status = virDomainMigrateToURI3(domain, attempt->how.peer_uri, parameters, (unsigned)n,
                                        flags);
    virTypedParamsFree(parameters, n);
    return status;
}

static bool lacks_network(const struct how *how, const char *message)
{
    return units_is_out_of_reach(message, how->migration_address);
}

static void take_management(struct how *how)
{
    how->migration_address = "";
}

static bool lacks_locked_memory(const struct how *how, const char *message)
{
    return how->zerocopy && units_is_unlockable(message);
}

static void take_copies(struct how *how)
{
    how->zerocopy = false;
}

/* Where nothing was sent yet and another way is open: it is taken, and told. Each bars itself. */
static const struct {
    const char *code; /* of the notice */
    bool (*helps)(const struct how *how, const char *message);
    void (*take)(struct how *how);
    const char *what;
} detours[] = {
    {"migration.network", lacks_network, take_management,
     "over the management network: the migration network did not carry it"},
    {"migration.without_zero_copy", lacks_locked_memory, take_copies,
     "without zero-copy: its libvirt may not lock memory"},
};
#define DETOURS (sizeof detours / sizeof *detours)

static size_t detour_for(const struct attempt *attempt)
{
    size_t i = 0;
    while (i < DETOURS && !detours[i].helps(&attempt->how, virGetLastErrorMessage()))
        i++;
    return i;
}

static int call_by_detour(struct attempt *attempt, virDomainPtr domain, size_t way)
{
    char text[700];
    connect_error_text(text, sizeof text);
    struct detour_note *detour = memory_new(sizeof *detour);
    detour->note.deliver = deliver_detour;
    detour->note.free = free_detour;
    detour->attempt = attempt;
    detour->code = detours[way].code;
    atomic_fetch_add(&attempt->refs, 1);
    snprintf(detour->text, sizeof detour->text, "%s goes from %s to %s %s: %s", attempt->name,
             attempt->from, attempt->to, detours[way].what, text);
    outbox_put(attempt->outbox, &detour->note);
    detours[way].take(&attempt->how);
    return call_libvirt(attempt, domain);
}

static void ask_libvirt(struct attempt *attempt, virConnectPtr connection, virDomainPtr domain,
                        struct attempt_note *note)
{
    int opening = ATTEMPT_OPENING;
    unsigned long speed_mib_s;
    if (!atomic_compare_exchange_strong(&attempt->stage, &opening, ATTEMPT_MIGRATING)) {
        fail(attempt, note, "it was given up before it began");
        return;
    }
    bool limited = virDomainMigrateGetMaxSpeed(domain, &speed_mib_s, 0) == 0;
    int status = call_libvirt(attempt, domain);
    for (size_t way = 0; status < 0 && (way = detour_for(attempt)) < DETOURS;)
        status = call_by_detour(attempt, domain, way);
    if (status == 0)
        return;
    fail_by_libvirt(attempt, note);
    if (virConnectIsAlive(connection) != 1)
        note->outcome = ATTEMPT_UNHEARD;
    else if (limited) /* what was set meanwhile was for this migration, and libvirt would keep it */
        virDomainMigrateSetMaxSpeed(domain, speed_mib_s, 0);
}

static void run(struct attempt *attempt, struct attempt_note *note)
{
    struct error error = ERROR_INIT;
    virConnectPtr connection = connect_open(&attempt->dial, &error);
    if (!connection) {
        fail(attempt, note, error.text);
        return;
    }
    virDomainPtr domain = connect_find_vm(connection, attempt->vm);
    if (!domain && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        fail(attempt, note, "it is not there");
    else if (!domain)
        fail_by_libvirt(attempt, note);
    else if (check(attempt, domain, note) == 0 && fit(attempt, domain, note) == 0)
        ask_libvirt(attempt, connection, domain, note);
    if (domain)
        virDomainFree(domain);
    virConnectClose(connection);
}

static void *attempt_main(void *data)
{
    struct attempt *attempt = data;
    struct attempt_note *note = memory_new(sizeof *note);
    note->note.deliver = deliver_attempt;
    note->note.free = free_attempt;
    note->attempt = attempt;
    note->outcome = ATTEMPT_SUCCEEDED;
    run(attempt, note);
    outbox_put(attempt->outbox, &note->note);
    return NULL;
}

static struct attempt *attempt_new(struct virt *virt, const struct effect *effect,
                                   const struct dial *dial, const char *vm_name)
{
    struct attempt *attempt = memory_new(sizeof *attempt);
    struct arena *arena = &attempt->arena;
    atomic_init(&attempt->refs, 2); /* the caller's; the thread's, which its note takes over */
    attempt->virt = virt;
    attempt->outbox = outbox_ref(virt->outbox);
    attempt->move = effect->move;
    attempt->dial = *dial;
    attempt->dial.uri = arena_text(arena, dial->uri);
    attempt->resume = effect->kind == EFFECT_RECOVER;
    field_copy(how_fields, &attempt->how, &effect->how, arena);
    attempt->vm = arena_text(arena, effect->vm);
    attempt->name = arena_text(arena, vm_name);
    attempt->from = arena_text(arena, effect->host);
    attempt->to = arena_text(arena, effect->to);
    return attempt;
}

struct attempt *attempt_start(struct virt *virt, const struct effect *effect,
                              const struct dial *dial, const char *vm_name)
{
    struct attempt *attempt = attempt_new(virt, effect, dial, vm_name);
    if (thread_begin(attempt_main, attempt) == 0)
        return attempt;
    atomic_store(&attempt->refs, 1); /* there is no thread to have one */
    attempt_unref(attempt);
    return NULL;
}

bool attempt_drop(struct attempt *attempt)
{
    int opening = ATTEMPT_OPENING;
    return atomic_compare_exchange_strong(&attempt->stage, &opening, ATTEMPT_DROPPED);
}

enum attempt_stage attempt_stage(struct attempt *attempt)
{
    return (enum attempt_stage)atomic_load(&attempt->stage);
}

void attempt_let_go(struct attempt *attempt)
{
    attempt->virt = NULL;
    attempt_unref(attempt);
}
