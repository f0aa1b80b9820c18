/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recorded migration walked through a schedule: at which of its reports would be done what? The
 * recording is a file of reports as libvirt makes them, or as somebody made them up:
 *
 *     progress: 1
 *     memory_mib: 2048
 *     reports:
 *       - {at: 1, iteration: 1, remaining_mib: 1936, throughput_mib_s: 112}
 *
 * at: seconds since it began, ascending. The same lines decide as in a real move
 * (decide/schedule.h).
 */
#ifndef DROVER_CLI_WALK_H
#define DROVER_CLI_WALK_H

#include "base/error.h"
#include "screen.h"

#include <jansson.h>

/* Adds "progress" to what `drover plan migrate` answers: a row for each report. -1: error set. */
int walk_recording(json_t *plan, const char *path, struct error *error);

/* The same for people. */
void render_walk(struct screen *screen, const json_t *plan);

#endif
