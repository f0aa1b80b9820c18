/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns that were kept while VMs moved are those that would be made anew of the fleet as it is
 * then, to the last bit: over fleets by chance, with VMs promised, arrived, and on their way.
 */
#include "unit/decide_bench.h"

#include <math.h>

#define HOSTS 7
#define VMS 40
#define FLEETS 400
#define MOVES 25

static void put_host(struct fleet *fleet, struct chance *chance, uint32_t i)
{
    char name[16], pages[16];
    snprintf(name, sizeof name, "h%u", i);
    snprintf(pages, sizeof pages, "%u", 200000 + chance_below(chance, 200)); /* for all */
    struct pair sizes[] = {{.key = "2048", .value = pages}, {.key = "1048576", .value = "64"}};
    struct host host = bench_host(name);
    host.cluster = "west";
    host.threads = 1 + chance_below(chance, 64);
    host.memory_mib = 4096 + 1000.5 * chance_below(chance, 100);
    host.memory_pending_mib = chance_one_in(chance, 3) ? 123.25 : 0;
    host.memory_free_mib = chance_one_in(chance, 2) ? 777.75 * chance_below(chance, 50) : NAN;
    host.memory_committed_mib = chance_one_in(chance, 4) ? 333.3 * chance_below(chance, 90) : NAN;
    host.cpu_usage_pct = chance_one_in(chance, 4) ? NAN : chance_below(chance, 101);
    host.hugepages = (struct pairs){.item = sizes, .n = chance_below(chance, 3), .known = true};
    fleet_put_host(fleet, &host);
}

static void put_vm(struct fleet *fleet, struct chance *chance, uint32_t i)
{
    char name[16], where[16], to[16];
    snprintf(name, sizeof name, "v%02u", i);
    snprintf(where, sizeof where, "h%u", chance_below(chance, HOSTS));
    snprintf(to, sizeof to, "h%u", chance_below(chance, HOSTS));
    struct vm vm = bench_vm(name, chance_one_in(chance, 10) ? NULL : where);
    vm.to = chance_one_in(chance, 8) ? to : NULL;
    vm.state = chance_one_in(chance, 6) ? DROVER_VM_DOWN : DROVER_VM_RUNNING;
    vm.vcpus = 1 + chance_below(chance, 9);
    vm.memory_mib = 100.7 * (1 + chance_below(chance, 60));
    vm.memory_overhead_mib = NAN;
    vm.cpu_usage_pct = chance_one_in(chance, 4) ? NAN : chance_below(chance, 101) / 3.0;
    vm.hugepages_kib = chance_one_in(chance, 4) ? 2048 : 0;
    vm.cpu_dedicated = chance_one_in(chance, 5);
    vm.moved_at = chance_one_in(chance, 2) ? 999000 : NAN;
    fleet_put_vm(fleet, &vm);
}

static struct fleet *any_fleet(struct chance *chance)
{
    struct fleet *fleet = fleet_new();
    fleet->now = 1000000;
    bench_put_cluster(fleet, "west");
    for (uint32_t i = 0; i < HOSTS; i++)
        put_host(fleet, chance, i);
    for (uint32_t i = 0; i < VMS; i++)
        put_vm(fleet, chance, i);
    return fleet;
}

#define SAME(part, column, n)                                                                      \
    assert_memory_equal(kept->part.column, anew->part.column, (n) * sizeof *kept->part.column)

static void expect_same(const struct columns *kept, const struct columns *anew)
{
    SAME(hosts, cpu_usage_pct, HOSTS);
    SAME(hosts, cpu_pending, HOSTS);
    SAME(hosts, vcpus, HOSTS);
    SAME(hosts, largest_vcpus, HOSTS);
    SAME(hosts, largest_shared_vcpus, HOSTS);
    SAME(hosts, ha_memory_mib, HOSTS);
    SAME(hosts, largest_ha_mib, HOSTS);
    SAME(hosts, memory_free_mib, HOSTS);
    SAME(hosts, memory_committed_mib, HOSTS);
    SAME(hosts, memory_pending_mib, HOSTS);
    SAME(hosts, memory_schedulable_mib, HOSTS);
    SAME(hosts, vm_count, HOSTS);
    SAME(hosts, vm_pending, HOSTS);
    SAME(hosts, vm_leaving, HOSTS);
    SAME(hosts, cpus_dedicated, HOSTS);
    SAME(hosts, vms.start, HOSTS + 1);
    SAME(hosts, vms.item, kept->hosts.vms.start[HOSTS]);
    SAME(hosts, hugepages.free, kept->hosts.hugepages.start[HOSTS]);
    SAME(vms, host, VMS);
    SAME(vms, to, VMS);
    SAME(vms, cluster, VMS);
    SAME(vms, moved_s, VMS);
}

static void kept_columns_are_those_made_anew(void **state)
{
    (void)state;
    struct chance chance = {21};
    uint32_t moved = 0;
    for (int round = 0; round < FLEETS; round++) {
        struct fleet *fleet = any_fleet(&chance);
        struct columns *kept = columns_new(fleet);
        struct fleet *then = fleet_copy(fleet);
        for (int i = 0; i < MOVES; i++) {
            uint32_t vm = chance_below(&chance, VMS), to = chance_below(&chance, HOSTS);
            if (kept->vms.host[vm] == DROVER_NONE || kept->vms.host[vm] == to)
                continue;
            if (kept->vms.to[vm] == DROVER_NONE && chance_one_in(&chance, 2))
                columns_promise(kept, vm, to);
            if (kept->vms.to[vm] != DROVER_NONE)
                to = kept->vms.to[vm];
            columns_arrive(kept, vm, to);
            if (kept->vms.host[vm] != to || kept->vms.to[vm] != DROVER_NONE)
                continue; /* it was on its way to where it is */
            fleet_move_vm(then, vm_key(kept->vm_record[vm]), kept->hosts.name[to]);
            moved++;
            struct columns *anew = columns_new(then);
            expect_same(kept, anew);
            columns_free(anew);
        }
        columns_free(kept);
        fleet_free(then);
        fleet_free(fleet);
    }
    assert_true(moved > 4000);
}

/* A host dies: the columns are those of a fleet in which it has died. */
static void a_host_that_fails_takes_its_vms_along(void **state)
{
    (void)state;
    struct chance chance = {22};
    for (int round = 0; round < FLEETS; round++) {
        struct fleet *fleet = any_fleet(&chance);
        struct columns *kept = columns_new(fleet);
        uint32_t dead = chance_below(&chance, HOSTS);
        const char *name = kept->hosts.name[dead];
        columns_fail(kept, dead);
        fleet_host(fleet, name)->state = DROVER_HOST_DOWN;
        for (uint32_t i = 0; i < fleet->n_vms; i++) {
            struct vm *vm = fleet->vms[i];
            bool here = vm->host && strcmp(vm->host, name) == 0;
            if (!(here && vm->state == DROVER_VM_DOWN) &&
                (here || (vm->to && strcmp(vm->to, name) == 0)))
                vm->to = NULL;
            if (here && vm->state != DROVER_VM_DOWN) {
                vm->state = DROVER_VM_DOWN;
                vm->lost = true;
            }
        }
        struct columns *anew = columns_new(fleet);
        SAME(hosts, state, HOSTS);
        SAME(vms, state, VMS);
        SAME(vms, lost, VMS);
        expect_same(kept, anew);
        columns_free(anew);
        columns_free(kept);
        fleet_free(fleet);
    }
}

static void a_vm_that_is_nowhere_does_not_arrive(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_new();
    bench_put_cluster(fleet, "west");
    struct host host = bench_host("h0");
    host.cluster = "west";
    fleet_put_host(fleet, &host);
    struct vm vm = bench_vm("lost", NULL);
    fleet_put_vm(fleet, &vm);
    struct columns *columns = columns_new(fleet);
    columns_arrive(columns, 0, 0);
    assert_int_equal(columns->vms.host[0], DROVER_NONE);
    assert_int_equal(columns->hosts.vm_count[0], 0);
    columns_free(columns);
    fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_columns_are_those_made_anew),
        cmocka_unit_test(a_host_that_fails_takes_its_vms_along),
        cmocka_unit_test(a_vm_that_is_nowhere_does_not_arrive),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
