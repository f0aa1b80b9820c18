/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fence `fence_ssh_restart`: what ssh is told, and what is made of how it ends. */
#include "plugin/fence_bench.h"

static struct fence_bench *begin(const char *script)
{
    struct fence_bench *bench = fence_begin("fence_ssh_restart");
    char error[256];
    assert_true(bench->unit->unit->flags & DROVER_SOFT);
    fence_program(bench, "ssh", script);
    bench_set(bench->unit, "directory", bench->folder);
    assert_string_equal(bench_open(bench->unit, error), "");
    return bench;
}

static void libvirt_is_restarted_there(void **state)
{
    struct fence_bench *bench = begin("printf '%s\\n' \"$@\" >$here/argv\n");
    (void)state;
    bench_set(bench->unit, "service", "libvirtd");
    bench_set(bench->unit, "identity_file", "/etc/drover/key");
    assert_int_equal(fence_order(bench, DROVER_FENCE_SOFT, FENCE_TIMEOUT_S), DROVER_FENCE_IS_ON);
    fence_says(bench, "libvirtd was restarted on 192.0.2.1");
    assert_string_equal(fence_read(bench, "argv"),
                        "-F\nnone\n-T\n-x\n-a\n-o\nBatchMode=yes\n-o\nStrictHostKeyChecking=yes\n"
                        "-o\nConnectTimeout=3\n-p\n22\n-l\nroot\n-i\n/etc/drover/key\n--\n"
                        "192.0.2.1\nsystemctl restart libvirtd.service\n");
    bench_set(bench->unit, "service", "auto");
    bench_set(bench->unit, "address", "kvm1.example");
    assert_int_equal(fence_order(bench, DROVER_FENCE_SOFT, FENCE_TIMEOUT_S), DROVER_FENCE_IS_ON);
    assert_non_null(strstr(fence_read(bench, "argv"), "--\nkvm1.example\nif systemctl is-enabled"));
    fence_end(bench);
}

/* Other orders do not even make it run. */
static void it_switches_nothing(void **state)
{
    static const uint32_t actions[] = {DROVER_FENCE_OFF, DROVER_FENCE_ON, DROVER_FENCE_STATUS};
    struct fence_bench *bench = begin("echo ran >$here/ran\n");
    (void)state;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        assert_int_equal(fence_order(bench, actions[i], FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    assert_string_equal(fence_read(bench, "ran"), "");
    fence_end(bench);
}

static void failures_are_told(void **state)
{
    struct fence_bench *bench = begin("echo 'root@192.0.2.1: Permission denied' >&2; exit 255\n");
    (void)state;
    assert_int_equal(fence_order(bench, DROVER_FENCE_SOFT, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "ssh to 192.0.2.1 ended with status 255: root@192.0.2.1: Permission denied");
    fence_end(bench);
    bench = begin("sleep 300\n");
    assert_int_equal(fence_order(bench, DROVER_FENCE_SOFT, 2), DROVER_FENCE_UNKNOWN);
    fence_says(bench, "did not end in time");
    fence_end(bench);
}

static void the_uri_must_have_an_address(void **state)
{
    static const struct {
        const char *uri, *address;
    } cases[] = {
        {"qemu+ssh://root@[2001:db8::1]:2222/system", "2001:db8::1"},
        {"qemu+tcp://kvm1:16509/system?x=//", "kvm1"},
        {"qemu:///system", NULL},
        {"qemu+tls://-oProxyCommand=x/system", NULL},
        {"test:", NULL},
    };
    struct fence_bench *bench = begin("printf '%s\\n' \"$@\" >$here/argv\n");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct drover_fence fence = {.size = sizeof fence, .host = "kvm1", .uri = cases[i].uri,
                                     .action = DROVER_FENCE_SOFT, .timeout_s = FENCE_TIMEOUT_S};
        char words[128];
        assert_int_equal(bench->unit->unit->fence(bench->unit->self, &fence), 0);
        assert_int_equal(fence.result,
                         cases[i].address ? DROVER_FENCE_IS_ON : DROVER_FENCE_FAILED);
        snprintf(words, sizeof words, "--\n%s\n", cases[i].address ? cases[i].address : "");
        assert_true(!cases[i].address || strstr(fence_read(bench, "argv"), words));
    }
    fence_end(bench);
}

static void parameters_are_checked(void **state)
{
    static const struct {
        const char *key, *value, *error;
    } cases[] = {
        {"address", "-oProxyCommand=x", "address: expected a name or an address, found "
                                        "\"-oProxyCommand=x\""},
        {"address", "kvm1 reboot", "address: expected a name or an address, found "
                                   "\"kvm1 reboot\""},
        {"user", "", "user: expected a user's name, found \"\""},
        {"user", "root@x", "user: expected a user's name, found \"root@x\""},
        {"identity_file", "key", "identity_file: expected a path from the root"},
        {"identity_file", "/keys/%h", "identity_file: expected a path from the root"},
        {"directory", "bin", "directory: expected a path from the root"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = bench_new("fence_ssh_restart");
        char error[256];
        assert_string_equal(bench_open(bench, error), "");
        bench_set(bench, cases[i].key, cases[i].value);
        assert_string_equal(bench_open(bench, error), cases[i].error);
        bench_free(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libvirt_is_restarted_there),
        cmocka_unit_test(it_switches_nothing),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(the_uri_must_have_an_address),
        cmocka_unit_test(parameters_are_checked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fence fence_ssh_restart", tests, NULL, NULL);
}
