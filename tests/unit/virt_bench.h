/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A room of the world against libvirt's own test driver, which lives in this process: its hosts,
 * what they are heard to say, and waiting for it.
 *
 * Two kinds of hosts: test:///default is one host, shared by all connections of the process, so
 * that a test can change it; test:///FILE is a host of its own per connection.
 */
#ifndef TESTS_VIRT_BENCH_H
#define TESTS_VIRT_BENCH_H

#include "virt/virt.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEADLINE_S 60
#define ALPHA "11111111-2222-4333-8444-555555555555" /* of no VM, until a test makes one */
#define TEST_UUID "6695eb01-f6a4-8304-79aa-97f2502e193f" /* of the VM in test:///default */

struct room {
    struct world world;
    GPtrArray *events; /* struct event, in the order in which they came */
    char *dir;
    virConnectPtr direct;                /* to test:///default: the hand that changes it */
    const struct effect *when_done;      /* performed from within the listener */
};

static inline void hear(void *self, struct event *event)
{
    struct room *room = self;
    g_ptr_array_add(room->events, event);
    if (event->kind == EVENT_MIGRATION_DONE && room->when_done) {
        const struct effect *effect = room->when_done;
        room->when_done = NULL;
        room->world.perform(room->world.self, effect);
    }
}

static inline void free_event(void *event)
{
    event_free(event);
}

static inline int set_up(void **state)
{
    struct room *room = g_new0(struct room, 1);
    const struct world_listener listener = {room, hear};
    room->events = g_ptr_array_new_with_free_func(free_event);
    room->dir = g_dir_make_tmp("drover-virt-XXXXXX", NULL);
    room->direct = virConnectOpen("test:///default");
    room->world = virt_world(virt_new(&listener, NULL));
    *state = room;
    return room->dir && room->direct ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct room *room = *state;
    room->world.close(room->world.self);
    virConnectClose(room->direct);
    g_ptr_array_unref(room->events);
    g_rmdir(room->dir);
    g_free(room->dir);
    g_free(room);
    return 0;
}

/* Follow these hosts: pairs of name and URI. */
static inline void follow_pairs(struct room *room, const char *const *pairs)
{
    struct host_setting hosts[8] = {0};
    struct settings settings = {.hosts = {hosts, 0}, .poll_s = 0.25, .connect_retry_s = 0.25,
                                .keepalive_s = 5, .keepalive_count = 3, .call_timeout_s = 1};
    for (; pairs[0]; pairs += 2) {
        hosts[settings.hosts.n].name = pairs[0];
        hosts[settings.hosts.n++].uri = pairs[1];
    }
    room->world.configure(room->world.self, &settings);
}

#define FOLLOW(room, ...) follow_pairs(room, (const char *const[]){__VA_ARGS__, NULL})

/* What is waited for; members that are not given match everything. */
struct wanted {
    int kind;
    const char *host, *vm, *name;
    int vm_state; /* 1 + enum drover_vm_state of vms[0] */
    uint64_t id;
};

static inline bool same(const char *wanted, const char *found)
{
    return !wanted || strcmp(wanted, found) == 0;
}

static inline bool matches(const struct wanted *wanted, const struct event *event)
{
    const struct vm *vms = event->vms.item;
    return event->kind == wanted->kind && same(wanted->host, event->host) &&
           same(wanted->vm, event->vm) && same(wanted->name, event->name) &&
           (!wanted->id || wanted->id == event->id) &&
           (!wanted->vm_state || (event->vms.n && vms[0].state == wanted->vm_state - 1));
}

static inline const struct event *find(struct room *room, const struct wanted *wanted, guint from)
{
    for (guint i = from; i < room->events->len; i++) {
        if (matches(wanted, g_ptr_array_index(room->events, i)))
            return g_ptr_array_index(room->events, i);
    }
    return NULL;
}

static inline guint count(struct room *room, const struct wanted *wanted)
{
    guint n = 0;
    for (guint i = 0; i < room->events->len; i++)
        n += matches(wanted, g_ptr_array_index(room->events, i));
    return n;
}

/* Runs the loop until such an event has come, at place `from` or later. */
static inline const struct event *wait_from(struct room *room, guint from, struct wanted wanted)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;
    const struct event *event;
    while (!(event = find(room, &wanted, from)) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    if (!event)
        fail_msg("no %s (host %s, VM %s, name %s) within %d s", event_kind_names[wanted.kind],
                 wanted.host ? wanted.host : "any", wanted.vm ? wanted.vm : "any",
                 wanted.name ? wanted.name : "any", DEADLINE_S);
    return event;
}

#define WAIT(room, from, ...) wait_from(room, from, (struct wanted){__VA_ARGS__})
#define COUNT(room, ...) count(room, &(struct wanted){__VA_ARGS__})

/* Defines a VM with the UUID ALPHA in test:///default; more: of its XML. */
static inline virDomainPtr define_alpha(struct room *room, const char *name, const char *more)
{
    char *xml = g_strdup_printf("<domain type='test'><name>%s</name><uuid>" ALPHA "</uuid>"
                                "<memory>8192</memory><os><type>hvm</type></os>%s</domain>",
                                name, more);
    virDomainPtr vm = virDomainDefineXML(room->direct, xml);
    g_free(xml);
    assert_non_null(vm);
    return vm;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
