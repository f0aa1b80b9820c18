/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `swap`: no host that lives on its swap. RHV's measure is the swap that would not fit into
 * what is free of memory, in percent of all memory: swap that is in use while memory is free was
 * put there long ago, and does no harm. A paused VM only goes on.
 */
#include <drover/plugin.h>

struct self {
    double most_pct;
};

enum { TOO_MUCH = 1 };

static const struct drover_reason reasons[] = {
    {"swap.too_much",
     "{have} % of its memory is swapped out for want of room; at most {need} % may be",
     "with maximum_allowed_swap_usage of {have} %, or more memory free"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"maximum_allowed_swap_usage", DROVER_PERCENT, "%", 0, 199, "0", NULL,
     "so much of its memory may be swapped out for want of room", offsetof(struct self, most_pct)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* NAN where nothing is known, which compares as not too much. */
static double swapped_pct(const struct drover_hosts *hosts, uint32_t host)
{
    double used = hosts->swap_total_mib[host] - hosts->swap_free_mib[host];
    return (used - hosts->memory_free_mib[host]) * 100 / hosts->memory_mib[host];
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    const struct self *self = data;
    bool paused = ask->fleet->vms->state[ask->vm] == DROVER_VM_PAUSED;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] =
            !paused && swapped_pct(ask->fleet->hosts, hosts[i]) > self->most_pct ? TOO_MUCH : 0;
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    const struct self *self = data;
    (void)verdict;
    because->need = self->most_pct;
    because->have = ceil(swapped_pct(ask->fleet->hosts, host) * 100) / 100;
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "swap",
    .summary = "hosts that do not live on their swap",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("swap", "1.0", &unit)
