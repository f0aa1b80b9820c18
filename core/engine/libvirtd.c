/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the libvirt daemons of the hosts can do at a time, from libvirtd.conf(5) and qemu.conf:
 * libvirt does not tell it over the connection that drover has, so it is configured where it was
 * changed, and else libvirt's own defaults hold.
 *
 * At the source each migration takes a worker for as long as it lasts, and a client: drover gives
 * each a connection of its own, beside the one that it asks and controls by, so there is never
 * more than one request at a time on any of them, and max_client_requests is never met. At the
 * destination it takes a port of QEMU's (a second one where disks are copied along) and a client;
 * a worker only while it begins and ends. KEPT workers are left to drover's own questions and to
 * other clients, or a host that sends VMs could not even be told to stop.
 */
#include "engine/internal.h"

#define KEPT 4

static uint32_t without_kept(uint32_t n)
{
    return n > KEPT ? n - KEPT : 1;
}

uint32_t libvirtd_outgoing(const struct engine *engine, const char *host)
{
    const struct host_setting *setting = host_setting(engine, host);
    if (!setting)
        return UINT32_MAX;
    uint32_t workers = without_kept(setting->libvirtd.max_workers);
    uint32_t clients = without_kept(setting->libvirtd.max_clients);
    return workers < clients ? workers : clients;
}

uint32_t libvirtd_incoming(const struct engine *engine, const char *host)
{
    const struct host_setting *setting = host_setting(engine, host);
    if (!setting)
        return UINT32_MAX;
    uint32_t ports = setting->libvirtd.migration_ports;
    uint32_t clients = without_kept(setting->libvirtd.max_clients);
    return ports < clients ? ports : clients;
}

static void tell(struct engine *engine, const char *host, const char *limit, uint32_t wanted,
                 uint32_t possible, const char *what)
{
    if (wanted <= possible)
        return;
    notice(engine, NOTICE_WARNING, "limits.libvirtd", host, NULL,
           "host %s: limits.%s is %u, and its libvirt daemon can do %u at a time: that holds. More "
           "would need %s there, and libvirtd: {...} of the host in drover.yaml to say so",
           host, limit, wanted, possible, what);
}

/* With each set: what will hold moves back before the limits of the set do. */
void libvirtd_tell(struct engine *engine)
{
    const struct host_setting *hosts = engine->settings.hosts.item;
    for (uint32_t i = 0; i < engine->settings.hosts.n; i++) {
        const char *host = hosts[i].name;
        tell(engine, host, "outgoing_per_host", engine->settings.limits.outgoing_per_host,
             libvirtd_outgoing(engine, host), "more max_workers (and max_clients)");
        tell(engine, host, "incoming_per_host", engine->settings.limits.incoming_per_host,
             libvirtd_incoming(engine, host), "more ports (migration_port_max; and max_clients)");
    }
}
