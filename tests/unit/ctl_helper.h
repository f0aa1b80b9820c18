/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A running API in this process: real model values behind it, the server on the main loop, and
 * whoever asks in a thread of their own, as the blocking client is meant to be used.
 */
#ifndef DROVER_TESTS_CTL_HELPER_H
#define DROVER_TESTS_CTL_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#define group unix_group /* the model has a struct group, too */
#include <grp.h>
#undef group
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "codec/fleet_file.h"
#include "codec/json.h"
#include "ctl/api.h"
#include "ctl/client.h"
#include "ctl/server.h"

#define PATIENCE_S 60 /* how long to wait for what must happen; never a measure of speed */

struct world {
    char directory[64];
    char socket[96], hook_socket[96];
    struct fleet *fleet;
    struct migration migration;
    const struct migration *migrations[1];
    struct ctl *ctl;
    /* what the server handed over */
    GQueue requests, hooks;
    bool silent; /* do not answer */
};

static const char world_fleet[] =
    "fleet: 1\nnow: 1768996800\n"
    "hosts:\n- {name: kvm2, memory_mib: 4096}\n"
    "- {name: kvm1, memory_mib: 8192, cpu_usage_pct: 25}\n"
    "vms:\n- {name: web1, host: kvm1, uuid: 5c2e7a0e-0000-4000-8000-000000000001}\n"
    "- {name: 'a/b \"c\"\\d', host: kvm1}\n- {name: db1, host: kvm2, ha: true}\n";

static inline const struct fleet *world_get_fleet(void *self)
{
    return ((struct world *)self)->fleet;
}

static inline json_t *world_hosts(void *self)
{
    (void)self;
    return json_pack("[{s:s, s:s, s:b}]", "name", "kvm1", "state_reason", "because",
                     "maintenance_wanted", 1);
}

static inline const struct migration *const *world_migrations(void *self, uint32_t *n)
{
    *n = 1;
    return ((struct world *)self)->migrations;
}

static inline void fill_decision(struct decision *decision, const char *vm)
{
    struct arena *arena = &decision->arena;
    field_defaults(decision_fields, decision);
    decision->id = 7;
    decision->at = 1768996800;
    decision->vm = arena_text(arena, vm);
    decision->chosen = "kvm2";
    decision->purpose = "migrate";
    struct host_verdict *host = arena_array(arena, 2, sizeof *host);
    field_defaults(host_verdict_fields, &host[0]);
    field_defaults(host_verdict_fields, &host[1]);
    struct refusal *refusal = arena_new(arena, sizeof *refusal);
    *refusal = (struct refusal){"memory", "memory.short", "512 MiB are missing", "free 512 MiB"};
    host[0].name = "kvm1";
    host[0].refused_by = refusal->unit;
    host[0].code = refusal->code;
    host[0].reason = refusal->reason;
    host[0].refusals = (struct rows){refusal, 1};
    host[0].score = host[0].place = NAN;
    struct weighing *weighing = arena_new(arena, sizeof *weighing);
    *weighing = (struct weighing){"cpu_even", 12.5, 1, 2};
    host[1].name = "kvm2";
    host[1].accepted = true;
    host[1].weights = (struct rows){weighing, 1};
    host[1].score = 2;
    host[1].place = 1;
    decision->hosts = (struct rows){host, 2};
}

static inline struct decision *world_explain(void *self, const char *vm, const char *to,
                                             struct error *error)
{
    struct world *world = self;
    if (!fleet_find_vm(world->fleet, vm, error) ||
        (to && !fleet_find_host(world->fleet, to, error)))
        return NULL;
    struct decision *decision = memory_new(sizeof *decision);
    fill_decision(decision, vm);
    return decision;
}

static inline struct plan *world_plan(void *self, const struct plan_question *question,
                                      struct error *error)
{
    (void)self;
    if (strcmp(question->what, "drain") != 0 || !question->target) {
        error_set(error, ERROR_USAGE, "expected drain HOST");
        return NULL;
    }
    struct plan *plan = memory_new(sizeof *plan);
    field_defaults(plan_fields, plan);
    struct planned_move *move = arena_new(&plan->arena, sizeof *move);
    *move = (struct planned_move){.vm = "web1", .key = "key1", .from = "kvm1",
                                  .to = "kvm2", .reason = "drain"};
    plan->moves = (struct rows){move, 1};
    struct decision *decision = arena_new(&plan->arena, sizeof *decision);
    fill_decision(decision, "db1");
    struct unplaced *unplaced = arena_new(&plan->arena, sizeof *unplaced);
    *unplaced = (struct unplaced){"db1", "db1", "memory.short", "no memory", decision->hosts};
    /* Its texts must live as long as the plan. */
    struct host_verdict *copy = arena_array(&plan->arena, decision->hosts.n, sizeof *copy);
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        field_copy(host_verdict_fields, &copy[i],
                   (const struct host_verdict *)decision->hosts.item + i, &plan->arena);
    unplaced->hosts.item = copy;
    arena_free(&decision->arena);
    plan->unplaced = (struct rows){unplaced, 1};
    return plan;
}

static inline json_t *world_decision(void *self, uint64_t id, struct error *error)
{
    (void)self;
    if (id != 7) {
        error_set(error, ERROR_NOT_FOUND, "there is no decision %u", (unsigned)id);
        return NULL;
    }
    struct decision decision = {.arena = ARENA_INIT};
    fill_decision(&decision, "web1");
    json_t *json = json_from_record(decision_fields, &decision, NAN, JSON_SKIP_DEFAULTS);
    arena_free(&decision.arena);
    return json;
}

static inline json_t *world_decisions(void *self, const char *vm, struct error *error)
{
    if (vm && strcmp(vm, "web1") != 0)
        return json_array();
    json_t *array = json_array();
    json_array_append_new(array, world_decision(self, 7, error));
    return array;
}

static inline json_t *world_list(void *self, struct error *error)
{
    (void)self;
    (void)error;
    return json_pack("[{s:i, s:s}]", "id", 41, "name", "x");
}

static inline json_t *world_daemon(void *self)
{
    (void)self;
    return json_pack("{s:s, s:b, s:{s:i, s:{s:i}}}", "version", "0.1", "journal_failing", 0,
                     "counters", "events", 12, "migrations", "completed", 3);
}

static inline void world_answer(struct world *world, const struct event *event)
{
    struct effect answer;
    memset(&answer, 0, sizeof answer);
    field_defaults(effect_fields, &answer);
    answer.request = event->id;
    answer.status = ERROR_NONE;
    answer.text = "done";
    answer.value = "{\"move\":5}";
    if (event->host && strcmp(event->host, "refused") == 0) {
        answer.status = ERROR_REFUSED;
        answer.text = "by policy";
    }
    ctl_answer(world->ctl, &answer);
}

static inline void world_request(void *self, struct event *event)
{
    struct world *world = self;
    g_queue_push_tail(&world->requests, event);
    if (!world->silent)
        world_answer(world, event);
}

static inline void world_hook(void *self, struct event *event)
{
    struct world *world = self;
    g_queue_push_tail(&world->hooks, event);
    if (world->silent)
        return;
    struct effect answer;
    memset(&answer, 0, sizeof answer);
    field_defaults(effect_fields, &answer);
    answer.request = event->id;
    answer.ok = strcmp(event->hook.operation, "start") != 0;
    answer.text = answer.ok ? "" : "no room";
    answer.value = strcmp(event->hook.operation, "migrate") == 0 ? "<domain/>" : NULL;
    ctl_hook_answer(world->ctl, &answer);
}

static inline double world_now(void *self)
{
    (void)self;
    return 1768996800;
}

static inline struct api_source world_source(struct world *world)
{
    return (struct api_source){
        .self = world,
        .fleet = world_get_fleet,
        .hosts = world_hosts,
        .migrations = world_migrations,
        .explain = world_explain,
        .plan = world_plan,
        .decision = world_decision,
        .decisions = world_decisions,
        .history = world_list,
        .notices = world_list,
        .policies = world_list,
        .units = world_list,
        .daemon = world_daemon,
    };
}

static inline struct ctl_options world_options(struct world *world, const char *group)
{
    return (struct ctl_options){
        .socket = world->socket,
        .group = group,
        .hook_socket = world->hook_socket,
        .source = world_source(world),
        .self = world,
        .request = world_request,
        .hook = world_hook,
        .now = world_now,
    };
}

static inline struct world *world_new(const char *group)
{
    struct error error = ERROR_INIT;
    struct world *world = memory_new(sizeof *world);
    snprintf(world->directory, sizeof world->directory, "/tmp/drover-ctl-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    assert_int_equal(chmod(world->directory, 0755), 0);
    snprintf(world->socket, sizeof world->socket, "%s/api", world->directory);
    snprintf(world->hook_socket, sizeof world->hook_socket, "%s/hook", world->directory);
    world->fleet = fleet_file_read("fleet", world_fleet, sizeof world_fleet - 1, &error);
    assert_string_equal(error.text, "");
    field_defaults(migration_fields, &world->migration);
    world->migration.id = 5;
    world->migration.name = "we\"b\n1";
    world->migration.state = MIGRATION_RUNNING;
    world->migration.progress.memory_total_mib = 1000;
    world->migration.progress.memory_remaining_mib = 250;
    world->migrations[0] = &world->migration;
    struct ctl_options options = world_options(world, group);
    world->ctl = ctl_new(&options, &error);
    assert_string_equal(error.text, "");
    return world;
}

static inline void world_free(struct world *world)
{
    ctl_free(world->ctl);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_queue_clear_full(&world->requests, (GDestroyNotify)event_free);
    g_queue_clear_full(&world->hooks, (GDestroyNotify)event_free);
    fleet_free(world->fleet);
    rmdir(world->directory);
    free(world);
}

static inline int world_setup(void **state)
{
    *state = world_new("");
    return 0;
}

static inline int world_teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* --- the main loop, while a thread asks --------------------------------------------------- */

static inline void run_until(const gint *flag)
{
    gint64 until = g_get_monotonic_time() + (gint64)PATIENCE_S * G_USEC_PER_SEC;
    while (!g_atomic_int_get(flag) && g_get_monotonic_time() < until)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(500);
    assert_true(g_atomic_int_get(flag));
}

struct call {
    const char *socket, *method, *path;
    json_t *body;
    json_t *answer;
    char *text; /* of client_text, where method is NULL */
    struct error error;
    GThread *thread;
    gint done;
};

static inline void *call_main(void *data)
{
    struct call *call = data;
    struct client *client = client_new(call->socket);
    if (call->method)
        call->answer = client_call(client, call->method, call->path, call->body, &call->error);
    else
        call->text = client_text(client, call->path, &call->error);
    client_free(client);
    g_atomic_int_set(&call->done, 1);
    return NULL;
}

static inline void call_run(struct call *call)
{
    call->thread = g_thread_new("client", call_main, call);
    run_until(&call->done);
    g_thread_join(call->thread);
}

/* The answer; NULL with *error set. */
static inline json_t *ask(struct world *world, const char *method, const char *path, json_t *body,
                          struct error *error)
{
    struct call call = {.socket = world->socket, .method = method, .path = path, .body = body};
    call_run(&call);
    *error = call.error;
    json_decref(body);
    return call.answer;
}

/* --- raw bytes ------------------------------------------------------------------------------ */

static inline int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

struct raw {
    const char *socket;
    const void *bytes;
    size_t length;
    bool half; /* stop sending afterwards */
    GString *answer;
    GThread *thread;
    gint done;
};

static inline void *raw_main(void *data)
{
    struct raw *raw = data;
    char piece[4096];
    int fd = connect_to(raw->socket);
    for (size_t sent = 0; fd >= 0 && sent < raw->length;) {
        ssize_t n = send(fd, (const char *)raw->bytes + sent, raw->length - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    if (fd >= 0 && raw->half)
        shutdown(fd, SHUT_WR);
    ssize_t n;
    while (fd >= 0 && (n = recv(fd, piece, sizeof piece, 0)) > 0)
        g_string_append_len(raw->answer, piece, n);
    if (fd >= 0)
        close(fd);
    g_atomic_int_set(&raw->done, 1);
    return NULL;
}

/* Send bytes, read until the server ends it. */
static inline GString *exchange(const char *socket, const void *bytes, size_t length, bool half)
{
    struct raw raw = {.socket = socket, .bytes = bytes, .length = length, .half = half,
                      .answer = g_string_new(NULL)};
    raw.thread = g_thread_new("raw", raw_main, &raw);
    run_until(&raw.done);
    g_thread_join(raw.thread);
    return raw.answer;
}

#endif
