/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of affinity groups over fleets that chance makes, with the units as they ship: no plan
 * breaks a hard rule that holds, also not between two of its moves; mending comes to an end, nobody
 * goes there and back, and carried out it has nothing left to do.
 */
#include "unit/decide_bench.h"

#include <dlfcn.h>
#include <limits.h>

#include "base/memory.h"

#define HOSTS 5
#define VMS 12
#define GROUPS 5
#define COOLDOWN_S 1800

static const struct drover_unit *load(const char *name)
{
    char path[PATH_MAX];
    const char *build = getenv("DROVER_BUILD");
    snprintf(path, sizeof path, "%s/plugins/%s.so", build ? build : "build", name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    drover_plugin_function *get = NULL;
    *(void **)&get = dlsym(library, "drover_plugin");
    assert_non_null(get);
    /* cppcheck-suppress resourceLeak ; kept for as long as the test runs */
    return get()->units[0];
}

static struct bench_rules *rules_new(void)
{
    struct bench_rules *rules = bench_rules_new();
    bench_add_filter(rules, &bench_room_unit, NULL);
    bench_add_filter(rules, load("filter_vm_affinity"), NULL);
    bench_add_filter(rules, load("filter_vm_to_host_affinity"), NULL);
    bench_add_weight(rules, load("weight_vm_to_host_affinity"), NULL, 20);
    bench_add_weight(rules, load("weight_vm_affinity"), NULL, 1);
    bench_add_weight(rules, &bench_count_unit, NULL, 2);
    return rules;
}

/* --- a fleet by chance ---------------------------------------------------------------------------- */

static const char *host_of(struct arena *arena, uint32_t i)
{
    return arena_printf(arena, "h%u", i);
}

static const char *vm_of(struct arena *arena, uint32_t i)
{
    return arena_printf(arena, "v%02u", i);
}

static struct texts some(struct arena *arena, struct chance *chance, uint32_t n, uint32_t most,
                         const char *(*name)(struct arena *, uint32_t))
{
    struct texts texts = {.item = arena_array(arena, n, sizeof(char *)), .known = true};
    for (uint32_t i = 0; i < n && texts.n < most; i++)
        if (chance_one_in(chance, 3))
            texts.item[texts.n++] = name(arena, i);
    return texts;
}

static void put_group(struct fleet *fleet, struct arena *arena, struct chance *chance, uint32_t i)
{
    struct group group;
    field_defaults(group_fields, &group);
    group.name = arena_printf(arena, "g%u", i);
    group.priority = 1 + chance_below(chance, 3);
    group.vms = some(arena, chance, VMS, 4, vm_of);
    group.hosts = some(arena, chance, HOSTS, HOSTS, host_of);
    group.vm_rule = (int)chance_below(chance, 3);
    group.vm_enforcing = !chance_one_in(chance, 3);
    group.host_rule = chance_one_in(chance, 2) ? (int)chance_below(chance, 3) : 0;
    group.host_enforcing = chance_one_in(chance, 2);
    fleet_put_group(fleet, &group);
}

static struct fleet *make(struct chance *chance, struct arena *arena)
{
    struct fleet *fleet = fleet_new();
    fleet->now = 1000000;
    bench_put_cluster(fleet, "default");
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct host host = bench_host(host_of(arena, i));
        host.cluster = "default";
        host.memory_mib = 2048 * (1 + chance_below(chance, 4));
        fleet_put_host(fleet, &host);
    }
    for (uint32_t i = 0; i < VMS; i++) {
        struct vm vm = bench_vm(vm_of(arena, i), host_of(arena, chance_below(chance, HOSTS)));
        vm.memory_mib = 256 * (1 + chance_below(chance, 4));
        vm.state = chance_one_in(chance, 8) ? DROVER_VM_DOWN : DROVER_VM_RUNNING;
        vm.migratable = chance_one_in(chance, 8) ? DROVER_MIGRATABLE_NO : DROVER_MIGRATABLE_YES;
        fleet_put_vm(fleet, &vm);
    }
    for (uint32_t i = 0; i < GROUPS; i++)
        put_group(fleet, arena, chance, i);
    return fleet;
}

/* --- whether a hard rule holds, by nobody's count but our own ------------------------------------- */

/* Where VMs are, as bits of hosts: two while a VM is on its way. */
struct places {
    uint32_t of[VMS];
};

static struct places places_of(const struct columns *columns)
{
    struct places places = {{0}};
    for (uint32_t v = 0; v < columns->vms.n; v++)
        if (columns->vms.state[v] != DROVER_VM_DOWN)
            places.of[v] = 1u << columns->vms.host[v];
    return places;
}

static bool vm_rule_holds(const struct columns *columns, uint32_t group,
                          const struct places *places)
{
    const struct drover_lists *vms = &columns->groups.vms;
    uint32_t seen = 0;
    bool apart = true;
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1]; i++) {
        apart &= (seen & places->of[vms->item[i]]) == 0;
        seen |= places->of[vms->item[i]];
    }
    if (columns->groups.vm_rule[group] == DROVER_RULE_NEGATIVE)
        return apart;
    return columns->groups.vm_rule[group] != DROVER_RULE_POSITIVE || (seen & (seen - 1)) == 0;
}

static bool host_rule_holds(const struct columns *columns, uint32_t group, uint32_t vm,
                            const struct places *places)
{
    const struct drover_lists *hosts = &columns->groups.hosts;
    uint32_t named = 0;
    for (uint32_t i = hosts->start[group]; i < hosts->start[group + 1]; i++)
        named |= 1u << hosts->item[i];
    if (columns->groups.host_rule[group] == DROVER_RULE_NEGATIVE)
        return (places->of[vm] & named) == 0;
    return columns->groups.host_rule[group] != DROVER_RULE_POSITIVE ||
           (places->of[vm] & ~named) == 0;
}

static bool is_hard(const struct columns *columns, uint32_t group, uint8_t rule)
{
    return columns->groups.vm_enforcing[group] && columns->groups.vm_rule[group] == rule;
}

/* What held before holds now; positive rules when all have arrived, others at each moment. */
static void check_kept(const struct columns *columns, const struct places *before,
                       const struct places *now, bool arrived)
{
    for (uint32_t g = 0; g < columns->groups.n; g++) {
        if (is_hard(columns, g, DROVER_RULE_NEGATIVE) && vm_rule_holds(columns, g, before))
            assert_true(vm_rule_holds(columns, g, now));
        if (arrived && is_hard(columns, g, DROVER_RULE_POSITIVE) &&
            vm_rule_holds(columns, g, before))
            assert_true(vm_rule_holds(columns, g, now));
        for (uint32_t i = columns->groups.vms.start[g]; i < columns->groups.vms.start[g + 1]; i++) {
            uint32_t vm = columns->groups.vms.item[i];
            if (arrived && columns->groups.host_enforcing[g] &&
                host_rule_holds(columns, g, vm, before))
                assert_true(host_rule_holds(columns, g, vm, now));
        }
    }
}

/*
 * Walk through a plan. at_once: all its moves may be under way together, in any order; else each
 * ends before the next begins. Then carry it out.
 */
static void follow(struct fleet *fleet, const struct plan *plan, bool at_once)
{
    struct columns *columns = columns_new(fleet);
    struct places before = places_of(columns), now = before;
    uint32_t origin[VMS];
    for (uint32_t v = 0; v < VMS; v++)
        origin[v] = DROVER_NONE;
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct planned_move *move = bench_move(plan, i);
        uint32_t vm = columns_vm(columns, move->key), to = columns_host(columns, move->to);
        assert_true(origin[vm] != to); /* nobody goes there and back */
        if (origin[vm] == DROVER_NONE)
            origin[vm] = columns_host(columns, move->from);
        else
            assert_false(at_once);
        now.of[vm] |= 1u << to;
        check_kept(columns, &before, &now, false);
        if (!at_once)
            now.of[vm] = 1u << to;
    }
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct planned_move *move = bench_move(plan, i);
        now.of[columns_vm(columns, move->key)] = 1u << columns_host(columns, move->to);
        fleet_set_text(fleet, &fleet_vm(fleet, move->key)->host, move->to);
        fleet_vm(fleet, move->key)->moved_at = fleet->now;
    }
    check_kept(columns, &before, &now, true);
    columns_free(columns);
}

static struct plan *ask(struct fleet *fleet, const struct bench_rules *rules, uint32_t drained,
                        double cooldown_s)
{
    struct columns *columns = columns_new(fleet);
    struct plan *plan = drained == DROVER_NONE
                            ? plan_enforce(columns, &rules->all, 0, UINT32_MAX, cooldown_s)
                            : plan_drain(columns, &rules->all, drained);
    columns_free(columns);
    return plan;
}

static void a_drain_breaks_no_hard_rule(void **state)
{
    (void)state;
    struct chance chance = {21};
    struct bench_rules *rules = rules_new();
    uint32_t moves = 0;
    for (int round = 0; round < 4000; round++) {
        struct arena arena = ARENA_INIT;
        struct fleet *fleet = make(&chance, &arena);
        struct plan *plan = ask(fleet, rules, chance_below(&chance, HOSTS), 0);
        moves += plan->moves.n;
        follow(fleet, plan, true);
        plan_free(plan);
        fleet_free(fleet);
        arena_free(&arena);
    }
    assert_true(moves > 1000);
    free(rules);
}

/* The policy says that the host must be emptied all the same: then each rule that gives way is named. */
static void a_drain_names_the_rules_that_it_breaks(void **state)
{
    (void)state;
    struct chance chance = {22};
    struct bench_rules *rules = rules_new();
    rules->set.parameters.ignore_vm_to_vm_affinity_for_host_maintenance = true;
    uint32_t broken = 0;
    for (int round = 0; round < 3000; round++) {
        struct arena arena = ARENA_INIT;
        struct fleet *fleet = make(&chance, &arena);
        struct plan *plan = ask(fleet, rules, chance_below(&chance, HOSTS), 0);
        uint32_t named = 0;
        for (uint32_t i = 0; i < plan->moves.n; i++)
            named += bench_move(plan, i)->breaks.n;
        if (named == 0)
            follow(fleet, plan, true);
        broken += named;
        plan_free(plan);
        fleet_free(fleet);
        arena_free(&arena);
    }
    assert_true(broken > 100);
    free(rules);
}

static void mending_breaks_nothing_and_ends(void **state)
{
    (void)state;
    struct chance chance = {23};
    struct bench_rules *rules = rules_new();
    uint32_t moves = 0;
    for (int round = 0; round < 4000; round++) {
        struct arena arena = ARENA_INIT;
        struct fleet *fleet = make(&chance, &arena);
        struct plan *plan = ask(fleet, rules, DROVER_NONE, COOLDOWN_S);
        moves += plan->moves.n;
        follow(fleet, plan, false);
        plan_free(plan);
        plan = ask(fleet, rules, DROVER_NONE, COOLDOWN_S);
        assert_int_equal(plan->moves.n, 0);
        plan_free(plan);
        fleet_free(fleet);
        arena_free(&arena);
    }
    assert_true(moves > 1000);
    free(rules);
}

/* One move at a time, as rounds make them, and without rest: it ends, too. */
static void mending_by_rounds_never_goes_in_a_circle(void **state)
{
    (void)state;
    struct chance chance = {24};
    struct bench_rules *rules = rules_new();
    for (int round = 0; round < 1500; round++) {
        struct arena arena = ARENA_INIT;
        struct fleet *fleet = make(&chance, &arena);
        uint32_t rounds = 0, moved;
        do {
            struct columns *columns = columns_new(fleet);
            struct plan *plan = plan_enforce(columns, &rules->all, 0, 1, 0);
            columns_free(columns);
            moved = plan->moves.n;
            follow(fleet, plan, false);
            plan_free(plan);
            assert_true(++rounds <= 3 * VMS);
        } while (moved > 0);
        fleet_free(fleet);
        arena_free(&arena);
    }
    free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_breaks_no_hard_rule),
        cmocka_unit_test(a_drain_names_the_rules_that_it_breaks),
        cmocka_unit_test(mending_breaks_nothing_and_ends),
        cmocka_unit_test(mending_by_rounds_never_goes_in_a_circle),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
