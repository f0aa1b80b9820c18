/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `link_load`: the host whose migration link would be shared by fewest moves, by how fast
 * it is: moves for each gigabit per second, this one included. Two moves over one link take twice
 * as long each, and a VM that changes its memory quickly may then not arrive at all. Where the VM
 * is nothing has to be moved.
 */
#include <drover/plugin.h>

#define MBPS_PER_GBPS 1000.0

struct self {
    double assumed_mbps;
};

static const struct drover_parameter parameters[] = {
    {"assumed_link_mbps", DROVER_NUMBER, "Mbps", 1, 10000000, "1000", NULL,
     "taken for a link whose speed is not known", offsetof(struct self, assumed_mbps)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    const struct self *self = data;
    const struct drover_hosts *column = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t host = hosts[i];
        double mbps = column->link_mbps[host] > 0 ? column->link_mbps[host] : self->assumed_mbps;
        double moves = (double)column->vm_leaving[host] + column->vm_pending[host] + 1;
        weights[i] = host == ask->from ? 0 : moves * MBPS_PER_GBPS / mbps;
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "link_load",
    .summary = "the host whose migration link has most room",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("link_load", "1.0", &unit)
