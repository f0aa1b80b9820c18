/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `very_large_vms`: RHV's migration policy of that name. Memory goes over several
 * connections without being copied in between (zero-copy), and the pauses are those of a guest that
 * has much of it.
 */
#include "migrating.h"

static const struct drover_parameter parameters[] = {
    MIGRATING_PARAMETERS("300", "1", "0"),
    SCHEDULED_PARAMETER("1=400, 2=500, 3=700, 4=1000, 6=1500, 7=5000, 8=abort"),
    MIGRATING_END,
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)move;
    how->flags |= DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_ZEROCOPY;
    scheduled_how(self, how);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "very_large_vms",
    .summary = "for memory by the terabyte: several connections, nothing copied twice",
    .self_size = sizeof(struct scheduled),
    .parameters = parameters,
    .open = scheduled_open,
    .migrate = migrate,
};

DROVER_PLUGIN("very_large_vms", "1.0", &unit)
