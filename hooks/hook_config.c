/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hook.conf: where to ask, how long, and what holds when nobody answers. See drover-hook(8). */
#include "config.h"
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DEFAULT_SOCKET DROVER_RUNDIR "/hook.sock"
#define DEFAULT_DEADLINE_MS 2000
#define LONGEST_DEADLINE_MS 5000
#define CONFIG_LIMIT 65536

/* What libvirt lets a hook refuse, by driver, and where it takes new XML. */
static struct operation operations[] = {
    {"qemu", "prepare", false, false},  {"qemu", "start", false, false},
    {"qemu", "migrate", true, false},   {"qemu", "restore", true, false},
    {"libxl", "prepare", false, false}, {"libxl", "start", false, false},
    {"libxl", "migrate", true, false},  {"lxc", "prepare", false, false},
    {"lxc", "start", false, false},     {"bhyve", "prepare", false, false},
    {"bhyve", "start", false, false},
};
#define N_OPERATIONS (sizeof operations / sizeof operations[0])

struct config config = {.socket = DEFAULT_SOCKET, .deadline_ms = DEFAULT_DEADLINE_MS};

void say(const char *format, ...)
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

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    return text;
}

struct operation *find_operation(const char *driver, const char *name)
{
    for (size_t i = 0; i < N_OPERATIONS; i++)
        if (strcmp(operations[i].driver, driver) == 0 && strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

/* "start": of every driver; "lxc/start": of that one. Whether there is any. */
static bool set_operations(const char *name, bool closed)
{
    const char *slash = strchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) : 0;
    bool found = false;
    for (size_t i = 0; i < N_OPERATIONS; i++) {
        struct operation *operation = &operations[i];
        if (strcmp(operation->name, slash ? slash + 1 : name) != 0 ||
            (slash && (strlen(operation->driver) != length ||
                       strncmp(operation->driver, name, length) != 0)))
            continue;
        operation->closed = closed;
        found = true;
    }
    return found;
}

static void set_rule(char *names, bool closed)
{
    char *rest = NULL;
    for (char *name = strtok_r(names, " ,\t", &rest); name; name = strtok_r(NULL, " ,\t", &rest))
        if (!set_operations(name, closed))
            say("%s: %s is not an operation that can be refused; those are prepare, start, "
                "migrate and restore, and one of a single driver, as in lxc/start",
                config.file, name);
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

static void read_keys(void)
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

void config_read(void)
{
    read_keys();
    name_host();
}
