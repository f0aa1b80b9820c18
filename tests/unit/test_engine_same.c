/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same events give the same effects: twice, and with hosts and VMs written in another order.
 * The events are a monkey's: any kind, any host, any VM, sense or not. Whatever comes, the limits
 * hold, no VM is ordered to move twice at a time, and nothing is sent to a host that is not up.
 */
#include "unit/engine_bench.h"

#define HOSTS 6
#define VMS 12
#define STEPS 1500

static const char *const host_names[HOSTS] = {"kvm1", "kvm2", "kvm3", "kvm4", "kvm5", "kvm6"};
static const char *const vm_names[VMS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
                                          "l"};

/* xorshift: seeded, the same everywhere */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint32_t pick(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(next_random(seed) % n);
}

static struct vm random_vm(uint64_t *seed, const char *name)
{
    struct vm vm = bench_vm(name);
    static const int states[] = {DROVER_VM_RUNNING, DROVER_VM_RUNNING, DROVER_VM_RUNNING,
                                 DROVER_VM_PAUSED, DROVER_VM_DOWN, DROVER_VM_MIGRATING};
    vm.state = states[pick(seed, 6)];
    vm.priority = pick(seed, 3);
    vm.memory_mib = 100 * (1 + pick(seed, 40));
    vm.migratable = pick(seed, 10) == 0 ? DROVER_MIGRATABLE_NO : DROVER_MIGRATABLE_YES;
    return vm;
}

static void report(uint64_t *seed, struct event *event, bool backwards)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = event->host;
    host.memory_mib = 10321;
    host.threads = 8;
    event_add_host(event, &host);
    struct vm vms[VMS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < VMS; i++) {
        struct vm vm = random_vm(seed, vm_names[i]);
        if (pick(seed, HOSTS) == 0)
            vms[n++] = vm;
    }
    for (uint32_t i = 0; i < n; i++)
        event_add_vm(event, &vms[backwards ? n - 1 - i : i]);
}

static void request(uint64_t *seed, struct event *event)
{
    static const char *const verbs[] = {"maintenance_on", "maintenance_off", "migrate", "migrate",
                                        "abort", "rebalance"};
    event->id = pick(seed, 1000);
    event_set(event, &event->name, verbs[pick(seed, 6)]);
    event_set(event, &event->who, "monkey");
    event_set(event, &event->vm, vm_names[pick(seed, VMS)]);
    event_set(event, &event->to, pick(seed, 2) ? host_names[pick(seed, HOSTS)] : "");
}

static void ask(uint64_t *seed, struct event *event)
{
    static const char *const operations[] = {"start", "migrate", "prepare", "reconnect", "release"};
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, operations[pick(seed, 5)]);
    struct vm vm = random_vm(seed, vm_names[pick(seed, VMS)]);
    if (pick(seed, 4))
        event_add_vm(event, &vm);
}

/* One event of the monkey's. Every engine's copy draws the same numbers. */
static struct event *monkey(uint64_t *seed, const struct bench *bench, uint64_t last_move,
                            bool backwards)
{
    static const enum event_kind kinds[] = {
        EVENT_TICK, EVENT_TICK, EVENT_HOST_CONNECTED, EVENT_HOST_LOST, EVENT_HOST_REPORT,
        EVENT_HOST_REPORT, EVENT_HOST_REPORT, EVENT_SAMPLE, EVENT_SAMPLE, EVENT_VM_CHANGED,
        EVENT_VM_CHANGED, EVENT_VM_GONE, EVENT_MIGRATION_PROGRESS, EVENT_MIGRATION_DONE,
        EVENT_MIGRATION_DONE, EVENT_OPERATOR_REQUEST, EVENT_OPERATOR_REQUEST, EVENT_HOOK_ASK,
        EVENT_MAINTENANCE_FILE, EVENT_EFFECT_FAILED,
    };
    static const char *const ends[] = {"shutdown", "migrated", "crashed", "failed"};
    struct event *event = event_new(kinds[pick(seed, 20)], bench->now);
    event_set(event, &event->host, host_names[pick(seed, HOSTS)]);
    event_set(event, &event->vm, vm_names[pick(seed, VMS)]);
    event_set(event, &event->name, ends[pick(seed, 4)]);
    event->id = last_move > 0 && pick(seed, 8) ? last_move : pick(seed, 200);
    event->ok = pick(seed, 2);
    event->progress.iteration = pick(seed, 12);
    event->sample.cpu_usage_pct = pick(seed, 101);
    if (event->kind == EVENT_HOST_REPORT)
        report(seed, event, backwards);
    else if (event->kind == EVENT_VM_CHANGED) {
        struct vm vm = random_vm(seed, vm_names[pick(seed, VMS)]);
        event_add_vm(event, &vm);
    } else if (event->kind == EVENT_OPERATOR_REQUEST)
        request(seed, event);
    else if (event->kind == EVENT_HOOK_ASK)
        ask(seed, event);
    return event;
}

static void same_effects(const struct effects *a, const struct effects *b)
{
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++)
        assert_true(field_equal(effect_fields, &a->item[i], &b->item[i]));
    assert_int_equal(a->n_decisions, b->n_decisions);
    for (uint32_t i = 0; i < a->n_decisions; i++)
        assert_true(field_equal(decision_fields, a->decisions[i], b->decisions[i]));
}

/* A move that is being prepared and whose destination is lost takes no place of the others'. */
static bool waits_for_the_lost(const struct bench *bench, const struct migration *migration)
{
    int state = fleet_host(engine_fleet(bench->engine), migration->to)->state;
    return migration->state == MIGRATION_PREPARING &&
           (state == DROVER_HOST_CONNECTING || state == DROVER_HOST_NON_RESPONSIVE ||
            state == DROVER_HOST_MAINTENANCE);
}

static void invariants_hold(const struct bench *bench)
{
    uint32_t n, out[HOSTS] = {0}, in[HOSTS] = {0}, total = 0;
    const struct migration *const *all = engine_migrations(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < i; k++)
            assert_false(!migration_ended(all[i]) && !migration_ended(all[k]) &&
                         strcmp(all[i]->vm, all[k]->vm) == 0);
        if (migration_ended(all[i]) || all[i]->state == MIGRATION_QUEUED ||
            waits_for_the_lost(bench, all[i]))
            continue;
        total++;
        for (uint32_t h = 0; h < HOSTS; h++) {
            out[h] += strcmp(all[i]->from, host_names[h]) == 0;
            in[h] += strcmp(all[i]->to, host_names[h]) == 0;
        }
    }
    /* Whose destination comes back is one too many for a while; but then nothing is added. */
    const struct effect *order;
    for (uint32_t i = 0; (order = bench_effect(bench, EFFECT_MIGRATE, i)); i++) {
        assert_true(total <= bench->limits.per_cluster);
        for (uint32_t h = 0; h < HOSTS; h++) {
            assert_true(strcmp(order->host, host_names[h]) != 0 ||
                        out[h] <= bench->limits.outgoing_per_host);
            assert_true(strcmp(order->to, host_names[h]) != 0 ||
                        in[h] <= bench->limits.incoming_per_host);
        }
    }
}

static void orders_make_sense(const struct bench *bench)
{
    const struct effect *order;
    for (uint32_t i = 0; (order = bench_effect(bench, EFFECT_MIGRATE, i)); i++) {
        assert_string_equal(bench_state(bench, order->to), "up");
        assert_string_not_equal(order->to, order->host);
        const struct migration *migration = bench_migration(bench, order->move);
        assert_non_null(migration);
        assert_string_equal(migration->to, order->to);
    }
}

/* Hooks that may not be refused are not; every question is answered exactly once. */
static void questions_are_answered(const struct bench *bench, const struct event *event)
{
    bool refusable = strcmp(event->hook.operation, "reconnect") != 0 &&
                     strcmp(event->hook.operation, "release") != 0;
    if (event->kind == EVENT_HOOK_ASK) {
        assert_int_equal(bench_count(bench, EFFECT_HOOK_ANSWER), 1);
        assert_true(refusable || bench_effect(bench, EFFECT_HOOK_ANSWER, 0)->ok);
    }
    if (event->kind == EVENT_OPERATOR_REQUEST)
        assert_int_equal(bench_count(bench, EFFECT_ANSWER), 1);
}

static void step(struct bench *bench, struct event *event)
{
    effects_clear(&bench->effects);
    engine_step(bench->engine, event, &bench->effects);
    questions_are_answered(bench, event);
    orders_make_sense(bench);
    invariants_hold(bench);
    event_free(event);
}

static void one_night(uint64_t seed)
{
    struct bench first = bench_new(HOSTS), again = bench_new(HOSTS), backwards = bench_new(HOSTS);
    struct bench *all[] = {&first, &again, &backwards};
    for (int i = 0; i < 3; i++)
        bench_start(all[i]);
    uint64_t clock = seed * 7919, last_move = 0;
    for (uint32_t s = 0; s < STEPS; s++) {
        double seconds = pick(&clock, 20);
        uint64_t used = seed;
        for (int i = 0; i < 3; i++) {
            used = seed;
            all[i]->now += seconds;
            step(all[i], monkey(&used, all[i], last_move, i == 2));
        }
        seed = used;
        same_effects(&first.effects, &again.effects);
        same_effects(&first.effects, &backwards.effects);
        assert_true(engine_next_wake(first.engine) <= engine_next_wake(again.engine) &&
                    engine_next_wake(first.engine) >= engine_next_wake(again.engine));
        const struct effect *order = bench_effect(&first, EFFECT_MIGRATE, 0);
        if (order)
            last_move = order->move;
    }
    for (int i = 0; i < 3; i++)
        bench_free(all[i]);
}

static void the_same_night_gives_the_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        one_night(seed * 2654435761u);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_night_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
