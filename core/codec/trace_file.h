/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Traces from files, in one of two forms. CSV, for what a monitoring system exports: the first line
 * is `time,vm,cpu_pct,dirty_mib_s` (the last column may be absent, and empty in a row), then a row
 * per sample; empty lines and lines that begin with # are passed over. YAML, for what people write:
 *
 *     trace: 1
 *     samples:
 *       - {time: 90s, vm: web1, cpu_pct: 20, dirty_mib_s: 5}
 *
 * Times are durations after the beginning (90, 90s, 2m, 1h), and may stand in any order.
 */
#ifndef DROVER_CODEC_TRACE_FILE_H
#define DROVER_CODEC_TRACE_FILE_H

#include "model/fleet.h"
#include "model/trace.h"

/*
 * VMs are the fleet's, by name or UUID. `file` stands in messages, which name the line. NULL with
 * the error set. trace_free() it.
 */
struct trace *trace_file_read(const char *file, const char *bytes, size_t length,
                              const struct fleet *fleet, struct error *error);

/* The same from a file; "-" is standard input. */
struct trace *trace_file_load(const char *path, const struct fleet *fleet, struct error *error);

#endif
