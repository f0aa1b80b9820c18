/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover.yaml and the files of conf.d (see drover.yaml(5)) -> struct settings. */
#ifndef DROVER_POLICY_SETTINGS_FILE_H
#define DROVER_POLICY_SETTINGS_FILE_H

#include "base/error.h"
#include "model/settings.h"

/*
 * Read `path`, then every *.yaml in conf.d/ beside it, in order of name. Lists (hosts,
 * clusters, groups) are joined; two of one name are an error naming both places; a scalar in
 * a later file replaces. Paths that are not given are filled in from the build's configuration.
 * NULL with the error set. settings_free() it.
 */
struct settings *settings_read(const char *path, struct error *error);

/* All defaults, no hosts: for offline commands. */
struct settings *settings_default(void);

void settings_free(struct settings *settings);

#endif
