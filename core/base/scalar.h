/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scalars as people write them in files: "80%", "2m", "4GiB", "yes". One place, so that a
 * duration is written the same way in a policy, in drover.yaml and on the command line.
 * Each returns false, leaving *value alone, where the text is not one of its kind.
 */
#ifndef DROVER_BASE_SCALAR_H
#define DROVER_BASE_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

bool scalar_number(const char *text, double *value);      /* finite; 1, -2.5, 1e3 */
bool scalar_integer(const char *text, int64_t *value);    /* decimal */
bool scalar_boolean(const char *text, bool *value);       /* yes no true false on off */
bool scalar_percent(const char *text, double *value);     /* 80, 80% -> 80 */
bool scalar_duration_s(const char *text, double *value);  /* 90, 90s, 500ms, 2m, 1h, 1d -> seconds */
bool scalar_memory_mib(const char *text, double *value);  /* 512, 512MiB, 4GiB, 1TiB, 1024KiB -> MiB */
bool scalar_null(const char *text);                       /* null ~ and nothing at all */

#endif
