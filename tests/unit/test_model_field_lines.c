/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records as lines: what is written is read back the same, and hostile lines harm nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/field_lines.h"
#include "model/fleet.h"

#include <math.h>

static struct vm filled(void)
{
    static const char *networks[] = {"blue\tand\nred", "back\\slash", ""};
    static struct pair labels[] = {{"rack", "a=1\tb", {0, 0}}, {"empty", "", {0, 0}}};
    static struct device devices[] = {{1, "0000:01:00.0", false}, {2, "nvidia\n11", true}};
    static double nodes[] = {0, 3};
    static struct vnuma_node numa = {.memory_mib = 512.25, .nodes = {nodes, 2}, .mode = 1};
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = "we=b\n1";
    vm.uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    vm.host = NULL;
    vm.vcpus = 4;
    vm.memory_mib = 0.1 + 0.2;
    vm.cpu_usage_pct = NAN;
    vm.ha = true;
    vm.cpu_mode = 2;
    vm.networks = (struct texts){networks, 3, true};
    vm.labels = (struct pairs){labels, 2, true};
    vm.devices = (struct rows){devices, 2};
    vm.numa = (struct rows){&numa, 1};
    return vm;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct vm before = filled(), after;
    field_defaults(vm_fields, &after);
    field_lines_read(&arena, vm_fields, field_lines_write(&arena, vm_fields, &before), &after);
    assert_true(field_equal(vm_fields, &before, &after));
    arena_free(&arena);
}

static void an_unknown_list_is_not_an_empty_one(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct host before, after;
    field_defaults(host_fields, &before);
    before.name = "kvm1";
    before.storage = (struct texts){.known = true};
    field_defaults(host_fields, &after);
    field_lines_read(&arena, host_fields, field_lines_write(&arena, host_fields, &before), &after);
    assert_false(after.networks.known);
    assert_true(after.storage.known);
    assert_int_equal(after.storage.n, 0);
    arena_free(&arena);
}

static void strange_lines_are_skipped(void **state)
{
    (void)state;
    static const char text[] = "nothing\n=x\n+=x\n[]=x\nvcpus=-3\nvcpus=1e99\nvcpus+=3\nnetworks=x\n"
                               "state=77\nha=maybe\nmemory_mib=much\nfuture=1\n\n\\\nname=ok\\";
    struct arena arena = ARENA_INIT;
    struct vm vm;
    field_defaults(vm_fields, &vm);
    field_lines_read(&arena, vm_fields, text, &vm);
    assert_int_equal(vm.vcpus, 1);
    assert_int_equal(vm.networks.n, 0);
    assert_int_equal(vm.state, 0);
    assert_false(vm.ha);
    assert_true(vm.memory_mib == 1024);
    assert_string_equal(vm.name, "ok\\");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_unknown_list_is_not_an_empty_one),
        cmocka_unit_test(strange_lines_are_skipped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
