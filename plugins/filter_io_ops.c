/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `io_ops`: no host that has its hands full: VMs on their way to it and from it, and jobs
 * that others run there (backups, images), which they tell by its label `io_ops`. Nova's
 * IoOpsFilter.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct self {
    int64_t most;
};

enum { BUSY = 1 };

static const struct drover_reason reasons[] = {
    {"io_ops.busy", "{have} moves and jobs are under way there; fewer than {need} may be",
     "once some of them are done, or with a larger max_io_ops"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"max_io_ops", DROVER_INTEGER, "jobs", 1, 10000, "8", NULL,
     "a host with so many moves and jobs under way takes no VM", offsetof(struct self, most)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* A label that is no number is none. */
static double jobs_of_others(const struct drover_hosts *hosts, uint32_t host)
{
    const char *label = drover_label(&hosts->labels, host, "io_ops");
    char *end;
    unsigned long jobs = label ? strtoul(label, &end, 10) : 0;
    return label && *label >= '0' && *label <= '9' && !*end ? (double)jobs : 0;
}

/* The VM's own move is no reason against where it leads, nor against staying. */
static double under_way(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_hosts *hosts = ask->fleet->hosts;
    const struct drover_vms *vms = ask->fleet->vms;
    uint32_t to = vms->to[ask->vm];
    bool counted = to != DROVER_NONE && to != vms->host[ask->vm] &&
                   (to == host || vms->host[ask->vm] == host);
    return (double)hosts->vm_pending[host] + hosts->vm_leaving[host] - counted +
           jobs_of_others(hosts, host);
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    const struct self *self = data;
    for (uint32_t i = 0; i < n; i++) {
        bool busy = under_way(ask, hosts[i]) >= (double)self->most;
        verdicts[i] = busy && hosts[i] != ask->from ? BUSY : 0;
    }
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    const struct self *self = data;
    (void)verdict;
    because->need = (double)self->most;
    because->have = under_way(ask, host);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "io_ops",
    .summary = "hosts without too many moves and jobs under way",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("io_ops", "1.0", &unit)
