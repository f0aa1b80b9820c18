/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `post_copy`: RHV's migration policy of that name. After two steps of pause the guest is
 * switched to the destination and fetches its memory from there on: it always ends, but a network
 * that breaks while it does so costs the guest.
 */
#include "migrating.h"

static const struct drover_parameter parameters[] = {
    MIGRATING_PARAMETERS("100", "2", "0"),
    SCHEDULED_PARAMETER("1=150, 2=200, 3=postcopy, 4=abort"),
    MIGRATING_END,
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)move;
    how->flags |= DROVER_HOW_AUTO_CONVERGE | DROVER_HOW_POSTCOPY;
    scheduled_how(self, how);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "post_copy",
    .summary = "a guest that writes too fast goes on over there, and its memory follows",
    .self_size = sizeof(struct scheduled),
    .parameters = parameters,
    .open = scheduled_open,
    .migrate = migrate,
};

DROVER_PLUGIN("post_copy", "1.0", &unit)
