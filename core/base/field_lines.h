/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record as lines of text, by its field table, for those that may not know YAML or JSON: what
 * the engine asks to be remembered over a restart is written and read by itself.
 *
 *     key=value        newlines and backslashes are escaped; "null" of a number: NAN
 *     key[]=           a list that is known; its items follow, in order
 *     key+=item        one item: a text, a number, key\tvalue of pairs, or a record's own lines
 *
 * Internal fields are written, secret ones are not.
 */
#ifndef DROVER_BASE_FIELD_LINES_H
#define DROVER_BASE_FIELD_LINES_H

#include "base/field.h"

/* In the arena. Fields of the type FIELD_TEXT_OR_RECORD are left out. */
const char *field_lines_write(struct arena *arena, const struct field *table, const void *record);

/*
 * Sets what the lines say in a record that has its defaults. Unknown lines and values that are
 * none of their type are skipped: an older drover may read what a newer one wrote.
 */
void field_lines_read(struct arena *arena, const struct field *table, const char *text,
                      void *record);

#endif
