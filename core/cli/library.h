/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units and policies to look at: those that the daemon runs with; where no daemon runs, or where
 * files are named (--fleet, --config, --plugin, --plugin-dir), those that lie here.
 */
#ifndef DROVER_CLI_LIBRARY_H
#define DROVER_CLI_LIBRARY_H

#include "command.h"

/* "/v1/units" or "/v1/policies": an array. NULL with the error set. json_decref() it. */
json_t *library_get(struct cli *cli, const char *path, struct error *error);

/*
 * The objects of the array whose "name" is this one, as a new array; none is an error that lists
 * what there is. Takes list over.
 */
json_t *library_pick(json_t *list, const char *what, const char *name, struct error *error);

#endif
