/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orders to fence devices, with real threads and child processes: what a device says is told once,
 * one that hangs is not waited for, and no device is told two things at once.
 */
#include "unit/daemon_bench.h"

#define DEVICE(timeout, agent)                                                                     \
    "      - unit: fence_agent\n        timeout: " timeout "\n        parameters:\n"               \
    "          {agent: " agent ", directory: %s, tries: 1, settle: 0s}\n"

struct bench {
    struct daemon_bench base;
    const struct folder *folder;
    struct plug *plug;
    struct fencer *fencer;
};

static void agent(const struct bench *bench, const char *name, const char *script)
{
    char text[2048];
    snprintf(text, sizeof text, "#!/bin/sh\nhere=%s\ncat >/dev/null\n%s", bench->folder->path,
             script);
    assert_int_equal(chmod(folder_write(bench->folder, name, text), 0700), 0);
}

/* kvm1 has the devices `one` and `two`, kvm2 one that hangs. */
static void begin(struct bench *bench, const struct folder *folder)
{
    char config[2048], plugins[PATH_MAX];
    const char *build = getenv("DROVER_BUILD");
    struct error error = ERROR_INIT;
    *bench = (struct bench){.folder = folder};
    snprintf(config, sizeof config,
             "hosts:\n  - name: kvm1\n    uri: qemu+tls://kvm1/system\n    fence:\n"
             DEVICE("40s", "fence_one") DEVICE("40s", "fence_two")
             "  - name: kvm2\n    uri: qemu+tls://kvm2/system\n    fence:\n"
             DEVICE("2s", "fence_hangs"), folder->path, folder->path, folder->path);
    agent(bench, "fence_one", "echo 'Status: ON'; exit 0\n");
    agent(bench, "fence_two", "echo 'Status: OFF'; exit 2\n");
    agent(bench, "fence_hangs", "exec sleep 300\n");
    daemon_bench_begin(&bench->base, folder, config);
    snprintf(plugins, sizeof plugins, "%s/plugins", build ? build : "build");
    bench->plug = plug_new(PLUG_TRUST_ANY);
    assert_int_equal(plug_load_dir(bench->plug, plugins, "", true, NULL, NULL), 0);
    bench->base.set.fences = fences_bind(bench->base.set.settings, bench->plug, &error);
    assert_string_equal(error.text, "");
    bench->fencer = fencer_new(&bench->base.daemon);
}

static void end(struct bench *bench)
{
    fencer_free(bench->fencer);
    fences_unref(bench->base.set.fences);
    plug_unref(bench->plug);
    daemon_bench_end(&bench->base);
}

static void order(struct bench *bench, uint64_t id, const char *host, uint32_t device,
                  const char *action)
{
    struct effect effect = {.kind = EFFECT_FENCE, .id = id, .host = host, .name = action,
                            .number = device};
    fencer_order(bench->fencer, &effect);
}

static void expect(struct bench *bench, uint64_t id, const char *host, const char *result,
                   const char *words)
{
    struct event *event = daemon_bench_event(&bench->base);
    assert_int_equal(event->kind, EVENT_FENCED);
    assert_int_equal(event->id, id);
    assert_string_equal(event->host, host);
    assert_string_equal(event->name, result);
    if (!strstr(event->text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, event->text);
    event_free(event);
}

static const char *told(const struct bench *bench)
{
    static char text[4096];
    FILE *file = fopen(folder_path(bench->folder, "told"), "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void what_the_device_says_is_told(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    order(&bench, 7, "kvm1", 0, "status");
    expect(&bench, 7, "kvm1", "on", "Status: ON");
    order(&bench, 8, "kvm1", 1, "status");
    expect(&bench, 8, "kvm1", "off", "Status: OFF");
    agent(&bench, "fence_one", "printf 'no\\033[2J\\nway\\377'; exit 1\n");
    order(&bench, 9, "kvm1", 0, "off");
    expect(&bench, 9, "kvm1", "failed", "no");
    end(&bench);
}

static void a_device_that_is_not_there_says_unknown(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    order(&bench, 1, "kvm1", 2, "off");
    expect(&bench, 1, "kvm1", "unknown", "no such fence device");
    order(&bench, 2, "kvm9", 0, "off");
    expect(&bench, 2, "kvm9", "unknown", "no such fence device");
    end(&bench);
}

/* The second order's time is over before the first one's device is free. */
static void one_that_hangs_is_unknown_and_so_is_who_waits_for_it(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    order(&bench, 1, "kvm2", 0, "off");
    order(&bench, 2, "kvm2", 0, "off");
    daemon_bench_await(&bench.base, 2);
    expect(&bench, 1, "kvm2", "unknown", "");
    expect(&bench, 2, "kvm2", "unknown", "busy");
    order(&bench, 3, "kvm1", 0, "status"); /* nobody else has to wait */
    expect(&bench, 3, "kvm1", "on", "");
    end(&bench);
}

static void a_device_is_told_one_thing_at_a_time(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    agent(&bench, "fence_one", "echo begin >>$here/told; sleep 0.2; echo end >>$here/told\n");
    for (uint64_t id = 1; id <= 3; id++)
        order(&bench, id, "kvm1", 0, "status");
    for (uint64_t id = 1; id <= 3; id++)
        expect(&bench, id, "kvm1", "on", "");
    assert_string_equal(told(&bench), "begin\nend\nbegin\nend\nbegin\nend\n");
    end(&bench);
}

/* Each of the two waits for the other: one after the other they would never end. */
static void two_devices_work_side_by_side(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    agent(&bench, "fence_one", ": >$here/a; while [ ! -e $here/b ]; do sleep 0.05; done\n");
    agent(&bench, "fence_two", ": >$here/b; while [ ! -e $here/a ]; do sleep 0.05; done\n");
    order(&bench, 1, "kvm1", 0, "status");
    order(&bench, 2, "kvm1", 1, "status");
    daemon_bench_await(&bench.base, 2);
    for (int i = 0; i < 2; i++) {
        struct event *event = daemon_bench_event(&bench.base);
        assert_string_equal(event->name, "on");
        event_free(event);
    }
    end(&bench);
}

/* droverd ends: what is under way ends by itself, and what waits is never begun. */
static void what_is_under_way_outlives_the_fencer(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    agent(&bench, "fence_one", "echo begin >>$here/told; sleep 1; echo end >>$here/told\n");
    order(&bench, 1, "kvm1", 0, "status");
    order(&bench, 2, "kvm1", 0, "status");
    gint64 deadline = g_get_monotonic_time() + BENCH_DEADLINE_S * G_USEC_PER_SEC;
    while (strcmp(told(&bench), "begin\n") != 0 && g_get_monotonic_time() < deadline)
        g_usleep(2000);
    fencer_free(bench.fencer);
    bench.fencer = NULL;
    while (strcmp(told(&bench), "begin\nend\n") != 0 && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, FALSE);
    assert_string_equal(told(&bench), "begin\nend\n");
    assert_int_equal(g_queue_get_length(bench.base.daemon.events), 0);
    end(&bench);
}

/* It has answered, and droverd ends before it heard that. */
static void an_answer_that_nobody_took_ends_with_the_fencer(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    agent(&bench, "fence_one", "echo asked >>$here/told\n");
    order(&bench, 1, "kvm1", 0, "status");
    gint64 deadline = g_get_monotonic_time() + BENCH_DEADLINE_S * G_USEC_PER_SEC;
    while (!g_main_context_pending(NULL) && g_get_monotonic_time() < deadline)
        g_usleep(2000);
    assert_string_equal(told(&bench), "asked\n");
    fencer_free(bench.fencer);
    bench.fencer = NULL;
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    assert_int_equal(g_queue_get_length(bench.base.daemon.events), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_device_says_is_told, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_device_that_is_not_there_says_unknown, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(one_that_hangs_is_unknown_and_so_is_who_waits_for_it,
                                        folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_device_is_told_one_thing_at_a_time, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(two_devices_work_side_by_side, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(what_is_under_way_outlives_the_fencer, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(an_answer_that_nobody_took_ends_with_the_fencer,
                                        folder_begin, folder_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
