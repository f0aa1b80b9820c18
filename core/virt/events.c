/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's callbacks: see events.h. An event says that something happened, not what is so
 * now: by the time it is heard the VM may have moved on. So an event is a reason to look.
 */
#include "virt/events.h"

#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/host.h"
#include "virt/report.h"

#include <libvirt/virterror.h>

/* Why a VM stopped, by virDomainEventStoppedDetailType. */
static const char *const stopped_names[] = {"shutdown", "destroyed", "crashed",  "migrated",
                                            "saved",    "failed",    "destroyed"};

static void look_at(struct worker *worker, virDomainPtr domain, const char *detail)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) < 0)
        return;
    struct job *job = job_new(domain_reread, uuid);
    job->detail = detail;
    job->settled = true;
    worker_push(worker, job);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *opaque)
{
    (void)connection;
    const char *name = NULL;
    if (event == VIR_DOMAIN_EVENT_STOPPED) {
        bool known = detail >= 0 && (size_t)detail < G_N_ELEMENTS(stopped_names);
        name = known ? stopped_names[detail] : "destroyed";
    } else if (event == VIR_DOMAIN_EVENT_UNDEFINED) {
        name = "undefined";
    }
    look_at(opaque, domain, name);
    return 0;
}

/* Also how a migration that somebody else started is noticed: its first pass is no event. */
static void on_iteration(virConnectPtr connection, virDomainPtr domain, int iteration,
                         void *opaque)
{
    (void)connection;
    struct worker *worker = opaque;
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) < 0)
        return;
    host_iteration_note(worker, uuid);
    if (iteration <= 1)
        look_at(worker, domain, NULL);
}

static void on_job_completed(virConnectPtr connection, virDomainPtr domain,
                             virTypedParameterPtr parameters, int n, void *opaque)
{
    (void)connection;
    (void)parameters;
    (void)n;
    look_at(opaque, domain, NULL);
}

static void on_metadata(virConnectPtr connection, virDomainPtr domain, int type, const char *uri,
                        void *opaque)
{
    (void)connection;
    (void)type;
    (void)uri;
    look_at(opaque, domain, NULL);
}

static void on_control_error(virConnectPtr connection, virDomainPtr domain, void *opaque)
{
    (void)connection;
    look_at(opaque, domain, NULL);
}

static void on_network(virConnectPtr connection, virNetworkPtr network, int event, int detail,
                       void *opaque)
{
    (void)connection;
    (void)network;
    (void)event;
    (void)detail;
    report_queue(opaque);
}

static void on_pool(virConnectPtr connection, virStoragePoolPtr pool, int event, int detail,
                    void *opaque)
{
    (void)connection;
    (void)pool;
    (void)event;
    (void)detail;
    report_queue(opaque);
}

static void on_close(virConnectPtr connection, int reason, void *opaque)
{
    (void)connection;
    static const struct {
        const char *name;
        const char *text;
    } reasons[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = {"error", "the connection broke"},
        [VIR_CONNECT_CLOSE_REASON_EOF] = {"eof", "its libvirt daemon closed the connection: it "
                                                 "was stopped, restarted, or it crashed"},
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = {"keepalive", "it did not answer keepalive "
                                                             "messages: the host, its libvirt "
                                                             "daemon or the network hangs"},
    };
    if (reason >= 0 && (size_t)reason < G_N_ELEMENTS(reasons))
        worker_lost(opaque, reasons[reason].name, reasons[reason].text);
}

static void release(void *opaque)
{
    worker_unref(opaque);
}

/* Casts of function types go through this one, which compilers let pass. */
typedef void any_function(void);
#define DOMAIN_CALLBACK(f) ((virConnectDomainEventGenericCallback)(any_function *)(f))
#define NETWORK_CALLBACK(f) ((virConnectNetworkEventGenericCallback)(any_function *)(f))
#define POOL_CALLBACK(f) ((virConnectStoragePoolEventGenericCallback)(any_function *)(f))

static const struct {
    int id;
    any_function *callback;
    bool needed; /* a driver that lacks it is of no use */
} domain_events[] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, (any_function *)on_lifecycle, true},
    {VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, (any_function *)on_iteration, false},
    {VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, (any_function *)on_job_completed, false},
    {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, (any_function *)on_metadata, false},
    {VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, (any_function *)on_control_error, false},
};
_Static_assert(G_N_ELEMENTS(domain_events) <= WORKER_CALLBACKS, "room for every callback");

/*
 * Without a reference of its own: a driver that never closes says yes and forgets the callback,
 * and would forget to give the reference back. The worker unregisters it before it ends.
 */
static void register_close(struct worker *worker)
{
    worker->has_close_callback =
        virConnectRegisterCloseCallback(worker->connection, on_close, worker, NULL) == 0;
}

int events_register(struct worker *worker, struct error *error)
{
    virConnectPtr connection = worker->connection;
    worker_calls(worker, "registering for events");
    register_close(worker);
    worker->network_callback = worker->pool_callback = -1;
    for (size_t i = 0; i < WORKER_CALLBACKS; i++)
        worker->domain_callback[i] = -1;
    for (size_t i = 0; i < G_N_ELEMENTS(domain_events); i++) {
        int id = virConnectDomainEventRegisterAny(
            connection, NULL, domain_events[i].id,
            DOMAIN_CALLBACK(domain_events[i].callback), worker_ref(worker), release);
        worker->domain_callback[i] = id;
        if (id >= 0)
            continue;
        worker_unref(worker);
        if (!domain_events[i].needed)
            continue;
        char text[512];
        connect_error_text(text, sizeof text);
        return error_set(error, ERROR_FAILED, "%s does not tell what happens to its VMs: %s",
                         worker->uri, text);
    }
    /* A host may have no network or storage driver: then their lists are read now and then. */
    worker->network_callback = virConnectNetworkEventRegisterAny(
        connection, NULL, VIR_NETWORK_EVENT_ID_LIFECYCLE, NETWORK_CALLBACK(on_network),
        worker_ref(worker), release);
    if (worker->network_callback < 0)
        worker_unref(worker);
    worker->pool_callback = virConnectStoragePoolEventRegisterAny(
        connection, NULL, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, POOL_CALLBACK(on_pool),
        worker_ref(worker), release);
    if (worker->pool_callback < 0)
        worker_unref(worker);
    virResetLastError();
    return 0;
}

void events_unregister(struct worker *worker)
{
    virConnectPtr connection = worker->connection;
    for (size_t i = 0; i < G_N_ELEMENTS(domain_events); i++) {
        if (worker->domain_callback[i] >= 0)
            virConnectDomainEventDeregisterAny(connection, worker->domain_callback[i]);
    }
    if (worker->network_callback >= 0)
        virConnectNetworkEventDeregisterAny(connection, worker->network_callback);
    if (worker->pool_callback >= 0)
        virConnectStoragePoolEventDeregisterAny(connection, worker->pool_callback);
    if (worker->has_close_callback)
        virConnectUnregisterCloseCallback(connection, on_close);
}
