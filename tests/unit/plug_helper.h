/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the tests of core/plug: a scratch folder, Lua texts as files, fleets, bound units. */
#ifndef TESTS_UNIT_PLUG_HELPER_H
#define TESTS_UNIT_PLUG_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/columns.h"
#include "model/fleet.h"
#include "plug/plug.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED_OK __attribute__((unused))

static char scratch[64];

static int remove_entry(const char *path, const struct stat *is, int type, struct FTW *walk)
{
    (void)is;
    (void)type;
    (void)walk;
    return remove(path);
}

UNUSED_OK static int scratch_begin(void **state)
{
    (void)state;
    umask(022);
    strcpy(scratch, "/tmp/test_plug.XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

UNUSED_OK static int scratch_end(void **state)
{
    (void)state;
    return nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes scratch/name; returns its path, which lives until the next call. */
UNUSED_OK static const char *write_file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* The path of a fixture: tests/plugin/so/NAME.c, built. */
UNUSED_OK static const char *fixture(const char *name)
{
    static char path[512];
    const char *build = getenv("DROVER_BUILD");
    snprintf(path, sizeof path, "%s/tests/plugin/so/%s.so", build ? build : "build", name);
    return path;
}

/* Generous: a slow machine under a sanitizer must not change what these tests see. */
static const struct plug_lua_limits patient = {16, 2000000, 600000};

UNUSED_OK static struct plug *plug_with(const char *path, const char *prefix)
{
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_limits(plug, &patient);
    if (plug_load_file(plug, path, prefix, false, &error) != 0)
        fail_msg("%s", error.text);
    return plug;
}

/* Loading this text must fail, with `expected` in the message. */
UNUSED_OK static void refused(const char *text, const char *expected)
{
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_limits(plug, &patient);
    assert_int_equal(plug_load_file(plug, write_file("bad.lua", text), "", false, &error), -1);
    if (!strstr(error.text, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, error.text);
    assert_int_equal(plug_count(plug), 0);
    plug_unref(plug);
}

/* --- fleets -------------------------------------------------------------------------------- */

UNUSED_OK static void add_host(struct fleet *fleet, const char *name, double memory_mib,
                               const char *rack)
{
    struct host host;
    struct pair label = {.key = "rack", .value = rack};
    field_defaults(host_fields, &host);
    host.name = name;
    host.cluster = "default";
    host.memory_mib = memory_mib;
    host.threads = 8;
    host.cores = 4;
    host.sockets = 1;
    if (rack)
        host.labels = (struct pairs){&label, 1, true};
    fleet_put_host(fleet, &host);
}

UNUSED_OK static void add_vm(struct fleet *fleet, const char *name, const char *on,
                             double memory_mib)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.host = on;
    vm.memory_mib = memory_mib;
    vm.vcpus = 2;
    fleet_put_vm(fleet, &vm);
}

/* kvm1 (a VM web1, rack r1), kvm2 (db1, r2), kvm3 (empty, no rack); web1 and db1 in group pair. */
UNUSED_OK static struct fleet *small_fleet(void)
{
    struct fleet *fleet = fleet_new();
    struct error error = ERROR_INIT;
    struct group group;
    const char *members[] = {"web1", "db1"};
    fleet->now = 1700000000;
    add_host(fleet, "kvm2", 8192, "r2");
    add_host(fleet, "kvm1", 4096, "r1");
    add_host(fleet, "kvm3", 16384, NULL);
    add_vm(fleet, "web1", "kvm1", 1024);
    add_vm(fleet, "db1", "kvm2", 2048);
    field_defaults(group_fields, &group);
    group.name = "pair";
    group.vms = (struct texts){members, 2, true};
    group.vm_rule = DROVER_RULE_NEGATIVE;
    fleet_put_group(fleet, &group);
    if (fleet_check(fleet, &error) != 0)
        fail_msg("%s", error.text);
    return fleet;
}

/* --- one unit, bound ----------------------------------------------------------------------- */

struct bench {
    struct plug *plug;
    struct ruleset *rules;
    struct fleet *fleet;
    struct columns *columns;
    struct drover_ask ask;
    uint32_t hosts[64];
    uint32_t n;
    uint8_t verdicts[64];
    double weights[64];
};

/* A policy that names every unit of plug. */
UNUSED_OK static struct ruleset *bind_all(struct plug *plug)
{
    static const char *filters[32];
    static struct pair weights[32];
    struct policy policy = {.name = "test"};
    struct error error = ERROR_INIT;
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        switch (unit->unit->kind) {
        case DROVER_FILTER: filters[policy.filters.n++] = unit->name; break;
        case DROVER_WEIGHT:
            weights[policy.weights.n++] = (struct pair){unit->name, "1", {0, 0}};
            break;
        case DROVER_BALANCE: policy.balance = unit->name; break;
        case DROVER_RESILIENCE: policy.resilience = unit->name; break;
        case DROVER_MIGRATE: policy.migration.policy = unit->name; break;
        default: break;
        }
    }
    policy.filters.item = filters;
    policy.weights.item = weights;
    struct ruleset *rules = plug_bind(plug, &policy, &error);
    if (!rules)
        fail_msg("%s", error.text);
    return rules;
}

/* Takes plug and fleet over. Asks for the first VM by name. */
UNUSED_OK static void bench_begin(struct bench *b, struct plug *plug, struct fleet *fleet)
{
    memset(b, 0, sizeof *b);
    b->plug = plug;
    b->rules = bind_all(plug);
    b->fleet = fleet;
    b->columns = columns_new(fleet);
    b->ask = (struct drover_ask){.size = sizeof b->ask, .fleet = &b->columns->fleet,
                                 .from = b->columns->vms.host[0], .purpose = DROVER_TO_MIGRATE};
    b->n = b->columns->hosts.n;
    for (uint32_t i = 0; i < b->n; i++)
        b->hosts[i] = i;
}

UNUSED_OK static void bench_end(struct bench *b)
{
    columns_free(b->columns);
    fleet_free(b->fleet);
    ruleset_free(b->rules);
    plug_unref(b->plug);
}

UNUSED_OK static int bench_filter(struct bench *b)
{
    struct bound_unit *u = &b->rules->filters[0];
    return u->unit->filter(u->self, &b->ask, b->hosts, b->n, b->verdicts);
}

UNUSED_OK static int bench_weigh(struct bench *b)
{
    struct bound_unit *u = &b->rules->weights[0];
    return u->unit->weigh(u->self, &b->ask, b->hosts, b->n, b->weights);
}

/* The text that a Lua body returns, or "failed: ..." with the unit's own words. */
UNUSED_OK static const char *lua_says_within(const char *body, const struct plug_lua_limits *limits)
{
    static char text[1024];
    static char file[65536];
    struct bench b;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    snprintf(file, sizeof file,
             "local function body(self, ask, host)\n%s\nend\n"
             "return {abi = 1, kind = 'filter', name = 't', summary = 'a test',\n"
             "filter = function(self, ask, host)\n"
             "local r = body(self, ask, host)\nreturn false, 't.said', tostring(r)\nend}\n", body);
    plug_set_lua_limits(plug, limits);
    if (plug_load_file(plug, write_file("t.lua", file), "", false, &error) != 0)
        fail_msg("%s", error.text);
    bench_begin(&b, plug, small_fleet());
    b.n = 1;
    struct bound_unit *u = &b.rules->filters[0];
    struct drover_why why = {.size = sizeof why};
    int failed = bench_filter(&b);
    if (!failed)
        failed = u->unit->why(u->self, &b.ask, 0, b.verdicts[0], &why);
    if (failed)
        snprintf(text, sizeof text, "%s: %s", failed == DROVER_OVERRAN ? "overran" : "failed",
                 u->unit->failure(u->self));
    else
        snprintf(text, sizeof text, "%s", why.text);
    bench_end(&b);
    return text;
}

UNUSED_OK static const char *lua_says(const char *body)
{
    return lua_says_within(body, &patient);
}

/* lua_says(body) has this in it. */
UNUSED_OK static void says(const char *body, const char *expected)
{
    const char *said = lua_says(body);
    if (!strstr(said, expected))
        fail_msg("%s\n    expected: %s\n    said: %s", body, expected, said);
}

#endif
