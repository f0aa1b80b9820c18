/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files are believed. A plugin runs with the daemon's rights, so who can write the file,
 * or can put another one in its place, could do whatever the daemon can.
 */
#include "base/memory.h"
#include "plug/loaded.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_writers(const struct stat *is, const char *what, struct error *error)
{
    if (is->st_uid != 0 && is->st_uid != geteuid())
        return error_set(error, ERROR_FORBIDDEN,
                         "%s belongs to user %u; expected root or user %u: chown it", what,
                         (unsigned)is->st_uid, (unsigned)geteuid());
    if (is->st_mode & (S_IWGRP | S_IWOTH))
        return error_set(error, ERROR_FORBIDDEN,
                         "%s can be written by others (mode %04o): chmod go-w", what,
                         (unsigned)is->st_mode & 07777);
    return 0;
}

static int check_directory(const char *path, struct error *error)
{
    char copy[PATH_MAX], what[PATH_MAX + 16];
    struct stat is;
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return error_set(error, ERROR_INPUT, "its path is too long");
    const char *directory = dirname(copy);
    if (stat(directory, &is) != 0)
        return error_set(error, ERROR_FAILED, "cannot look at its directory: %s", strerror(errno));
    snprintf(what, sizeof what, "its directory %s", directory);
    return check_writers(&is, what, error);
}

/* Where a link leads through two directories, either could be used to swap the file. */
static int check_directories(const char *path, struct error *error)
{
    char real[PATH_MAX];
    if (check_directory(path, error) != 0)
        return -1;
    return realpath(path, real) ? check_directory(real, error) : 0;
}

static int check_file(int fd, const char *path, enum plug_trust trust, size_t most, size_t *length,
                      struct error *error)
{
    struct stat is;
    if (fstat(fd, &is) != 0)
        return error_set(error, ERROR_FAILED, "cannot look at it: %s", strerror(errno));
    if (!S_ISREG(is.st_mode))
        return error_set(error, ERROR_INPUT, "is not a regular file");
    if (is.st_size < 0 || (uintmax_t)is.st_size > most)
        return error_set(error, ERROR_INPUT, "is larger than %zu bytes", most);
    *length = (size_t)is.st_size;
    if (trust == PLUG_TRUST_ANY)
        return 0;
    if (check_writers(&is, "the file", error) != 0)
        return -1;
    return check_directories(path, error);
}

static int read_all(int fd, char *bytes, size_t length, struct error *error)
{
    for (size_t have = 0; have < length;) {
        ssize_t part = read(fd, bytes + have, length - have);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return error_set(error, ERROR_FAILED, "cannot read it: %s", strerror(errno));
        if (part == 0)
            return error_set(error, ERROR_FAILED, "became shorter while it was read");
        have += (size_t)part;
    }
    return 0;
}

char *trusted_read(const char *path, enum plug_trust trust, size_t most, size_t *length,
                   struct error *error)
{
    /* O_NONBLOCK: a FIFO of that name must not stop us; regular files do not care. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FAILED, "cannot open it: %s",
                  strerror(errno));
        return NULL;
    }
    char *bytes = NULL;
    if (check_file(fd, path, trust, most, length, error) == 0) {
        bytes = memory_new(*length + 1);
        if (read_all(fd, bytes, *length, error) != 0) {
            free(bytes);
            bytes = NULL;
        }
    }
    close(fd);
    return bytes;
}
