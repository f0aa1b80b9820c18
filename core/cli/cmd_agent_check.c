/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover agent-check: does this very machine have trouble that its VMs should leave it for? It
 * reads the kernel's counters of memory errors (EDAC) and its thermal zones, and runs the site's
 * own checks. It asks no daemon and changes nothing but, with --file, the file that announces
 * trouble.
 */
#include "command.h"

#include "site_checks.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TROUBLE 3        /* the exit status: this host should have no VMs */
#define TRIP_POINTS 16   /* of a thermal zone; the kernel knows twelve at most */
#define FILE_BYTES 100   /* of the kernel's small files */

struct checking {
    const char *root;
    GPtrArray *found; /* texts */
};

static void found(struct checking *checking, char *text)
{
    g_ptr_array_add(checking->found, text);
}

static void site_found(void *self, const char *text)
{
    found(self, g_strdup(text));
}

/* A small file of the kernel's, one line; NULL where it cannot be read. */
static char *read_line(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char text[FILE_BYTES] = "";
    FILE *file = fopen(path, "re");
    char *line = file ? fgets(text, sizeof text, file) : NULL;
    if (file)
        fclose(file);
    return line ? g_strdup(g_strstrip(text)) : NULL;
}

static double read_number(const char *dir, const char *name)
{
    g_autofree char *text = read_line(dir, name);
    char *rest = text;
    double number = text ? g_ascii_strtod(text, &rest) : NAN;
    return rest != text && *rest == '\0' ? number : NAN;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Calls check for each directory of that beginning, in order of name. */
static void each(struct checking *checking, const char *where, const char *beginning,
                 void (*check)(struct checking *, const char *dir, const char *name))
{
    g_autofree char *parent = g_build_filename(checking->root, where, NULL);
    GDir *dir = g_dir_open(parent, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_prefix(name, beginning) && g_ascii_isdigit(name[strlen(beginning)]))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(parent, g_ptr_array_index(names, i), NULL);
        check(checking, path, g_ptr_array_index(names, i));
    }
    g_ptr_array_unref(names);
    if (dir)
        g_dir_close(dir);
}

/* Corrected errors are what ECC is for; an uncorrected one was somebody's data. */
static void check_memory(struct checking *checking, const char *dir, const char *name)
{
    double errors = read_number(dir, "ue_count");
    if (errors > 0)
        found(checking, g_strdup_printf("memory controller %s: %.0f uncorrected errors", name,
                                        errors));
}

/* At its critical point a machine switches itself off. */
static void check_zone(struct checking *checking, const char *dir, const char *name)
{
    double now = read_number(dir, "temp") / 1000;
    g_autofree char *type = read_line(dir, "type");
    for (int i = 0; i < TRIP_POINTS; i++) {
        g_autofree char *of_type = g_strdup_printf("trip_point_%d_type", i);
        g_autofree char *of_temp = g_strdup_printf("trip_point_%d_temp", i);
        g_autofree char *kind = read_line(dir, of_type);
        double point = read_number(dir, of_temp) / 1000;
        if (!kind || strcmp(kind, "critical") != 0 || !(point > 0) || !(now >= point))
            continue;
        found(checking, g_strdup_printf("%s (%s): %.0f degrees, critical at %.0f", name,
                                        type ? type : "?", now, point));
        return;
    }
}

/* The file is there while there is trouble; it is put in place whole. */
static int announce(const struct checking *checking, const char *path, struct error *error)
{
    if (checking->found->len == 0) {
        if (unlink(path) != 0 && errno != ENOENT)
            return error_set(error, ERROR_FAILED, "%s: cannot be removed: %s", path,
                             strerror(errno));
        return 0;
    }
    GError *why = NULL;
    g_autofree char *line = g_strdup_printf("%s\n", (char *)checking->found->pdata[0]);
    if (g_file_set_contents(path, line, -1, &why))
        return 0;
    error_set(error, ERROR_FAILED, "%s", why->message);
    g_error_free(why);
    return -1;
}

static void print_found(struct cli *cli, const struct checking *checking)
{
    json_t *list = json_array();
    for (guint i = 0; i < checking->found->len; i++) {
        const char *text = g_ptr_array_index(checking->found, i);
        json_array_append_new(list, json_string(text));
        if (!cli->json)
            screen_print(&cli->screen, STYLE_PLAIN, "%s\n", screen_safe(&cli->screen, text));
    }
    if (cli->json)
        print_json(cli, list);
    json_decref(list);
}

static int run_agent_check(struct cli *cli, struct error *error)
{
    const char *root = option_text(&cli->options, "--root");
    const char *dir = option_text(&cli->options, "--dir");
    const char *file = option_text(&cli->options, "--file");
    double timeout_s;
    if (option_duration_s(&cli->options, "--timeout", 10, &timeout_s, error) < 0)
        return -1;
    struct checking checking = {.root = root ? root : "/",
                                .found = g_ptr_array_new_with_free_func(g_free)};
    g_autofree char *usual = g_build_filename(checking.root, "etc/drover/checks.d", NULL);
    each(&checking, "sys/devices/system/edac/mc", "mc", check_memory);
    each(&checking, "sys/class/thermal", "thermal_zone", check_zone);
    site_checks_run(dir ? dir : usual, timeout_s, site_found, &checking);
    print_found(cli, &checking);
    int status = checking.found->len > 0 ? TROUBLE : 0;
    if (file && announce(&checking, file, error) < 0)
        status = -1;
    g_ptr_array_unref(checking.found);
    return status;
}

static const struct option agent_check_options[] = {
    {"--dir", "DIR", "the site's own checks; /etc/drover/checks.d otherwise"},
    {"--timeout", "DURATION", "each of those may take so long; 10s otherwise"},
    {"--file", "FILE", "there while there is trouble, with its first line: alarm.d/HOST"},
    {"--root", "DIR", "where this machine's sys and etc are; / otherwise"},
    {NULL, NULL, NULL},
};

const struct command command_agent_check = {
    .name = "agent-check",
    .usage = "[--dir DIR] [--file FILE]",
    .summary = "look for trouble of this very machine: memory, heat, the site's own checks",
    .details = "One line for each trouble: uncorrected memory errors that the kernel has counted, "
               "a thermal zone at its critical point, a program of the site's that ends with "
               "another status than 0, which says why by its first line. The exit status is 3 "
               "where there is any.",
    .place = ALONE,
    .least_words = 0,
    .most_words = 0,
    .options = agent_check_options,
    .run = run_agent_check,
};
