/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleet files in: rows go into the fleet as they are read. See fleet_file.h. */
#include "codec/fleet_file.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "codec/text.h"
#include "codec/yaml.h"

#include <stdlib.h>
#include <string.h>

#define VM_NAME_LIMIT 1024

struct header {
    uint32_t format;
    double now;
};

static const struct field header_fields[] = {
    {.key = "fleet", .type = FIELD_U32, .offset = offsetof(struct header, format),
     .default_text = "1", .min = 1, .max = 1},
    {.key = "now", .type = FIELD_NUMBER, .offset = offsetof(struct header, now),
     .default_text = FLEET_NOW, .max = 1e12},
    {0},
};

/* Where names were first seen; keys live in the fleet. */
struct places {
    struct table index;
    struct place {
        struct mark mark;
        bool shared; /* the name of a VM that has a UUID: others with UUIDs may have it, too */
    } *item;
    uint32_t n, capacity;
};

struct fleet_reader {
    const char *file;
    struct fleet *fleet;
    struct places clusters, hosts, vms, groups;
};

static const struct place *find_place(const struct places *places, const char *name)
{
    uint32_t i = table_get(&places->index, name);
    return i == TABLE_NONE ? NULL : &places->item[i];
}

static void add_place(struct places *places, const char *name, struct mark mark, bool shared)
{
    places->item = memory_grow(places->item, &places->capacity, places->n + 1,
                               sizeof *places->item);
    places->item[places->n] = (struct place){.mark = mark, .shared = shared};
    table_put(&places->index, name, places->n++);
}

static void places_free(struct places *places)
{
    table_free(&places->index);
    free(places->item);
}

static int duplicate(const struct fleet_reader *reader, const char *what, const char *name,
                     struct mark mark, const struct place *first, struct error *error)
{
    char shown[TEXT_SHOWN];
    return yaml_error(error, reader->file, mark, "%s %s is there twice; the first is at line %u",
                      what, text_show(shown, name, strlen(name)), first->mark.line);
}

int fleet_reader_cluster(struct fleet_reader *reader, const struct cluster *cluster,
                         struct mark mark, struct error *error)
{
    const struct place *first = find_place(&reader->clusters, cluster->name);
    if (first)
        return duplicate(reader, "cluster", cluster->name, mark, first, error);
    add_place(&reader->clusters, fleet_put_cluster(reader->fleet, cluster)->name, mark, false);
    return 0;
}

static int check_hugepages(const struct fleet_reader *reader, const struct host *host,
                           struct error *error)
{
    for (uint32_t i = 0; i < host->hugepages.n; i++) {
        const struct pair *pair = &host->hugepages.item[i];
        char key[TEXT_SHOWN], value[TEXT_SHOWN];
        int64_t size, pages;
        if (!scalar_integer(pair->key, &size) || !scalar_integer(pair->value, &pages) ||
            size < 1 || pages < 0)
            return yaml_error(error, reader->file, pair->mark,
                              "hugepages: expected a page size in KiB and a number of free pages, "
                              "such as 2048: 512, found %s: %s",
                              text_show(key, pair->key, strlen(pair->key)),
                              text_show(value, pair->value, strlen(pair->value)));
    }
    return 0;
}

int fleet_reader_host(struct fleet_reader *reader, const struct host *host, struct mark mark,
                      struct error *error)
{
    const struct place *first = find_place(&reader->hosts, host->name);
    if (first)
        return duplicate(reader, "host", host->name, mark, first, error);
    if (check_hugepages(reader, host, error))
        return -1;
    add_place(&reader->hosts, fleet_put_host(reader->fleet, host)->name, mark, false);
    return 0;
}

static int check_vm_text(const struct fleet_reader *reader, const char *key, const char *text,
                         struct mark mark, struct error *error)
{
    size_t length = strlen(text);
    if (length == 0 || length > VM_NAME_LIMIT)
        return yaml_error(error, reader->file, mark,
                          "vms: expected a %s of 1 to %d bytes, found one of %zu", key,
                          VM_NAME_LIMIT, length);
    return 0;
}

/*
 * libvirt's names are unique on one host only. So two VMs may share a name where both have a
 * UUID; anything else that could not be told apart is refused.
 */
int fleet_reader_vm(struct fleet_reader *reader, const struct vm *vm, struct mark mark,
                    struct error *error)
{
    if (check_vm_text(reader, "name", vm->name, mark, error) ||
        (vm->uuid && check_vm_text(reader, "uuid", vm->uuid, mark, error)))
        return -1;
    const struct place *same_uuid = vm->uuid ? find_place(&reader->vms, vm->uuid) : NULL;
    if (same_uuid)
        return duplicate(reader, "VM", vm->uuid, mark, same_uuid, error);
    const struct place *same_name = find_place(&reader->vms, vm->name);
    if (same_name && !(same_name->shared && vm->uuid))
        return duplicate(reader, "VM", vm->name, mark, same_name, error);
    const struct vm *kept = fleet_put_vm(reader->fleet, vm);
    if (kept->uuid)
        add_place(&reader->vms, kept->uuid, mark, false);
    if (!same_name && (!kept->uuid || strcmp(kept->uuid, kept->name) != 0))
        add_place(&reader->vms, kept->name, mark, kept->uuid != NULL);
    return 0;
}

int fleet_reader_group(struct fleet_reader *reader, const struct group *group, struct mark mark,
                       struct error *error)
{
    const struct place *first = find_place(&reader->groups, group->name);
    if (first)
        return duplicate(reader, "group", group->name, mark, first, error);
    add_place(&reader->groups, fleet_put_group(reader->fleet, group)->name, mark, false);
    return 0;
}

static int add_cluster(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_cluster(self, row, mark, error);
}

static int add_host(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_host(self, row, mark, error);
}

static int add_vm(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_vm(self, row, mark, error);
}

static int add_group(void *self, const void *row, struct mark mark, struct error *error)
{
    return fleet_reader_group(self, row, mark, error);
}

static const struct yaml_rows rows[] = {
    {"clusters", cluster_fields, sizeof(struct cluster), add_cluster},
    {"hosts", host_fields, sizeof(struct host), add_host},
    {"vms", vm_fields, sizeof(struct vm), add_vm},
    {"groups", group_fields, sizeof(struct group), add_group},
    {.key = NULL},
};

/* `now` may stand at the end of the file, so ages become times when all is read. */
static void set_times(struct fleet *fleet, double now)
{
    fleet->now = now;
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        ages_turn(host_fields, fleet->hosts[i], now);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        ages_turn(vm_fields, fleet->vms[i], now);
}

struct fleet_reader *fleet_reader_new(const char *file)
{
    struct fleet_reader *reader = memory_new(sizeof *reader);
    *reader = (struct fleet_reader){.file = file, .fleet = fleet_new()};
    return reader;
}

void fleet_reader_free(struct fleet_reader *reader)
{
    places_free(&reader->clusters);
    places_free(&reader->hosts);
    places_free(&reader->vms);
    places_free(&reader->groups);
    if (reader->fleet)
        fleet_free(reader->fleet);
    free(reader);
}

struct fleet *fleet_reader_done(struct fleet_reader *reader, double now, struct error *error)
{
    struct fleet *fleet = NULL;
    set_times(reader->fleet, now);
    if (fleet_check(reader->fleet, error)) {
        error_prefix(error, "%s", reader->file);
    } else {
        fleet = reader->fleet;
        reader->fleet = NULL;
    }
    fleet_reader_free(reader);
    return fleet;
}

struct fleet *fleet_file_read(const char *file, const char *bytes, size_t length,
                              struct error *error)
{
    struct fleet_reader *reader = fleet_reader_new(file);
    struct header header = {0};
    struct arena arena = ARENA_INIT;
    struct yaml_document document = {
        .file = file,
        .table = header_fields,
        .record = &header,
        .rows = rows,
        .self = reader,
    };
    int result = yaml_read(&document, bytes, length, &arena, error);
    arena_free(&arena);
    if (result == 0)
        return fleet_reader_done(reader, header.now, error);
    fleet_reader_free(reader);
    return NULL;
}

struct fleet *fleet_file_load(const char *path, struct error *error)
{
    size_t length;
    char *bytes = file_read(path, &length, error);
    if (!bytes)
        return NULL;
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    struct fleet *fleet = fleet_file_read(shown, bytes, length, error);
    free(bytes);
    return fleet;
}
