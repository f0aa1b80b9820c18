/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A weight without its callback. */
#include <drover/plugin.h>

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "hollow",
    .summary = "weighs nothing",
};

DROVER_PLUGIN("no_callback", "1", &unit)
