/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of moves whose migrate unit wants them to wait, and of what it is told about them. */
#include "unit/engine_bench.h"

#include <math.h>

/* What the unit was told last; what it answers. */
static struct drover_move told;
static double wanted_s;

static int patient(void *self, const struct drover_move *move, struct drover_how *how)
{
    bench_migrate(self, move, how);
    told = *move;
    how->wait_s = wanted_s;
    strcpy(how->wait_why, "until the guest is calmer");
    return 0;
}

static const struct drover_unit patient_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_MIGRATE, .name = "patient",
    .migrate = patient,
};

static struct bench two_hosts(double wait_s)
{
    struct bench bench = bench_new(2);
    bench.rules->migrate.unit = &patient_unit;
    wanted_s = wait_s;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_report(&bench, "kvm2", NULL);
    return bench;
}

static const struct migration *only_move(const struct bench *bench)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(bench->engine, &n);
    assert_int_equal(n, 1);
    return all[0];
}

static void a_move_waits_and_is_asked_again(void **state)
{
    (void)state;
    struct bench bench = two_hosts(120);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    const struct effect *said = bench_notice(&bench, "migration.postponed");
    assert_non_null(said);
    assert_non_null(strstr(said->text, "until the guest is calmer"));
    assert_int_equal(only_move(&bench)->state, MIGRATION_QUEUED);
    assert_non_null(strstr(only_move(&bench)->waits, "until the guest is calmer"));
    assert_true(told.waited_s < 1);
    bench_tick(&bench, 60);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_tick(&bench, 61);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    assert_null(bench_notice(&bench, "migration.postponed")); /* said once */
    assert_true(told.waited_s > 120);
    wanted_s = 0;
    bench_tick(&bench, 121);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

static void no_unit_keeps_a_move_for_ever(void **state)
{
    (void)state;
    struct bench bench = two_hosts(1e9);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    double begun = only_move(&bench)->created_at;
    assert_true(only_move(&bench)->not_before <= begun + 600.5);
    uint32_t times = 0;
    while (bench_count(&bench, EFFECT_MIGRATE) == 0 && times++ < 20)
        bench_tick(&bench, 601);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_true(only_move(&bench)->started_at >= begun + 3600);
    bench_free(&bench);
}

static void an_answer_that_is_no_number_is_none(void **state)
{
    (void)state;
    const double bad[] = {NAN, -5, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bench bench = two_hosts(bad[i]);
        bench_request(&bench, "migrate", NULL, "a", NULL);
        assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
        bench_free(&bench);
    }
}

/* Nothing is known of the link or of the guest: the unit is told so, not a guess. */
static void what_is_not_known_is_not_told(void **state)
{
    (void)state;
    struct bench bench = two_hosts(0);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(told.converges, DROVER_CONVERGES_UNKNOWN);
    assert_true(isnan(told.duration_s) && isnan(told.downtime_ms) && isnan(told.rate_mib_s));
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_waits_and_is_asked_again),
        cmocka_unit_test(no_unit_keeps_a_move_for_ever),
        cmocka_unit_test(an_answer_that_is_no_number_is_none),
        cmocka_unit_test(what_is_not_known_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
