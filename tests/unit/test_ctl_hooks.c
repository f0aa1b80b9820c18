/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hook socket: questions whole, in pieces, cut short, far too long, and by strangers. */
#include "unit/ctl_helper.h"

#include "codec/hook_frame.h"

#include <sys/wait.h>

static void add_u32(GByteArray *bytes, uint32_t value)
{
    unsigned char big[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                            (unsigned char)(value >> 8), (unsigned char)value};
    g_byte_array_append(bytes, big, 4);
}

static GByteArray *question(const char *operation, const char *xml)
{
    const char *texts[] = {"kvm1", "qemu", "web1\n-x", operation, "begin", "-", xml};
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const unsigned char *)HOOK_FRAME_MAGIC, 8);
    add_u32(bytes, 7);
    for (int i = 0; i < 7; i++) {
        add_u32(bytes, (uint32_t)strlen(texts[i]));
        g_byte_array_append(bytes, (const unsigned char *)texts[i], (guint)strlen(texts[i]));
    }
    return bytes;
}

static uint32_t u32_at(const GString *answer, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)answer->str + at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static GString *ask_hook(struct world *world, const char *operation, const char *xml)
{
    GByteArray *bytes = question(operation, xml);
    GString *answer = exchange(world->hook_socket, bytes->data, bytes->len, false);
    g_byte_array_unref(bytes);
    return answer;
}

static void a_question_is_answered(void **state)
{
    struct world *world = *state;
    GString *answer = ask_hook(world, "start", "<domain/>");
    assert_memory_equal(answer->str, "DROVHK01", 8);
    assert_int_equal(u32_at(answer, 8), 1);
    assert_int_equal(u32_at(answer, 12), 7);
    assert_memory_equal(answer->str + 16, "no room", 7);
    assert_int_equal(u32_at(answer, 23), 0);
    assert_int_equal(answer->len, 27);
    g_string_free(answer, TRUE);
    struct event *event = g_queue_pop_head(&world->hooks);
    assert_int_equal(event->kind, EVENT_HOOK_ASK);
    assert_string_equal(event->host, "kvm1");
    assert_string_equal(event->hook.object, "web1\n-x");
    assert_string_equal(event->hook.operation, "start");
    event_free(event);

    answer = ask_hook(world, "migrate", "");
    assert_int_equal(u32_at(answer, 8), 0);
    assert_int_equal(u32_at(answer, 12), 0);
    assert_int_equal(u32_at(answer, 16), 9);
    assert_memory_equal(answer->str + 20, "<domain/>", 9);
    g_string_free(answer, TRUE);
}

static void a_large_question_comes_in_pieces(void **state)
{
    size_t length = (size_t)3 * 1024 * 1024;
    char *xml = memory_new(length + 1);
    memset(xml, ' ', length);
    GString *answer = ask_hook(*state, "prepare", xml);
    assert_int_equal(u32_at(answer, 8), 0);
    g_string_free(answer, TRUE);
    free(xml);
}

static void refuse(struct world *world, const void *bytes, size_t length, bool half)
{
    GString *answer = exchange(world->hook_socket, bytes, length, half);
    assert_int_equal(answer->len, 0);
    g_string_free(answer, TRUE);
    assert_int_equal(g_queue_get_length(&world->hooks), 0);
}

/* Nothing is answered: the hook's own rule decides. */
static void garbage_is_not_answered(void **state)
{
    struct world *world = *state;
    refuse(world, "GET / HTTP/1.1\r\n\r\n", 18, false);
    refuse(world, "DROVHK01\0\0\0\x08", 12, false);
    refuse(world, "DROVHK01\0\0\0\x07\xff\xff\xff\xff", 16, false);
    refuse(world, "DROVHK01\0\0\0\x07\0\0\0\x04kvm1", 20, true);
    refuse(world, "", 0, true);
    GByteArray *bytes = question("start", "<domain/>");
    refuse(world, bytes->data, bytes->len - 1, true);
    refuse(world, bytes->data, bytes->len - 1, false); /* and never ends: the deadline does */
    g_byte_array_unref(bytes);
    GString *answer = ask_hook(world, "start", "");
    assert_int_equal(u32_at(answer, 8), 1);
    g_string_free(answer, TRUE);
}

/* Informing hooks hang up without reading what is said. */
static void who_does_not_wait_is_heard(void **state)
{
    struct world *world = *state;
    GByteArray *bytes = question("started", "<domain/>");
    int fd = connect_to(world->hook_socket);
    assert_int_equal(send(fd, bytes->data, bytes->len, MSG_NOSIGNAL), (ssize_t)bytes->len);
    close(fd);
    g_byte_array_unref(bytes);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!g_queue_get_length(&world->hooks) && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    assert_int_equal(g_queue_get_length(&world->hooks), 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void one_that_waits_blocks_nobody(void **state)
{
    struct world *world = *state;
    int fd = connect_to(world->hook_socket);
    assert_int_equal(send(fd, "DROVHK01", 8, MSG_NOSIGNAL), 8);
    GString *answer = ask_hook(world, "start", "");
    assert_int_equal(u32_at(answer, 8), 1);
    g_string_free(answer, TRUE);
    close(fd);
}

static void an_answer_that_comes_too_late_is_dropped(void **state)
{
    struct world *world = *state;
    world->silent = true;
    GByteArray *bytes = question("start", "");
    int fd = connect_to(world->hook_socket);
    assert_int_equal(send(fd, bytes->data, bytes->len, MSG_NOSIGNAL), (ssize_t)bytes->len);
    g_byte_array_unref(bytes);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!g_queue_get_length(&world->hooks) && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    close(fd);
    struct effect answer;
    memset(&answer, 0, sizeof answer);
    field_defaults(effect_fields, &answer);
    answer.request = ((struct event *)g_queue_peek_head(&world->hooks))->id;
    ctl_hook_answer(world->ctl, &answer);
    ctl_hook_answer(world->ctl, &answer);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    ctl_hook_answer(world->ctl, &answer);
}

static void on_child(GPid pid, gint status, gpointer data)
{
    (void)pid;
    *(gint *)data = WIFEXITED(status) ? WEXITSTATUS(status) + 1 : 99;
}

/* As somebody else: 0 where the socket ends the connection without a word. */
static int ask_as_nobody(const char *path)
{
    char byte;
    GByteArray *bytes = question("start", "");
    if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        return 2;
    int fd = connect_to(path);
    if (fd < 0)
        return 3;
    ssize_t sent = send(fd, bytes->data, bytes->len, MSG_NOSIGNAL);
    (void)sent; /* it may be closed already */
    return recv(fd, &byte, 1, 0) <= 0 ? 0 : 1;
}

static void strangers_may_not_ask(void **state)
{
    struct world *world = *state;
    if (geteuid() != 0)
        return; /* only root can be somebody else */
    assert_int_equal(chmod(world->hook_socket, 0666), 0);
    gint done = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(ask_as_nobody(world->hook_socket));
    g_child_watch_add(child, on_child, &done);
    run_until(&done);
    assert_int_equal(done, 1);
    assert_int_equal(g_queue_get_length(&world->hooks), 0);
}

/* A name for the file, then what the question through it says of its host. */
static void ask_through(struct world *world, const char *door, const char *host)
{
    char path[160];
    snprintf(path, sizeof path, "%s/hooks/%s.sock", world->directory, door);
    GByteArray *bytes = question("start", ""); /* it says that it is of kvm1 */
    GString *answer = exchange(path, bytes->data, bytes->len, false);
    g_byte_array_unref(bytes);
    assert_int_equal(u32_at(answer, 8), 1);
    g_string_free(answer, TRUE);
    struct event *event = g_queue_pop_head(&world->hooks);
    assert_string_equal(event->host, host);
    event_free(event);
}

static bool is_there(const struct world *world, const char *door)
{
    char path[160];
    snprintf(path, sizeof path, "%s/hooks/%s.sock", world->directory, door);
    return access(path, F_OK) == 0;
}

/* Whatever a question says: who comes through a host's door is that host. */
static void each_host_has_a_door_of_its_own(void **state)
{
    static const char *const before[] = {"kvm1", "kvm2"}, *const after[] = {"kvm2", "kvm3"};
    struct world *world = *state;
    struct error error = ERROR_INIT;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/hooks", world->directory);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(ctl_hook_hosts(world->ctl, dir, before, 2, &error), 0);
    ask_through(world, "kvm1", "kvm1");
    ask_through(world, "kvm2", "kvm2");
    struct stat status;
    char path[160];
    snprintf(path, sizeof path, "%s/kvm2.sock", dir);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(ctl_hook_hosts(world->ctl, dir, after, 2, &error), 0);
    assert_false(is_there(world, "kvm1"));
    ask_through(world, "kvm2", "kvm2");
    ask_through(world, "kvm3", "kvm3");
    assert_int_equal(ctl_hook_hosts(world->ctl, dir, NULL, 0, &error), 0);
    assert_false(is_there(world, "kvm2"));
    GString *answer = ask_hook(world, "start", ""); /* the common one stays */
    assert_int_equal(u32_at(answer, 8), 1);
    g_string_free(answer, TRUE);
    event_free(g_queue_pop_head(&world->hooks));
    /* One that cannot be opened is told, and the others are. */
    snprintf(path, sizeof path, "%s/kvm1.sock", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(ctl_hook_hosts(world->ctl, dir, before, 2, &error), -1);
    assert_non_null(strstr(error.text, "kvm1.sock is there and is not a socket"));
    ask_through(world, "kvm2", "kvm2");
    ctl_hook_hosts(world->ctl, dir, NULL, 0, NULL);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* More than a door takes at a time wait before it; none is turned away. */
static void whoever_comes_when_it_is_full_waits(void **state)
{
    struct world *world = *state;
    enum { MANY = 300 };
    int fd[MANY];
    GByteArray *bytes = question("started", "");
    for (int i = 0; i < MANY; i++)
        fd[i] = connect_to(world->hook_socket);
    for (int i = 0; i < 50; i++)
        g_main_context_iteration(NULL, FALSE);
    for (int i = MANY - 1; i >= 0; i--) /* the last first: it is not inside yet */
        assert_int_equal(send(fd[i], bytes->data, bytes->len, MSG_NOSIGNAL), (ssize_t)bytes->len);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (g_queue_get_length(&world->hooks) < MANY && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    assert_int_equal(g_queue_get_length(&world->hooks), MANY);
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    g_byte_array_unref(bytes);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_question_is_answered),
        TEST(a_large_question_comes_in_pieces),
        TEST(garbage_is_not_answered),
        TEST(who_does_not_wait_is_heard),
        TEST(one_that_waits_blocks_nobody),
        TEST(an_answer_that_comes_too_late_is_dropped),
        TEST(strangers_may_not_ask),
        TEST(each_host_has_a_door_of_its_own),
        TEST(whoever_comes_when_it_is_full_waits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
