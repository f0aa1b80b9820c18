/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover.yaml and conf.d/: defaults, joining, what is refused and where it stood. */
#include "unit/policy_files.h"

#include "model/fleet.h"
#include "model/policy.h"
#include "policy/paths.h"
#include "policy/settings_file.h"

#define KVM1 "  - {name: kvm1, uri: 'qemu+tls://kvm1/system'}\n"
#define KVM2 "  - {name: kvm2, uri: 'qemu+tls://kvm2/system'}\n"

static struct settings *read_text(const struct folder *folder, const char *text)
{
    struct error error = ERROR_INIT;
    struct settings *settings = settings_read(folder_write(folder, "drover.yaml", text), &error);
    assert_string_equal(error.text, "");
    assert_non_null(settings);
    return settings;
}

/* In `expected` each "@/" stands for the folder. */
static void refuse(const struct folder *folder, const char *text, const char *expected)
{
    struct error error = ERROR_INIT;
    char wanted[1024] = "";
    for (const char *c = expected; *c; c++) {
        bool folder_here = c[0] == '@' && c[1] == '/';
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%.*s", folder_here ? 64 : 1,
                 folder_here ? folder->path : c);
    }
    assert_null(settings_read(folder_write(folder, "drover.yaml", text), &error));
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_string_equal(error.text, wanted);
}

static const struct host_setting *host_at(const struct settings *settings, uint32_t i)
{
    assert_true(i < settings->hosts.n);
    return (const struct host_setting *)settings->hosts.item + i;
}

static void everything_has_a_default(void **state)
{
    struct settings *settings = read_text(*state, "hosts:\n" KVM1);
    const struct limits *limits = &settings->limits;
    assert_int_equal(limits->outgoing_per_host, 2);
    assert_int_equal(limits->incoming_per_host, 2);
    assert_int_equal(limits->per_cluster, 5);
    assert_int_equal(limits->balance_moves_per_round, 1);
    assert_true(limits->round_s == 60 && limits->cooldown_s == 1800 && limits->tries == 3);
    assert_true(limits->retry_s == 10 && limits->retry_limit_s == 300 && limits->grace_s == 60);
    assert_true(settings->poll_s == 5 && settings->connect_retry_s == 5);
    assert_true(settings->keepalive_s == 5 && settings->keepalive_count == 3);
    assert_true(settings->call_timeout_s == 15);
    assert_string_equal(settings->socket_group, "drover");
    assert_string_equal(settings->socket, paths_get()->socket);
    assert_string_equal(settings->database, paths_get()->database);
    assert_int_equal(settings->clusters.n, 1);
    assert_string_equal(((struct cluster *)settings->clusters.item)->name, "default");
    const struct host_setting *host = host_at(settings, 0);
    assert_string_equal(host->cluster, "default");
    assert_null(host->peer_uri);
    assert_true(host->memory_reserved_mib == 321);
    settings_free(settings);
}

static void an_empty_file_is_a_configuration_without_hosts(void **state)
{
    struct settings *settings = read_text(*state, "# nothing yet\n");
    assert_int_equal(settings->hosts.n, 0);
    assert_int_equal(settings->clusters.n, 1);
    settings_free(settings);
}

static void directories_are_drovers_own_and_those_beside_the_file(void **state)
{
    const struct folder *folder = *state;
    static const char text[] = "plugin_dirs: [/opt/units, more]\nlua_dirs: []\n";
    struct settings *settings = read_text(folder, text);
    assert_int_equal(settings->policy_dirs.n, 2);
    assert_string_equal(settings->policy_dirs.item[0], paths_get()->shipped_policies);
    assert_string_equal(settings->policy_dirs.item[1], folder_path(folder, "policies"));
    assert_int_equal(settings->lua_dirs.n, 1);
    assert_string_equal(settings->lua_dirs.item[0], paths_get()->shipped_lua);
    assert_int_equal(settings->plugin_dirs.n, 3);
    assert_string_equal(settings->plugin_dirs.item[1], "/opt/units");
    assert_string_equal(settings->plugin_dirs.item[2], folder_path(folder, "more"));
    assert_true(paths_shipped(settings->plugin_dirs.item[0]));
    assert_false(paths_shipped(settings->plugin_dirs.item[1]));
    settings_free(settings);
}

static void conf_d_joins_lists_and_replaces_values(void **state)
{
    const struct folder *folder = *state;
    folder_make(folder, "conf.d");
    folder_write(folder, "conf.d/20.yaml", "poll: 20s\n");
    folder_write(folder, "conf.d/10.yaml",
                 "hosts:\n" KVM2 "poll: 10s\nlimits: {tries: 7}\ndatabase: d.db\n");
    folder_write(folder, "conf.d/readme", "not: read\n");
    struct settings *settings =
        read_text(folder, "hosts:\n" KVM1 "poll: 1s\nkeepalive: 9s\nlimits: {per_cluster: 9}\n");
    assert_int_equal(settings->hosts.n, 2);
    assert_string_equal(host_at(settings, 1)->name, "kvm2");
    assert_true(settings->poll_s == 20 && settings->keepalive_s == 9);
    assert_int_equal(settings->limits.tries, 7);
    assert_int_equal(settings->limits.per_cluster, 9);
    assert_int_equal(settings->limits.outgoing_per_host, 2);
    assert_string_equal(settings->database, folder_path(folder, "conf.d/d.db"));
    settings_free(settings);
}

static void duplicates_name_both_places(void **state)
{
    const struct folder *folder = *state;
    refuse(folder, "hosts:\n" KVM1 KVM1,
           "@/drover.yaml:3:5: there is a host kvm1 already, at @/drover.yaml:2:5");
    refuse(folder, "clusters: [{name: a}, {name: a}]\n",
           "@/drover.yaml:1:23: there is a cluster a already, at @/drover.yaml:1:12");
    refuse(folder, "hosts:\n" KVM1 "  - {name: kvm9, uri: 'qemu+tls://kvm1/system'}\n",
           "@/drover.yaml:3:5: host kvm9: qemu+tls://kvm1/system is the URI of another host "
           "already, at @/drover.yaml:2:5");
    folder_make(folder, "conf.d");
    folder_write(folder, "conf.d/more.yaml", "\nhosts:\n" KVM1);
    refuse(folder, "hosts:\n" KVM1,
           "@/conf.d/more.yaml:3:5: there is a host kvm1 already, at @/drover.yaml:2:5");
}

static void wrong_values_name_their_place(void **state)
{
    const struct folder *folder = *state;
    refuse(folder, "hosts:\n  - {name: kvm1, uri: kvm1}\n",
           "@/drover.yaml:2:5: host kvm1: uri: expected a libvirt URI, such as "
           "qemu+tls://kvm1/system, found \"kvm1\"");
    refuse(folder, "hosts:\n  - {name: kvm1, uri: 'qemu:///system', peer_uri: \"qemu:///a b\"}\n",
           "@/drover.yaml:2:5: host kvm1: peer_uri: expected a libvirt URI, such as "
           "qemu+tls://kvm1/system, found \"qemu:///a b\"");
    refuse(folder, "hosts:\n  - {name: kvm1, uri: 'qemu:///system', roles: [smp]}\n",
           "@/drover.yaml:2:5: host kvm1: roles: expected spm or controller, found \"smp\"");
    static const char *const addresses[] = {"kvm1", "kvm1:0", "kvm1:65536", ":22", "-x:22",
                                            "a b:22", "2001:db8::1:22", "[kvm1]:22", "kvm1:22/"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char text[256], expected[256];
        snprintf(text, sizeof text,
                 "hosts:\n  - {name: kvm1, uri: 'qemu:///system', probe: ['b:22', '[::1]:22', "
                 "'%s']}\n", addresses[i]);
        snprintf(expected, sizeof expected,
                 "@/drover.yaml:2:5: host kvm1: probe: expected HOST:PORT, such as kvm1:22, found "
                 "\"%s\"", addresses[i]);
        refuse(folder, text, expected);
    }
    refuse(folder, "hosts:\n  - {name: kvm1, uri: 'qemu:///system', probe_from: [a@b, '-oX=y']}\n",
           "@/drover.yaml:2:5: host kvm1: probe_from: expected whom ssh logs in to, such as "
           "root@kvm2, found \"-oX=y\"");
    refuse(folder, "hosts:\n  - {name: kvm1, uri: 'qemu:///system', heartbeat: kvm1}\n",
           "@/drover.yaml:2:5: host kvm1: heartbeat: expected the path of a file from the root, "
           "such as /srv/shared/heartbeat/kvm1, found \"kvm1\"");
    refuse(folder, "clusters: [{name: a}]\nhosts:\n" KVM1,
           "@/drover.yaml:3:5: host kvm1: there is no cluster default; add it to \"clusters\"");
    refuse(folder, "hosts:\n" KVM1 "groups:\n  - {name: g, hosts: [kvm1, kvm3]}\n",
           "@/drover.yaml:4:5: group g: there is no host kvm3");
}

/* The words of these are the codec's; that they come, and where, is ours. */
static void the_tables_bounds_hold(void **state)
{
    static const struct {
        const char *text, *place;
    } cases[] = {
        {"poll: 0s\n", ":1:7: "},          {"poll: soon\n", ":1:7: "},
        {"limits: {tries: 0}\n", ":1:17: "}, {"limits: {outgoing: 2}\n", ":1:10: "},
        {"journal_mib: -1\n", ":1:14: "},  {"poll: 5s\npoll: 6s\n", ":2:1: "},
        {"hosts: [{name: a}]\n", ":1:9: "}, {"hosts: [{name: 'a b', uri: x}]\n", ":1:16: "},
        {"keepalive_count: 1.5\n", ":1:18: "},
    };
    const struct folder *folder = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = ERROR_INIT;
        const char *path = folder_write(folder, "drover.yaml", cases[i].text);
        assert_null(settings_read(path, &error));
        assert_memory_equal(error.text, path, strlen(path));
        assert_memory_equal(error.text + strlen(path), cases[i].place, strlen(cases[i].place));
    }
}

static void no_file_is_an_error(void **state)
{
    const struct folder *folder = *state;
    struct error error = ERROR_INIT;
    assert_null(settings_read(folder_path(folder, "none.yaml"), &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
}

static void an_inline_policy_knows_its_file(void **state)
{
    const struct folder *folder = *state;
    struct settings *settings =
        read_text(folder, "clusters:\n  - {name: default, policy: {extends: none}}\n");
    const struct cluster *cluster = settings->clusters.item;
    const struct policy *policy = cluster->policy.record;
    assert_non_null(policy);
    assert_string_equal(policy->extends, "none");
    assert_string_equal(policy->file, folder_path(folder, "drover.yaml"));
    settings_free(settings);
}

/* Every key of the tables stands in the example, and the example's values are the defaults. */
static void the_example_loads_and_is_complete(void **state)
{
    (void)state;
    const char *source = getenv("DROVER_SRC");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/contrib/drover.yaml", source ? source : ".");
    struct error error = ERROR_INIT;
    struct settings *settings = settings_read(path, &error), *usual = settings_default();
    assert_string_equal(error.text, "");
    assert_non_null(settings);
    assert_true(field_equal(limits_fields, &settings->limits, &usual->limits));
    assert_true(settings->poll_s == usual->poll_s && settings->keepalive_s == usual->keepalive_s);
    assert_true(settings->journal_days == usual->journal_days);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char text[16384];
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const struct field *const tables[] = {settings_fields, limits_fields, host_setting_fields,
                                          cluster_fields, group_fields, fence_setting_fields};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct field *field = tables[i]; field->key; field++) {
            char key[64];
            snprintf(key, sizeof key, "%s:", field->key);
            if (!(field->flags & FIELD_INTERNAL) && !strstr(text, key))
                fail_msg("%s has no %s", path, key);
        }
    settings_free(usual);
    settings_free(settings);
}

static void a_program_in_the_tree_finds_the_tree(void **state)
{
    const struct folder *folder = *state;
    struct arena arena = ARENA_INIT;
    struct paths paths;
    paths_of(&paths, folder->path, &arena);
    assert_null(paths.source);
    assert_non_null(paths.site_lua);
    folder_write(folder, "drover.tree", "/home/me/drover\n");
    paths_of(&paths, folder->path, &arena);
    assert_string_equal(paths.source, "/home/me/drover");
    assert_string_equal(paths.shipped_policies, "/home/me/drover/policies");
    assert_string_equal(paths.shipped_lua, "/home/me/drover/lua");
    assert_string_equal(paths.plugins, folder_path(folder, "plugins"));
    assert_null(paths.site_policies);
    folder_write(folder, "drover.tree", "");
    paths_of(&paths, folder->path, &arena);
    assert_null(paths.source);
    arena_free(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_begin, folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_has_a_default),
        TEST(an_empty_file_is_a_configuration_without_hosts),
        TEST(directories_are_drovers_own_and_those_beside_the_file),
        TEST(conf_d_joins_lists_and_replaces_values),
        TEST(duplicates_name_both_places),
        TEST(wrong_values_name_their_place),
        TEST(the_tables_bounds_hold),
        TEST(no_file_is_an_error),
        TEST(an_inline_policy_knows_its_file),
        TEST(the_example_loads_and_is_complete),
        TEST(a_program_in_the_tree_finds_the_tree),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
