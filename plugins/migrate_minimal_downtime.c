/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `minimal_downtime`: RHV's migration policy of that name. The guest is slowed down
 * (auto-converge) rather than paused for long; where half a second of pause is not enough, the
 * migration is given up and the VM stays where it is, unharmed.
 */
#include "migrating.h"

static const struct drover_parameter parameters[] = {
    MIGRATING_PARAMETERS("100", "2", "0"),
    SCHEDULED_PARAMETER("1=150, 2=200, 3=300, 4=400, 6=500, 7=abort"),
    MIGRATING_END,
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)move;
    how->flags |= DROVER_HOW_AUTO_CONVERGE;
    scheduled_how(self, how);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "minimal_downtime",
    .summary = "at most half a second of pause, else the VM stays",
    .self_size = sizeof(struct scheduled),
    .parameters = parameters,
    .open = scheduled_open,
    .migrate = migrate,
};

DROVER_PLUGIN("minimal_downtime", "1.0", &unit)
