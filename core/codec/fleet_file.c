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
     .default_text = "1768996800", .max = 1e12},
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

struct loader {
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

static int duplicate(const struct loader *loader, const char *what, const char *name,
                     struct mark mark, const struct place *first, struct error *error)
{
    char shown[TEXT_SHOWN];
    return yaml_error(error, loader->file, mark, "%s %s is there twice; the first is at line %u",
                      what, text_show(shown, name, strlen(name)), first->mark.line);
}

static int add_cluster(void *self, const void *row, struct mark mark, struct error *error)
{
    struct loader *loader = self;
    const struct cluster *cluster = row;
    const struct place *first = find_place(&loader->clusters, cluster->name);
    if (first)
        return duplicate(loader, "cluster", cluster->name, mark, first, error);
    add_place(&loader->clusters, fleet_put_cluster(loader->fleet, cluster)->name, mark, false);
    return 0;
}

static int check_hugepages(const struct loader *loader, const struct host *host,
                           struct error *error)
{
    for (uint32_t i = 0; i < host->hugepages.n; i++) {
        const struct pair *pair = &host->hugepages.item[i];
        char key[TEXT_SHOWN], value[TEXT_SHOWN];
        int64_t size, pages;
        if (!scalar_integer(pair->key, &size) || !scalar_integer(pair->value, &pages) ||
            size < 1 || pages < 0)
            return yaml_error(error, loader->file, pair->mark,
                              "hugepages: expected a page size in KiB and a number of free pages, "
                              "such as 2048: 512, found %s: %s",
                              text_show(key, pair->key, strlen(pair->key)),
                              text_show(value, pair->value, strlen(pair->value)));
    }
    return 0;
}

static int add_host(void *self, const void *row, struct mark mark, struct error *error)
{
    struct loader *loader = self;
    const struct host *host = row;
    const struct place *first = find_place(&loader->hosts, host->name);
    if (first)
        return duplicate(loader, "host", host->name, mark, first, error);
    if (check_hugepages(loader, host, error))
        return -1;
    add_place(&loader->hosts, fleet_put_host(loader->fleet, host)->name, mark, false);
    return 0;
}

static int check_vm_text(const struct loader *loader, const char *key, const char *text,
                         struct mark mark, struct error *error)
{
    size_t length = strlen(text);
    if (length == 0 || length > VM_NAME_LIMIT)
        return yaml_error(error, loader->file, mark,
                          "vms: expected a %s of 1 to %d bytes, found one of %zu", key,
                          VM_NAME_LIMIT, length);
    return 0;
}

/*
 * libvirt's names are unique on one host only. So two VMs may share a name where both have a
 * UUID; anything else that could not be told apart is refused.
 */
static int add_vm(void *self, const void *row, struct mark mark, struct error *error)
{
    struct loader *loader = self;
    const struct vm *vm = row;
    if (check_vm_text(loader, "name", vm->name, mark, error) ||
        (vm->uuid && check_vm_text(loader, "uuid", vm->uuid, mark, error)))
        return -1;
    const struct place *same_uuid = vm->uuid ? find_place(&loader->vms, vm->uuid) : NULL;
    if (same_uuid)
        return duplicate(loader, "VM", vm->uuid, mark, same_uuid, error);
    const struct place *same_name = find_place(&loader->vms, vm->name);
    if (same_name && !(same_name->shared && vm->uuid))
        return duplicate(loader, "VM", vm->name, mark, same_name, error);
    const struct vm *kept = fleet_put_vm(loader->fleet, vm);
    if (kept->uuid)
        add_place(&loader->vms, kept->uuid, mark, false);
    if (!same_name && (!kept->uuid || strcmp(kept->uuid, kept->name) != 0))
        add_place(&loader->vms, kept->name, mark, kept->uuid != NULL);
    return 0;
}

static int add_group(void *self, const void *row, struct mark mark, struct error *error)
{
    struct loader *loader = self;
    const struct group *group = row;
    const struct place *first = find_place(&loader->groups, group->name);
    if (first)
        return duplicate(loader, "group", group->name, mark, first, error);
    add_place(&loader->groups, fleet_put_group(loader->fleet, group)->name, mark, false);
    return 0;
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

static int load(struct loader *loader, const char *bytes, size_t length, struct error *error)
{
    struct header header = {0};
    struct arena arena = ARENA_INIT;
    struct yaml_document document = {
        .file = loader->file,
        .table = header_fields,
        .record = &header,
        .rows = rows,
        .self = loader,
    };
    int result = yaml_read(&document, bytes, length, &arena, error);
    arena_free(&arena);
    if (result)
        return -1;
    set_times(loader->fleet, header.now);
    if (fleet_check(loader->fleet, error))
        return error_prefix(error, "%s", loader->file);
    return 0;
}

struct fleet *fleet_file_read(const char *file, const char *bytes, size_t length,
                              struct error *error)
{
    struct loader loader = {.file = file, .fleet = fleet_new()};
    int result = load(&loader, bytes, length, error);
    places_free(&loader.clusters);
    places_free(&loader.hosts);
    places_free(&loader.vms);
    places_free(&loader.groups);
    if (result == 0)
        return loader.fleet;
    fleet_free(loader.fleet);
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
