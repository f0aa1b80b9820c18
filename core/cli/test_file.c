/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading *.test.yaml: see test_file.h. */
#include "test_file.h"

#include "base/memory.h"
#include "codec/fleet_file.h"
#include "codec/yaml.h"
#include "property.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT(member) offsetof(struct expectation, member)
const struct field expectation_fields[] = {
    {.key = "explain", .type = FIELD_TEXT, .offset = EXPECT(explain), .flags = FIELD_NULLABLE},
    {.key = "drain", .type = FIELD_TEXT, .offset = EXPECT(drain), .flags = FIELD_NULLABLE},
    {.key = "balance", .type = FIELD_TEXT, .offset = EXPECT(balance), .flags = FIELD_NULLABLE},
    {.key = "because", .type = FIELD_TEXT, .offset = EXPECT(because)},
    {.key = "goes_to", .type = FIELD_TEXT, .offset = EXPECT(goes_to), .flags = FIELD_NULLABLE},
    {.key = "goes_nowhere", .type = FIELD_BOOL, .offset = EXPECT(goes_nowhere)},
    {.key = "may", .type = FIELD_TEXTS, .offset = EXPECT(may)},
    {.key = "may_not", .type = FIELD_PAIRS, .offset = EXPECT(may_not)},
    {.key = "moves", .type = FIELD_PAIRS, .offset = EXPECT(moves)},
    {.key = "unplaced", .type = FIELD_PAIRS, .offset = EXPECT(unplaced)},
    {.key = "stay", .type = FIELD_TEXTS, .offset = EXPECT(stay)},
    {.key = "in_order", .type = FIELD_BOOL, .offset = EXPECT(in_order)},
    {.key = "whole", .type = FIELD_BOOL, .offset = EXPECT(whole)},
    {0},
};

#define NEVER(member) offsetof(struct never, member)
const struct field never_fields[] = {
    {.key = "vms", .type = FIELD_TEXTS, .offset = NEVER(vms), .flags = FIELD_REQUIRED},
    {.key = "on", .type = FIELD_TEXTS, .offset = NEVER(on)},
    {.key = "together", .type = FIELD_BOOL, .offset = NEVER(together)},
    {.key = "because", .type = FIELD_TEXT, .offset = NEVER(because)},
    {0},
};

struct header {
    const char *name;
    const char *fleet; /* a file; NULL: the lists are in this one, or there is none */
    const char *policy;
    double now;
    struct limits limits;
    struct texts properties;
    uint32_t seeds;
};

#define HEADER(member) offsetof(struct header, member)
static const struct field header_fields[] = {
    {.key = "test", .type = FIELD_TEXT, .offset = HEADER(name), .flags = FIELD_REQUIRED},
    {.key = "fleet", .type = FIELD_TEXT, .offset = HEADER(fleet), .flags = FIELD_NULLABLE},
    {.key = "policy", .type = FIELD_TEXT, .offset = HEADER(policy), .flags = FIELD_NULLABLE},
    {.key = "now", .type = FIELD_NUMBER, .offset = HEADER(now), .default_text = FLEET_NOW,
     .max = 1e12},
    {.key = "limits", .type = FIELD_RECORD, .offset = HEADER(limits), .rows = limits_fields,
     .row_size = sizeof(struct limits)},
    {.key = "properties", .type = FIELD_TEXTS, .offset = HEADER(properties),
     .choices = property_names},
    {.key = "seeds", .type = FIELD_U32, .offset = HEADER(seeds), .default_text = "100", .min = 1,
     .max = 1000000},
    {0},
};

struct loader {
    struct test_file *file;
    struct fleet_reader *reader;
    struct mark fleet_row; /* the first of the fleet's rows in this file; line 0: none */
};

/* ------------------------------------------------------------------------ rows */

static struct fleet_reader *fleet_row(struct loader *loader, struct mark mark)
{
    if (loader->fleet_row.line == 0)
        loader->fleet_row = mark;
    return loader->reader;
}

static int add_cluster(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_cluster(fleet_row(self, mark), row, mark, error);
}

static int add_host(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_host(fleet_row(self, mark), row, mark, error);
}

static int add_vm(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_vm(fleet_row(self, mark), row, mark, error);
}

static int add_group(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_group(fleet_row(self, mark), row, mark, error);
}

/* Names are checked later, when the fleet is known: it may stand after them. */
static int add_expectation(void *self, const void *row, struct mark mark, struct error *error)
{
    struct test_file *file = ((struct loader *)self)->file;
    (void)error;
    file->expectations = memory_grow(file->expectations, &file->expectation_room,
                                     file->n_expectations + 1, sizeof *file->expectations);
    struct expectation *kept = &file->expectations[file->n_expectations++];
    field_copy(expectation_fields, kept, row, &file->arena);
    kept->mark = mark;
    return 0;
}

static int add_never(void *self, const void *row, struct mark mark, struct error *error)
{
    struct test_file *file = ((struct loader *)self)->file;
    (void)error;
    file->nevers = memory_grow(file->nevers, &file->never_room, file->n_nevers + 1,
                               sizeof *file->nevers);
    struct never *kept = &file->nevers[file->n_nevers++];
    field_copy(never_fields, kept, row, &file->arena);
    kept->mark = mark;
    return 0;
}

static const struct yaml_rows rows[] = {
    {"clusters", cluster_fields, sizeof(struct cluster), add_cluster},
    {"hosts", host_fields, sizeof(struct host), add_host},
    {"vms", vm_fields, sizeof(struct vm), add_vm},
    {"groups", group_fields, sizeof(struct group), add_group},
    {"expect", expectation_fields, sizeof(struct expectation), add_expectation},
    {"never", never_fields, sizeof(struct never), add_never},
    {.key = NULL},
};

/* ---------------------------------------------------------------------- checks */

static int check_vm(const struct test_file *file, const char *name, struct mark mark,
                    struct error *error)
{
    struct error problem = ERROR_INIT;
    if (fleet_find_vm(file->fleet, name, &problem))
        return 0;
    return yaml_error(error, file->path, mark, "%s", problem.text);
}

static int check_host(const struct test_file *file, const char *name, struct mark mark,
                      struct error *error)
{
    struct error problem = ERROR_INIT;
    if (fleet_find_host(file->fleet, name, &problem))
        return 0;
    return yaml_error(error, file->path, mark, "%s", problem.text);
}

static int check_cluster(const struct test_file *file, const char *name, struct mark mark,
                         struct error *error)
{
    if (strcmp(name, "all") == 0 || fleet_cluster(file->fleet, name))
        return 0;
    return yaml_error(error, file->path, mark, "balance: there is no cluster %s; all: each", name);
}

typedef int check_name(const struct test_file *file, const char *name, struct mark mark,
                       struct error *error);

static int check_texts(const struct test_file *file, const struct texts *texts, check_name *check,
                       struct mark mark, struct error *error)
{
    for (uint32_t i = 0; i < texts->n; i++)
        if (check(file, texts->item[i], mark, error) < 0)
            return -1;
    return 0;
}

/* values NULL: they are codes, which only the units know. */
static int check_pairs(const struct test_file *file, const struct pairs *pairs, check_name *keys,
                       check_name *values, struct error *error)
{
    for (uint32_t i = 0; i < pairs->n; i++) {
        const struct pair *pair = &pairs->item[i];
        if (keys(file, pair->key, pair->mark, error) < 0 ||
            (values && values(file, pair->value, pair->mark, error) < 0))
            return -1;
    }
    return 0;
}

/* Keys that only one or two of the three questions take, by what was given. */
static int check_kind(const struct test_file *file, const struct expectation *e,
                      struct error *error)
{
    bool of_vm = e->goes_to || e->goes_nowhere || e->may.known || e->may_not.known;
    bool of_plan = e->moves.known || e->stay.known;
    const char *wrong = NULL;
    if (!!e->explain + !!e->drain + !!e->balance != 1)
        wrong = "expected one of explain, drain and balance in each entry";
    else if (e->explain && (of_plan || e->unplaced.known || e->in_order || e->whole))
        wrong = "explain takes goes_to, goes_nowhere, may and may_not";
    else if (!e->explain && of_vm)
        wrong = "drain and balance take moves, stay and in_order; drain takes unplaced, balance "
                "takes whole";
    else if ((e->whole && !e->balance) || (e->unplaced.known && !e->drain))
        wrong = "whole is for balance, unplaced is for drain";
    else if (e->in_order && !e->moves.known)
        wrong = "in_order: in the order of which moves?";
    else if (e->goes_to && e->goes_nowhere)
        wrong = "goes_to and goes_nowhere: which?";
    else if (!of_vm && !of_plan && !e->unplaced.known)
        wrong = "nothing is expected here";
    return wrong ? yaml_error(error, file->path, e->mark, "expect: %s", wrong) : 0;
}

static int check_expectation(const struct test_file *file, const struct expectation *e,
                             struct error *error)
{
    if (check_kind(file, e, error) < 0 ||
        (e->explain && check_vm(file, e->explain, e->mark, error) < 0) ||
        (e->drain && check_host(file, e->drain, e->mark, error) < 0) ||
        (e->balance && check_cluster(file, e->balance, e->mark, error) < 0) ||
        (e->goes_to && check_host(file, e->goes_to, e->mark, error) < 0))
        return -1;
    if (check_texts(file, &e->may, check_host, e->mark, error) < 0 ||
        check_texts(file, &e->stay, check_vm, e->mark, error) < 0 ||
        check_pairs(file, &e->may_not, check_host, NULL, error) < 0 ||
        check_pairs(file, &e->moves, check_vm, check_host, error) < 0)
        return -1;
    return check_pairs(file, &e->unplaced, check_vm, NULL, error);
}

static int check_never(const struct test_file *file, const struct never *never,
                       struct error *error)
{
    if (never->together == (never->on.n > 0))
        return yaml_error(error, file->path, never->mark,
                          "never: expected either `on`, with hosts, or `together: yes`");
    if (never->vms.n < (never->together ? 2u : 1u))
        return yaml_error(error, file->path, never->mark, "never: vms: of which VMs?");
    if (check_texts(file, &never->vms, check_vm, never->mark, error) < 0)
        return -1;
    return check_texts(file, &never->on, check_host, never->mark, error);
}

static int check(const struct test_file *file, struct error *error)
{
    bool asks = file->n_expectations > 0 || file->n_nevers > 0;
    if (asks && !file->fleet)
        return error_set(error, ERROR_INPUT, "%s: expectations need a fleet: `fleet: FILE`, or "
                         "hosts and vms in this file", file->path);
    if (!asks && file->properties.n == 0)
        return error_set(error, ERROR_INPUT,
                         "%s: nothing is tested: expect, never and properties are empty",
                         file->path);
    if (!file->fleet && !file->policy)
        return error_set(error, ERROR_INPUT, "%s: properties need a policy, or a fleet",
                         file->path);
    for (uint32_t i = 0; i < file->n_expectations; i++)
        if (check_expectation(file, &file->expectations[i], error) < 0)
            return -1;
    for (uint32_t i = 0; i < file->n_nevers; i++)
        if (check_never(file, &file->nevers[i], error) < 0)
            return -1;
    return 0;
}

/* --------------------------------------------------------------------- reading */

/* A path that a test names is meant from where the test lies. */
static const char *beside(struct test_file *file, const char *path)
{
    const char *slash = strrchr(file->path, '/');
    if (path[0] == '/' || !slash)
        return path;
    return arena_printf(&file->arena, "%.*s/%s", (int)(slash - file->path), file->path, path);
}

static const char *policy_of(struct test_file *file, const char *policy)
{
    size_t length = policy ? strlen(policy) : 0;
    bool is_path = policy && (strchr(policy, '/') || strcmp(policy, "..") == 0 ||
                              (length > 5 && strcmp(policy + length - 5, ".yaml") == 0));
    return is_path ? beside(file, policy) : policy;
}

/* The fleet: of another file, or of the rows that were read here; none of both is none. */
static int take_fleet(struct loader *loader, const struct header *header, struct error *error)
{
    struct test_file *file = loader->file;
    struct fleet_reader *reader = loader->reader;
    if (header->fleet && loader->fleet_row.line)
        return yaml_error(error, file->path, loader->fleet_row,
                          "the fleet is in %s, so none is expected here", header->fleet);
    if (header->fleet) {
        file->fleet = fleet_file_load(beside(file, header->fleet), error);
        return file->fleet ? 0 : -1;
    }
    if (loader->fleet_row.line == 0)
        return 0;
    loader->reader = NULL; /* it is used up, whatever comes of it */
    file->fleet = fleet_reader_done(reader, header->now, error);
    return file->fleet ? 0 : -1;
}

static int load(struct loader *loader, const char *bytes, size_t length, struct error *error)
{
    struct test_file *file = loader->file;
    struct header header = {0};
    struct yaml_document document = {.file = file->path, .table = header_fields,
                                     .record = &header, .rows = rows, .self = loader};
    if (yaml_read(&document, bytes, length, &file->arena, error) < 0)
        return -1;
    file->name = header.name;
    file->policy = policy_of(file, header.policy);
    file->limits = header.limits;
    file->properties = header.properties;
    file->seeds = header.seeds;
    return take_fleet(loader, &header, error) < 0 ? -1 : check(file, error);
}

struct test_file *test_file_read(const char *path, struct error *error)
{
    size_t length;
    char *bytes = file_read(path, &length, error);
    if (!bytes)
        return NULL;
    struct test_file *file = memory_new(sizeof *file);
    file->path = arena_text(&file->arena, path);
    struct loader loader = {.file = file, .reader = fleet_reader_new(file->path)};
    int result = load(&loader, bytes, length, error);
    if (loader.reader)
        fleet_reader_free(loader.reader);
    free(bytes);
    if (result == 0)
        return file;
    test_file_free(file);
    return NULL;
}

void test_file_free(struct test_file *file)
{
    if (file->fleet)
        fleet_free(file->fleet);
    free(file->expectations);
    free(file->nevers);
    arena_free(&file->arena);
    free(file);
}
