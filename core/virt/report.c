/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory of a host: see report.h. What a host cannot tell (a driver without storage, an
 * older libvirt) stays unknown, and unknown accepts everything; only its VMs are a must.
 */
#include "virt/report.h"

#include "codec/domain_xml.h"
#include "codec/text.h"
#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/stats.h"

#include <libvirt/virterror.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NODES_LIMIT 1024

/* Texts that grow, in an arena. */
struct names {
    struct texts texts;
    uint32_t capacity;
    struct arena *arena;
};

static void add_name(struct names *names, const char *name)
{
    if (!name || !*name)
        return;
    for (uint32_t i = 0; i < names->texts.n; i++) {
        if (strcmp(names->texts.item[i], name) == 0)
            return;
    }
    if (names->texts.n == names->capacity) {
        uint32_t capacity = names->capacity ? names->capacity * 2 : 16;
        const char **larger = arena_array(names->arena, capacity, sizeof *larger);
        for (uint32_t i = 0; i < names->texts.n; i++)
            larger[i] = names->texts.item[i];
        names->texts.item = larger;
        names->capacity = capacity;
    }
    names->texts.item[names->texts.n++] = arena_text(names->arena, name);
}

static void read_node(struct worker *worker, struct host *host)
{
    virNodeInfo info;
    worker_calls(worker, "asking for its CPUs and memory");
    if (virNodeGetInfo(worker->connection, &info) < 0)
        return;
    host->threads = info.cpus;
    host->sockets = info.sockets * (info.nodes ? info.nodes : 1);
    host->cores = host->sockets * info.cores;
    host->memory_mib = (double)info.memory / 1024;
}

static const char *version_text(struct arena *arena, unsigned long version)
{
    return arena_printf(arena, "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000,
                        version % 1000);
}

static void read_versions(struct worker *worker, struct host *host, struct arena *arena)
{
    unsigned long version = 0;
    worker_calls(worker, "asking for its hypervisor's version");
    if (virConnectGetVersion(worker->connection, &version) == 0 && version)
        host->hypervisor_version = version_text(arena, version);
    worker_calls(worker, "asking for its libvirt's version");
    if (virConnectGetLibVersion(worker->connection, &version) == 0 && version)
        host->libvirt_version = version_text(arena, version);
}

/*
 * A model stands for a list of features, and capabilities name those beyond it. Only libvirt
 * itself knows the whole list; where it does not tell, nothing is known.
 */
static void read_features(struct worker *worker, const char *capabilities, struct host *host,
                          struct arena *arena)
{
    struct error error = ERROR_INIT;
    char *model = domain_capabilities_host_model(capabilities, strlen(capabilities));
    const char *models[] = {model};
    worker_calls(worker, "asking for the features of its CPU");
    char *cpu = model ? virConnectBaselineHypervisorCPU(worker->connection, NULL, NULL, NULL, NULL,
                                                        models, 1,
                                                        VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES)
                      : NULL;
    if (!cpu || cpu_xml_read(cpu, strlen(cpu), host, arena, &error) < 0)
        host->cpu_features = (struct texts){0};
    free(cpu);
    free(model);
    error_clear(&error);
}

static void read_capabilities(struct worker *worker, struct host *host, struct arena *arena)
{
    struct error error = ERROR_INIT;
    worker_calls(worker, "asking for its capabilities");
    char *xml = virConnectGetCapabilities(worker->connection);
    if (xml)
        capabilities_xml_read(xml, strlen(xml), host, arena, &error);
    free(xml);
    error_clear(&error);
    worker_calls(worker, "asking for what its emulator can do");
    xml = virConnectGetDomainCapabilities(worker->connection, NULL, NULL, NULL, NULL, 0);
    if (xml)
        domain_capabilities_xml_read(xml, strlen(xml), host, arena, &error);
    error_clear(&error);
    read_features(worker, xml ? xml : "", host, arena);
    free(xml);
}

#define PAGE_SIZES 16

/* Capabilities say how many huge pages there are; how many are free is a call of its own. */
static void read_free_pages(struct worker *worker, struct host *host, struct arena *arena)
{
    unsigned int sizes[PAGE_SIZES];
    unsigned long long counts[PAGE_SIZES];
    uint32_t n = host->hugepages.n < PAGE_SIZES ? host->hugepages.n : PAGE_SIZES;
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        sizes[i] = (unsigned int)strtoul(host->hugepages.item[i].key, NULL, 10);
    worker_calls(worker, "asking for its free huge pages");
    if (virNodeGetFreePages(worker->connection, n, sizes, -1, 1, counts, 0) < 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        host->hugepages.item[i].value = arena_printf(arena, "%llu", counts[i]);
}

/* Free memory of each node; libvirt counts them by id, with holes as 0. */
static void read_free_nodes(struct worker *worker, struct host *host)
{
    unsigned long long free_bytes[NODES_LIMIT];
    struct numa_node *nodes = host->numa.item;
    worker_calls(worker, "asking for the free memory of its NUMA nodes");
    int n = host->numa.n ? virNodeGetCellsFreeMemory(worker->connection, free_bytes, 0, NODES_LIMIT)
                         : 0;
    for (uint32_t i = 0; n > 0 && i < host->numa.n; i++)
        if (nodes[i].id < (uint32_t)n)
            nodes[i].memory_free_mib = (double)free_bytes[nodes[i].id] / (1024 * 1024);
}

/* As "0-3,6"; where all CPUs are online nothing needs to be said. */
static void read_online(struct worker *worker, struct host *host, struct arena *arena)
{
    unsigned char *map = NULL;
    unsigned int online = 0;
    worker_calls(worker, "asking for its CPUs that are online");
    int n = virNodeGetCPUMap(worker->connection, &map, &online, 0);
    if (n > 0 && online < (unsigned int)n) {
        struct text list = TEXT_INIT;
        text_add_ranges(&list, map, (size_t)n);
        host->cpus_online = arena_text(arena, list.bytes ? list.bytes : "");
        free(list.bytes);
    }
    free(map);
}

/* Both from one source, so that there is never more free than there is. */
static void read_memory(struct worker *worker, struct host *host)
{
    double total_mib, free_mib;
    stats_node_memory(worker, &total_mib, &free_mib);
    if (isnan(total_mib))
        return;
    host->memory_mib = total_mib;
    host->memory_free_mib = free_mib;
}

/* Also the bridges, which VMs may name directly. False: it cannot tell. */
static bool read_networks(struct worker *worker, struct names *names)
{
    virNetworkPtr *list = NULL;
    worker_calls(worker, "listing its networks");
    int n = virConnectListAllNetworks(worker->connection, &list,
                                      VIR_CONNECT_LIST_NETWORKS_ACTIVE);
    for (int i = 0; i < n; i++) {
        add_name(names, virNetworkGetName(list[i]));
        char *bridge = virNetworkGetBridgeName(list[i]);
        add_name(names, bridge);
        free(bridge);
        virNetworkFree(list[i]);
    }
    free(list);
    return n >= 0;
}

/* Bridges are among the host's interfaces; the others do no harm in the list. False: as above. */
static bool read_interfaces(struct worker *worker, struct names *names)
{
    virInterfacePtr *list = NULL;
    worker_calls(worker, "listing its interfaces");
    int n = virConnectListAllInterfaces(worker->connection, &list, 0);
    for (int i = 0; i < n; i++) {
        add_name(names, virInterfaceGetName(list[i]));
        virInterfaceFree(list[i]);
    }
    free(list);
    return n >= 0;
}

static void add_path(struct names *names, virStoragePoolPtr pool)
{
    char *xml = virStoragePoolGetXMLDesc(pool, 0);
    if (xml)
        add_name(names, pool_xml_path(xml, strlen(xml), names->arena));
    free(xml);
}

static bool read_storage(struct worker *worker, struct names *names)
{
    virStoragePoolPtr *list = NULL;
    worker_calls(worker, "listing its storage pools");
    int n = virConnectListAllStoragePools(worker->connection, &list,
                                          VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
    for (int i = 0; i < n; i++) {
        add_name(names, virStoragePoolGetName(list[i]));
        worker_calls(worker, "reading a storage pool's XML");
        add_path(names, list[i]);
        virStoragePoolFree(list[i]);
    }
    free(list);
    return n >= 0;
}

static void read_host(struct worker *worker, struct host *host, struct arena *arena)
{
    field_defaults(host_fields, host);
    host->name = worker->host;
    read_node(worker, host);
    read_capabilities(worker, host, arena);
    read_versions(worker, host, arena);
    read_memory(worker, host);
    read_online(worker, host, arena);
    read_free_pages(worker, host, arena);
    read_free_nodes(worker, host);
    host->devices_known = false; /* that would be a call for each of hundreds */
    host->cpu_usage_pct = stats_node_load(worker);
    struct names networks = {.arena = arena}, storage = {.arena = arena};
    bool virtual = read_networks(worker, &networks);
    networks.texts.known = read_interfaces(worker, &networks) && virtual;
    storage.texts.known = read_storage(worker, &storage);
    host->networks = networks.texts;
    host->storage = storage.texts;
}

static gboolean is_older(gpointer key, gpointer value, gpointer data)
{
    (void)key;
    const struct seen *seen = value;
    const struct worker *worker = data;
    return seen->round != worker->round;
}

/* -1: they cannot be listed. A VM that goes away meanwhile is left out: its event follows. */
static int read_vms(struct worker *worker, struct event *event)
{
    virDomainPtr *list = NULL;
    worker_calls(worker, "listing its VMs");
    int n = virConnectListAllDomains(worker->connection, &list, 0);
    worker->round++;
    for (int i = 0; i < n; i++) {
        domain_add(worker, list[i], event);
        virDomainFree(list[i]);
    }
    free(list);
    if (n >= 0)
        g_hash_table_foreach_remove(worker->seen, is_older, worker);
    return n < 0 ? -1 : 0;
}

void report_run(struct worker *worker, struct job *job)
{
    (void)job;
    atomic_store(&worker->report_queued, false);
    struct event *event = event_new(EVENT_HOST_REPORT, clock_now());
    struct host host;
    event_set(event, &event->host, worker->host);
    read_host(worker, &host, &event->arena);
    virResetLastError();
    if (read_vms(worker, event) < 0) {
        char text[512];
        connect_error_text(text, sizeof text);
        worker_lost(worker, "error", text);
        event_free(event);
        return;
    }
    if (!worker_check_connection(worker)) {
        event_free(event);
        return;
    }
    event->at = clock_now();
    event_add_host(event, &host);
    worker_post(worker, event);
}

void report_queue(struct worker *worker)
{
    if (!atomic_exchange(&worker->report_queued, true))
        worker_push(worker, job_new(report_run, NULL));
}
