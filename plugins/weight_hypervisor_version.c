/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `hypervisor_version`: the host with the newest hypervisor. OpenStack's
 * HypervisorVersionWeigher. A host whose version is not known counts as the oldest.
 */
#include <drover/plugin.h>

#include <stdlib.h>

/* As libvirt counts: "8.2.1" is 8 * 1000000 + 2 * 1000 + 1. */
static double number_of(const char *version)
{
    double number = 0, unit = 1000000;
    for (int part = 0; part < 3; part++, unit /= 1000) {
        char *end;
        if (*version < '0' || *version > '9')
            break;
        number += (double)strtoul(version, &end, 10) * unit;
        version = *end == '.' ? end + 1 : end;
    }
    return number;
}

/* How far each is behind the newest. */
static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    double newest = 0;
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = number_of(ask->fleet->hosts->hypervisor_version[hosts[i]]);
        newest = fmax(newest, weights[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        weights[i] = newest - weights[i];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "hypervisor_version",
    .summary = "the host with the newest hypervisor",
    .weigh = weigh,
};

DROVER_PLUGIN("hypervisor_version", "1.0", &unit)
