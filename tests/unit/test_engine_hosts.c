/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of hosts: how states follow from what is heard. */
#include "unit/engine_failure.h"

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

/* What kvm1 has, and what its VM "a" uses; NULL: nothing of which is known. */
struct places {
    const char *networks[3], *storage[3];
    const char *vm_network, *vm_storage;
};

static struct texts texts_of(const char **names)
{
    uint32_t n = 0;
    while (n < 3 && names[n])
        n++;
    return (struct texts){.item = names, .n = n, .known = n > 0};
}

static void report_places(struct bench *bench, struct places places)
{
    struct event *event = bench_event(bench, EVENT_HOST_REPORT, "kvm1");
    struct host host;
    field_defaults(host_fields, &host);
    host.name = "kvm1";
    host.networks = texts_of(places.networks);
    host.storage = texts_of(places.storage);
    event_add_host(event, &host);
    struct vm vm = bench_vm("a");
    vm.networks = (struct texts){.item = &places.vm_network, .n = places.vm_network != NULL,
                                 .known = true};
    vm.storage = (struct texts){.item = &places.vm_storage, .n = places.vm_storage != NULL,
                                .known = true};
    if (places.vm_network || places.vm_storage)
        event_add_vm(event, &vm);
    bench_take(bench, event);
}

static void state_is(const struct bench *bench, const char *expected)
{
    assert_string_equal(bench_state(bench, "kvm1"), expected);
}

/* A network that a VM uses goes away: the host is non_operational, and its VMs leave it. */
static void a_host_that_lacks_a_network_is_left(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    report_places(&bench, (struct places){.networks = {"lan", "dmz"}, .vm_network = "dmz"});
    state_is(&bench, "up");
    report_places(&bench, (struct places){.networks = {"lan"}, .vm_network = "dmz"});
    state_is(&bench, "non_operational");
    assert_non_null(strstr(bench_notice(&bench, "host.state")->text, "network dmz"));
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

/* The VM runs there, so its disk is there: nobody has to make a pool of the directory. */
static void a_disk_outside_all_pools_is_no_lack(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    for (int i = 0; i < 2; i++) {
        report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"fast", "/srv/fast"},
                                              .vm_network = "br7", .vm_storage = "/data/images"});
        state_is(&bench, "up");
    }
    report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"fast"},
                                          .vm_storage = "/data/images"});
    state_is(&bench, "up"); /* a pool is gone, but not one that it used */
    bench_runs(&bench, "kvm1", "b");
    state_is(&bench, "up");
    bench_free(&bench);
}

/* A pool in which a disk lies goes away, and comes back; what is not known meanwhile is not gone. */
static void a_pool_that_goes_away_is_a_lack(void **state)
{
    (void)state;
    const char *place = "/srv/fast";
    struct bench bench = bench_new(2);
    bench_start(&bench);
    report_places(&bench, (struct places){.storage = {"slow", "fast", place}, .vm_storage = place});
    state_is(&bench, "up");
    report_places(&bench, (struct places){.vm_storage = place});
    state_is(&bench, "up"); /* its libvirt cannot tell */
    report_places(&bench, (struct places){.storage = {"slow"}, .vm_storage = place});
    state_is(&bench, "non_operational");
    assert_non_null(strstr(bench_notice(&bench, "host.state")->text,
                           "storage /srv/fast, which VM a uses, is gone"));
    report_places(&bench, (struct places){.storage = {"slow"}, .vm_storage = place});
    state_is(&bench, "non_operational");
    report_places(&bench, (struct places){.storage = {"slow", place}, .vm_storage = place});
    state_is(&bench, "up");
    report_places(&bench, (struct places){.storage = {"slow"}});
    state_is(&bench, "up"); /* nobody uses it */
    report_places(&bench, (struct places){.storage = {"slow"}, .vm_storage = place});
    state_is(&bench, "up"); /* whoever starts there now has it without a pool */
    bench_free(&bench);
}

/* A disk that names its pool cannot have been opened without it. */
static void a_pool_that_a_disk_names_must_be_there(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    report_places(&bench, (struct places){.storage = {"slow"}, .vm_storage = "fast"});
    state_is(&bench, "non_operational");
    report_places(&bench, (struct places){.storage = {"slow", "fast"}, .vm_storage = "fast"});
    state_is(&bench, "up");
    bench_free(&bench);
}

/* droverd is restarted meanwhile, and has not seen that pool itself. */
static void a_lack_is_known_after_a_restart(void **state)
{
    (void)state;
    const char *place = "/srv/fast";
    struct memory memory = {0};
    struct bench bench = bench_new(2);
    bench_start(&bench);
    report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"slow", place},
                                          .vm_network = "lan", .vm_storage = place});
    report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"slow"},
                                          .vm_network = "lan", .vm_storage = place});
    memorize(&memory, &bench);
    bench_free(&bench);
    bench = reborn(&memory, 2000);
    bench_connect(&bench, "kvm1");
    report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"slow"},
                                          .vm_network = "lan", .vm_storage = place});
    state_is(&bench, "non_operational");
    assert_int_equal(bench_count(&bench, EFFECT_FORGET), 0);
    report_places(&bench, (struct places){.networks = {"lan"}, .storage = {"slow", place},
                                          .vm_network = "lan", .vm_storage = place});
    state_is(&bench, "up");
    assert_string_equal(bench_effect(&bench, EFFECT_FORGET, 0)->name, "lost/kvm1");
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
    struct bench bench = bench_up(2, "a", NULL);
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

/* Load in the policy's band for long enough moves one VM; then it rests, and nothing goes back. */
static void overload_moves_one_vm_and_then_stops(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a", "b", NULL);
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
    struct bench bench = bench_up(2, "a", NULL);
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

static bool warns_of_autostart(struct bench *bench, const char *host, const char *name, bool on)
{
    struct event *event = bench_event(bench, EVENT_VM_CHANGED, host);
    struct vm vm = bench_vm(name);
    vm.autostart = on;
    event_add_vm(event, &vm);
    bench_take(bench, event);
    return bench_notice(bench, "vm.autostart") != NULL;
}

static void a_vm_that_two_would_start_is_said_once_for_each_host(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "ha9", "web", NULL);
    assert_false(warns_of_autostart(&bench, "kvm1", "web", true)); /* drover starts it nowhere */
    assert_false(warns_of_autostart(&bench, "kvm1", "ha9", false));
    assert_true(warns_of_autostart(&bench, "kvm1", "ha9", true));
    assert_false(warns_of_autostart(&bench, "kvm1", "ha9", true));
    assert_false(warns_of_autostart(&bench, "kvm1", "ha9", false));
    assert_true(warns_of_autostart(&bench, "kvm1", "ha9", true));
    bench_gone(&bench, "kvm1", "ha9", "migrated");
    assert_true(warns_of_autostart(&bench, "kvm2", "ha9", true));
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
        cmocka_unit_test(a_disk_outside_all_pools_is_no_lack),
        cmocka_unit_test(a_pool_that_goes_away_is_a_lack),
        cmocka_unit_test(a_pool_that_a_disk_names_must_be_there),
        cmocka_unit_test(a_lack_is_known_after_a_restart),
        cmocka_unit_test(a_vm_seen_twice_is_said_loudly),
        cmocka_unit_test(a_move_that_was_missed_is_no_double),
        cmocka_unit_test(somebody_elses_move_is_followed_and_respected),
        cmocka_unit_test(a_definition_left_behind_is_not_the_vm),
        cmocka_unit_test(overload_moves_one_vm_and_then_stops),
        cmocka_unit_test(a_dip_starts_the_duration_anew),
        cmocka_unit_test(a_unit_that_fails_again_and_again_is_not_called),
        cmocka_unit_test(a_host_that_is_not_configured_any_more_is_let_go),
        cmocka_unit_test(a_vm_that_two_would_start_is_said_once_for_each_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
