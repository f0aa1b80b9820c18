/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cold and offline moves as stories: who is asked what, in which order, and what becomes of the VM
 * where a step fails, a host goes, or droverd is killed after any of them.
 */
#include "engine_failure.h"

static uint64_t migrate(struct bench *bench, const char *vm, const char *kind, bool verify)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, NULL);
    struct pair *arguments = arena_array(&event->arena, 2, sizeof *arguments);
    arguments[0] = (struct pair){.key = "kind", .value = kind};
    arguments[1] = (struct pair){.key = "verify", .value = "yes"};
    event->arguments = (struct pairs){.item = arguments, .n = verify ? 2 : 1, .known = true};
    event->id = 4711;
    event_set(event, &event->name, "migrate");
    event_set(event, &event->who, "tester");
    event_set(event, &event->vm, vm);
    event_set(event, &event->to, "kvm3");
    bench_take(bench, event);
    const struct effect *effect = bench_effect(bench, EFFECT_MIGRATION, 0);
    return effect ? effect->move : 0;
}

/* What came of an order: of a shutdown, or of what is done with a definition. */
static void step_done(struct bench *bench, uint64_t move, const char *host, const char *name,
                      const char *error)
{
    struct event *event = bench_event(bench, EVENT_STEP_DONE, host);
    event->id = move;
    event->ok = !error[0];
    event_set(event, &event->name, name);
    event_set(event, &event->text, error);
    bench_take(bench, event);
}

static void start_done(struct bench *bench, uint64_t move, const char *host, bool ok)
{
    struct event *event = bench_event(bench, EVENT_START_DONE, host);
    event->id = move;
    event->ok = ok;
    event_set(event, &event->text, ok ? "" : "no such disk");
    bench_take(bench, event);
}

/* libvirt says that it has ended, and is defined still. */
static void turns_off(struct bench *bench, const char *host, const char *vm)
{
    bench_gone(bench, host, vm, "shutdown");
}

static void assert_stage(const struct bench *bench, uint64_t move, enum migration_stage stage)
{
    const struct migration *migration = bench_migration(bench, move);
    assert_non_null(migration);
    assert_string_equal(migration_stage_names[migration->stage], migration_stage_names[stage]);
}

static void assert_carry(const struct bench *bench, const char *what, const char *host,
                         const char *to)
{
    const struct effect *effect = bench_effect(bench, EFFECT_CARRY, 0);
    assert_non_null(effect);
    assert_string_equal(effect->name, what);
    assert_string_equal(effect->host, host);
    assert_string_equal(effect->to, to);
}

static void assert_start(const struct bench *bench, const char *host)
{
    const struct effect *effect = bench_effect(bench, EFFECT_START, 0);
    assert_non_null(effect);
    assert_string_equal(effect->host, host);
    assert_string_equal(effect->name, "defined");
}

/* web moves cold from kvm1 to kvm3, up to a stage; returns the move. */
static uint64_t up_to(struct bench *bench, enum migration_stage stage, bool verify)
{
    *bench = begin(1);
    uint64_t move = migrate(bench, "web", "cold", verify);
    assert_non_null(bench_effect(bench, EFFECT_SHUTDOWN, 0));
    assert_string_equal(bench_effect(bench, EFFECT_SHUTDOWN, 0)->host, "kvm1");
    if (stage == STAGE_SHUTDOWN)
        return move;
    turns_off(bench, "kvm1", "web");
    assert_carry(bench, "copy", "kvm1", "kvm3");
    if (stage == STAGE_DEFINE)
        return move;
    step_done(bench, move, "kvm1", "copy", "");
    assert_start(bench, "kvm3");
    return move;
}

static void a_vm_is_shut_down_and_started_there(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, false);
    assert_string_equal(bench_migration_state(&bench, move), "running");
    bench_runs(&bench, "kvm3", "web");
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    const struct effect *undefine = bench_effect(&bench, EFFECT_UNDEFINE, 0);
    assert_non_null(undefine); /* not before it was seen to run */
    assert_string_equal(undefine->host, "kvm1");
    bench_free(&bench);
}

static void a_guest_that_ignores_it_stays(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_SHUTDOWN, false);
    bench_tick(&bench, 121);
    assert_string_equal(bench_migration_state(&bench, move), "preparing"); /* asked anew first */
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 1);
    bench_report(&bench, "kvm1", "ha9", "ha5", "web", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    assert_non_null(strstr(bench_migration(&bench, move)->error, "did not shut down"));
    assert_int_equal(bench_count(&bench, EFFECT_CARRY) + bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void where_the_start_fails_it_runs_where_it_was(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, false);
    start_done(&bench, move, "kvm3", false);
    assert_carry(&bench, "return", "kvm3", "kvm1"); /* first nothing can start it there any more */
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    step_done(&bench, move, "kvm3", "return", "");
    assert_start(&bench, "kvm1");
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    assert_string_equal(bench_migration(&bench, move)->error, "no such disk");
    bench_free(&bench);
}

static void a_start_of_which_nothing_is_heard_is_not_doubled(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, false);
    bench_lose(&bench, "kvm3", "keepalive");
    start_done(&bench, move, "kvm3", false); /* the connection broke: it may run */
    bench_tick(&bench, 300);
    assert_stage(&bench, move, STAGE_CLEAR);
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", "web", NULL); /* and it does */
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    bench_free(&bench);
}

static void a_destination_that_refuses_the_definition_gets_nothing(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_DEFINE, false);
    step_done(&bench, move, "kvm1", "copy", "unsupported machine type");
    assert_start(&bench, "kvm1"); /* at once: nothing was ever started there */
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    bench_free(&bench);
}

/* Its owner may have started it there meanwhile: before the order is repeated, the host is asked. */
static void a_start_is_repeated_when_its_host_says_that_it_is_off(void **state)
{
    (void)state;
    for (int runs = 0; runs <= 1; runs++) {
        struct bench bench;
        uint64_t move = up_to(&bench, STAGE_DEFINE, false);
        step_done(&bench, move, "kvm1", "copy", "unsupported machine type");
        assert_start(&bench, "kvm1");
        start_done(&bench, move, "kvm1", false);
        bench_report(&bench, "kvm1", "ha9", "ha5", "web-", NULL); /* so it was then */
        bench_tick(&bench, 10);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        assert_string_equal(bench_effect(&bench, EFFECT_REFRESH, 0)->host, "kvm1");
        bench_report(&bench, "kvm1", "ha9", "ha5", runs ? "web" : "web-", NULL);
        assert_int_equal(bench_count(&bench, EFFECT_START), !runs);
        assert_string_equal(bench_migration_state(&bench, move), runs ? "failed" : "post_migrating");
        bench_free(&bench);
    }
}

/* It was moved away, and neither of that nor of where it is now anything was heard. */
static void what_its_source_lists_no_more_is_asked_for_everywhere(void **state)
{
    (void)state;
    for (int heard = 0; heard <= 1; heard++) {
        struct bench bench;
        uint64_t move = up_to(&bench, STAGE_SHUTDOWN, false);
        if (heard)
            bench_gone(&bench, "kvm1", "web", "migrated");
        bench_report(&bench, "kvm1", "ha9", "ha5", NULL);
        step_done(&bench, move, "kvm1", "copy", "it is not defined there");
        assert_stage(&bench, move, STAGE_BACK);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 2); /* kvm1 has just said so */
        bench.now++;
        bench_report(&bench, "kvm1", "ha9", "ha5", NULL);
        bench_report(&bench, "kvm3", NULL);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        bench_report(&bench, "kvm2", "other", "web", NULL);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        assert_string_equal(bench_migration_state(&bench, move), "failed");
        assert_non_null(strstr(bench_migration(&bench, move)->error, "it runs on host kvm2 now"));
        bench_free(&bench);
    }
}

/* Somebody has moved it back while the host that it was moved to was out of sight; then that dies. */
static void a_destination_dies_that_has_it_no_more(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    uint64_t move = migrate(&bench, "ha9", "cold", true);
    turns_off(&bench, "kvm1", "ha9");
    step_done(&bench, move, "kvm1", "copy", "");
    bench_runs(&bench, "kvm3", "ha9");
    assert_string_equal(bench_migration_state(&bench, move), "verify");
    bench_lose(&bench, "kvm3", "keepalive");
    bench_runs(&bench, "kvm1", "ha9");
    bench_tick(&bench, 61.5);
    probed(&bench, "kvm3", "silent");
    fenced(&bench, "kvm3", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm3", "silent");
    assert_string_equal(bench_state(&bench, "kvm3"), "down");
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    const struct vm *vm = fleet_vm(engine_fleet(bench.engine), "ha9");
    assert_string_equal(vm->host, "kvm1");
    assert_int_equal(vm->state, DROVER_VM_RUNNING);
    bench_tick(&bench, 30);
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void a_source_that_dies_while_it_is_off_is_told_with_its_vms(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    uint64_t move = migrate(&bench, "ha9", "cold", false);
    turns_off(&bench, "kvm1", "ha9");
    dies_and_is_fenced(&bench);
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    assert_non_null(start_of(&bench, "ha9")); /* restarted, from what is kept */
    bench_free(&bench);
}

static void somebody_confirms(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, true);
    bench_runs(&bench, "kvm3", "web");
    assert_string_equal(bench_migration_state(&bench, move), "verify");
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 0);
    bench_request(&bench, "abort", NULL, "web", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    bench_request(&bench, "confirm", NULL, "web", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 1);
    bench_request(&bench, "confirm", NULL, "web", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NOT_FOUND);
    bench_free(&bench);
}

static void somebody_reverts(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, true);
    bench_runs(&bench, "kvm3", "web");
    bench_request(&bench, "revert", NULL, "web", NULL);
    assert_string_equal(bench_effect(&bench, EFFECT_SHUTDOWN, 0)->host, "kvm3");
    turns_off(&bench, "kvm3", "web");
    assert_carry(&bench, "return", "kvm3", "kvm1");
    step_done(&bench, move, "kvm3", "return", "");
    assert_start(&bench, "kvm1");
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(bench_migration_state(&bench, move), "aborted");
    bench_free(&bench);
}

/* It runs at its source already: its definition there is not to be carried. */
static void somebody_else_has_moved_it_back(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_START, true);
    bench_runs(&bench, "kvm3", "web");
    bench_request(&bench, "revert", NULL, "web", NULL);
    bench_gone(&bench, "kvm3", "web", "migrated");
    assert_carry(&bench, "return", "kvm3", "kvm1");
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(bench_migration_state(&bench, move), "aborted");
    bench_free(&bench);
}

static void an_abort_brings_it_up_again(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = up_to(&bench, STAGE_SHUTDOWN, false);
    bench_request(&bench, "abort", NULL, "web", NULL);
    turns_off(&bench, "kvm1", "web"); /* it had been asked, and obeys */
    assert_start(&bench, "kvm1");
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(bench_migration_state(&bench, move), "aborted");
    bench_free(&bench);
}

/* Somebody starts it there, and libvirt asks. */
static const struct effect *hook_asks(struct bench *bench, const char *host)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, host);
    struct vm vm = bench_vm("web");
    event->id = 5;
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.object, "web");
    event_set(event, &event->hook.operation, "start");
    event_add_vm(event, &vm);
    bench_take(bench, event);
    return bench_effect(bench, EFFECT_HOOK_ANSWER, 0);
}

static void nobody_else_starts_it_meanwhile(void **state)
{
    (void)state;
    struct bench bench;
    up_to(&bench, STAGE_DEFINE, false);
    assert_false(hook_asks(&bench, "kvm1")->ok);
    assert_false(hook_asks(&bench, "kvm2")->ok); /* which has no part in it */
    bench_free(&bench);
}

/* kvm1 has its definition only until somebody judges: silence of kvm3 does not change that. */
static void assert_kept_until_kvm3_is_proven_off(struct bench *bench)
{
    bench_lose(bench, "kvm3", "io");
    const struct effect *answer = hook_asks(bench, "kvm1");
    assert_false(answer->ok);
    assert_string_equal(answer->name, "vm.runs_elsewhere");
    assert_non_null(strstr(answer->text, "last heard of on host kvm3, which does not answer"));
    bench_connect(bench, "kvm3"); /* and has not reported yet */
    assert_false(hook_asks(bench, "kvm1")->ok);
    bench_lose(bench, "kvm3", "io");
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, "kvm3");
    struct pair *off = arena_new(&event->arena, sizeof *off);
    *off = (struct pair){.key = "confirm", .value = "yes"};
    event->arguments = (struct pairs){.item = off, .n = 1, .known = true};
    event_set(event, &event->name, "evacuate");
    event_set(event, &event->who, "tester");
    bench_take(bench, event);
    assert_true(hook_asks(bench, "kvm1")->ok);
    bench_free(bench);
}

static void what_is_kept_to_go_back_to_is_not_started(void **state)
{
    (void)state;
    for (int reverts = 0; reverts <= 1; reverts++) {
        struct bench bench;
        uint64_t move = up_to(&bench, STAGE_START, true);
        bench_runs(&bench, "kvm3", "web");
        if (reverts)
            bench_request(&bench, "revert", NULL, "web", NULL);
        assert_string_equal(bench_migration_state(&bench, move),
                            reverts ? "post_migrating" : "verify");
        assert_false(hook_asks(&bench, "kvm1")->ok);
        assert_kept_until_kvm3_is_proven_off(&bench);
    }
}

/* Nobody has told the new droverd where the VM is: its definition is kept all the same. */
static void nor_when_droverd_was_killed_meanwhile(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = begin(1);
    uint64_t move = migrate(&bench, "web", "cold", true);
    memorize(&memory, &bench);
    turns_off(&bench, "kvm1", "web");
    memorize(&memory, &bench);
    step_done(&bench, move, "kvm1", "copy", "");
    memorize(&memory, &bench);
    bench_runs(&bench, "kvm3", "web");
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);
    bench = reborn(&memory, now + 5);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", "ha5", "web-", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "verify");
    assert_false(hook_asks(&bench, "kvm1")->ok);
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", "web-", NULL); /* its guest was shut down by its owner */
    assert_true(hook_asks(&bench, "kvm1")->ok);
    bench_free(&bench);
}

static void a_vm_that_is_off_moves_by_its_definition(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_report(&bench, "kvm1", "ha9", "ha5", "web-", NULL);
    bench_request(&bench, "migrate", NULL, "web", "kvm3");
    const struct effect *answer = bench_effect(&bench, EFFECT_ANSWER, 0);
    assert_int_equal(answer->status, ERROR_REFUSED);
    assert_non_null(strstr(answer->text, "--offline"));
    uint64_t move = migrate(&bench, "web", "offline", false);
    assert_carry(&bench, "move", "kvm1", "kvm3");
    bench_gone(&bench, "kvm1", "web", "undefined");
    step_done(&bench, move, "kvm1", "move", "");
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    bench_report(&bench, "kvm3", "web-", NULL);
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "web")->host, "kvm3");
    bench_free(&bench);
}

static void what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    migrate(&bench, "web", "offline", false);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    migrate(&bench, "web", "live", true);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_USAGE);
    migrate(&bench, "web", "warm", false);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_USAGE);
    bench_free(&bench);
}

/*
 * droverd is killed after each stage was entered, its orders carried out or not: it comes back,
 * hears both hosts, and orders what that stage wants, and nothing that would make a second copy.
 */
static void killed_at_every_step(void **state)
{
    (void)state;
    for (int stage = STAGE_SHUTDOWN; stage <= STAGE_START; stage++) {
        for (int done = 0; done <= 1; done++) {
            struct memory memory = {.n = 0};
            struct bench bench = begin(1);
            uint64_t move = migrate(&bench, "web", "cold", false);
            memorize(&memory, &bench);
            if (stage >= STAGE_DEFINE) {
                turns_off(&bench, "kvm1", "web");
                memorize(&memory, &bench);
            }
            if (stage >= STAGE_START) {
                step_done(&bench, move, "kvm1", "copy", "");
                memorize(&memory, &bench);
            }
            double now = bench.now;
            bench_free(&bench);

            bench = reborn(&memory, now + 5);
            bench_connect(&bench, "kvm1");
            bench_report(&bench, "kvm1", "ha9", "ha5",
                         stage == STAGE_SHUTDOWN && !done ? "web" : "web-", NULL);
            bench_connect(&bench, "kvm3");
            assert_int_equal(bench_count(&bench, EFFECT_START), 0); /* kvm3 has said nothing */
            bench_report(&bench, "kvm3",
                         stage == STAGE_START ? done ? "web" : "web-" : NULL, NULL);
            const struct migration *migration = bench_migration(&bench, move);
            assert_non_null(migration);
            if (stage == STAGE_SHUTDOWN && !done)
                assert_stage(&bench, move, STAGE_SHUTDOWN);
            else if (stage == STAGE_START && done)
                assert_string_equal(bench_migration_state(&bench, move), "completed");
            else if (stage == STAGE_START)
                assert_start(&bench, "kvm3");
            else
                assert_stage(&bench, move, STAGE_DEFINE);
            bench_free(&bench);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_is_shut_down_and_started_there),
        cmocka_unit_test(a_guest_that_ignores_it_stays),
        cmocka_unit_test(where_the_start_fails_it_runs_where_it_was),
        cmocka_unit_test(a_start_of_which_nothing_is_heard_is_not_doubled),
        cmocka_unit_test(a_destination_that_refuses_the_definition_gets_nothing),
        cmocka_unit_test(a_start_is_repeated_when_its_host_says_that_it_is_off),
        cmocka_unit_test(what_its_source_lists_no_more_is_asked_for_everywhere),
        cmocka_unit_test(a_destination_dies_that_has_it_no_more),
        cmocka_unit_test(a_source_that_dies_while_it_is_off_is_told_with_its_vms),
        cmocka_unit_test(somebody_confirms),
        cmocka_unit_test(somebody_reverts),
        cmocka_unit_test(somebody_else_has_moved_it_back),
        cmocka_unit_test(an_abort_brings_it_up_again),
        cmocka_unit_test(nobody_else_starts_it_meanwhile),
        cmocka_unit_test(what_is_kept_to_go_back_to_is_not_started),
        cmocka_unit_test(nor_when_droverd_was_killed_meanwhile),
        cmocka_unit_test(a_vm_that_is_off_moves_by_its_definition),
        cmocka_unit_test(what_contradicts_itself_is_refused),
        cmocka_unit_test(killed_at_every_step),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
