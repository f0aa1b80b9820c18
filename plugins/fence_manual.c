/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_manual`: a person is the device. It never says that a host is off: it says what is
 * to be done, and the person says so to drover, by name (drover evacuate).
 */
#include <drover/plugin.h>

#include <stdio.h>

struct self {
    const char *instructions;
};

static const struct drover_parameter parameters[] = {
    {"instructions", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "where its switch is, whom to call: part of what drover says",
     offsetof(struct self, instructions)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static int open_unit(void *data, char *error, size_t size)
{
    const struct self *self = data;
    if (strlen(self->instructions) <= 200 && !strpbrk(self->instructions, "\r\n\033"))
        return 0;
    return snprintf(error, size, "instructions: expected at most 200 bytes, on one line"), -1;
}

static int fence(void *data, struct drover_fence *fence)
{
    const struct self *self = data;
    const char *what = self->instructions;
    fence->result = DROVER_FENCE_UNKNOWN;
    if (fence->action == DROVER_FENCE_OFF)
        snprintf(fence->text, sizeof fence->text,
                 "a person has to make sure that host %s is off%s%s%s, and then say so: "
                 "drover evacuate %s --confirm-host-is-off",
                 fence->host, what[0] ? " (" : "", what, what[0] ? ")" : "", fence->host);
    else
        snprintf(fence->text, sizeof fence->text, "a person has to %s host %s%s%s%s",
                 fence->action == DROVER_FENCE_ON ? "switch on" : "look at", fence->host,
                 what[0] ? " (" : "", what, what[0] ? ")" : "");
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FENCE,
    .name = "fence_manual",
    .summary = "tells a person to switch the host off; believes nobody but that person",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = open_unit,
    .fence = fence,
};

DROVER_PLUGIN("fence_manual", "1.0", &unit)
