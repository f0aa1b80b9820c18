/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole plans of the balancer `drover`, over fleets by chance: each move is one that the filters
 * accept, nobody moves twice, a plan that was carried out is empty when asked again, and the order
 * and the units of what is read do not matter.
 */
#include "plugin/bench.h"

#include "decide/decide.h"

#define FLEETS 1000
#define HOSTS_MOST 12
#define VMS_MOST 80
#define COOLDOWN_S 1800

static uint64_t chance_state;

static uint32_t below(uint32_t n)
{
    uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % n);
}

/* Odd VMs do not go to every third host, and nobody beyond what there is. */
static int picky(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 uint8_t *verdicts)
{
    const struct drover_fleet *fleet = ask->fleet;
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = fleet->hosts->state[hosts[i]] != DROVER_HOST_UP ||
                      (fleet->vms->vcpus[ask->vm] % 2 && hosts[i] % 3 == 0) ||
                      fleet->hosts->memory_schedulable_mib[hosts[i]] <
                          fleet->vms->memory_mib[ask->vm];
    return 0;
}

static const struct drover_reason picky_reasons[] = {{"picky.no", "no", NULL}, {NULL, NULL, NULL}};
static const struct drover_unit picky_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_FILTER, .name = "picky",
    .reasons = picky_reasons, .filter = picky,
};

struct draft {
    struct host hosts[HOSTS_MOST];
    struct vm vms[VMS_MOST];
    char names[HOSTS_MOST + VMS_MOST][8];
    uint32_t n_hosts, n_vms;
};

static void draft(struct draft *draft)
{
    draft->n_hosts = 2 + below(HOSTS_MOST - 1);
    draft->n_vms = 1 + below(VMS_MOST);
    for (uint32_t i = 0; i < draft->n_hosts; i++) {
        snprintf(draft->names[i], sizeof draft->names[i], "h%02u", i);
        struct host host = bench_host(draft->names[i]);
        host.threads = 4 + below(16);
        host.memory_mib = 8192 * (1 + below(4));
        host.link_mbps = 1000 * (1 + below(10));
        host.cpu_usage_pct = below(100);
        host.cpu_over_since = host.cpu_usage_pct >= 80 ? BENCH_NOW - 300 : NAN;
        host.state = below(10) ? DROVER_HOST_UP : DROVER_HOST_MAINTENANCE;
        draft->hosts[i] = host;
    }
    for (uint32_t i = 0; i < draft->n_vms; i++) {
        char *name = draft->names[HOSTS_MOST + i];
        snprintf(name, 8, "v%02u", i);
        uint32_t low = below(draft->n_hosts), other = below(draft->n_hosts); /* uneven */
        struct vm vm = bench_vm(name, draft->names[low < other ? low : other]);
        vm.memory_mib = 256 * (1 + below(16));
        vm.vcpus = 1 + below(6);
        vm.cpu_usage_pct = below(80);
        vm.dirty_mib_s = below(100);
        vm.migratable = below(10) ? DROVER_MIGRATABLE_YES : DROVER_MIGRATABLE_NO;
        vm.moved_at = below(10) ? NAN : BENCH_NOW - 100 * below(30);
        draft->vms[i] = vm;
    }
}

static struct fleet *fleet_of(const struct draft *draft, bool backwards, double scale)
{
    struct error error = ERROR_INIT;
    struct fleet *fleet = fleet_new();
    fleet->now = BENCH_NOW;
    for (uint32_t i = 0; i < draft->n_hosts; i++) {
        struct host host = draft->hosts[backwards ? draft->n_hosts - 1 - i : i];
        host.memory_mib *= scale;
        host.link_mbps *= scale;
        fleet_put_host(fleet, &host);
    }
    for (uint32_t i = 0; i < draft->n_vms; i++) {
        struct vm vm = draft->vms[backwards ? draft->n_vms - 1 - i : i];
        vm.memory_mib *= scale;
        vm.dirty_mib_s *= scale;
        fleet_put_vm(fleet, &vm);
    }
    assert_int_equal(fleet_check(fleet, &error), 0);
    return fleet;
}

static struct plan *plan_of(const struct bench *bench, struct columns *columns)
{
    struct bound_unit filter = {.unit = &picky_unit, .name = "picky", .factor = 1};
    struct ruleset set = {
        .name = "test", .hash = "0", .filters = &filter, .n_filters = 1,
        .balance = {.unit = bench->unit, .self = bench->self, .name = "drover"},
    };
    const struct ruleset *by_cluster[] = {&set};
    struct rules rules = {.by_cluster = by_cluster, .n = 1};
    return plan_balance(columns, &rules, 0, UINT32_MAX, COOLDOWN_S);
}

static const struct planned_move *moves_of(const struct plan *plan)
{
    return plan->moves.item;
}

static void expect_same_moves(const struct bench *bench, const struct plan *plan,
                              struct fleet *fleet)
{
    struct columns *columns = columns_new(fleet);
    struct plan *other = plan_of(bench, columns);
    assert_int_equal(other->moves.n, plan->moves.n);
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        assert_string_equal(moves_of(other)[i].vm, moves_of(plan)[i].vm);
        assert_string_equal(moves_of(other)[i].to, moves_of(plan)[i].to);
    }
    plan_free(other);
    columns_free(columns);
    fleet_free(fleet);
}

/* Move by move: it starts where it is, the filter accepts it then, and it moves once. */
static void carry_out(struct fleet *fleet, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct planned_move *move = &moves_of(plan)[i];
        struct columns *columns = columns_new(fleet);
        uint32_t vm = columns_vm(columns, move->key), to = columns_host(columns, move->to);
        struct drover_ask ask = {.size = sizeof ask, .fleet = &columns->fleet, .vm = vm};
        uint8_t verdict = 0;
        picky(NULL, &ask, &to, 1, &verdict);
        assert_int_equal(verdict, 0);
        assert_string_equal(columns->hosts.name[columns->vms.host[vm]], move->from);
        assert_int_equal(columns->vms.migratable[vm], DROVER_MIGRATABLE_YES);
        assert_false(columns->vms.moved_s[vm] < COOLDOWN_S); /* it has not moved in this plan */
        columns_free(columns);
        fleet_move_vm(fleet, move->key, move->to);
    }
}

static void plans_keep_what_they_promise(void **state)
{
    (void)state;
    struct bench *bench = bench_new("balance_drover");
    uint32_t moves = 0, idle = 0;
    chance_state = 41;
    for (int round = 0; round < FLEETS; round++) {
        static struct draft drafted;
        draft(&drafted);
        struct fleet *fleet = fleet_of(&drafted, false, 1);
        struct columns *columns = columns_new(fleet);
        struct plan *plan = plan_of(bench, columns);
        moves += plan->moves.n;
        idle += plan->moves.n == 0;
        assert_int_equal(plan->failures.n, 0);
        assert_int_equal(plan->unplaced.n, 0);
        assert_true((plan->moves.n == 0) == (plan->idle[0] != '\0'));
        expect_same_moves(bench, plan, fleet_of(&drafted, true, 1));
        expect_same_moves(bench, plan, fleet_of(&drafted, false, 4));
        carry_out(fleet, plan);
        columns_free(columns);
        columns = columns_new(fleet);
        struct plan *again = plan_of(bench, columns);
        assert_int_equal(again->moves.n, 0);
        plan_free(again);
        plan_free(plan);
        columns_free(columns);
        fleet_free(fleet);
    }
    assert_true(moves > 1000 && idle > 50);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_keep_what_they_promise)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("plans of drover", tests, NULL, NULL);
}
