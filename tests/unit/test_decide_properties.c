/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold for any fleet and any policy, tried over thousands that chance makes: the fast
 * way and the telling way choose the same; order and names in the input do not matter; a drain
 * that was carried out, asked again, is empty; nothing is promised that is not there.
 */
#include "unit/decide_bench.h"

#include "base/memory.h"

#define HOSTS_MAX 10
#define VMS_MAX 24

/* Records of a fleet before they are put into one, in any order and under any names. */
struct draft {
    struct host hosts[HOSTS_MAX];
    struct vm vms[VMS_MAX];
    uint32_t n_hosts, n_vms;
    struct arena arena;
};

static const char *const networks[] = {"blue", "green", "lan"};

static struct texts some_networks(struct draft *draft, struct chance *chance)
{
    struct texts texts = {.known = true, .item = arena_array(&draft->arena, 3, sizeof(char *))};
    for (uint32_t i = 0; i < 3; i++)
        if (chance_one_in(chance, 2))
            texts.item[texts.n++] = networks[i];
    return texts;
}

static void draft_host(struct draft *draft, struct chance *chance, uint32_t i)
{
    static const int states[] = {DROVER_HOST_UP, DROVER_HOST_UP, DROVER_HOST_UP,
                                 DROVER_HOST_MAINTENANCE};
    struct host host = bench_host(arena_printf(&draft->arena, "h%02u", i));
    host.cluster = chance_one_in(chance, 4) ? "east" : "west";
    host.state = states[chance_below(chance, 4)];
    host.memory_mib = 1024 * (1 + chance_below(chance, 8));
    host.memory_pending_mib = chance_one_in(chance, 4) ? 512 : 0;
    host.networks = chance_one_in(chance, 2) ? some_networks(draft, chance) : (struct texts){0};
    draft->hosts[i] = host;
}

static void draft_vm(struct draft *draft, struct chance *chance, uint32_t i)
{
    static const int states[] = {DROVER_VM_RUNNING, DROVER_VM_RUNNING, DROVER_VM_PAUSED,
                                 DROVER_VM_DOWN};
    static const int migratable[] = {DROVER_MIGRATABLE_YES, DROVER_MIGRATABLE_YES,
                                     DROVER_MIGRATABLE_MANUAL, DROVER_MIGRATABLE_NO};
    struct vm vm = bench_vm(arena_printf(&draft->arena, "v%02u", i), NULL);
    if (!chance_one_in(chance, 8))
        vm.host = draft->hosts[chance_below(chance, draft->n_hosts)].name;
    vm.uuid = chance_one_in(chance, 2) ? arena_printf(&draft->arena, "uuid-%02u", 99 - i) : NULL;
    vm.state = states[chance_below(chance, 4)];
    vm.migratable = migratable[chance_below(chance, 4)];
    vm.memory_mib = 256 * (1 + chance_below(chance, 8));
    vm.vcpus = 1 + chance_below(chance, 4);
    vm.priority = chance_below(chance, 3);
    vm.networks = some_networks(draft, chance);
    draft->vms[i] = vm;
}

static void draft_fleet(struct draft *draft, struct chance *chance)
{
    *draft = (struct draft){.n_hosts = 1 + chance_below(chance, HOSTS_MAX),
                            .n_vms = 1 + chance_below(chance, VMS_MAX)};
    for (uint32_t i = 0; i < draft->n_hosts; i++)
        draft_host(draft, chance, i);
    for (uint32_t i = 0; i < draft->n_vms; i++)
        draft_vm(draft, chance, i);
}

static struct fleet *fleet_of(const struct draft *draft)
{
    struct fleet *fleet = fleet_new();
    fleet->now = 1000000;
    bench_put_cluster(fleet, "west");
    bench_put_cluster(fleet, "east");
    for (uint32_t i = 0; i < draft->n_hosts; i++)
        fleet_put_host(fleet, &draft->hosts[i]);
    for (uint32_t i = 0; i < draft->n_vms; i++)
        fleet_put_vm(fleet, &draft->vms[i]);
    return fleet;
}

/* Units by chance: some that judge, some that fail for every third VM, with any selector. */
static struct bench_rules *any_rules(struct chance *chance, struct told told[2])
{
    struct bench_rules *rules = bench_rules_new();
    rules->set.selector = (enum selector)chance_below(chance, 3);
    told[0] = (struct told){.every = 2 + chance_below(chance, 3)};
    told[1] = (struct told){.every = 2 + chance_below(chance, 3), .weight = 3};
    if (!chance_one_in(chance, 4))
        bench_add_filter(rules, &bench_room_unit, NULL);
    if (chance_one_in(chance, 2))
        bench_add_filter(rules, &bench_networks_unit, NULL);
    if (chance_one_in(chance, 4))
        bench_add_filter(rules, &bench_told_filter_unit, &told[0])->on_error =
            chance_one_in(chance, 2) ? ON_ERROR_DENY : ON_ERROR_NEUTRAL;
    if (chance_one_in(chance, 2))
        bench_add_weight(rules, &bench_count_unit, NULL, chance_below(chance, 4));
    if (chance_one_in(chance, 2))
        bench_add_weight(rules, &bench_full_unit, NULL, 0.5 + chance_below(chance, 4));
    if (chance_one_in(chance, 4))
        bench_add_weight(rules, &bench_told_weight_unit, &told[1], 2);
    return rules;
}

static struct question any_question(struct chance *chance, const struct columns *columns,
                                    uint32_t hosts[2])
{
    hosts[0] = chance_below(chance, columns->hosts.n);
    hosts[1] = chance_below(chance, columns->hosts.n);
    return (struct question){
        .vm = chance_below(chance, columns->vms.n),
        .purpose = (enum drover_purpose)(DROVER_TO_START + chance_below(chance, 7)),
        .hosts = hosts,
        .n_hosts = chance_one_in(chance, 4) ? 2 : 0,
        .without = hosts,
        .n_without = chance_one_in(chance, 4) ? 1 : 0,
        .stay_allowed = chance_one_in(chance, 2),
    };
}

/* Chosen is the host of place 1, it is accepted, and nobody who was refused has a place. */
static void check_places(const struct decision *decision)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < decision->hosts.n; i++) {
        assert_true(verdicts[i].accepted == !isnan(verdicts[i].place));
        assert_true(verdicts[i].accepted == (verdicts[i].refusals.n == 0));
        accepted += verdicts[i].accepted;
        if (verdicts[i].place <= 1)
            assert_string_equal(verdicts[i].name, decision->chosen);
    }
    assert_true((accepted == 0) == (decision->chosen == NULL));
}

static void the_fast_way_and_the_telling_way_choose_the_same(void **state)
{
    (void)state;
    struct chance chance = {11};
    uint32_t placed = 0, refused = 0;
    for (int round = 0; round < 4000; round++) {
        struct draft draft;
        struct told told[2];
        draft_fleet(&draft, &chance);
        struct fleet *fleet = fleet_of(&draft);
        struct columns *columns = columns_new(fleet);
        struct bench_rules *rules = any_rules(&chance, told);
        uint32_t hosts[2];
        struct question question = any_question(&chance, columns, hosts);
        struct arena scratch = ARENA_INIT;
        uint32_t fast = decide_host(columns, &rules->set, &question, &scratch);
        struct decision *decision = decide_explain(columns, &rules->set, &question);
        check_places(decision);
        if (fast == DROVER_NONE) {
            assert_null(decision->chosen);
            refused++;
        } else {
            assert_string_equal(decision->chosen, columns->hosts.name[fast]);
            assert_true(decide_allows(columns, &rules->set, question.vm, fast, question.purpose,
                                      &scratch));
            placed++;
        }
        arena_free(&scratch);
        decision_free(decision);
        columns_free(columns);
        fleet_free(fleet);
        free(rules);
        arena_free(&draft.arena);
    }
    assert_true(placed > 500 && refused > 500); /* chance has tried both */
}

static void swap(void *a, void *b, size_t size)
{
    unsigned char kept[sizeof(struct vm) + sizeof(struct host)];
    assert_true(size <= sizeof kept);
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

static void shuffle(struct draft *draft, struct chance *chance)
{
    for (uint32_t i = draft->n_hosts - 1; i > 0; i--)
        swap(&draft->hosts[i], &draft->hosts[chance_below(chance, i + 1)], sizeof *draft->hosts);
    for (uint32_t i = draft->n_vms - 1; i > 0; i--)
        swap(&draft->vms[i], &draft->vms[chance_below(chance, i + 1)], sizeof *draft->vms);
}

/* All decisions and all drains of two fleets are the same, field by field. */
static void compare_all(struct fleet *one, struct fleet *other, const struct bench_rules *rules)
{
    struct columns *a = columns_new(one), *b = columns_new(other);
    for (uint32_t v = 0; v < a->vms.n; v++) {
        struct question question = {.vm = v, .purpose = DROVER_TO_MIGRATE, .stay_allowed = true};
        struct decision *first = decide_explain(a, &rules->set, &question);
        struct decision *second = decide_explain(b, &rules->set, &question);
        assert_true(field_equal(decision_fields, first, second));
        decision_free(first);
        decision_free(second);
    }
    columns_free(a);
    columns_free(b);
    for (uint32_t h = 0; h < one->n_hosts; h++) {
        a = columns_new(one);
        b = columns_new(other);
        struct plan *first = plan_drain(a, &rules->all, h), *second = plan_drain(b, &rules->all, h);
        assert_true(field_equal(plan_fields, first, second));
        plan_free(first);
        plan_free(second);
        columns_free(a);
        columns_free(b);
    }
}

static void the_order_of_the_input_does_not_matter(void **state)
{
    (void)state;
    struct chance chance = {12};
    for (int round = 0; round < 400; round++) {
        struct draft draft;
        struct told told[2];
        draft_fleet(&draft, &chance);
        struct bench_rules *rules = any_rules(&chance, told);
        struct fleet *written = fleet_of(&draft);
        shuffle(&draft, &chance);
        struct fleet *shuffled = fleet_of(&draft);
        compare_all(written, shuffled, rules);
        fleet_free(written);
        fleet_free(shuffled);
        free(rules);
        arena_free(&draft.arena);
    }
}

static void rename_all(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->n_vms; i++) {
        struct vm *vm = &draft->vms[i];
        vm->name = arena_printf(&draft->arena, "machine.%s", vm->name);
        if (vm->host)
            vm->host = arena_printf(&draft->arena, "rack7-%s", vm->host);
    }
    for (uint32_t i = 0; i < draft->n_hosts; i++)
        draft->hosts[i].name = arena_printf(&draft->arena, "rack7-%s", draft->hosts[i].name);
}

/* Other names in the same order: the same moves. */
static void names_do_not_matter_but_for_their_order(void **state)
{
    (void)state;
    struct chance chance = {13};
    for (int round = 0; round < 400; round++) {
        struct draft draft;
        struct told told[2];
        draft_fleet(&draft, &chance);
        struct bench_rules *rules = any_rules(&chance, told);
        struct fleet *fleet = fleet_of(&draft);
        rename_all(&draft);
        struct fleet *renamed = fleet_of(&draft);
        struct columns *a = columns_new(fleet), *b = columns_new(renamed);
        uint32_t host = chance_below(&chance, draft.n_hosts);
        struct plan *one = plan_drain(a, &rules->all, host);
        struct plan *other = plan_drain(b, &rules->all, host);
        assert_int_equal(one->moves.n, other->moves.n);
        assert_int_equal(one->unplaced.n, other->unplaced.n);
        for (uint32_t i = 0; i < one->moves.n; i++) {
            assert_string_equal(bench_move(one, i)->vm,
                                bench_move(other, i)->vm + strlen("machine."));
            assert_string_equal(bench_move(one, i)->to,
                                bench_move(other, i)->to + strlen("rack7-"));
        }
        plan_free(one);
        plan_free(other);
        columns_free(a);
        columns_free(b);
        fleet_free(fleet);
        fleet_free(renamed);
        free(rules);
        arena_free(&draft.arena);
    }
}

static void apply(struct fleet *fleet, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct planned_move *move = bench_move(plan, i);
        struct vm *vm = fleet_vm(fleet, move->key);
        assert_non_null(vm);
        assert_string_equal(vm->host, move->from);
        assert_string_not_equal(move->from, move->to);
        fleet_set_text(fleet, &vm->host, move->to);
    }
}

static double memory_on(const struct fleet *fleet, const struct host *host)
{
    double sum = host->memory_pending_mib;
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (fleet->vms[i]->host && strcmp(fleet->vms[i]->host, host->name) == 0 &&
            fleet->vms[i]->state != DROVER_VM_DOWN)
            sum += fleet->vms[i]->memory_mib;
    return sum;
}

/* Carried out, the plan has filled no host beyond its memory, and asked again it is empty. */
static void a_drain_that_was_carried_out_is_empty(void **state)
{
    (void)state;
    struct chance chance = {14};
    uint32_t moves = 0;
    for (int round = 0; round < 8000; round++) {
        struct draft draft;
        draft_fleet(&draft, &chance);
        struct fleet *fleet = fleet_of(&draft);
        struct bench_rules *rules = bench_rules_new();
        bench_add_filter(rules, &bench_room_unit, NULL);
        bench_add_filter(rules, &bench_networks_unit, NULL);
        bench_add_weight(rules, &bench_count_unit, NULL, 1);
        struct columns *columns = columns_new(fleet);
        uint32_t host = chance_below(&chance, draft.n_hosts);
        double before[HOSTS_MAX] = {0};
        for (uint32_t h = 0; h < fleet->n_hosts; h++)
            before[h] = memory_on(fleet, fleet->hosts[h]);
        struct plan *plan = plan_drain(columns, &rules->all, host);
        uint32_t unplaced = plan->unplaced.n;
        moves += plan->moves.n;
        apply(fleet, plan);
        for (uint32_t h = 0; h < fleet->n_hosts; h++) {
            double after = memory_on(fleet, fleet->hosts[h]);
            assert_true(after <= before[h] || after <= fleet->hosts[h]->memory_mib);
        }
        plan_free(plan);
        columns_free(columns);
        columns = columns_new(fleet);
        plan = plan_drain(columns, &rules->all, host);
        assert_int_equal(plan->moves.n, 0);
        assert_int_equal(plan->unplaced.n, unplaced);
        plan_free(plan);
        columns_free(columns);
        fleet_free(fleet);
        free(rules);
        arena_free(&draft.arena);
    }
    assert_true(moves > 1000);
}

/* Twice the memory everywhere, in hosts and VMs: the same plan. */
static void the_unit_of_memory_does_not_matter(void **state)
{
    (void)state;
    struct chance chance = {15};
    for (int round = 0; round < 400; round++) {
        struct draft draft;
        struct told told[2];
        draft_fleet(&draft, &chance);
        struct bench_rules *rules = any_rules(&chance, told);
        rules->set.selector = SELECTOR_RANK;
        struct fleet *fleet = fleet_of(&draft);
        for (uint32_t i = 0; i < draft.n_hosts; i++) {
            draft.hosts[i].memory_mib *= 2;
            draft.hosts[i].memory_pending_mib *= 2;
        }
        for (uint32_t i = 0; i < draft.n_vms; i++)
            draft.vms[i].memory_mib *= 2;
        struct fleet *larger = fleet_of(&draft);
        struct columns *a = columns_new(fleet), *b = columns_new(larger);
        uint32_t host = chance_below(&chance, draft.n_hosts);
        struct plan *one = plan_drain(a, &rules->all, host);
        struct plan *other = plan_drain(b, &rules->all, host);
        assert_int_equal(one->moves.n, other->moves.n);
        for (uint32_t i = 0; i < one->moves.n; i++) {
            assert_string_equal(bench_move(one, i)->vm, bench_move(other, i)->vm);
            assert_string_equal(bench_move(one, i)->to, bench_move(other, i)->to);
        }
        plan_free(one);
        plan_free(other);
        columns_free(a);
        columns_free(b);
        fleet_free(fleet);
        fleet_free(larger);
        free(rules);
        arena_free(&draft.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_way_and_the_telling_way_choose_the_same),
        cmocka_unit_test(the_order_of_the_input_does_not_matter),
        cmocka_unit_test(names_do_not_matter_but_for_their_order),
        cmocka_unit_test(a_drain_that_was_carried_out_is_empty),
        cmocka_unit_test(the_unit_of_memory_does_not_matter),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
