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
struct limits;
struct plan;
struct planned_move;
struct plug;
struct policies;
struct settings;

/* What fleets are decided with. */
struct offline_parts {
    struct settings *settings;
    struct policies *policies;
    struct plug *plug;
};
void offline_parts_free(struct offline_parts *parts); /* what of them is there */

/* By --fleet, --policy, --plugin, --plugin-dir, --config. NULL with the error set. */
struct offline *offline_open(const struct options *options, struct error *error);

/*
 * A fleet, which is taken over also where this fails, with parts, which are borrowed. policy: a
 * name or a file, in every cluster; NULL: what the clusters say. NULL with the error set.
 */
struct offline *offline_new(const struct offline_parts *parts, struct fleet *fleet,
                            const char *policy, struct error *error);
void offline_close(struct offline *offline);

const struct api_source *offline_api(struct offline *offline);

/* What units see of the fleet now; until one of the functions below changes it. */
const struct columns *offline_columns(const struct offline *offline);

/* ------------------------------------------- what if: nothing happens but in the records */

/* Those of the parts' settings at first; they may be set. */
struct limits *offline_limits(struct offline *offline);

/* Another fleet, taken over, with clusters of the same names: they keep their policies. */
void offline_use(struct offline *offline, struct fleet *fleet);

/* The fleet as it is when these moves are done. */
void offline_carry_out(struct offline *offline, const struct planned_move *moves, uint32_t n);

/* These moves are under way: what a plan for a drain assumes of those before. */
void offline_promise(struct offline *offline, const struct planned_move *moves, uint32_t n);

/* Time passes with loads as they are: a host has been out of its policy's band since before. */
void offline_pass(struct offline *offline, double seconds);

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

/*
 * All parts, with what lies in a folder before what is installed: dir/plugins/, dir/lua/ and
 * dir/policies/, as a pack where there is a dir/pack.yaml. What is wrong in there is an error. -1
 * with the error set; else offline_parts_free() them.
 */
int offline_parts_load(struct offline_parts *parts, const struct options *options, const char *dir,
                       struct error *error);

/* The name of the policy called this, or in this file (anything with a '/' or ending in .yaml). */
const char *offline_policy_name(struct policies *policies, const char *name_or_file,
                                struct error *error);

#endif
