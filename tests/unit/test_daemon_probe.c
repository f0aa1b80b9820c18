/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does anything of a host answer? Asked of real sockets on the loopback: one that listens, one
 * that refuses, one that is full and so keeps silent, and addresses that cannot be tried at all.
 */
#include "unit/daemon_bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define CALLERS 64 /* more than a queue of one holds */

struct bench {
    struct daemon_bench base;
    struct prober *prober;
    int listening, full;
    int callers[CALLERS];
    unsigned open, refusing, silent; /* ports */
};

static unsigned port_of(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static int bound(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A queue that is full: the kernel drops who comes after that, as a host that is off would. */
static void fill(struct bench *bench)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(listen(bench->full, 0), 0);
    address.sin_port = htons((uint16_t)bench->silent);
    for (int i = 0; i < CALLERS; i++) {
        bench->callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(bench->callers[i] >= 0);
        (void)!connect(bench->callers[i], (struct sockaddr *)&address, sizeof address);
    }
}

static void begin(struct bench *bench, const struct folder *folder)
{
    char config[2048];
    bench->listening = bound();
    bench->full = bound();
    int closed = bound();
    bench->open = port_of(bench->listening);
    bench->silent = port_of(bench->full);
    bench->refusing = port_of(closed);
    close(closed);
    assert_int_equal(listen(bench->listening, 8), 0);
    fill(bench);
    snprintf(config, sizeof config,
             "hosts:\n"
             "  - {name: open, uri: 'qemu+tcp://127.0.0.1:%u/system'}\n"
             "  - {name: refusing, uri: 'qemu+tls://127.0.0.1:%u/system'}\n"
             "  - {name: silent, uri: 'qemu+tcp://127.0.0.1:%u/system'}\n"
             "  - {name: half, uri: 'qemu+tls://127.0.0.1:%u/system', probe: ['127.0.0.1:%u']}\n"
             "  - {name: local, uri: 'test:///default'}\n",
             bench->open, bench->refusing, bench->silent, bench->silent, bench->open);
    daemon_bench_begin(&bench->base, folder, config);
    bench->prober = prober_new(&bench->base.daemon);
}

static void end(struct bench *bench)
{
    prober_free(bench->prober);
    for (int i = 0; i < CALLERS; i++)
        close(bench->callers[i]);
    close(bench->listening);
    close(bench->full);
    daemon_bench_end(&bench->base);
}

static void probe(struct bench *bench, const char *host)
{
    struct effect effect = {.kind = EFFECT_PROBE, .host = host};
    prober_begin(bench->prober, &effect);
}

static void expect(struct bench *bench, const char *host, const char *result, const char *words)
{
    probe(bench, host);
    struct event *event = daemon_bench_event(&bench->base);
    assert_int_equal(event->kind, EVENT_PROBED);
    assert_string_equal(event->host, host);
    if (strcmp(event->name, result) != 0 || !strstr(event->text, words))
        fail_msg("expected %s \"%s\", found %s \"%s\"", result, words, event->name, event->text);
    event_free(event);
}

static void what_answers_or_refuses_lives(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    expect(&bench, "open", "answers", "answers");
    expect(&bench, "refusing", "refuses", "refuses, so something of it lives");
    end(&bench);
}

static void what_drops_all_packets_is_silent(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    expect(&bench, "silent", "silent", "does not answer");
    expect(&bench, "half", "answers", "does not answer"); /* one of two ways is enough */
    end(&bench);
}

/* No silence without a packet: of these nothing can be said. */
static void what_cannot_be_tried_is_unknown(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    expect(&bench, "local", "unknown", "no address of it can be tried");
    expect(&bench, "elsewhere", "unknown", "no address of it can be tried");
    end(&bench);
}

static void probes_run_side_by_side_and_end_with_the_prober(void **state)
{
    struct bench bench;
    begin(&bench, *state);
    for (int i = 0; i < 5; i++)
        probe(&bench, "silent");
    probe(&bench, "open");
    struct event *event = daemon_bench_event(&bench.base); /* it does not wait for the others */
    assert_string_equal(event->host, "open");
    event_free(event);
    prober_free(bench.prober);
    bench.prober = NULL;
    for (int i = 0; i < 50; i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
    assert_int_equal(g_queue_get_length(bench.base.daemon.events), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_answers_or_refuses_lives, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(what_drops_all_packets_is_silent, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_tried_is_unknown, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(probes_run_side_by_side_and_end_with_the_prober,
                                        folder_begin, folder_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
