/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cpu_overloaded`: over the threshold, strictly, for as long as the policy says. */
#include "plugin/bench.h"

static struct bench *begin(double usage_pct, double over_s)
{
    struct bench *bench = bench_new("filter_cpu_overloaded");
    struct host host = bench_host("a");
    host.cpu_usage_pct = usage_pct;
    host.cpu_over_since = isnan(over_s) ? NAN : BENCH_NOW - over_s;
    bench_put_host(bench, host);
    bench_put_vm(bench, bench_vm("vm", "a"));
    bench_ready(bench);
    return bench;
}

static void expect(double usage_pct, double over_s, const char *code)
{
    struct bench *bench = begin(usage_pct, over_s);
    assert_string_equal(bench_refusal(bench, "vm", "a"), code);
    bench_free(bench);
}

static void the_load_must_be_over_the_threshold(void **state)
{
    (void)state;
    expect(80, 600, "");
    expect(80.01, 600, "cpu_overloaded.high"); /* 81, rounded up as RHV does */
    expect(100, 600, "cpu_overloaded.high");
    expect(5, 600, "");                        /* out of the band below counts for nothing here */
}

static void and_for_long_enough(void **state)
{
    (void)state;
    expect(95, NAN, "");
    expect(95, 119, "");
    expect(95, 120, "cpu_overloaded.high");
}

static void without_statistics_nothing_goes_there(void **state)
{
    (void)state;
    expect(NAN, NAN, "cpu_overloaded.no_statistics");
}

static void thresholds_are_the_policys(void **state)
{
    (void)state;
    struct bench *bench = begin(60, 30);
    bench_check_tables(bench);
    bench_set(bench, "high_utilization", "50%");
    bench_set(bench, "cpu_overcommit_duration", "30s");
    assert_string_equal(bench_refusal(bench, "vm", "a"), "cpu_overloaded.high");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 50 && why.have == 60);
    bench_free(bench);
}

static void the_role_spm_counts_as_load(void **state)
{
    (void)state;
    struct bench *bench = begin(79, 600);
    struct host *host = fleet_host(bench->fleet, "a");
    const char *roles[] = {"spm"};
    host->roles = (struct texts){roles, 1, true};
    bench_ready(bench);
    /* 79 + 10 / 4 CPUs = 81.5, and so 82 */
    assert_string_equal(bench_refusal(bench, "vm", "a"), "cpu_overloaded.high");
    assert_true(bench_why(bench, "vm", "a").have == 82);
    bench_set(bench, "spm_vcpu_consumption", "0");
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_free(bench);
}

/* 90 % of 4 CPUs are 360; a VM burns 200 of that on two of its own, the others share 160 on 2. */
static void dedicated_cpus_are_left_out(void **state)
{
    (void)state;
    struct bench *bench = bench_new("filter_cpu_overloaded");
    struct host host = bench_host("a");
    host.cpu_usage_pct = 90;
    host.cpu_over_since = BENCH_NOW - 600;
    bench_put_host(bench, host);
    struct vm own = bench_vm("own", "a");
    own.vcpus = 2;
    own.cpu_usage_pct = 100;
    own.cpu_dedicated = true;
    bench_put_vm(bench, own);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    fleet_vm(bench->fleet, "own")->cpu_usage_pct = 90;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "cpu_overloaded.high");
    assert_true(bench_why(bench, "vm", "a").have == 90);
    fleet_vm(bench->fleet, "own")->cpu_dedicated = false;
    fleet_host(bench->fleet, "a")->cpu_usage_pct = 80;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void what_is_promised_does_not_count(void **state)
{
    (void)state;
    struct bench *bench = begin(75, 600);
    struct vm coming = bench_vm("coming", NULL);
    coming.vcpus = 4;
    coming.to = "a";
    bench_put_vm(bench, coming);
    bench_ready(bench);
    assert_true(bench->columns->hosts.cpu_pending[0] > 0);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_free(bench);
}

BENCH_MAIN("filter cpu_overloaded", cmocka_unit_test(the_load_must_be_over_the_threshold),
           cmocka_unit_test(and_for_long_enough),
           cmocka_unit_test(without_statistics_nothing_goes_there),
           cmocka_unit_test(thresholds_are_the_policys),
           cmocka_unit_test(the_role_spm_counts_as_load),
           cmocka_unit_test(dedicated_cpus_are_left_out),
           cmocka_unit_test(what_is_promised_does_not_count))
