/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `host_spares`: keeps places free for the VM in which the controller runs. Where no more
 * than he_spares_count hosts could take it over, other VMs must leave them the memory for it.
 * RHV's HostedEngineSpares. The VM is known by its label `controller: yes`, the hosts by the role
 * controller.
 */
#include <drover/plugin.h>

#include <stdio.h>

struct self {
    int64_t spares;
};

enum { SPARE = 1 };

static const struct drover_reason reasons[] = {
    {"host_spares.spare",
     "it is one of few hosts that could take the controller's VM {subject}, which needs "
     "{need} MiB; {have} would be left",
     "with {short} MiB more memory, or a smaller he_spares_count"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"he_spares_count", DROVER_INTEGER, "hosts", 0, 1000, "0", NULL,
     "so many hosts must stay able to take the controller's VM; 0: none",
     offsetof(struct self, spares)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static bool is_controller(const struct drover_vms *vms, uint32_t vm)
{
    const char *label = drover_label(&vms->labels, vm, "controller");
    return label && strcmp(label, "yes") == 0;
}

/* The controller's VM in the same cluster; DROVER_NONE: there is none. */
static uint32_t find_controller(const struct drover_ask *ask)
{
    const struct drover_vms *vms = ask->fleet->vms;
    for (uint32_t v = 0; v < vms->n; v++)
        if (vms->cluster[v] == vms->cluster[ask->vm] && is_controller(vms, v))
            return v;
    return DROVER_NONE;
}

static double memory_of(const struct drover_vms *vms, uint32_t vm)
{
    return vms->memory_mib[vm] + vms->memory_overhead_mib[vm];
}

static bool is_spare(const struct drover_fleet *fleet, uint32_t host, uint32_t controller)
{
    const struct drover_hosts *hosts = fleet->hosts;
    return hosts->state[host] == DROVER_HOST_UP && hosts->roles[host] & DROVER_ROLE_CONTROLLER &&
           host != fleet->vms->host[controller] &&
           hosts->cluster[host] == fleet->vms->cluster[controller] &&
           hosts->memory_schedulable_mib[host] >= memory_of(fleet->vms, controller);
}

/* Where the VM is, or is expected, its memory is taken already. */
static double left_with(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    bool counted = host == ask->from || host == vms->to[ask->vm];
    return ask->fleet->hosts->memory_schedulable_mib[host] -
           (counted ? 0 : memory_of(vms, ask->vm));
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    const struct self *self = data;
    const struct drover_fleet *fleet = ask->fleet;
    int64_t spares = 0;
    memset(verdicts, 0, n);
    uint32_t controller = self->spares > 0 ? find_controller(ask) : DROVER_NONE;
    if (controller == DROVER_NONE || controller == ask->vm)
        return 0;
    for (uint32_t h = 0; h < fleet->hosts->n; h++)
        spares += is_spare(fleet, h, controller);
    if (spares > self->spares)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (is_spare(fleet, hosts[i], controller) &&
            left_with(ask, hosts[i]) < memory_of(fleet->vms, controller))
            verdicts[i] = SPARE;
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    uint32_t controller = find_controller(ask);
    if (controller == DROVER_NONE)
        return DROVER_FAILED;
    because->need = memory_of(ask->fleet->vms, controller);
    because->have = left_with(ask, host);
    snprintf(because->subject, sizeof because->subject, "%s", ask->fleet->vms->name[controller]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "host_spares",
    .summary = "hosts that need not be kept free for the controller's VM",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("host_spares", "1.0", &unit)
