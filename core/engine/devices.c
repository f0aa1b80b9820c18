/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fence devices by level; see devices.h. */
#include "engine/devices.h"

#include <string.h>

const struct fence_setting *devices_of(const struct engine *engine, const struct watch *watch,
                                       uint32_t *n)
{
    const struct host_setting *setting = host_setting(engine, watch->name);
    *n = setting ? setting->fence.n : 0;
    return setting ? setting->fence.item : NULL;
}

static bool switches(const struct fence_setting *device)
{
    return !device->soft && !device->listens;
}

uint32_t devices_next_level(const struct fence_setting *devices, uint32_t n, uint32_t above)
{
    uint32_t next = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++)
        if (switches(&devices[i]) && devices[i].level > above && devices[i].level < next)
            next = devices[i].level;
    return next;
}

uint32_t devices_of_level(const struct fence_setting *devices, uint32_t n, uint32_t level,
                          uint32_t from)
{
    while (from < n && (!switches(&devices[from]) || devices[from].level != level))
        from++;
    return from;
}

bool devices_switch(const struct host_setting *setting)
{
    for (uint32_t i = 0; i < setting->roles.n; i++)
        if (strcmp(setting->roles.item[i], "controller") == 0)
            return false;
    return devices_next_level(setting->fence.item, setting->fence.n, 0) != UINT32_MAX;
}
