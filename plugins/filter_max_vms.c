/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `max_vms`: at most so many VMs on a host, those on their way there included. A host may
 * have a bound of its own, in its label `max_vms`. VMs on their way elsewhere count until they are
 * gone: a move may fail.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct self {
    int64_t most;
};

enum { FULL = 1 };

static const struct drover_reason reasons[] = {
    {"max_vms.full", "has {have} VMs; at most {need} may be there",
     "with a larger max_vms, or fewer VMs there"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"max_vms", DROVER_INTEGER, "VMs", 1, 100000, "100", NULL,
     "VMs on one host, unless its label max_vms says otherwise", offsetof(struct self, most)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* A label that is no number is none. */
static double most(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    const char *label = drover_label(&hosts->labels, host, "max_vms");
    char *end;
    unsigned long own = label ? strtoul(label, &end, 10) : 0;
    return label && *label >= '0' && *label <= '9' && !*end ? (double)own : (double)self->most;
}

/* VMs there without the one that is asked about. */
static double others(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_hosts *hosts = ask->fleet->hosts;
    bool counted = host == ask->from || host == ask->fleet->vms->to[ask->vm];
    return (double)hosts->vm_count[host] + hosts->vm_pending[host] - counted;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] =
            others(ask, hosts[i]) >= most(data, ask->fleet->hosts, hosts[i]) ? FULL : 0;
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)verdict;
    because->need = most(data, ask->fleet->hosts, host);
    because->have = others(ask, host);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "max_vms",
    .summary = "hosts with fewer VMs than they may have",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("max_vms", "1.0", &unit)
