/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of the columns as views: one table of fields for each kind. A field that the border has and
 * these tables lack is found by tests/unit/test_plug_lua_parity.c.
 */
#include "plug/lua_views.h"

#include "model/fleet.h"

#include <string.h>

enum field_form {
    FORM_TEXT,
    FORM_NUMBER, /* NAN is nil */
    FORM_U32,
    FORM_BOOLEAN,
    FORM_CHOICE, /* a name out of a list */
    FORM_ROW,    /* a host or cluster, by index */
    FORM_LIST,   /* a view of the same row */
    FORM_KNOWN,  /* of a set: whether anything is known */
    FORM_BIT,    /* one bit of host.roles, host.power */
    FORM_GOES_TO, /* of VMs: drover_vm_goes_to() */
    FORM_RUNS_ON, /* of VMs: drover_vm_runs_on() */
};

struct row_field {
    const char *name;
    enum field_form form;
    size_t offset;             /* of the column */
    uint32_t detail;           /* FORM_ROW, FORM_LIST: the kind; FORM_BIT: the bit */
    const char *const *choices;
};

#define AT(s, m) offsetof(struct drover_##s, m)
#define TEXT(s, m) {#m, FORM_TEXT, AT(s, m), 0, NULL}
#define NUMBER(s, m) {#m, FORM_NUMBER, AT(s, m), 0, NULL}
#define U32(s, m) {#m, FORM_U32, AT(s, m), 0, NULL}
#define BOOLEAN(s, m) {#m, FORM_BOOLEAN, AT(s, m), 0, NULL}
#define CHOICE(s, m, list) {#m, FORM_CHOICE, AT(s, m), 0, list}
#define ROW(s, m, kind) {#m, FORM_ROW, AT(s, m), kind, NULL}
#define LIST(m, kind) {#m, FORM_LIST, 0, kind, NULL}
#define KNOWN(m) {#m "_known", FORM_KNOWN, AT(hosts, m), 0, NULL}
#define BIT(name, m, bit) {name, FORM_BIT, AT(hosts, m), bit, NULL}

static const struct row_field cluster_fields_of_views[] = {
    TEXT(clusters, name), NUMBER(clusters, memory_overcommit_pct),
    BOOLEAN(clusters, threads_as_cores),
};

static const struct row_field host_fields_of_views[] = {
    TEXT(hosts, name), ROW(hosts, cluster, VIEW_CLUSTER), CHOICE(hosts, state, host_state_names),
    NUMBER(hosts, state_s), BIT("spm", roles, DROVER_ROLE_SPM),
    BIT("controller", roles, DROVER_ROLE_CONTROLLER),
    U32(hosts, threads), U32(hosts, cores), U32(hosts, sockets), NUMBER(hosts, cpus),
    NUMBER(hosts, cpu_usage_pct), NUMBER(hosts, cpu_over_s), NUMBER(hosts, cpu_pending),
    NUMBER(hosts, vcpus), NUMBER(hosts, largest_vcpus), NUMBER(hosts, memory_mib),
    NUMBER(hosts, memory_free_mib), NUMBER(hosts, memory_committed_mib),
    NUMBER(hosts, memory_reserved_mib), NUMBER(hosts, memory_pending_mib),
    NUMBER(hosts, memory_schedulable_mib), NUMBER(hosts, swap_total_mib),
    NUMBER(hosts, swap_free_mib), U32(hosts, vm_count), U32(hosts, vm_pending),
    LIST(vms, VIEW_HOST_VMS), TEXT(hosts, arch), TEXT(hosts, cpu_model), NUMBER(hosts, tsc_khz),
    BOOLEAN(hosts, tsc_scaling), NUMBER(hosts, link_mbps), TEXT(hosts, hypervisor_version),
    TEXT(hosts, os_version), NUMBER(hosts, boot_s), LIST(networks, VIEW_HOST_NETWORKS),
    LIST(storage, VIEW_HOST_STORAGE), LIST(machines, VIEW_HOST_MACHINES),
    LIST(cpu_features, VIEW_HOST_CPU_FEATURES), KNOWN(networks), KNOWN(storage), KNOWN(machines),
    KNOWN(cpu_features), LIST(labels, VIEW_HOST_LABELS), U32(hosts, vm_leaving),
    U32(hosts, moves_failed), NUMBER(hosts, cpus_dedicated), TEXT(hosts, cpus_online),
    BIT("power_managed", power, DROVER_POWER_MANAGED),
    BIT("power_by_policy", power, DROVER_POWER_BY_POLICY), LIST(hugepages, VIEW_HOST_HUGEPAGES),
    LIST(numa, VIEW_HOST_NUMA), LIST(devices, VIEW_HOST_DEVICES), TEXT(hosts, uuid),
    BOOLEAN(hosts, devices_known), NUMBER(hosts, largest_shared_vcpus),
    NUMBER(hosts, ha_memory_mib), NUMBER(hosts, largest_ha_mib),
    LIST(cpu_models, VIEW_HOST_CPU_MODELS), KNOWN(cpu_models),
};

static const struct row_field vm_fields_of_views[] = {
    TEXT(vms, name), TEXT(vms, uuid), ROW(vms, host, VIEW_HOST), ROW(vms, to, VIEW_HOST),
    ROW(vms, cluster, VIEW_CLUSTER), CHOICE(vms, state, vm_state_names),
    CHOICE(vms, migratable, migratable_names), BOOLEAN(vms, ha), NUMBER(vms, priority),
    U32(vms, vcpus), NUMBER(vms, cpu_usage_pct), NUMBER(vms, cpu_load), NUMBER(vms, memory_mib),
    NUMBER(vms, memory_used_mib), NUMBER(vms, memory_overhead_mib), NUMBER(vms, hugepages_kib),
    NUMBER(vms, dirty_mib_s), NUMBER(vms, moved_s), TEXT(vms, arch), TEXT(vms, machine),
    TEXT(vms, cpu_mode), TEXT(vms, cpu_model), NUMBER(vms, tsc_khz), TEXT(vms, cache),
    BOOLEAN(vms, readonly_local_disk), LIST(networks, VIEW_VM_NETWORKS),
    LIST(storage, VIEW_VM_STORAGE), LIST(cpu_features, VIEW_VM_CPU_FEATURES),
    LIST(pinned_hosts, VIEW_VM_PINNED_HOSTS), LIST(preferred_hosts, VIEW_VM_PREFERRED_HOSTS),
    LIST(groups, VIEW_VM_GROUPS), LIST(labels, VIEW_VM_LABELS), U32(vms, cpu_sockets),
    U32(vms, cpu_cores), U32(vms, cpu_threads), TEXT(vms, cpu_pins), BOOLEAN(vms, cpu_dedicated),
    BOOLEAN(vms, lost), LIST(numa, VIEW_VM_NUMA), LIST(devices, VIEW_VM_DEVICES),
    U32(vms, pinned_named), {"goes_to", FORM_GOES_TO, 0, 0, NULL},
    {"runs_on", FORM_RUNS_ON, 0, 0, NULL},
};

static const struct row_field group_fields_of_views[] = {
    TEXT(groups, name), NUMBER(groups, priority), CHOICE(groups, vm_rule, rule_names),
    BOOLEAN(groups, vm_enforcing), CHOICE(groups, host_rule, rule_names),
    BOOLEAN(groups, host_enforcing), LIST(vms, VIEW_GROUP_VMS), LIST(hosts, VIEW_GROUP_HOSTS),
};

static const struct row_field pages_fields_of_views[] = {
    NUMBER(pages, size_kib), NUMBER(pages, free),
};

static const struct row_field host_node_fields_of_views[] = {
    U32(host_nodes, id), NUMBER(host_nodes, memory_mib), NUMBER(host_nodes, memory_free_mib),
    U32(host_nodes, cpus), TEXT(host_nodes, cpu_list),
};

static const struct row_field vm_node_fields_of_views[] = {
    NUMBER(vm_nodes, memory_mib), CHOICE(vm_nodes, mode, numa_modes),
    LIST(nodes, VIEW_VM_NODE_NODES),
};

static const struct row_field host_device_fields_of_views[] = {
    CHOICE(devices, kind, device_kinds), TEXT(devices, id), BOOLEAN(devices, free),
};

static const struct row_field vm_device_fields_of_views[] = {
    CHOICE(devices, kind, device_kinds), TEXT(devices, id),
};

#define FIELDS_MOST 96
#define CHECK_MOST(table) _Static_assert(sizeof table / sizeof *table <= FIELDS_MOST, "room")
CHECK_MOST(host_fields_of_views);
CHECK_MOST(vm_fields_of_views);

#define FIELDS(table) {table, sizeof table / sizeof *table}
static const struct {
    const struct row_field *field;
    uint32_t n;
} rows_of[] = {
    [VIEW_CLUSTER] = FIELDS(cluster_fields_of_views),
    [VIEW_HOST] = FIELDS(host_fields_of_views),
    [VIEW_VM] = FIELDS(vm_fields_of_views),
    [VIEW_GROUP] = FIELDS(group_fields_of_views),
    [VIEW_PAGES] = FIELDS(pages_fields_of_views),
    [VIEW_HOST_NODE] = FIELDS(host_node_fields_of_views),
    [VIEW_VM_NODE] = FIELDS(vm_node_fields_of_views),
    [VIEW_HOST_DEVICE] = FIELDS(host_device_fields_of_views),
    [VIEW_VM_DEVICE] = FIELDS(vm_device_fields_of_views),
};

bool row_is(enum view_kind kind)
{
    return kind >= VIEW_CLUSTER && kind <= VIEW_VM_DEVICE;
}

const void *row_columns(const struct drover_fleet *fleet, enum view_kind kind)
{
    switch (kind) {
    case VIEW_CLUSTER: return fleet->clusters;
    case VIEW_HOST: return fleet->hosts;
    case VIEW_VM: return fleet->vms;
    case VIEW_GROUP: return fleet->groups;
    case VIEW_PAGES: return &fleet->hosts->hugepages;
    case VIEW_HOST_NODE: return &fleet->hosts->numa;
    case VIEW_VM_NODE: return &fleet->vms->numa;
    case VIEW_HOST_DEVICE: return &fleet->hosts->devices;
    case VIEW_VM_DEVICE: return &fleet->vms->devices;
    default: return NULL;
    }
}

static void push_number(lua_State *L, double number)
{
    if (isnan(number))
        lua_pushnil(L);
    else
        lua_pushnumber(L, number);
}

/* columns: the struct of columns; the column itself is a pointer at the field's offset. */
static void push_row_field(lua_State *L, const void *columns, const struct row_field *field,
                           uint32_t row)
{
    const char *place = (const char *)columns + field->offset;
    const void *column = NULL;
    memcpy(&column, place, sizeof column);
    switch (field->form) {
    case FORM_TEXT: lua_pushstring(L, ((const char *const *)column)[row]); break;
    case FORM_NUMBER: push_number(L, ((const double *)column)[row]); break;
    case FORM_U32: lua_pushinteger(L, ((const uint32_t *)column)[row]); break;
    case FORM_BOOLEAN: lua_pushboolean(L, ((const uint8_t *)column)[row]); break;
    case FORM_CHOICE: lua_pushstring(L, field->choices[((const uint8_t *)column)[row]]); break;
    case FORM_ROW: view_push(L, field->detail, ((const uint32_t *)column)[row]); break;
    case FORM_LIST: view_push(L, field->detail, row); break;
    case FORM_BIT: lua_pushboolean(L, ((const uint32_t *)column)[row] & field->detail); break;
    case FORM_GOES_TO: view_push(L, VIEW_HOST, drover_vm_goes_to(columns, row)); break;
    case FORM_RUNS_ON: view_push(L, VIEW_HOST, drover_vm_runs_on(columns, row)); break;
    case FORM_KNOWN:
        lua_pushboolean(L, ((const struct drover_sets *)(const void *)place)->known[row]);
        break;
    }
}

void row_push_indexes(lua_State *L)
{
    lua_newtable(L);
    for (uint32_t kind = VIEW_CLUSTER; row_is(kind); kind++) {
        lua_newtable(L);
        for (uint32_t i = 0; i < rows_of[kind].n; i++) {
            lua_pushinteger(L, i);
            lua_setfield(L, -2, rows_of[kind].field[i].name);
        }
        lua_rawseti(L, -2, kind);
    }
}

/* A table of the hosts or VMs of a cluster: made when it is asked for. */
static int push_cluster_rows(lua_State *L, enum view_kind kind, uint32_t n,
                             const uint32_t *cluster, uint32_t row)
{
    uint32_t used = 0;
    box_charge(L, n);
    lua_newtable(L);
    for (uint32_t i = 0; i < n; i++) {
        if (cluster[i] != row)
            continue;
        view_push(L, kind, i);
        lua_rawseti(L, -2, ++used);
    }
    return 1;
}

int row_index(lua_State *L, struct view view, int indexes)
{
    const struct drover_fleet *fleet = box_of(L)->call->fleet;
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    lua_rawgeti(L, indexes, view.kind);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNUMBER) {
        lua_Integer i = lua_tointeger(L, -1);
        push_row_field(L, row_columns(fleet, view.kind), &rows_of[view.kind].field[i], view.row);
        return 1;
    }
    if (view.kind == VIEW_CLUSTER && strcmp(key, "hosts") == 0)
        return push_cluster_rows(L, VIEW_HOST, fleet->hosts->n, fleet->hosts->cluster, view.row);
    if (view.kind == VIEW_CLUSTER && strcmp(key, "vms") == 0)
        return push_cluster_rows(L, VIEW_VM, fleet->vms->n, fleet->vms->cluster, view.row);
    const char *names[FIELDS_MOST];
    for (uint32_t i = 0; i < rows_of[view.kind].n; i++)
        names[i] = rows_of[view.kind].field[i].name;
    return view_unknown_field(L, view_kind_name(view.kind), key, names, rows_of[view.kind].n);
}

void row_push_name(lua_State *L, struct view view)
{
    const struct drover_fleet *fleet = box_of(L)->call->fleet;
    push_row_field(L, row_columns(fleet, view.kind), rows_of[view.kind].field, view.row);
}
