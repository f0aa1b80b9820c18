/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared objects: dlopen, one symbol, and a copy of every table into the loader's own structs,
 * so that from here on nobody sees how large a plugin's structs were.
 *
 * A loaded object stays loaded: units, reasons and defaults point into it, and threads or exit
 * handlers that it made would run on in unmapped memory. Only what is refused is closed again.
 */
#include "base/memory.h"
#include "plug/loaded.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The least that a plugin of ABI 1.0 has: older than that there is none. */
#define LEAST_UNIT offsetof(struct drover_unit, open)
#define LEAST_PLUGIN (offsetof(struct drover_plugin, units) + sizeof(void *))
#define LEAST_PARAMETER sizeof(struct drover_parameter)
#define LEAST_REASON sizeof(struct drover_reason)

/*
 * The dynamic linker knows objects by path: asked for one that was replaced since, it gives the
 * old one. So we remember what each path held when it was opened, and open a changed file
 * through a copy in memory, which has a path of its own.
 */
struct opened {
    struct opened *next;
    char hash[SHA256_TEXT_SIZE];
    char path[];
};
static struct opened *opened_list;
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

static bool path_is_taken(const struct loaded_file *file)
{
    pthread_mutex_lock(&opened_lock);
    struct opened *o = opened_list;
    while (o && strcmp(o->path, file->path) != 0)
        o = o->next;
    bool taken = o && strcmp(o->hash, file->hash) != 0;
    if (!o) {
        size_t size = strlen(file->path) + 1;
        o = memory_new(sizeof *o + size);
        memcpy(o->path, file->path, size);
        memcpy(o->hash, file->hash, sizeof o->hash);
        o->next = opened_list;
        opened_list = o;
    }
    pthread_mutex_unlock(&opened_lock);
    return taken;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t part = write(fd, bytes, length);
        if (part < 0 && errno != EINTR)
            return -1;
        if (part > 0) {
            bytes += part;
            length -= (size_t)part;
        }
    }
    return 0;
}

/* The descriptor stays open: its number is the object's path, and must not be used again. */
static void *open_copy(const char *path, const char *bytes, size_t length)
{
    const char *base = strrchr(path, '/');
    int fd = memfd_create(base ? base + 1 : path, MFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    void *handle = write_all(fd, bytes, length) == 0 ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!handle)
        close(fd);
    return handle;
}

static void *open_object(struct loaded_file *file, const char *bytes, size_t length,
                         struct error *error)
{
    if (length < 4 || memcmp(bytes, "\177ELF", 4) != 0) {
        error_set(error, ERROR_INPUT, "is not a shared object (no ELF header)");
        return NULL;
    }
    dlerror();
    void *handle = path_is_taken(file) ? open_copy(file->path, bytes, length)
                                       : dlopen(file->path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        error_set(error, ERROR_INPUT, "cannot be loaded: %s", why ? why : strerror(errno));
    }
    return handle;
}

static const struct drover_plugin *ask_plugin(void *handle, struct error *error)
{
    drover_plugin_function *function = NULL;
    void *symbol = dlsym(handle, "drover_plugin");
    memcpy(&function, &symbol, sizeof function);
    if (!function) {
        error_set(error, ERROR_INPUT,
                  "exports no drover_plugin(): write it with DROVER_PLUGIN() of <drover/plugin.h>");
        return NULL;
    }
    const struct drover_plugin *plugin = function();
    if (!plugin)
        error_set(error, ERROR_INPUT, "its drover_plugin() returned NULL");
    return plugin;
}

static int check_abi(const struct drover_plugin *plugin, struct error *error)
{
    if (plugin->size < offsetof(struct drover_plugin, parameter_size))
        return error_set(error, ERROR_INPUT, "its struct drover_plugin says that it has %zu bytes",
                         plugin->size);
    if (plugin->abi_major != DROVER_ABI_MAJOR)
        return error_set(error, ERROR_INPUT,
                         "was built for plugin ABI %u.%u, this drover speaks %d.%d: "
                         "build it again with this drover's <drover/plugin.h>",
                         (unsigned)plugin->abi_major, (unsigned)plugin->abi_minor,
                         DROVER_ABI_MAJOR, DROVER_ABI_MINOR);
    if (plugin->size < LEAST_PLUGIN || !plugin->name || !plugin->version || !plugin->units)
        return error_set(error, ERROR_INPUT,
                         "its struct drover_plugin lacks name, version or units");
    if (plugin->parameter_size < LEAST_PARAMETER || plugin->reason_size < LEAST_REASON)
        return error_set(error, ERROR_INPUT,
                         "parameter_size %zu and reason_size %zu: expected at least %zu and %zu",
                         plugin->parameter_size, plugin->reason_size, LEAST_PARAMETER,
                         LEAST_REASON);
    return 0;
}

/* Rows of `stride` bytes, until the first word of one is NULL; copied into rows as we know them. */
static void *copy_rows(struct arena *arena, const void *rows, size_t stride, size_t size,
                       uint32_t most)
{
    const char *row = rows;
    const void *first;
    uint32_t n = 0;
    for (; memcpy(&first, row + n * stride, sizeof first), first; n++) {
        if (n == most)
            return NULL;
    }
    char *copy = arena_array(arena, n + 1, size);
    for (uint32_t i = 0; i < n; i++)
        memcpy(copy + i * size, row + i * stride, stride < size ? stride : size);
    return copy;
}

static int copy_tables(struct loaded_file *file, const struct drover_plugin *plugin,
                       struct drover_unit *unit, struct error *error)
{
    if (unit->parameters) {
        unit->parameters = copy_rows(&file->arena, unit->parameters, plugin->parameter_size,
                                     sizeof *unit->parameters, PARAMETERS_MAX);
        if (!unit->parameters)
            return error_set(error, ERROR_INPUT, "a table of parameters has no end (key NULL)");
    }
    if (unit->reasons) {
        unit->reasons = copy_rows(&file->arena, unit->reasons, plugin->reason_size,
                                  sizeof *unit->reasons, REASONS_MAX);
        if (!unit->reasons)
            return error_set(error, ERROR_INPUT, "a table of reasons has no end (code NULL)");
    }
    return 0;
}

static int copy_unit(struct loaded_file *file, const struct drover_plugin *plugin,
                     const struct drover_unit *from, struct drover_unit *to, struct error *error)
{
    if (from->size < LEAST_UNIT)
        return error_set(error, ERROR_INPUT, "a struct drover_unit says that it has %zu bytes",
                         from->size);
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
    to->size = sizeof *to;
    if (!file->builtin)
        to->flags &= ~DROVER_MANDATORY;
    if (copy_tables(file, plugin, to, error) != 0)
        return -1;
    return unit_check(to, error);
}

static int copy_units(struct loaded_file *file, const struct drover_plugin *plugin,
                      struct error *error)
{
    while (plugin->units[file->n_units]) {
        if (++file->n_units > UNITS_MAX)
            return error_set(error, ERROR_INPUT, "its list of units has no end (NULL)");
    }
    file->unit = arena_array(&file->arena, file->n_units, sizeof *file->unit);
    for (uint32_t i = 0; i < file->n_units; i++) {
        if (copy_unit(file, plugin, plugin->units[i], &file->unit[i].unit, error) != 0)
            return -1;
    }
    return 0;
}

int so_load(struct loaded_file *file, const char *bytes, size_t length, struct error *error)
{
    void *handle = open_object(file, bytes, length, error);
    if (!handle)
        return -1;
    const struct drover_plugin *plugin = ask_plugin(handle, error);
    if (!plugin || check_abi(plugin, error) != 0 || copy_units(file, plugin, error) != 0) {
        dlclose(handle);
        return -1;
    }
    file->language = "c";
    file->name = plugin->name;
    file->version = plugin->version;
    return 0;
}
