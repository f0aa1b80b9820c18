/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `port_resources`: a NIC with a guaranteed bandwidth finds it on the host's network. VMs
 * have a label `bandwidth.NETWORK` with what they are guaranteed in Mbps, hosts one with what there
 * is; of that, what other VMs there and on their way there are guaranteed is taken off. A host
 * that does not say what it has cannot guarantee anything.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { SHORT = 1, NONE, UNREADABLE };

static const struct drover_reason reasons[] = {
    {"port_resources.short",
     "network {subject} has {have} Mbps left to guarantee, {need} are needed; {short} Mbps short",
     "with {short} Mbps more on network {subject}"},
    {"port_resources.none", "it does not say what bandwidth network {subject} has",
     "with a label bandwidth.{subject} of at least {need} Mbps"},
    {"port_resources.unreadable", "label {subject} is no number of Mbps",
     "with a number of Mbps there"},
    {NULL, NULL, NULL},
};

static const char prefix[] = "bandwidth.";

/* NAN: the label is no number. */
static double mbps(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    return end == text || *end || !(number >= 0) || number > 1e9 ? NAN : number;
}

static bool is_bandwidth(const char *key)
{
    return strncmp(key, prefix, sizeof prefix - 1) == 0 && key[sizeof prefix - 1];
}

/* What a VM is guaranteed there; what cannot be read is nothing. */
static double guaranteed(const struct drover_labels *labels, uint32_t vm, const char *key)
{
    const char *text = drover_label(labels, vm, key);
    double number = text ? mbps(text) : 0;
    return isnan(number) ? 0 : number;
}

/* What other VMs are guaranteed on the host: those that are there, and those that are coming. */
static double promised(const struct drover_ask *ask, uint32_t host, const char *key)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    double sum = 0;
    for (uint32_t i = hosts->vms.start[host]; i < hosts->vms.start[host + 1]; i++) {
        uint32_t vm = hosts->vms.item[i];
        if (vm != ask->vm && vms->state[vm] != DROVER_VM_DOWN)
            sum += guaranteed(&vms->labels, vm, key);
    }
    for (uint32_t v = 0; hosts->vm_pending[host] > 0 && v < vms->n; v++)
        if (vms->to[v] == host && vms->host[v] != host && v != ask->vm)
            sum += guaranteed(&vms->labels, v, key);
    return sum;
}

static uint8_t judge_label(const struct drover_ask *ask, uint32_t host, uint32_t label,
                           double *need, double *have)
{
    const struct drover_labels *own = &ask->fleet->vms->labels;
    const char *theirs = drover_label(&ask->fleet->hosts->labels, host, own->key[label]);
    *need = mbps(own->value[label]);
    if (isnan(*need))
        return UNREADABLE;
    *have = theirs ? mbps(theirs) : NAN;
    if (isnan(*have))
        return theirs ? UNREADABLE : NONE;
    *have -= promised(ask, host, own->key[label]);
    return *need > *have ? SHORT : 0;
}

/* The first label that stands in the way there, and how. */
static uint8_t judge(const struct drover_ask *ask, uint32_t host, uint32_t *label, double *need,
                     double *have)
{
    const struct drover_labels *own = &ask->fleet->vms->labels;
    for (*label = own->start[ask->vm]; *label < own->start[ask->vm + 1]; ++*label) {
        uint8_t verdict = is_bandwidth(own->key[*label])
                              ? judge_label(ask, host, *label, need, have)
                              : 0;
        if (verdict)
            return verdict;
    }
    return 0;
}

static bool is_guaranteed_any(const struct drover_ask *ask)
{
    const struct drover_labels *own = &ask->fleet->vms->labels;
    for (uint32_t i = own->start[ask->vm]; i < own->start[ask->vm + 1]; i++)
        if (is_bandwidth(own->key[i]))
            return true;
    return false;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    uint32_t label;
    double need, have;
    memset(verdicts, 0, n);
    if (!is_guaranteed_any(ask))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == ask->from ? 0 : judge(ask, hosts[i], &label, &need, &have);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    uint32_t label;
    if (!judge(ask, host, &label, &because->need, &because->have))
        return DROVER_FAILED;
    const char *key = ask->fleet->vms->labels.key[label];
    snprintf(because->subject, sizeof because->subject, "%.200s",
             verdict == UNREADABLE ? key : key + sizeof prefix - 1);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "port_resources",
    .summary = "hosts whose networks have the bandwidth that the VM is guaranteed",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("port_resources", "1.0", &unit)
