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

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
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
#define TEXT_LIMIT 4096
#define XML_LIMIT (4 * 1024 * 1024)
#define QUESTION_LIMIT (MAGIC_LENGTH + 4 + FIELDS * 4 + (FIELDS - 1) * TEXT_LIMIT + XML_LIMIT)

#define DEFAULT_CONFIG DROVER_SYSCONFDIR "/hook.conf"
#define DEFAULT_SOCKET DROVER_RUNDIR "/hook.sock"
#define DEFAULT_DEADLINE_MS 2000
#define LONGEST_DEADLINE_MS 5000
#define INFORM_MS 200 /* how long an operation that only informs may take to be sent */
#define CONFIG_LIMIT 65536

/* The operations whose answer counts; all others only inform. */
struct operation {
    const char *name;
    bool filters; /* libvirt takes new XML from standard output */
    bool closed;  /* refused when droverd cannot be asked */
};

static struct operation operations[] = {
    {"prepare", false, false},
    {"start", false, false},
    {"migrate", true, false},
    {"restore", true, false},
};
#define N_OPERATIONS (sizeof operations / sizeof operations[0])

static struct {
    char socket[sizeof((struct sockaddr_un *)0)->sun_path];
    char host[TEXT_LIMIT];
    long deadline_ms;
    const char *file;
} config = {.socket = DEFAULT_SOCKET, .deadline_ms = DEFAULT_DEADLINE_MS};

/* What is being sent, and what comes back. Static: untouched pages cost nothing. */
static unsigned char question[QUESTION_LIMIT];
static size_t question_length;
static unsigned char xml[XML_LIMIT];

/* --- saying something -------------------------------------------------------------------- */

/* One line on standard error, which is what libvirt shows. Control bytes cannot forge a second. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[TEXT_LIMIT + 1024] = "drover: ";
    size_t start = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t end = strlen(line);
    for (size_t i = start; i < end; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = ' ';
    line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0)
        return; /* nobody listens: the exit status has to do */
}

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

/* --- configuration ----------------------------------------------------------------------- */

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    return text;
}

static struct operation *find_operation(const char *name)
{
    for (size_t i = 0; i < N_OPERATIONS; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

static void set_rule(char *names, bool closed)
{
    char *rest = NULL;
    for (char *name = strtok_r(names, " ,\t", &rest); name; name = strtok_r(NULL, " ,\t", &rest)) {
        struct operation *operation = find_operation(name);
        if (operation)
            operation->closed = closed;
        else
            say("%s: %s is not an operation that can be refused; those are prepare, start, "
                "migrate and restore",
                config.file, name);
    }
}

static void set_text(char *place, size_t size, const char *key, const char *value)
{
    if (strlen(value) < size && *value)
        memcpy(place, value, strlen(value) + 1);
    else
        say("%s: %s must have 1 to %zu bytes; the default stays", config.file, key, size - 1);
}

static void set_deadline(const char *value)
{
    char *end;
    errno = 0;
    long ms = strtol(value, &end, 10);
    if (errno || end == value || *end || ms < 1)
        say("%s: deadline_ms must be a number from 1 to %d, not \"%s\"; it stays at %ld",
            config.file, LONGEST_DEADLINE_MS, value, config.deadline_ms);
    else
        config.deadline_ms = ms < LONGEST_DEADLINE_MS ? ms : LONGEST_DEADLINE_MS;
}

static void set_key(char *line)
{
    line = trim(line);
    if (!*line || *line == '#')
        return;
    char *equals = strchr(line, '=');
    if (!equals) {
        say("%s: \"%s\" is not of the form KEY = VALUE", config.file, line);
        return;
    }
    *equals = '\0';
    char *key = trim(line), *value = trim(equals + 1);
    if (strcmp(key, "socket") == 0)
        set_text(config.socket, sizeof config.socket, key, value);
    else if (strcmp(key, "host") == 0)
        set_text(config.host, sizeof config.host, key, value);
    else if (strcmp(key, "deadline_ms") == 0)
        set_deadline(value);
    else if (strcmp(key, "open") == 0 || strcmp(key, "closed") == 0)
        set_rule(value, *key == 'c');
    else
        say("%s: unknown key %s; known: socket, host, deadline_ms, open, closed", config.file, key);
}

/* Whoever can write this file decides what starts, so it must be root's (or of who runs this). */
static bool trusted(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    return (status.st_uid == 0 || status.st_uid == geteuid()) &&
           !(status.st_mode & (S_IWGRP | S_IWOTH));
}

static size_t read_file(int fd, char *text, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t n = read(fd, text + length, size - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    return length;
}

static void read_config(void)
{
    static char text[CONFIG_LIMIT];
    /* libvirt empties the environment, so this is for trying things out by hand. */
    config.file = getenv("DROVER_HOOK_CONF");
    if (!config.file)
        config.file = DEFAULT_CONFIG;
    int fd = open(config.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return; /* every key has a default */
    if (trusted(fd)) {
        text[read_file(fd, text, sizeof text - 1)] = '\0';
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            set_key(line);
    } else {
        say("%s is not a file of root's that nobody else can write: the defaults hold. Set it "
            "right: chown root, chmod 644",
            config.file);
    }
    close(fd);
}

static void name_host(void)
{
    struct utsname name;
    if (!config.host[0] && uname(&name) == 0)
        snprintf(config.host, sizeof config.host, "%s", name.nodename);
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

static bool put_text(const char *text)
{
    size_t length = strlen(text);
    if (length > TEXT_LIMIT)
        return false;
    put_u32(question + question_length, (uint32_t)length);
    memcpy(question + question_length + 4, text, length);
    question_length += 4 + length;
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
    memcpy(question, MAGIC, MAGIC_LENGTH);
    put_u32(question + MAGIC_LENGTH, FIELDS);
    question_length = MAGIC_LENGTH + 4;
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
    read_config();
    name_host();
    /* The daemon driver's "start" is libvirtd's own, which nobody can refuse. */
    struct operation *operation = strcmp(driver, "daemon") ? find_operation(argv[2]) : NULL;
    if (operation)
        return ask(operation, driver, texts);
    inform(driver, texts);
    return EXIT_SUCCESS;
}
