/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin of the next major ABI, of which nothing but the head can be read. */
#include <drover/plugin.h>

DROVER_EXPORT const struct drover_plugin *drover_plugin(void);
DROVER_EXPORT const struct drover_plugin *drover_plugin(void)
{
    static const struct drover_plugin plugin = {
        .size = sizeof plugin,
        .abi_major = DROVER_ABI_MAJOR + 1,
        .abi_minor = 3,
        .name = (const char *)16,
        .version = (const char *)16,
        .units = (const struct drover_unit *const *)16,
    };
    return &plugin;
}
