/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recorded migration walked through a schedule: see walk.h. */
#include "walk.h"

#include "base/memory.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "decide/schedule.h"
#include "view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ the file */

struct report {
    double at;
    uint32_t iteration;
    double memory_mib; /* NAN: as the file says for all */
    double remaining_mib;
    double throughput_mib_s;
    bool postcopy;
};

struct recording {
    uint32_t format;
    double memory_mib;
    struct report *report;
    uint32_t n, room;
    const char *file;
};

#define REPORT(member) offsetof(struct report, member)
static const struct field report_fields[] = {
    {.key = "at", .type = FIELD_NUMBER, .offset = REPORT(at), .flags = FIELD_REQUIRED, .min = 0,
     .max = 1e9},
    {.key = "iteration", .type = FIELD_U32, .offset = REPORT(iteration), .flags = FIELD_REQUIRED},
    {.key = "memory_mib", .type = FIELD_OPTIONAL, .offset = REPORT(memory_mib)},
    {.key = "remaining_mib", .type = FIELD_NUMBER, .offset = REPORT(remaining_mib),
     .flags = FIELD_REQUIRED, .min = 0, .max = 1e12},
    {.key = "throughput_mib_s", .type = FIELD_NUMBER, .offset = REPORT(throughput_mib_s), .min = 0,
     .max = 1e9},
    {.key = "postcopy", .type = FIELD_BOOL, .offset = REPORT(postcopy)},
    {0},
};

static const struct field recording_fields[] = {
    {.key = "progress", .type = FIELD_U32, .offset = offsetof(struct recording, format),
     .flags = FIELD_REQUIRED, .min = 1, .max = 1},
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = offsetof(struct recording, memory_mib),
     .min = 0, .max = 1e12},
    {0},
};

static int add_report(void *self, const void *row, struct mark mark, struct error *error)
{
    struct recording *recording = self;
    const struct report *report = row;
    if (recording->n > 0 && report->at < recording->report[recording->n - 1].at)
        return yaml_error(error, recording->file, mark,
                          "reports: at: %g s is before the report above, at %g s", report->at,
                          recording->report[recording->n - 1].at);
    recording->report = memory_grow(recording->report, &recording->room, recording->n + 1,
                                    sizeof *recording->report);
    recording->report[recording->n++] = *report;
    return 0;
}

static int read_recording(struct recording *recording, const char *path, struct error *error)
{
    const struct yaml_rows rows[] = {
        {.key = "reports", .table = report_fields, .row_size = sizeof(struct report),
         .row = add_report},
        {0},
    };
    struct yaml_document document = {.file = path, .table = recording_fields, .record = recording,
                                     .rows = rows, .self = recording};
    struct arena arena = ARENA_INIT;
    size_t length;
    char *bytes = file_read(path, &length, error);
    recording->file = path;
    int result = bytes ? yaml_read(&document, bytes, length, &arena, error) : -1;
    arena_free(&arena);
    free(bytes);
    return result;
}

/* ------------------------------------------------------------------ the schedule */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool has_flag(const json_t *plan, const char *name)
{
    const json_t *flag;
    size_t i;
    json_array_foreach((json_t *)view_array(plan, "flags"), i, flag) {
        if (json_is_string(flag) && strcmp(json_string_value(flag), name) == 0)
            return true;
    }
    return false;
}

static double number_or_0(const json_t *object, const char *key)
{
    double number = view_number(object, key);
    return isfinite(number) && number > 0 ? number : 0;
}

/* What a plan says of it, as it was before it became JSON. */
static void take_schedule(const json_t *plan, struct how *how, struct arena *arena)
{
    const json_t *schedule = view_array(plan, "schedule"), *step;
    struct stall *stalls = arena_array(arena, json_array_size(schedule), sizeof *stalls);
    int watch = field_choice(watch_names, text_of(plan, "watch"));
    size_t i;
    how->stalls = (struct rows){.item = stalls, .n = (uint32_t)json_array_size(schedule)};
    json_array_foreach((json_t *)schedule, i, step) {
        int action = field_choice(stall_action_names, text_of(step, "do"));
        stalls[i] = (struct stall){
            .stall = (uint32_t)fmin(1e6, number_or_0(step, "stall")),
            .action = action < 0 ? 0 : action,
            .downtime_ms = number_or_0(step, "ms"),
        };
    }
    how->watch = watch < 0 ? DROVER_WATCH_ITERATIONS : watch;
    how->postcopy = has_flag(plan, "postcopy");
    how->stall_s = number_or_0(plan, "stall_s");
    how->time_limit_s = number_or_0(plan, "time_limit_s");
}

/* ------------------------------------------------------------------ walking */

struct walk {
    struct how how;
    struct migration migration;
    json_t *rows;
    bool given_up;
};

static void add_row(struct walk *walk, double at, const struct due *due)
{
    const struct progress *progress = &walk->migration.progress;
    json_t *row = json_pack("{s:o, s:i, s:o, s:i}", "at", json_real(at), "iteration",
                            (int)progress->iteration, "remaining_mib",
                            json_real(progress->memory_remaining_mib), "progress_pct",
                            (int)progress_percentage(progress));
    if (due->action) {
        json_object_set_new(row, "do", json_string(stall_action_names[due->action]));
        json_object_set_new(row, "why", json_string(due->why));
    }
    if (due->action == DROVER_STALL_DOWNTIME)
        json_object_set_new(row, "ms", json_real(due->downtime_ms));
    json_array_append_new(walk->rows, row);
    walk->given_up = due->action == DROVER_STALL_ABORT;
}

/* Time passes without a report: the end of its time comes all the same. */
static void wait_until(struct walk *walk, double at)
{
    for (double end = schedule_ends_at(&walk->how, &walk->migration);
         end < at && !walk->given_up; end = schedule_ends_at(&walk->how, &walk->migration)) {
        struct due due = schedule_due(&walk->how, &walk->migration, end);
        add_row(walk, end, &due);
    }
}

static void take_report(struct walk *walk, const struct report *report, double memory_mib)
{
    wait_until(walk, report->at);
    if (walk->given_up)
        return; /* what was recorded after that did not happen */
    walk->migration.progress = (struct progress){
        .memory_total_mib = isnan(report->memory_mib) ? memory_mib : report->memory_mib,
        .memory_remaining_mib = report->remaining_mib, .iteration = report->iteration,
        .throughput_mib_s = report->throughput_mib_s, .postcopy = report->postcopy,
    };
    struct due due = schedule_due(&walk->how, &walk->migration, report->at);
    add_row(walk, report->at, &due);
}

int walk_recording(json_t *plan, const char *path, struct error *error)
{
    struct recording recording = {0};
    struct arena arena = ARENA_INIT;
    int result = read_recording(&recording, path, error);
    if (result == 0) {
        struct walk walk = {.rows = json_array()};
        field_defaults(migration_fields, &walk.migration);
        walk.migration.started_at = 0;
        take_schedule(plan, &walk.how, &arena);
        for (uint32_t i = 0; i < recording.n && !walk.given_up; i++)
            take_report(&walk, &recording.report[i], recording.memory_mib);
        json_object_set_new(plan, "progress", walk.rows);
    }
    arena_free(&arena);
    free(recording.report);
    return result;
}

/* ------------------------------------------------------------------ for people */

static const char *what_is_done(struct screen *screen, const json_t *row)
{
    const char *action = view_text(screen, row, "do");
    const char *what = strcmp(action, "abort") == 0 ? "given up" : "switched to post-copy";
    if (!*action)
        return "";
    if (strcmp(action, "downtime") == 0)
        what = arena_printf(&screen->arena, "a pause of %s ms is allowed",
                            view_show_number(screen, view_number(row, "ms"), 0));
    return arena_printf(&screen->arena, "  %s: %s", what, view_text(screen, row, "why"));
}

void render_walk(struct screen *screen, const json_t *plan)
{
    const json_t *row;
    size_t i;
    screen_print(screen, STYLE_STRONG, "\n%8s  %4s  %14s  %5s\n", "AT", "PASS", "REMAINING", "DONE");
    json_array_foreach((json_t *)view_array(plan, "progress"), i, row) {
        screen_print(screen, STYLE_PLAIN, "%6s s  %4s  %10s MiB  %3s %%",
                     view_show_number(screen, view_number(row, "at"), 0),
                     view_show_number(screen, view_number(row, "iteration"), 0),
                     view_show_number(screen, view_number(row, "remaining_mib"), 0),
                     view_show_number(screen, view_number(row, "progress_pct"), 0));
        screen_print(screen, STYLE_CAREFUL, "%s\n", what_is_done(screen, row));
    }
}
