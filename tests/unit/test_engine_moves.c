/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of single moves: convergence, abort, and what is remembered over a restart. */
#include "unit/engine_bench.h"

static struct bench two_hosts(void)
{
    struct bench bench = bench_up(3, "a", "b", NULL);
    return bench;
}

static uint64_t start_move(struct bench *bench, const char *vm, const char *to)
{
    bench_request(bench, "migrate", NULL, vm, to);
    const struct effect *order = bench_effect(bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    return order->move;
}

/* The ladder: 150 ms after 1 walk more than the first full one, 200 after 2, the end after 4. */
static void the_schedule_is_followed(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "preparing");
    bench_progress(&bench, id, 1);
    assert_string_equal(bench_migration_state(&bench, id), "running");
    bench_progress(&bench, id, 2);
    assert_int_equal(bench_count(&bench, EFFECT_SET_DOWNTIME), 0);
    bench_progress(&bench, id, 3);
    assert_int_equal((int)bench_effect(&bench, EFFECT_SET_DOWNTIME, 0)->number, 150);
    bench_progress(&bench, id, 3); /* the same walk again: nothing new */
    assert_int_equal(bench_count(&bench, EFFECT_SET_DOWNTIME), 0);
    bench_progress(&bench, id, 8); /* all within a second: the pause has not been tried yet */
    assert_int_equal(bench_count(&bench, EFFECT_SET_DOWNTIME), 0);
    bench_tick(&bench, 1);
    bench_progress(&bench, id, 8); /* walks were missed: one step at a time */
    assert_int_equal((int)bench_effect(&bench, EFFECT_SET_DOWNTIME, 0)->number, 200);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 0);
    bench_tick(&bench, 1);
    bench_progress(&bench, id, 10);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 1);
    bench_progress(&bench, id, 11);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 0); /* once */
    bench_done(&bench, id, false, "aborted");
    bench_report(&bench, "kvm1", "a", "b", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "aborted");
    bench_free(&bench);
}

static void an_abort_is_refused_when_it_is_too_late(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", NULL);
    struct event *postcopy = bench_event(&bench, EVENT_MIGRATION_PROGRESS, NULL);
    postcopy->id = id;
    postcopy->progress.postcopy = true;
    bench_take(&bench, postcopy);
    assert_string_equal(bench_migration_state(&bench, id), "post_migrating");
    bench_request(&bench, "abort", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 0);
    bench_free(&bench);
}

static void an_abort_ends_it_and_leaves_the_vm(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", NULL);
    bench_request(&bench, "abort", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    assert_int_equal(bench_effect(&bench, EFFECT_ABORT, 0)->move, id);
    bench_done(&bench, id, false, "operation aborted");
    bench_report(&bench, "kvm1", "a", "b", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "aborted");
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_free(&bench);
}

/* The abort was too late: the VM is there, and that is what counts. */
static void an_abort_that_lost_the_race_is_a_completed_move(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_request(&bench, "abort", NULL, "a", NULL);
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

static void the_guest_may_end_while_it_moves(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_gone(&bench, "kvm1", "a", "shutdown");
    bench_done(&bench, id, false, "domain is not running");
    bench_report(&bench, "kvm1", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_null(bench_notice(&bench, "vm.lost")); /* it ended; it is not lost */
    bench_free(&bench);
}

/* "ha5" goes from kvm1 to kvm2 when its QEMU there is killed. */
static uint64_t start_and_kill(struct bench *bench)
{
    *bench = bench_new(3);
    bench_start(bench);
    bench_report(bench, "kvm2", NULL);
    bench_report(bench, "kvm3", NULL);
    bench_report(bench, "kvm1", "ha5", "b", NULL);
    uint64_t id = start_move(bench, "ha5", "kvm2");
    bench_gone(bench, "kvm1", "ha5", "failed");
    bench_done(bench, id, false, "domain is not running");
    return id;
}

/* How long it takes until nobody is waited for any more; then what was ordered. */
static const struct effect *wait_for_start(struct bench *bench)
{
    for (int i = 0; i < 20; i++) {
        bench_report(bench, "kvm1", "b", NULL);
        bench_report(bench, "kvm2", NULL);
        bench_report(bench, "kvm3", NULL);
        assert_null(bench_notice(bench, "vm.lost"));
        const struct effect *start = bench_effect(bench, EFFECT_START, 0);
        if (start)
            return start;
        bench_tick(bench, 5);
        start = bench_effect(bench, EFFECT_START, 0);
        if (start)
            return start;
    }
    return NULL;
}

static void one_whose_hypervisor_dies_on_its_way_is_restarted(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t id = start_and_kill(&bench);
    double at = bench.now;
    const struct effect *start = wait_for_start(&bench);
    assert_non_null(start);
    assert_string_equal(start->vm, "ha5");
    assert_true(bench.now - at >= 60); /* the destination might have shown it until then */
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    bench_free(&bench);
}

static void one_that_has_arrived_by_then_is_not(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t id = start_and_kill(&bench);
    bench_report(&bench, "kvm1", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_tick(&bench, 30);
    bench_runs(&bench, "kvm2", "ha5");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    for (int i = 0; i < 20; i++) {
        bench_tick(&bench, 5);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    }
    bench_free(&bench);
}

/* Two hosts speak at different moments: one report of each proves nothing. */
static void a_vm_that_neither_host_shows_is_looked_for(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_gone(&bench, "kvm1", "a", "migrated");
    bench_done(&bench, id, true, ""); /* what the destination said of it was lost */
    bench_tick(&bench, 11);
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 2);
    bench_report(&bench, "kvm1", "b", NULL);
    bench_report(&bench, "kvm2", NULL); /* read before the VM arrived */
    assert_null(bench_notice(&bench, "vm.lost"));
    assert_string_equal(bench_migration_state(&bench, id), "post_migrating");
    bench_tick(&bench, 11);
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 2);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

/* Its host lost power under it, and is back: the VM is off, and everybody knows where. */
static void a_vm_that_is_off_is_not_lost(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_lose(&bench, "kvm1", "keepalive");
    bench_connect(&bench, "kvm1");
    bench_done(&bench, id, false, "the guest was not seen since");
    for (int i = 0; i < 8; i++) {
        bench_report(&bench, "kvm1", "a-", "b", NULL);
        assert_null(bench_notice(&bench, "vm.lost"));
        bench_report(&bench, "kvm2", NULL);
        assert_null(bench_notice(&bench, "vm.lost"));
        bench_tick(&bench, 11);
        assert_null(bench_notice(&bench, "vm.lost"));
    }
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_non_null(fleet_vm(engine_fleet(bench.engine), "a"));
    bench_free(&bench);
}

/* A report that was read before it came takes it out of sight; it has moved all the same. */
static void a_vm_out_of_sight_rests_too(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_runs(&bench, "kvm2", "a");
    bench_report(&bench, "kvm2", NULL);
    bench_gone(&bench, "kvm1", "a", "migrated");
    double at = bench.now;
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_tick(&bench, 5);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_float_equal(fleet_vm(engine_fleet(bench.engine), "a")->moved_at, at, 2);
    bench_free(&bench);
}

/* Somebody was faster, so our call is refused; the VM ends where he wanted it. */
static void a_vm_taken_elsewhere_is_not_lost(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_done(&bench, id, false, "another migration job is already running");
    bench_report(&bench, "kvm1", "a!", "b", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_WATCH), 1);
    bench_runs(&bench, "kvm3", "a");
    bench_gone(&bench, "kvm1", "a", "migrated");
    bench_done(&bench, id, false, "it is on kvm3 now");
    assert_null(bench_notice(&bench, "vm.lost"));
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "a")->host, "kvm3");
    bench_free(&bench);
}

static void said_twice_counts_once(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    bench_done(&bench, id, false, "late and wrong");
    bench_runs(&bench, "kvm2", "a");
    bench_gone(&bench, "kvm1", "a", "migrated");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "a")->host, "kvm2");
    bench_free(&bench);
}

/* A call's end that is heard twice, or late, is not the end of the next try. */
static void the_end_of_an_earlier_try_is_not_that_of_this_one(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "a", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    for (int i = 0; i < 2; i++) {
        struct event *event = bench_event(&bench, EVENT_MIGRATION_DONE, NULL);
        event->id = id;
        event_set(event, &event->to, "kvm2");
        event_set(event, &event->text, "no such disk");
        bench_take(&bench, event);
        bench_report(&bench, "kvm1", "a", NULL);
        bench_tick(&bench, i == 0 ? 11 : 0);
        assert_string_equal(bench_migration_state(&bench, id), "preparing");
        assert_string_equal(bench_migration(&bench, id)->to, "kvm3");
    }
    bench_done(&bench, id, false, "no such disk");
    bench_report(&bench, "kvm1", "a", NULL);
    assert_string_not_equal(bench_migration_state(&bench, id), "preparing");
    bench_free(&bench);
}

static void a_refused_destination_is_named(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    const struct effect *answer = bench_effect(&bench, EFFECT_ANSWER, 0);
    assert_int_equal(answer->status, ERROR_REFUSED);
    assert_non_null(strstr(answer->text, "the host is not up"));
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_free(&bench);
}

/* What was read before the call failed says nothing of how it stands after that. */
static void a_report_that_was_read_before_settles_nothing(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench.now += 10;
    bench_done(&bench, id, false, "connection reset");
    bench.now -= 3; /* a slow host: reading began before that */
    bench_report(&bench, "kvm1", "a", "b", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "preparing");
    bench.now += 5;
    bench_report(&bench, "kvm1", "a!", "b", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_WATCH, 0)->move, id);
    bench_free(&bench);
}

/* --------------------------------------------------------------- restarts */

#define MEMORY_MAX 64

struct memory {
    char name[MEMORY_MAX][80];
    char value[MEMORY_MAX][1024];
    uint32_t n;
};

/* What the journal would hold after these effects. */
static void memorise(struct memory *memory, const struct effects *effects)
{
    for (uint32_t i = 0; i < effects->n; i++) {
        const struct effect *effect = &effects->item[i];
        if (effect->kind != EFFECT_REMEMBER && effect->kind != EFFECT_FORGET)
            continue;
        uint32_t at = 0;
        while (at < memory->n && strcmp(memory->name[at], effect->name) != 0)
            at++;
        if (effect->kind == EFFECT_REMEMBER) {
            assert_true(at < MEMORY_MAX);
            memory->n += at == memory->n;
            snprintf(memory->name[at], sizeof memory->name[at], "%s", effect->name);
            snprintf(memory->value[at], sizeof memory->value[at], "%s", effect->value);
        } else if (at < memory->n) {
            memory->n--;
            memcpy(memory->name[at], memory->name[memory->n], sizeof memory->name[at]);
            memcpy(memory->value[at], memory->value[memory->n], sizeof memory->value[at]);
        }
    }
}

/* droverd dies at once; another one starts with what was remembered. */
static void restart(struct bench *bench, const struct memory *memory)
{
    engine_free(bench->engine);
    bench->engine = engine_new();
    bench->now += 5;
    bench_configure(bench);
    for (uint32_t i = 0; i < memory->n; i++) {
        struct event *event = bench_event(bench, EVENT_RECALLED, NULL);
        event_set(event, &event->name, memory->name[i]);
        event_set(event, &event->text, memory->value[i]);
        bench_take(bench, event);
    }
    struct event *started = bench_event(bench, EVENT_STARTED, NULL);
    started->id = 100000;
    bench_take(bench, started);
}

/* In mid-drain: one VM has arrived, one still migrates, one is where it was. */
static void a_drain_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    struct memory memory = {.n = 0};
    bench_report(&bench, "kvm1", "a", "b", "c", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    memorise(&memory, &bench.effects);
    uint64_t first = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    uint64_t second = bench_effect(&bench, EFFECT_MIGRATE, 1)->move;
    char to[8];
    snprintf(to, sizeof to, "%s", bench_effect(&bench, EFFECT_MIGRATE, 0)->to);

    restart(&bench, &memory);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0); /* nothing before the hosts speak */
    assert_null(bench_notice(&bench, "migration.ended"));     /* and nothing given up */
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "b!", "c", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_WATCH, 0)->move, second);
    assert_string_equal(bench_migration_state(&bench, first), "preparing"); /* not known yet */
    bench_connect(&bench, to);
    bench_report(&bench, to, "a", NULL);
    assert_string_equal(bench_migration_state(&bench, first), "completed");
    const char *other = strcmp(to, "kvm2") == 0 ? "kvm3" : "kvm2";
    bench_connect(&bench, other);
    bench_report(&bench, other, NULL);
    const struct effect *third = bench_effect(&bench, EFFECT_MIGRATE, 0);
    assert_true(third == NULL || strcmp(third->vm, "c") == 0);
    bench_runs(&bench, other, "b");
    bench_done(&bench, second, true, "");
    assert_string_equal(bench_migration_state(&bench, second), "completed");
    assert_string_equal(bench_state(&bench, "kvm1"), "preparing_for_maintenance");
    bench_free(&bench);
}

/* Whatever RHV's agent forgets when it is restarted: the ladder goes on where it was. */
static void a_schedule_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    struct memory memory = {.n = 0};
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    memorise(&memory, &bench.effects);
    bench_progress(&bench, id, 1);
    memorise(&memory, &bench.effects);
    bench_progress(&bench, id, 3);
    assert_int_equal((int)bench_effect(&bench, EFFECT_SET_DOWNTIME, 0)->number, 150);
    memorise(&memory, &bench.effects);

    restart(&bench, &memory);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "a!", "b", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_WATCH, 0)->move, id);
    bench_progress(&bench, id, 3); /* seen before */
    assert_int_equal(bench_count(&bench, EFFECT_SET_DOWNTIME), 0);
    bench_tick(&bench, 1);
    bench_progress(&bench, id, 4);
    assert_int_equal((int)bench_effect(&bench, EFFECT_SET_DOWNTIME, 0)->number, 200);
    bench_tick(&bench, 1);
    bench_progress(&bench, id, 6);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 1);
    bench_free(&bench);
}

/* Guests of 1 GiB may take 64 s, and this one's first walk never ends; nor does a report come. */
static void a_first_walk_that_never_ends_is_ended(void **state)
{
    (void)state;
    bench_seconds_per_gib = 64;
    struct bench bench = two_hosts();
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_progress(&bench, id, 1);
    assert_true(engine_next_wake(bench.engine) < INFINITY);
    double limit_s = 0;
    for (int i = 0; i < 6 && bench_count(&bench, EFFECT_ABORT) == 0; i++, limit_s += 12)
        bench_tick(&bench, 12);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 1);
    assert_true(limit_s >= 24);
    assert_non_null(strstr(bench_effect(&bench, EFFECT_ABORT, 0)->text, "its time is over"));
    bench_tick(&bench, 12);
    assert_int_equal(bench_count(&bench, EFFECT_ABORT), 0); /* once */
    bench_seconds_per_gib = 0;
    bench_free(&bench);
}

static void hostile_names_survive_memory(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    struct memory memory = {.n = 0};
    bench_start(&bench);
    bench_report(&bench, "kvm1", "evil\nid=7\\n", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_request(&bench, "migrate", NULL, "evil\nid=7\\n", NULL);
    memorise(&memory, &bench.effects);
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    restart(&bench, &memory);
    const struct migration *recalled = bench_migration(&bench, id);
    assert_non_null(recalled);
    assert_string_equal(recalled->name, "evil\nid=7\\n");
    bench_free(&bench);
}

static void wrong_memories_are_forgotten(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"move/1", ""}, {"move/2", "id=2\nstate=99\nvm=a\nfrom=kvm1\n"}, {"host/gone", "who=x\n"},
        {"vm/a", "yesterday"}, {"nonsense", "x"}, {"", ""}, {"move/3", "id=-1\nvm\n====\n"},
    };
    struct bench bench = bench_new(2);
    bench_configure(&bench);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct event *event = bench_event(&bench, EVENT_RECALLED, NULL);
        event_set(event, &event->name, wrong[i][0]);
        event_set(event, &event->text, wrong[i][1]);
        bench_take(&bench, event);
    }
    bench_take(&bench, bench_event(&bench, EVENT_STARTED, NULL));
    bench_report(&bench, "kvm1", "a", NULL);
    uint32_t n;
    engine_migrations(bench.engine, &n);
    assert_int_equal(n, 0);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schedule_is_followed),
        cmocka_unit_test(an_abort_is_refused_when_it_is_too_late),
        cmocka_unit_test(an_abort_ends_it_and_leaves_the_vm),
        cmocka_unit_test(an_abort_that_lost_the_race_is_a_completed_move),
        cmocka_unit_test(the_guest_may_end_while_it_moves),
        cmocka_unit_test(one_whose_hypervisor_dies_on_its_way_is_restarted),
        cmocka_unit_test(one_that_has_arrived_by_then_is_not),
        cmocka_unit_test(a_vm_that_neither_host_shows_is_looked_for),
        cmocka_unit_test(a_vm_taken_elsewhere_is_not_lost),
        cmocka_unit_test(a_vm_out_of_sight_rests_too),
        cmocka_unit_test(a_vm_that_is_off_is_not_lost),
        cmocka_unit_test(said_twice_counts_once),
        cmocka_unit_test(the_end_of_an_earlier_try_is_not_that_of_this_one),
        cmocka_unit_test(a_refused_destination_is_named),
        cmocka_unit_test(a_report_that_was_read_before_settles_nothing),
        cmocka_unit_test(a_drain_goes_on_after_a_restart),
        cmocka_unit_test(a_schedule_goes_on_after_a_restart),
        cmocka_unit_test(a_first_walk_that_never_ends_is_ended),
        cmocka_unit_test(hostile_names_survive_memory),
        cmocka_unit_test(wrong_memories_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
