/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log: standard error, one line each. Under systemd a <N> in front gives the priority; on a
 * terminal it would only disturb. Texts may hold what a VM's owner wrote: control characters are
 * shown, not sent.
 */
#include "daemon/daemon.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *prefix(enum notice_level level)
{
    static const char *const priorities[] = {"<6>", "<4>", "<3>"};
    static const char *const words[] = {"", "warning: ", "error: "};
    return getenv("JOURNAL_STREAM") ? priorities[level] : words[level];
}

static void put_clean(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", *c);
        else
            fputc(*c, out);
    }
}

void log_line(enum notice_level level, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs(prefix(level), stderr);
    put_clean(stderr, text);
    fputc('\n', stderr);
}

static void put_field(const char *key, const char *value)
{
    if (!value[0])
        return;
    fprintf(stderr, " %s=", key);
    put_clean(stderr, value);
}

void log_notice(const struct effect *notice)
{
    fputs(prefix((enum notice_level)notice->level), stderr);
    put_clean(stderr, notice->text);
    fprintf(stderr, " [%s", notice->name);
    put_field("host", notice->host);
    put_field("vm", notice->vm);
    if (notice->move)
        fprintf(stderr, " migration=%llu", (unsigned long long)notice->move);
    fputs("]\n", stderr);
}
