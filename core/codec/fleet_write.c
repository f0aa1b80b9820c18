/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleet files out: the same fleet gives the same bytes, in whatever order it was put together. */
#include "codec/fleet_file.h"

#include "base/memory.h"
#include "codec/json.h"
#include "codec/yaml_write.h"

#include <stdlib.h>
#include <string.h>

static int by_cluster(const void *a, const void *b)
{
    return strcmp((*(const struct cluster *const *)a)->name,
                  (*(const struct cluster *const *)b)->name);
}

static int by_host(const void *a, const void *b)
{
    return strcmp((*(const struct host *const *)a)->name, (*(const struct host *const *)b)->name);
}

static int by_vm(const void *a, const void *b)
{
    const struct vm *left = *(const struct vm *const *)a, *right = *(const struct vm *const *)b;
    int order = strcmp(left->name, right->name);
    return order ? order : strcmp(vm_key(left), vm_key(right));
}

static int by_group(const void *a, const void *b)
{
    return strcmp((*(const struct group *const *)a)->name, (*(const struct group *const *)b)->name);
}

/* What fleet_check() computes, and labels that are none, are left out: they are the defaults. */
static json_t *host_json(const void *record, double now)
{
    struct host host = *(const struct host *)record;
    if (host.cores == host.threads)
        host.cores = 0;
    host.hugepages.known = host.hugepages.n > 0;
    host.labels.known = host.labels.n > 0;
    return json_from_record(host_fields, &host, now, JSON_SKIP_DEFAULTS);
}

static json_t *cluster_json(const void *record, double now)
{
    return json_from_record(cluster_fields, record, now, JSON_SKIP_DEFAULTS);
}

static json_t *vm_json(const void *record, double now)
{
    struct vm vm = *(const struct vm *)record;
    vm.labels.known = vm.labels.n > 0;
    return json_from_record(vm_fields, &vm, now, JSON_SKIP_DEFAULTS);
}

static json_t *group_json(const void *record, double now)
{
    return json_from_record(group_fields, record, now, JSON_SKIP_DEFAULTS);
}

static void write_rows(struct text *text, const char *key, const void *records, uint32_t n,
                       int (*compare)(const void *, const void *),
                       json_t *(*to_json)(const void *record, double now), double now)
{
    if (n == 0)
        return;
    const void **sorted = memory_array(n, sizeof *sorted);
    memcpy(sorted, records, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    text_printf(text, "%s:\n", key);
    for (uint32_t i = 0; i < n; i++) {
        json_t *row = to_json(sorted[i], now);
        yaml_write_row(text, row);
        json_decref(row);
    }
    free(sorted);
}

char *fleet_file_write(const struct fleet *fleet)
{
    struct text text = TEXT_INIT;
    char now[NUMBER_TEXT];
    text_printf(&text, "fleet: 1\nnow: %s\n", number_text(now, fleet->now));
    write_rows(&text, "clusters", fleet->clusters, fleet->n_clusters, by_cluster, cluster_json,
               fleet->now);
    write_rows(&text, "hosts", fleet->hosts, fleet->n_hosts, by_host, host_json, fleet->now);
    write_rows(&text, "vms", fleet->vms, fleet->n_vms, by_vm, vm_json, fleet->now);
    write_rows(&text, "groups", fleet->groups, fleet->n_groups, by_group, group_json, fleet->now);
    return text_take(&text);
}
