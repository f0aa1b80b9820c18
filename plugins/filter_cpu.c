/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu`: CPUs that nobody has for himself are enough for the largest single VM that shares
 * them, be it the one that comes or one that is there. RHV's rule. The sum over VMs is not limited
 * here (vCPUs are shared); that is what cpu_overloaded and the weights are for.
 */
#include <drover/plugin.h>

enum { TOO_FEW = 1, UNKNOWN, DEDICATED, LARGER_THERE };

static const struct drover_reason reasons[] = {
    {"cpu.too_few", "the VM has {need} vCPUs, the host {have} CPUs", "with {short} CPUs more"},
    {"cpu.unknown", "its number of CPUs is not known", "once libvirt has told it"},
    {"cpu.dedicated",
     "the VM has {need} vCPUs, {have} CPUs are left beside those that VMs have for themselves",
     "with {short} CPUs more that are nobody's own"},
    {"cpu.larger_there",
     "a VM there shares {need} vCPUs, and {have} CPUs would be left for it",
     "with {short} CPUs more"},
    {NULL, NULL, NULL},
};

/* What the VM asks for, and what would be left for those that share. */
struct room {
    double vcpus;       /* of the VM */
    double left;        /* CPUs that are nobody's own without the VM */
    double shared;      /* vCPUs of the largest VM there that shares */
    bool dedicated;     /* the VM has its CPUs for itself */
};

/* Where the VM is, or is expected, its CPUs are counted already. */
static struct room room_of(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    bool counted = host == ask->from || host == vms->to[ask->vm];
    struct room room = {
        .vcpus = vms->vcpus[ask->vm],
        .left = hosts->cpus[host] - hosts->cpus_dedicated[host],
        .shared = hosts->largest_shared_vcpus[host],
        .dedicated = vms->cpu_dedicated[ask->vm],
    };
    room.left += room.dedicated && counted ? room.vcpus : 0;
    return room;
}

static uint8_t judge(const struct drover_ask *ask, uint32_t host)
{
    double cpus = ask->fleet->hosts->cpus[host];
    struct room room = room_of(ask, host);
    if (!(cpus > 0))
        return UNKNOWN;
    if (room.vcpus > cpus)
        return TOO_FEW;
    if (room.vcpus > room.left)
        return DEDICATED;
    return room.shared > room.left - (room.dedicated ? room.vcpus : 0) ? LARGER_THERE : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = judge(ask, hosts[i]);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    struct room room = room_of(ask, host);
    because->need = verdict == LARGER_THERE ? room.shared : room.vcpus;
    because->have = verdict == LARGER_THERE ? room.left - (room.dedicated ? room.vcpus : 0)
                    : verdict == DEDICATED  ? room.left
                                            : ask->fleet->hosts->cpus[host];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "cpu",
    .summary = "hosts with as many CPUs as the VM has vCPUs",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu", "1.0", &unit)
