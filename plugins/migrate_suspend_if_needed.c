/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `suspend_if_needed`: RHV's migration policy "suspend workload if needed". As
 * minimal_downtime, with memory compressed; and before it gives up, the guest may stand still for
 * 5 seconds.
 */
#include "migrating.h"

static const struct drover_parameter parameters[] = {
    MIGRATING_PARAMETERS("100", "1", "0"),
    SCHEDULED_PARAMETER("1=150, 2=200, 3=300, 4=400, 6=500, 7=5000, 8=abort"),
    MIGRATING_END,
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)move;
    how->flags |= DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_COMPRESS;
    scheduled_how(self, how);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "suspend_if_needed",
    .summary = "a pause of up to 5 seconds rather than none of it",
    .self_size = sizeof(struct scheduled),
    .parameters = parameters,
    .open = scheduled_open,
    .migrate = migrate,
};

DROVER_PLUGIN("suspend_if_needed", "1.0", &unit)
