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

/*
 * For documents that have a fleet's lists among other keys: hand each row to its reader's function
 * as it is read (yaml_rows), then finish; ages are made times by `now`. Finishing frees the reader
 * and returns the fleet, or NULL with the error set; an error of its own is told at `file`.
 */
struct fleet_reader;
struct fleet_reader *fleet_reader_new(const char *file);
int fleet_reader_cluster(struct fleet_reader *reader, const struct cluster *cluster,
                         struct mark mark, struct error *error);
int fleet_reader_host(struct fleet_reader *reader, const struct host *host, struct mark mark,
                      struct error *error);
int fleet_reader_vm(struct fleet_reader *reader, const struct vm *vm, struct mark mark,
                    struct error *error);
int fleet_reader_group(struct fleet_reader *reader, const struct group *group, struct mark mark,
                       struct error *error);
struct fleet *fleet_reader_done(struct fleet_reader *reader, double now, struct error *error);
void fleet_reader_free(struct fleet_reader *reader); /* instead: what was read is not wanted */

#define FLEET_NOW "1768996800" /* `now` of a fleet that does not say */

/* Write as YAML, sorted by name, leaving out defaults; it reads back as the same. free() it. */
char *fleet_file_write(const struct fleet *fleet);

#endif
