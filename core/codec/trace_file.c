/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces in. See trace_file.h. */
#include "codec/trace_file.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "codec/text.h"
#include "codec/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MOST 4
#define CELLS_LEAST 3
#define CELL_LIMIT 300
#define DIRTY_MOST_MIB_S 1e6
#define TIME_MOST_S 1e10

struct loader {
    const char *file;
    const struct fleet *fleet;
    struct trace *trace;
    const char *last_name; /* of the VM of the row before, in the trace's arena; and its key */
    const char *last_key;
};

/* Rows of one VM stand together as a rule: then it is looked for once. */
static const char *key_of(struct loader *loader, const char *name, struct mark mark,
                          struct error *error)
{
    if (loader->last_name && strcmp(loader->last_name, name) == 0)
        return loader->last_key;
    struct error why = ERROR_INIT;
    const struct vm *vm = fleet_find_vm(loader->fleet, name, &why);
    if (!vm) {
        yaml_error(error, loader->file, mark, "%s", why.text);
        return NULL;
    }
    loader->last_name = arena_text(&loader->trace->arena, name);
    loader->last_key = arena_text(&loader->trace->arena, vm_key(vm));
    return loader->last_key;
}

static int add(struct loader *loader, const struct trace_sample *sample, struct mark mark,
               struct error *error)
{
    struct trace *trace = loader->trace;
    const char *key = key_of(loader, sample->vm, mark, error);
    if (!key)
        return -1;
    trace->samples = memory_grow(trace->samples, &trace->capacity, trace->n + 1,
                                 sizeof *trace->samples);
    trace->samples[trace->n] = *sample;
    trace->samples[trace->n].vm = key;
    trace->samples[trace->n++].line = mark.line;
    return 0;
}

/* ------------------------------------------------------------------ YAML */

#define SAMPLE(member) offsetof(struct trace_sample, member)
static const struct field sample_fields[] = {
    {.key = "time", .type = FIELD_DURATION, .offset = SAMPLE(at_s), .flags = FIELD_REQUIRED,
     .max = TIME_MOST_S},
    {.key = "vm", .type = FIELD_TEXT, .offset = SAMPLE(vm), .flags = FIELD_REQUIRED},
    {.key = "cpu_pct", .type = FIELD_NUMBER, .offset = SAMPLE(cpu_pct), .flags = FIELD_REQUIRED,
     .max = 100},
    {.key = "dirty_mib_s", .type = FIELD_OPTIONAL, .offset = SAMPLE(dirty_mib_s),
     .max = DIRTY_MOST_MIB_S},
    {0},
};

static const struct field header_fields[] = {
    {.key = "trace", .type = FIELD_U32, .default_text = "1", .min = 1, .max = 1},
    {0},
};

static int take_row(void *self, const void *row, struct mark mark, struct error *error)
{
    return add(self, row, mark, error);
}

static int read_yaml(struct loader *loader, const char *bytes, size_t length, struct error *error)
{
    static const struct yaml_rows rows[] = {
        {"samples", sample_fields, sizeof(struct trace_sample), take_row},
        {.key = NULL},
    };
    uint32_t format = 0;
    struct arena arena = ARENA_INIT;
    struct yaml_document document = {.file = loader->file, .table = header_fields,
                                     .record = &format, .rows = rows, .self = loader};
    int status = yaml_read(&document, bytes, length, &arena, error);
    arena_free(&arena);
    return status;
}

/* ------------------------------------------------------------------ CSV */

static const char *const columns[CELLS_MOST] = {"time", "vm", "cpu_pct", "dirty_mib_s"};

struct row {
    char cell[CELLS_MOST][CELL_LIMIT]; /* without blanks around them; "" where there is none */
    uint32_t n;                        /* how many there were, of which the first ones are kept */
    struct mark mark;
};

static void take_cell(struct row *row, const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    size_t length = (size_t)(end - begin);
    if (length >= CELL_LIMIT) /* longer than any name or number: not found, and shown cut */
        length = CELL_LIMIT - 1;
    if (row->n < CELLS_MOST) {
        memcpy(row->cell[row->n], begin, length);
        row->cell[row->n][length] = '\0';
    }
    row->n++;
}

static void split(struct row *row, const char *begin, const char *end)
{
    row->n = 0;
    for (uint32_t i = 0; i < CELLS_MOST; i++)
        row->cell[i][0] = '\0';
    for (;;) {
        const char *comma = memchr(begin, ',', (size_t)(end - begin));
        take_cell(row, begin, comma ? comma : end);
        if (!comma)
            return;
        begin = comma + 1;
    }
}

static bool is_header(const struct row *row)
{
    if (row->n < CELLS_LEAST || row->n > CELLS_MOST)
        return false;
    for (uint32_t i = 0; i < row->n; i++)
        if (strcmp(row->cell[i], columns[i]) != 0)
            return false;
    return true;
}

static int wrong_cell(const struct loader *loader, const struct row *row, uint32_t column,
                      const char *expected, struct error *error)
{
    char shown[TEXT_SHOWN];
    const char *cell = row->cell[column];
    return yaml_error(error, loader->file, row->mark, "%s: expected %s, found %s",
                      columns[column], expected, text_show(shown, cell, strlen(cell)));
}

static int take_line(struct loader *loader, const struct row *row, struct error *error)
{
    struct trace_sample sample = {.vm = row->cell[1], .dirty_mib_s = NAN};
    if (row->n < CELLS_LEAST || row->n > CELLS_MOST)
        return yaml_error(error, loader->file, row->mark, "expected 3 or 4 values with commas "
                          "between them (time,vm,cpu_pct,dirty_mib_s), found %u", row->n);
    if (!scalar_duration_s(row->cell[0], &sample.at_s) ||
        !(sample.at_s >= 0 && sample.at_s <= TIME_MOST_S))
        return wrong_cell(loader, row, 0, "a time after the beginning (90, 90s, 2m, 1h)", error);
    if (!scalar_percent(row->cell[2], &sample.cpu_pct) ||
        !(sample.cpu_pct >= 0 && sample.cpu_pct <= 100))
        return wrong_cell(loader, row, 2, "a share of its vCPUs from 0 to 100", error);
    if (row->cell[3][0] && (!scalar_number(row->cell[3], &sample.dirty_mib_s) ||
                            !(sample.dirty_mib_s >= 0 && sample.dirty_mib_s <= DIRTY_MOST_MIB_S)))
        return wrong_cell(loader, row, 3, "MiB written per second from 0 to 1000000, or nothing",
                          error);
    return add(loader, &sample, row->mark, error);
}

static bool is_passed_over(const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t' || *begin == '\r'))
        begin++;
    return begin == end || *begin == '#';
}

/* The next line that says something; false: there is none. */
static bool next_row(const char **at, const char *end, struct row *row)
{
    while (*at < end) {
        const char *begin = *at, *stop = memchr(begin, '\n', (size_t)(end - begin));
        *at = stop ? stop + 1 : end;
        row->mark.line++;
        if (is_passed_over(begin, stop ? stop : end))
            continue;
        split(row, begin, stop ? stop : end);
        return true;
    }
    return false;
}

static bool is_csv(const char *bytes, size_t length)
{
    struct row row = {.mark = {0, 1}};
    return next_row(&bytes, bytes + length, &row) && row.n > 1 &&
           strcmp(row.cell[0], columns[0]) == 0;
}

static int read_csv(struct loader *loader, const char *bytes, size_t length, struct error *error)
{
    const char *end = bytes + length;
    struct row row = {.mark = {0, 1}};
    if (next_row(&bytes, end, &row) && !is_header(&row))
        return yaml_error(error, loader->file, row.mark,
                          "expected the columns time,vm,cpu_pct,dirty_mib_s");
    while (next_row(&bytes, end, &row))
        if (take_line(loader, &row, error) < 0)
            return -1;
    return 0;
}

/* ------------------------------------------------------------------ either */

static int load(struct loader *loader, const char *bytes, size_t length, struct error *error)
{
    int status = is_csv(bytes, length) ? read_csv(loader, bytes, length, error)
                                       : read_yaml(loader, bytes, length, error);
    if (status < 0)
        return -1;
    const struct trace_sample *twice = trace_sort(loader->trace);
    if (!twice)
        return 0;
    return yaml_error(error, loader->file, (struct mark){twice->line, 1},
                      "there is a sample of this VM for this time already, at line %u",
                      twice[-1].line);
}

struct trace *trace_file_read(const char *file, const char *bytes, size_t length,
                              const struct fleet *fleet, struct error *error)
{
    struct loader loader = {.file = file, .fleet = fleet,
                            .trace = memory_new(sizeof *loader.trace)};
    if (load(&loader, bytes, length, error) == 0)
        return loader.trace;
    trace_free(loader.trace);
    return NULL;
}

struct trace *trace_file_load(const char *path, const struct fleet *fleet, struct error *error)
{
    size_t length;
    char *bytes = file_read(path, &length, error);
    if (!bytes)
        return NULL;
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    struct trace *trace = trace_file_read(shown, bytes, length, fleet, error);
    free(bytes);
    return trace;
}
