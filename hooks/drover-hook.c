/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover-hook: what libvirt runs at its hooks. It carries one question to droverd over a unix
 * socket and one answer back, and it is made so that nothing which is wrong with droverd can do
 * harm here: libvirt waits for a hook without any limit, with the VM locked, and a failing
 * "started" or "reconnect" hook kills a running guest.
 *
 * Hence: libc alone (it is linked statically and starts in no time), no heap, one deadline over
 * everything, and for the operations that only inform the exit status is 0 whatever happens.
 */
#include "config.h"
#include "hook.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * The frame, as core/codec/hook_frame.h describes it. Repeated and not included: a hook is
 * built from libc alone. All numbers are big-endian.
 *   question: magic, u32 7, then 7 times u32 length + bytes: host, driver, object, operation,
 *             sub-operation, extra argument, standard input
 *   answer:   magic, u32 status, u32 length + text, u32 length + XML
 */
#define MAGIC "DROVHK01"
#define MAGIC_LENGTH 8
#define FIELDS 7
#define XML_LIMIT (4 * 1024 * 1024)
#define QUESTION_LIMIT (MAGIC_LENGTH + 4 + FIELDS * 4 + (FIELDS - 1) * TEXT_LIMIT + XML_LIMIT)

#define INFORM_MS 200 /* how long an operation that only informs may take to be sent */

/* What is being sent, and what comes back. Static: untouched pages cost nothing. */
static unsigned char question[QUESTION_LIMIT];
static size_t question_length;
static unsigned char xml[XML_LIMIT];

/* --- time -------------------------------------------------------------------------------- */

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until fd is ready or `until`. True: ready (or broken, which the next call finds out). */
static bool wait_for(int fd, short events, long until)
{
    for (;;) {
        long left = until - now_ms();
        if (left <= 0)
            return false;
        struct pollfd one = {.fd = fd, .events = events};
        int n = poll(&one, 1, (int)left);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* --- the question ------------------------------------------------------------------------ */

static void put_u32(unsigned char *place, uint32_t value)
{
    place[0] = (unsigned char)(value >> 24);
    place[1] = (unsigned char)(value >> 16);
    place[2] = (unsigned char)(value >> 8);
    place[3] = (unsigned char)value;
}

static uint32_t get_u32(const unsigned char *place)
{
    return (uint32_t)place[0] << 24 | (uint32_t)place[1] << 16 | (uint32_t)place[2] << 8 | place[3];
}

static void put_bytes(const void *bytes, size_t length)
{
    memcpy(question + question_length, bytes, length);
    question_length += length;
}

static bool put_text(const char *text)
{
    size_t length = strlen(text);
    if (length > TEXT_LIMIT)
        return false;
    put_u32(question + question_length, (uint32_t)length);
    question_length += 4;
    put_bytes(text, length);
    return true;
}

/*
 * Read standard input to its end, straight to its place in the question. What is too much is
 * read all the same: libvirt should not find its pipe broken. NULL, or why there is no question.
 */
static const char *put_input(long until)
{
    static unsigned char rest[65536];
    unsigned char *length_at = question + question_length, *bytes = length_at + 4;
    size_t length = 0;
    for (;;) {
        if (!wait_for(STDIN_FILENO, POLLIN, until))
            return "the XML on standard input did not end in time";
        bool full = length >= XML_LIMIT;
        ssize_t n = read(STDIN_FILENO, full ? rest : bytes + length,
                         full ? sizeof rest : XML_LIMIT - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EBADF)
            n = 0; /* called without any input */
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            break;
        length += (size_t)n;
    }
    if (length > XML_LIMIT)
        return "the XML on standard input is larger than 4 MiB";
    put_u32(length_at, (uint32_t)length);
    question_length += 4 + length;
    return NULL;
}

/* texts: object, operation, sub-operation, extra argument. */
static const char *make_question(const char *driver, const char *const texts[4], long until)
{
    question_length = 0;
    put_bytes(MAGIC, MAGIC_LENGTH);
    put_u32(question + MAGIC_LENGTH, FIELDS);
    question_length += 4;
    bool fits = put_text(config.host) && put_text(driver);
    for (int i = 0; i < 4; i++)
        fits = fits && put_text(texts[i]);
    return fits ? put_input(until) : "the name of the object is longer than 4096 bytes";
}

/* --- the socket -------------------------------------------------------------------------- */

/* Connect; a full backlog is tried again until the deadline. -1 with errno. */
static int connect_daemon(long until)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, config.socket, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        bool busy = errno == EAGAIN || errno == EINTR;
        if (!busy || now_ms() >= until) {
            int cause = busy ? ETIMEDOUT : errno;
            close(fd);
            errno = cause;
            return -1;
        }
        struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL);
    }
    return fd;
}

static bool send_all(int fd, long until)
{
    for (size_t sent = 0; sent < question_length;) {
        ssize_t n = send(fd, question + sent, question_length - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN && !wait_for(fd, POLLOUT, until))
            return false;
        else if (errno != EAGAIN && errno != EINTR)
            return false;
    }
    return true;
}

static bool receive_all(int fd, unsigned char *bytes, size_t length, long until)
{
    for (size_t got = 0; got < length;) {
        if (!wait_for(fd, POLLIN, until))
            return false;
        ssize_t n = recv(fd, bytes + got, length - got, 0);
        if (n > 0)
            got += (size_t)n;
        else if (n == 0 || (errno != EINTR && errno != EAGAIN))
            return false;
    }
    return true;
}

struct answer {
    uint32_t status;
    uint32_t text_length, xml_length;
    char text[TEXT_LIMIT + 1];
};

/* NULL, or what is wrong with the answer. */
static const char *receive_answer(int fd, struct answer *answer, long until)
{
    static const char *const ended = "droverd did not answer in time, or hung up";
    unsigned char head[MAGIC_LENGTH + 8], length[4];
    if (!receive_all(fd, head, sizeof head, until))
        return ended;
    answer->status = get_u32(head + MAGIC_LENGTH);
    answer->text_length = get_u32(head + MAGIC_LENGTH + 4);
    if (memcmp(head, MAGIC, MAGIC_LENGTH) != 0 || answer->status > 1 ||
        answer->text_length > TEXT_LIMIT)
        return "what answers on the socket does not speak drover's language";
    if (!receive_all(fd, (unsigned char *)answer->text, answer->text_length, until) ||
        !receive_all(fd, length, sizeof length, until))
        return ended;
    answer->text[answer->text_length] = '\0';
    answer->xml_length = get_u32(length);
    if (answer->xml_length > XML_LIMIT)
        return "droverd answered with more than 4 MiB of XML";
    return receive_all(fd, xml, answer->xml_length, until) ? NULL : ended;
}

/* The new XML for libvirt. In pieces that a pipe always takes whole once it is writable. */
static bool write_xml(size_t length, long until)
{
    for (size_t written = 0; written < length;) {
        size_t piece = length - written < PIPE_BUF ? length - written : PIPE_BUF;
        if (!wait_for(STDOUT_FILENO, POLLOUT, until))
            return false;
        ssize_t n = write(STDOUT_FILENO, xml + written, piece);
        if (n > 0)
            written += (size_t)n;
        else if (errno != EINTR && errno != EAGAIN)
            return false;
    }
    return true;
}

/* --- asking ------------------------------------------------------------------------------ */

/* droverd could not be asked: what the configuration says of this operation holds. */
static int cannot_ask(const struct operation *operation, const char *why)
{
    if (!operation->closed)
        say("not asked: %s (%s); allowed, because %s does not say \"closed = %s\"", why,
            config.socket, config.file, operation->name);
    else
        say("refused: %s (%s), and %s says \"closed = %s\". Start droverd (systemctl start "
            "droverd), or take %s out of that line",
            why, config.socket, config.file, operation->name, operation->name);
    return operation->closed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int relay(const struct operation *operation, const struct answer *answer, long until)
{
    if (answer->status != 0) {
        say("%s", answer->text_length ? answer->text : "refused, and droverd gave no reason");
        return EXIT_FAILURE;
    }
    if (answer->text_length)
        say("%s", answer->text);
    if (!operation->filters || answer->xml_length == 0)
        return EXIT_SUCCESS;
    if (write_xml(answer->xml_length, until))
        return EXIT_SUCCESS;
    /* Half an XML is worse than none, and some may be out already. */
    say("the new XML could not be written to libvirt: %s", strerror(errno));
    return EXIT_FAILURE;
}

static int ask(const struct operation *operation, const char *driver, const char *const texts[4])
{
    long until = now_ms() + config.deadline_ms;
    const char *why = make_question(driver, texts, until);
    if (why)
        return cannot_ask(operation, why);
    int fd = connect_daemon(until);
    if (fd < 0)
        return cannot_ask(operation, strerror(errno));
    struct answer answer = {0};
    if (!send_all(fd, until))
        why = "the question could not be sent in time";
    else
        why = receive_answer(fd, &answer, until);
    close(fd);
    /* libvirt reads while it waits, so a second more than the deadline is for a slow machine. */
    return why ? cannot_ask(operation, why) : relay(operation, &answer, until + 1000);
}

/* Tell droverd and do not wait for what it says; libvirt waits for us. */
static void inform(const char *driver, const char *const texts[4])
{
    if (make_question(driver, texts, now_ms() + config.deadline_ms))
        return;
    long until = now_ms() + INFORM_MS;
    int fd = connect_daemon(until);
    if (fd < 0)
        return;
    send_all(fd, until);
    close(fd);
}

/* --- being called ------------------------------------------------------------------------ */

/* hooks/qemu.d/50-drover -> qemu; hooks/lxc -> lxc; anything else is qemu. */
static const char *driver_of(const char *program, char *place, size_t size)
{
    static const char *const drivers[] = {"qemu", "lxc", "libxl", "network", "daemon", "bhyve"};
    const char *slash = strrchr(program, '/');
    if (slash) {
        const char *start = slash;
        while (start > program && start[-1] != '/')
            start--;
        size_t length = (size_t)(slash - start);
        if (length > 2 && length - 2 < size && memcmp(slash - 2, ".d", 2) == 0) {
            memcpy(place, start, length - 2);
            place[length - 2] = '\0';
            return place;
        }
    }
    const char *name = slash ? slash + 1 : program;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(drivers[i], name) == 0)
            return drivers[i];
    return "qemu";
}

static int help(const char *what)
{
    if (strcmp(what, "--version") == 0) {
        puts("drover-hook " DROVER_VERSION);
        return EXIT_SUCCESS;
    }
    bool asked = strcmp(what, "--help") == 0;
    fputs("usage: drover-hook OBJECT OPERATION SUB-OPERATION EXTRA <XML\n"
          "libvirt calls it so from /etc/libvirt/hooks/qemu.d/50-drover. It asks droverd whether\n"
          "a VM may start here or come here, and exits 0 (allowed) or 1 (refused).\n"
          "Configuration: " DEFAULT_CONFIG "; see drover-hook(8).\n",
          asked ? stdout : stderr);
    return asked ? EXIT_SUCCESS : 2;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return help(argc == 2 ? argv[1] : "");
    signal(SIGPIPE, SIG_IGN);
    const char *texts[4] = {argv[1], argv[2], argc > 3 ? argv[3] : "-", argc > 4 ? argv[4] : "-"};
    char place[256];
    const char *driver = driver_of(argv[0], place, sizeof place);
    config_read();
    struct operation *operation = find_operation(driver, argv[2]);
    if (operation)
        return ask(operation, driver, texts);
    inform(driver, texts);
    return EXIT_SUCCESS;
}
