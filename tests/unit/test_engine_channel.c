/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of how bytes travel: bandwidth and its shares, connections, what a side cannot do. */
#include "unit/engine_bench.h"

#define MBPS_PER_MIB_S 8.388608

/* A migrate unit that wants what stands in `wish`. */
static struct drover_how wish;

static int wishing(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)self;
    (void)move;
    struct drover_stall *stalls = how->stalls;
    *how = wish;
    how->size = sizeof *how;
    how->stalls = stalls;
    if (how->flags & DROVER_HOW_POSTCOPY) {
        stalls[0] = (struct drover_stall){1, DROVER_STALL_POSTCOPY, 0};
        stalls[1] = (struct drover_stall){2, DROVER_STALL_ABORT, 0};
        how->n_stalls = 2;
    }
    return 0;
}

static const struct drover_unit wishing_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_MIGRATE, .name = "wishing",
    .migrate = wishing,
};

static struct bench bench_of(struct drover_how how)
{
    struct bench bench = bench_new(3);
    wish = how;
    bench.rules->migrate = (struct bound_unit){.unit = &wishing_unit, .name = "wishing"};
    bench.rules->migration.bandwidth = "auto";
    return bench;
}

static void begin(struct bench *bench)
{
    bench_start(bench);
    bench_report(bench, "kvm1", "a", "b", "c", NULL);
    bench_report(bench, "kvm2", NULL);
    bench_report(bench, "kvm3", NULL);
}

/* The order to migrate; it lives until the next step. */
static const struct effect *ordered(struct bench *bench, const char *vm, const char *to)
{
    bench_request(bench, "migrate", NULL, vm, to);
    const struct effect *order = bench_effect(bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    return order;
}

static void request_with(struct bench *bench, const char *verb, const char *vm, const char *key,
                         const char *value)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, NULL);
    struct pair *pair = arena_new(&event->arena, sizeof *pair);
    *pair = (struct pair){.key = key, .value = value};
    event->id = 4711;
    event_set(event, &event->name, verb);
    event_set(event, &event->who, "tester");
    event_set(event, &event->vm, vm);
    event_set(event, &event->to, "");
    event->arguments = (struct pairs){.item = pair, .n = 1, .known = true};
    bench_take(bench, event);
}

static void set_bandwidth(struct bench *bench, const char *vm, const char *text)
{
    request_with(bench, "set_bandwidth", vm, "bandwidth", text);
}

static double speed_set(struct bench *bench)
{
    assert_int_equal(bench_count(bench, EFFECT_SET_BANDWIDTH), 1);
    assert_string_equal(bench_effect(bench, EFFECT_SET_BANDWIDTH, 0)->name, "precopy");
    return bench_effect(bench, EFFECT_SET_BANDWIDTH, 0)->number;
}

static const struct effect *noticed(struct bench *bench, const char *code)
{
    for (uint32_t i = 0; i < bench->effects.n; i++)
        if (bench->effects.item[i].kind == EFFECT_NOTICE &&
            strcmp(bench->effects.item[i].name, code) == 0)
            return &bench->effects.item[i];
    return NULL;
}

/* 600 Mbps with 2 at a time are 300 Mbps for each, which is 35.76 MiB/s. */
static void bandwidth_is_divided_by_those_that_may_run(void **state)
{
    (void)state;
    struct {
        const char *text;
        double link[2], limit[2];
        uint32_t concurrent;
        int expected;
    } cases[] = {
        {"600", {0}, {0}, 2, 35},
        {"600", {0}, {0}, 0, 35},            /* two, by the limits */
        {"600", {0}, {0}, 1, 71},
        {"67.2", {0}, {0}, 1, 8},
        {"1", {0}, {0}, 2, 1},               /* never none */
        {"auto", {0}, {0}, 2, 0},            /* nothing is known */
        {"auto", {10000, 0}, {0}, 1, 1192},  /* of one side only */
        {"auto", {10000, 1000}, {0}, 1, 119}, /* the smaller */
        {"auto", {10000, 1000}, {500, 0}, 1, 59},
        {"auto", {10000, 1000}, {0, 20000}, 1, 1192},
        {"hypervisor_default", {1000, 1000}, {0}, 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench = bench_of((struct drover_how){.max_concurrent = cases[i].concurrent});
        bench.rules->migration.bandwidth = cases[i].text;
        for (int h = 0; h < 2; h++) {
            bench.link_mbps[h] = cases[i].link[h];
            bench.migration_limit_mbps[h] = cases[i].limit[h];
        }
        begin(&bench);
        int found = (int)ordered(&bench, "a", "kvm2")->how.bandwidth_mib_s;
        if (found != cases[i].expected)
            fail_msg("case %zu: expected %d, found %d", i, cases[i].expected, found);
        bench_free(&bench);
    }
}

static void what_the_unit_wants_for_one_move_is_not_divided(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){.bandwidth_mib_s = 99.2,
                                                      .max_concurrent = 2});
    bench.rules->migration.bandwidth = "600";
    begin(&bench);
    assert_int_equal((int)ordered(&bench, "a", "kvm2")->how.bandwidth_mib_s, 99);
    bench_free(&bench);
}

/* Each new move takes its part from those that run, and gives it back. */
static void shares_follow_the_moves_that_run(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){.max_concurrent = 2});
    bench.rules->migration.bandwidth = "600";
    bench.rules->migration.bandwidth_share = "running";
    begin(&bench);
    const struct effect *order = ordered(&bench, "a", "kvm2");
    assert_int_equal((int)order->how.bandwidth_mib_s, 71);
    uint64_t a = order->move;
    order = ordered(&bench, "b", "kvm3");
    assert_int_equal((int)order->how.bandwidth_mib_s, 35);
    assert_int_equal((int)speed_set(&bench), 35);
    assert_true(bench_effect(&bench, EFFECT_SET_BANDWIDTH, 0)->move == a);
    uint64_t b = order->move;
    bench_done(&bench, b, false, "it broke");
    assert_int_equal((int)speed_set(&bench), 71);
    bench_free(&bench);
}

static void a_new_policy_changes_moves_under_way(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){.max_concurrent = 2});
    bench.rules->migration.bandwidth = "600";
    begin(&bench);
    ordered(&bench, "a", "kvm2");
    bench.rules->migration.bandwidth = "160";
    bench_configure(&bench);
    assert_int_equal((int)speed_set(&bench), (int)(80 / MBPS_PER_MIB_S));
    bench_configure(&bench);
    assert_int_equal(bench_count(&bench, EFFECT_SET_BANDWIDTH), 0); /* nothing new */
    bench.rules->migration.bandwidth = "hypervisor_default";
    bench_configure(&bench);
    assert_int_equal((int)speed_set(&bench), 0);
    bench_free(&bench);
}

static void a_person_changes_one_move(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){.flags = DROVER_HOW_POSTCOPY,
                                                      .max_concurrent = 2});
    bench.rules->migration.bandwidth = "600";
    begin(&bench);
    uint64_t id = ordered(&bench, "a", "kvm2")->move;
    set_bandwidth(&bench, "a", "84");
    assert_int_equal((int)speed_set(&bench), 10);
    assert_non_null(noticed(&bench, "migration.bandwidth"));
    bench.rules->migration.bandwidth = "160";
    bench_configure(&bench); /* a person's word stays */
    assert_int_equal(bench_count(&bench, EFFECT_SET_BANDWIDTH), 0);
    set_bandwidth(&bench, "a", "policy");
    assert_int_equal((int)speed_set(&bench), 9);
    set_bandwidth(&bench, "a", "0");
    assert_int_equal((int)speed_set(&bench), 0);
    set_bandwidth(&bench, "a", "fast");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_INPUT);
    set_bandwidth(&bench, "b", "10");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NOT_FOUND);
    struct event *postcopy = bench_event(&bench, EVENT_MIGRATION_PROGRESS, NULL);
    postcopy->id = id;
    postcopy->progress.postcopy = true;
    bench_take(&bench, postcopy);
    set_bandwidth(&bench, "a", "84");
    assert_string_equal(bench_effect(&bench, EFFECT_SET_BANDWIDTH, 0)->name, "postcopy");
    assert_int_equal((int)bench_effect(&bench, EFFECT_SET_BANDWIDTH, 0)->number, 10);
    bench_free(&bench);
}

/* RHV's formulas: one for each 10240 Mbps, no more than vCPUs. bench_vm() has one vCPU. */
static void connections_by_bandwidth_and_vcpus(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint32_t unit, flags;
        double link;
        uint32_t expected;
    } cases[] = {
        {NULL, 0, 0, 100000, 0},
        {"unit", 4, 0, 100000, 2},
        {"disabled", 4, DROVER_HOW_AUTO_PARALLEL, 100000, 0},
        {"7", 0, 0, 0, 2},
        {"auto", 0, 0, 100000, 0},
        {"auto_parallel", 0, 0, 100000, 2},
        {NULL, 0, DROVER_HOW_AUTO_PARALLEL, 0, 2},
        {NULL, 0, DROVER_HOW_AUTO_CONNECTIONS, 0, 0},
        {NULL, 0, DROVER_HOW_ZEROCOPY, 0, 2},
        {"auto", 0, DROVER_HOW_ZEROCOPY, 0, 2},
        {"disabled", 0, DROVER_HOW_ZEROCOPY, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench = bench_of((struct drover_how){.flags = cases[i].flags,
                                                          .connections = cases[i].unit});
        bench.rules->migration.connections = cases[i].text;
        bench.link_mbps[0] = bench.link_mbps[1] = cases[i].link;
        begin(&bench);
        uint32_t found = ordered(&bench, "a", "kvm2")->how.connections;
        if (found != cases[i].expected)
            fail_msg("case %zu: expected %u, found %u", i, cases[i].expected, found);
        bench_request(&bench, "migrate", NULL, "b", "kvm3");
        if (bench_count(&bench, EFFECT_MIGRATE) != (found > 1 ? 0 : 1))
            fail_msg("case %zu: parallel moves go alone, others do not", i);
        bench_free(&bench);
    }
}

/* What is left out, by what code, and with which words. */
static void what_a_side_cannot_do_is_left_out_and_told(void **state)
{
    (void)state;
    const uint32_t zerocopy = DROVER_HOW_ZEROCOPY, compress = DROVER_HOW_COMPRESS;
    const uint32_t postcopy = DROVER_HOW_POSTCOPY, tls = DROVER_HOW_TLS;
    const uint32_t parallel = DROVER_HOW_AUTO_PARALLEL, converge = DROVER_HOW_AUTO_CONVERGE;
    const struct {
        struct drover_how how;
        const char *libvirt, *qemu; /* of the destination */
        const char *code, *says;    /* NULL: nothing is left out */
    } cases[] = {
        {{.flags = zerocopy}, "8.5.0", "7.1.0", NULL, NULL},
        {{.flags = zerocopy}, "", "", NULL, NULL},
        {{.flags = zerocopy}, "8.4.0", "7.1.0", "migration.without_zero_copy",
         "host kvm2 has libvirt 8.4.0, and 8.5 is needed"},
        {{.flags = zerocopy}, "10.10.0", "7.0.50", "migration.without_zero_copy",
         "host kvm2 has QEMU 7.0.50, and 7.1 is needed"},
        {{.flags = zerocopy | tls}, "", "", "migration.without_zero_copy", "encrypted"},
        {{.flags = parallel}, "5.1.0", "4.0.0", "migration.without_parallel", "libvirt 5.1.0"},
        {{.flags = compress}, "9.0.0", "7.2.0", NULL, NULL},
        {{.flags = compress | parallel}, "", "", "migration.without_compression", "one connection"},
        {{.flags = compress, .compression = DROVER_COMPRESSION_ZSTD}, "", "",
         "migration.without_compression", "several connections"},
        {{.flags = compress | parallel, .compression = DROVER_COMPRESSION_ZSTD}, "9.4.0", "8.0.0",
         NULL, NULL},
        {{.flags = compress | parallel, .compression = DROVER_COMPRESSION_ZLIB}, "9.3.0", "8.0.0",
         "migration.without_compression", "libvirt 9.3.0"},
        {{.flags = compress | zerocopy, .compression = DROVER_COMPRESSION_ZLIB}, "9.4.0", "8.0.0",
         "migration.without_compression", "copied"},
        {{.flags = postcopy}, "9.0.0", "7.2.0", NULL, NULL},
        {{.flags = postcopy | parallel}, "9.0.0", "7.2.0", "migration.without_postcopy",
         "one connection"},
        {{.flags = postcopy, .postcopy_bandwidth_mib_s = 10}, "5.0.0", "7.2.0",
         "migration.without_postcopy_bandwidth", "libvirt 5.0.0"},
        {{.flags = converge, .auto_converge_initial_pct = 30}, "1.3.5", "7.2.0",
         "migration.without_converge_steps", "libvirt 1.3.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench = bench_of(cases[i].how);
        bench.libvirt[1] = cases[i].libvirt;
        bench.qemu[1] = cases[i].qemu;
        begin(&bench);
        const struct how *how = &ordered(&bench, "a", "kvm2")->how;
        const struct effect *told = cases[i].code ? noticed(&bench, cases[i].code) : NULL;
        if (cases[i].code && (!told || !strstr(told->text, cases[i].says)))
            fail_msg("case %zu: expected %s with \"%s\", found: %s", i, cases[i].code,
                     cases[i].says, told ? told->text : "nothing");
        for (uint32_t k = 0; !cases[i].code && k < bench.effects.n; k++)
            if (bench.effects.item[k].kind == EFFECT_NOTICE &&
                strstr(bench.effects.item[k].name, "without"))
                fail_msg("case %zu: %s", i, bench.effects.item[k].text);
        assert_int_equal(how->tls, (cases[i].how.flags & tls) != 0); /* encryption stays */
        if (told && strstr(told->name, "without_postcopy") && !how->postcopy)
            assert_int_equal(how->stalls.n, 1); /* and the step that would have switched */
        bench_free(&bench);
    }
}

/* It goes through the libvirtds' own connection: one, and as those encrypt it. */
static void what_a_tunnel_does_not_carry_is_left_out_and_told(void **state)
{
    (void)state;
    static const char *const codes[] = {"migration.without_postcopy", "migration.without_parallel",
                                        "migration.without_zero_copy", "migration.without_tls"};
    static const uint32_t flags[] = {DROVER_HOW_POSTCOPY, DROVER_HOW_AUTO_PARALLEL,
                                     DROVER_HOW_AUTO_PARALLEL | DROVER_HOW_ZEROCOPY,
                                     DROVER_HOW_TLS};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct bench bench = bench_of((struct drover_how){.flags = flags[i]});
        begin(&bench);
        request_with(&bench, "migrate", "a", "tunnelled", "yes");
        const struct how *how = &bench_effect(&bench, EFFECT_MIGRATE, 0)->how;
        const struct effect *told = noticed(&bench, codes[i]);
        assert_non_null(told);
        assert_non_null(strstr(told->text, "it does not go with a tunnel"));
        assert_true(how->tunnelled && !how->postcopy && !how->zerocopy && !how->tls);
        assert_int_equal(how->connections, 0);
        assert_int_equal(how->stalls.n, i == 0 ? 1 : 0);
        bench_free(&bench);
    }
}

static void the_policy_has_the_last_word(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){
        .flags = DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_COMPRESS | DROVER_HOW_ZEROCOPY |
                 DROVER_HOW_POSTCOPY,
        .auto_converge_initial_pct = 20, .postcopy_bandwidth_mib_s = 5});
    struct policy_migration *policy = &bench.rules->migration;
    policy->compression = "xbzrle";
    policy->zero_copy = "no";
    policy->auto_converge_increment = "15";
    policy->auto_converge_initial = "unit";
    policy->postcopy_bandwidth = "84";
    policy->encryption = "yes";
    bench.tls_name[1] = "kvm2.example.org";
    begin(&bench);
    const struct how *how = &ordered(&bench, "a", "kvm2")->how;
    assert_true(how->compress && how->auto_converge && how->tls && how->postcopy);
    assert_false(how->zerocopy);
    assert_int_equal(how->auto_converge_initial_pct, 20);
    assert_int_equal(how->auto_converge_increment_pct, 15);
    assert_int_equal((int)how->postcopy_bandwidth_mib_s, 10);
    assert_string_equal(how->tls_destination, "kvm2.example.org");
    bench_free(&bench);
}

static void the_way_there(void **state)
{
    (void)state;
    struct bench bench = bench_of((struct drover_how){.flags = DROVER_HOW_TLS});
    bench.migration_address[1] = "10.9.0.2";
    begin(&bench);
    const struct how *how = &ordered(&bench, "a", "kvm2")->how;
    assert_string_equal(how->migration_address, "10.9.0.2");
    assert_string_equal(how->peer_uri, "qemu+tcp://kvm2/system");
    assert_string_equal(how->tls_destination, "kvm2"); /* whatever the address */
    how = &ordered(&bench, "b", "kvm3")->how;
    assert_string_equal(how->migration_address, ""); /* it has none */
    bench_free(&bench);
    bench = bench_of((struct drover_how){.flags = 0});
    bench.migration_address[1] = "10.9.0.2";
    bench.rules->migration.network = "management";
    begin(&bench);
    assert_string_equal(ordered(&bench, "a", "kvm2")->how.migration_address, "");
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bandwidth_is_divided_by_those_that_may_run),
        cmocka_unit_test(what_the_unit_wants_for_one_move_is_not_divided),
        cmocka_unit_test(shares_follow_the_moves_that_run),
        cmocka_unit_test(a_new_policy_changes_moves_under_way),
        cmocka_unit_test(a_person_changes_one_move),
        cmocka_unit_test(connections_by_bandwidth_and_vcpus),
        cmocka_unit_test(what_a_side_cannot_do_is_left_out_and_told),
        cmocka_unit_test(what_a_tunnel_does_not_carry_is_left_out_and_told),
        cmocka_unit_test(the_policy_has_the_last_word),
        cmocka_unit_test(the_way_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
