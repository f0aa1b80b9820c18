/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fleet file with policies and units, behind the same questions as the daemon's API: what
 * --fleet works on. Nothing here talks to anybody.
 *
 * It is trusted like the person who runs it: plugins and Lua files named on the command line are
 * loaded whoever owns them.
 */
#ifndef DROVER_CLI_OFFLINE_H
#define DROVER_CLI_OFFLINE_H

#include "base/error.h"
#include "model/columns.h"
#include "model/ruleset.h"
#include "option.h"

struct offline;
struct api_source;
struct decision;
struct plan;
struct plug;
struct policies;
struct settings;

/* By --fleet, --policy, --plugin, --plugin-dir, --config. NULL with the error set. */
struct offline *offline_open(const struct options *options, struct error *error);
void offline_close(struct offline *offline);

const struct api_source *offline_api(struct offline *offline);

/* ------------------------------------------------- parts, for commands without a fleet */

/* --config's, or all defaults. settings_free() them. */
struct settings *offline_settings(const struct options *options, struct error *error);

/*
 * Everything that can be loaded: the settings' directories, then --plugin-dir and --plugin. What
 * of the settings' directories cannot be loaded is said and left out; what was named on the
 * command line must load. NULL with the error set. plug_unref() it.
 */
struct policies *offline_policies(const struct settings *settings, struct error *error);
struct plug *offline_plug(const struct settings *settings, const struct options *options,
                          struct error *error);

/* The name of the policy called this, or in this file (anything with a '/' or ending in .yaml). */
const char *offline_policy_name(struct policies *policies, const char *name_or_file,
                                struct error *error);

#endif
