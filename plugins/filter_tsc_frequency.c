/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `tsc_frequency`: a running guest that counts on the frequency of its time stamp counter
 * goes where that frequency is the same within 250 ppm (QEMU's own tolerance), or can be scaled
 * to. RHV's rule: a destination of unknown frequency is refused, and where the frequency of the
 * source is not known, there is nothing to compare with.
 */
#include <drover/plugin.h>

#define TOLERANCE_PPM 250

enum { UNKNOWN = 1, DIFFERENT };

static const struct drover_reason reasons[] = {
    {"tsc_frequency.unknown", "the frequency of its time stamp counter is not known",
     "once libvirt has told it"},
    {"tsc_frequency.different",
     "its time stamp counter runs at {have} kHz and cannot be scaled; the guest counts on {need} "
     "kHz",
     "once the guest is started anew, or with a CPU that scales its counter"},
    {NULL, NULL, NULL},
};

/* 0: the guest goes anywhere. */
static double wanted_khz(const struct drover_ask *ask)
{
    double wanted = ask->fleet->vms->tsc_khz[ask->vm];
    if (ask->from == DROVER_NONE || !(ask->fleet->hosts->tsc_khz[ask->from] > 0))
        return 0;
    return wanted > 0 ? wanted : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_hosts *column = ask->fleet->hosts;
    double wanted = wanted_khz(ask), tolerance = wanted * TOLERANCE_PPM / 1e6;
    memset(verdicts, 0, n);
    for (uint32_t i = 0; wanted > 0 && i < n; i++) {
        uint32_t h = hosts[i];
        bool apart = fabs(column->tsc_khz[h] - wanted) > tolerance && !column->tsc_scaling[h];
        uint8_t verdict = column->tsc_khz[h] > 0 ? (apart ? DIFFERENT : 0) : UNKNOWN;
        verdicts[i] = h == ask->from ? 0 : verdict;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    because->need = wanted_khz(ask);
    because->have = ask->fleet->hosts->tsc_khz[host];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "tsc_frequency",
    .summary = "hosts whose time stamp counter suits the running guest",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("tsc_frequency", "1.0", &unit)
