/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of units that look at affinity groups: groups by their members' names. */
#ifndef TESTS_PLUGIN_GROUPS_BENCH_H
#define TESTS_PLUGIN_GROUPS_BENCH_H

#include "plugin/bench.h"

#define NAMES_MAX 8

/* "a b c" as names. */
struct names {
    char text[128];
    const char *item[NAMES_MAX];
};

static inline struct texts bench_names(struct names *names, const char *text)
{
    struct texts texts = {.item = names->item, .known = true};
    snprintf(names->text, sizeof names->text, "%s", text);
    char *rest = names->text;
    for (char *word; (word = strtok_r(rest, " ", &rest));) {
        assert_true(texts.n < NAMES_MAX);
        names->item[texts.n++] = word;
    }
    return texts;
}

static inline struct group bench_group(const char *name)
{
    struct group group;
    field_defaults(group_fields, &group);
    group.name = name;
    return group;
}

/* A rule between VMs. */
static inline void bench_vm_rule(struct bench *bench, const char *name, const char *vms, int rule,
                                 bool hard, double priority)
{
    struct names names;
    struct group group = bench_group(name);
    group.vms = bench_names(&names, vms);
    group.vm_rule = rule;
    group.vm_enforcing = hard;
    group.priority = priority;
    fleet_put_group(bench->fleet, &group);
}

/* A rule between VMs and hosts. */
static inline void bench_host_rule(struct bench *bench, const char *name, const char *vms,
                                   const char *hosts, int rule, bool hard, double priority)
{
    struct names vm_names, host_names;
    struct group group = bench_group(name);
    group.vms = bench_names(&vm_names, vms);
    group.hosts = bench_names(&host_names, hosts);
    group.host_rule = rule;
    group.host_enforcing = hard;
    group.priority = priority;
    fleet_put_group(bench->fleet, &group);
}

/* Hosts a, b, c; VMs va and vb on a and b, new nowhere. */
static inline struct bench *bench_three(const char *unit)
{
    struct bench *bench = bench_new(unit);
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    bench_put_host(bench, bench_host("c"));
    bench_put_vm(bench, bench_vm("va", "a"));
    bench_put_vm(bench, bench_vm("vb", "b"));
    bench_put_vm(bench, bench_vm("new", NULL));
    return bench;
}

#define POSITIVE DROVER_RULE_POSITIVE
#define NEGATIVE DROVER_RULE_NEGATIVE

#endif
