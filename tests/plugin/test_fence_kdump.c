/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_kdump`, with packets on the loopback network: what is taken for a crash kernel's
 * word, of which host, and what is not. The real sender is tried where it is installed.
 */
#include "plugin/fence_bench.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SENDER "/usr/libexec/fence-agents/fence_kdump_send"
#define SOON_S 3  /* listened for something that does not come */
#define LONG_S 60 /* and for something that does */

/* A free port: nobody else on this machine listens there. */
static int free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t size = sizeof any;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &size), 0);
    close(fd);
    return ntohs(any.sin_port);
}

static struct fence_bench *begin(int port, const char *address)
{
    struct fence_bench *bench = fence_begin("fence_kdump");
    char error[256], text[16];
    assert_true(bench->unit->unit->flags & DROVER_LISTENS);
    snprintf(text, sizeof text, "%d", port);
    bench_set(bench->unit, "port", text);
    bench_set(bench->unit, "address", address);
    assert_string_equal(bench_open(bench->unit, error), "");
    return bench;
}

/* Says something again and again, as a crash kernel does, until it is told to stop. */
struct sender {
    pthread_t thread;
    const char *from;
    int port;
    const void *bytes;
    size_t length;
    volatile bool stop;
};

static void *send_all(void *data)
{
    struct sender *sender = data;
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)sender->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, sender->from, &from.sin_addr);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        return NULL;
    while (!sender->stop) {
        (void)!sendto(fd, sender->bytes, sender->length, 0, (struct sockaddr *)&to, sizeof to);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    close(fd);
    return NULL;
}

static void send_from(struct sender *sender, const char *from, int port, const void *bytes,
                      size_t length)
{
    *sender = (struct sender){.from = from, .port = port, .bytes = bytes, .length = length};
    assert_int_equal(pthread_create(&sender->thread, NULL, send_all, sender), 0);
}

static void stop(struct sender *sender)
{
    sender->stop = true;
    pthread_join(sender->thread, NULL);
}

static const uint32_t message[] = {0x1b302a40, 1};

static void a_crash_kernel_is_heard(void **state)
{
    static const uint32_t foreign[] = {0x402a301b, 0x01000000}; /* of the other order of bytes */
    const uint32_t *const words[] = {message, foreign};
    (void)state;
    for (int i = 0; i < 2; i++) {
        int port = free_port();
        struct sender sender;
        struct fence_bench *bench = begin(port, "127.0.0.3 127.0.0.2");
        send_from(&sender, "127.0.0.2", port, words[i], sizeof message);
        assert_int_equal(fence_order(bench, DROVER_FENCE_LISTEN, LONG_S), DROVER_FENCE_IS_OFF);
        fence_says(bench, "writes a dump of its kernel");
        stop(&sender);
        fence_end(bench);
    }
}

static void anything_else_is_not(void **state)
{
    static const uint32_t magic[] = {0x1b302a41, 1}, version[] = {0x1b302a40, 2},
                          more[] = {0x1b302a40, 1, 0};
    static const struct {
        const char *from;
        const void *bytes;
        size_t length;
    } cases[] = {
        {"127.0.0.3", message, 8}, /* another host */
        {"127.0.0.2", magic, 8},
        {"127.0.0.2", version, 8},
        {"127.0.0.2", message, 7},
        {"127.0.0.2", more, 12},
        {"127.0.0.2", message, 0},
    };
    struct sender senders[sizeof cases / sizeof *cases];
    int port = free_port();
    struct fence_bench *bench = begin(port, "127.0.0.2");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        send_from(&senders[i], cases[i].from, port, cases[i].bytes, cases[i].length);
    assert_int_equal(fence_order(bench, DROVER_FENCE_LISTEN, SOON_S), DROVER_FENCE_FAILED);
    fence_says(bench, "no crash kernel of it was heard");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        stop(&senders[i]);
    fence_end(bench);
}

static void *listen_long(void *data)
{
    struct fence_bench *bench = data;
    fence_order(bench, DROVER_FENCE_LISTEN, LONG_S);
    return NULL;
}

/* Each of them hears its own host, on the same port at the same time. */
static void two_hosts_are_listened_to_at_once(void **state)
{
    int port = free_port();
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.3"};
    struct fence_bench *benches[2];
    struct sender senders[2];
    pthread_t threads[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        benches[i] = begin(port, hosts[i]);
        assert_int_equal(pthread_create(&threads[i], NULL, listen_long, benches[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        send_from(&senders[i], hosts[i], port, message, sizeof message);
        pthread_join(threads[i], NULL);
        assert_int_equal(benches[i]->fence.result, DROVER_FENCE_IS_OFF);
        stop(&senders[i]);
    }
    for (int i = 0; i < 2; i++)
        fence_end(benches[i]);
}

/* fence_kdump_send of the fence-agents package, as a crash kernel runs it. */
static void the_real_sender_is_heard(void **state)
{
    char text[16];
    int port = free_port(), status;
    (void)state;
    if (access(SENDER, X_OK) != 0)
        skip();
    struct fence_bench *bench = begin(port, "127.0.0.1");
    snprintf(text, sizeof text, "%d", port);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* however this test ends */
        execl(SENDER, SENDER, "-p", text, "-i", "1", "127.0.0.1", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(fence_order(bench, DROVER_FENCE_LISTEN, LONG_S), DROVER_FENCE_IS_OFF);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fence_end(bench);
}

static void it_switches_nothing(void **state)
{
    static const uint32_t actions[] = {DROVER_FENCE_STATUS, DROVER_FENCE_OFF, DROVER_FENCE_ON,
                                       DROVER_FENCE_SOFT};
    struct fence_bench *bench = begin(free_port(), "127.0.0.2");
    (void)state;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        assert_int_equal(fence_order(bench, actions[i], LONG_S), DROVER_FENCE_FAILED);
        fence_says(bench, "it switches no power");
    }
    fence_end(bench);
}

/* The port is somebody else's alone, as that of the agent of the same name would be. */
static void a_port_that_is_taken_is_said(void **state)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    int port = free_port(), fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)state;
    any.sin_port = htons((uint16_t)port);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    struct fence_bench *bench = begin(port, "127.0.0.2");
    assert_int_equal(fence_order(bench, DROVER_FENCE_LISTEN, LONG_S), DROVER_FENCE_FAILED);
    fence_says(bench, "cannot be listened on for 127.0.0.2: Address already in use");
    fence_end(bench);
    close(fd);
}

static void addresses_are_checked(void **state)
{
    struct fence_bench *bench = fence_begin("fence_kdump");
    char error[256], words[300];
    (void)state;
    assert_string_equal(bench_open(bench->unit, error), ""); /* that of the URI */
    bench_set(bench->unit, "address", "kvm1 -x");
    assert_string_equal(bench_open(bench->unit, error),
                        "address: expected names or addresses, found \"-x\"");
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    bench_set(bench->unit, "address", words);
    assert_string_equal(bench_open(bench->unit, error),
                        "address: expected words of at most 253 bytes");
    fence_end(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_kernel_is_heard),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(two_hosts_are_listened_to_at_once),
        cmocka_unit_test(the_real_sender_is_heard),
        cmocka_unit_test(it_switches_nothing),
        cmocka_unit_test(a_port_that_is_taken_is_said),
        cmocka_unit_test(addresses_are_checked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fence fence_kdump", tests, NULL, NULL);
}
