/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bench for units in Lua: loaded and bound as drover does it, as there is no .so to open. */
#ifndef TESTS_PLUGIN_LUA_BENCH_H
#define TESTS_PLUGIN_LUA_BENCH_H

#include "plugin/bench.h"

#include "plug/plug.h"

struct lua_bench {
    struct bench bench; /* library NULL; unit and self are the ruleset's */
    struct plug *plug;
    struct ruleset *rules;
};

/* Load lua/NAME.lua, and bind it as the one filter or weight of a policy with these parameters. */
static inline struct lua_bench *lua_bench_new(const char *name, enum drover_kind kind,
                                              struct pair *parameters, uint32_t n)
{
    struct lua_bench *lua = calloc(1, sizeof *lua);
    assert_non_null(lua);
    const char *source = getenv("DROVER_SRC");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lua/%s.lua", source ? source : ".", name);
    struct error error = ERROR_INIT;
    lua->plug = plug_new(PLUG_TRUST_ANY);
    if (plug_load_file(lua->plug, path, "", true, &error))
        fail_msg("%s", error.text);
    struct policy policy = {.name = "test", .summary = "", .balance = "none",
                            .resilience = "do_not_migrate"};
    struct pair weight = {.key = name, .value = "1"};
    policy.migration.policy = "none";
    if (kind == DROVER_FILTER)
        policy.filters = (struct texts){&name, 1, true};
    else
        policy.weights = (struct pairs){&weight, 1, true};
    policy.parameters = (struct pairs){parameters, n, true};
    lua->rules = plug_bind(lua->plug, &policy, &error);
    if (!lua->rules) {
        fail_msg("%s", error.text);
        abort(); /* fail_msg() does not return, but no analyser is told so */
    }
    const struct bound_unit *bound =
        kind == DROVER_FILTER ? lua->rules->filters : lua->rules->weights;
    lua->bench.unit = bound->unit;
    lua->bench.self = bound->self;
    lua->bench.fleet = fleet_new();
    lua->bench.fleet->now = BENCH_NOW;
    return lua;
}

static inline void lua_bench_free(struct lua_bench *lua)
{
    ruleset_free(lua->rules);
    plug_unref(lua->plug);
    columns_free(lua->bench.columns);
    fleet_free(lua->bench.fleet);
    free(lua);
}

#endif
