/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `hugepages`: as many huge pages of the VM's size are free as its memory takes. What VMs on
 * their way there will take is not free. RHV's rule.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { SHORT = 1 };

static const struct drover_reason reasons[] = {
    {"hugepages.short", "needs {need} huge pages of {subject}, has {have} free; {short} short",
     "with {short} huge pages of {subject} more"},
    {NULL, NULL, NULL},
};

static double needed(const struct drover_vms *vms, uint32_t vm)
{
    double size = vms->hugepages_kib[vm];
    return size > 0 ? ceil(vms->memory_mib[vm] * 1024 / size) : 0;
}

static double free_pages(const struct drover_pages *pages, uint32_t host, double size_kib)
{
    double n = 0;
    for (uint32_t i = pages->start[host]; i < pages->start[host + 1]; i++) {
        double apart = pages->size_kib[i] - size_kib;
        n += fabs(apart) < 0.5 ? pages->free[i] : 0;
    }
    return n;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    double need = needed(vms, ask->vm);
    memset(verdicts, 0, n);
    for (uint32_t i = 0; need > 0 && i < n; i++) {
        uint32_t h = hosts[i];
        bool has_its_own = h == ask->from || h == vms->to[ask->vm];
        double have = free_pages(&ask->fleet->hosts->hugepages, h, vms->hugepages_kib[ask->vm]);
        verdicts[i] = !has_its_own && have < need ? SHORT : 0;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    double size = ask->fleet->vms->hugepages_kib[ask->vm];
    because->need = needed(ask->fleet->vms, ask->vm);
    because->have = fmax(0, free_pages(&ask->fleet->hosts->hugepages, host, size));
    snprintf(because->subject, sizeof because->subject, "%.0f KiB", size);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "hugepages",
    .summary = "hosts with enough free huge pages of the VM's size",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("hugepages", "1.0", &unit)
