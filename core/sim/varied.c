/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fleets by chance. What units look at is all there: racks and stages as labels, networks and
 * storage that some hosts lack, pins, groups of every kind, hosts in every state, VMs that cannot
 * be moved; small, so that what breaks on one of them can be understood.
 */
#include "sim/varied.h"

#include "sim/random.h"

#include <math.h>
#include <string.h>

#define NOW 1767225600.0 /* midnight of 2026-01-01, UTC */
#define STREAM_VARIED 98
#define HOSTS_MOST 8
#define VMS_MOST 28
#define GROUPS_MOST 3

struct maker {
    struct fleet *fleet;
    struct random random;
    struct arena arena; /* texts until they are in the fleet */
};

static uint32_t below(struct maker *maker, uint32_t n)
{
    return random_below(&maker->random, n);
}

static bool one_in(struct maker *maker, uint32_t n)
{
    return random_below(&maker->random, n) == 0;
}

static double exact(struct maker *maker, uint32_t low, uint32_t high)
{
    return low + below(maker, (high - low) * 64 + 1) / 64.0;
}

/* ------------------------------------------------------------ from nothing */

static struct texts some_of(struct maker *maker, const char *const *names, uint32_t n, uint32_t in)
{
    struct texts texts = {.known = true, .item = arena_array(&maker->arena, n, sizeof(char *))};
    for (uint32_t i = 0; i < n; i++)
        if (one_in(maker, in))
            texts.item[texts.n++] = names[i];
    return texts;
}

static struct pairs two_labels(struct maker *maker, const char *key, const char *value,
                               const char *key2, const char *value2)
{
    struct pair *pair = arena_array(&maker->arena, 2, sizeof *pair);
    pair[0] = (struct pair){.key = key, .value = value};
    pair[1] = (struct pair){.key = key2, .value = value2};
    return (struct pairs){.item = pair, .n = 2, .known = true};
}

static const char *const networks[] = {"blue", "green", "lan"};
static const char *const stores[] = {"fast", "slow"};
static const char *const racks[] = {"a", "b", "c"};
static const char *const stages[] = {"production", "test"};
static const char *const apps[] = {"db", "shop", "web"};

static void make_host(struct maker *maker, uint32_t i)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = arena_printf(&maker->arena, "kvm%02u", i + 1);
    host.cluster = one_in(maker, 4) ? "east" : "west";
    host.threads = 4u << below(maker, 4);
    host.memory_mib = 8192 * (1 + below(maker, 8));
    host.swap_total_mib = host.swap_free_mib = one_in(maker, 3) ? 4096 : 0;
    host.link_mbps = one_in(maker, 2) ? 10000 : 1000;
    if (one_in(maker, 2))
        host.networks = some_of(maker, networks, 3, 2);
    if (one_in(maker, 4))
        host.storage = some_of(maker, stores, 2, 2);
    host.labels = two_labels(maker, "rack", racks[below(maker, 3)], "stage",
                             stages[below(maker, 2)]);
    fleet_put_host(maker->fleet, &host);
}

static const char *any_host(struct maker *maker)
{
    return maker->fleet->hosts[below(maker, maker->fleet->n_hosts)]->name;
}

static struct texts pins(struct maker *maker)
{
    struct texts texts = {.known = true, .n = 1 + below(maker, 2)};
    texts.item = arena_array(&maker->arena, texts.n, sizeof *texts.item);
    for (uint32_t i = 0; i < texts.n; i++)
        texts.item[i] = any_host(maker);
    return texts;
}

static void make_vm(struct maker *maker, uint32_t i)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = arena_printf(&maker->arena, "vm%02u", i + 1);
    vm.uuid = one_in(maker, 2) ? arena_printf(&maker->arena, "uuid-%02u", 99 - i) : NULL;
    vm.host = any_host(maker);
    vm.memory_mib = 512 * (1 + below(maker, 16));
    vm.vcpus = 1 + below(maker, 6);
    vm.networks = some_of(maker, networks, 3, 4);
    vm.storage = some_of(maker, stores, 2, 4);
    vm.ha = one_in(maker, 3);
    vm.labels = two_labels(maker, "app", apps[below(maker, 3)], "stage", stages[below(maker, 2)]);
    if (one_in(maker, 10))
        vm.pinned_hosts = pins(maker);
    if (one_in(maker, 10))
        vm.preferred_hosts = pins(maker);
    fleet_put_vm(maker->fleet, &vm);
}

static void make_group(struct maker *maker, uint32_t i)
{
    struct group group;
    const struct fleet *fleet = maker->fleet;
    field_defaults(group_fields, &group);
    group.name = arena_printf(&maker->arena, "group%u", i + 1);
    group.vms = (struct texts){.known = true, .n = 1 + below(maker, 4)};
    group.vms.item = arena_array(&maker->arena, group.vms.n, sizeof *group.vms.item);
    for (uint32_t k = 0; k < group.vms.n; k++)
        group.vms.item[k] = fleet->vms[below(maker, fleet->n_vms)]->name;
    group.vm_rule = (int)below(maker, 3);
    group.vm_enforcing = one_in(maker, 2);
    if (one_in(maker, 2)) {
        group.hosts = pins(maker);
        group.host_rule = (int)below(maker, 3);
        group.host_enforcing = one_in(maker, 2);
    }
    group.priority = below(maker, 3);
    fleet_put_group(maker->fleet, &group);
}

static void make_clusters(struct maker *maker)
{
    static const char *const names[] = {"east", "west"};
    for (int i = 0; i < 2; i++) {
        struct cluster cluster;
        field_defaults(cluster_fields, &cluster);
        cluster.name = names[i];
        cluster.memory_overcommit_pct = one_in(maker, 4) ? 150 : 100;
        fleet_put_cluster(maker->fleet, &cluster);
    }
}

static void make_all(struct maker *maker)
{
    uint32_t hosts = 2 + below(maker, HOSTS_MOST - 1), vms = 1 + below(maker, VMS_MOST);
    uint32_t groups = below(maker, GROUPS_MOST + 1);
    maker->fleet = fleet_new();
    maker->fleet->now = NOW;
    make_clusters(maker);
    for (uint32_t i = 0; i < hosts; i++)
        make_host(maker, i);
    for (uint32_t i = 0; i < vms; i++)
        make_vm(maker, i);
    for (uint32_t i = 0; i < groups; i++)
        make_group(maker, i);
    fleet_check(maker->fleet, NULL); /* names are right: they were taken from the fleet */
}

/* -------------------------------------------------------------- varying it */

/* Most hosts are up; a third each is idle, at work, and too busy. */
static void vary_host(struct maker *maker, struct host *host)
{
    static const uint32_t bounds[][2] = {{0, 30}, {30, 75}, {75, 100}};
    const uint32_t *bound = bounds[below(maker, 3)];
    host->state = one_in(maker, 6) ? (int)below(maker, DROVER_HOST_DOWN + 1) : DROVER_HOST_UP;
    host->state_since = maker->fleet->now - below(maker, 1000);
    host->cpu_usage_pct = one_in(maker, 16) ? NAN : exact(maker, bound[0], bound[1]);
    host->cpu_over_since = one_in(maker, 3) ? NAN : maker->fleet->now - below(maker, 600);
    host->memory_free_mib = host->memory_committed_mib = NAN;
}

/* Another host of the cluster that it is in. */
static const char *elsewhere(struct maker *maker, const char *now)
{
    const struct fleet *fleet = maker->fleet;
    const struct host *host = fleet_host(fleet, now);
    uint32_t begin = below(maker, fleet->n_hosts);
    for (uint32_t i = 0; host && i < fleet->n_hosts; i++) {
        const struct host *other = fleet->hosts[(begin + i) % fleet->n_hosts];
        if (strcmp(other->cluster, host->cluster) == 0)
            return other->name;
    }
    return now;
}

static void vary_vm(struct maker *maker, struct vm *vm)
{
    if (vm->host)
        fleet_set_text(maker->fleet, &vm->host, elsewhere(maker, vm->host));
    vm->state = one_in(maker, 8) ? (int)(one_in(maker, 2) ? DROVER_VM_PAUSED : DROVER_VM_DOWN)
                                 : DROVER_VM_RUNNING;
    vm->cpu_usage_pct = one_in(maker, 16) ? NAN : exact(maker, 0, one_in(maker, 3) ? 100 : 30);
    vm->dirty_mib_s = exact(maker, 0, 200);
    vm->migratable = one_in(maker, 8) ? (int)below(maker, 3) : vm->migratable;
    vm->priority = below(maker, 5);
    vm->moved_at = one_in(maker, 3) ? maker->fleet->now - below(maker, 7200) : NAN;
}

struct fleet *varied_fleet(const struct fleet *base, uint64_t seed)
{
    struct maker maker = {.random = random_new(seed, STREAM_VARIED), .arena = ARENA_INIT};
    if (base)
        maker.fleet = fleet_copy(base);
    else
        make_all(&maker);
    for (uint32_t i = 0; i < maker.fleet->n_hosts; i++)
        vary_host(&maker, maker.fleet->hosts[i]);
    for (uint32_t i = 0; i < maker.fleet->n_vms; i++)
        vary_vm(&maker, maker.fleet->vms[i]);
    arena_free(&maker.arena);
    return maker.fleet;
}
