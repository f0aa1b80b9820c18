/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The migrate units: RHV's ladders to the millisecond, their parameters, and what is refused. */
#include "plugin/bench.h"

struct answer {
    struct drover_how how;
    struct drover_stall stalls[DROVER_STALLS_MAX];
};

/* What the unit says of the VM of its bench. */
static void ask(struct bench *bench, struct answer *answer)
{
    char error[256];
    assert_string_equal(bench_open(bench, error), "");
    bench_put_host(bench, bench_host("a"));
    bench_put_vm(bench, bench_vm("vm", "a"));
    bench_ready(bench);
    *answer = (struct answer){.how = {.size = sizeof answer->how}};
    answer->how.stalls = answer->stalls;
    struct drover_move move = {.size = sizeof move, .fleet = &bench->columns->fleet};
    assert_int_equal(bench->unit->migrate(bench->self, &move, &answer->how), 0);
}

/* "1=150 2=200 3=postcopy 4=abort" */
static const char *ladder(const struct answer *answer, char text[512])
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < answer->how.n_stalls && used < 512; i++) {
        const struct drover_stall *stall = &answer->stalls[i];
        const char *space = i ? " " : "";
        int n = stall->action == DROVER_STALL_DOWNTIME
                    ? snprintf(text + used, 512 - used, "%s%u=%g", space, stall->stall,
                               stall->downtime_ms)
                    : snprintf(text + used, 512 - used, "%s%u=%s", space, stall->stall,
                               stall->action == DROVER_STALL_ABORT ? "abort" : "postcopy");
        used += (size_t)n;
    }
    return text;
}

static void the_ladders_are_rhvs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t flags, concurrent;
        double first_ms;
        const char *ladder;
    } expected[] = {
        {"migrate_minimal_downtime", DROVER_HOW_AUTO_CONVERGE, 2, 100,
         "1=150 2=200 3=300 4=400 6=500 7=abort"},
        {"migrate_suspend_if_needed", DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_COMPRESS, 1, 100,
         "1=150 2=200 3=300 4=400 6=500 7=5000 8=abort"},
        {"migrate_post_copy", DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_POSTCOPY, 2, 100,
         "1=150 2=200 3=postcopy 4=abort"},
        {"migrate_legacy", 0, 2, 101, "1=104 2=120 3=189 4=500 42=500 43=abort"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct bench *bench = bench_new(expected[i].name);
        struct answer answer;
        char text[512];
        bench_check_tables(bench);
        ask(bench, &answer);
        assert_int_equal(answer.how.flags, expected[i].flags);
        assert_int_equal(answer.how.max_concurrent, expected[i].concurrent);
        assert_true(answer.how.downtime_ms == expected[i].first_ms);
        assert_true(answer.how.seconds_per_gib == 0);
        assert_int_equal(answer.how.watch, DROVER_WATCH_ITERATIONS);
        assert_string_equal(ladder(&answer, text), expected[i].ladder);
        bench_free(bench);
    }
}

static void very_large_vms_are_not_copied_in_between(void **state)
{
    (void)state;
    struct bench *bench = bench_new("migrate_very_large_vms");
    struct answer answer;
    char text[512];
    bench_check_tables(bench);
    ask(bench, &answer);
    assert_true(answer.how.flags & DROVER_HOW_ZEROCOPY);
    assert_true(answer.how.flags & DROVER_HOW_AUTO_CONVERGE);
    assert_false(answer.how.flags & (DROVER_HOW_COMPRESS | DROVER_HOW_POSTCOPY));
    assert_int_equal(answer.how.max_concurrent, 1);
    assert_true(answer.how.downtime_ms == 300);
    assert_string_equal(ladder(&answer, text), "1=400 2=500 3=700 4=1000 6=1500 7=5000 8=abort");
    bench_free(bench);
}

static void legacy_pauses_grow_as_vdsm_computed_them(void **state)
{
    (void)state;
    static const struct {
        const char *downtime, *steps, *ladder;
        double first_ms;
    } cases[] = {
        {"100", "2", "1=100 42=100 43=abort", 51},
        {"10000", "5", "1=2009 2=2089 3=2845 4=10000 42=10000 43=abort", 2001},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = bench_new("migrate_legacy");
        struct answer answer;
        char text[512];
        bench_set(bench, "downtime_ms", cases[i].downtime);
        bench_set(bench, "steps", cases[i].steps);
        ask(bench, &answer);
        assert_true(answer.how.downtime_ms == cases[i].first_ms);
        assert_string_equal(ladder(&answer, text), cases[i].ladder);
        bench_free(bench);
    }
    struct bench *bench = bench_new("migrate_legacy");
    struct answer answer;
    bench_set(bench, "steps", "14"); /* the most: all of them have room */
    ask(bench, &answer);
    assert_int_equal(answer.how.n_stalls, 15);
    assert_int_equal(answer.stalls[14].action, DROVER_STALL_ABORT);
    bench_free(bench);
}

static void a_policy_may_say_another_schedule(void **state)
{
    (void)state;
    struct bench *bench = bench_new("migrate_minimal_downtime");
    struct answer answer;
    char text[512];
    bench_set(bench, "schedule", "2=400, 5=postcopy,9=abort");
    bench_set(bench, "downtime_ms", "50");
    bench_set(bench, "max_concurrent", "4");
    bench_set(bench, "seconds_per_gib", "16");
    ask(bench, &answer);
    assert_string_equal(ladder(&answer, text), "2=400 5=postcopy 9=abort");
    assert_true(answer.how.downtime_ms == 50);
    assert_true(answer.how.seconds_per_gib == 16);
    assert_int_equal(answer.how.max_concurrent, 4);
    assert_int_equal(answer.how.flags, DROVER_HOW_AUTO_CONVERGE);
    bench_free(bench);
}

static void a_schedule_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"1=soon", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                   "found \"1=soon\""},
        {"150", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                "found \"150\""},
        {"1=", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
               "found \"1=\""},
        {"1=0", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                "found \"1=0\""},
        {"1=1e9", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                  "found \"1=1e9\""},
        {"-1=100", "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                   "found \"-1=100\""},
        {"2=100 2=200", "schedule: 2=200: steps come in ascending order"},
        {"1=abort, 2=200", "schedule: 2=200: nothing comes after abort"},
        {"1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 9=9 10=9 11=9 12=9 13=9 14=9 15=9 16=9 17=9",
         "schedule: 17=9: there are more than 16 steps"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = bench_new("migrate_post_copy");
        char error[256];
        bench_set(bench, "schedule", cases[i].text);
        assert_string_equal(bench_open(bench, error), cases[i].error);
        bench_free(bench);
    }
}

static void drover_watches_what_remains(void **state)
{
    (void)state;
    struct bench *bench = bench_new("migrate_drover");
    struct answer answer;
    char text[512];
    bench_check_tables(bench);
    ask(bench, &answer);
    assert_int_equal(answer.how.watch, DROVER_WATCH_REMAINING);
    assert_int_equal(answer.how.flags, DROVER_HOW_AUTO_CONVERGE);
    assert_true(answer.how.stall_s == 20);
    assert_true(answer.how.seconds_per_gib == 64);
    assert_string_equal(ladder(&answer, text), "1=150 2=230 3=350 4=530 5=800 6=900");
    bench_free(bench);

    bench = bench_new("migrate_drover");
    bench_set(bench, "max_downtime_ms", "2000000");
    bench_set(bench, "downtime_ms", "1");
    bench_set(bench, "allow_postcopy", "yes");
    ask(bench, &answer);
    assert_true(answer.how.flags & DROVER_HOW_POSTCOPY);
    assert_int_equal(answer.how.n_stalls, DROVER_STALLS_MAX - 1);
    assert_true(answer.stalls[DROVER_STALLS_MAX - 2].downtime_ms == 2000000);
    bench_free(bench);

    bench = bench_new("migrate_drover");
    bench_set(bench, "max_downtime_ms", "50"); /* the first pause, too, is one */
    ask(bench, &answer);
    assert_true(answer.how.downtime_ms == 50);
    assert_int_equal(answer.how.n_stalls, 0);
    bench_free(bench);
}

BENCH_MAIN("migrate units", cmocka_unit_test(the_ladders_are_rhvs),
           cmocka_unit_test(very_large_vms_are_not_copied_in_between),
           cmocka_unit_test(legacy_pauses_grow_as_vdsm_computed_them),
           cmocka_unit_test(a_policy_may_say_another_schedule),
           cmocka_unit_test(a_schedule_that_is_none_is_refused),
           cmocka_unit_test(drover_watches_what_remains))
