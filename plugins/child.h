/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child process, for units that talk to the world by a program: no shell, a small environment of
 * its own, a text on its standard input, its output bounded, and an end by a deadline, with
 * everything that it started. Include it first: it wants GNU's extensions.
 */
#ifndef DROVER_PLUGINS_CHILD_H
#define DROVER_PLUGINS_CHILD_H

#define _GNU_SOURCE
#include <drover/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_INPUT_MAX 4000  /* a pipe takes so much at once, whoever reads */
#define CHILD_OUTPUT_MAX 1024 /* the end of its output counts: that is where errors stand */
#define CHILD_POLL_MS 50
#define CHILD_FAREWELL_S 1.0  /* between SIGTERM and SIGKILL */

enum child_end {
    CHILD_EXITED,
    CHILD_DIED,     /* by a signal */
    CHILD_OVERRAN,  /* it was killed at its deadline */
    CHILD_NOT_BORN,
};

struct child {
    enum child_end end;
    int status;                  /* exit status, or the signal, or errno */
    char output[CHILD_OUTPUT_MAX + 1]; /* the end of what it printed, as it came; ends with NUL */
    size_t length;
};

static inline double child_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Who else could write this file or directory could make drover run what he likes. NULL: nobody. */
static inline const char *child_distrust(const struct stat *is)
{
    if (is->st_uid != 0 && is->st_uid != geteuid())
        return "belongs neither to root nor to droverd's user";
    return is->st_mode & (S_IWGRP | S_IWOTH) ? "can be written by others: chmod go-w" : NULL;
}

/*
 * The program of that name in the first of these directories (NULL ends them) that has it. Each
 * directory with such a file, and the file, must be trustworthy. -1 with a sentence in text.
 */
static inline int child_find(const char *name, const char *const *directories, char *path,
                             size_t size, char *text, size_t text_size)
{
    for (; *directories; directories++) {
        struct stat file, directory;
        if (snprintf(path, size, "%s/%s", *directories, name) >= (int)size ||
            stat(path, &file) != 0 || stat(*directories, &directory) != 0)
            continue;
        const char *wrong = child_distrust(&directory);
        if (wrong)
            return snprintf(text, text_size, "the directory %s %s", *directories, wrong), -1;
        wrong = child_distrust(&file);
        if (!wrong && (!S_ISREG(file.st_mode) || access(path, X_OK) != 0))
            wrong = "is not a program that may be run";
        if (wrong)
            return snprintf(text, text_size, "%.400s %s", path, wrong), -1;
        return 0;
    }
    snprintf(text, text_size, "there is no program %s: is its package installed?", name);
    return -1;
}

/* The first line of a file that nobody but its owner may read. -1 with a sentence in text. */
static inline int child_read_secret(const char *path, char *secret, size_t size, char *text,
                                    size_t text_size)
{
    struct stat is;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &is) != 0) {
        snprintf(text, text_size, "cannot read %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    const char *wrong = child_distrust(&is);
    if (!wrong && (is.st_mode & (S_IRGRP | S_IROTH)))
        wrong = "can be read by others: chmod 600";
    ssize_t length = wrong || !S_ISREG(is.st_mode) ? -1 : read(fd, secret, size - 1);
    close(fd);
    secret[length > 0 ? length : 0] = '\0';
    secret[strcspn(secret, "\r\n")] = '\0';
    if (secret[0] && strlen(secret) < size - 1)
        return 0;
    if (wrong)
        snprintf(text, text_size, "%s %s", path, wrong);
    else
        snprintf(text, text_size, "%s: expected one line of 1 to %zu bytes", path, size - 2);
    return -1;
}

/* Keep the end of what comes. Returns false once there is no more. */
static inline bool child_listen(struct child *child, int fd)
{
    char bytes[CHILD_OUTPUT_MAX];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    size_t more = (size_t)n;
    size_t keep = child->length + more > CHILD_OUTPUT_MAX ? CHILD_OUTPUT_MAX - more : child->length;
    memmove(child->output, child->output + child->length - keep, keep);
    memcpy(child->output + keep, bytes, more);
    child->length = keep + more;
    child->output[child->length] = '\0';
    return true;
}

static inline void child_prepare(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions,
                                 int input, int output)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawn_file_actions_init(actions);
    posix_spawn_file_actions_addchdir_np(actions, "/");
    posix_spawn_file_actions_adddup2(actions, input, 0);
    posix_spawn_file_actions_adddup2(actions, output, 1);
    posix_spawn_file_actions_adddup2(actions, output, 2);
#if __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
}

static inline int child_spawn(pid_t *pid, char *const *argv, int input, int output)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                                              NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    child_prepare(&attributes, &actions, input, output);
    int wrong = posix_spawn(pid, argv[0], &actions, &attributes, argv, (char *const *)environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return wrong;
}

static inline void child_took_status(struct child *child, int status)
{
    if (child->end == CHILD_OVERRAN)
        return;
    child->end = WIFSIGNALED(status) ? CHILD_DIED : CHILD_EXITED;
    child->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* Until it has ended: SIGTERM at its deadline, SIGKILL a little later, both to its whole group. */
static inline void child_await(struct child *child, pid_t pid, int fd, double deadline)
{
    bool open = true;
    int status;
    for (;;) {
        struct pollfd end = {.fd = open ? fd : -1, .events = POLLIN};
        if (poll(&end, 1, CHILD_POLL_MS) > 0)
            open = child_listen(child, fd);
        /* The child is left a zombie until all of its group is told: its number stays its own. */
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid)
            break;
        if (child_clock() < deadline)
            continue;
        kill(-pid, child->end == CHILD_OVERRAN ? SIGKILL : SIGTERM);
        child->end = CHILD_OVERRAN;
        deadline = child_clock() + CHILD_FAREWELL_S;
    }
    kill(-pid, SIGKILL); /* what it started and left behind */
    for (int i = 0; open && i < CHILD_OUTPUT_MAX; i++) { /* what is in the pipe, and no more */
        struct pollfd end = {.fd = fd, .events = POLLIN};
        open = poll(&end, 1, 0) > 0 && child_listen(child, fd);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    child_took_status(child, status);
}

/* Run argv[0], with the text on its standard input, until it ends or the deadline has come. */
static inline void child_run(struct child *child, char *const *argv, const char *input,
                             double deadline)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    pid_t pid = -1;
    size_t length = strlen(input);
    memset(child, 0, sizeof *child);
    child->end = CHILD_NOT_BORN;
    if (length > CHILD_INPUT_MAX)
        child->status = E2BIG;
    else if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
             fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ||
             write(in[1], input, length) != (ssize_t)length)
        child->status = errno;
    else
        child->status = child_spawn(&pid, argv, in[0], out[1]);
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? in[0] : i == 1 ? in[1] : out[1];
        if (fd >= 0)
            close(fd);
    }
    if (in[1] >= 0 && out[0] >= 0 && child->status == 0) {
        child->end = CHILD_EXITED;
        child_await(child, pid, out[0], deadline);
    }
    if (out[0] >= 0)
        close(out[0]);
}

/* Strike the secret out; and at the beginning, where the rest of it was cut off, its end. */
static inline void child_hide(char *bytes, size_t length, const char *secret)
{
    size_t hidden = strlen(secret);
    for (char *at = bytes; hidden > 0; at += hidden) {
        at = memmem(at, length - (size_t)(at - bytes), secret, hidden);
        if (!at)
            break;
        memset(at, '*', hidden);
    }
    for (size_t half = hidden; length == CHILD_OUTPUT_MAX && half-- > 1;)
        if (memcmp(bytes, secret + hidden - half, half) == 0)
            memset(bytes, '*', half);
}

/* What it printed, for people: the last of it on one line, the secret struck out. */
static inline void child_said(const struct child *child, const char *secret, char *text,
                              size_t size)
{
    char bytes[CHILD_OUTPUT_MAX + 1];
    size_t length = child->length;
    memcpy(bytes, child->output, length);
    child_hide(bytes, length, secret);
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < ' ' || bytes[i] > '~')
            bytes[i] = bytes[i] == '\n' || bytes[i] == '\t' || bytes[i] == '\r' ? ' ' : '?';
    while (length > 0 && bytes[length - 1] == ' ')
        length--;
    bytes[length] = '\0';
    const char *from = bytes + (length >= size ? length - size + 1 : 0);
    snprintf(text, size, "%s", from + strspn(from, " "));
}

/* How it ended, for people: "ended with status 1: Connection refused". */
static inline void child_tell(const struct child *child, const char *secret, char *text,
                              size_t size)
{
    char said[300];
    child_said(child, secret, said, sizeof said);
    const char *colon = said[0] ? ": " : "";
    switch (child->end) {
    case CHILD_EXITED:
        snprintf(text, size, "ended with status %d%s%s", child->status, colon, said);
        break;
    case CHILD_DIED:
        snprintf(text, size, "was ended by signal %d%s%s", child->status, colon, said);
        break;
    case CHILD_OVERRAN:
        snprintf(text, size, "did not end in time and was killed%s%s", colon, said);
        break;
    case CHILD_NOT_BORN:
        snprintf(text, size, "could not be run: %s", strerror(child->status));
        break;
    }
}

#endif
