/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host's fence devices as they are configured, level by level. A device is known by its position
 * in its host's setting; soft ones bring libvirtd back and switch nothing, nor do those that listen.
 */
#ifndef DROVER_ENGINE_DEVICES_H
#define DROVER_ENGINE_DEVICES_H

#include "engine/internal.h"

const struct fence_setting *devices_of(const struct engine *engine, const struct watch *watch,
                                       uint32_t *n);

/* The lowest level above this one that has a device that switches; UINT32_MAX: none. */
uint32_t devices_next_level(const struct fence_setting *devices, uint32_t n, uint32_t above);

/* The first device of that level that switches, from this position on; n: none. */
uint32_t devices_of_level(const struct fence_setting *devices, uint32_t n, uint32_t level,
                          uint32_t from);

/* Some device of it switches, and drover does not run there: it must not switch itself off. */
bool devices_switch(const struct host_setting *setting);

#endif
