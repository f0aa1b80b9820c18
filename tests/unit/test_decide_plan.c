/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: what a drain promises. */
#include "unit/plan_bench.h"

static struct plan *drain(struct scene *scene, const char *host)
{
    return plan_drain(scene->columns, &scene->rules->all, host_index(scene, host));
}

/* ------------------------------------------------------------------ drain */

static void a_drain_promises_what_it_places(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 16384);
    put_host(&scene, "b", 16384);
    put_host(&scene, "c", 16384);
    for (int i = 0; i < 4; i++) {
        char name[] = "vm0";
        name[2] = (char)('0' + i);
        put_vm(&scene, name, "a", 2048);
    }
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 4);
    assert_string_equal(plan->idle, "");
    for (uint32_t i = 0; i < 4; i++) { /* by the count of VMs: b, c, b, c */
        assert_string_equal(bench_move(plan, i)->to, i % 2 ? "c" : "b");
        assert_string_equal(bench_move(plan, i)->from, "a");
        assert_string_equal(bench_move(plan, i)->reason, "host a is to be emptied");
    }
    for (const char *name = "b"; name; name = *name == 'b' ? "c" : NULL) {
        uint32_t h = host_index(&scene, name);
        assert_float_equal(scene.columns->hosts.memory_pending_mib[h], 4096, 0);
        assert_float_equal(scene.columns->hosts.memory_schedulable_mib[h], 16384 - 4096, 0);
        assert_float_equal(scene.columns->hosts.cpu_pending[h], 100, 0);
        assert_float_equal(scene.columns->hosts.vcpus[h], 4, 0);
        assert_float_equal(scene.columns->hosts.largest_vcpus[h], 2, 0);
        assert_int_equal(scene.columns->hosts.vm_pending[h], 2);
    }
    plan_free(plan);
    end(&scene);
}

static void a_drain_leaves_by_priority_then_name(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 65536);
    static const struct {
        const char *name;
        double priority;
    } vms[] = {{"m", 1}, {"k", 50}, {"z", 99.5}, {"c", 50}, {"a", 0}, {"y", 100}};
    for (size_t i = 0; i < sizeof vms / sizeof *vms; i++) {
        put_vm(&scene, vms[i].name, "a", 1024);
        vm_of(&scene, vms[i].name)->priority = vms[i].priority;
    }
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    static const char *const order[] = {"y", "z", "c", "k", "m", "a"};
    assert_int_equal(plan->moves.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(bench_move(plan, i)->vm, order[i]);
    plan_free(plan);
    end(&scene);
}

static void a_drain_tells_who_stays_and_why(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 4096);
    put_host(&scene, "c", 4096);
    put_vm(&scene, "big", "a", 8192);
    put_vm(&scene, "down", "a", 1024);
    vm_of(&scene, "down")->state = DROVER_VM_DOWN;
    put_vm(&scene, "leaving", "a", 1024);
    vm_of(&scene, "leaving")->to = "b";
    put_vm(&scene, "pinned", "a", 1024);
    vm_of(&scene, "pinned")->migratable = DROVER_MIGRATABLE_NO;
    put_vm(&scene, "small", "a", 1024);
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 1);
    assert_string_equal(bench_move(plan, 0)->vm, "small");
    assert_string_equal(bench_move(plan, 0)->to, "c"); /* one is on its way to b already */
    assert_int_equal(plan->unplaced.n, 2);
    assert_string_equal(bench_unplaced(plan, 0)->vm, "big");
    assert_string_equal(bench_unplaced(plan, 0)->code, "room.short");
    assert_string_equal(bench_unplaced(plan, 0)->reason,
                        "none of 2 hosts takes it; room refuses it on b: needs 8,192 MiB, has "
                        "3,072; 5,120 short");
    assert_int_equal(bench_unplaced(plan, 0)->hosts.n, 2);
    assert_string_equal(bench_unplaced(plan, 1)->vm, "pinned");
    assert_string_equal(bench_unplaced(plan, 1)->code, "pinned");
    plan_free(plan);
    end(&scene);
}

static void a_drain_of_nothing_says_so(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 4096);
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n + plan->unplaced.n, 0);
    assert_string_equal(plan->idle, "host a has no VM to move");
    plan_free(plan);
    end(&scene);
}

static void without_a_policy_nothing_is_placed(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 4096);
    put_host(&scene, "b", 4096);
    put_vm(&scene, "web", "a", 1024);
    ready(&scene);
    scene.rules->by_cluster[0] = NULL;
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 0);
    assert_string_equal(bench_unplaced(plan, 0)->code, "policy.none");
    plan_free(plan);
    struct error error = ERROR_INIT;
    assert_null(explain_vm(scene.columns, &scene.rules->all, 0, DROVER_NONE, &error));
    assert_int_equal(error.kind, ERROR_FAILED);
    assert_string_equal(error.text, "VM web: its cluster has no policy that could be loaded");
    end(&scene);
}

static void the_same_failure_is_told_once_and_counted(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 65536);
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "vm%02d", i);
        put_vm(&scene, name, "a", 1024);
    }
    ready(&scene);
    struct told told = {.every = 2, .words = "odd ones only"};
    bench_add_filter(scene.rules, &bench_told_filter_unit, &told);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 10);
    assert_int_equal(plan->unplaced.n, 10);
    assert_int_equal(plan->failures.n, 1);
    assert_int_equal(bench_failure(&plan->failures, 0)->times, 10);
    assert_string_equal(bench_failure(&plan->failures, 0)->error, "odd ones only");
    plan_free(plan);
    end(&scene);
}

static void the_band_of_load_includes_its_bounds(void **state)
{
    (void)state;
    struct ruleset rules = {.parameters = {.high_utilization = 80, .low_utilization = 20}};
    static const struct {
        double usage;
        bool out;
    } cases[] = {{0, true}, {20, true}, {20.01, false}, {50, false}, {79, false},
                 {79.01, true}, {80, true}, {100, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(load_is_out_of_band(&rules, cases[i].usage), cases[i].out);
    assert_false(load_is_out_of_band(&rules, NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_promises_what_it_places),
        cmocka_unit_test(a_drain_leaves_by_priority_then_name),
        cmocka_unit_test(a_drain_tells_who_stays_and_why),
        cmocka_unit_test(a_drain_of_nothing_says_so),
        cmocka_unit_test(without_a_policy_nothing_is_placed),
        cmocka_unit_test(the_same_failure_is_told_once_and_counted),
        cmocka_unit_test(the_band_of_load_includes_its_bounds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
