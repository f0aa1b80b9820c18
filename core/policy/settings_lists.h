/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lists of the configuration (clusters, hosts, groups), joined over several files, each row
 * with the place where it stood. Internal to policy/.
 */
#ifndef DROVER_POLICY_SETTINGS_LISTS_H
#define DROVER_POLICY_SETTINGS_LISTS_H

#include "base/table.h"
#include "codec/yaml.h"
#include "model/settings.h"

struct place {
    const char *file;
    struct mark mark;
};

/* Rows of one kind while files are being read. */
struct settings_list {
    char *row;
    struct place *place;
    uint32_t n, capacity, place_capacity;
    struct table index; /* by name */
};

enum { SETTINGS_CLUSTERS, SETTINGS_HOSTS, SETTINGS_GROUPS, SETTINGS_LISTS };

struct settings_lists {
    struct settings *settings; /* texts go to its arena */
    const char *file;          /* being read */
    struct settings_list list[SETTINGS_LISTS];
};

/* For yaml_read(), with a struct settings_lists as self. */
extern const struct yaml_rows settings_rows[];

/* What holds between rows: clusters and hosts that are named exist, no host is there twice. */
int settings_lists_check(const struct settings_lists *lists, struct error *error);

/* Hand the rows to the settings, and free the rest. */
void settings_lists_keep(struct settings_lists *lists);

#endif
