/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON values as YAML for people: the top-level mapping and the lists of mappings in it as
 * blocks, the rest in brackets on one line. Every text reads back as the same text, whatever is
 * in it: what could be taken for something else is quoted.
 */
#ifndef DROVER_CODEC_YAML_WRITE_H
#define DROVER_CODEC_YAML_WRITE_H

#include "codec/text.h"

#include <jansson.h>

/* A mapping as a whole document. free() it. */
char *yaml_text(json_t *mapping);

/* Parts of a document: the members of a mapping, each on its own line; one row of a list. */
void yaml_write_members(struct text *text, json_t *mapping);
void yaml_write_row(struct text *text, json_t *mapping);

#endif
