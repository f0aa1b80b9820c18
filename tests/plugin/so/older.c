/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin as built against an older ABI 1.0 in which struct drover_unit ended after filter: the
 * loader must not read what is not there. What lies behind it here is poison.
 */
#include <drover/plugin.h>

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    (void)ask;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == 0;
    return 0;
}

static const struct drover_reason reasons[] = {{"older.first", "is the first", NULL}, {NULL,
    NULL, NULL}};

static const struct {
    struct drover_unit unit;
} older = {
    {
        .size = offsetof(struct drover_unit, why),
        .kind = DROVER_FILTER,
        .name = "older",
        .summary = "not the first host",
        .reasons = reasons,
        .filter = filter,
        .why = (int (*)(void *, const struct drover_ask *, uint32_t, uint8_t,
            struct drover_why *))16,
        .failure = (const char *(*)(void *))16,
    },
};

DROVER_PLUGIN("older", "0.9", &older.unit)
