/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One error: set once, where it is known best; carried up; logged once, by whoever
 * handles it. Functions that can fail take `struct error *error` last and return -1 or NULL.
 */
#ifndef DROVER_BASE_ERROR_H
#define DROVER_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

/* What kind of thing went wrong; the command line and the API map these to statuses. */
enum error_kind {
    ERROR_NONE,
    ERROR_FAILED,    /* tried, and it did not work: exit status 1, HTTP 500 */
    ERROR_USAGE,     /* the question itself is wrong: exit status 2, HTTP 400 */
    ERROR_INPUT,     /* a file or message is wrong: exit status 2, HTTP 400 */
    ERROR_NOT_FOUND, /* no such host, VM, ...: exit status 2, HTTP 404 */
    ERROR_REFUSED,   /* by policy: exit status 3, HTTP 409 */
    ERROR_FORBIDDEN, /* who asks may not: exit status 1, HTTP 403 */
    ERROR_NO_DAEMON, /* exit status 4 */
};

struct error {
    enum error_kind kind;
    char text[1024];
};

#define ERROR_INIT {ERROR_NONE, ""}

/*
 * Set the error; returns -1, so that `return error_set(...)` reads well. An error that is set
 * already is kept: the first one is the cause. `error` may be NULL: nobody wants to know.
 */
int error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "format: " before the text of a set error, on its way up. Returns -1. */
int error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *error);

/* The exit status of design: 0 done, 1 failed, 2 wrong usage, 3 refused by policy, 4 no daemon. */
int error_exit_status(enum error_kind kind);

#endif
