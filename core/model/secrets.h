/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Markers of secrets. Units see a domain's XML with a marker in the place of each secret: a prefix
 * that occurs nowhere else in it, a number from 0, and a full stop. Where a unit's own XML goes back
 * to libvirt the markers become the secrets again (codec/domain_xml.h): so each may stand there once,
 * or not at all where the unit took its element away.
 */
#ifndef DROVER_MODEL_SECRETS_H
#define DROVER_MODEL_SECRETS_H

#include <stdint.h>

/* How many markers of this prefix stand in the text. */
uint32_t secret_markers_count(const char *text, const char *prefix);

/*
 * The number of the marker that begins at `text`, as far as there are n of them; where it ends goes
 * to *end. UINT32_MAX: no marker begins there.
 */
uint32_t secret_marker_number(const char *text, const char *prefix, uint32_t n, const char **end);

/* What is wrong with the markers in `after`, which was made of `before`: a clause; NULL: nothing. */
const char *secret_markers_wrong(const char *before, const char *after, const char *prefix);

#endif
