/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `network_distance`: by the labels that its parameter names. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, const char *room, const char *rack)
{
    struct pair labels[] = {{.key = "room", .value = room}, {.key = "rack", .value = rack}};
    struct host host = bench_host(name);
    host.labels = (struct pairs){.item = labels, .n = rack ? 2 : room ? 1 : 0, .known = true};
    bench_put_host(bench, host);
}

static struct bench *begin(const char *from)
{
    struct bench *bench = bench_new("weight_network_distance");
    put_host(bench, "A", "1", "a");
    put_host(bench, "B", "1", "a");
    put_host(bench, "C", "1", "b");
    put_host(bench, "D", "2", "a"); /* a rack of the same name in another room */
    put_host(bench, "E", NULL, NULL);
    bench_put_vm(bench, bench_vm("vm", from));
    bench_ready(bench);
    return bench;
}

static void near_comes_before_far(void **state)
{
    (void)state;
    struct bench *bench = begin("A");
    bench_check_tables(bench);
    char error[256];
    assert_string_equal(bench_open(bench, error), "");
    EXPECT_WEIGHTS(bench, "vm", 0, 1, 2, 3, 3);
    bench_set(bench, "distance_labels", "rack");
    EXPECT_WEIGHTS(bench, "vm", 0, 1, 2, 1, 2);
    bench_set(bench, "distance_labels", " ,room ,rack,");
    EXPECT_WEIGHTS(bench, "vm", 0, 1, 2, 3, 3);
    bench_free(bench);
}

static void a_host_without_labels_is_apart_from_all_but_itself(void **state)
{
    (void)state;
    struct bench *bench = begin("E");
    EXPECT_WEIGHTS(bench, "vm", 3, 3, 3, 3, 0);
    bench_free(bench);
}

static void a_vm_that_starts_does_not_care(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL);
    EXPECT_WEIGHTS(bench, "vm", 0, 0, 0, 0, 0);
    bench_free(bench);
}

static void no_labels_at_all_are_a_mistake(void **state)
{
    (void)state;
    struct bench *bench = begin("A");
    char error[256];
    bench_set(bench, "distance_labels", " , ");
    assert_string_equal(bench_open(bench, error),
                        "distance_labels: 1 to 16 labels were expected, separated by commas, found 0");
    bench_set(bench, "distance_labels", "a b c d e f g h i j k l m n o p q");
    assert_string_equal(bench_open(bench, error),
                        "distance_labels: 1 to 16 labels were expected, separated by commas, found 17");
    bench_free(bench);
}

BENCH_MAIN("weight network_distance", cmocka_unit_test(near_comes_before_far),
           cmocka_unit_test(a_host_without_labels_is_apart_from_all_but_itself),
           cmocka_unit_test(a_vm_that_starts_does_not_care),
           cmocka_unit_test(no_labels_at_all_are_a_mistake))
