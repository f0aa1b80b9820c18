/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A default that its own bounds refuse. */
#include <drover/plugin.h>

static const struct drover_parameter parameters[] = {
    {.key = "limit", .type = DROVER_PERCENT, .min = 50, .max = 99, .default_text = "20%",
     .help = "limit"},
    {.key = NULL},
};

static int balance(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    (void)self;
    (void)fleet;
    (void)cluster;
    (void)plan;
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_BALANCE,
    .name = "bad_default",
    .summary = "its default is wrong",
    .self_size = 8,
    .parameters = parameters,
    .balance = balance,
};

DROVER_PLUGIN("bad_default", "1", &unit)
