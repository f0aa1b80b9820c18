/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleet files, format 1 (see drover-fleet(5)): text <-> struct fleet. */
#ifndef DROVER_CODEC_FLEET_FILE_H
#define DROVER_CODEC_FLEET_FILE_H

#include "model/fleet.h"

/*
 * Linear in the size of the input. `file` stands in messages. Ages are made times by the file's
 * `now`. NULL with the error set. fleet_free() it.
 */
struct fleet *fleet_file_read(const char *file, const char *bytes, size_t length,
                              struct error *error);

/* The same from a file; "-" is standard input. */
struct fleet *fleet_file_load(const char *path, struct error *error);

/* Write as YAML, sorted by name, leaving out defaults; it reads back as the same. free() it. */
char *fleet_file_write(const struct fleet *fleet);

#endif
