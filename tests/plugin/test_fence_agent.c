/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_agent`: with agents that work, and with agents that hang, lie, fail, talk too much
 * or die. Only one thing may ever come out as "off".
 */
#include "plugin/fence_bench.h"

/* An agent that keeps the switch's state in a file, and what it was told in another. */
#define GOOD_AGENT                                                                                 \
    "input=$(cat)\n"                                                                               \
    "printf '%s\\n--\\n' \"$input\" >>$here/told\n"                                                \
    "case $input in\n"                                                                             \
    "*action=off*) echo off >$here/state ;;\n"                                                     \
    "*action=on*) echo on >$here/state ;;\n"                                                       \
    "*action=status*) read state <$here/state; echo \"Status: $state\"\n"                          \
    "    [ $state = off ] && exit 2 ;;\n"                                                          \
    "esac\nexit 0\n"

static struct fence_bench *begin(const char *script)
{
    struct fence_bench *bench = fence_begin("fence_agent");
    char error[256];
    fence_program(bench, "fence_test", script);
    fence_write(bench, "state", 0600, "on\n");
    bench_set(bench->unit, "agent", "fence_test");
    bench_set(bench->unit, "directory", bench->folder);
    bench_set(bench->unit, "settle", "2s");
    assert_string_equal(bench_open(bench->unit, error), "");
    return bench;
}

static void off_is_ordered_and_confirmed(void **state)
{
    struct fence_bench *bench = begin(GOOD_AGENT);
    (void)state;
    bench_set(bench->unit, "ip", "192.0.2.11");
    bench_set(bench->unit, "username", "drover");
    bench_set(bench->unit, "options", "lanplus=1  cipher=3");
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_IS_ON);
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_IS_OFF);
    assert_string_equal(fence_read(bench, "told"),
                        "lanplus=1\ncipher=3\nip=192.0.2.11\nusername=drover\naction=status\n--\n"
                        "lanplus=1\ncipher=3\nip=192.0.2.11\nusername=drover\naction=off\n--\n"
                        "lanplus=1\ncipher=3\nip=192.0.2.11\nusername=drover\naction=status\n--\n");
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_IS_OFF);
    assert_int_equal(fence_order(bench, DROVER_FENCE_ON, FENCE_TIMEOUT_S), DROVER_FENCE_IS_ON);
    assert_int_equal(fence_order(bench, DROVER_FENCE_SOFT, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_end(bench);
}

/* "off" takes its time: the status follows later. */
static void a_slow_switch_is_waited_for(void **state)
{
    struct fence_bench *bench = begin("case $(cat) in\n"
                                      "*action=off*) exit 0 ;;\n"
                                      "esac\n"
                                      "echo x >>$here/asked\n"
                                      "[ $(wc -l <$here/asked) -ge 2 ] && exit 2\nexit 0\n");
    (void)state;
    bench_set(bench->unit, "settle", "10s");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_IS_OFF);
    fence_end(bench);
}

/* It says that it has switched off, and its status says on. */
static void a_lying_agent_proves_nothing(void **state)
{
    struct fence_bench *bench = begin("cat >/dev/null; echo 'Status: ON'; exit 0\n");
    (void)state;
    bench_set(bench->unit, "tries", "1");
    bench_set(bench->unit, "settle", "0s");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "Status: ON");
    fence_end(bench);
}

/* 2 is "off" as a status, and "wrong arguments" as an error. */
static void wrong_arguments_are_not_taken_for_off(void **state)
{
    struct fence_bench *bench = begin("echo 'Failed: You have to enter plug number' >&2; exit 2\n");
    (void)state;
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "enter plug number");
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_UNKNOWN);
    fence_end(bench);
    /* nor where off was taken, and the status is the one that does not understand */
    bench = begin("case $(cat) in *action=off*) exit 0 ;; esac\n"
                  "echo 'unknown key' >&2; exit 2\n");
    bench_set(bench->unit, "tries", "1");
    bench_set(bench->unit, "settle", "0s");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_UNKNOWN);
    fence_end(bench);
}

static void a_failure_is_tried_again(void **state)
{
    struct fence_bench *bench = begin("input=$(cat)\n"
                                      "case $input in\n"
                                      "*action=off*) echo x >>$here/tries\n"
                                      "    [ $(wc -l <$here/tries) -ge 2 ] || exit 1 ;;\n"
                                      "*action=status*) exit 2 ;;\n"
                                      "esac\nexit 0\n");
    (void)state;
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_IS_OFF);
    assert_string_equal(fence_read(bench, "tries"), "x\nx\n");
    fence_end(bench);
    bench = begin("echo 'Connection refused'; exit 1\n");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "fence_test off ended with status 1: Connection refused");
    fence_end(bench);
}

static bool is_gone(pid_t pid)
{
    for (int i = 0; i < 200; i++) {
        if (kill(pid, 0) != 0)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return false;
}

/* What it started is ended with it, also where it does not care about SIGTERM. */
static void a_hanging_agent_is_killed(void **state)
{
    struct fence_bench *bench = begin("trap '' TERM\nsleep 300 & echo $! >$here/pid\n"
                                      "echo connecting...\nwait; wait; sleep 300\n");
    (void)state;
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, 2), DROVER_FENCE_UNKNOWN);
    fence_says(bench, "did not end in time and was killed");
    pid_t pid = (pid_t)strtol(fence_read(bench, "pid"), NULL, 10);
    assert_true(pid > 1);
    assert_true(is_gone(pid));
    fence_end(bench);
}

/* Whatever it printed and however it began: what was ordered may have happened. */
static void an_agent_that_dies_is_no_proof(void **state)
{
    struct fence_bench *bench = begin("cat >/dev/null; kill -SEGV $$\n");
    (void)state;
    bench_set(bench->unit, "tries", "1");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_UNKNOWN);
    fence_says(bench, "was ended by signal 11");
    fence_end(bench);
}

static void megabytes_are_read_and_forgotten(void **state)
{
    struct fence_bench *bench =
        begin("cat >/dev/null\nhead -c 3000000 /dev/zero | tr '\\0' 'x'\n"
              "printf '\\033[2J\\a\\377 the last word\\n'; exit 1\n");
    (void)state;
    bench_set(bench->unit, "tries", "1");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "the last word");
    assert_true(strlen(bench->fence.text) < sizeof bench->fence.text);
    fence_end(bench);
}

static void the_password_goes_by_standard_input_alone(void **state)
{
    struct fence_bench *bench = begin("cat >$here/input\n"
                                      "tr '\\0' ' ' </proc/$$/cmdline >$here/argv\n"
                                      "env >$here/env; ls /proc/$$/fd >$here/fds\n"
                                      "echo 'login as drover with geheim failed'; exit 3\n");
    (void)state;
    fence_write(bench, "secret", 0600, "geheim\n");
    char path[128];
    snprintf(path, sizeof path, "%s/secret", bench->folder);
    bench_set(bench->unit, "password_file", path);
    bench_set(bench->unit, "tries", "1");
    assert_int_equal(setenv("SECRET_OF_DROVERD", "x", 1), 0);
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    assert_non_null(strstr(fence_read(bench, "input"), "password=geheim\n"));
    assert_null(strstr(fence_read(bench, "argv"), "geheim"));
    assert_null(strstr(fence_read(bench, "env"), "geheim"));
    assert_null(strstr(fence_read(bench, "env"), "SECRET_OF_DROVERD"));
    fence_says(bench, "login as drover with ****** failed");
    fence_write(bench, "secret", 0644, "geheim\n");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "can be read by others: chmod 600");
    fence_write(bench, "secret", 0600, "");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, FENCE_TIMEOUT_S), DROVER_FENCE_FAILED);
    fence_says(bench, "expected one line");
    fence_end(bench);
}

static void programs_that_others_could_have_written_are_not_run(void **state)
{
    struct fence_bench *bench = begin("echo ran >$here/ran; exit 2\n");
    (void)state;
    assert_int_equal(chmod(fence_path(bench, "fence_test"), 0722), 0);
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_FAILED);
    fence_says(bench, "can be written by others");
    assert_int_equal(chmod(fence_path(bench, "fence_test"), 0700), 0);
    assert_int_equal(chmod(bench->folder, 0777), 0);
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_FAILED);
    fence_says(bench, "can be written by others");
    assert_string_equal(fence_read(bench, "ran"), "");
    bench_set(bench->unit, "agent", "fence_that_is_not_there");
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, FENCE_TIMEOUT_S),
                     DROVER_FENCE_FAILED);
    fence_says(bench, "there is no program fence_that_is_not_there");
    fence_end(bench);
}

static void parameters_are_checked(void **state)
{
    static const struct {
        const char *key, *value, *error;
    } cases[] = {
        {"agent", "", "agent: expected a name like fence_ipmilan, found \"\""},
        {"agent", "fence_", "agent: expected a name like fence_ipmilan, found \"fence_\""},
        {"agent", "fence_x/../../sh", "agent: expected a name like fence_ipmilan, found "
                                      "\"fence_x/../../sh\""},
        {"agent", "sh", "agent: expected a name like fence_ipmilan, found \"sh\""},
        {"ip", "192.0.2.1\naction=on", "parameters: at most 512 bytes each, on one line"},
        {"options", "a=1\nb=2", "parameters: at most 512 bytes each, on one line"},
        {"options", "lanplus", "options: expected words like lanplus=1, found \"lanplus\""},
        {"options", "action=on", "options: action is drover's to say"},
        {"options", "passwd=x", "options: passwd: a secret belongs into password_file"},
        {"password_file", "secret", "password_file: expected a path from the root, found "
                                    "\"secret\""},
        {"directory", "agents", "directory: expected a path from the root, found \"agents\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = bench_new("fence_agent");
        char error[256];
        bench_set(bench, "agent", "fence_ipmilan");
        assert_string_equal(bench_open(bench, error), "");
        bench_set(bench, cases[i].key, cases[i].value);
        assert_string_equal(bench_open(bench, error), cases[i].error);
        bench_free(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_is_ordered_and_confirmed),
        cmocka_unit_test(a_slow_switch_is_waited_for),
        cmocka_unit_test(a_lying_agent_proves_nothing),
        cmocka_unit_test(wrong_arguments_are_not_taken_for_off),
        cmocka_unit_test(a_failure_is_tried_again),
        cmocka_unit_test(a_hanging_agent_is_killed),
        cmocka_unit_test(an_agent_that_dies_is_no_proof),
        cmocka_unit_test(megabytes_are_read_and_forgotten),
        cmocka_unit_test(the_password_goes_by_standard_input_alone),
        cmocka_unit_test(programs_that_others_could_have_written_are_not_run),
        cmocka_unit_test(parameters_are_checked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fence fence_agent", tests, NULL, NULL);
}
