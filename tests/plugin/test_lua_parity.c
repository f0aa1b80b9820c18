/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units written in Lua get all that units in C get: filters and weights that ship in C are written
 * once more in Lua (lua/as_in_c.lua), and both are asked about fleets by chance. Verdicts, their
 * codes, figures and words are the same, weights are the same to the last bit, and so are the
 * decisions of two policies that differ in nothing but the language.
 */
#include "unit/plug_helper.h"

#include "decide/decide.h"
#include "sim/random.h"
#include "sim/varied.h"

#define FLEETS 4000
#define STREAM_PARITY 7

struct enriching {
    struct random random;
    struct arena arena;
};

static uint32_t below(struct enriching *e, uint32_t n)
{
    return random_below(&e->random, n);
}

/* --- what fleets by chance do not have by themselves --------------------------------------- */

static void give_nodes(struct enriching *e, struct host *host)
{
    static const char *const cpus[] = {"0-3", "4-7", "8,10-11", ""};
    uint32_t n = below(e, 5);
    struct numa_node *node = arena_array(&e->arena, n + 1, sizeof *node);
    for (uint32_t i = 0; i < n; i++)
        node[i] = (struct numa_node){i, 4096, 256.0 * below(e, 16), cpus[below(e, 4)]};
    host->numa = (struct rows){node, n};
}

static void give_memory(struct enriching *e, struct host *host)
{
    struct pair *pair = arena_array(&e->arena, 1, sizeof *pair);
    *pair = (struct pair){.key = "2048", .value = arena_printf(&e->arena, "%u", below(e, 4096))};
    host->hugepages = (struct pairs){pair, below(e, 2), true};
    host->memory_free_mib = below(e, 8) ? 64.0 * below(e, 256) : NAN;
    host->swap_free_mib = below(e, 4) ? 512.0 * below(e, 8) : NAN;
    host->memory_pending_mib = 256.0 * below(e, 4);
}

static void give_vm_nodes(struct enriching *e, struct vm *vm)
{
    static const char *const pins[] = {"", "1-2", "5", "0-9"};
    uint32_t n = below(e, 4);
    struct vnuma_node *node = arena_array(&e->arena, n + 1, sizeof *node);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bound = below(e, 4);
        double *ids = arena_array(&e->arena, 3, sizeof *ids);
        for (uint32_t k = 0; k < bound; k++)
            ids[k] = below(e, 5);
        node[i] = (struct vnuma_node){256.0 * (1 + below(e, 8)), {ids, bound},
                                      (int)below(e, 3)};
    }
    vm->numa = (struct rows){node, n};
    vm->cpu_pins = pins[below(e, 4)];
    vm->hugepages_kib = below(e, 4) ? 0 : 2048;
}

/* A host of the VM's own cluster that it is on its way to. */
static void send(struct enriching *e, const struct fleet *fleet, struct vm *vm)
{
    const struct host *to = fleet->hosts[below(e, fleet->n_hosts)];
    const struct host *from = vm->host ? fleet_host(fleet, vm->host) : NULL;
    if (!from || to == from || vm->state == DROVER_VM_DOWN ||
        strcmp(to->cluster, from->cluster) != 0)
        return;
    vm->to = to->name;
    vm->state = DROVER_VM_MIGRATING;
}

/* The records of a fleet by chance, with more in them, in a fleet of their own. */
static struct fleet *rich_fleet(uint64_t seed)
{
    struct enriching e = {.random = random_new(seed, STREAM_PARITY), .arena = ARENA_INIT};
    struct fleet *plain = varied_fleet(NULL, seed), *fleet = fleet_copy(plain);
    for (uint32_t i = 0; i < plain->n_hosts; i++) {
        struct host host = *plain->hosts[i];
        give_nodes(&e, &host);
        give_memory(&e, &host);
        fleet_put_host(fleet, &host);
    }
    for (uint32_t i = 0; i < plain->n_vms; i++) {
        struct vm vm = *plain->vms[i];
        give_vm_nodes(&e, &vm);
        if (below(&e, 4) == 0)
            send(&e, plain, &vm);
        fleet_put_vm(fleet, &vm);
    }
    for (uint32_t i = 0; i < plain->n_groups; i++) {
        struct group group = *plain->groups[i];
        group.vm_enforcing = below(&e, 4) > 0;
        fleet_put_group(fleet, &group);
    }
    fleet_check(fleet, NULL);
    fleet_free(plain);
    arena_free(&e.arena);
    return fleet;
}

/* --- both sides ---------------------------------------------------------------------------- */

static const char *const units[] = {"filter_memory", "filter_hugepages", "filter_vm_affinity",
                                    "weight_memory_even", "weight_numa_pinning"};

struct side {
    struct plug *plug;
    struct ruleset *rules;
};

struct sides {
    struct side c, lua;
    uint32_t refused, accepted, weighed, moved, told; /* how often each was seen */
};

static struct plug *patient_plug(void)
{
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_limits(plug, &patient);
    return plug;
}

static void load(struct plug *plug, const char *path)
{
    struct error error = ERROR_INIT;
    if (plug_load_file(plug, path, "", false, &error) != 0)
        fail_msg("%s", error.text);
}

static void sides_begin(struct sides *sides)
{
    const char *build = getenv("DROVER_BUILD"), *tree = getenv("DROVER_SRC");
    char path[512];
    memset(sides, 0, sizeof *sides);
    sides->c.plug = patient_plug();
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        snprintf(path, sizeof path, "%s/plugins/%s.so", build ? build : "build", units[i]);
        load(sides->c.plug, path);
    }
    sides->lua.plug = patient_plug();
    snprintf(path, sizeof path, "%s/tests/plugin/lua/as_in_c.lua", tree ? tree : ".");
    load(sides->lua.plug, path);
    sides->c.rules = bind_all(sides->c.plug);
    sides->lua.rules = bind_all(sides->lua.plug);
    assert_int_equal(sides->c.rules->n_filters, sides->lua.rules->n_filters);
    assert_int_equal(sides->c.rules->n_weights, sides->lua.rules->n_weights);
    assert_int_equal(sides->c.rules->n_filters + sides->c.rules->n_weights,
                     sizeof units / sizeof *units);
}

static void sides_end(struct sides *sides)
{
    ruleset_free(sides->c.rules);
    ruleset_free(sides->lua.rules);
    plug_unref(sides->c.plug);
    plug_unref(sides->lua.plug);
}

/* The unit of the same name; policies may have them in another order. */
static struct bound_unit *named(struct bound_unit *list, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    fail_msg("there is no unit %s in Lua", name);
    abort(); /* fail_msg() does not return, but no analyser is told so */
}

/* --- one question -------------------------------------------------------------------------- */

static struct drover_why why_of(struct bound_unit *unit, const struct drover_ask *ask,
                                uint32_t host, uint8_t verdict)
{
    struct drover_why why = {.size = sizeof why};
    assert_int_equal(unit->unit->why(unit->self, ask, host, verdict, &why), 0);
    return why;
}

static void same_words(struct sides *sides, struct bound_unit *c, struct bound_unit *lua,
                       const struct drover_ask *ask, uint32_t host, uint8_t in_c, uint8_t in_lua)
{
    assert_string_equal(c->unit->reasons[in_c - 1].code, lua->unit->reasons[in_lua - 1].code);
    struct drover_why a = why_of(c, ask, host, in_c), b = why_of(lua, ask, host, in_lua);
    if (a.need != b.need || a.have != b.have)
        fail_msg("%s: needs %g, has %g in C; %g and %g in Lua", c->name, a.need, a.have, b.need,
                 b.have);
    assert_string_equal(a.subject, b.subject);
    assert_string_equal(a.text, b.text);
    sides->told += a.text[0] != '\0';
}

static void same_verdicts(struct sides *sides, struct bound_unit *c, const struct drover_ask *ask,
                          const uint32_t *hosts, uint32_t n)
{
    struct bound_unit *lua = named(sides->lua.rules->filters, sides->lua.rules->n_filters, c->name);
    uint8_t a[64], b[64];
    assert_int_equal(c->unit->filter(c->self, ask, hosts, n, a), 0);
    if (lua->unit->filter(lua->self, ask, hosts, n, b) != 0)
        fail_msg("%s", lua->unit->failure(lua->self));
    for (uint32_t i = 0; i < n; i++) {
        if (!a[i] != !b[i])
            fail_msg("%s says %u in C and %u in Lua about VM %s on host %s", c->name, a[i], b[i],
                     ask->fleet->vms->name[ask->vm], ask->fleet->hosts->name[hosts[i]]);
        *(a[i] ? &sides->refused : &sides->accepted) += 1;
        if (a[i])
            same_words(sides, c, lua, ask, hosts[i], a[i], b[i]);
    }
}

static void same_weights(struct sides *sides, struct bound_unit *c, const struct drover_ask *ask,
                         const uint32_t *hosts, uint32_t n)
{
    struct bound_unit *lua = named(sides->lua.rules->weights, sides->lua.rules->n_weights, c->name);
    double a[64], b[64];
    assert_int_equal(c->unit->weigh(c->self, ask, hosts, n, a), 0);
    if (lua->unit->weigh(lua->self, ask, hosts, n, b) != 0)
        fail_msg("%s", lua->unit->failure(lua->self));
    for (uint32_t i = 0; i < n; i++) {
        if (a[i] != b[i])
            fail_msg("%s weighs host %s %.17g in C and %.17g in Lua", c->name,
                     ask->fleet->hosts->name[hosts[i]], a[i], b[i]);
        sides->weighed += a[i] != a[0];
    }
}

static void same_answers(struct sides *sides, const struct columns *columns, uint32_t vm,
                         const uint32_t *with, uint32_t n_with, bool waived)
{
    uint32_t hosts[64], n = columns->hosts.n;
    const struct drover_ask ask = {
        .size = sizeof ask, .fleet = &columns->fleet, .vm = vm, .from = columns->vms.host[vm],
        .purpose = DROVER_TO_DRAIN, .with = with, .n_with = n_with,
        .waived = waived ? DROVER_WAIVE_VM_TO_VM : 0,
    };
    for (uint32_t i = 0; i < n; i++)
        hosts[i] = i;
    for (uint32_t i = 0; i < sides->c.rules->n_filters; i++)
        same_verdicts(sides, &sides->c.rules->filters[i], &ask, hosts, n);
    for (uint32_t i = 0; i < sides->c.rules->n_weights; i++)
        same_weights(sides, &sides->c.rules->weights[i], &ask, hosts, n);
}

static void same_decision(struct sides *sides, const struct columns *columns, uint32_t vm)
{
    const struct question question = {.vm = vm, .purpose = DROVER_TO_DRAIN};
    struct arena arena = ARENA_INIT;
    uint32_t in_c = decide_host(columns, sides->c.rules, &question, &arena);
    assert_int_equal(decide_host(columns, sides->lua.rules, &question, &arena), in_c);
    sides->moved += in_c != DROVER_NONE;
    arena_free(&arena);
}

static void the_same_in_both_languages(void **state)
{
    (void)state;
    struct sides sides;
    sides_begin(&sides);
    for (uint64_t seed = 1; seed <= FLEETS; seed++) {
        struct random random = random_new(seed, STREAM_PARITY + 1);
        struct fleet *fleet = rich_fleet(seed);
        struct columns *columns = columns_new(fleet);
        for (int round = 0; round < 3; round++) {
            uint32_t vm = random_below(&random, columns->vms.n);
            uint32_t with = random_below(&random, columns->vms.n);
            same_answers(&sides, columns, vm, &with, with != vm, random_below(&random, 16) == 0);
            same_decision(&sides, columns, vm);
        }
        columns_free(columns);
        fleet_free(fleet);
    }
    print_message("# %u refused, %u accepted, %u weighed apart, %u moved, %u told in words\n",
                  sides.refused, sides.accepted, sides.weighed, sides.moved, sides.told);
    assert_in_range(sides.refused, 1000, UINT32_MAX);
    assert_in_range(sides.accepted, 1000, UINT32_MAX);
    assert_in_range(sides.weighed, 1000, UINT32_MAX);
    assert_in_range(sides.moved, 1000, UINT32_MAX);
    assert_in_range(sides.told, 100, UINT32_MAX);
    sides_end(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_in_both_languages),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
