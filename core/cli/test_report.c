/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TAP, or JSON; see test_report.h. */
#include "test_report.h"

#include "codec/json.h"
#include "codec/yaml_write.h"

#include <stdlib.h>
#include <string.h>

struct report report_begin(struct cli *cli, uint32_t tests, uint64_t seed)
{
    struct report report = {.cli = cli, .tests = cli->json ? json_array() : NULL};
    if (!cli->json)
        screen_print(&cli->screen, STYLE_PLAIN, "TAP version 13\n1..%u\n# seed %llu\n", tests,
                     (unsigned long long)seed);
    return report;
}

/* A '#' in a name would begin a directive. */
static const char *tap_name(struct screen *screen, const char *name)
{
    const char *safe = screen_safe(screen, name);
    char *escaped = arena_new(&screen->arena, 2 * strlen(safe) + 1), *to = escaped;
    for (; *safe; safe++) {
        if (*safe == '#')
            *to++ = '\\';
        *to++ = *safe;
    }
    return escaped;
}

/* YAML has escaped what is not fit for a terminal. */
static void print_told(struct screen *screen, json_t *told)
{
    char *text = yaml_text(told), *rest = text;
    screen_print(screen, STYLE_FAINT, "  ---\n");
    for (char *line; (line = strsep(&rest, "\n")) && (*line || rest);)
        screen_print(screen, STYLE_PLAIN, "  %s\n", screen_safe(screen, line));
    screen_print(screen, STYLE_FAINT, "  ...\n");
    free(text);
}

void report_test(struct report *report, const char *name, json_t *told)
{
    struct screen *screen = &report->cli->screen;
    report->n++;
    report->failed += told != NULL;
    if (report->tests) {
        json_t *row = json_pack("{s:o, s:b}", "name", json_from_text(name), "ok", !told);
        if (told)
            json_object_set(row, "told", told);
        json_array_append_new(report->tests, row);
    } else {
        screen_print(screen, told ? STYLE_BAD : STYLE_GOOD, told ? "not ok" : "ok");
        screen_print(screen, STYLE_PLAIN, " %u - %s\n", report->n, tap_name(screen, name));
        if (told)
            print_told(screen, told);
    }
    json_decref(told);
}

int report_end(struct report *report, uint64_t seed)
{
    if (report->tests) {
        json_t *all = json_pack("{s:I, s:i, s:i, s:o}", "seed", (json_int_t)seed, "passed",
                                (int)(report->n - report->failed), "failed", (int)report->failed,
                                "tests", report->tests);
        print_json(report->cli, all);
        json_decref(all);
    } else if (report->failed) {
        screen_print(&report->cli->screen, STYLE_BAD, "# %u of %u failed\n", report->failed,
                     report->n);
    }
    return report->failed > 0;
}
