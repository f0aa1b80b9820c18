/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `host_device`: every device that is passed through to the VM is on the host, and free. A
 * VM that runs leaves its host only where each of its devices can be unplugged and plugged again:
 * virtual functions of network cards behind a standby NIC. Mandatory.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { LIVE = 1, MISSING, BUSY };

static const struct drover_reason reasons[] = {
    {"host_device.live",
     "the running VM has {subject} of its own, which cannot be unplugged for a move",
     "once the VM is shut down, or without {subject}"},
    {"host_device.missing", "has no {subject}", "with {subject}"},
    {"host_device.busy", "somebody else has {subject}", "once {subject} is free"},
    {NULL, NULL, NULL},
};

static const char *const kind_names[] = {"PCI device", "USB device", "mediated device",
                                         "virtual function"};

static bool same(const struct drover_devices *one, uint32_t i, const struct drover_devices *other,
                 uint32_t k)
{
    return one->kind[i] == other->kind[k] && strcmp(one->id[i], other->id[k]) == 0;
}

/* The first of the VM's devices that keeps it where it is; DROVER_NONE: none does. */
static uint32_t bound_device(const struct drover_ask *ask)
{
    const struct drover_devices *own = &ask->fleet->vms->devices;
    for (uint32_t i = own->start[ask->vm]; i < own->start[ask->vm + 1]; i++)
        if (own->kind[i] != DROVER_DEVICE_VF)
            return i;
    return DROVER_NONE;
}

/* How many of this device the VM wants, counted up to and with device i. */
static uint32_t wanted_up_to(const struct drover_devices *own, uint32_t vm, uint32_t i)
{
    uint32_t n = 0;
    for (uint32_t k = own->start[vm]; k <= i; k++)
        n += same(own, i, own, k);
    return n;
}

/* How many of it VMs on their way to the host will take. */
static uint32_t expected(const struct drover_ask *ask, uint32_t i, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    uint32_t n = 0;
    for (uint32_t v = 0; ask->fleet->hosts->vm_pending[host] > 0 && v < vms->n; v++) {
        if (vms->to[v] != host || v == ask->vm || vms->host[v] == host)
            continue;
        for (uint32_t k = vms->devices.start[v]; k < vms->devices.start[v + 1]; k++)
            n += same(&vms->devices, i, &vms->devices, k);
    }
    return n;
}

static uint8_t judge_device(const struct drover_ask *ask, uint32_t i, uint32_t host)
{
    const struct drover_devices *own = &ask->fleet->vms->devices;
    const struct drover_devices *there = &ask->fleet->hosts->devices;
    uint32_t all = 0, unused = 0;
    for (uint32_t k = there->start[host]; k < there->start[host + 1]; k++) {
        bool it = same(own, i, there, k);
        all += it;
        unused += it && there->free[k];
    }
    uint32_t wanted = wanted_up_to(own, ask->vm, i);
    if (all < wanted)
        return MISSING;
    return unused < wanted + expected(ask, i, host) ? BUSY : 0;
}

/* The first device that stands in the way there, and how. */
static uint8_t judge(const struct drover_ask *ask, uint32_t host, uint32_t *device)
{
    const struct drover_devices *own = &ask->fleet->vms->devices;
    *device = ask->from == DROVER_NONE ? DROVER_NONE : bound_device(ask);
    if (*device != DROVER_NONE)
        return LIVE;
    if (!ask->fleet->hosts->devices_known[host])
        return 0;
    for (*device = own->start[ask->vm]; *device < own->start[ask->vm + 1]; ++*device) {
        uint8_t verdict = judge_device(ask, *device, host);
        if (verdict)
            return verdict;
    }
    return 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const uint32_t *start = ask->fleet->vms->devices.start;
    uint32_t device;
    memset(verdicts, 0, n);
    if (start[ask->vm] == start[ask->vm + 1])
        return 0;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == ask->from ? 0 : judge(ask, hosts[i], &device);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    const struct drover_devices *own = &ask->fleet->vms->devices;
    uint32_t device;
    if (judge(ask, host, &device))
        snprintf(because->subject, sizeof because->subject, "%s %s",
                 own->kind[device] < 4 ? kind_names[own->kind[device]] : "device", own->id[device]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "host_device",
    .summary = "hosts that have the devices that are passed through to the VM",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("host_device", "1.0", &unit)
