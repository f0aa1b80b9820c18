/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does anything of a host answer? Asked of real sockets on the loopback: one that listens, one
 * that refuses, one that is full and so keeps silent, and addresses that cannot be tried at all.
 * Heartbeats are real files, and one on storage that hangs: a file system that nobody serves. Who
 * is asked for another opinion runs a real sshd, one in a network of its own.
 */
#include "unit/daemon_bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <shadow.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
    char config[4096];
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
             "  - {name: named, uri: 'qemu+tcp://localhost:%u/system'}\n"
             "  - {name: nameless, uri: 'qemu+tcp://nowhere.invalid:%u/system'}\n"
             "  - {name: local, uri: 'test:///default'}\n"
             "  - {name: beats, uri: 'qemu+tcp://127.0.0.1:%u/beats', heartbeat: %s/beats}\n"
             "  - {name: still, uri: 'qemu+tcp://127.0.0.1:%u/still', heartbeat: %s/still}\n"
             "  - {name: none, uri: 'qemu+tcp://127.0.0.1:%u/none', heartbeat: %s/none}\n"
             "  - {name: both, uri: 'qemu+tcp://127.0.0.1:%u/both', heartbeat: %s/still}\n"
             "  - {name: hangs, uri: 'qemu+tcp://127.0.0.1:%u/hangs', heartbeat: "
             "%s/hanging/file}\n"
             "  - {name: apart, uri: 'qemu+tcp://127.0.0.1:%u/apart', "
             "probe_from: [nobody, apart]}\n",
             bench->open, bench->refusing, bench->silent, bench->silent, bench->open, bench->open,
             bench->open,
             bench->silent, folder->path, bench->silent, folder->path, bench->silent, folder->path,
             bench->open, folder->path, bench->silent, folder->path, bench->silent);
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
    expect(&bench, "named", "answers", "localhost:"); /* at one of its addresses is enough */
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
    expect(&bench, "nameless", "unknown", "nowhere.invalid:");
    expect(&bench, "elsewhere", "unknown", "no address of it can be tried");
    end(&bench);
}

static void beat(const char *path, unsigned count)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%u\n", count) > 0);
    assert_int_equal(fclose(file), 0);
}

/* Where nobody answers what the kernel asks: who touches it waits. Its end lets them go. */
static int hang_storage(const struct folder *folder)
{
    char path[128], options[128];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/hanging", folder->path);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    assert_int_equal(mkdir(path, 0700), 0);
    if (fd >= 0 && mount("drover-test", path, "fuse", 0, options) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void end_storage(const struct folder *folder, int fd)
{
    char path[128];
    snprintf(path, sizeof path, "%s/hanging", folder->path);
    if (fd >= 0) {
        close(fd);
        assert_int_equal(umount2(path, MNT_DETACH), 0);
    }
    assert_int_equal(rmdir(path), 0);
}

/* Of none of them anything answers by TCP; their storage tells them apart. */
static void a_file_that_is_written_is_a_sign_of_life(void **state)
{
    static const struct {
        const char *host, *result, *words;
    } expected[] = {
        {"beats", "answers", "beats is being written"},
        {"still", "silent", "still is not written any more"},
        {"none", "silent", "none No such file or directory"},
        {"hangs", "silent", "hanging/file its storage does not answer"},
    };
    const struct folder *folder = *state;
    struct bench bench;
    char beats[128], still[128];
    begin(&bench, folder);
    int storage = hang_storage(folder);
    unsigned n = storage >= 0 ? 4 : 3, count = 0;
    snprintf(beats, sizeof beats, "%s/beats", folder->path);
    snprintf(still, sizeof still, "%s/still", folder->path);
    beat(beats, 0);
    beat(still, 7);
    for (unsigned i = 0; i < n; i++)
        probe(&bench, expected[i].host);
    while (g_queue_get_length(bench.base.daemon.events) < n) {
        beat(beats, ++count);
        for (int j = 0; j < 100; j++) {
            g_main_context_iteration(NULL, FALSE);
            g_usleep(1000);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        struct event *event = daemon_bench_event(&bench.base);
        unsigned e = 0;
        while (strcmp(expected[e].host, event->host) != 0)
            e++;
        assert_string_equal(event->name, expected[e].result);
        if (!strstr(event->text, expected[e].words))
            fail_msg("\"%s\" is not in \"%s\"", expected[e].words, event->text);
        event_free(event);
    }
    expect(&bench, "both", "answers", "answers"); /* known already: the file is not waited for */
    end_storage(folder, storage);
    end(&bench);
}

static void note_result(void *self, enum heartbeat_result result, const char *text)
{
    (void)text;
    *(int *)self = (int)result;
}

/* However often it is looked at: two threads are all that hang. */
static void storage_that_hangs_is_left_alone(void **state)
{
    const struct folder *folder = *state;
    int storage = hang_storage(folder), seen[2] = {-1, -1};
    char path[128];
    if (storage < 0) {
        end_storage(folder, storage);
        skip();
    }
    snprintf(path, sizeof path, "%s/hanging/file", folder->path);
    struct heartbeats *heartbeats = heartbeats_new();
    for (int i = 0; i < 2; i++)
        assert_non_null(heartbeat_watch(heartbeats, path, 0.1, note_result, &seen[i]));
    assert_null(heartbeat_watch(heartbeats, path, 0.1, note_result, &seen[0]));
    while (seen[0] < 0 || seen[1] < 0)
        g_main_context_iteration(NULL, TRUE);
    assert_int_equal(seen[0], HEARTBEAT_UNREADABLE);
    assert_null(heartbeat_watch(heartbeats, path, 0.1, note_result, &seen[0]));
    end_storage(folder, storage); /* they come back */
    struct heartbeat *next = NULL;
    while (!(next = heartbeat_watch(heartbeats, path, 0.1, note_result, &seen[0])))
        g_main_context_iteration(NULL, FALSE);
    heartbeat_leave(next);
    heartbeats_free(heartbeats);
}

/* ------------------------------------------------------------------ other machines */

static bool runs(const char *command)
{
    int status = system(command); /* NOLINT(cert-env33-c): of this test's own texts alone */
    return status == 0;
}

/* sshd lets nobody in whose password is locked. */
static bool root_may_log_in(void)
{
    struct spwd room, *found = NULL;
    char texts[1024];
    return geteuid() == 0 && getspnam_r("root", &room, texts, sizeof texts, &found) == 0 && found &&
           found->sp_pwdp[0] != '!';
}

/* root's home, with a key, and machines that run sshd on the other end of a pipe. */
static bool make_witnesses(const struct folder *folder)
{
    char command[1024], text[2048];
    if (!root_may_log_in() || access("/usr/sbin/sshd", X_OK) != 0 ||
        !runs("command -v ip unshare ssh ssh-keygen >/dev/null") ||
        mount("none", "/run", "tmpfs", 0, NULL) != 0)
        return false;
    snprintf(command, sizeof command,
             "cd %s && mkdir -m 700 .ssh /run/sshd && "
             "ssh-keygen -q -t ed25519 -N '' -f .ssh/key && "
             "cp .ssh/key.pub .ssh/authorized_keys && sed 's/^/witness /' .ssh/key.pub "
             ">.ssh/known_hosts && mount --bind . /root", folder->path);
    snprintf(text, sizeof text, "HostKey %s/.ssh/key\nUsePAM no\nPermitRootLogin yes\n",
             folder->path);
    folder_write(folder, "sshd_config", text);
    if (!runs(command))
        return false;
    snprintf(text, sizeof text,
             "Host *\nUser root\nHostKeyAlias witness\nIdentityFile %s/.ssh/key\n"
             "Host here\nProxyCommand /usr/sbin/sshd -i -f %s/sshd_config\n"
             "Host apart\nProxyCommand unshare -n sh -c 'ip link set lo up && "
             "exec /usr/sbin/sshd -i -f %s/sshd_config'\n"
             "Host nobody\nProxyCommand false\n", folder->path, folder->path, folder->path);
    folder_write(folder, ".ssh/config", text);
    return true;
}

static void end_witnesses(bool made)
{
    if (!made)
        return;
    assert_int_equal(umount2("/root", MNT_DETACH), 0);
    assert_int_equal(umount2("/run", MNT_DETACH), 0);
}

struct heard {
    enum witness_result result;
    char words[256];
    bool done;
};

static void hear(void *self, enum witness_result result, const char *words)
{
    struct heard *heard = self;
    heard->result = result;
    snprintf(heard->words, sizeof heard->words, "%s", words);
    heard->done = true;
}

#define TRIES 20 /* on a machine that is busy with other things, ssh may take longer than it has */

struct asked {
    const char *destination;
    unsigned port;
    enum witness_result result;
    const char *words;
};

/* No word at all, or other words, may be for want of time; anything else it says is final. */
static void ask_witness(const struct asked *asked)
{
    struct heard heard;
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%u", asked->port);
    for (int i = 0; i < TRIES; i++) {
        heard = (struct heard){0};
        assert_non_null(witness_ask(asked->destination, address, hear, &heard));
        while (!heard.done)
            g_main_context_iteration(NULL, TRUE);
        if (heard.result == asked->result && strstr(heard.words, asked->words))
            return;
        if (heard.result != WITNESS_NO_WORD)
            break;
    }
    fail_msg("%s port %u: %d \"%s\"", asked->destination, asked->port, (int)heard.result,
             heard.words);
}

static void the_prober_asks_them(struct bench *bench)
{
    for (int i = 0; i < TRIES; i++) {
        probe(bench, "apart");
        struct event *event = daemon_bench_event(&bench->base);
        bool refuses = strcmp(event->name, "refuses") == 0;
        if (refuses)
            assert_true(strstr(event->text, "from apart ") &&
                        strstr(event->text, "Connection refused"));
        event_free(event);
        if (refuses)
            return;
    }
    fail_msg("the prober was not told that the connection is refused there");
}

/* Hangs up when the caller does. */
static pid_t serve(int listening)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (char byte;;) {
        int caller = accept(listening, NULL, NULL);
        if (caller < 0)
            continue;
        while (read(caller, &byte, 1) > 0)
            continue;
        close(caller);
    }
}

static void others_say_what_they_reach(void **state)
{
    const struct folder *folder = *state;
    struct bench bench;
    bool made = make_witnesses(folder);
    if (!made)
        skip();
    begin(&bench, folder);
    pid_t service = serve(bench.listening);
    const struct asked cases[] = {
        {"here", bench.open, WITNESS_REACHES, ""},
        {"here", bench.refusing, WITNESS_REFUSED, "Connection refused"},
        {"apart", bench.open, WITNESS_REFUSED, "Connection refused"}, /* not the same 127.0.0.1 */
        {"nobody", bench.open, WITNESS_NO_WORD, "onnection closed by"},
        {"here", bench.silent, WITNESS_NO_WORD, "no word of it in time"},
    };
    the_prober_asks_them(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ask_witness(&cases[i]);
    assert_int_equal(kill(service, SIGKILL), 0);
    assert_int_equal(waitpid(service, NULL, 0), service);
    end(&bench);
    end_witnesses(made);
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
        cmocka_unit_test_setup_teardown(a_file_that_is_written_is_a_sign_of_life, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(storage_that_hangs_is_left_alone, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(others_say_what_they_reach, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_tried_is_unknown, folder_begin,
                                        folder_end),
        cmocka_unit_test_setup_teardown(probes_run_side_by_side_and_end_with_the_prober,
                                        folder_begin, folder_end),
    };
    (void)!unshare(CLONE_NEWNS); /* what is mounted here is nobody else's */
    (void)!mount(NULL, "/", "", MS_REC | MS_PRIVATE, NULL);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
