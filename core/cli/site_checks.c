/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A site's own checks. A program is run by its path, without a shell, in a session of its own, and
 * at its deadline that whole session is killed. Of what it prints the first line is the finding,
 * of which so many bytes are kept; the rest is read and dropped, so that it need not wait.
 *
 * A program that somebody else than root or the caller could have written is not run, and that is
 * a finding, too: a check that is silently left out would be taken for one that is content.
 */
#include "site_checks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT 160
#define PAUSE_MS 20 /* between two looks at a program that has closed its output */

struct run {
    pid_t pid;
    int output;
    gint64 until_us;
    char text[KEPT + 1];
    size_t length;
};

static int is_check(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 0 && entry->d_name[length - 1] != '~';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Why it is not run, or NULL. */
static const char *distrust(const char *path)
{
    struct stat is;
    if (stat(path, &is) != 0)
        return "cannot be read";
    if (!S_ISREG(is.st_mode) || !(is.st_mode & S_IXUSR))
        return "is no program: chmod +x";
    if (is.st_uid != 0 && is.st_uid != geteuid())
        return "belongs to somebody else";
    return (is.st_mode & (S_IWGRP | S_IWOTH)) ? "can be written by others: chmod go-w" : NULL;
}

/* In the child. */
static void become(const char *path, const int *ends)
{
    char *const arguments[] = {(char *)(uintptr_t)path, NULL};
    int nothing = open("/dev/null", O_RDWR);
    setsid();
    dup2(nothing, STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(path, arguments);
    _exit(127);
}

static int begin(struct run *run, const char *path, double timeout_s)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    *run = (struct run){.output = ends[0],
                        .until_us = g_get_monotonic_time() + (gint64)(timeout_s * 1e6)};
    run->pid = fork();
    if (run->pid == 0)
        become(path, ends);
    close(ends[1]);
    if (run->pid > 0)
        return 0;
    close(ends[0]);
    return -1;
}

static int left_ms(const struct run *run)
{
    gint64 left = (run->until_us - g_get_monotonic_time()) / 1000;
    return left > 0 ? (int)MIN(left, 1000) : 0;
}

/* Until it has closed its output, or its time is over. */
static void listen_to(struct run *run)
{
    struct pollfd ready = {.fd = run->output, .events = POLLIN};
    char bytes[512];
    while (left_ms(run) > 0) {
        if (poll(&ready, 1, left_ms(run)) <= 0)
            continue;
        ssize_t n = read(run->output, bytes, sizeof bytes);
        if (n <= 0)
            break;
        size_t room = KEPT - run->length;
        size_t kept = (size_t)n < room ? (size_t)n : room;
        memcpy(run->text + run->length, bytes, kept);
        run->length += kept;
    }
    close(run->output);
}

/* Its status as of waitpid(); -1: it did not end in time, and was killed with all that it began. */
static int end(struct run *run)
{
    int status = 0;
    while (left_ms(run) > 0) {
        if (waitpid(run->pid, &status, WNOHANG) == run->pid)
            return status;
        g_usleep(PAUSE_MS * 1000);
    }
    kill(-run->pid, SIGKILL);
    kill(run->pid, SIGKILL); /* it may not have had the time to get a session of its own */
    waitpid(run->pid, &status, 0);
    return -1;
}

static void tell_about(const char *name, const char *what, site_finding *tell, void *self)
{
    g_autofree char *text = g_strdup_printf("%s: %s", name, what);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    for (char *c = valid; *c; c = g_utf8_next_char(c))
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            memset(c, ' ', (size_t)(g_utf8_next_char(c) - c));
    tell(self, g_strchomp(valid));
}

static void run_check(const char *dir, const char *name, double timeout_s, site_finding *tell,
                      void *self)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    const char *why = distrust(path);
    struct run run;
    if (!why && begin(&run, path, timeout_s) != 0)
        why = "cannot be started";
    if (why) {
        tell_about(name, why, tell, self);
        return;
    }
    listen_to(&run);
    int status = end(&run);
    run.text[strcspn(run.text, "\n")] = '\0';
    if (status == -1)
        tell_about(name, "did not end in time", tell, self);
    else if (status != 0)
        tell_about(name, run.text[0] ? run.text : "failed", tell, self);
}

void site_checks_run(const char *dir, double timeout_s, site_finding *tell, void *self)
{
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, is_check, by_name);
    for (int i = 0; i < n; i++) {
        run_check(dir, entry[i]->d_name, timeout_s, tell, self);
        free(entry[i]);
    }
    free(entry);
}
