/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of drover.yaml, their defaults and bounds; drover.yaml(5) is written after these. */
#include "model/settings.h"

#include "model/fleet.h"

#define HOUR_S 3600.0
#define DAY_S (24 * HOUR_S)
#define TEN_YEARS_DAYS 3660
/* More than any host has: bounds that catch a wrong unit. */
#define MEMORY_LIMIT_MIB (64.0 * 1024 * 1024)
#define LINK_LIMIT_MBPS 1e6

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
    {.key = "grace", .type = FIELD_DURATION, .offset = LIMIT(grace_s), .default_text = "60s",
     .max = HOUR_S},
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
    {.key = "database", .type = FIELD_TEXT, .offset = SETTING(database), .flags = FIELD_NULLABLE},
    {.key = "journal_days", .type = FIELD_NUMBER, .offset = SETTING(journal_days),
     .default_text = "30", .min = 0.01, .max = TEN_YEARS_DAYS},
    {.key = "journal_mib", .type = FIELD_NUMBER, .offset = SETTING(journal_mib),
     .default_text = "512", .min = 1, .max = MEMORY_LIMIT_MIB},
    {.key = "maintenance_dir", .type = FIELD_TEXT, .offset = SETTING(maintenance_dir),
     .flags = FIELD_NULLABLE},
    {0},
};
