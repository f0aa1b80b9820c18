/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fleet's records against plain arrays, through thousands of random operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/fleet.h"

#include <math.h>

static uint64_t chance_state;

/* splitmix64: 0 .. n - 1; of nothing: 0 */
static uint32_t chance_below(uint32_t n)
{
    uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n > 0 ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

static struct host new_host(const char *name)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = name;
    return host;
}

static struct vm new_vm(const char *name, const char *uuid)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.uuid = uuid;
    return vm;
}

#define NAMES 40

/* What should be in the fleet: by number of the name, its figure, or 0 where it is not there. */
struct model {
    uint32_t hosts[NAMES];
    uint32_t vms[NAMES];
};

static const char *name_of(char *text, size_t size, const char *kind, uint32_t i)
{
    snprintf(text, size, "%s%u", kind, i);
    return text;
}

static void compare(const struct fleet *fleet, const struct model *model)
{
    uint32_t n_hosts = 0, n_vms = 0;
    char text[16];
    for (uint32_t i = 0; i < NAMES; i++) {
        const struct host *host = fleet_host(fleet, name_of(text, sizeof text, "h", i));
        assert_true((host != NULL) == (model->hosts[i] != 0));
        if (host) {
            assert_string_equal(host->name, text);
            assert_float_equal(host->memory_mib, model->hosts[i], 0);
            n_hosts++;
        }
        /* Odd VMs are known by a UUID, which is "u" and their number. */
        const struct vm *vm = fleet_vm(fleet, name_of(text, sizeof text, i % 2 ? "u" : "v", i));
        assert_true((vm != NULL) == (model->vms[i] != 0));
        if (vm) {
            assert_string_equal(vm_key(vm), text);
            assert_string_equal(vm->name, name_of(text, sizeof text, "v", i));
            assert_float_equal(vm->memory_mib, model->vms[i], 0);
            n_vms++;
        }
    }
    assert_int_equal(fleet->n_hosts, n_hosts);
    assert_int_equal(fleet->n_vms, n_vms);
}

static void put_something(struct fleet *fleet, struct model *model, uint32_t i, bool is_host)
{
    char name[16], uuid[16];
    uint32_t figure = 1 + chance_below(100000);
    if (is_host) {
        struct host host = new_host(name_of(name, sizeof name, "h", i));
        host.memory_mib = figure;
        const struct host *put = fleet_put_host(fleet, &host);
        assert_ptr_equal(put, fleet_host(fleet, name));
        model->hosts[i] = figure;
    } else {
        struct vm vm = new_vm(name_of(name, sizeof name, "v", i),
                              i % 2 ? name_of(uuid, sizeof uuid, "u", i) : NULL);
        vm.memory_mib = figure;
        const struct vm *put = fleet_put_vm(fleet, &vm);
        assert_ptr_equal(put, fleet_vm(fleet, i % 2 ? uuid : name));
        model->vms[i] = figure;
    }
    memset(name, 'x', sizeof name); /* what was put is copied: the caller's texts may go */
    memset(uuid, 'x', sizeof uuid);
}

static void remove_something(struct fleet *fleet, struct model *model, uint32_t i, bool is_host)
{
    char text[16];
    if (is_host) {
        fleet_remove_host(fleet, name_of(text, sizeof text, "h", i));
        model->hosts[i] = 0;
    } else {
        fleet_remove_vm(fleet, name_of(text, sizeof text, i % 2 ? "u" : "v", i));
        model->vms[i] = 0;
    }
}

static void random_operations_agree_with_an_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        chance_state = seed;
        struct fleet *fleet = fleet_new();
        struct model model = {0};
        for (int step = 0; step < 4000; step++) {
            uint32_t i = chance_below(NAMES);
            bool is_host = chance_below(2);
            if (chance_below(2))
                put_something(fleet, &model, i, is_host);
            else
                remove_something(fleet, &model, i, is_host);
            if (step % 200 == 0)
                compare(fleet, &model);
            if (step % 1000 == 999) { /* a copy stands for the fleet, and the old one may go */
                struct fleet *copy = fleet_copy(fleet);
                assert_true(copy->arena.bytes <= fleet->arena.bytes);
                fleet_free(fleet);
                fleet = copy;
                compare(fleet, &model);
            }
        }
        compare(fleet, &model);
        fleet_free(fleet);
    }
}

static void a_copy_has_everything(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    fleet->now = 1234.5;
    const char *networks[] = {"lan", "dmz"};
    struct pair label = {.key = "rack", .value = "a"};
    struct host host = new_host("kvm1");
    host.networks = (struct texts){networks, 2, true};
    host.labels = (struct pairs){&label, 1, true};
    fleet_put_host(fleet, &host);
    struct vm vm = new_vm("web", "u-1");
    vm.host = "kvm1";
    vm.to = "kvm2";
    fleet_put_vm(fleet, &vm);
    struct group group;
    field_defaults(group_fields, &group);
    group.name = "g";
    fleet_put_group(fleet, &group);
    struct error error = ERROR_INIT;
    assert_int_equal(fleet_check(fleet, &error), 0);
    struct fleet *copy = fleet_copy(fleet);
    assert_float_equal(copy->now, 1234.5, 0);
    assert_true(field_equal(cluster_fields, fleet_cluster(fleet, "default"),
                            fleet_cluster(copy, "default")));
    assert_true(field_equal(host_fields, fleet_host(fleet, "kvm1"), fleet_host(copy, "kvm1")));
    assert_true(field_equal(vm_fields, fleet_vm(fleet, "u-1"), fleet_vm(copy, "u-1")));
    assert_string_equal(fleet_vm(copy, "u-1")->to, "kvm2");
    assert_int_equal(copy->n_groups, 1);
    fleet_free(fleet);
    assert_string_equal(fleet_host(copy, "kvm1")->networks.item[1], "dmz");
    fleet_free(copy);
}

static void pointers_stay_when_others_come_and_go(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    struct host host = new_host("keep");
    const struct host *kept = fleet_put_host(fleet, &host);
    char name[16];
    for (uint32_t i = 0; i < 300; i++) {
        host = new_host(name_of(name, sizeof name, "h", i));
        fleet_put_host(fleet, &host);
    }
    for (uint32_t i = 0; i < 300; i++)
        fleet_remove_host(fleet, name_of(name, sizeof name, "h", i));
    assert_ptr_equal(fleet_host(fleet, "keep"), kept);
    assert_int_equal(fleet->n_hosts, 1);
    fleet_free(fleet);
}

/* A record that is put from itself, or from another fleet's record, is the same afterwards. */
static void a_record_can_be_put_again(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    struct vm vm = new_vm("web", NULL);
    struct vm *put = fleet_put_vm(fleet, &vm);
    struct vm *again = fleet_put_vm(fleet, put);
    assert_ptr_equal(again, put);
    assert_string_equal(put->name, "web");
    assert_int_equal(fleet->n_vms, 1);
    fleet_free(fleet);
}

static void a_vm_is_found_by_uuid_or_by_a_name_that_is_unique(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    struct vm vm = new_vm("web", "u-1");
    fleet_put_vm(fleet, &vm);
    vm = new_vm("web", "u-2");
    fleet_put_vm(fleet, &vm);
    vm = new_vm("db", "u-3");
    fleet_put_vm(fleet, &vm);
    struct error error = ERROR_INIT;
    assert_string_equal(fleet_find_vm(fleet, "u-2", &error)->uuid, "u-2");
    assert_string_equal(fleet_find_vm(fleet, "db", &error)->uuid, "u-3");
    assert_int_equal(error.kind, ERROR_NONE);
    assert_null(fleet_vm(fleet, "db")); /* by key alone */
    assert_null(fleet_find_vm(fleet, "web", &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_string_equal(error.text,
                        "VM web: the name is not unique (u-1 and u-2 have it); give the UUID");
    error_clear(&error);
    assert_null(fleet_find_vm(fleet, "mail", &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    error_clear(&error);
    assert_null(fleet_find_host(fleet, "kvm1", &error));
    assert_string_equal(error.text, "host kvm1: there is none of this name");
    fleet_free(fleet);
}

static void checks_between_records(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct fleet *fleet = fleet_new();
    struct host host = new_host("kvm1");
    host.threads = 12;
    fleet_put_host(fleet, &host);
    assert_int_equal(fleet_check(fleet, &error), 0);
    assert_non_null(fleet_cluster(fleet, "default"));
    assert_int_equal(fleet_host(fleet, "kvm1")->cores, 12);
    struct vm vm = new_vm("web", NULL);
    vm.host = "kvm9";
    fleet_put_vm(fleet, &vm);
    assert_int_equal(fleet_check(fleet, &error), -1);
    assert_string_equal(error.text, "VM web: its host kvm9 is not among the fleet's hosts");
    error_clear(&error);
    fleet_remove_vm(fleet, "web");
    host.cluster = "east";
    fleet_put_host(fleet, &host);
    assert_int_equal(fleet_check(fleet, &error), -1);
    assert_string_equal(error.text,
                        "host kvm1: its cluster east is not among the fleet's clusters");
    assert_int_equal(error.kind, ERROR_INPUT);
    fleet_free(fleet);
}

static void clusters_and_groups_can_be_replaced_as_a_whole(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    for (int round = 0; round < 3; round++) {
        struct cluster cluster;
        struct group group;
        field_defaults(cluster_fields, &cluster);
        field_defaults(group_fields, &group);
        cluster.name = group.name = "one";
        fleet_put_cluster(fleet, &cluster);
        fleet_put_group(fleet, &group);
        cluster.name = group.name = "two";
        fleet_put_cluster(fleet, &cluster);
        fleet_put_group(fleet, &group);
        assert_int_equal(fleet->n_clusters, 2);
        assert_int_equal(fleet->n_groups, 2);
        fleet_remove_clusters(fleet);
        fleet_remove_groups(fleet);
        assert_int_equal(fleet->n_clusters + fleet->n_groups, 0);
        assert_null(fleet_cluster(fleet, "one"));
    }
    fleet_free(fleet);
}

static void texts_are_set_where_they_differ(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    struct vm vm = new_vm("web", NULL);
    struct vm *put = fleet_put_vm(fleet, &vm);
    char host[] = "kvm1";
    fleet_set_text(fleet, &put->host, host);
    host[3] = '2';
    assert_string_equal(put->host, "kvm1");
    const char *before = put->host;
    size_t bytes = fleet->arena.bytes;
    fleet_set_text(fleet, &put->host, "kvm1");
    assert_ptr_equal(put->host, before);
    assert_true(fleet->arena.bytes == bytes);
    fleet_set_text(fleet, &put->host, NULL);
    assert_null(put->host);
    fleet_free(fleet);
}

/* 64 MiB, a 512th of the memory, 8 MiB for each vCPU; or what is given. */
static void overhead_of_the_hypervisor(void **state)
{
    (void)state;
    struct vm vm = new_vm("web", NULL);
    vm.memory_mib = 4096;
    vm.vcpus = 2;
    assert_float_equal(vm_overhead_mib(&vm), 64 + 8 + 16, 1e-9);
    vm.memory_mib = 1000;
    vm.vcpus = 1;
    assert_float_equal(vm_overhead_mib(&vm), 64 + 1000 / 512.0 + 8, 1e-9);
    vm.memory_overhead_mib = 0;
    assert_float_equal(vm_overhead_mib(&vm), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_an_array),
        cmocka_unit_test(a_copy_has_everything),
        cmocka_unit_test(pointers_stay_when_others_come_and_go),
        cmocka_unit_test(a_record_can_be_put_again),
        cmocka_unit_test(a_vm_is_found_by_uuid_or_by_a_name_that_is_unique),
        cmocka_unit_test(checks_between_records),
        cmocka_unit_test(clusters_and_groups_can_be_replaced_as_a_whole),
        cmocka_unit_test(texts_are_set_where_they_differ),
        cmocka_unit_test(overhead_of_the_hypervisor),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
