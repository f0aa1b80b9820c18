/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleet files: read, written, refused; the same bytes in whatever order; large ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "codec/fleet_file.h"
#include "codec/text.h"
#include "model/policy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fleet *read_fleet(const char *text, struct error *error)
{
    return fleet_file_read("f.yaml", text, strlen(text), error);
}

static struct fleet *must_read(const char *text)
{
    struct error error = ERROR_INIT;
    struct fleet *fleet = read_fleet(text, &error);
    if (!fleet)
        fail_msg("%s", error.text);
    return fleet;
}

/* What is written, read and written again, is the same. */
static char *stable_text(const struct fleet *fleet)
{
    char *text = fleet_file_write(fleet);
    struct fleet *back = must_read(text);
    char *again = fleet_file_write(back);
    assert_string_equal(text, again);
    free(again);
    fleet_free(back);
    return text;
}

static void check_stable(const char *document, const char *expected)
{
    struct fleet *fleet = must_read(document);
    char *text = stable_text(fleet);
    assert_string_equal(text, expected);
    free(text);
    fleet_free(fleet);
}

static void everything_is_read(void **state)
{
    static const char text[] =
        "hosts:\n"
        "  - {name: kvm1, cluster: c, state: maintenance, state_s: 30, arch: aarch64, threads: 8,\n"
        "     cores: 4, sockets: 2, cpu_usage_pct: 12.5, cpu_over_s: 5, cpu_model: m,\n"
        "     cpu_features: [f], tsc_khz: 2000000, tsc_scaling: yes, memory_mib: 4096,\n"
        "     memory_free_mib: 10, memory_reserved_mib: 20, memory_committed_mib: 30,\n"
        "     memory_pending_mib: 40, swap_total_mib: 50, swap_free_mib: 60,\n"
        "     hugepages: {2048: 5, 1048576: 1}, machines: [pc], networks: [n], storage: [],\n"
        "     numa: [{id: 1, memory_mib: 5, memory_free_mib: 4, cpus: 0-3}],\n"
        "     devices: [{kind: usb, id: '1234:5678', free: no}], link_mbps: 10000,\n"
        "     hypervisor_version: '7.2', os_version: debian 12.1, boot_s: 100, roles: [spm],\n"
        "     labels: {rack: r1, dc: {row: 4}}}\n"
        "vms:\n"
        "  - {name: web 1, uuid: u-1, host: kvm1, state: paused, vcpus: 2, memory_mib: 512,\n"
        "     memory_used_mib: 100, memory_overhead_mib: 7, cpu_usage_pct: 50, dirty_mib_s: 3,\n"
        "     hugepages_kib: 2048, migratable: manual, pinned_hosts: [kvm1], ha: true,\n"
        "     preferred_hosts: [kvm1, gone], priority: 9, arch: aarch64, machine: virt,\n"
        "     cpu_mode: host-model, cpu_model: m, cpu_features: [f], tsc_khz: 5,\n"
        "     networks: [n], storage: [s], devices: [{kind: pci, id: 'a'}], cache: unsafe,\n"
        "     numa: [{memory_mib: 512, nodes: [0, 1], mode: preferred}],\n"
        "     readonly_local_disk: yes, moved_s: 60.5, labels: {app: web}}\n"
        "groups:\n"
        "  - {name: g, priority: 2.5, vms: [web 1], vm_labels: [app], vm_rule: negative,\n"
        "     vm_enforcing: true, hosts: [kvm1], host_labels: [rack], host_rule: positive,\n"
        "     host_enforcing: true}\n"
        "clusters:\n"
        "  - {name: c, memory_overcommit_pct: 150, threads_as_cores: no,\n"
        "     policy: {extends: none, parameters: {high_utilization: 80%}, filters: []}}\n"
        "now: 1000\n"
        "fleet: 1\n";
    (void)state;
    struct fleet *fleet = must_read(text);
    const struct host *host = fleet_host(fleet, "kvm1");
    assert_true(fleet->now == 1000 && host->state_since == 970 && host->cpu_over_since == 995);
    assert_true(host->boot_at == 900 && host->state == DROVER_HOST_MAINTENANCE);
    assert_true(host->threads == 8 && host->cores == 4 && host->sockets == 2);
    assert_true(host->storage.known && host->storage.n == 0 && host->networks.n == 1);
    assert_string_equal(host->hugepages.item[1].value, "1");
    assert_string_equal(host->labels.item[1].key, "dc.row");
    assert_string_equal(((struct numa_node *)host->numa.item)->cpus, "0-3");
    assert_false(((struct device *)host->devices.item)->free);
    const struct vm *vm = fleet_vm(fleet, "u-1");
    assert_string_equal(vm->name, "web 1");
    assert_true(vm->moved_at == 939.5 && vm->migratable == DROVER_MIGRATABLE_MANUAL);
    assert_true(((struct vnuma_node *)vm->numa.item)->nodes.item[1] == 1);
    assert_int_equal(fleet->groups[0]->vm_rule, DROVER_RULE_NEGATIVE);
    const struct policy *policy = fleet_cluster(fleet, "c")->policy.record;
    assert_string_equal(policy->extends, "none");
    assert_true(policy->filters.known && policy->filters.n == 0);
    assert_string_equal(policy->parameters.item[0].value, "80%");
    free(stable_text(fleet));
    fleet_free(fleet);
}

static void defaults_are_those_of_the_format(void **state)
{
    (void)state;
    struct fleet *fleet = must_read("hosts: [{name: h, threads: 4}]\nvms: [{name: v}]\n");
    const struct host *host = fleet_host(fleet, "h");
    const struct vm *vm = fleet_vm(fleet, "v");
    assert_true(fleet->now == 1768996800.0 && fleet->n_clusters == 1);
    assert_string_equal(fleet->clusters[0]->policy.text, "none");
    assert_string_equal(host->cluster, "default");
    assert_true(host->state_since == fleet->now && isnan(host->boot_at));
    assert_true(host->cores == 4 && host->memory_mib == 1024 && host->memory_reserved_mib == 321);
    assert_false(host->networks.known || host->storage.known);
    assert_true(host->machines.known);
    assert_null(vm->uuid);
    assert_null(vm->host);
    assert_true(vm->priority == 1 && vm->vcpus == 1 && isnan(vm->moved_at));
    char *text = stable_text(fleet);
    assert_string_equal(text, "fleet: 1\nnow: 1768996800\nclusters:\n  - name: default\n"
                              "hosts:\n  - name: h\n    threads: 4\nvms:\n  - name: v\n");
    free(text);
    fleet_free(fleet);
}

static void json_is_a_fleet_file_too(void **state)
{
    (void)state;
    check_stable("{\"fleet\": 1, \"hosts\": [{\"name\": \"h\", \"state_s\": 0.1}],\n"
                 "\"vms\": [{\"name\": \"v\\u00e4\\ud83d\\ude00\", \"host\": null,"
                 "\"migratable\": \"no\"}]}",
                 "fleet: 1\nnow: 1768996800\nclusters:\n  - name: default\n"
                 "hosts:\n  - name: h\n    state_s: 0.1\n"
                 "vms:\n  - name: 'v\xc3\xa4\xf0\x9f\x98\x80'\n    migratable: 'no'\n");
}

/* libvirt's names may hold nearly anything; what looks like YAML must stay a text. */
static void hostile_names_go_there_and_back(void **state)
{
    static const char *const names[] = {
        "yes", "null", "~", "12", "0x10", "1e3", ".inf", "- a", "a: b", "a #b", "#", "[a]", "{a}",
        "'", "\"", "it's", "a\nb", "a\tb", " a ", "\\", "$(reboot)", "`x`", "%", "@a", "!a", "&a",
        "*a", "|", ">", "?", ":", "-", "---", "...", "=", "<<", "\x01\x1b[31m\x7f", "\xc2\x85",
        "\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x98\x80", "a,b", "a]", "2026-01-21", "1:30",
        "True", "NO", "y", "../../etc/passwd", "a=b;c",
    };
    enum { N = sizeof names / sizeof *names };
    (void)state;
    struct fleet *fleet = fleet_new();
    for (int i = 0; i < N; i++) {
        struct pair label = {.key = names[i], .value = names[N - 1 - i]};
        struct vm vm;
        field_defaults(vm_fields, &vm);
        vm.to = NULL;
        vm.name = names[i];
        vm.machine = names[i];
        vm.networks = (struct texts){.item = (const char **)&names[i], .n = 1, .known = true};
        vm.labels = (struct pairs){.item = &label, .n = 1, .known = true};
        fleet_put_vm(fleet, &vm);
    }
    char *text = fleet_file_write(fleet);
    struct fleet *back = must_read(text);
    assert_int_equal(back->n_vms, N);
    for (int i = 0; i < N; i++) {
        const struct vm *vm = fleet_vm(back, names[i]);
        assert_non_null(vm);
        assert_string_equal(vm->machine, names[i]);
        assert_string_equal(vm->networks.item[0], names[i]);
        assert_string_equal(vm->labels.item[0].key, names[i]);
        assert_string_equal(vm->labels.item[0].value, names[N - 1 - i]);
    }
    free(text);
    fleet_free(back);
    fleet_free(fleet);
}

struct wrong {
    const char *document;
    const char *message;
};

static const struct wrong wrong_fleets[] = {
    {"", "f.yaml: there is nothing in it"},
    {"# only this\n", "f.yaml: there is nothing in it"},
    {"fleet: 2", "f.yaml:1:8: fleet: expected a whole number from 1 to 1, found \"2\""},
    {"flet: 1", "f.yaml:1:1: unknown key \"flet\"; did you mean \"fleet\"?"},
    {"hots: []", "f.yaml:1:1: unknown key \"hots\"; did you mean \"hosts\"?"},
    {"now: yesterday",
     "f.yaml:1:6: now: expected a number, at least 0, found \"yesterday\""},
    {"hosts: [{}]", "f.yaml:1:9: hosts: \"name\" is missing"},
    {"hosts:\n  - name: a\n    memory_mb: 5",
     "f.yaml:3:5: unknown key \"memory_mb\" in hosts; did you mean \"memory_mib\"?"},
    {"hosts:\n  - name: a\n  - name: b\n  - name: a\n",
     "f.yaml:4:5: host \"a\" is there twice; the first is at line 2"},
    {"clusters: [{name: a}, {name: a}]",
     "f.yaml:1:23: cluster \"a\" is there twice; the first is at line 1"},
    {"groups:\n- name: a\n- name: a\n",
     "f.yaml:3:3: group \"a\" is there twice; the first is at line 2"},
    {"vms:\n- name: a\n- name: a\n", "f.yaml:3:3: VM \"a\" is there twice; the first is at line 2"},
    {"vms:\n- {name: a, uuid: u}\n- {name: b, uuid: u}\n",
     "f.yaml:3:3: VM \"u\" is there twice; the first is at line 2"},
    {"vms:\n- {name: a, uuid: u}\n- {name: a}\n",
     "f.yaml:3:3: VM \"a\" is there twice; the first is at line 2"},
    {"vms:\n- {name: a}\n- {name: a, uuid: u}\n",
     "f.yaml:3:3: VM \"a\" is there twice; the first is at line 2"},
    {"vms:\n- {name: a, uuid: u}\n- {name: u}\n",
     "f.yaml:3:3: VM \"u\" is there twice; the first is at line 2"},
    {"hosts: [{name: h}]\nvms: [{name: v, host: gone}]",
     "f.yaml: VM v: its host gone is not among the fleet's hosts"},
    {"hosts: [{name: h, cluster: gone}]",
     "f.yaml: host h: its cluster gone is not among the fleet's clusters"},
    {"vms: [{name: ''}]", "f.yaml:1:7: vms: expected a name of 1 to 1024 bytes, found one of 0"},
    {"vms: [{name: a, uuid: ''}]",
     "f.yaml:1:7: vms: expected a uuid of 1 to 1024 bytes, found one of 0"},
    {"hosts: [{name: 'a b'}]", "f.yaml:1:16: name: expected a name (1 to 253 of A-Z a-z 0-9 . _ : "
                               "@ -), found \"a b\""},
    {"hosts: [{name: h, cpu_usage_pct: 101}]",
     "f.yaml:1:34: cpu_usage_pct: expected a number from 0 to 100 or null, found \"101\""},
    {"hosts: [{name: h, memory_mib: -1}]",
     "f.yaml:1:31: memory_mib: expected a number, at least 0, found \"-1\""},
    {"hosts: [{name: h, threads: 0}]",
     "f.yaml:1:28: threads: expected a whole number from 1 to 65536, found \"0\""},
    {"hosts: [{name: h, state: sleeping}]",
     "f.yaml:1:26: state: expected one of up, preparing_for_maintenance, maintenance, "
     "non_operational, connecting, non_responsive, fencing, down, found \"sleeping\""},
    {"hosts:\n- name: h\n  hugepages: {big: 1}", "f.yaml:3:15: hugepages: expected a page size in "
                                             "KiB and a number of free pages, such as 2048: 512, "
                                             "found \"big\": \"1\""},
    {"hosts: [{name: h, devices: [{kind: tape, id: x}]}]",
     "f.yaml:1:36: kind: expected one of pci, usb, mdev, vf, found \"tape\""},
    {"vms: [{name: v, numa: [{nodes: [99999]}]}]",
     "f.yaml:1:33: nodes: expected a list of numbers from 0 to 4095, found \"99999\""},
    {"clusters: [{name: c, policy: {fitlers: []}}]",
     "f.yaml:1:31: unknown key \"fitlers\" in policy; did you mean \"filters\"?"},
    {"vms:\n  - name: a\n  - name: \"b", "f.yaml:3:13: not valid YAML: "},
    {"{\"fleet\": 1, \"hosts\": [{\"name\": \"h\"}", "f.yaml:2:1: not valid YAML: "},
};

static void wrong_fleets_are_told_where_and_why(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_fleets / sizeof *wrong_fleets; i++) {
        const struct wrong *wrong = &wrong_fleets[i];
        struct error error = ERROR_INIT;
        struct fleet *fleet = read_fleet(wrong->document, &error);
        if (!fleet && error.kind == ERROR_INPUT &&
            strncmp(error.text, wrong->message, strlen(wrong->message)) == 0)
            continue;
        print_error("expected %s\n   found %s\n", wrong->message, error.text);
        fleet_free(fleet);
        failures++;
    }
    assert_int_equal(failures, 0);
}

static void a_name_may_be_shared_by_vms_with_uuids(void **state)
{
    (void)state;
    struct fleet *fleet = must_read("vms:\n- {name: a, uuid: u2}\n- {name: a, uuid: u1}\n"
                                    "- {name: a, uuid: u3}\n");
    assert_int_equal(fleet->n_vms, 3);
    char *text = stable_text(fleet);
    assert_non_null(strstr(text, "uuid: u1\n  - name: a\n    uuid: u2\n  - name: a\n"));
    free(text);
    fleet_free(fleet);
}

static void the_order_of_rows_does_not_show(void **state)
{
    static const char *const hosts[] = {
        "{name: a, labels: {r: 1}}", "{name: b, state_s: 3.3}", "{name: c}", "{name: d, cores: 1}",
    };
    char *first = NULL;
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        struct text text = TEXT_INIT;
        text_add(&text, "hosts: [");
        for (int i = 0; i < 4; i++)
            text_printf(&text, "%s, ", hosts[(i * (turn % 2 ? 3 : 1) + turn) % 4]);
        text_printf(&text, "]\nvms: [{name: v%d}, {name: v%d}]\n", turn % 2, 1 - turn % 2);
        char *document = text_take(&text);
        struct fleet *fleet = must_read(document);
        char *written = stable_text(fleet);
        if (first)
            assert_string_equal(first, written);
        else
            first = memory_copy_text(written);
        free(written);
        free(document);
        fleet_free(fleet);
    }
    free(first);
}

static char *large_fleet(int hosts, int vms)
{
    struct text text = TEXT_INIT;
    text_add(&text, "fleet: 1\nhosts:\n");
    for (int i = 0; i < hosts; i++)
        text_printf(&text, "  - {name: h%d, threads: 64, memory_mib: 524288}\n", i);
    text_add(&text, "vms:\n");
    for (int i = 0; i < vms; i++)
        text_printf(&text,
                    "  - {name: vm%d, host: h%d, vcpus: 4, memory_mib: 8192, moved_s: %d,"
                    " labels: {app: a%d}}\n",
                    i, i % hosts, i, i % 7);
    return text_take(&text);
}

/* Memory, which can be counted, grows with the number of VMs and no faster. */
static void a_large_fleet_takes_memory_in_proportion(void **state)
{
    size_t bytes[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        int vms = i ? 40000 : 10000;
        char *document = large_fleet(100, vms);
        struct fleet *fleet = must_read(document);
        assert_int_equal(fleet->n_vms, vms);
        assert_string_equal(fleet_vm(fleet, "vm9999")->host, "h99");
        bytes[i] = fleet->arena.bytes;
        free(document);
        fleet_free(fleet);
    }
    assert_true(bytes[1] < bytes[0] * 5);
    assert_true(bytes[1] / 40000 < 2048);
}

static void every_prefix_is_survived(void **state)
{
    int refused = 0;
    (void)state;
    char *document = large_fleet(3, 3);
    for (size_t length = 0; length < strlen(document); length++) {
        struct error error = ERROR_INIT;
        struct fleet *fleet = fleet_file_read("f.yaml", document, length, &error);
        assert_true(fleet ? error.kind == ERROR_NONE : error.kind == ERROR_INPUT);
        refused += !fleet;
        fleet_free(fleet);
    }
    assert_true(refused > 200);
    free(document);
}

static void a_file_is_loaded_by_its_path(void **state)
{
    char path[] = "/tmp/drover-test-XXXXXX";
    struct error error = ERROR_INIT;
    (void)state;
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    fputs("hosts: [{name: h}]\nvms: [{name: v, hots: h}]\n", file);
    fclose(file);
    assert_null(fleet_file_load(path, &error));
    char message[200];
    snprintf(message, sizeof message,
             "%s:2:17: unknown key \"hots\" in vms; did you mean \"host\"?", path);
    assert_string_equal(error.text, message);
    remove(path);
    error_clear(&error);
    assert_null(fleet_file_load(path, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(defaults_are_those_of_the_format),
        cmocka_unit_test(json_is_a_fleet_file_too),
        cmocka_unit_test(hostile_names_go_there_and_back),
        cmocka_unit_test(wrong_fleets_are_told_where_and_why),
        cmocka_unit_test(a_name_may_be_shared_by_vms_with_uuids),
        cmocka_unit_test(the_order_of_rows_does_not_show),
        cmocka_unit_test(a_large_fleet_takes_memory_in_proportion),
        cmocka_unit_test(every_prefix_is_survived),
        cmocka_unit_test(a_file_is_loaded_by_its_path),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fleet files", tests, NULL, NULL);
}
