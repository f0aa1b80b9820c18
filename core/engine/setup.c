/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new set: settings and rules. It replaces the old one whole. Moves that are under way keep the
 * schedule they began with, since that was copied into them.
 */
#include "engine/devices.h"
#include "engine/proof.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct host_setting *host_setting(const struct engine *engine, const char *host)
{
    return settings_host(&engine->settings, host);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cluster *)a)->name, ((const struct cluster *)b)->name);
}

static void take_settings(struct engine *engine, const struct settings *settings)
{
    struct arena arena = ARENA_INIT;
    struct settings copy;
    memset(&copy, 0, sizeof copy);
    field_copy(settings_fields, &copy, settings, &arena);
    if (copy.clusters.n > 0) /* rounds go through them in order of name */
        qsort(copy.clusters.item, copy.clusters.n, sizeof(struct cluster), by_name);
    arena_free(&engine->settings.arena);
    copy.arena = arena;
    engine->settings = copy;
}

static void take_rules(struct engine *engine, const struct event *event)
{
    for (uint32_t i = 0; i < engine->n_rulesets; i++)
        free(engine->cluster_names[i]);
    engine->n_rulesets = event->n_rules;
    engine->rulesets =
        memory_resize(engine->rulesets, event->n_rules, sizeof(struct ruleset *));
    engine->cluster_names =
        memory_resize(engine->cluster_names, event->n_rules, sizeof *engine->cluster_names);
    for (uint32_t i = 0; i < event->n_rules; i++) {
        engine->rulesets[i] = event->rules[i].ruleset;
        engine->cluster_names[i] = memory_copy_text(event->rules[i].cluster);
    }
    breakers_apply(engine);
    shadows_take(engine, event);
}

/* What the configuration says of a host goes over what libvirt says. */
static void put_host(struct engine *engine, const struct host_setting *setting)
{
    struct host *host = fleet_host(engine->fleet, setting->name);
    if (!host) {
        struct host fresh;
        field_defaults(host_fields, &fresh);
        fresh.name = setting->name;
        fresh.state = DROVER_HOST_CONNECTING;
        fresh.state_since = engine->now;
        fresh.cpu_usage_pct = NAN;
        host = fleet_put_host(engine->fleet, &fresh);
    }
    struct host changed = *host;
    changed.cluster = setting->cluster;
    changed.memory_reserved_mib = setting->memory_reserved_mib;
    if (setting->link_mbps > 0)
        changed.link_mbps = setting->link_mbps;
    if (setting->os_version[0])
        changed.os_version = setting->os_version;
    changed.roles = setting->roles;
    changed.labels = setting->labels;
    changed.power_managed = setting->power_management && devices_switch(setting);
    if (!field_equal(host_fields, host, &changed))
        fleet_put_host(engine->fleet, &changed);
    struct watch *watch = watch_find(engine, setting->name);
    if (!watch) {
        watch = watch_add(engine, setting->name);
        watch->lost_at = engine->now;
        set_text(&watch->lost_reason, "not connected yet");
    }
    watch->configured = true;
}

static void put_clusters_and_groups(struct engine *engine)
{
    const struct cluster *clusters = engine->settings.clusters.item;
    const struct group *groups = engine->settings.groups.item;
    fleet_remove_clusters(engine->fleet);
    fleet_remove_groups(engine->fleet);
    for (uint32_t i = 0; i < engine->settings.clusters.n; i++)
        fleet_put_cluster(engine->fleet, &clusters[i]);
    for (uint32_t i = 0; i < engine->settings.groups.n; i++)
        fleet_put_group(engine->fleet, &groups[i]);
    if (engine->settings.clusters.n == 0) {
        struct cluster cluster;
        field_defaults(cluster_fields, &cluster);
        cluster.name = "default";
        fleet_put_cluster(engine->fleet, &cluster);
    }
}

static void forget_vms_of(struct engine *engine, const char *host)
{
    for (uint32_t i = engine->fleet->n_vms; i-- > 0;) {
        const struct vm *vm = engine->fleet->vms[i];
        if (!vm->host || strcmp(vm->host, host) != 0)
            continue;
        keep_end(engine, vm_key(vm));
        fleet_remove_vm(engine->fleet, vm_key(vm));
    }
}

/* What libvirt is doing goes on; drover does not follow it to its end. */
static void let_go_of_moves(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (migration_ended(&move->record) || (strcmp(move->record.from, host) != 0 &&
                                               strcmp(move->record.to, host) != 0))
            continue;
        move->unsettled = false;
        if (move->record.state == MIGRATION_QUEUED)
            move_end(engine, move, MIGRATION_CANCELLED, "its host is not configured any more");
        else
            move_end(engine, move, MIGRATION_FAILED,
                     "one of its hosts is not configured any more; how it ends is not followed");
    }
}

/* Hosts that are not configured any more are let go; their VMs are none of our business now. */
static void drop_hosts(struct engine *engine)
{
    for (uint32_t i = engine->n_watches; i-- > 0;) {
        struct watch *watch = engine->watches[i];
        if (watch->configured)
            continue;
        let_go_of_moves(engine, watch->name);
        forget_vms_of(engine, watch->name);
        proof_end(engine, watch);
        power_drop(engine, watch);
        lack_drop(engine, watch);
        fleet_remove_host(engine->fleet, watch->name);
        notice(engine, NOTICE_INFO, "host.dropped", watch->name, NULL,
               "host %s is not configured any more", watch->name);
        watch_free(watch);
        memmove(&engine->watches[i], &engine->watches[i + 1],
                (engine->n_watches - i - 1) * sizeof *engine->watches);
        engine->n_watches--;
    }
}

void on_set_changed(struct engine *engine, const struct event *event)
{
    if (event->settings.n > 0)
        take_settings(engine, event->settings.item);
    take_rules(engine, event);
    for (uint32_t i = 0; i < engine->n_watches; i++)
        engine->watches[i]->configured = false;
    put_clusters_and_groups(engine);
    const struct host_setting *hosts = engine->settings.hosts.item;
    for (uint32_t i = 0; i < engine->settings.hosts.n; i++)
        put_host(engine, &hosts[i]);
    drop_hosts(engine);
    failure_set_changed(engine);
    channel_set_changed(engine);
    if (!engine->configured)
        engine->round_at = engine->now + engine->settings.limits.round_s;
    engine->configured = true;
    notice(engine, NOTICE_INFO, "set.changed", NULL, NULL,
           "%u hosts in %u clusters, set %.12s is in force", engine->settings.hosts.n,
           engine->fleet->n_clusters, event->text);
    groups_tell(engine);
    libvirtd_tell(engine);
    drains_touch(engine);
}

struct ruleset *ruleset_of_cluster(const struct engine *engine, const char *cluster)
{
    for (uint32_t i = 0; i < engine->n_rulesets; i++)
        if (strcmp(engine->cluster_names[i], cluster) == 0)
            return engine->rulesets[i];
    return NULL;
}

struct rules engine_rules(const struct engine *engine, const struct columns *columns,
                          struct arena *arena)
{
    const struct ruleset **by_cluster =
        arena_array(arena, columns->clusters.n, sizeof *by_cluster);
    for (uint32_t i = 0; i < columns->clusters.n; i++)
        by_cluster[i] = ruleset_of_cluster(engine, columns->clusters.name[i]);
    return (struct rules){.by_cluster = by_cluster, .n = columns->clusters.n};
}
