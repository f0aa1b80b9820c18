/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `numa`: the memory of the VM's NUMA nodes fits into the host's nodes that they are bound
 * to. A node bound strictly lies in one of those nodes; an interleaved one takes an equal share of
 * each of its own; a preferred one, or one that is bound to nothing, fits anywhere. RHV's rule.
 *
 * Which strict node goes where is a packing problem. Nodes are tried in order of how few choices
 * they have and how large they are, with a bound on the number of trials: VMs have a handful of
 * nodes, and what a document full of them costs must be known in advance. A VM of one node alone
 * shares with nobody, so libvirt may spread it over all the nodes that it is bound to.
 */
#include <drover/plugin.h>

#include <stdlib.h>

enum { NO_NODES = 1, NO_ROOM, SHORT };

static const struct drover_reason reasons[] = {
    {"numa.no_nodes", "the VM's memory is bound to NUMA nodes that it does not have",
     "with the nodes that the VM is bound to, or another binding"},
    {"numa.no_room",
     "the VM's nodes of {need} MiB do not fit into its NUMA nodes one by one, though {have} MiB are "
     "free",
     "with more free memory in one of the nodes, or a looser binding"},
    {"numa.short",
     "its NUMA nodes that the VM is bound to have {have} MiB free, {need} are needed; {short} MiB "
     "short",
     "with {short} MiB more free memory in those nodes"},
    {NULL, NULL, NULL},
};

#define TRIALS_MAX 20000u

/* One of the VM's nodes that is bound, with the nodes of the host that it may lie in. */
struct part {
    double memory_mib;
    bool interleaved;
    uint32_t start, end; /* into choice */
};

/* A VM being fitted into one host. */
struct fit {
    struct part *part;
    uint32_t n;
    uint32_t *choice;  /* positions among the host's nodes */
    uint32_t n_choices;
    double *free_mib;  /* of the host's nodes */
    uint32_t n_nodes;
    uint32_t trials;
};

static bool is_bound(const struct drover_vm_nodes *nodes, uint32_t node)
{
    return nodes->mode[node] != DROVER_NUMA_PREFERRED &&
           nodes->nodes.start[node + 1] > nodes->nodes.start[node];
}

static bool has_bound(const struct drover_vms *vms, uint32_t vm)
{
    for (uint32_t i = vms->numa.start[vm]; i < vms->numa.start[vm + 1]; i++)
        if (is_bound(&vms->numa, i))
            return true;
    return false;
}

static bool fit_new(struct fit *fit, uint32_t parts, uint32_t choices, uint32_t nodes)
{
    *fit = (struct fit){
        .part = calloc(parts + 1, sizeof *fit->part),
        .choice = calloc(choices + 1, sizeof *fit->choice),
        .free_mib = calloc(nodes + 1, sizeof *fit->free_mib),
    };
    return fit->part && fit->choice && fit->free_mib;
}

static void fit_free(struct fit *fit)
{
    free(fit->part);
    free(fit->choice);
    free(fit->free_mib);
}

static uint32_t position(const struct drover_host_nodes *nodes, uint32_t host, uint32_t id)
{
    for (uint32_t i = nodes->start[host]; i < nodes->start[host + 1]; i++)
        if (nodes->id[i] == id)
            return i - nodes->start[host];
    return DROVER_NONE;
}

/* What leaves least choice comes first, and of those the largest. */
static int by_choice(const void *a, const void *b)
{
    const struct part *one = a, *other = b;
    uint32_t n = one->interleaved ? 0 : one->end - one->start;
    uint32_t m = other->interleaved ? 0 : other->end - other->start;
    if (n != m)
        return n < m ? -1 : 1;
    if (one->memory_mib < other->memory_mib || one->memory_mib > other->memory_mib)
        return one->memory_mib > other->memory_mib ? -1 : 1;
    return one->start < other->start ? -1 : one->start > other->start;
}

/* The VM's bound nodes with their choices on the host; false where one has none there. */
static bool list_parts(struct fit *fit, const struct drover_fleet *fleet, uint32_t vm,
                       uint32_t host)
{
    const struct drover_vm_nodes *own = &fleet->vms->numa;
    uint32_t choices = 0;
    fit->n = 0;
    for (uint32_t i = own->start[vm]; i < own->start[vm + 1]; i++) {
        if (!is_bound(own, i))
            continue;
        struct part *part = &fit->part[fit->n++];
        *part = (struct part){own->memory_mib[i], own->mode[i] == DROVER_NUMA_INTERLEAVE, choices,
                              0};
        for (uint32_t k = own->nodes.start[i]; k < own->nodes.start[i + 1]; k++) {
            uint32_t node = position(&fleet->hosts->numa, host, own->nodes.item[k]);
            if (node != DROVER_NONE)
                fit->choice[choices++] = node;
            else if (part->interleaved)
                return false;
        }
        part->end = choices;
        if (part->end == part->start)
            return false;
    }
    fit->n_choices = choices;
    qsort(fit->part, fit->n, sizeof *fit->part, by_choice);
    return true;
}

static bool spread(struct fit *fit, const struct part *part)
{
    double share = part->memory_mib / (part->end - part->start);
    for (uint32_t c = part->start; c < part->end; c++) {
        if (share > fit->free_mib[fit->choice[c]])
            return false;
        fit->free_mib[fit->choice[c]] -= share;
    }
    return true;
}

/* Place part i and all behind it; free_mib is what it was where that is not possible. */
static bool place(struct fit *fit, uint32_t i)
{
    if (i == fit->n)
        return true;
    const struct part *part = &fit->part[i];
    for (uint32_t c = part->start; c < part->end && fit->trials < TRIALS_MAX; c++) {
        double *room = &fit->free_mib[fit->choice[c]];
        double before = *room;
        fit->trials++;
        if (part->memory_mib > before)
            continue;
        *room = before - part->memory_mib;
        if (place(fit, i + 1))
            return true;
        *room = before;
    }
    return false;
}

/* A VM of one node: libvirt spreads it over all the nodes that it is bound to, where it must. */
static bool pour(struct fit *fit)
{
    double left = fit->part[0].memory_mib;
    for (uint32_t c = fit->part[0].start; c < fit->part[0].end; c++) {
        double *room = &fit->free_mib[fit->choice[c]];
        double taken = fmin(left, fmax(0, *room));
        *room -= taken;
        left -= taken;
    }
    return !(left > 0);
}

/* Takes what the VM needs off free_mib. Interleaved parts, which have no choice, come first. */
static bool take(struct fit *fit)
{
    uint32_t i = 0;
    fit->trials = 0;
    for (; i < fit->n && fit->part[i].interleaved; i++)
        if (!spread(fit, &fit->part[i]))
            return false;
    return place(fit, i) || (fit->n == 1 && !fit->part[0].interleaved && pour(fit));
}

/* VMs on their way to somewhere that are bound: few, so looked for once. */
struct coming {
    uint32_t *vm;
    uint32_t n;
};

static bool is_coming(const struct drover_ask *ask, uint32_t v)
{
    const struct drover_vms *vms = ask->fleet->vms;
    return vms->to[v] != DROVER_NONE && v != ask->vm && vms->to[v] != vms->host[v] &&
           has_bound(vms, v);
}

static bool find_coming(const struct drover_ask *ask, struct coming *coming)
{
    uint32_t n = 0;
    for (uint32_t v = 0; v < ask->fleet->vms->n; v++)
        n += is_coming(ask, v);
    *coming = (struct coming){calloc(n + 1, sizeof *coming->vm), 0};
    for (uint32_t v = 0; coming->vm && v < ask->fleet->vms->n && coming->n < n; v++)
        if (is_coming(ask, v))
            coming->vm[coming->n++] = v;
    return coming->vm != NULL;
}

static void set_free(struct fit *fit, const struct drover_host_nodes *nodes, uint32_t host)
{
    fit->n_nodes = nodes->start[host + 1] - nodes->start[host];
    for (uint32_t i = 0; i < fit->n_nodes; i++)
        fit->free_mib[i] = nodes->memory_free_mib[nodes->start[host] + i];
}

/* What the VM needs, and what is free in all nodes that it is bound to. */
static void measure(const struct fit *fit, double *need, double *have)
{
    *need = *have = 0;
    for (uint32_t i = 0; i < fit->n; i++)
        *need += fit->part[i].memory_mib;
    for (uint32_t node = 0; node < fit->n_nodes; node++) {
        bool open = false;
        for (uint32_t c = 0; c < fit->n_choices; c++)
            open |= fit->choice[c] == node;
        *have += open ? fmax(0, fit->free_mib[node]) : 0;
    }
}

static uint8_t judge(struct fit *fit, const struct drover_ask *ask, const struct coming *coming,
                     uint32_t host, double *need, double *have)
{
    const struct drover_fleet *fleet = ask->fleet;
    set_free(fit, &fleet->hosts->numa, host);
    for (uint32_t i = 0; i < coming->n; i++)
        if (fleet->vms->to[coming->vm[i]] == host && list_parts(fit, fleet, coming->vm[i], host))
            (void)take(fit);
    if (!list_parts(fit, fleet, ask->vm, host))
        return NO_NODES;
    measure(fit, need, have);
    return *need > *have ? SHORT : take(fit) ? 0 : NO_ROOM;
}

static void enlarge(const struct drover_vms *vms, uint32_t vm, uint32_t *parts, uint32_t *choices)
{
    const struct drover_vm_nodes *own = &vms->numa;
    uint32_t first = own->start[vm], last = own->start[vm + 1];
    uint32_t n = own->nodes.start[last] - own->nodes.start[first];
    *parts = last - first > *parts ? last - first : *parts;
    *choices = n > *choices ? n : *choices;
}

/* Room for the largest of the VMs and hosts that are looked at. */
static bool prepare(const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                    struct coming *coming, struct fit *fit)
{
    const struct drover_host_nodes *there = &ask->fleet->hosts->numa;
    uint32_t parts = 0, choices = 0, nodes = 0;
    if (!find_coming(ask, coming))
        return false;
    enlarge(ask->fleet->vms, ask->vm, &parts, &choices);
    for (uint32_t i = 0; i < coming->n; i++)
        enlarge(ask->fleet->vms, coming->vm[i], &parts, &choices);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t own = there->start[hosts[i] + 1] - there->start[hosts[i]];
        nodes = own > nodes ? own : nodes;
    }
    return fit_new(fit, parts, choices, nodes);
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    struct coming coming = {NULL, 0};
    struct fit fit = {0};
    double need, have;
    memset(verdicts, 0, n);
    if (!has_bound(ask->fleet->vms, ask->vm))
        return 0;
    bool good = prepare(ask, hosts, n, &coming, &fit);
    for (uint32_t i = 0; good && i < n; i++)
        if (hosts[i] != ask->from && hosts[i] != ask->fleet->vms->to[ask->vm])
            verdicts[i] = judge(&fit, ask, &coming, hosts[i], &need, &have);
    fit_free(&fit);
    free(coming.vm);
    return good ? 0 : DROVER_FAILED;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    struct coming coming = {NULL, 0};
    struct fit fit = {0};
    bool good = prepare(ask, &host, 1, &coming, &fit);
    if (good)
        judge(&fit, ask, &coming, host, &because->need, &because->have);
    fit_free(&fit);
    free(coming.vm);
    return good ? 0 : DROVER_FAILED;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "numa",
    .summary = "hosts whose NUMA nodes have room for those of the VM",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("numa", "1.0", &unit)
