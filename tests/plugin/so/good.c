/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filter and a weight as a vendor would write them, with a parameter of every type. */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

struct roomy {
    double spare_mib;
    int64_t most_vms;
    const char *avoid;
};

static const struct drover_parameter roomy_parameters[] = {
    {.key = "spare", .type = DROVER_MEMORY_MIB, .unit = "MiB", .min = 0, .max = 1048576,
     .default_text = "512MiB", .help = "memory to keep free", .offset = offsetof(struct roomy,
         spare_mib)},
    {.key = "most_vms", .type = DROVER_INTEGER, .unit = "VMs", .min = 0, .max = 1000,
     .default_text = "3", .help = "VMs on one host", .offset = offsetof(struct roomy, most_vms)},
    {.key = "avoid", .type = DROVER_TEXT, .default_text = "r9", .help = "rack to leave alone",
     .offset = offsetof(struct roomy, avoid)},
    {.key = NULL},
};

static const struct drover_reason roomy_reasons[] = {
    {"roomy.short", "needs {need} MiB, has {have} MiB", "with {short} MiB more"},
    {"roomy.full", "has {have} VMs already", NULL},
    {"roomy.avoid", "stands in rack {subject}", NULL},
    {NULL, NULL, NULL},
};

static const char *rack_of(const struct drover_hosts *hosts, uint32_t host)
{
    for (uint32_t i = hosts->labels.start[host]; i < hosts->labels.start[host + 1]; i++) {
        if (strcmp(hosts->labels.key[i], "rack") == 0)
            return hosts->labels.value[i];
    }
    return "";
}

static double needed(const struct roomy *self, const struct drover_ask *ask)
{
    const struct drover_vms *vms = ask->fleet->vms;
    return vms->memory_mib[ask->vm] + vms->memory_overhead_mib[ask->vm] + self->spare_mib;
}

static int roomy_filter(void *memory, const struct drover_ask *ask, const uint32_t *list,
    uint32_t n,
                        uint8_t *verdicts)
{
    const struct roomy *self = memory;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t host = list[i];
        verdicts[i] = 0;
        if (hosts->memory_schedulable_mib[host] < needed(self, ask))
            verdicts[i] = 1;
        else if (hosts->vm_count[host] >= self->most_vms)
            verdicts[i] = 2;
        else if (strcmp(rack_of(hosts, host), self->avoid) == 0)
            verdicts[i] = 3;
    }
    return 0;
}

static int roomy_why(void *memory, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
                     struct drover_why *why)
{
    const struct roomy *self = memory;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    why->need = needed(self, ask);
    why->have = verdict == 2 ? hosts->vm_count[host] : hosts->memory_schedulable_mib[host];
    snprintf(why->subject, sizeof why->subject, "%s", rack_of(hosts, host));
    return 0;
}

static const struct drover_unit roomy = {
    .size = sizeof roomy,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "roomy",
    .summary = "memory to spare, few VMs, not in a certain rack",
    .self_size = sizeof(struct roomy),
    .parameters = roomy_parameters,
    .reasons = roomy_reasons,
    .filter = roomy_filter,
    .why = roomy_why,
};

struct sparse {
    double load_pct;
    double above;
    double after_s;
    bool twice;
    const char *by;
};

static const struct drover_parameter sparse_parameters[] = {
    {.key = "load", .type = DROVER_PERCENT, .unit = "%", .min = 0, .max = 100,
     .default_text = "80%", .help = "load", .offset = offsetof(struct sparse, load_pct)},
    {.key = "above", .type = DROVER_NUMBER, .default_text = "1.5", .help = "number",
     .offset = offsetof(struct sparse, above)},
    {.key = "after", .type = DROVER_DURATION_S, .unit = "s", .min = 1, .max = HUGE_VAL,
     .default_text = "2m", .help = "time", .offset = offsetof(struct sparse, after_s)},
    {.key = "twice", .type = DROVER_BOOLEAN, .default_text = "no", .help = "double",
     .offset = offsetof(struct sparse, twice)},
    {.key = "by", .type = DROVER_CHOICE, .choices = "vms|memory", .default_text = "vms",
     .help = "what counts", .offset = offsetof(struct sparse, by)},
    {.key = NULL},
};

static int sparse_open(void *memory, char *error, size_t size)
{
    const struct sparse *self = memory;
    if (self->above <= self->load_pct)
        return 0;
    snprintf(error, size, "above (%g) must not be above load (%g)", self->above, self->load_pct);
    return -1;
}

static int sparse_weigh(void *memory, const struct drover_ask *ask, const uint32_t *list,
    uint32_t n,
                        double *weights)
{
    const struct sparse *self = memory;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = self->by[0] == 'v' ? hosts->vm_count[list[i]]
                                        : -hosts->memory_schedulable_mib[list[i]];
        weights[i] *= self->twice ? 2 : 1;
    }
    return 0;
}

static const struct drover_unit sparse = {
    .size = sizeof sparse,
    .kind = DROVER_WEIGHT,
    .name = "sparse",
    .summary = "hosts with few VMs first",
    .self_size = sizeof(struct sparse),
    .parameters = sparse_parameters,
    .open = sparse_open,
    .weigh = sparse_weigh,
};

DROVER_PLUGIN("good", "1.2", &roomy, &sparse)
