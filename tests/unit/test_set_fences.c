/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fence devices of hosts: bound to units, and what is wrong with them told with its place. */
#include "unit/policy_files.h"

#include "policy/settings_file.h"
#include "set/fences.h"

#define HOST "hosts:\n  - name: kvm1\n    uri: qemu+tls://kvm1/system\n    fence:\n"

static struct plug *load_plugins(void)
{
    const char *build = getenv("DROVER_BUILD");
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/plugins", build ? build : "build");
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    assert_int_equal(plug_load_dir(plug, dir, "", true, NULL, NULL), 0);
    return plug;
}

static struct settings *read_text(const struct folder *folder, const char *text)
{
    struct error error = ERROR_INIT;
    struct settings *settings = settings_read(folder_write(folder, "drover.yaml", text), &error);
    assert_string_equal(error.text, "");
    assert_non_null(settings);
    return settings;
}

static void devices_are_bound_in_their_order(void **state)
{
    struct plug *plug = load_plugins();
    struct settings *settings =
        read_text(*state, HOST "      - {unit: fence_ssh_restart, timeout: 30s}\n"
                               "      - {unit: fence_agent, parameters: {agent: fence_x, tries: 3}}\n"
                               "  - {name: kvm2, uri: 'qemu+tls://kvm2/system'}\n");
    struct error error = ERROR_INIT;
    struct fences *fences = fences_bind(settings, plug, &error);
    assert_string_equal(error.text, "");
    const struct fence_setting *devices =
        ((const struct host_setting *)settings->hosts.item)->fence.item;
    assert_true(devices[0].soft && !devices[1].soft);
    const struct fence_device *first = fences_find(fences, "kvm1", 0);
    assert_string_equal(first->unit->name, "fence_ssh_restart");
    assert_string_equal(first->uri, "qemu+tls://kvm1/system");
    assert_true(first->timeout_s == 30);
    assert_string_equal(fences_find(fences, "kvm1", 1)->unit->name, "fence_agent");
    assert_null(fences_find(fences, "kvm1", 2));
    assert_null(fences_find(fences, "kvm2", 0));
    struct fences *other = fences_ref(fences);
    fences_unref(fences);
    assert_non_null(fences_find(other, "kvm1", 1));
    fences_unref(other);
    settings_free(settings);
    plug_unref(plug);
}

/* Parameters are no part of what a decision depends on, but a reload must see that they changed. */
static void the_hash_follows_the_parameters(void **state)
{
    struct plug *plug = load_plugins();
    char hash[2][65];
    for (int i = 0; i < 2; i++) {
        struct settings *settings = read_text(
            *state, i == 0 ? HOST "      - {unit: fence_agent, parameters: {agent: fence_x}}\n"
                           : HOST "      - {unit: fence_agent, parameters: {agent: fence_y}}\n");
        struct fences *fences = fences_bind(settings, plug, NULL);
        assert_non_null(fences);
        snprintf(hash[i], sizeof hash[i], "%s", fences_hash(fences));
        fences_unref(fences);
        settings_free(settings);
    }
    assert_int_equal(strlen(hash[0]), 64);
    assert_string_not_equal(hash[0], hash[1]);
    plug_unref(plug);
}

static void soft_is_known_without_parameters(void **state)
{
    struct plug *plug = load_plugins();
    struct settings *settings = read_text(*state, HOST "      - unit: fence_ssh_restart\n"
                                                       "      - unit: fence_agent\n"
                                                       "      - unit: gone\n");
    const struct fence_setting *devices =
        ((const struct host_setting *)settings->hosts.item)->fence.item;
    fences_mark(settings, plug);
    assert_true(devices[0].soft && !devices[1].soft && !devices[2].soft);
    settings_free(settings);
    plug_unref(plug);
}

static void mistakes_are_told_with_their_place(void **state)
{
    static const struct {
        const char *device, *place, *error;
    } cases[] = {
        {"unit: fence_agnt", "2:5", "host kvm1: fence fence_agnt: there is no fence unit "
                                    "fence_agnt; did you mean fence_agent?"},
        {"unit: memory", "2:5", "host kvm1: fence memory: memory is a filter unit; a fence unit was "
                                "expected"},
        {"unit: fence_agent", "2:5", "host kvm1: fence fence_agent: unit fence_agent: agent: "
                                     "expected a name like fence_ipmilan, found \"\""},
        {"{unit: fence_agent, parameters: {agent: fence_x, trys: 2}}", "5:58",
         "host kvm1: fence fence_agent: parameters: no unit declares trys; did you mean tries?"},
        {"{unit: fence_agent, parameters: {agent: fence_x, tries: 99}}", "5:58",
         "host kvm1: fence fence_agent: tries: expected a whole number from 1 to 10, found \"99\""},
        {"{unit: fence_agent, parameters: {agent: fence_x, password: geheim}}", "5:58",
         "host kvm1: fence fence_agent: parameters: no unit declares password"},
    };
    const struct folder *folder = *state;
    struct plug *plug = load_plugins();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = ERROR_INIT;
        char text[512], expected[1024];
        snprintf(text, sizeof text, HOST "      - %s\n", cases[i].device);
        struct settings *settings = read_text(folder, text);
        assert_null(fences_bind(settings, plug, &error));
        snprintf(expected, sizeof expected, "%s/drover.yaml:%s: %s", folder->path, cases[i].place,
                 cases[i].error);
        assert_string_equal(error.text, expected);
        settings_free(settings);
    }
    plug_unref(plug);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_begin, folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(devices_are_bound_in_their_order),
        TEST(the_hash_follows_the_parameters),
        TEST(soft_is_known_without_parameters),
        TEST(mistakes_are_told_with_their_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fence devices of a set", tests, NULL, NULL);
}
