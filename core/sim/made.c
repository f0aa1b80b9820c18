/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts and VMs by number, and rules for some of them, all of which hold at first. */
#include "sim/made.h"

#include "sim/random.h"

#include <math.h>

#define BEGINS_AT 1767225600.0 /* midnight of 2026-01-01, UTC */
#define THREADS_PER_VM 0.85 /* so that bursts make hosts busy */
#define VM_MIB_MEAN 4096.0
#define STREAM_FLEET 99

static void make_host(struct fleet *fleet, uint32_t i, double vms)
{
    struct host host;
    struct arena arena = ARENA_INIT;
    field_defaults(host_fields, &host);
    host.name = arena_printf(&arena, "kvm%03u", i + 1);
    host.cluster = "default";
    host.threads = (uint32_t)fmax(2, ceil(vms * THREADS_PER_VM));
    host.memory_mib = 4096 + 1.5 * vms * VM_MIB_MEAN;
    host.link_mbps = i % 2 ? 10000 : 1000;
    fleet_put_host(fleet, &host);
    arena_free(&arena);
}

static void make_vm(struct fleet *fleet, uint32_t i, uint32_t hosts, struct random *random)
{
    static const uint32_t sizes_mib[] = {1024, 2048, 2048, 4096, 4096, 4096, 8192, 8192};
    struct vm vm;
    struct arena arena = ARENA_INIT;
    field_defaults(vm_fields, &vm);
    vm.name = arena_printf(&arena, "vm%04u", i + 1);
    vm.host = arena_printf(&arena, "kvm%03u", i % hosts + 1);
    vm.memory_mib = sizes_mib[random_below(random, 8)];
    vm.memory_used_mib = NAN;
    vm.vcpus = 1 + random_below(random, 4);
    vm.cpu_usage_pct = random_between(random, 3, 45);
    vm.priority = 10 * random_below(random, 5);
    vm.ha = i % 3 == 0;
    fleet_put_vm(fleet, &vm);
    arena_free(&arena);
}

#define VMS_PER_RULE 10 /* so many VMs have one group apart, and one together, among them */

static void make_group(struct fleet *fleet, const char *name, uint32_t first, uint32_t step,
                       uint32_t n, enum drover_rule rule)
{
    struct group group;
    struct arena arena = ARENA_INIT;
    field_defaults(group_fields, &group);
    group.name = arena_printf(&arena, "%s%04u", name, first + 1);
    group.vms = (struct texts){.item = arena_array(&arena, n, sizeof(char *)), .known = true};
    for (; group.vms.n < n; group.vms.n++)
        group.vms.item[group.vms.n] =
            arena_printf(&arena, "vm%04u", first + group.vms.n * step + 1);
    group.vm_rule = (int)rule;
    group.vm_enforcing = true;
    fleet_put_group(fleet, &group);
    arena_free(&arena);
}

/* Neighbours by number are on neighbouring hosts; every so many VMs the same host comes again. */
static void make_groups(struct fleet *fleet, uint32_t hosts, uint32_t vms)
{
    for (uint32_t i = 0; i + 2 < vms && hosts > 2; i += VMS_PER_RULE)
        make_group(fleet, "apart", i, 1, 2, DROVER_RULE_NEGATIVE);
    for (uint32_t i = 3; i + hosts < vms && hosts > 2; i += VMS_PER_RULE)
        make_group(fleet, "together", i, hosts, 2, DROVER_RULE_POSITIVE);
}

struct fleet *made_fleet(uint32_t hosts, uint32_t vms, uint64_t seed)
{
    struct fleet *fleet = fleet_new();
    struct random random = random_new(seed, STREAM_FLEET);
    double share = hosts ? ceil((double)vms / hosts) : 0;
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    fleet->now = BEGINS_AT;
    fleet_put_cluster(fleet, &cluster);
    for (uint32_t i = 0; i < hosts; i++)
        make_host(fleet, i, share);
    for (uint32_t i = 0; i < vms && hosts > 0; i++)
        make_vm(fleet, i, hosts, &random);
    make_groups(fleet, hosts, vms);
    return fleet;
}
