/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `vm_affinity`: hard rules between VMs, also while they move. */
#include "plugin/groups_bench.h"

static void expect(struct bench *bench, const char *vm, const char *a, const char *b, const char *c)
{
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, vm, "a"), a);
    assert_string_equal(bench_refusal(bench, vm, "b"), b);
    assert_string_equal(bench_refusal(bench, vm, "c"), c);
}

static const char *const together = "vm_affinity.together";
static const char *const apart = "vm_affinity.apart";

static void a_positive_group_goes_where_one_of_it_is(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_check_tables(bench);
    bench_vm_rule(bench, "g", "va new", POSITIVE, true, 1);
    expect(bench, "new", "", together, together);
    bench_vm_rule(bench, "g", "va vb new", POSITIVE, true, 1); /* broken: either side will do */
    expect(bench, "new", "", "", together);
    bench_free(bench);
}

static void the_first_of_a_positive_group_goes_anywhere(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_put_vm(bench, bench_vm("other", NULL));
    bench_vm_rule(bench, "g", "other new gone", POSITIVE, true, 1);
    expect(bench, "new", "", "", "");
    bench_free(bench);
}

static void a_negative_group_goes_where_none_of_it_is(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_vm_rule(bench, "g", "va vb new", NEGATIVE, true, 1);
    expect(bench, "new", apart, apart, "");
    expect(bench, "va", "", apart, ""); /* it does not stand in its own way */
    struct drover_why why = bench_why(bench, "new", "b");
    assert_string_equal(why.subject, "g");
    assert_string_equal(why.text, "group g must stay apart, and vb is there");
    bench_free(bench);
}

static void soft_and_disabled_rules_refuse_nothing(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_vm_rule(bench, "soft", "va new", NEGATIVE, false, 1);
    bench_vm_rule(bench, "off", "vb new", DROVER_RULE_DISABLED, true, 1);
    expect(bench, "new", "", "", "");
    bench_free(bench);
}

static void a_vm_on_its_way_counts_at_both_ends_of_a_negative_rule(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    struct vm moving = bench_vm("va", "a");
    moving.to = "c";
    bench_put_vm(bench, moving);
    bench_vm_rule(bench, "g", "va new", NEGATIVE, true, 1);
    expect(bench, "new", apart, "", apart);
    assert_string_equal(bench_why(bench, "new", "a").text,
                        "group g must stay apart, and va has not left it yet");
    assert_string_equal(bench_why(bench, "new", "c").text,
                        "group g must stay apart, and va is on its way there");
    bench_free(bench);
}

static void a_vm_on_its_way_counts_where_it_goes_for_a_positive_rule(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    struct vm moving = bench_vm("va", "a");
    moving.to = "c";
    bench_put_vm(bench, moving);
    bench_vm_rule(bench, "g", "va new", POSITIVE, true, 1);
    expect(bench, "new", together, together, "");
    bench_free(bench);
}

static void vms_of_other_clusters_do_not_count(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    fleet_put_cluster(bench->fleet, &cluster);
    cluster.name = "other";
    fleet_put_cluster(bench->fleet, &cluster);
    struct host host = bench_host("c");
    host.cluster = "other";
    bench_put_host(bench, host);
    bench_put_vm(bench, bench_vm("vc", "c"));
    bench_vm_rule(bench, "g", "vc va", POSITIVE, true, 1);
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "va", "b"), "");
    bench_free(bench);
}

/* Ask with VMs that go along, or with rules waived. */
static uint8_t ask_with(struct bench *bench, const char *along, uint32_t waived, const char *host)
{
    struct drover_ask ask = bench_ask(bench, "va");
    uint32_t with = along ? bench_find_vm(bench, along) : 0, where = bench_find_host(bench, host);
    ask.with = &with;
    ask.n_with = along ? 1 : 0;
    ask.waived = waived;
    uint8_t verdict = 0xaa;
    assert_int_equal(bench->unit->filter(bench->self, &ask, &where, 1, &verdict), 0);
    if (verdict) {
        struct drover_why why = {.size = sizeof why};
        assert_int_equal(bench->unit->why(bench->self, &ask, where, verdict, &why), 0);
        assert_string_equal(why.subject, "g");
    }
    return verdict;
}

static void who_goes_along_does_not_hold_back(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_put_vm(bench, bench_vm("mate", "a"));
    bench_vm_rule(bench, "g", "va mate", POSITIVE, true, 1);
    bench_ready(bench);
    assert_int_equal(ask_with(bench, NULL, 0, "c"), 1);
    assert_int_equal(ask_with(bench, "mate", 0, "c"), 0);
    bench_free(bench);
}

static void who_is_kept_apart_cannot_go_along(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_vm_rule(bench, "g", "va vb", NEGATIVE, true, 1);
    bench_ready(bench);
    assert_int_equal(ask_with(bench, NULL, 0, "c"), 0);
    assert_int_equal(ask_with(bench, "vb", 0, "c"), 3);
    bench_free(bench);
}

static void a_waived_rule_refuses_nothing(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_vm_rule(bench, "g", "va vb", NEGATIVE, true, 1);
    bench_ready(bench);
    assert_int_equal(ask_with(bench, NULL, 0, "b"), 2);
    assert_int_equal(ask_with(bench, NULL, DROVER_WAIVE_VM_TO_VM, "b"), 0);
    bench_free(bench);
}

/* A drover that is older than those fields: nothing goes along, nothing is waived. */
static void an_older_ask_is_read_no_further_than_it_goes(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_affinity");
    bench_vm_rule(bench, "g", "va vb", NEGATIVE, true, 1);
    bench_ready(bench);
    struct drover_ask ask = bench_ask(bench, "va");
    ask.size = offsetof(struct drover_ask, with);
    ask.waived = DROVER_WAIVE_VM_TO_VM;
    uint32_t where = bench_find_host(bench, "b");
    uint8_t verdict = 0;
    assert_int_equal(bench->unit->filter(bench->self, &ask, &where, 1, &verdict), 0);
    assert_int_equal(verdict, 2);
    bench_free(bench);
}

BENCH_MAIN("filter vm_affinity", cmocka_unit_test(a_positive_group_goes_where_one_of_it_is),
           cmocka_unit_test(the_first_of_a_positive_group_goes_anywhere),
           cmocka_unit_test(a_negative_group_goes_where_none_of_it_is),
           cmocka_unit_test(soft_and_disabled_rules_refuse_nothing),
           cmocka_unit_test(a_vm_on_its_way_counts_at_both_ends_of_a_negative_rule),
           cmocka_unit_test(a_vm_on_its_way_counts_where_it_goes_for_a_positive_rule),
           cmocka_unit_test(vms_of_other_clusters_do_not_count),
           cmocka_unit_test(who_goes_along_does_not_hold_back),
           cmocka_unit_test(who_is_kept_apart_cannot_go_along),
           cmocka_unit_test(a_waived_rule_refuses_nothing),
           cmocka_unit_test(an_older_ask_is_read_no_further_than_it_goes))
