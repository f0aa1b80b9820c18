/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lua units: a file is loaded within small limits, everything it brings is bound to a policy, and
 * that decides on a small fleet. Whatever it says, drover goes on.
 */
#include "fuzz/fuzz.h"

#include "codec/fleet_file.h"
#include "decide/decide.h"
#include "plug/plug.h"

#include <unistd.h>

/* Work is bounded by instructions; the clock, which is not the same each time, by far later. */
static const struct plug_lua_limits limits = {4, 20000, 60000};

static const char small_fleet[] =
    "fleet: 1\nnow: 1768996800\n"
    "hosts:\n- {name: kvm1, memory_mib: 8192, cpu_usage_pct: 95, cpu_over_s: 600,"
    " labels: {rack: r1}}\n- {name: kvm2, cpu_usage_pct: 5}\n"
    "vms:\n- {name: web1, host: kvm1, labels: {app: x}}\n- {name: db1, host: kvm2}\n"
    "groups:\n- {name: pair, vms: [web1, db1], vm_rule: negative}\n";

#define UNITS_MAX 16

struct bound {
    struct policy policy;
    const char *filters[UNITS_MAX];
    struct pair weights[UNITS_MAX];
};

/* A policy that names every unit. */
static void name_all(const struct plug *plug, struct bound *bound)
{
    struct policy *policy = &bound->policy;
    for (uint32_t i = 0; i < plug_count(plug) && i < UNITS_MAX; i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        switch (unit->unit->kind) {
        case DROVER_FILTER: bound->filters[policy->filters.n++] = unit->name; break;
        case DROVER_WEIGHT:
            bound->weights[policy->weights.n++] = (struct pair){unit->name, "2", {0, 0}};
            break;
        case DROVER_BALANCE: policy->balance = unit->name; break;
        case DROVER_RESILIENCE: policy->resilience = unit->name; break;
        case DROVER_MIGRATE: policy->migration.policy = unit->name; break;
        default: break;
        }
    }
    policy->name = "fuzz";
    policy->filters.item = bound->filters;
    policy->weights.item = bound->weights;
    policy->filters.known = policy->weights.known = true;
}

static int take_xml(struct drover_answer *answer, const char *xml, size_t length)
{
    (void)answer;
    free(fuzz_text((const uint8_t *)xml, length)); /* read every byte */
    return 0;
}

/* What no plan asks: how to move, and whether libvirt may go on. */
static void ask_units(const struct columns *columns, const struct ruleset *rules)
{
    struct drover_stall stalls[DROVER_STALLS_MAX];
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_answer answer = {.size = sizeof answer, .set_xml = take_xml};
    struct drover_move move = {.size = sizeof move, .fleet = &columns->fleet, .to = 1,
                               .purpose = DROVER_TO_DRAIN};
    struct drover_admit_ask ask = {sizeof ask, &columns->fleet, 0, DROVER_NONE, "new", "", "qemu",
                                   "start", "begin", "<old/>"};
    const struct bound_unit *migrate = &rules->migrate;
    if (migrate->unit && migrate->unit->migrate(migrate->self, &move, &how) == 0)
        fuzz_must(how.n_stalls <= DROVER_STALLS_MAX, "more stalls than there is room", NULL, NULL);
    for (uint32_t i = 0; i < rules->n_admits; i++) {
        const struct bound_unit *admit = &rules->admits[i];
        admit->unit->admit(admit->self, &ask, &answer);
    }
}

static void decide(const struct ruleset *rules)
{
    static struct fleet *fleet;
    struct error error = ERROR_INIT;
    if (!fleet)
        fleet = fleet_file_read("fleet", small_fleet, strlen(small_fleet), &error);
    fuzz_must(fleet != NULL, "the small fleet", error.text, NULL);
    struct columns *columns = columns_new(fleet);
    const struct rules all = {&rules, 1};
    const struct question question = {.vm = 0, .purpose = DROVER_TO_MIGRATE};
    decision_free(decide_explain(columns, rules, &question));
    plan_free(plan_drain(columns, &all, 0));
    plan_free(plan_balance(columns, &all, 0, 2, 300));
    plan_free(plan_trouble(columns, &all, DROVER_TROUBLE_NON_OPERATIONAL, 0));
    ask_units(columns, rules);
    columns_free(columns);
}

static char path[4096];

static void remove_file(void)
{
    unlink(path);
}

/* The loader goes by the name's ending, so this one needs a place on a disk. */
static const char *lua_file(const uint8_t *bytes, size_t length)
{
    static int file = -1;
    const char *directory = getenv("TMPDIR");
    if (file < 0) {
        snprintf(path, sizeof path, "%s/drover-fuzz-XXXXXX.lua", directory ? directory : "/tmp");
        file = mkstemps(path, (int)strlen(".lua"));
        atexit(remove_file);
    }
    if (file < 0 || ftruncate(file, 0) != 0 ||
        pwrite(file, bytes, length, 0) != (ssize_t)length) {
        perror(path);
        abort();
    }
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_limits(plug, &limits);
    if (plug_load_file(plug, lua_file(bytes, length), "", false, &error) == 0) {
        struct bound bound = {.policy = {.name = "fuzz"}};
        name_all(plug, &bound);
        struct ruleset *rules = plug_bind(plug, &bound.policy, &error);
        if (rules)
            decide(rules);
        ruleset_free(rules);
    }
    plug_unref(plug);
    return 0;
}
