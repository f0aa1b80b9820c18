/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units and policies as JSON, as GET /v1/units and /v1/policies give them. */
#ifndef DROVER_SET_DESCRIBE_H
#define DROVER_SET_DESCRIBE_H

#include "base/error.h"

#include <jansson.h>

struct plug;
struct plug_unit;
struct policies;

/* [{kind, name, summary, plugin, version, path, hash, language, builtin, mandatory, parameters, reasons}] */
json_t *describe_units(const struct plug *plug);
json_t *describe_unit(const struct plug_unit *unit);

/* [{name, summary, extends, file, text}], text: resolved, as YAML. NULL with the error set. */
json_t *describe_policies(struct policies *policies, struct error *error);

#endif
