/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a fence agent printed: a digit for how it ended, a line with the password that it knows,
 * then its output, as a pipe brings it. What is told of it is one printable line that ends in time
 * and has no password in it, and what is no word of "off" is not taken for one.
 */
/* NOLINTNEXTLINE(bugprone-suspicious-include): what is tried, it keeps to itself */
#include "../../plugins/fence_agent.c"

#include "fuzz/fuzz.h"

#define SECRET_MAX 500 /* such a line is the longest that a file of a password may have */
#define PIECE_MAX 4096 /* a pipe takes so much at once */

/* All of it through a pipe, in pieces; child_listen() keeps the end. */
static void listen_to(struct child *child, const uint8_t *bytes, size_t length)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    for (size_t piece = 1; length > 0; piece = piece * 2 + 1) {
        size_t n = length < piece ? length : piece < PIECE_MAX ? piece : PIECE_MAX;
        if (write(ends[1], bytes, n) != (ssize_t)n)
            abort();
        for (size_t heard = 0; heard < n; heard += CHILD_OUTPUT_MAX)
            child_listen(child, ends[0]);
        bytes += n;
        length -= n;
    }
    close(ends[1]);
    fuzz_must(!child_listen(child, ends[0]), "there is more than was written", NULL, NULL);
    close(ends[0]);
}

/* Words, not marks: of "* * *" one would not know whether it was struck out. */
static bool is_word(const char *secret)
{
    size_t n = 0;
    for (; secret[n]; n++)
        if (!((secret[n] >= 'a' && secret[n] <= 'z') || (secret[n] >= '0' && secret[n] <= '9')))
            return false;
    return n >= 8;
}

static void try_line(const char *text, size_t size, const char *secret)
{
    fuzz_must(strlen(text) < size, "longer than its room", text, NULL);
    for (const char *c = text; *c; c++)
        fuzz_must(*c >= ' ' && *c <= '~', "not printable", text, NULL);
    if (is_word(secret))
        fuzz_must(!strstr(text, secret), "the password is told", text, secret);
}

/* Of a password that was cut in two with the output, the half that is there is none to tell. */
static void try_cut(const struct child *child, const char *secret)
{
    char all[CHILD_OUTPUT_MAX + 1];
    size_t n = strlen(secret);
    if (!is_word(secret) || child->length < CHILD_OUTPUT_MAX || child->output[0] <= ' ')
        return;
    child_said(child, secret, all, sizeof all);
    for (size_t half = 1; half < n; half++)
        fuzz_must(strncmp(all, secret + n - half, half) != 0, "half of the password is told", all,
                  secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct child child = {.end = CHILD_EXITED, .status = STATUS_OFF};
    char secret[SECRET_MAX + 1] = "", text[64], told[400];
    if (length == 0)
        return 0;
    child.end = (enum child_end)(bytes[0] % (CHILD_NOT_BORN + 1));
    bytes++, length--;
    const uint8_t *line = length ? memchr(bytes, '\n', length) : NULL;
    size_t first = line ? (size_t)(line - bytes) : 0;
    if (line && first <= SECRET_MAX && !memchr(bytes, '\0', first))
        memcpy(secret, bytes, first);
    listen_to(&child, bytes + first, length - first);
    fuzz_must(child.length <= CHILD_OUTPUT_MAX && child.output[child.length] == '\0',
              "the end was not kept", NULL, NULL);
    child_said(&child, secret, text, sizeof text);
    try_line(text, sizeof text, secret);
    child_tell(&child, secret, told, sizeof told);
    try_line(told, sizeof told, secret);
    try_cut(&child, secret);
    if (means_off(&child) && strspn(child.output, " \t\r\n") != child.length)
        fuzz_must(strcasestr(child.output, "off") != NULL, "taken for off", child.output, NULL);
    return 0;
}
