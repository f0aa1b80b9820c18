/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns: sums over VMs, memory to hand out, names as sets, labels, groups, promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/columns.h"

#include <math.h>

#define SAME(a, b) assert_float_equal((a), (b), 1e-9)

static struct fleet *new_fleet(double overcommit_pct)
{
    struct fleet *fleet = fleet_new();
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    cluster.memory_overcommit_pct = overcommit_pct;
    fleet_put_cluster(fleet, &cluster);
    fleet->now = 5000;
    return fleet;
}

static struct host new_host(const char *name)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = name;
    return host;
}

static struct vm new_vm(const char *name, const char *host)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.host = host;
    return vm;
}

static void put_vm(struct fleet *fleet, const char *name, const char *host, int state,
                   double memory_mib, uint32_t vcpus)
{
    struct vm vm = new_vm(name, host);
    vm.state = state;
    vm.memory_mib = memory_mib;
    vm.vcpus = vcpus;
    fleet_put_vm(fleet, &vm);
}

static void everything_stands_in_order_of_name(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    static const char *const names[] = {"kvm2", "kvm10", "a", "Z"};
    for (size_t i = 0; i < 4; i++) {
        struct host host = new_host(names[i]);
        fleet_put_host(fleet, &host);
        put_vm(fleet, names[i], names[i], DROVER_VM_RUNNING, 1024, 1);
    }
    struct columns *columns = columns_new(fleet);
    static const char *const order[] = {"Z", "a", "kvm10", "kvm2"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(columns->hosts.name[i], order[i]);
        assert_string_equal(columns->vms.name[i], order[i]);
        assert_int_equal(columns->vms.host[i], i);
        assert_int_equal(columns_host(columns, order[i]), i);
        assert_int_equal(columns_vm(columns, order[i]), i);
        assert_int_equal(columns->hosts.vms.start[i + 1] - columns->hosts.vms.start[i], 1);
        assert_int_equal(columns->hosts.vms.item[columns->hosts.vms.start[i]], i);
    }
    assert_int_equal(columns_host(columns, "nobody"), DROVER_NONE);
    assert_int_equal(columns_host(columns, ""), DROVER_NONE);
    assert_int_equal(columns_vm(columns, "nobody"), DROVER_NONE);
    columns_free(columns);
    fleet_free(fleet);
}

static void an_empty_fleet_has_empty_columns(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    struct columns *columns = columns_new(fleet);
    assert_int_equal(columns->hosts.n + columns->vms.n + columns->groups.n, 0);
    assert_int_equal(columns_host(columns, "kvm1"), DROVER_NONE);
    columns_free(columns);
    fleet_free(fleet);
}

/* Overhead: 64 + RAM/512 + 8 per vCPU. Down VMs hold nothing; paused and migrating ones do. */
static void sums_over_the_vms_of_a_host(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.memory_mib = 16384;
    fleet_put_host(fleet, &host);
    put_vm(fleet, "a", "kvm1", DROVER_VM_RUNNING, 1024, 2);
    put_vm(fleet, "b", "kvm1", DROVER_VM_PAUSED, 2048, 6);
    put_vm(fleet, "c", "kvm1", DROVER_VM_MIGRATING, 512, 1);
    put_vm(fleet, "d", "kvm1", DROVER_VM_DOWN, 8192, 16);
    put_vm(fleet, "e", NULL, DROVER_VM_DOWN, 8192, 16);
    struct columns *columns = columns_new(fleet);
    double committed = 1024 + 64 + 2 + 16 + (2048 + 64 + 4 + 48) + (512 + 64 + 1 + 8);
    SAME(columns->hosts.memory_committed_mib[0], committed);
    SAME(columns->hosts.memory_free_mib[0], 16384 - 321 - committed);
    SAME(columns->hosts.memory_schedulable_mib[0], 16384 - 321 - committed);
    SAME(columns->hosts.vcpus[0], 9);
    SAME(columns->hosts.largest_vcpus[0], 6);
    assert_int_equal(columns->hosts.vm_count[0], 3);
    assert_int_equal(columns->hosts.vm_pending[0], 0);
    assert_int_equal(columns->hosts.vms.start[1], 4); /* those that are down are listed, too */
    assert_int_equal(columns->vms.host[4], DROVER_NONE);
    assert_int_equal(columns->vms.cluster[4], 0);
    columns_free(columns);
    fleet_free(fleet);
}

/* max(0, max(0, overcommit * memory - committed - reserved) - pending) */
static void memory_that_may_be_handed_out(void **state)
{
    (void)state;
    static const struct {
        double overcommit, memory, committed, reserved, pending, expected;
    } cases[] = {
        {100, 1024, 50, 0, 0, 974},         {100, 1024, 0, 0, 0, 1024},
        {200, 10000, 10000, 256, 0, 9744},  {200, 10000, 10000, 256, 65, 9679},
        {150, 1000, 0, 321, 0, 1179},       {100, 1000, 2000, 0, 0, 0},
        {100, 1000, 900, 0, 200, 0},        {100, 1000, 2000, 0, 100, 0},
        {50, 1000, 0, 0, 0, 500},           {100, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fleet *fleet = new_fleet(cases[i].overcommit);
        struct host host = new_host("kvm1");
        host.memory_mib = cases[i].memory;
        host.memory_committed_mib = cases[i].committed;
        host.memory_reserved_mib = cases[i].reserved;
        host.memory_pending_mib = cases[i].pending;
        fleet_put_host(fleet, &host);
        struct columns *columns = columns_new(fleet);
        SAME(columns->hosts.memory_schedulable_mib[0], cases[i].expected);
        columns_free(columns);
        fleet_free(fleet);
    }
}

static void figures_that_are_given_are_not_computed(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.memory_mib = 4096;
    host.memory_free_mib = 17;
    host.memory_committed_mib = 1000;
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("a", "kvm1");
    vm.memory_overhead_mib = 5;
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    SAME(columns->hosts.memory_free_mib[0], 17);
    SAME(columns->hosts.memory_committed_mib[0], 1000);
    SAME(columns->vms.memory_overhead_mib[0], 5);
    columns_free(columns);
    fleet_free(fleet);
}

static void computed_free_memory_is_never_negative(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(200);
    struct host host = new_host("kvm1");
    fleet_put_host(fleet, &host);
    put_vm(fleet, "a", "kvm1", DROVER_VM_RUNNING, 4096, 1);
    struct columns *columns = columns_new(fleet);
    SAME(columns->hosts.memory_free_mib[0], 0);
    columns_free(columns);
    fleet_free(fleet);
}

static void a_promise_books_memory_load_and_vcpus(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.memory_mib = 8192;
    fleet_put_host(fleet, &host);
    host.name = "kvm2";
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("a", "kvm1");
    vm.vcpus = 4;
    vm.cpu_usage_pct = 50;
    vm.memory_overhead_mib = 100;
    fleet_put_vm(fleet, &vm);
    vm = new_vm("b", NULL);
    vm.state = DROVER_VM_DOWN;
    vm.vcpus = 2;
    vm.cpu_usage_pct = 80; /* of when it ran */
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    double before = columns->hosts.memory_schedulable_mib[1];
    columns_promise(columns, 0, 1);
    SAME(columns->hosts.memory_pending_mib[1], 1124);
    SAME(columns->hosts.memory_schedulable_mib[1], before - 1124);
    SAME(columns->hosts.cpu_pending[1], 200);
    SAME(columns->hosts.vcpus[1], 4);
    SAME(columns->hosts.largest_vcpus[1], 4);
    assert_int_equal(columns->hosts.vm_pending[1], 1);
    assert_int_equal(columns->vms.to[0], 1);
    columns_promise(columns, 1, 1); /* 10 % are assumed for each vCPU of a VM that does not run */
    SAME(columns->hosts.cpu_pending[1], 220);
    SAME(columns->hosts.largest_vcpus[1], 4);
    assert_int_equal(columns->hosts.vm_pending[1], 2);
    columns_free(columns);
    columns = columns_new(fleet);
    columns_promise(columns, 0, 0); /* where it is already: nothing to book */
    assert_int_equal(columns->hosts.vm_pending[0], 0);
    assert_int_equal(columns->vms.to[0], 0);
    columns_free(columns);
    fleet_free(fleet);
}

static void a_vm_on_its_way_is_booked_where_it_goes(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.memory_mib = 8192;
    fleet_put_host(fleet, &host);
    host.name = "kvm2";
    host.memory_pending_mib = 10;
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("a", "kvm1");
    vm.to = "kvm2";
    vm.memory_overhead_mib = 0;
    vm.cpu_usage_pct = NAN;
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    SAME(columns->hosts.memory_pending_mib[1], 10 + 1024);
    SAME(columns->hosts.cpu_pending[1], 10);
    assert_int_equal(columns->hosts.vm_count[0], 1);
    assert_int_equal(columns->hosts.vm_count[1], 0);
    assert_int_equal(columns->hosts.vm_pending[1], 1);
    assert_true(isnan(columns->vms.cpu_load[0]));
    columns_free(columns);
    fleet_free(fleet);
}

/* It has arrived, and nobody has said so yet: it is counted once. */
static void a_vm_that_is_where_it_goes_is_not_booked_twice(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("a", "kvm1");
    vm.to = "kvm1";
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    assert_int_equal(columns->hosts.vm_count[0], 1);
    assert_int_equal(columns->hosts.vm_pending[0], 0);
    SAME(columns->hosts.memory_pending_mib[0], 0);
    SAME(columns->hosts.vcpus[0], 1);
    columns_free(columns);
    fleet_free(fleet);
}

static void ages_count_from_now_and_never_backwards(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.state_since = 4000;
    host.cpu_over_since = 6000; /* a clock that was set back */
    fleet_put_host(fleet, &host);
    struct columns *columns = columns_new(fleet);
    SAME(columns->hosts.state_s[0], 1000);
    SAME(columns->hosts.cpu_over_s[0], 0);
    assert_true(isnan(columns->hosts.boot_s[0]));
    columns_free(columns);
    fleet_free(fleet);
}

static void cores_or_threads_by_cluster(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct cluster strict;
    field_defaults(cluster_fields, &strict);
    strict.name = "strict";
    strict.threads_as_cores = false;
    fleet_put_cluster(fleet, &strict);
    struct host host = new_host("kvm1");
    host.threads = 16;
    host.cores = 8;
    fleet_put_host(fleet, &host);
    host.name = "kvm2";
    host.cluster = "strict";
    fleet_put_host(fleet, &host);
    host.name = "kvm3";
    host.cores = 0; /* as threads */
    fleet_put_host(fleet, &host);
    struct columns *columns = columns_new(fleet);
    SAME(columns->hosts.cpus[0], 16);
    SAME(columns->hosts.cpus[1], 8);
    SAME(columns->hosts.cpus[2], 16);
    columns_free(columns);
    fleet_free(fleet);
}

/* ------------------------------------------------------------------- sets */

static struct texts texts_of(const char **names, uint32_t n)
{
    return (struct texts){.item = names, .n = n, .known = true};
}

static bool offers(const struct drover_sets *sets, uint32_t row, const char *name)
{
    for (uint32_t i = 0; i < sets->n_symbols; i++)
        if (strcmp(sets->symbol[i], name) == 0)
            return drover_sets_has(sets, row, i);
    return false;
}

static void names_are_sets_in_order_of_name(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    const char *some[] = {"red", "blue"}, *wanted[] = {"zebra", "blue", "red", "blue"};
    struct host host = new_host("kvm1");
    host.networks = texts_of(some, 2);
    fleet_put_host(fleet, &host);
    host = new_host("kvm2"); /* not known */
    fleet_put_host(fleet, &host);
    host = new_host("kvm3");
    host.networks = texts_of(some, 0); /* known: none */
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("a", NULL);
    vm.networks = texts_of(wanted, 4);
    fleet_put_vm(fleet, &vm);
    vm = new_vm("b", NULL);
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    const struct drover_sets *sets = &columns->hosts.networks;
    assert_int_equal(sets->n_symbols, 3);
    assert_string_equal(sets->symbol[0], "blue");
    assert_string_equal(sets->symbol[1], "red");
    assert_string_equal(sets->symbol[2], "zebra");
    assert_true(offers(sets, 0, "red") && offers(sets, 0, "blue") && !offers(sets, 0, "zebra"));
    assert_true(sets->known[0] && !sets->known[1] && sets->known[2]);
    assert_false(offers(sets, 2, "red"));
    /* What a VM wants: each name once, in order. */
    const struct drover_lists *lists = &columns->vms.networks;
    assert_int_equal(lists->start[1] - lists->start[0], 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(lists->item[i], i);
    assert_int_equal(lists->start[2], lists->start[1]);
    columns_free(columns);
    fleet_free(fleet);
}

/* More names than fit one word of bits. */
static void sets_have_room_for_many_names(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    char text[200][8];
    const char *names[200];
    for (int i = 0; i < 200; i++) {
        snprintf(text[i], sizeof text[i], "n%03d", i);
        names[i] = text[i];
    }
    for (uint32_t h = 0; h < 3; h++) {
        char name[] = "kvm0";
        name[3] = (char)('0' + h);
        const char *own[100];
        uint32_t n = 0;
        for (uint32_t i = h; i < 200; i += 3)
            own[n++] = names[i];
        struct host host = new_host(name);
        host.storage = texts_of(own, n);
        fleet_put_host(fleet, &host);
    }
    struct columns *columns = columns_new(fleet);
    assert_int_equal(columns->hosts.storage.n_symbols, 200);
    assert_int_equal(columns->hosts.storage.words, 4);
    for (uint32_t h = 0; h < 3; h++)
        for (uint32_t i = 0; i < 200; i++) {
            assert_string_equal(columns->hosts.storage.symbol[i], names[i]);
            assert_int_equal(drover_sets_has(&columns->hosts.storage, h, i), i % 3 == h);
        }
    columns_free(columns);
    fleet_free(fleet);
}

static void an_empty_list_of_machines_is_not_known(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    const char *q35[] = {"q35"};
    struct host host = new_host("kvm1");
    fleet_put_host(fleet, &host);
    host.name = "kvm2";
    host.machines = texts_of(q35, 1);
    fleet_put_host(fleet, &host);
    struct columns *columns = columns_new(fleet);
    assert_false(columns->hosts.machines.known[0]);
    assert_true(columns->hosts.machines.known[1]);
    columns_free(columns);
    fleet_free(fleet);
}

/* ------------------------------------------------------- labels and groups */

static void labels_stand_in_order_of_key(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct pair pairs[] = {{.key = "rack", .value = "b"}, {.key = "licence", .value = "oracle"}};
    struct host host = new_host("kvm1");
    fleet_put_host(fleet, &host);
    host.name = "kvm2";
    host.labels = (struct pairs){.item = pairs, .n = 2, .known = true};
    fleet_put_host(fleet, &host);
    struct columns *columns = columns_new(fleet);
    const struct drover_labels *labels = &columns->hosts.labels;
    assert_int_equal(labels->start[1], 0);
    assert_int_equal(labels->start[2], 2);
    assert_string_equal(labels->key[0], "licence");
    assert_string_equal(labels->value[0], "oracle");
    assert_string_equal(labels->key[1], "rack");
    columns_free(columns);
    fleet_free(fleet);
}

static void groups_are_by_name_by_uuid_and_by_label(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct pair db = {.key = "role", .value = "db"}, web = {.key = "role", .value = "web"},
                other = {.key = "roles", .value = "db"};
    struct host host = new_host("kvm1");
    host.labels = (struct pairs){.item = &db, .n = 1, .known = true};
    fleet_put_host(fleet, &host);
    host = new_host("kvm2");
    fleet_put_host(fleet, &host);
    static const char *const names[] = {"v0", "v1", "v2", "v3"};
    struct pair *labels[] = {&db, &web, &other, NULL};
    for (size_t i = 0; i < 4; i++) {
        struct vm vm = new_vm(names[i], NULL);
        vm.uuid = i == 3 ? "6a1f" : NULL;
        vm.labels = (struct pairs){.item = labels[i], .n = labels[i] != NULL, .known = true};
        fleet_put_vm(fleet, &vm);
    }
    struct group group;
    field_defaults(group_fields, &group);
    const char *by_label[] = {"role=db"}, *by_key[] = {"role"},
               *members[] = {"6a1f", "v1", "gone", "v1"}, *hosts[] = {"kvm2", "gone"};
    group.name = "labelled";
    group.vm_labels = texts_of(by_label, 1);
    group.host_labels = texts_of(by_key, 1);
    fleet_put_group(fleet, &group);
    field_defaults(group_fields, &group);
    group.name = "any_role";
    group.vm_labels = texts_of(by_key, 1);
    group.vms = texts_of(members, 4);
    group.hosts = texts_of(hosts, 2);
    group.vm_rule = DROVER_RULE_NEGATIVE;
    group.vm_enforcing = true;
    group.priority = 2.5;
    fleet_put_group(fleet, &group);

    struct columns *columns = columns_new(fleet);
    const struct drover_groups *groups = &columns->groups;
    assert_int_equal(groups->n, 2);
    assert_string_equal(groups->name[0], "any_role");
    SAME(groups->priority[0], 2.5);
    assert_int_equal(groups->vm_rule[0], DROVER_RULE_NEGATIVE);
    assert_int_equal(groups->vm_rule[1], DROVER_RULE_DISABLED);
    assert_true(groups->vm_enforcing[0] && !groups->host_enforcing[0]);
    static const uint32_t any_role[] = {0, 1, 3}; /* each once; who is gone is left out */
    assert_int_equal(groups->vms.start[1], 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(groups->vms.item[i], any_role[i]);
    assert_int_equal(groups->vms.start[2], 4);
    assert_int_equal(groups->vms.item[3], 0);
    assert_int_equal(groups->hosts.start[1], 1);
    assert_int_equal(groups->hosts.item[0], 1);
    assert_int_equal(groups->hosts.item[1], 0);
    /* And the other way round: the groups of each VM. */
    static const uint32_t n_of_vm[] = {2, 1, 0, 1};
    for (uint32_t v = 0; v < 4; v++)
        assert_int_equal(columns->vms.groups.start[v + 1] - columns->vms.groups.start[v],
                         n_of_vm[v]);
    columns_free(columns);
    fleet_free(fleet);
}

static void lists_of_hosts_leave_out_those_that_are_not_there(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    fleet_put_host(fleet, &host);
    host = new_host("kvm2");
    fleet_put_host(fleet, &host);
    const char *pinned[] = {"gone", "kvm2", "kvm1", "kvm2"};
    struct vm vm = new_vm("a", NULL);
    vm.pinned_hosts = texts_of(pinned, 4);
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    assert_int_equal(columns->vms.pinned_hosts.start[1], 2);
    assert_int_equal(columns->vms.pinned_hosts.item[0], 0); /* in order of name, each once */
    assert_int_equal(columns->vms.pinned_hosts.item[1], 1);
    assert_int_equal(columns->vms.preferred_hosts.start[1], 0);
    columns_free(columns);
    fleet_free(fleet);
}

static void a_vm_that_starts_again_where_it_was_is_booked(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct host host = new_host("kvm1");
    host.memory_mib = 4096;
    fleet_put_host(fleet, &host);
    put_vm(fleet, "crashed", "kvm1", DROVER_VM_DOWN, 1024, 2);
    struct columns *columns = columns_new(fleet);
    double before = columns->hosts.memory_schedulable_mib[0];
    columns_promise(columns, 0, 0);
    SAME(columns->hosts.memory_schedulable_mib[0],
         before - 1024 - columns->vms.memory_overhead_mib[0]);
    assert_int_equal(columns->hosts.vm_pending[0], 1);
    assert_int_equal(columns->hosts.vm_leaving[0], 0);
    columns_release(columns, 0);
    SAME(columns->hosts.memory_schedulable_mib[0], before);
    columns_free(columns);
    fleet_vm(fleet, "crashed")->to = "kvm1";
    columns = columns_new(fleet);
    assert_int_equal(columns->hosts.vm_pending[0], 1);
    columns_free(columns);
    fleet_free(fleet);
}

static void parts_of_hosts_and_vms_are_listed_and_promised_pages_are_taken(void **state)
{
    (void)state;
    struct fleet *fleet = new_fleet(100);
    struct pair pages[] = {{"1048576", "4", {0, 0}}, {"2048", "600", {0, 0}}};
    struct numa_node nodes[] = {{0, 8192, NAN, "0-3,8-11"}, {1, 8192, 1000, "4-7"}};
    struct device free_device = {.kind = DROVER_DEVICE_MDEV, .id = "nvidia-11", .free = true};
    struct host host = new_host("kvm1");
    host.hugepages = (struct pairs){.item = pages, .n = 2, .known = true};
    host.numa = (struct rows){.item = nodes, .n = 2};
    host.devices = (struct rows){.item = &free_device, .n = 1};
    fleet_put_host(fleet, &host);
    double bound[] = {0, 1};
    struct vnuma_node vnode = {.memory_mib = 512, .nodes = {bound, 2}, .mode = 1};
    struct vm vm = new_vm("a", NULL);
    vm.memory_mib = 1025;
    vm.hugepages_kib = 2048;
    vm.vcpus = 2;
    vm.cpu_dedicated = true;
    vm.numa = (struct rows){.item = &vnode, .n = 1};
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    const struct drover_hosts *hosts = &columns->hosts;
    SAME(hosts->hugepages.size_kib[0], 2048);
    SAME(hosts->hugepages.free[0], 600);
    SAME(hosts->hugepages.free[1], 4);
    assert_int_equal(hosts->numa.start[1], 2);
    assert_int_equal(hosts->numa.cpus[0], 8);
    SAME(hosts->numa.memory_free_mib[0], 8192);
    SAME(hosts->numa.memory_free_mib[1], 1000);
    assert_int_equal(hosts->devices.kind[0], DROVER_DEVICE_MDEV);
    assert_int_equal(hosts->devices.free[0], 1);
    assert_int_equal(columns->vms.numa.mode[0], DROVER_NUMA_INTERLEAVE);
    assert_int_equal(columns->vms.numa.nodes.start[1], 2);
    assert_int_equal(columns->vms.numa.nodes.item[1], 1);
    assert_int_equal(columns->vms.devices.start[1], 0);
    columns_promise(columns, 0, 0);
    SAME(hosts->hugepages.free[0], 87); /* 1025 MiB are 513 pages of 2 MiB */
    SAME(hosts->hugepages.free[1], 4);
    SAME(hosts->cpus_dedicated[0], 2);
    columns_free(columns);
    fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_stands_in_order_of_name),
        cmocka_unit_test(an_empty_fleet_has_empty_columns),
        cmocka_unit_test(sums_over_the_vms_of_a_host),
        cmocka_unit_test(memory_that_may_be_handed_out),
        cmocka_unit_test(figures_that_are_given_are_not_computed),
        cmocka_unit_test(computed_free_memory_is_never_negative),
        cmocka_unit_test(a_promise_books_memory_load_and_vcpus),
        cmocka_unit_test(a_vm_on_its_way_is_booked_where_it_goes),
        cmocka_unit_test(a_vm_that_is_where_it_goes_is_not_booked_twice),
        cmocka_unit_test(ages_count_from_now_and_never_backwards),
        cmocka_unit_test(cores_or_threads_by_cluster),
        cmocka_unit_test(names_are_sets_in_order_of_name),
        cmocka_unit_test(sets_have_room_for_many_names),
        cmocka_unit_test(an_empty_list_of_machines_is_not_known),
        cmocka_unit_test(labels_stand_in_order_of_key),
        cmocka_unit_test(groups_are_by_name_by_uuid_and_by_label),
        cmocka_unit_test(lists_of_hosts_leave_out_those_that_are_not_there),
        cmocka_unit_test(a_vm_that_starts_again_where_it_was_is_booked),
        cmocka_unit_test(parts_of_hosts_and_vms_are_listed_and_promised_pages_are_taken),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
