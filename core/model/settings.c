/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of drover.yaml, their defaults and bounds; drover.yaml(5) is written after these. */
#include "model/settings.h"

#include "model/fleet.h"

#include <string.h>

#define HOUR_S 3600.0
#define DAY_S (24 * HOUR_S)
#define TEN_YEARS_DAYS 3660
/* More than any host has: bounds that catch a wrong unit. */
#define MEMORY_LIMIT_MIB (64.0 * 1024 * 1024)
#define LINK_LIMIT_MBPS 1e6

#define FENCE(member) offsetof(struct fence_setting, member)
const struct field fence_setting_fields[] = {
    {.key = "unit", .type = FIELD_TEXT, .offset = FENCE(unit), .flags = FIELD_REQUIRED},
    {.key = "level", .type = FIELD_U32, .offset = FENCE(level), .default_text = "1", .min = 1,
     .max = 16},
    {.key = "timeout", .type = FIELD_DURATION, .offset = FENCE(timeout_s), .default_text = "60s",
     .min = 1, .max = HOUR_S},
    {.key = "parameters", .type = FIELD_PAIRS, .offset = FENCE(parameters), .flags = FIELD_SECRET},
    {.key = "soft", .type = FIELD_BOOL, .offset = FENCE(soft), .flags = FIELD_INTERNAL},
    {.key = "listens", .type = FIELD_BOOL, .offset = FENCE(listens), .flags = FIELD_INTERNAL},
    {0},
};

#define LIBVIRTD(member) offsetof(struct libvirtd_setting, member)
static const struct field libvirtd_fields[] = {
    {.key = "max_clients", .type = FIELD_U32, .offset = LIBVIRTD(max_clients),
     .default_text = "5000", .min = 1, .max = 1000000},
    {.key = "max_workers", .type = FIELD_U32, .offset = LIBVIRTD(max_workers),
     .default_text = "20", .min = 1, .max = 10000},
    {.key = "max_client_requests", .type = FIELD_U32, .offset = LIBVIRTD(max_client_requests),
     .default_text = "5", .min = 1, .max = 10000},
    {.key = "migration_ports", .type = FIELD_U32, .offset = LIBVIRTD(migration_ports),
     .default_text = "64", .min = 1, .max = 65535},
    {0},
};

#define HOST(member) offsetof(struct host_setting, member)
const struct field host_setting_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = HOST(name), .flags = FIELD_REQUIRED},
    {.key = "uri", .type = FIELD_TEXT, .offset = HOST(uri), .flags = FIELD_REQUIRED},
    {.key = "peer_uri", .type = FIELD_TEXT, .offset = HOST(peer_uri), .flags = FIELD_NULLABLE},
    {.key = "migration_address", .type = FIELD_TEXT, .offset = HOST(migration_address),
     .flags = FIELD_NULLABLE},
    {.key = "cluster", .type = FIELD_NAME, .offset = HOST(cluster), .default_text = "default"},
    {.key = "memory_reserved_mib", .type = FIELD_NUMBER, .offset = HOST(memory_reserved_mib),
     .default_text = "321", .max = MEMORY_LIMIT_MIB},
    {.key = "link_mbps", .type = FIELD_NUMBER, .offset = HOST(link_mbps), .max = LINK_LIMIT_MBPS},
    {.key = "roles", .type = FIELD_TEXTS, .offset = HOST(roles), .default_text = "[]"},
    {.key = "labels", .type = FIELD_PAIRS, .offset = HOST(labels)},
    {.key = "probe", .type = FIELD_TEXTS, .offset = HOST(probe), .default_text = "[]"},
    {.key = "probe_from", .type = FIELD_TEXTS, .offset = HOST(probe_from), .default_text = "[]"},
    {.key = "heartbeat", .type = FIELD_TEXT, .offset = HOST(heartbeat), .flags = FIELD_NULLABLE},
    {.key = "fence", .type = FIELD_ROWS, .offset = HOST(fence), .rows = fence_setting_fields,
     .row_size = sizeof(struct fence_setting)},
    {.key = "power_management", .type = FIELD_BOOL, .offset = HOST(power_management)},
    {.key = "migration_limit_mbps", .type = FIELD_NUMBER, .offset = HOST(migration_limit_mbps),
     .max = LINK_LIMIT_MBPS},
    {.key = "tls_name", .type = FIELD_TEXT, .offset = HOST(tls_name)},
    {.key = "os_version", .type = FIELD_TEXT, .offset = HOST(os_version)},
    {.key = "libvirtd", .type = FIELD_RECORD, .offset = HOST(libvirtd), .rows = libvirtd_fields,
     .row_size = sizeof(struct libvirtd_setting)},
    {.key = "file", .type = FIELD_TEXT, .offset = HOST(file),
     .flags = FIELD_NULLABLE | FIELD_INTERNAL},
    {.key = "line", .type = FIELD_U32, .offset = HOST(line), .flags = FIELD_INTERNAL},
    {.key = "column", .type = FIELD_U32, .offset = HOST(column), .flags = FIELD_INTERNAL},
    {0},
};

#define LIMIT(member) offsetof(struct limits, member)
const struct field limits_fields[] = {
    {.key = "outgoing_per_host", .type = FIELD_U32, .offset = LIMIT(outgoing_per_host),
     .default_text = "2", .min = 1, .max = 100},
    {.key = "incoming_per_host", .type = FIELD_U32, .offset = LIMIT(incoming_per_host),
     .default_text = "2", .min = 1, .max = 100},
    {.key = "per_cluster", .type = FIELD_U32, .offset = LIMIT(per_cluster), .default_text = "5",
     .min = 1, .max = 1000},
    {.key = "balance_moves_per_round", .type = FIELD_U32, .offset = LIMIT(balance_moves_per_round),
     .default_text = "1", .max = 1000},
    {.key = "enforce_moves_per_round", .type = FIELD_U32, .offset = LIMIT(enforce_moves_per_round),
     .default_text = "1", .max = 1000},
    {.key = "round", .type = FIELD_DURATION, .offset = LIMIT(round_s), .default_text = "60s",
     .min = 1, .max = DAY_S},
    {.key = "cooldown", .type = FIELD_DURATION, .offset = LIMIT(cooldown_s), .default_text = "30m",
     .max = 30 * DAY_S},
    {.key = "tries", .type = FIELD_U32, .offset = LIMIT(tries), .default_text = "3", .min = 1,
     .max = 100},
    {.key = "retry", .type = FIELD_DURATION, .offset = LIMIT(retry_s), .default_text = "10s",
     .min = 0.1, .max = HOUR_S},
    {.key = "retry_limit", .type = FIELD_DURATION, .offset = LIMIT(retry_limit_s),
     .default_text = "5m", .min = 0.1, .max = DAY_S},
    {.key = "measure_wait", .type = FIELD_DURATION, .offset = LIMIT(measure_wait_s),
     .default_text = "0s", .max = 60},
    {.key = "grace", .type = FIELD_DURATION, .offset = LIMIT(grace_s), .default_text = "60s",
     .max = HOUR_S},
    {0},
};

#define FENCING(member) offsetof(struct fencing, member)
static const struct field fencing_fields[] = {
    {.key = "enabled", .type = FIELD_BOOL, .offset = FENCING(enabled), .default_text = "true"},
    {.key = "grace_per_vm", .type = FIELD_DURATION, .offset = FENCING(grace_per_vm_s),
     .default_text = "500ms", .max = HOUR_S},
    {.key = "grace_spm", .type = FIELD_DURATION, .offset = FENCING(grace_spm_s),
     .default_text = "20s", .max = HOUR_S},
    {.key = "quiet_start", .type = FIELD_DURATION, .offset = FENCING(quiet_start_s),
     .default_text = "5m", .max = DAY_S},
    {.key = "soft_wait", .type = FIELD_DURATION, .offset = FENCING(soft_wait_s),
     .default_text = "60s", .max = HOUR_S},
    {.key = "retry", .type = FIELD_DURATION, .offset = FENCING(retry_s), .default_text = "3m",
     .min = 1, .max = DAY_S},
    {.key = "cut_off_pct", .type = FIELD_NUMBER, .offset = FENCING(cut_off_pct),
     .default_text = "50", .min = 1, .max = 101},
    {.key = "power_on", .type = FIELD_BOOL, .offset = FENCING(power_on), .default_text = "true"},
    {0},
};

#define RESTARTS(member) offsetof(struct restarts, member)
static const struct field restarts_fields[] = {
    {.key = "retry", .type = FIELD_DURATION, .offset = RESTARTS(retry_s), .default_text = "30s",
     .min = 0.1, .max = DAY_S},
    {.key = "tries", .type = FIELD_U32, .offset = RESTARTS(tries), .default_text = "10", .min = 1,
     .max = 1000},
    {.key = "long_retry", .type = FIELD_DURATION, .offset = RESTARTS(long_retry_s),
     .default_text = "30m", .min = 1, .max = 30 * DAY_S},
    {.key = "priority_wait", .type = FIELD_DURATION, .offset = RESTARTS(priority_wait_s),
     .default_text = "10m", .max = DAY_S},
    {.key = "per_host", .type = FIELD_U32, .offset = RESTARTS(per_host), .default_text = "4",
     .min = 1, .max = 1000},
    {.key = "keep_all", .type = FIELD_BOOL, .offset = RESTARTS(keep_all)},
    {0},
};

#define POWER(member) offsetof(struct power_saving, member)
static const struct field power_fields[] = {
    {.key = "boot", .type = FIELD_DURATION, .offset = POWER(boot_s), .default_text = "10m",
     .min = 1, .max = DAY_S},
    {.key = "hold", .type = FIELD_DURATION, .offset = POWER(hold_s), .default_text = "30m",
     .max = 30 * DAY_S},
    {.key = "retry", .type = FIELD_DURATION, .offset = POWER(retry_s), .default_text = "5m",
     .min = 1, .max = DAY_S},
    {0},
};

#define MAINTENANCE(member) offsetof(struct maintenance, member)
static const struct field maintenance_fields[] = {
    {.key = "power_off", .type = FIELD_BOOL, .offset = MAINTENANCE(power_off)},
    {.key = "move_home", .type = FIELD_BOOL, .offset = MAINTENANCE(move_home)},
    {0},
};

#define SETTING(member) offsetof(struct settings, member)
const struct field settings_fields[] = {
    {.key = "clusters", .type = FIELD_ROWS, .offset = SETTING(clusters), .rows = cluster_fields,
     .row_size = sizeof(struct cluster)},
    {.key = "hosts", .type = FIELD_ROWS, .offset = SETTING(hosts), .rows = host_setting_fields,
     .row_size = sizeof(struct host_setting)},
    {.key = "groups", .type = FIELD_ROWS, .offset = SETTING(groups), .rows = group_fields,
     .row_size = sizeof(struct group)},
    {.key = "limits", .type = FIELD_RECORD, .offset = SETTING(limits), .rows = limits_fields,
     .row_size = sizeof(struct limits)},
    {.key = "fencing", .type = FIELD_RECORD, .offset = SETTING(fencing), .rows = fencing_fields,
     .row_size = sizeof(struct fencing)},
    {.key = "restarts", .type = FIELD_RECORD, .offset = SETTING(restarts), .rows = restarts_fields,
     .row_size = sizeof(struct restarts)},
    {.key = "power", .type = FIELD_RECORD, .offset = SETTING(power), .rows = power_fields,
     .row_size = sizeof(struct power_saving)},
    {.key = "maintenance", .type = FIELD_RECORD, .offset = SETTING(maintenance),
     .rows = maintenance_fields, .row_size = sizeof(struct maintenance)},
    {.key = "poll", .type = FIELD_DURATION, .offset = SETTING(poll_s), .default_text = "5s",
     .min = 0.1, .max = HOUR_S},
    {.key = "connect_retry", .type = FIELD_DURATION, .offset = SETTING(connect_retry_s),
     .default_text = "5s", .min = 0.1, .max = HOUR_S},
    {.key = "keepalive", .type = FIELD_DURATION, .offset = SETTING(keepalive_s),
     .default_text = "5s", .min = 1, .max = HOUR_S},
    {.key = "keepalive_count", .type = FIELD_U32, .offset = SETTING(keepalive_count),
     .default_text = "3", .min = 1, .max = 100},
    {.key = "call_timeout", .type = FIELD_DURATION, .offset = SETTING(call_timeout_s),
     .default_text = "15s", .min = 0.1, .max = HOUR_S},
    {.key = "policy_dirs", .type = FIELD_TEXTS, .offset = SETTING(policy_dirs)},
    {.key = "lua_dirs", .type = FIELD_TEXTS, .offset = SETTING(lua_dirs)},
    {.key = "plugin_dirs", .type = FIELD_TEXTS, .offset = SETTING(plugin_dirs)},
    {.key = "pack_dirs", .type = FIELD_TEXTS, .offset = SETTING(pack_dirs)},
    {.key = "socket", .type = FIELD_TEXT, .offset = SETTING(socket), .flags = FIELD_NULLABLE},
    {.key = "socket_group", .type = FIELD_TEXT, .offset = SETTING(socket_group),
     .default_text = "drover"},
    {.key = "hook_socket", .type = FIELD_TEXT, .offset = SETTING(hook_socket),
     .flags = FIELD_NULLABLE},
    {.key = "hook_dir", .type = FIELD_TEXT, .offset = SETTING(hook_dir), .flags = FIELD_NULLABLE},
    {.key = "database", .type = FIELD_TEXT, .offset = SETTING(database), .flags = FIELD_NULLABLE},
    {.key = "journal_days", .type = FIELD_NUMBER, .offset = SETTING(journal_days),
     .default_text = "30", .min = 0.01, .max = TEN_YEARS_DAYS},
    {.key = "journal_mib", .type = FIELD_NUMBER, .offset = SETTING(journal_mib),
     .default_text = "512", .min = 1, .max = MEMORY_LIMIT_MIB},
    {.key = "maintenance_dir", .type = FIELD_TEXT, .offset = SETTING(maintenance_dir),
     .flags = FIELD_NULLABLE},
    {.key = "alarm_dir", .type = FIELD_TEXT, .offset = SETTING(alarm_dir),
     .flags = FIELD_NULLABLE},
    {0},
};

const struct host_setting *settings_host(const struct settings *settings, const char *name)
{
    const struct host_setting *hosts = settings->hosts.item;
    for (uint32_t i = 0; i < settings->hosts.n; i++)
        if (strcmp(hosts[i].name, name) == 0)
            return &hosts[i];
    return NULL;
}
