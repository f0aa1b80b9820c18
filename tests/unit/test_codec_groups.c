/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of affinity groups that contradict each other: RHV's six kinds, and names that are nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/fleet_file.h"
#include "model/group_rules.h"

/* Hosts a, b, c; VMs v1 on a, v2 on b, v3 on c; and these groups. */
static struct fleet *fleet_with(const char *groups)
{
    char text[4096];
    struct error error = ERROR_INIT;
    snprintf(text, sizeof text,
             "fleet: 1\nhosts:\n  - {name: a}\n  - {name: b}\n  - {name: c}\nvms:\n"
             "  - {name: v1, host: a}\n  - {name: v2, host: b}\n  - {name: v3, host: c}\ngroups:\n%s",
             groups);
    struct fleet *fleet = fleet_file_read("groups.yaml", text, strlen(text), &error);
    if (!fleet)
        fail_msg("%s", error.text);
    return fleet;
}

/* What is found, as "code group" or "code group!" where a rule is refused. */
static void expect(const char *groups, const char *expected)
{
    struct fleet *fleet = fleet_with(groups);
    struct columns *columns = columns_new(fleet);
    struct arena arena = ARENA_INIT;
    struct rows rows = group_problems(columns, true, &arena);
    const struct group_problem *problems = rows.item;
    const char *found = "";
    for (uint32_t i = 0; i < rows.n; i++) {
        found = arena_printf(&arena, "%s%s%s %s%s", found, i ? ", " : "",
                             problems[i].code + strlen("group."), problems[i].group,
                             problems[i].refused ? "!" : "");
        assert_non_null(strstr(problems[i].text, problems[i].group));
    }
    assert_string_equal(found, expected);
    arena_free(&arena);
    columns_free(columns);
    fleet_free(fleet);
}

#define HOST(name, vms, hosts, rule, hard)                                                         \
    "  - {name: " name ", vms: [" vms "], hosts: [" hosts "], host_rule: " rule                     \
    ", host_enforcing: " hard "}\n"
#define VMS(name, vms, rule, hard)                                                                 \
    "  - {name: " name ", vms: [" vms "], vm_rule: " rule ", vm_enforcing: " hard "}\n"

static void what_can_be_kept_is_not_told(void **state)
{
    (void)state;
    expect(VMS("x", "v1, v2", "positive", "yes") VMS("y", "v2, v3", "negative", "yes")
               HOST("z", "v1, v2", "a", "positive", "yes") HOST("w", "v3", "a", "negative", "yes"),
           "");
}

static void a_host_wanted_and_forbidden(void **state)
{
    (void)state;
    expect(HOST("x", "v1", "a", "positive", "yes") HOST("y", "v1", "a", "negative", "yes"),
           "hosts_contradict y!");
    expect(HOST("x", "v1", "a", "positive", "no") HOST("y", "v1", "a", "negative", "yes"),
           "hosts_disagree y");
    expect(HOST("x", "v1", "a", "positive", "yes") HOST("y", "v2", "a", "negative", "yes"), "");
}

static void vms_together_and_apart(void **state)
{
    (void)state;
    expect(VMS("x", "v1, v2", "positive", "yes") VMS("y", "v1, v2", "negative", "yes"),
           "vms_contradict y!");
    expect(VMS("x", "v1, v2", "positive", "yes") VMS("y", "v2, v3", "positive", "yes")
               VMS("z", "v1, v3", "negative", "yes"),
           "vms_contradict z!");
    expect(VMS("x", "v1, v3", "negative", "yes") VMS("y", "v1, v2", "positive", "yes")
               VMS("z", "v2, v3", "positive", "yes"),
           "vms_contradict z!");
    expect(VMS("x", "v1, v2", "positive", "yes") VMS("y", "v1, v2", "negative", "no"),
           "vms_disagree y");
}

static void vms_together_whom_hosts_part(void **state)
{
    (void)state;
    expect(VMS("x", "v1, v2", "positive", "yes") HOST("y", "v1", "a", "positive", "yes")
               HOST("z", "v2", "a", "negative", "yes"),
           "together_nowhere x");
}

static void vms_apart_whom_hosts_bring_together(void **state)
{
    (void)state;
    expect(VMS("x", "v1, v2", "negative", "yes") HOST("y", "v1", "a", "positive", "yes")
               HOST("z", "v2", "a", "positive", "yes"),
           "apart_nowhere x");
    expect(VMS("x", "v1, v2", "negative", "yes") HOST("y", "v1, v2", "a, b", "positive", "yes"),
           "");
}

static void hosts_without_one_in_common(void **state)
{
    (void)state;
    expect(HOST("x", "v1", "a, b", "positive", "yes") HOST("y", "v1", "c", "positive", "yes"),
           "no_host y");
    expect(HOST("x", "v1", "a, b", "positive", "yes") HOST("y", "v1", "a, c", "positive", "yes"),
           "");
}

static void names_that_are_not_there(void **state)
{
    (void)state;
    expect(VMS("x", "v1, gone, lost", "negative", "yes") HOST("y", "v1", "a, z9", "negative", "no"),
           "unknown_vm x, unknown_host y");
    expect("  - {name: x, vms: [v1], host_rule: negative}\n", "no_hosts x!");
}

/* The lower priority gives way; units see the rule that is left. */
static void a_refused_rule_is_not_seen_by_units(void **state)
{
    (void)state;
    struct fleet *fleet = fleet_with("  - {name: x, priority: 1, vms: [v1, v2], vm_rule: positive, "
                                     "vm_enforcing: yes}\n  - {name: y, priority: 2, vms: [v1, v2], "
                                     "vm_rule: negative, vm_enforcing: yes}\n");
    struct columns *columns = columns_new(fleet);
    assert_int_equal(columns->groups.vm_rule[0], DROVER_RULE_DISABLED);
    assert_int_equal(columns->groups.vm_rule[1], DROVER_RULE_NEGATIVE);
    assert_int_equal(columns->group_vms_refused[0], 1);
    columns_free(columns);
    fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_kept_is_not_told),
        cmocka_unit_test(a_host_wanted_and_forbidden),
        cmocka_unit_test(vms_together_and_apart),
        cmocka_unit_test(vms_together_whom_hosts_part),
        cmocka_unit_test(vms_apart_whom_hosts_bring_together),
        cmocka_unit_test(hosts_without_one_in_common),
        cmocka_unit_test(names_that_are_not_there),
        cmocka_unit_test(a_refused_rule_is_not_seen_by_units),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
