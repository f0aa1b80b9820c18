/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Effects as a table of fields, and the list that a step returns. */
#include "model/effect.h"

#include "model/fleet.h"
#include "model/shadow.h"

#include <stdlib.h>

const char *const effect_kind_names[] = {
    "migrate", "watch",    "set_downtime", "postcopy",    "abort",    "recover",     "pause",
    "resume",  "check",    "measure",  "refresh",      "probe",       "fence",    "start",
    "shutdown", "carry",   "undefine",     "answer",      "hook_answer",
    "remember", "forget",  "decision",     "notice",      "migration", "overran",
    "shadow_agreed", "shadow_differed", "set_bandwidth", NULL,
};
_Static_assert(sizeof effect_kind_names / sizeof *effect_kind_names == EFFECT_KINDS + 1,
               "each kind of effect has a name");
const char *const carry_names[] = {"copy", "move", "return", NULL};
const char *const notice_level_names[] = {"info", "warning", "error", NULL};
const char *const fence_action_names[] = {"", "status", "off", "on", "soft", "listen",
                                           NULL};
const char *const fence_result_names[] = {"unknown", "off", "on", "failed", NULL};
const char *const compression_names[] = {"xbzrle", "zlib", "zstd", NULL};
const char *const migration_phase_names[] = {"precopy", "postcopy", NULL};
const char *const stall_action_names[] = {"", "downtime", "postcopy", "abort", NULL};
const char *const watch_names[] = {"iterations", "remaining", NULL};

#define STALL(member) offsetof(struct stall, member)
const struct field stall_fields[] = {
    {.key = "stall", .type = FIELD_U32, .offset = STALL(stall)},
    {.key = "do", .type = FIELD_CHOICE, .offset = STALL(action), .choices = stall_action_names},
    {.key = "ms", .type = FIELD_NUMBER, .offset = STALL(downtime_ms)},
    {0},
};

#define HOW(member) offsetof(struct how, member)
const struct field how_fields[] = {
    {.key = "auto_converge", .type = FIELD_BOOL, .offset = HOW(auto_converge)},
    {.key = "postcopy", .type = FIELD_BOOL, .offset = HOW(postcopy)},
    {.key = "compress", .type = FIELD_BOOL, .offset = HOW(compress)},
    {.key = "tls", .type = FIELD_BOOL, .offset = HOW(tls)},
    {.key = "zerocopy", .type = FIELD_BOOL, .offset = HOW(zerocopy)},
    {.key = "tunnelled", .type = FIELD_BOOL, .offset = HOW(tunnelled)},
    {.key = "copy_storage", .type = FIELD_CHOICE, .offset = HOW(copy_storage),
     .choices = copy_storage_names},
    {.key = "downtime_ms", .type = FIELD_NUMBER, .offset = HOW(downtime_ms)},
    {.key = "bandwidth_mib_s", .type = FIELD_NUMBER, .offset = HOW(bandwidth_mib_s)},
    {.key = "connections", .type = FIELD_U32, .offset = HOW(connections)},
    {.key = "peer_uri", .type = FIELD_TEXT, .offset = HOW(peer_uri)},
    {.key = "migration_address", .type = FIELD_TEXT, .offset = HOW(migration_address)},
    {.key = "schedule", .type = FIELD_ROWS, .offset = HOW(stalls), .rows = stall_fields,
     .row_size = sizeof(struct stall)},
    {.key = "postcopy_bandwidth_mib_s", .type = FIELD_NUMBER,
     .offset = HOW(postcopy_bandwidth_mib_s)},
    {.key = "compression", .type = FIELD_CHOICE, .offset = HOW(compression),
     .choices = compression_names},
    {.key = "compression_level", .type = FIELD_U32, .offset = HOW(compression_level)},
    {.key = "auto_converge_initial_pct", .type = FIELD_U32,
     .offset = HOW(auto_converge_initial_pct)},
    {.key = "auto_converge_increment_pct", .type = FIELD_U32,
     .offset = HOW(auto_converge_increment_pct)},
    {.key = "tls_destination", .type = FIELD_TEXT, .offset = HOW(tls_destination)},
    {.key = "nodes_from", .type = FIELD_ROWS, .offset = HOW(nodes_from),
     .rows = numa_node_fields, .row_size = sizeof(struct numa_node)},
    {.key = "nodes_to", .type = FIELD_ROWS, .offset = HOW(nodes_to), .rows = numa_node_fields,
     .row_size = sizeof(struct numa_node)},
    {.key = "watch", .type = FIELD_CHOICE, .offset = HOW(watch), .choices = watch_names},
    {.key = "stall_s", .type = FIELD_NUMBER, .offset = HOW(stall_s)},
    {.key = "time_limit_s", .type = FIELD_NUMBER, .offset = HOW(time_limit_s)},
    {0},
};

struct texts how_flags(const struct how *how, struct arena *arena)
{
    bool parallel = how->connections > 1;
    const struct {
        bool wanted;
        const char *name;
    } flags[] = {
        {true, "live"},
        {true, "peer2peer"},
        {true, "persist_dest"},
        {true, "undefine_source"},
        {true, "abort_on_error"},
        {how->auto_converge, "auto_converge"},
        {how->postcopy, "postcopy"},
        {how->compress && !parallel, "compressed"},
        {how->tls, "tls"},
        {parallel, "parallel"},
        {how->zerocopy && parallel, "zerocopy"},
    };
    size_t all = sizeof flags / sizeof *flags;
    struct texts names = {.item = arena_array(arena, all, sizeof *names.item), .known = true};
    for (size_t i = 0; i < all; i++)
        if (flags[i].wanted)
            names.item[names.n++] = flags[i].name;
    return names;
}

#define EFFECT(member) offsetof(struct effect, member)
const struct field effect_fields[] = {
    {.key = "id", .type = FIELD_U64, .offset = EFFECT(id)},
    {.key = "kind", .type = FIELD_CHOICE, .offset = EFFECT(kind), .choices = effect_kind_names,
     .flags = FIELD_REQUIRED},
    {.key = "at", .type = FIELD_NUMBER, .offset = EFFECT(at)},
    {.key = "move", .type = FIELD_U64, .offset = EFFECT(move)},
    {.key = "request", .type = FIELD_U64, .offset = EFFECT(request)},
    {.key = "host", .type = FIELD_TEXT, .offset = EFFECT(host)},
    {.key = "vm", .type = FIELD_TEXT, .offset = EFFECT(vm)},
    {.key = "to", .type = FIELD_TEXT, .offset = EFFECT(to)},
    {.key = "name", .type = FIELD_TEXT, .offset = EFFECT(name)},
    {.key = "text", .type = FIELD_TEXT, .offset = EFFECT(text)},
    {.key = "value", .type = FIELD_TEXT, .offset = EFFECT(value), .flags = FIELD_NULLABLE},
    {.key = "number", .type = FIELD_NUMBER, .offset = EFFECT(number)},
    {.key = "status", .type = FIELD_U32, .offset = EFFECT(status)},
    {.key = "level", .type = FIELD_CHOICE, .offset = EFFECT(level), .choices = notice_level_names},
    {.key = "ok", .type = FIELD_BOOL, .offset = EFFECT(ok)},
    {.key = "how", .type = FIELD_RECORD, .offset = EFFECT(how), .rows = how_fields,
     .row_size = sizeof(struct how)},
    {.key = "comparison", .type = FIELD_ROWS, .offset = EFFECT(comparison),
     .rows = comparison_fields, .row_size = sizeof(struct comparison)},
    {0},
};

void effects_clear(struct effects *effects)
{
    for (uint32_t i = 0; i < effects->n_decisions; i++)
        decision_free(effects->decisions[i]);
    effects->n_decisions = 0;
    effects->n = 0;
    arena_free(&effects->arena);
}

void effects_free(struct effects *effects)
{
    effects_clear(effects);
    free(effects->item);
    free(effects->decisions);
    *effects = (struct effects){0};
}
