/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A weight that overruns its time now and then, as a machine under load would have it, but only
 * where DROVER_TEST_LATE is set: so a test can record a run in which it does, and replay that where
 * it does not.
 */
#include <drover/plugin.h>

#include <stdlib.h>

static int weigh_hosts(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                       uint32_t n_hosts, double *weights)
{
    static unsigned calls;
    (void)self;
    (void)ask;
    if (getenv("DROVER_TEST_LATE") && ++calls % 5 == 0)
        return DROVER_OVERRAN;
    for (uint32_t i = 0; i < n_hosts; i++)
        weights[i] = hosts[i];
    return 0;
}

static const char *tell_failure(void *self)
{
    (void)self;
    return "it ran for 201 ms, and may for 200";
}

static const struct drover_unit late = {
    .size = sizeof(struct drover_unit),
    .kind = DROVER_WEIGHT,
    .name = "late",
    .summary = "hosts in order of name, sometimes too late",
    .weigh = weigh_hosts,
    .failure = tell_failure,
};

DROVER_PLUGIN("late", "1.0", &late)
