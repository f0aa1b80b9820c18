/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters of units: read from text by their table, checked, stored into self. */
#ifndef DROVER_PLUG_PARAMETERS_H
#define DROVER_PLUG_PARAMETERS_H

#include "base/arena.h"
#include "base/error.h"
#include "plugin.h"

/* The size in self of a value of this type; 0: no such type. */
size_t parameter_size(uint32_t type);

/*
 * Read text and store it at its place in self; texts are copied into arena. self NULL: only
 * check. The error says what was expected, without naming the place.
 */
int parameter_set(const struct drover_parameter *parameter, void *self, const char *text,
                  struct arena *arena, struct error *error);

/* All of a table's defaults. The tables are checked when a unit is loaded. */
void parameter_defaults(const struct drover_parameter *table, void *self, struct arena *arena);

/* The parameter called key, or NULL. The table may be NULL. */
const struct drover_parameter *parameter_find(const struct drover_parameter *table,
                                              const char *key);

/* What the text may be, for messages: "a percentage from 50 to 99". */
const char *parameter_expected(const struct drover_parameter *parameter, char *text, size_t size);

#endif
