/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing for people, safely; see screen.h. */
#include "screen.h"

#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static const char *const style_start[] = {
    [STYLE_PLAIN] = "",        [STYLE_STRONG] = "\033[1m", [STYLE_FAINT] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_BAD] = "\033[31m",   [STYLE_CAREFUL] = "\033[33m",
};

void screen_open(struct screen *screen, bool no_color)
{
    const char *forbidden = getenv("NO_COLOR");
    const char *kind = getenv("TERM");

    *screen = (struct screen){.terminal = isatty(STDOUT_FILENO)};
    screen->colour = screen->terminal && !no_color && !(forbidden && *forbidden) &&
                     !(kind && strcmp(kind, "dumb") == 0);
    /* Widths of characters only: everything else stays as in the C locale, on every machine. */
    setlocale(LC_CTYPE, "C.UTF-8");
}

void screen_close(struct screen *screen)
{
    arena_free(&screen->arena);
}

unsigned screen_width(const struct screen *screen)
{
    struct winsize size;
    if (screen->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 100;
}

/* One character of UTF-8: its length, 0 where the bytes are none (overlong, cut, surrogate). */
static unsigned decode(const unsigned char *bytes, uint32_t *character)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } shapes[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (unsigned n = 0; n < 4; n++) {
        if ((bytes[0] & shapes[n].mask) != shapes[n].lead)
            continue;
        uint32_t value = bytes[0] & (unsigned char)~shapes[n].mask;
        for (unsigned i = 1; i <= n; i++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (bytes[i] & 0x3f);
        }
        if (value < shapes[n].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return 0;
        *character = value;
        return n + 1;
    }
    return 0;
}

/* Controls, line and paragraph separators, and what turns the direction of what follows. */
static bool harmful(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe007f);
}

const char *screen_safe(struct screen *screen, const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    /* The longest that one byte can become is "\xNN"; "\u{NNNNNN}" replaces two or more. */
    char *safe = arena_new(&screen->arena, strlen(text) * 5 + 1);
    char *to = safe;

    while (*from) {
        uint32_t c = 0;
        unsigned length = decode(from, &c);
        if (length > 1 && harmful(c)) {
            to += sprintf(to, "\\u{%x}", (unsigned)c);
        } else if (length == 0 || harmful(c)) {
            to += sprintf(to, "\\x%02x", *from);
            length = 1;
        } else {
            memcpy(to, from, length);
            to += length;
        }
        from += length;
    }
    return safe;
}

size_t screen_cells(const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t cells = 0;

    while (*from) {
        uint32_t c = 0;
        unsigned length = decode(from, &c);
        int width = length ? wcwidth((wchar_t)c) : 1;
        cells += width > 0 ? (size_t)width : 0;
        from += length ? length : 1;
    }
    return cells;
}

void screen_print(struct screen *screen, enum style style, const char *format, ...)
{
    bool coloured = screen->colour && style != STYLE_PLAIN;
    va_list arguments;

    if (coloured)
        fputs(style_start[style], stdout);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    if (coloured)
        fputs("\033[0m", stdout);
}

void screen_wrap(struct screen *screen, enum style style, unsigned indent, const char *text)
{
    size_t room = screen_width(screen) > indent + 20 ? screen_width(screen) - indent : 20;
    size_t used = 0;

    while (*text) {
        size_t length = strcspn(text, " ");
        char *word = arena_bytes(&screen->arena, text, length);
        size_t cells = screen_cells(word);
        if (used > 0 && used + 1 + cells > room) {
            screen_print(screen, STYLE_PLAIN, "\n");
            used = 0;
        }
        screen_print(screen, STYLE_PLAIN, "%*s", used ? 1 : (int)indent, "");
        screen_print(screen, style, "%s", word);
        used += (used ? 1 : 0) + cells;
        text += length + strspn(text + length, " ");
    }
    screen_print(screen, STYLE_PLAIN, "\n");
}

void screen_lines(struct screen *screen, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        screen_print(screen, STYLE_PLAIN, "%s\n",
                     screen_safe(screen, arena_bytes(&screen->arena, text, length)));
        text += length + (text[length] == '\n');
    }
}

void screen_complain(const char *text)
{
    struct screen screen = {.terminal = false};
    /* What was said so far comes first, also where both go to the same file. */
    fflush(stdout);
    fprintf(stderr, "drover: %s\n", screen_safe(&screen, text));
    arena_free(&screen.arena);
}
