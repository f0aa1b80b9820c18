/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door of the API: who may come in, how much they may say, and what garbage meets. */
#include "unit/ctl_helper.h"

#include <signal.h>
#include <sys/wait.h>

static void expect(struct world *world, const char *request, const char *status, const char *says)
{
    GString *answer = exchange(world->socket, request, strlen(request), false);
    if (!g_str_has_prefix(answer->str, status) || !strstr(answer->str, says))
        fail_msg("expected %s ... %s, found:\n%s", status, says, answer->str);
    g_string_free(answer, TRUE);
}

static void what_is_no_request_is_refused(void **state)
{
    expect(*state,
           "POST /v1/migrations HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
           "Content-Length: 9\r\n\r\nnot json!",
           "HTTP/1.1 400", "{\"error\":{\"kind\":\"input\",\"text\":\"");
    expect(*state,
           "POST /v1/migrations HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999\r\n\r\n{",
           "HTTP/1.1 413", "at most 1048576 bytes");
    expect(*state,
           "POST /v1/migrations HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
           "5\r\n{\"vm\"\r\n0\r\n\r\n",
           "HTTP/1.1 411", "Content-Length");
    expect(*state,
           "POST /v1/migrations HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
           "Content-Length: 25\r\n\r\n{\"vm\":\"a\",\"vm\":\"b\",\"x\":1}",
           "HTTP/1.1 400", "input");
    expect(*state, "BLAH\r\n\r\n", "HTTP/1.0 400", "");
    assert_int_equal(g_queue_get_length(&((struct world *)*state)->requests), 0);
}

/* In a child that is somebody else: 0 allowed, 1 refused in our words, else what failed. */
static int ask_as(const struct world *world, uid_t uid, gid_t gid, gid_t extra)
{
    struct error error = ERROR_INIT;
    if (setgroups(1, &extra) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
        return 2;
    struct client *client = client_new(world->socket);
    json_t *json = client_call(client, "GET", "/v1/status", NULL, &error);
    client_free(client);
    bool answered = json != NULL;
    json_decref(json);
    if (answered)
        return 0;
    return error.kind == ERROR_FORBIDDEN && strstr(error.text, "only root and members") ? 1 : 3;
}

struct watched {
    pid_t pid;
    int status;
    gint done;
};

static void on_child(GPid pid, gint status, gpointer data)
{
    struct watched *watched = data;
    (void)pid;
    watched->status = status;
    g_atomic_int_set(&watched->done, 1);
}

static int ask_in_child(struct world *world, uid_t uid, gid_t gid, gid_t extra)
{
    /* Anybody may connect, so that it is the credentials that decide. */
    assert_int_equal(chmod(world->socket, 0666), 0);
    struct watched watched = {.pid = fork()};
    if (watched.pid == 0)
        _exit(ask_as(world, uid, gid, extra));
    g_child_watch_add(watched.pid, on_child, &watched);
    run_until(&watched.done);
    return WIFEXITED(watched.status) ? WEXITSTATUS(watched.status) : 99;
}

static void strangers_are_refused(void **state)
{
    if (geteuid() != 0)
        return; /* only root can be somebody else */
    assert_int_equal(ask_in_child(*state, 0, 0, 0), 0);
    assert_int_equal(ask_in_child(*state, 65534, 65534, 65534), 1);
}

static void members_of_the_group_are_not(void **state)
{
    (void)state;
    struct unix_group buffer, *group = NULL;
    char text[16384];
    if (geteuid() != 0 || getgrnam_r("games", &buffer, text, sizeof text, &group) != 0 || !group)
        return;
    gid_t gid = group->gr_gid;
    struct world *world = world_new("games");
    struct stat status;
    assert_int_equal(stat(world->socket, &status), 0);
    assert_int_equal(status.st_gid, gid);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(stat(world->hook_socket, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(ask_in_child(world, 65534, 65534, gid), 0);
    assert_int_equal(ask_in_child(world, 65534, gid, 65534), 0);
    assert_int_equal(ask_in_child(world, 65534, 65534, 65534), 1);
    world_free(world);
}

static void only_one_server_and_no_stale_socket(void **state)
{
    struct world *world = *state;
    struct error error = ERROR_INIT;
    struct ctl_options options = world_options(world, "");
    assert_null(ctl_new(&options, &error));
    assert_non_null(strstr(error.text, "another droverd is running"));
    /* The refused one must not have taken the first one's socket away. */
    json_t *json = ask(world, "GET", "/v1/status", NULL, &error);
    assert_non_null(json);
    json_decref(json);

    char stale[108];
    snprintf(stale, sizeof stale, "%s/stale", world->directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", stale);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    options.socket = stale;
    options.hook_socket = "";
    error_clear(&error);
    struct ctl *second = ctl_new(&options, &error);
    assert_string_equal(error.text, "");
    ctl_free(second);

    assert_int_equal(mkdir(stale, 0700), 0);
    assert_null(ctl_new(&options, &error));
    assert_non_null(strstr(error.text, "is not a socket"));
    rmdir(stale);
}

/* One who says half a request and stops does not keep others from being answered. */
static void a_slow_client_blocks_nobody(void **state)
{
    struct world *world = *state;
    struct error error;
    int slow[20];
    for (size_t i = 0; i < 20; i++) {
        slow[i] = connect_to(world->socket);
        assert_true(slow[i] >= 0);
        assert_int_equal(send(slow[i], "GET /v1/st", 10, MSG_NOSIGNAL), 10);
    }
    json_t *json = ask(world, "GET", "/v1/status", NULL, &error);
    assert_non_null(json);
    json_decref(json);
    for (size_t i = 0; i < 20; i++)
        close(slow[i]);
}

static void the_number_of_connections_is_bounded(void **state)
{
    struct world *world = *state;
    struct error error;
    int many[80];
    for (size_t i = 0; i < 80; i++) {
        many[i] = connect_to(world->socket);
        assert_true(many[i] >= 0);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    char byte;
    assert_int_equal(recv(many[79], &byte, 1, 0), 0);
    assert_int_equal(recv(many[0], &byte, 1, MSG_DONTWAIT), -1);
    for (size_t i = 0; i < 80; i++)
        close(many[i]);
    json_t *json = NULL;
    /* Places are free again once the server has seen the ends of the others. */
    for (int i = 0; i < 1000 && !json; i++) {
        while (g_main_context_iteration(NULL, FALSE))
            ;
        json = ask(world, "GET", "/v1/status", NULL, &error);
    }
    assert_non_null(json);
    json_decref(json);
}

static void who_hangs_up_early_harms_nobody(void **state)
{
    struct world *world = *state;
    world->silent = true;
    static const char request[] = "POST /v1/reload HTTP/1.1\r\nHost: d\r\n"
                                  "Content-Length: 0\r\n\r\n";
    int fd = connect_to(world->socket);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!g_queue_get_length(&world->requests) && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    struct event *event = g_queue_peek_head(&world->requests);
    assert_non_null(event);
    close(fd);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    world_answer(world, event);
    world_answer(world, event); /* twice does no harm either */
    while (g_main_context_iteration(NULL, FALSE))
        ;
    /* And one that is never answered goes with the server. */
    fd = connect_to(world->socket);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    while (g_queue_get_length(&world->requests) < 2 && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    assert_int_equal(g_queue_get_length(&world->requests), 2);
    close(fd);
}

struct listener {
    const char *socket;
    gint ready, done;
    unsigned n;
    char kind[32], json[128];
    struct error error;
};

static bool on_event(void *self, const char *kind, const char *json)
{
    struct listener *listener = self;
    snprintf(listener->kind, sizeof listener->kind, "%s", kind);
    snprintf(listener->json, sizeof listener->json, "%s", json);
    return ++listener->n < 3;
}

static void *listen_main(void *data)
{
    struct listener *listener = data;
    struct client *client = client_new(listener->socket);
    client_events(client, on_event, listener, &listener->error);
    client_free(client);
    g_atomic_int_set(&listener->done, 1);
    return NULL;
}

static gboolean publish(gpointer data)
{
    ctl_publish(((struct world *)data)->ctl, "notice", "{\"text\":\n1}");
    return G_SOURCE_CONTINUE;
}

static void events_are_followed(void **state)
{
    struct world *world = *state;
    struct listener listener = {.socket = world->socket};
    GThread *thread = g_thread_new("listener", listen_main, &listener);
    unsigned source = g_timeout_add(5, publish, world);
    run_until(&listener.done);
    g_source_remove(source);
    g_thread_join(thread);
    assert_string_equal(listener.error.text, "");
    assert_int_equal(listener.n, 3);
    assert_string_equal(listener.kind, "notice");
    assert_string_equal(listener.json, "{\"text\":1}");
}

/* It asks for events and never reads: it is cut off, and its buffer with it. */
static void who_does_not_listen_is_dropped(void **state)
{
    struct world *world = *state;
    static const char request[] = "GET /v1/events HTTP/1.1\r\nHost: d\r\n\r\n";
    int fd = connect_to(world->socket);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    char *large = memory_new(10001);
    memset(large, '1', 10000);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    bool gone = false;
    size_t got = 0;
    while (!gone && g_get_monotonic_time() < until) {
        for (int i = 0; i < 100; i++) {
            ctl_publish(world->ctl, "notice", large);
            while (g_main_context_iteration(NULL, FALSE))
                ;
        }
        /* Shut down by the server: sending fails at once. */
        gone = send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0;
    }
    assert_true(gone);
    char piece[65536];
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        got += (size_t)n;
    assert_true(got < 2 * 1024 * 1024);
    close(fd);
    free(large);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_request_is_refused),
        TEST(strangers_are_refused),
        cmocka_unit_test(members_of_the_group_are_not),
        TEST(only_one_server_and_no_stale_socket),
        TEST(a_slow_client_blocks_nobody),
        TEST(the_number_of_connections_is_bounded),
        TEST(who_hangs_up_early_harms_nobody),
        TEST(events_are_followed),
        TEST(who_does_not_listen_is_dropped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
