/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The made world through its interface: what it reports and when, as virt/ does (virt/domain.h),
 * how links are shared, and that it tells the truth to whoever asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim.h"

#define LOG_MAX 4000

/* What the world posted. */
struct heard {
    double at;
    int kind;
    uint64_t id;
    char host[32], vm[32], name[16];
    int state; /* of the VM that it is about; -1: none */
    bool ok;
    uint32_t n_vms;
};

struct room {
    struct fleet *fleet;
    struct sim *sim;
    struct world world;
    struct heard heard[LOG_MAX];
    uint32_t n;
};

static void post(void *self, struct event *event)
{
    struct room *room = self;
    assert_true(room->n < LOG_MAX);
    struct heard *heard = &room->heard[room->n++];
    const struct vm *vms = event->vms.item;
    *heard = (struct heard){
        .at = sim_now(room->sim) - room->fleet->now, .kind = event->kind, .id = event->id,
        .state = event->vms.n == 1 ? vms->state : -1, .ok = event->ok, .n_vms = event->vms.n,
    };
    snprintf(heard->host, sizeof heard->host, "%s", event->host ? event->host : "");
    snprintf(heard->vm, sizeof heard->vm, "%s", event->vm ? event->vm : "");
    snprintf(heard->name, sizeof heard->name, "%s", event->name ? event->name : "");
    if (event->kind == EVENT_HOOK_ASK)
        sim_hook_answered(room->sim, event->id, true);
    event_free(event);
}

static void add_host(struct fleet *fleet, const char *name)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = name;
    host.cluster = "default";
    host.threads = 8;
    host.memory_mib = 65536;
    host.link_mbps = 600;
    fleet_put_host(fleet, &host);
}

static void add_vm(struct fleet *fleet, const char *name, const char *host)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.host = host;
    vm.vcpus = 1;
    vm.memory_mib = 4096;
    vm.memory_used_mib = 2048;
    vm.cpu_usage_pct = 10;
    vm.dirty_mib_s = 0.001;
    fleet_put_vm(fleet, &vm);
}

static void pass(struct room *room, double until_s)
{
    while (sim_next(room->sim) <= room->fleet->now + until_s)
        sim_run_next(room->sim);
}

static void open_room(struct room *room)
{
    memset(room, 0, sizeof *room);
    room->fleet = fleet_new();
    room->fleet->now = 1e9;
    add_host(room->fleet, "kvm1");
    add_host(room->fleet, "kvm2");
    add_vm(room->fleet, "a", "kvm1");
    add_vm(room->fleet, "b", "kvm1");
    struct sim_options options = {.fleet = room->fleet, .seed = 1, .faults = 0,
                                  .faults_until = 2e9, .steady = true};
    struct world_listener listener = {.self = room, .post = post};
    room->sim = sim_new(&options, &listener);
    room->world = sim_world(room->sim);
    struct settings settings;
    field_defaults(settings_fields, &settings);
    room->world.configure(room->world.self, &settings);
    pass(room, 10);
}

static void close_room(struct room *room)
{
    room->world.close(room->world.self);
    fleet_free(room->fleet);
}

static void order(struct room *room, enum effect_kind kind, uint64_t move, const char *vm)
{
    struct effect effect;
    field_defaults(effect_fields, &effect);
    effect.kind = kind;
    effect.id = 100 * move + (uint64_t)kind;
    effect.move = move;
    effect.vm = vm;
    effect.host = "kvm1";
    effect.to = "kvm2";
    effect.how.peer_uri = "sim://kvm2";
    effect.how.migration_address = "";
    room->world.perform(room->world.self, &effect);
}

/* The first such event from `from` on; NULL: none. host and state are looked at where given. */
static const struct heard *find(const struct room *room, uint32_t from, int kind, const char *host,
                                int state)
{
    for (uint32_t i = from; i < room->n; i++)
        if (room->heard[i].kind == kind && (!host || strcmp(room->heard[i].host, host) == 0) &&
            (state < 0 || room->heard[i].state == state))
            return &room->heard[i];
    return NULL;
}

static void a_host_connects_and_reports_its_vms(void **state)
{
    (void)state;
    static struct room room;
    open_room(&room);
    const struct heard *connected = find(&room, 0, EVENT_HOST_CONNECTED, "kvm1", -1);
    const struct heard *report = find(&room, 0, EVENT_HOST_REPORT, "kvm1", -1);
    assert_non_null(connected);
    assert_non_null(report);
    assert_true(connected < report);
    assert_int_equal(report->n_vms, 2);
    assert_non_null(find(&room, 0, EVENT_SAMPLE, "kvm2", -1));
    close_room(&room);
}

static void a_migration_is_told_by_the_right_host(void **state)
{
    (void)state;
    static struct room room;
    open_room(&room);
    uint32_t from = room.n;
    order(&room, EFFECT_MIGRATE, 7, "a");
    order(&room, EFFECT_MIGRATE, 7, "a"); /* said twice */
    pass(&room, 20);
    assert_non_null(find(&room, from, EVENT_VM_CHANGED, "kvm1", DROVER_VM_MIGRATING));
    assert_null(find(&room, from, EVENT_VM_CHANGED, "kvm2", -1)); /* an empty shell */
    assert_non_null(find(&room, from, EVENT_MIGRATION_PROGRESS, "kvm1", -1));
    assert_true(sim_vm_truth(room.sim, 0).moving);
    assert_int_equal(sim_moves_under_way(room.sim, UINT32_MAX, UINT32_MAX), 1);
    pass(&room, 120);
    const struct heard *done = find(&room, from, EVENT_MIGRATION_DONE, NULL, -1);
    assert_non_null(done);
    assert_true(done->ok);
    assert_int_equal(done->id, 7);
    assert_null(find(&room, (uint32_t)(done - room.heard) + 1, EVENT_MIGRATION_DONE, NULL, -1));
    assert_non_null(find(&room, from, EVENT_VM_CHANGED, "kvm2", DROVER_VM_RUNNING));
    assert_string_equal(find(&room, from, EVENT_VM_GONE, "kvm1", -1)->name, "migrated");
    assert_string_equal(sim_vm_truth(room.sim, 0).host, "kvm2");
    assert_int_equal(sim_vm_truth(room.sim, 0).executing, 1);
    close_room(&room);
}

/* When the last of the moves was done, since it was ordered. */
static double makespan(struct room *room, uint32_t from)
{
    double last = 0;
    for (uint32_t i = from; i < room->n; i++)
        if (room->heard[i].kind == EVENT_MIGRATION_DONE)
            last = room->heard[i].at - 10;
    return last;
}

/* 600 Mbps are 71.5 MiB/s: 2048 MiB take 28.6 s, and two of them at a time twice as long. */
static void a_link_is_shared(void **state)
{
    (void)state;
    static struct room one, two;
    open_room(&one);
    uint32_t from = one.n;
    order(&one, EFFECT_MIGRATE, 7, "a");
    pass(&one, 300);
    assert_float_equal(makespan(&one, from), 28.6, 2);
    open_room(&two);
    from = two.n;
    order(&two, EFFECT_MIGRATE, 7, "a");
    order(&two, EFFECT_MIGRATE, 8, "b");
    pass(&two, 300);
    assert_float_equal(makespan(&two, from), 57.3, 3);
    close_room(&one);
    close_room(&two);
}

static void an_abort_leaves_the_vm_where_it_was(void **state)
{
    (void)state;
    static struct room room;
    open_room(&room);
    uint32_t from = room.n;
    order(&room, EFFECT_MIGRATE, 7, "a");
    pass(&room, 20);
    order(&room, EFFECT_ABORT, 7, "a");
    pass(&room, 40);
    const struct heard *done = find(&room, from, EVENT_MIGRATION_DONE, NULL, -1);
    assert_non_null(done);
    assert_false(done->ok);
    assert_string_equal(sim_vm_truth(room.sim, 0).host, "kvm1");
    assert_non_null(find(&room, from, EVENT_VM_CHANGED, "kvm1", DROVER_VM_RUNNING));
    close_room(&room);
}

/* Peer to peer: it goes on without the controller, and can be followed by another one. */
static void a_job_outlives_the_controller(void **state)
{
    (void)state;
    static struct room room;
    open_room(&room);
    order(&room, EFFECT_MIGRATE, 7, "a");
    pass(&room, 20);
    sim_controller_dies(room.sim);
    uint32_t from = room.n;
    pass(&room, 22);
    assert_int_equal(room.n, from); /* nobody listens */
    assert_true(sim_vm_truth(room.sim, 0).moving);
    sim_controller_returns(room.sim);
    struct settings settings;
    field_defaults(settings_fields, &settings);
    room.world.configure(room.world.self, &settings);
    pass(&room, 25);
    order(&room, EFFECT_WATCH, 7, "a");
    pass(&room, 120);
    const struct heard *done = find(&room, from, EVENT_MIGRATION_DONE, NULL, -1);
    assert_non_null(done);
    assert_true(done->ok);
    assert_string_equal(sim_vm_truth(room.sim, 0).host, "kvm2");
    close_room(&room);
}

static void faults_have_names(void **state)
{
    (void)state;
    uint64_t bits;
    struct error error = ERROR_INIT;
    assert_int_equal(faults_parse("none", &bits, &error), 0);
    assert_int_equal(bits, 0);
    assert_int_equal(faults_parse("clock,host-cut", &bits, &error), 0);
    assert_int_equal(bits, UINT64_C(1) << FAULT_CLOCK | UINT64_C(1) << FAULT_HOST_CUT);
    assert_int_equal(faults_parse("all", &bits, &error), 0);
    for (uint32_t i = 0; i < FAULTS; i++) {
        assert_true(bits >> i & 1);
        assert_non_null(faults[i].name);
        assert_true((faults[i].mean_s > 0) == (faults[i].strike != NULL));
    }
    assert_int_equal(faults_parse("clock,", &bits, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_connects_and_reports_its_vms),
        cmocka_unit_test(a_migration_is_told_by_the_right_host),
        cmocka_unit_test(a_link_is_shared),
        cmocka_unit_test(an_abort_leaves_the_vm_where_it_was),
        cmocka_unit_test(a_job_outlives_the_controller),
        cmocka_unit_test(faults_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
