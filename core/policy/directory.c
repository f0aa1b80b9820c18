/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The YAML files of a directory. See directory.h. */
#include "policy/directory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int is_yaml(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), suffix = strlen(".yaml");
    return entry->d_name[0] != '.' && length > suffix &&
           strcmp(entry->d_name + length - suffix, ".yaml") == 0;
}

/* By bytes: the order must not depend on the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int directory_yaml(const char *dir, struct texts *paths, struct arena *arena, struct error *error)
{
    struct dirent **entry;
    *paths = (struct texts){.known = true};
    int n = scandir(dir, &entry, is_yaml, by_name);
    if (n < 0 && errno == ENOENT)
        return 0;
    if (n < 0)
        return error_set(error, ERROR_FAILED, "%s: cannot read the directory: %s", dir,
                         strerror(errno));
    paths->item = arena_array(arena, (size_t)n, sizeof *paths->item);
    for (int i = 0; i < n; i++) {
        paths->item[paths->n++] = arena_printf(arena, "%s/%s", dir, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return 0;
}
