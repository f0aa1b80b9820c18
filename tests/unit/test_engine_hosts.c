/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of hosts: how states follow from what is heard, and what the hook is told. */
#include "unit/engine_bench.h"

static void a_silent_host_is_connecting_then_non_responsive(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    assert_string_equal(bench_state(&bench, "kvm2"), "connecting");
    bench_lose(&bench, "kvm1", "keepalive");
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    bench_tick(&bench, 59);
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    assert_true(engine_next_wake(bench.engine) <= bench.now + 1.5);
    bench_tick(&bench, 1.5); /* half a second for the VM */
    assert_string_equal(bench_state(&bench, "kvm1"), "non_responsive");
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0); /* nothing is done about it */
    assert_non_null(fleet_vm(engine_fleet(bench.engine), "a")); /* its VMs are not forgotten */
    bench_connect(&bench, "kvm1");
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting"); /* not before it reported */
    bench_report(&bench, "kvm1", "a", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void a_host_in_maintenance_may_be_switched_off(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "maintenance");
    bench_lose(&bench, "kvm1", "eof");
    bench_tick(&bench, 3600);
    assert_string_equal(bench_state(&bench, "kvm1"), "maintenance");
    bench_free(&bench);
}

static void events_about_unknown_hosts_change_nothing(void **state)
{
    (void)state;
    struct bench bench = bench_new(1);
    bench_start(&bench);
    bench_report(&bench, "stranger", "x", NULL);
    assert_non_null(bench_notice(&bench, "host.unknown"));
    assert_null(fleet_host(engine_fleet(bench.engine), "stranger"));
    bench_sample(&bench, "stranger", 50);
    bench_runs(&bench, "stranger", "x");
    bench_gone(&bench, "stranger", "x", "shutdown");
    bench_request(&bench, "maintenance_on", "stranger", NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NOT_FOUND);
    bench_request(&bench, "dance", NULL, NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_USAGE);
    bench_free(&bench);
}

/* A network that a VM uses goes away: the host is non_operational, and its VMs leave it. */
static void a_host_that_lacks_a_network_is_left(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    for (int there = 1; there >= 0; there--) {
        struct event *event = bench_event(&bench, EVENT_HOST_REPORT, "kvm1");
        struct host host;
        field_defaults(host_fields, &host);
        host.name = "kvm1";
        const char *networks[] = {"lan", "dmz"};
        host.networks = (struct texts){.item = networks, .n = there ? 2 : 1, .known = true};
        event_add_host(event, &host);
        struct vm vm = bench_vm("a");
        vm.networks = (struct texts){.item = networks + 1, .n = 1, .known = true};
        event_add_vm(event, &vm);
        bench_take(&bench, event);
        if (there)
            assert_string_equal(bench_state(&bench, "kvm1"), "up");
    }
    assert_string_equal(bench_state(&bench, "kvm1"), "non_operational");
    assert_non_null(strstr(bench_notice(&bench, "host.state")->text, "network dmz"));
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

/* Only where both hosts, asked anew, say so; then nothing is done with the VM. */
static void a_vm_seen_twice_is_said_loudly(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_null(bench_notice(&bench, "vm.twice")); /* it may have been moved a moment ago */
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 2);
    bench_report(&bench, "kvm1", "a", NULL);
    assert_null(bench_notice(&bench, "vm.twice"));
    bench_report(&bench, "kvm2", "a", NULL);
    assert_non_null(bench_notice(&bench, "vm.twice"));
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_null(bench_notice(&bench, "vm.twice")); /* once */
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    bench_tick(&bench, 60);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_report(&bench, "kvm1", NULL); /* somebody stopped one of them */
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

/* Moved by another tool while drover looked away: the destination is heard first. */
static void a_move_that_was_missed_is_no_double(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_runs(&bench, "kvm2", "a");
    assert_null(bench_notice(&bench, "vm.twice"));
    bench_report(&bench, "kvm1", NULL);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_null(bench_notice(&bench, "vm.twice"));
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "a")->host, "kvm2");
    bench_free(&bench);
}

/* virsh migrate, seen from outside: the source says migrating, then the destination has it. */
static void somebody_elses_move_is_followed_and_respected(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm1", "a!", NULL);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    bench_runs(&bench, "kvm2", "a");
    assert_null(bench_notice(&bench, "vm.twice"));
    assert_non_null(bench_notice(&bench, "vm.moved"));
    bench_gone(&bench, "kvm1", "a", "migrated");
    const struct vm *vm = fleet_vm(engine_fleet(bench.engine), "a");
    assert_string_equal(vm->host, "kvm2");
    assert_true(vm->moved_at >= bench.now - 1); /* it rests, as after a move of ours */
    bench_free(&bench);
}

static void a_definition_left_behind_is_not_the_vm(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", "a-", NULL);
    const struct vm *vm = fleet_vm(engine_fleet(bench.engine), "a");
    assert_string_equal(vm->host, "kvm1");
    assert_int_equal(vm->state, DROVER_VM_RUNNING);
    bench_free(&bench);
}

static const struct effect *hook_asks(struct bench *bench, const char *host,
                                      const char *operation, const char *vm, double memory_mib)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, host);
    event->id = 99;
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, operation);
    event_set(event, &event->hook.object, vm ? vm : "?");
    if (vm) {
        struct vm record = bench_vm(vm);
        record.memory_mib = memory_mib;
        event_add_vm(event, &record);
    }
    bench_take(bench, event);
    return bench_effect(bench, EFFECT_HOOK_ANSWER, 0);
}

static const struct effect *ask(struct bench *bench, const char *host, const char *operation,
                                const char *vm)
{
    return hook_asks(bench, host, operation, vm, 100);
}

static void the_hook_closes_a_host_in_maintenance(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_report(&bench, "kvm1", NULL);
    bench_report(&bench, "kvm2", "a", NULL);
    bench_report(&bench, "kvm3", NULL);
    assert_true(ask(&bench, "kvm1", "start", "new")->ok);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    static const char *const closed[] = {"prepare", "start", "migrate", "restore"};
    for (int i = 0; i < 4; i++) {
        const struct effect *answer = ask(&bench, "kvm1", closed[i], "new");
        assert_int_equal(answer->request, 99);
        assert_false(answer->ok);
        assert_string_equal(answer->name, "host.closed");
        assert_non_null(strstr(answer->text, "host kvm1 is in maintenance (asked for by tester)"));
        assert_non_null(strstr(answer->text, "the best other host is kvm3"));
    }
    assert_null(fleet_vm(engine_fleet(bench.engine), "new")); /* asking leaves no trace */
    static const char *const open[] = {"reconnect", "started", "stopped", "release", "attach",
                                       "nonsense", ""};
    for (int i = 0; i < 7; i++)
        assert_true(ask(&bench, "kvm1", open[i], "new")->ok);
    assert_true(ask(&bench, "kvm2", "migrate", "new")->ok);
    assert_true(ask(&bench, "elsewhere", "start", "new")->ok); /* not a host of ours */
    assert_false(ask(&bench, "kvm1", "start", NULL)->ok); /* no XML that could be read */
    assert_false(ask(&bench, "kvm1.example.org", "start", "new")->ok);
    bench_free(&bench);
}

/* Nothing is refused where too little is known. */
static void the_hook_judges_what_others_start(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    assert_true(hook_asks(&bench, "kvm1", "start", "new", 99999)->ok); /* no report of it yet */
    bench_report(&bench, "kvm1", "off-", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    static const char *const judged[] = {"prepare", "start", "migrate", "restore"};
    static const char *const doing[] = {"start on", "start on", "migrate to", "be restored on"};
    for (int i = 0; i < 4; i++) {
        char expected[128];
        const struct effect *answer = hook_asks(&bench, "kvm1", judged[i], "new", 99999);
        assert_false(answer->ok);
        assert_string_equal(answer->name, "bench.short");
        snprintf(expected, sizeof expected, "VM new may not %s host kvm1: the host is short of "
                 "memory; no other host of its cluster takes it at the moment", doing[i]);
        assert_string_equal(answer->text, expected);
        assert_true(hook_asks(&bench, "kvm1", judged[i], "small", 100)->ok);
    }
    static const char *const not_judged[] = {"reconnect", "started", "stopped", "release",
                                             "attach"};
    for (int i = 0; i < 5; i++)
        assert_true(hook_asks(&bench, "kvm1", not_judged[i], "new", 99999)->ok);
    assert_true(ask(&bench, "kvm1", "start", NULL)->ok);     /* XML that nobody understands */
    assert_true(ask(&bench, "kvm2", "prepare", "off")->ok); /* off, and defined elsewhere */
    bench_lose(&bench, "kvm1", "io");
    assert_true(hook_asks(&bench, "kvm1", "start", "new", 99999)->ok);
    bench_free(&bench);
}

static void the_hook_starts_no_vm_twice(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "a", "moving!", "off-", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    static const char *const starts[] = {"prepare", "start", "restore"};
    for (int i = 0; i < 3; i++) {
        const struct effect *answer = ask(&bench, "kvm2", starts[i], "a");
        assert_false(answer->ok);
        assert_string_equal(answer->name, "vm.runs_elsewhere");
        assert_non_null(strstr(answer->text, "host kvm2: it runs on host kvm1 already"));
        assert_true(ask(&bench, "kvm1", starts[i], "a")->ok);
        assert_true(ask(&bench, "kvm2", starts[i], "moving")->ok);
        assert_true(ask(&bench, "kvm2", starts[i], "off")->ok);
    }
    bench_runs(&bench, "kvm3", "a"); /* now two hosts claim it: who knows? */
    assert_true(ask(&bench, "kvm2", "start", "a")->ok);
    bench_free(&bench);
}

static void the_hook_knows_what_arrives(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "a", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    /* By somebody else: its start is part of the migration that was let in, for a while. */
    assert_true(ask(&bench, "kvm2", "migrate", "a")->ok);
    assert_true(ask(&bench, "kvm2", "prepare", "a")->ok);
    assert_true(ask(&bench, "kvm2", "start", "a")->ok);
    assert_false(ask(&bench, "kvm2", "start", "b")->ok);
    bench_tick(&bench, 121);
    assert_false(ask(&bench, "kvm2", "start", "a")->ok);
    /* By drover: decided already, and not to be judged again on what it has itself promised. */
    bench_request(&bench, "migrate", NULL, "b", "kvm2");
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_true(hook_asks(&bench, "kvm2", "migrate", "b", 99999)->ok);
    assert_true(hook_asks(&bench, "kvm2", "start", "b", 99999)->ok);
    bench_free(&bench);
}

/* A host that does not answer may be off, and whoever starts its VMs may know. */
static void the_hook_does_not_hold_vms_on_silent_hosts(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    assert_false(ask(&bench, "kvm2", "start", "a")->ok);
    bench_lose(&bench, "kvm1", "io");
    assert_true(ask(&bench, "kvm2", "start", "a")->ok);
    bench_free(&bench);
}

/* Load in the policy's band for long enough moves one VM; then it rests, and nothing goes back. */
static void overload_moves_one_vm_and_then_stops(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_sample(&bench, "kvm1", 95);
    bench_sample(&bench, "kvm2", 20);
    bench_tick(&bench, 61);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0); /* not for two minutes yet */
    bench_tick(&bench, 61);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench_tick(&bench, 61);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0); /* not while something moves */
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    bench_sample(&bench, "kvm1", 40);
    bench_sample(&bench, "kvm2", 95); /* now the other one is hot: "a" would be first to go back */
    for (int i = 0; i < 20; i++) {
        bench_tick(&bench, 61);
        for (uint32_t k = 0; k < bench_count(&bench, EFFECT_MIGRATE); k++)
            assert_string_not_equal(bench_effect(&bench, EFFECT_MIGRATE, k)->vm, "a");
    }
    bench_free(&bench);
}

static void a_dip_starts_the_duration_anew(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", NULL);
    for (int i = 0; i < 20; i++) {
        bench_sample(&bench, "kvm1", i % 2 ? 50 : 95);
        bench_tick(&bench, 61);
        assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    }
    bench_free(&bench);
}

static int always_fails(void *self, const struct drover_ask *asked, const uint32_t *hosts,
                        uint32_t n, uint8_t *verdicts)
{
    (void)asked;
    (void)hosts;
    (void)n;
    (void)verdicts;
    (void)self;
    return DROVER_FAILED;
}

static void a_unit_that_fails_again_and_again_is_not_called(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    struct drover_unit broken = bench_filter_unit;
    broken.filter = always_fails;
    bench.rules->filters[0].unit = &broken;
    bench.rules->filters[0].on_error = ON_ERROR_NEUTRAL;
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm1", "a", "b", "c", "d", "e", "f", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_non_null(bench_notice(&bench, "unit.failed"));
    assert_non_null(bench_notice(&bench, "unit.breaker_open"));
    assert_true(bench.rules->filters[0].open);
    assert_true(bench_count(&bench, EFFECT_MIGRATE) > 0); /* neutral: the drain goes on */
    bench_tick(&bench, 301);
    assert_non_null(bench_notice(&bench, "unit.breaker_closed"));
    bench_free(&bench);
}

static void a_host_that_is_not_configured_any_more_is_let_go(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", "z", NULL);
    bench_request(&bench, "migrate", NULL, "a", "kvm3");
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench.n_hosts = 2;
    bench_configure(&bench);
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_null(fleet_host(engine_fleet(bench.engine), "kvm3"));
    assert_null(fleet_vm(engine_fleet(bench.engine), "z"));
    assert_non_null(fleet_vm(engine_fleet(bench.engine), "a"));
    bench_done(&bench, id, true, ""); /* late: nobody waits for it */
    bench_tick(&bench, 60);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_host_is_connecting_then_non_responsive),
        cmocka_unit_test(a_host_in_maintenance_may_be_switched_off),
        cmocka_unit_test(events_about_unknown_hosts_change_nothing),
        cmocka_unit_test(a_host_that_lacks_a_network_is_left),
        cmocka_unit_test(a_vm_seen_twice_is_said_loudly),
        cmocka_unit_test(a_move_that_was_missed_is_no_double),
        cmocka_unit_test(somebody_elses_move_is_followed_and_respected),
        cmocka_unit_test(a_definition_left_behind_is_not_the_vm),
        cmocka_unit_test(the_hook_closes_a_host_in_maintenance),
        cmocka_unit_test(the_hook_judges_what_others_start),
        cmocka_unit_test(the_hook_starts_no_vm_twice),
        cmocka_unit_test(the_hook_knows_what_arrives),
        cmocka_unit_test(the_hook_does_not_hold_vms_on_silent_hosts),
        cmocka_unit_test(overload_moves_one_vm_and_then_stops),
        cmocka_unit_test(a_dip_starts_the_duration_anew),
        cmocka_unit_test(a_unit_that_fails_again_and_again_is_not_called),
        cmocka_unit_test(a_host_that_is_not_configured_any_more_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
