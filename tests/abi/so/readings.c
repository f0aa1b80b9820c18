/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that reads everything: why() with the verdict k writes the k-th chapter of the fleet
 * as text, so that a column that moved, or means something else, shows as another text.
 */
#include <drover/plugin.h>

#include <stdio.h>

struct text {
    char *bytes;
    size_t size, used;
};

static void put_text(struct text *text, const char *label, const char *value)
{
    if (text->used >= text->size)
        return;
    int n = snprintf(text->bytes + text->used, text->size - text->used, "%s%s=%s",
                     text->used ? " " : "", label, value);
    text->used += n > 0 ? (size_t)n : 0;
}

static void put_number(struct text *text, const char *label, double value)
{
    char number[40];
    if (isnan(value))
        snprintf(number, sizeof number, "unknown");
    else
        snprintf(number, sizeof number, "%.10g", value);
    put_text(text, label, number);
}

static void put_index(struct text *text, const char *label, uint32_t value)
{
    if (value == DROVER_NONE)
        put_text(text, label, "none");
    else
        put_number(text, label, value);
}

static void put_list(struct text *text, const char *label, const struct drover_lists *lists,
                     uint32_t row, const char *const *names)
{
    put_number(text, label, lists->start[row + 1] - lists->start[row]);
    for (uint32_t i = lists->start[row]; i < lists->start[row + 1]; i++)
        put_text(text, "", names[lists->item[i]]);
}

static void put_set(struct text *text, const char *label, const struct drover_sets *sets,
                    uint32_t row)
{
    put_text(text, label, sets->known[row] ? "known" : "unknown");
    for (uint32_t i = 0; i < sets->n_symbols; i++)
        if (drover_sets_has(sets, row, i))
            put_text(text, "", sets->symbol[i]);
}

static void put_labels(struct text *text, const struct drover_labels *labels, uint32_t row)
{
    for (uint32_t i = labels->start[row]; i < labels->start[row + 1]; i++)
        put_text(text, labels->key[i], labels->value[i]);
}

static void clusters(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_clusters *c = ask->fleet->clusters;
    uint32_t row = ask->fleet->hosts->cluster[host];
    put_number(text, "n", c->n);
    put_text(text, "name", c->name[row]);
    put_number(text, "overcommit", c->memory_overcommit_pct[row]);
    put_number(text, "threads_as_cores", c->threads_as_cores[row]);
}

static void host_cpu(struct text *text, const struct drover_ask *ask, uint32_t i)
{
    const struct drover_hosts *h = ask->fleet->hosts;
    put_number(text, "n", h->n);
    put_text(text, "name", h->name[i]);
    put_index(text, "cluster", h->cluster[i]);
    put_number(text, "state", h->state[i]);
    put_number(text, "state_s", h->state_s[i]);
    put_number(text, "roles", h->roles[i]);
    put_number(text, "threads", h->threads[i]);
    put_number(text, "cores", h->cores[i]);
    put_number(text, "sockets", h->sockets[i]);
    put_number(text, "cpus", h->cpus[i]);
    put_number(text, "usage", h->cpu_usage_pct[i]);
    put_number(text, "over_s", h->cpu_over_s[i]);
    put_number(text, "pending", h->cpu_pending[i]);
    put_number(text, "vcpus", h->vcpus[i]);
    put_number(text, "largest", h->largest_vcpus[i]);
}

static void host_memory(struct text *text, const struct drover_ask *ask, uint32_t i)
{
    const struct drover_hosts *h = ask->fleet->hosts;
    put_number(text, "memory", h->memory_mib[i]);
    put_number(text, "free", h->memory_free_mib[i]);
    put_number(text, "committed", h->memory_committed_mib[i]);
    put_number(text, "reserved", h->memory_reserved_mib[i]);
    put_number(text, "pending", h->memory_pending_mib[i]);
    put_number(text, "schedulable", h->memory_schedulable_mib[i]);
    put_number(text, "swap", h->swap_total_mib[i]);
    put_number(text, "swap_free", h->swap_free_mib[i]);
    put_number(text, "vm_count", h->vm_count[i]);
    put_number(text, "vm_pending", h->vm_pending[i]);
    put_list(text, "vms", &h->vms, i, ask->fleet->vms->name);
}

static void host_machine(struct text *text, const struct drover_ask *ask, uint32_t i)
{
    const struct drover_hosts *h = ask->fleet->hosts;
    put_text(text, "arch", h->arch[i]);
    put_text(text, "model", h->cpu_model[i]);
    put_number(text, "tsc", h->tsc_khz[i]);
    put_number(text, "scaling", h->tsc_scaling[i]);
    put_number(text, "link", h->link_mbps[i]);
    put_text(text, "hypervisor", h->hypervisor_version[i]);
    put_text(text, "os", h->os_version[i]);
    put_number(text, "boot_s", h->boot_s[i]);
}

static void host_sets(struct text *text, const struct drover_ask *ask, uint32_t i)
{
    const struct drover_hosts *h = ask->fleet->hosts;
    put_set(text, "networks", &h->networks, i);
    put_set(text, "storage", &h->storage, i);
    put_set(text, "machines", &h->machines, i);
    put_set(text, "features", &h->cpu_features, i);
    put_labels(text, &h->labels, i);
}

static void vm_numbers(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_vms *v = ask->fleet->vms;
    uint32_t i = ask->vm;
    (void)host;
    put_number(text, "n", v->n);
    put_index(text, "host", v->host[i]);
    put_index(text, "to", v->to[i]);
    put_index(text, "cluster", v->cluster[i]);
    put_number(text, "state", v->state[i]);
    put_number(text, "migratable", v->migratable[i]);
    put_number(text, "ha", v->ha[i]);
    put_number(text, "priority", v->priority[i]);
    put_number(text, "vcpus", v->vcpus[i]);
    put_number(text, "usage", v->cpu_usage_pct[i]);
    put_number(text, "load", v->cpu_load[i]);
    put_number(text, "memory", v->memory_mib[i]);
    put_number(text, "used", v->memory_used_mib[i]);
    put_number(text, "overhead", v->memory_overhead_mib[i]);
    put_number(text, "hugepages", v->hugepages_kib[i]);
    put_number(text, "dirty", v->dirty_mib_s[i]);
    put_number(text, "moved_s", v->moved_s[i]);
    put_number(text, "tsc", v->tsc_khz[i]);
    put_number(text, "local_disk", v->readonly_local_disk[i]);
}

static void vm_texts(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_vms *v = ask->fleet->vms;
    uint32_t i = ask->vm;
    (void)host;
    put_text(text, "name", v->name[i]);
    put_text(text, "uuid", v->uuid[i]);
    put_text(text, "arch", v->arch[i]);
    put_text(text, "machine", v->machine[i]);
    put_text(text, "mode", v->cpu_mode[i]);
    put_text(text, "model", v->cpu_model[i]);
    put_text(text, "cache", v->cache[i]);
    put_labels(text, &v->labels, i);
}

static void vm_lists(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_fleet *f = ask->fleet;
    const struct drover_vms *v = f->vms;
    (void)host;
    put_list(text, "networks", &v->networks, ask->vm, f->hosts->networks.symbol);
    put_list(text, "storage", &v->storage, ask->vm, f->hosts->storage.symbol);
    put_list(text, "features", &v->cpu_features, ask->vm, f->hosts->cpu_features.symbol);
    put_list(text, "pinned", &v->pinned_hosts, ask->vm, f->hosts->name);
    put_list(text, "preferred", &v->preferred_hosts, ask->vm, f->hosts->name);
    put_list(text, "groups", &v->groups, ask->vm, f->groups->name);
}

static void groups(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    const struct drover_groups *g = ask->fleet->groups;
    (void)host;
    put_number(text, "n", g->n);
    for (uint32_t i = 0; i < g->n; i++) {
        put_text(text, "name", g->name[i]);
        put_number(text, "priority", g->priority[i]);
        put_number(text, "vm_rule", g->vm_rule[i]);
        put_number(text, "vm_enforcing", g->vm_enforcing[i]);
        put_number(text, "host_rule", g->host_rule[i]);
        put_number(text, "host_enforcing", g->host_enforcing[i]);
        put_list(text, "vms", &g->vms, i, ask->fleet->vms->name);
        put_list(text, "hosts", &g->hosts, i, ask->fleet->hosts->name);
    }
}

static void asked(struct text *text, const struct drover_ask *ask, uint32_t host)
{
    put_number(text, "now", ask->fleet->now);
    put_index(text, "vm", ask->vm);
    put_index(text, "from", ask->from);
    put_number(text, "purpose", ask->purpose);
    put_index(text, "host", host);
}

static void (*const chapters[])(struct text *, const struct drover_ask *, uint32_t) = {
    clusters, host_cpu, host_memory, host_machine, host_sets,
    vm_numbers, vm_texts, vm_lists, groups, asked,
};

#define CHAPTERS (sizeof chapters / sizeof chapters[0])

static const struct drover_reason reasons[CHAPTERS + 1] = {
    {"readings.clusters", "{subject}", NULL},     {"readings.host_cpu", "{subject}", NULL},
    {"readings.host_memory", "{subject}", NULL},  {"readings.host_machine", "{subject}", NULL},
    {"readings.host_sets", "{subject}", NULL},    {"readings.vm_numbers", "{subject}", NULL},
    {"readings.vm_texts", "{subject}", NULL},     {"readings.vm_lists", "{subject}", NULL},
    {"readings.groups", "{subject}", NULL},       {"readings.asked", "{subject}", NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    (void)ask;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = (uint8_t)(1 + hosts[i] % CHAPTERS);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *why)
{
    (void)self;
    if (verdict < 1 || verdict > CHAPTERS)
        return DROVER_FAILED;
    struct text text = {why->text, sizeof why->text, 0};
    chapters[verdict - 1](&text, ask, host);
    why->need = verdict;
    why->have = (double)text.used;
    snprintf(why->subject, sizeof why->subject, "%s", reasons[verdict - 1].code);
    return 0;
}

static const struct drover_unit readings = {
    .size = sizeof readings,
    .kind = DROVER_FILTER,
    .name = "readings",
    .summary = "reads every column",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("readings", "1.0", &readings)
