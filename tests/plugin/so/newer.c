/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin of a later minor ABI: every struct has members that this drover does not know. */
#include <drover/plugin.h>

struct newer_parameter {
    struct drover_parameter now;
    const char *later;
};

struct newer_reason {
    struct drover_reason now;
    const char *later;
};

struct newer_unit {
    struct drover_unit now;
    void *later[4];
};

struct newer_plugin {
    struct drover_plugin now;
    void *later[4];
};

struct newer_self {
    int64_t first, second;
};

static const struct newer_parameter parameters[] = {
    {{.key = "first", .type = DROVER_INTEGER, .default_text = "1", .help = "first",
      .offset = offsetof(struct newer_self, first)}, "later"},
    {{.key = "second", .type = DROVER_INTEGER, .default_text = "2", .help = "second",
      .offset = offsetof(struct newer_self, second)}, "later"},
    {{.key = NULL}, NULL},
};

static const struct newer_reason reasons[] = {
    {{"newer.first", "one", NULL}, "later"},
    {{"newer.second", "two", NULL}, "later"},
    {{NULL, NULL, NULL}, NULL},
};

/* Each host is refused by its place, so that both reasons show. */
static int filter(void *memory, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    const struct newer_self *self = memory;
    (void)ask;
    (void)hosts;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = (uint8_t)(i == 0 ? self->first : self->second);
    return 0;
}

static const struct newer_unit unit = {
    .now = {
        .size = sizeof unit,
        .kind = DROVER_FILTER,
        .name = "newer",
        .summary = "refuses everything",
        .self_size = sizeof(struct newer_self),
        .parameters = &parameters[0].now,
        .reasons = &reasons[0].now,
        .filter = filter,
    },
    .later = {(void *)16, (void *)16, (void *)16, (void *)16},
};

DROVER_EXPORT const struct drover_plugin *drover_plugin(void);
DROVER_EXPORT const struct drover_plugin *drover_plugin(void)
{
    static const struct drover_unit *const units[] = {&unit.now, NULL};
    static const struct newer_plugin plugin = {
        .now = {
            .size = sizeof plugin,
            .abi_major = DROVER_ABI_MAJOR,
            .abi_minor = DROVER_ABI_MINOR + 7,
            .parameter_size = sizeof(struct newer_parameter),
            .reason_size = sizeof(struct newer_reason),
            .name = "newer",
            .version = "3.0",
            .units = units,
        },
    };
    return &plugin.now;
}
