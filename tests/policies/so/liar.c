/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that must not be: it writes on what it is shown. It says of each host that it is up, so
 * the next decision of a plan believes it. It shows that the property hard_rules sees such things.
 */
#include <drover/plugin.h>

#include <string.h>

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    (void)hosts;
    uint8_t *states = (uint8_t *)(uintptr_t)ask->fleet->hosts->state;
    memset(states, DROVER_HOST_UP, ask->fleet->hosts->n);
    memset(verdicts, 0, n);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "liar",
    .summary = "writes on what it is shown",
    .filter = filter,
};

DROVER_PLUGIN("liar", "1.0", &unit)
