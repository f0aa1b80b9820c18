/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vendors' packs: see packs.h. */
#include "set/packs.h"

#include "base/memory.h"
#include "codec/yaml.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PACK(member) offsetof(struct pack, member)
static const struct field pack_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = PACK(name), .flags = FIELD_REQUIRED},
    {.key = "vendor", .type = FIELD_TEXT, .offset = PACK(vendor)},
    {.key = "version", .type = FIELD_TEXT, .offset = PACK(version)},
    {.key = "abi", .type = FIELD_U32, .offset = PACK(abi), .flags = FIELD_REQUIRED},
    {.key = "units", .type = FIELD_TEXTS, .offset = PACK(units), .default_text = ""},
    {.key = "policies", .type = FIELD_TEXTS, .offset = PACK(policies), .default_text = ""},
    {0},
};

static int check_pack(const struct pack *pack, const char *file, struct error *error)
{
    static const char *const taken[] = {"site", "drover", NULL};
    if (pack->abi != DROVER_ABI_MAJOR)
        return error_set(error, ERROR_INPUT,
                         "%s: the pack was made for ABI %u, this drover has %u: ask %s for one",
                         file, pack->abi, DROVER_ABI_MAJOR,
                         pack->vendor[0] ? pack->vendor : "its vendor");
    if (field_choice(taken, pack->name) >= 0)
        return error_set(error, ERROR_INPUT, "%s: the name %s is taken: rename the pack", file,
                         pack->name);
    return 0;
}

static int read_pack(struct pack *pack, const char *dir, struct arena *arena, struct error *error)
{
    const char *file = arena_printf(arena, "%s/pack.yaml", dir);
    size_t length;
    char *bytes = file_read(file, &length, error);
    if (!bytes)
        return -1;
    struct yaml_document document = {.file = file, .table = pack_fields, .record = pack};
    int result = yaml_read(&document, bytes, length, arena, error);
    free(bytes);
    pack->dir = arena_text(arena, dir);
    return result < 0 ? -1 : check_pack(pack, file, error);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Not alphasort: the order must not depend on the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Folders of a directory, in order of name, or itself if it is a pack; hidden ones are none. */
static uint32_t list_folders(const char *dir, struct arena *arena, const char ***folders)
{
    struct dirent **entry = NULL;
    int found = scandir(dir, &entry, is_visible, by_name);
    uint32_t n = 0;
    *folders = memory_array(found > 0 ? (size_t)found : 0, sizeof **folders);
    for (int i = 0; i < found && n == 0; i++)
        if (strcmp(entry[i]->d_name, "pack.yaml") == 0)
            (*folders)[n++] = dir;
    bool alone = n == 1;
    for (int i = 0; i < found; i++) {
        const char *path = arena_printf(arena, "%s/%s", dir, entry[i]->d_name);
        struct stat status;
        if (!alone && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) /* links, too */
            (*folders)[n++] = path;
        free(entry[i]);
    }
    free(entry);
    return n;
}

static void add_pack(struct packs *packs, uint32_t *room, const char *dir, plug_problem *problem,
                     void *self)
{
    struct pack pack;
    struct error error = ERROR_INIT;
    if (read_pack(&pack, dir, &packs->arena, &error) < 0) {
        problem(self, dir, &error);
        return;
    }
    packs->item = memory_grow(packs->item, room, packs->n + 1, sizeof *packs->item);
    packs->item[packs->n++] = pack;
}

struct packs *packs_read(const struct texts *dirs, plug_problem *problem, void *self)
{
    struct packs *packs = memory_new(sizeof *packs);
    uint32_t room = 0;
    for (uint32_t d = 0; d < dirs->n; d++) {
        const char **folders;
        uint32_t n = list_folders(dirs->item[d], &packs->arena, &folders);
        for (uint32_t i = 0; i < n; i++)
            add_pack(packs, &room, folders[i], problem, self);
        free(folders);
    }
    return packs;
}

void packs_free(struct packs *packs)
{
    if (!packs)
        return;
    free(packs->item);
    arena_free(&packs->arena);
    free(packs);
}

static bool has_policy(const struct policies *policies, const char *name)
{
    for (uint32_t i = 0; i < policies_count(policies); i++)
        if (strcmp(policies_get(policies, i)->name, name) == 0)
            return true;
    return false;
}

static void load_policies(const struct pack *pack, struct policies *policies,
                          plug_problem *problem, void *self)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    policies_read_dir(policies, arena_printf(&arena, "%s/policies", pack->dir), &error);
    for (uint32_t i = 0; i < pack->policies.n && error.kind == ERROR_NONE; i++)
        if (!has_policy(policies, pack->policies.item[i]))
            error_set(&error, ERROR_INPUT,
                      "%s/pack.yaml: promises the policy %s, which is not there", pack->dir,
                      pack->policies.item[i]);
    if (error.kind != ERROR_NONE)
        problem(self, pack->dir, &error);
    arena_free(&arena);
}

void packs_load_policies(const struct packs *packs, struct policies *policies,
                         plug_problem *problem, void *self)
{
    for (uint32_t i = 0; i < packs->n; i++)
        load_policies(&packs->item[i], policies, problem, self);
}

static bool has_unit(const struct plug *plug, const char *name)
{
    for (uint32_t i = 0; i < plug_count(plug); i++)
        if (strcmp(plug_get(plug, i)->name, name) == 0)
            return true;
    return false;
}

static void load_units(const struct pack *pack, struct plug *plug, plug_problem *problem,
                       void *self)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    static const char *const places[] = {"plugins", "lua"};
    for (int i = 0; i < 2; i++)
        plug_load_dir(plug, arena_printf(&arena, "%s/%s", pack->dir, places[i]), pack->name, false,
                      problem, self);
    for (uint32_t i = 0; i < pack->units.n && error.kind == ERROR_NONE; i++)
        if (!has_unit(plug, arena_printf(&arena, "%s/%s", pack->name, pack->units.item[i])))
            error_set(&error, ERROR_INPUT, "%s/pack.yaml: promises the unit %s, which is not there",
                      pack->dir, pack->units.item[i]);
    if (error.kind != ERROR_NONE)
        problem(self, pack->dir, &error);
    arena_free(&arena);
}

void packs_load_units(const struct packs *packs, struct plug *plug, plug_problem *problem,
                      void *self)
{
    for (uint32_t i = 0; i < packs->n; i++)
        load_units(&packs->item[i], plug, problem, self);
}
