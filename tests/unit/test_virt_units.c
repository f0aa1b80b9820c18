/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt's figures, flags and states mean: the pure parts of the room, as tables. Figures
 * are of a kind that makes a wrong unit visible.
 */
#include "virt/domain.h"
#include "virt/units.h"
#include "virt/words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB (1024ull * 1024)

struct parameters {
    virTypedParameterPtr item;
    int n, room;
};

static void add(struct parameters *to, const char *name, unsigned long long value)
{
    assert_int_equal(0, virTypedParamsAddULLong(&to->item, &to->n, &to->room, name, value));
}

static void assert_near(double expected, double found)
{
    if (!(fabs(expected - found) < 1e-9))
        fail_msg("expected %.12g, found %.12g", expected, found);
}

static void progress_is_in_mib_and_seconds(void **state)
{
    (void)state;
    struct parameters p = {0};
    struct progress progress;
    add(&p, VIR_DOMAIN_JOB_MEMORY_TOTAL, 4096 * MIB);
    add(&p, VIR_DOMAIN_JOB_MEMORY_PROCESSED, 1000 * MIB);
    add(&p, VIR_DOMAIN_JOB_MEMORY_REMAINING, 3 * MIB / 2);
    add(&p, VIR_DOMAIN_JOB_MEMORY_BPS, 110 * MIB);
    add(&p, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, 512); /* pages */
    add(&p, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 4096);
    add(&p, VIR_DOMAIN_JOB_MEMORY_ITERATION, 7);
    add(&p, VIR_DOMAIN_JOB_TIME_ELAPSED, 12500);
    add(&p, VIR_DOMAIN_JOB_DOWNTIME, 300);
    assert_int_equal(0, virTypedParamsAddInt(&p.item, &p.n, &p.room,
                                             VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE, 20));
    units_progress(p.item, p.n, &progress);
    virTypedParamsFree(p.item, p.n);
    assert_near(4096, progress.memory_total_mib);
    assert_near(1000, progress.memory_processed_mib);
    assert_near(1.5, progress.memory_remaining_mib);
    assert_near(110, progress.throughput_mib_s);
    assert_near(2, progress.dirty_mib_s);
    assert_near(12.5, progress.elapsed_s);
    assert_near(300, progress.downtime_ms);
    assert_int_equal(7, progress.iteration);
    assert_int_equal(20, progress.throttle_pct);
    assert_false(progress.postcopy);
}

static void progress_without_figures_is_nothing(void **state)
{
    (void)state;
    struct progress progress;
    units_progress(NULL, 0, &progress);
    assert_near(0, progress.memory_total_mib);
    assert_near(0, progress.dirty_mib_s);
    assert_int_equal(0, progress.iteration);
    assert_true(isnan(progress.downtime_ms));
}

static void dirty_pages_have_four_kib_unless_told(void **state)
{
    (void)state;
    struct parameters p = {0};
    struct progress progress;
    add(&p, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, 256);
    units_progress(p.item, p.n, &progress);
    assert_near(1, progress.dirty_mib_s);
    add(&p, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 65536);
    units_progress(p.item, p.n, &progress);
    virTypedParamsFree(p.item, p.n);
    assert_near(16, progress.dirty_mib_s);
}

static void numbers_of_every_type(void **state)
{
    (void)state;
    static const virTypedParameter parameters[] = {
        {.field = "int", .type = VIR_TYPED_PARAM_INT, .value.i = -5},
        {.field = "uint", .type = VIR_TYPED_PARAM_UINT, .value.ui = 4000000000u},
        {.field = "llong", .type = VIR_TYPED_PARAM_LLONG, .value.l = -6000000000},
        {.field = "ullong", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 6000000000},
        {.field = "double", .type = VIR_TYPED_PARAM_DOUBLE, .value.d = 0.25},
        {.field = "boolean", .type = VIR_TYPED_PARAM_BOOLEAN, .value.b = 1},
        {.field = "string", .type = VIR_TYPED_PARAM_STRING, .value.s = NULL},
    };
    const int n = sizeof parameters / sizeof *parameters;
    assert_near(-5, units_number(parameters, n, "int"));
    assert_near(4e9, units_number(parameters, n, "uint"));
    assert_near(-6e9, units_number(parameters, n, "llong"));
    assert_near(6e9, units_number(parameters, n, "ullong"));
    assert_near(0.25, units_number(parameters, n, "double"));
    assert_near(1, units_number(parameters, n, "boolean"));
    assert_true(isnan(units_number(parameters, n, "string")));
    assert_true(isnan(units_number(parameters, n, "absent")));
}

static void memory_used_by_the_guest_or_by_qemu(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        unsigned long long available, usable, unused, rss; /* KiB; 0: absent */
        double expected_mib;
    } cases[] = {
        {"nothing is known", 0, 0, 0, 0, -1},
        {"QEMU's own memory alone", 0, 0, 0, 512 * 1024, 512},
        {"the guest's account comes first", 1024 * 1024, 256 * 1024, 100 * 1024, 512 * 1024, 768},
        {"an old balloon driver", 1024 * 1024, 0, 128 * 1024, 512 * 1024, 896},
        {"an account that cannot be", 1024, 4096, 0, 2048, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parameters p = {0};
        const struct {
            const char *name;
            unsigned long long value;
        } figures[] = {{"balloon.available", cases[i].available},
                       {"balloon.usable", cases[i].usable},
                       {"balloon.unused", cases[i].unused},
                       {"balloon.rss", cases[i].rss}};
        for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
            if (figures[f].value)
                add(&p, figures[f].name, figures[f].value);
        }
        double found = units_memory_used_mib(p.item, p.n);
        virTypedParamsFree(p.item, p.n);
        if (fabs(found - cases[i].expected_mib) > 1e-9)
            fail_msg("%s: expected %g, found %g", cases[i].what, cases[i].expected_mib, found);
    }
}

static void load_is_a_share_of_all_cpus(void **state)
{
    (void)state;
    assert_near(50, units_load_pct(5, 10, 1));
    assert_near(12.5, units_load_pct(5, 10, 4));
    assert_near(0, units_load_pct(0, 10, 4));
    assert_near(100, units_load_pct(11, 10, 1)); /* two clocks never agree to the last tick */
    assert_near(-1, units_load_pct(5, 0, 1));
    assert_near(-1, units_load_pct(5, 10, 0));
    assert_near(-1, units_load_pct(5, 10, NAN));
    assert_near(-1, units_load_pct(-5, 10, 1)); /* restarted: its clock began anew */
}

static void flags_by_the_way_to_move(void **state)
{
    (void)state;
    const unsigned always = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_ABORT_ON_ERROR;
    const unsigned keep = VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
    const struct {
        const char *what;
        struct how how;
        bool persistent;
        unsigned expected;
    } cases[] = {
        {"nothing special", {0}, false, always},
        {"a defined VM takes its definition along", {0}, true, always | keep},
        {"auto-converge", {.auto_converge = true}, false, always | VIR_MIGRATE_AUTO_CONVERGE},
        {"post-copy", {.postcopy = true}, false, always | VIR_MIGRATE_POSTCOPY},
        {"encrypted", {.tls = true}, false, always | VIR_MIGRATE_TLS},
        {"one connection is not parallel", {.connections = 1}, false, always},
        {"four are", {.connections = 4}, false, always | VIR_MIGRATE_PARALLEL},
        {"compressed", {.compress = true}, false, always | VIR_MIGRATE_COMPRESSED},
        {"but not over several connections", {.compress = true, .connections = 2}, false,
         always | VIR_MIGRATE_PARALLEL},
        {"xbzrle by name", {.compress = true, .compression = DROVER_COMPRESSION_XBZRLE}, false,
         always | VIR_MIGRATE_COMPRESSED},
        {"zstd over several connections",
         {.compress = true, .compression = DROVER_COMPRESSION_ZSTD, .connections = 2}, false,
         always | VIR_MIGRATE_PARALLEL | VIR_MIGRATE_COMPRESSED},
        {"and not over one", {.compress = true, .compression = DROVER_COMPRESSION_ZSTD}, false,
         always},
        {"without copying, over several", {.zerocopy = true, .connections = 2}, false,
         always | VIR_MIGRATE_PARALLEL | VIR_MIGRATE_ZEROCOPY},
        {"and not over one", {.zerocopy = true}, false, always},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned found = units_migrate_flags(&cases[i].how, cases[i].persistent);
        if (found != cases[i].expected)
            fail_msg("%s: expected %#x, found %#x", cases[i].what, cases[i].expected, found);
    }
}

static void address_becomes_a_uri(void **state)
{
    (void)state;
    static const struct {
        const char *address, *expected;
    } cases[] = {
        {"10.0.0.7", "tcp://10.0.0.7"},
        {"kvm2-migration", "tcp://kvm2-migration"},
        {"fd00::7", "tcp://[fd00::7]"},
        {"[fd00::7]", "tcp://[fd00::7]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct how how = {.migration_address = cases[i].address};
        virTypedParameterPtr parameters;
        const char *uri = NULL;
        int n;
        assert_int_equal(0, units_migrate_parameters(&how, &parameters, &n));
        assert_int_equal(1, n);
        assert_int_equal(1, virTypedParamsGetString(parameters, n, VIR_MIGRATE_PARAM_URI, &uri));
        assert_string_equal(cases[i].expected, uri);
        virTypedParamsFree(parameters, n);
    }
}

static void bandwidth_and_connections_are_parameters(void **state)
{
    (void)state;
    struct how how = {.bandwidth_mib_s = 99.2, .connections = 4, .migration_address = ""};
    virTypedParameterPtr parameters;
    unsigned long long bandwidth = 0;
    int connections = 0, n;
    assert_int_equal(0, units_migrate_parameters(&how, &parameters, &n));
    assert_int_equal(2, n);
    virTypedParamsGetULLong(parameters, n, VIR_MIGRATE_PARAM_BANDWIDTH, &bandwidth);
    virTypedParamsGetInt(parameters, n, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, &connections);
    assert_int_equal(100, bandwidth);
    assert_int_equal(4, connections);
    virTypedParamsFree(parameters, n);
    how = (struct how){0};
    assert_int_equal(0, units_migrate_parameters(&how, &parameters, &n));
    assert_int_equal(0, n);
}

/* "NAME=VALUE NAME=VALUE": all parameters, in the order of libvirt's list. */
static const char *parameters_text(const struct how *how)
{
    static char text[1024];
    virTypedParameterPtr parameters;
    size_t used = 0;
    int n;
    text[0] = '\0';
    assert_int_equal(0, units_migrate_parameters(how, &parameters, &n));
    for (int i = 0; i < n; i++) {
        char *value = parameters[i].type == VIR_TYPED_PARAM_STRING ? parameters[i].value.s : NULL;
        char number[32];
        snprintf(number, sizeof number, "%.0f",
                 value ? 0 : units_number(parameters, n, parameters[i].field));
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? " " : "",
                                 parameters[i].field, value ? value : number);
        assert_true(used < sizeof text);
    }
    virTypedParamsFree(parameters, n);
    return text;
}

static void parameters_by_the_way_to_move(void **state)
{
    (void)state;
    const struct {
        const char *expected;
        struct how how;
    } cases[] = {
        {"", {.postcopy_bandwidth_mib_s = 5, .compression = DROVER_COMPRESSION_ZSTD,
              .compression_level = 3, .auto_converge_initial_pct = 20, .tls_destination = "kvm2"}},
        {"bandwidth=36 bandwidth.postcopy=5",
         {.postcopy = true, .bandwidth_mib_s = 35.8, .postcopy_bandwidth_mib_s = 5}},
        {"compression=xbzrle", {.compress = true, .compression_level = 3}},
        {"", {.compress = true, .compression = DROVER_COMPRESSION_ZLIB}}, /* one connection */
        {"parallel.connections=2 compression=zlib compression.zlib.level=9",
         {.connections = 2, .compress = true, .compression = DROVER_COMPRESSION_ZLIB,
          .compression_level = 20}},
        {"parallel.connections=2 compression=zstd compression.zstd.level=20",
         {.connections = 2, .compress = true, .compression = DROVER_COMPRESSION_ZSTD,
          .compression_level = 20}},
        {"auto_converge.initial=20 auto_converge.increment=5",
         {.auto_converge = true, .auto_converge_initial_pct = 20,
          .auto_converge_increment_pct = 5}},
        {"tls.destination=kvm2", {.tls = true, .tls_destination = "kvm2"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(cases[i].expected, parameters_text(&cases[i].how));
}

/* As libvirt 9.0 and QEMU 7.2 say it. */
static void words_of_an_unreachable_network(void **state)
{
    (void)state;
    const char *address = "192.168.253.13";
    assert_true(units_is_out_of_reach(
        "unable to connect to server at '192.168.253.13:49152': Network is unreachable", address));
    assert_true(units_is_out_of_reach(
        "operation failed: job 'migration out' failed: Failed to connect to "
        "'192.168.253.13:49152': No route to host", address));
    assert_false(units_is_out_of_reach(
        "operation failed: Failed to connect to remote libvirt URI qemu+tcp://10.0.0.3/system",
        address));
    assert_false(units_is_out_of_reach("unable to connect to server at 'kvm2:49152'", ""));
    assert_false(units_is_out_of_reach("192.168.253.13 is full", address));
    assert_false(units_is_out_of_reach(NULL, address));
}

static void what_libvirt_says_has_a_remedy(void **state)
{
    (void)state;
    assert_non_null(strstr(words_remedy("operation failed: migration of disk vdc failed: No space "
                                        "left on device"), "make room"));
    assert_non_null(strstr(words_remedy("Cannot access storage file '/var/lib/x.img': No such file "
                                        "or directory"), "--copy-storage"));
    assert_null(words_remedy("operation failed: job 'migration out' failed"));
    assert_null(words_remedy(NULL));
}

static void memory_that_may_not_be_locked_is_known(void **state)
{
    (void)state;
    assert_true(units_is_unlockable("cannot limit locked memory of process 242 to 37748736: "
                                    "Operation not permitted"));
    assert_false(units_is_unlockable("cannot limit core file size of process 242"));
    assert_false(units_is_unlockable(NULL));
}

/*
 * During a migration two hosts know the VM, and in every phase exactly one of them has it running:
 * while it arrives, the source does not know yet that it has gone.
 */
static void one_host_reports_a_migrating_vm(void **state)
{
    (void)state;
    const enum domain_job out = DOMAIN_JOB_OUTGOING, in = DOMAIN_JOB_INCOMING;
    const enum domain_job none = DOMAIN_JOB_NONE;
    static const char *const phases[] = {"copying", "handing over", "arriving", "post-copy",
                                         "ended well", "ended badly", "post-copy broke"};
    const struct {
        int state, reason;
        enum domain_job job;
        int reported;
    } source[] = {
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, out, DROVER_VM_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, out, DROVER_VM_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, out, DROVER_VM_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY, out, DROVER_VM_MIGRATING},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_MIGRATED, none, DROVER_VM_DOWN},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATION_CANCELED, none, DROVER_VM_RUNNING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED, out, DOMAIN_SILENT},
    }, destination[] = {
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, in, DOMAIN_SILENT},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, in, DOMAIN_SILENT},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, in, DROVER_VM_RUNNING},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, in, DOMAIN_SILENT},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, none, DROVER_VM_RUNNING},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED, none, DROVER_VM_DOWN},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED, in, DROVER_VM_PAUSED},
    };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        int a = domain_state(source[i].state != VIR_DOMAIN_SHUTOFF, source[i].state,
                             source[i].reason, source[i].job);
        int b = domain_state(destination[i].state != VIR_DOMAIN_SHUTOFF, destination[i].state,
                             destination[i].reason, destination[i].job);
        if (a != source[i].reported || b != destination[i].reported)
            fail_msg("%s: expected %d and %d, found %d and %d", phases[i], source[i].reported,
                     destination[i].reported, a, b);
    }
}

static void states_outside_of_migrations(void **state)
{
    (void)state;
    static const struct {
        bool active;
        int state, reason, expected;
    } cases[] = {
        {true, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED, DROVER_VM_RUNNING},
        {true, VIR_DOMAIN_BLOCKED, 0, DROVER_VM_RUNNING},
        {true, VIR_DOMAIN_NOSTATE, 0, DROVER_VM_RUNNING},
        {true, VIR_DOMAIN_SHUTDOWN, 0, DROVER_VM_RUNNING},
        {true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, DROVER_VM_PAUSED},
        {true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, DROVER_VM_PAUSED},
        {true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, DROVER_VM_PAUSED},
        {true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, DOMAIN_SILENT},
        {true, VIR_DOMAIN_PMSUSPENDED, 0, DROVER_VM_PAUSED},
        {true, VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED, DROVER_VM_PAUSED},
        {false, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN, DROVER_VM_DOWN},
        {false, VIR_DOMAIN_CRASHED, 0, DROVER_VM_DOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = domain_state(cases[i].active, cases[i].state, cases[i].reason,
                                 DOMAIN_JOB_NONE);
        if (found != cases[i].expected)
            fail_msg("state %d, reason %d: expected %d, found %d", cases[i].state,
                     cases[i].reason, cases[i].expected, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_in_mib_and_seconds),
        cmocka_unit_test(progress_without_figures_is_nothing),
        cmocka_unit_test(dirty_pages_have_four_kib_unless_told),
        cmocka_unit_test(numbers_of_every_type),
        cmocka_unit_test(memory_used_by_the_guest_or_by_qemu),
        cmocka_unit_test(load_is_a_share_of_all_cpus),
        cmocka_unit_test(flags_by_the_way_to_move),
        cmocka_unit_test(address_becomes_a_uri),
        cmocka_unit_test(bandwidth_and_connections_are_parameters),
        cmocka_unit_test(parameters_by_the_way_to_move),
        cmocka_unit_test(words_of_an_unreachable_network),
        cmocka_unit_test(what_libvirt_says_has_a_remedy),
        cmocka_unit_test(memory_that_may_not_be_locked_is_known),
        cmocka_unit_test(one_host_reports_a_migrating_vm),
        cmocka_unit_test(states_outside_of_migrations),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (virInitialize() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
