/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where drover finds its own things. Installed programs find them where `make install` put them;
 * programs that run out of the tree they were built in (a file `drover.tree`, beside them,
 * names it) find the tree's policies and Lua units, and the plugins built there.
 */
#ifndef DROVER_POLICY_PATHS_H
#define DROVER_POLICY_PATHS_H

#include "base/arena.h"

#include <stdbool.h>

struct paths {
    const char *source; /* the source tree; NULL: installed */
    const char *config; /* drover.yaml */
    /* Of drover itself: built in, trusted as the program is. */
    const char *shipped_policies;
    const char *shipped_lua;
    const char *plugins;
    const char *packs;
    /* Of the site, when no drover.yaml is read; NULL where run out of the tree. */
    const char *site_policies;
    const char *site_lua;
    /* Where state and sockets are, unless drover.yaml says otherwise. */
    const char *database;
    const char *socket;
    const char *hook_socket;
    const char *hook_dir;
    const char *maintenance_dir;
    const char *alarm_dir;
};

/* Paths of the running program. Call it first from one thread; it never fails. */
const struct paths *paths_get(void);

/* Whether a directory is one of drover's own: units in it are built in, and have no prefix. */
bool paths_shipped(const char *dir);

/* The same for a program that lies in program_dir; texts go to arena. */
void paths_of(struct paths *paths, const char *program_dir, struct arena *arena);

#endif
