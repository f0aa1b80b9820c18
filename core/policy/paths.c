/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where drover finds its own things. See paths.h. */
#include "policy/paths.h"

#include "base/memory.h"
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_FILE "drover.tree"

/* The tree named in drover.tree, or NULL where there is none: then the program is installed. */
static const char *source_tree(const char *program_dir, struct arena *arena)
{
    char line[PATH_MAX] = "";
    FILE *file = fopen(arena_printf(arena, "%s/" TREE_FILE, program_dir), "re");
    if (!file)
        return NULL;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return line[0] == '/' ? arena_text(arena, line) : NULL;
}

void paths_of(struct paths *paths, const char *program_dir, struct arena *arena)
{
    *paths = (struct paths){
        .config = DROVER_SYSCONFDIR "/drover.yaml",
        .shipped_policies = DROVER_DATADIR "/policies",
        .shipped_lua = DROVER_DATADIR "/lua",
        .plugins = DROVER_LIBDIR "/plugins",
        .packs = DROVER_LIBDIR "/packs",
        .site_policies = DROVER_SYSCONFDIR "/policies",
        .site_lua = DROVER_SYSCONFDIR "/lua",
        .database = DROVER_STATEDIR "/drover.db",
        .socket = DROVER_RUNDIR "/drover.sock",
        .hook_socket = DROVER_RUNDIR "/hook.sock",
        .hook_dir = DROVER_RUNDIR "/hooks",
        .maintenance_dir = DROVER_RUNDIR "/maintenance.d",
        .alarm_dir = DROVER_RUNDIR "/alarm.d",
    };
    paths->source = source_tree(program_dir, arena);
    if (!paths->source)
        return;
    /* What an installed drover has on this machine must not change what the tree does. */
    paths->site_policies = paths->site_lua = NULL;
    paths->shipped_policies = arena_printf(arena, "%s/policies", paths->source);
    paths->shipped_lua = arena_printf(arena, "%s/lua", paths->source);
    paths->plugins = arena_printf(arena, "%s/plugins", program_dir);
    paths->packs = arena_printf(arena, "%s/packs", program_dir);
}

const struct paths *paths_get(void)
{
    static struct arena arena = ARENA_INIT;
    static struct paths paths;
    if (paths.config)
        return &paths;
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    paths_of(&paths, program, &arena);
    return &paths;
}

bool paths_shipped(const char *dir)
{
    const struct paths *paths = paths_get();
    const char *const own[] = {paths->shipped_policies, paths->shipped_lua, paths->plugins};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i], dir) == 0)
            return true;
    return false;
}
