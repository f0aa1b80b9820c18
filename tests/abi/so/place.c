/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter and a weight as a site would write them: between them a parameter of every type, and
 * reasons with figures. open() and failure() are used too.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

struct place {
    int64_t most_vms;
    double spare_mib;
    const char *label;
};

static const struct drover_parameter place_parameters[] = {
    {"most_vms", DROVER_INTEGER, "VMs", 1, 100, "9", NULL, "VMs on one host",
     offsetof(struct place, most_vms)},
    {"spare", DROVER_MEMORY_MIB, "MiB", 0, 1048576, "512MiB", NULL, "memory to keep free",
     offsetof(struct place, spare_mib)},
    {"label", DROVER_TEXT, NULL, 0, 0, "rack", NULL, "hosts of a rack that is closed are left out",
     offsetof(struct place, label)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static const struct drover_reason place_reasons[] = {
    {"place.short", "needs {need} MiB, has {have} MiB", "with {short} MiB more"},
    {"place.full", "has {have} VMs already", NULL},
    {"place.closed", "{subject} is closed", NULL},
    {"place.network", "has no network {subject}", "with that network"},
    {"place.group", "has a VM of group {subject}", NULL},
    {NULL, NULL, NULL},
};

static const char *label_of(const struct drover_labels *labels, uint32_t row, const char *key)
{
    for (uint32_t i = labels->start[row]; i < labels->start[row + 1]; i++)
        if (strcmp(labels->key[i], key) == 0)
            return labels->value[i];
    return "";
}

/* The network that the host lacks, or DROVER_NONE. */
static uint32_t lacks_network(const struct drover_fleet *fleet, uint32_t vm, uint32_t host)
{
    const struct drover_lists *wanted = &fleet->vms->networks;
    if (!fleet->hosts->networks.known[host])
        return DROVER_NONE;
    for (uint32_t i = wanted->start[vm]; i < wanted->start[vm + 1]; i++)
        if (!drover_sets_has(&fleet->hosts->networks, host, wanted->item[i]))
            return wanted->item[i];
    return DROVER_NONE;
}

/* The VM's negative group that has another VM on the host, or DROVER_NONE. */
static uint32_t group_there(const struct drover_fleet *fleet, uint32_t vm, uint32_t host)
{
    const struct drover_groups *groups = fleet->groups;
    const struct drover_lists *mine = &fleet->vms->groups;
    for (uint32_t i = mine->start[vm]; i < mine->start[vm + 1]; i++) {
        uint32_t group = mine->item[i];
        if (groups->vm_rule[group] != DROVER_RULE_NEGATIVE || !groups->vm_enforcing[group])
            continue;
        for (uint32_t k = groups->vms.start[group]; k < groups->vms.start[group + 1]; k++)
            if (groups->vms.item[k] != vm && fleet->vms->host[groups->vms.item[k]] == host)
                return group;
    }
    return DROVER_NONE;
}

static double needed(const struct place *self, const struct drover_ask *ask)
{
    const struct drover_vms *vms = ask->fleet->vms;
    return vms->memory_mib[ask->vm] + vms->memory_overhead_mib[ask->vm] + self->spare_mib;
}

static uint8_t judge(const struct place *self, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_hosts *hosts = ask->fleet->hosts;
    if (hosts->memory_schedulable_mib[host] < needed(self, ask))
        return 1;
    if (hosts->vm_count[host] + hosts->vm_pending[host] >= self->most_vms)
        return 2;
    if (strcmp(label_of(&hosts->labels, host, self->label), "closed") == 0)
        return 3;
    if (lacks_network(ask->fleet, ask->vm, host) != DROVER_NONE)
        return 4;
    return group_there(ask->fleet, ask->vm, host) != DROVER_NONE ? 5 : 0;
}

static int place_filter(void *data, const struct drover_ask *ask, const uint32_t *hosts,
                        uint32_t n, uint8_t *verdicts)
{
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = judge(data, ask, hosts[i]);
    return 0;
}

static const char *subject_of(const struct place *self, const struct drover_ask *ask,
                              uint32_t host, uint8_t verdict)
{
    const struct drover_fleet *fleet = ask->fleet;
    if (verdict == 3)
        return self->label;
    if (verdict == 4)
        return fleet->hosts->networks.symbol[lacks_network(fleet, ask->vm, host)];
    return verdict == 5 ? fleet->groups->name[group_there(fleet, ask->vm, host)] : "";
}

static int place_why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
                     struct drover_why *why)
{
    const struct place *self = data;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    if (verdict == 1) {
        why->need = needed(self, ask);
        why->have = hosts->memory_schedulable_mib[host];
    } else if (verdict == 2) {
        why->need = (double)self->most_vms;
        why->have = hosts->vm_count[host] + hosts->vm_pending[host];
    }
    snprintf(why->subject, sizeof why->subject, "%s", subject_of(self, ask, host, verdict));
    return 0;
}

static const struct drover_unit place = {
    .size = sizeof place,
    .kind = DROVER_FILTER,
    .name = "place",
    .summary = "memory, room, racks, networks and groups",
    .self_size = sizeof(struct place),
    .parameters = place_parameters,
    .reasons = place_reasons,
    .filter = place_filter,
    .why = place_why,
};

struct calm {
    double load_pct;
    double slope;
    double settled_s;
    bool twice;
    const char *by;
};

static const struct drover_parameter calm_parameters[] = {
    {"load", DROVER_PERCENT, "%", 0, 100, "80%", NULL, "what counts as loaded",
     offsetof(struct calm, load_pct)},
    {"slope", DROVER_NUMBER, NULL, 0, 0, "0.5", NULL, "weight of a percent",
     offsetof(struct calm, slope)},
    {"settled", DROVER_DURATION_S, "s", 0, 86400, "2m", NULL, "up for at least so long",
     offsetof(struct calm, settled_s)},
    {"twice", DROVER_BOOLEAN, NULL, 0, 0, "no", NULL, "double the weights",
     offsetof(struct calm, twice)},
    {"by", DROVER_CHOICE, NULL, 0, 0, "usage", "usage|vcpus", "what is weighed",
     offsetof(struct calm, by)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static int calm_open(void *data, char *error, size_t error_size)
{
    const struct calm *self = data;
    if (self->slope > 0)
        return 0;
    snprintf(error, error_size, "slope (%g) must be above 0", self->slope);
    return -1;
}

static int calm_weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                      double *weights)
{
    const struct calm *self = data;
    const struct drover_hosts *h = ask->fleet->hosts;
    bool by_usage = strcmp(self->by, "usage") == 0;
    for (uint32_t i = 0; i < n; i++) {
        double is = by_usage ? h->cpu_usage_pct[hosts[i]] : h->vcpus[hosts[i]];
        if (isnan(is))
            return DROVER_FAILED;
        weights[i] = is * self->slope + (is > self->load_pct ? 100 : 0);
        weights[i] += h->state_s[hosts[i]] < self->settled_s ? 1000 : 0;
        weights[i] *= self->twice ? 2 : 1;
    }
    return 0;
}

static const char *calm_failure(void *data)
{
    (void)data;
    return "a host has no statistics of its CPUs";
}

static const struct drover_unit calm = {
    .size = sizeof calm,
    .kind = DROVER_WEIGHT,
    .name = "calm",
    .summary = "settled hosts with little load first",
    .self_size = sizeof(struct calm),
    .parameters = calm_parameters,
    .open = calm_open,
    .weigh = calm_weigh,
    .failure = calm_failure,
};

DROVER_PLUGIN("place", "2.3", &place, &calm)
