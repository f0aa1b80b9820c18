/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A parameter that would be written behind the unit's self. */
#include <drover/plugin.h>

static const struct drover_parameter parameters[] = {
    {.key = "limit", .type = DROVER_INTEGER, .default_text = "1", .help = "limit", .offset = 8},
    {.key = NULL},
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)self;
    (void)move;
    (void)how;
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "outside",
    .summary = "writes outside of itself",
    .self_size = 8,
    .parameters = parameters,
    .migrate = migrate,
};

DROVER_PLUGIN("outside", "1", &unit)
