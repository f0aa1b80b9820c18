/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: set once, prefixed on the way up. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    if (!error || error->kind != ERROR_NONE)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    error->kind = kind;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
    if (!error || error->kind == ERROR_NONE)
        return -1;
    char old[sizeof error->text];
    memcpy(old, error->text, sizeof old);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length;
    if (used + 2 >= sizeof error->text)
        return -1;
    memcpy(error->text + used, ": ", 2);
    size_t room = sizeof error->text - used - 2;
    size_t copied = strnlen(old, room - 1);
    memcpy(error->text + used + 2, old, copied);
    error->text[used + 2 + copied] = '\0';
    return -1;
}

void error_clear(struct error *error)
{
    error->kind = ERROR_NONE;
    error->text[0] = '\0';
}

int error_exit_status(enum error_kind kind)
{
    static const int status[] = {
        [ERROR_NONE] = 0,      [ERROR_FAILED] = 1,  [ERROR_USAGE] = 2,     [ERROR_INPUT] = 2,
        [ERROR_NOT_FOUND] = 2, [ERROR_REFUSED] = 3, [ERROR_FORBIDDEN] = 1, [ERROR_NO_DAEMON] = 4,
    };
    return status[kind];
}
