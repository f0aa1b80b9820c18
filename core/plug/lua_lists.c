/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists, sets and labels of the fleet: by position, by name, and walked by pairs(). */
#include "plug/lua_views.h"

#include <string.h>

/* --- which columns ------------------------------------------------------------------------- */

/*
 * Lists per row, of rows, numbers or symbols: the struct that holds each, where in it, and what the
 * items are (VIEW_NONE: symbols, or numbers).
 */
struct list_source {
    enum view_kind of;
    size_t offset;
    enum view_kind item;
};

#define IN(s, m) offsetof(struct drover_##s, m)
static const struct list_source list_sources[VIEW_KINDS] = {
    [VIEW_HOST_VMS] = {VIEW_HOST, IN(hosts, vms), VIEW_VM},
    [VIEW_VM_GROUPS] = {VIEW_VM, IN(vms, groups), VIEW_GROUP},
    [VIEW_VM_PINNED_HOSTS] = {VIEW_VM, IN(vms, pinned_hosts), VIEW_HOST},
    [VIEW_VM_PREFERRED_HOSTS] = {VIEW_VM, IN(vms, preferred_hosts), VIEW_HOST},
    [VIEW_GROUP_VMS] = {VIEW_GROUP, IN(groups, vms), VIEW_VM},
    [VIEW_GROUP_HOSTS] = {VIEW_GROUP, IN(groups, hosts), VIEW_HOST},
    [VIEW_VM_NODE_NODES] = {VIEW_VM_NODE, IN(vm_nodes, nodes), VIEW_NONE},
    [VIEW_VM_NETWORKS] = {VIEW_VM, IN(vms, networks), VIEW_NONE},
    [VIEW_VM_STORAGE] = {VIEW_VM, IN(vms, storage), VIEW_NONE},
    [VIEW_VM_CPU_FEATURES] = {VIEW_VM, IN(vms, cpu_features), VIEW_NONE},
};

static const struct drover_lists *lists_of(const struct drover_fleet *fleet, enum view_kind kind,
                                           enum view_kind *item)
{
    const struct list_source *source = &list_sources[kind];
    *item = source->item;
    if (!source->of)
        return NULL;
    const char *columns = row_columns(fleet, source->of);
    return (const void *)(columns + source->offset);
}

/* Parts of rows: row r has parts start[r] .. start[r + 1] - 1; `start` is their first column. */
static const uint32_t *parts_of(const struct drover_fleet *fleet, enum view_kind kind,
                                enum view_kind *part)
{
    static const enum view_kind parts[VIEW_KINDS] = {
        [VIEW_HOST_HUGEPAGES] = VIEW_PAGES,      [VIEW_HOST_NUMA] = VIEW_HOST_NODE,
        [VIEW_VM_NUMA] = VIEW_VM_NODE,           [VIEW_HOST_DEVICES] = VIEW_HOST_DEVICE,
        [VIEW_VM_DEVICES] = VIEW_VM_DEVICE,
    };
    *part = parts[kind];
    return *part ? *(const uint32_t *const *)row_columns(fleet, *part) : NULL;
}

_Static_assert(IN(pages, start) == 0 && IN(host_nodes, start) == 0 && IN(vm_nodes, start) == 0 &&
               IN(devices, start) == 0, "parts_of() takes the first column for the start");

/* The set itself, or the one whose symbols a list of names is written in. */
static const struct drover_sets *sets_of(const struct drover_fleet *fleet, enum view_kind kind)
{
    switch (kind) {
    case VIEW_VM_NETWORKS:
    case VIEW_HOST_NETWORKS: return &fleet->hosts->networks;
    case VIEW_VM_STORAGE:
    case VIEW_HOST_STORAGE: return &fleet->hosts->storage;
    case VIEW_VM_CPU_FEATURES:
    case VIEW_HOST_CPU_FEATURES: return &fleet->hosts->cpu_features;
    case VIEW_HOST_MACHINES: return &fleet->hosts->machines;
    case VIEW_HOST_CPU_MODELS: return &fleet->hosts->cpu_models;
    default: return NULL;
    }
}

static const struct drover_labels *labels_of(const struct drover_fleet *fleet, enum view_kind kind)
{
    if (kind == VIEW_HOST_LABELS)
        return &fleet->hosts->labels;
    return kind == VIEW_VM_LABELS ? &fleet->vms->labels : NULL;
}

static bool is_set(enum view_kind kind)
{
    return kind >= VIEW_HOST_NETWORKS && kind <= VIEW_HOST_CPU_MODELS;
}

bool list_is(enum view_kind kind)
{
    return kind >= VIEW_CLUSTERS && kind < VIEW_KINDS;
}

/* All rows of a kind, for the fleet's own lists. */
static uint32_t rows_in(const struct drover_fleet *fleet, enum view_kind kind,
                        const char *const **names, enum view_kind *item)
{
    *item = VIEW_CLUSTER + (kind - VIEW_CLUSTERS);
    switch (kind) {
    case VIEW_CLUSTERS: *names = fleet->clusters->name; return fleet->clusters->n;
    case VIEW_HOSTS: *names = fleet->hosts->name; return fleet->hosts->n;
    case VIEW_VMS: *names = fleet->vms->name; return fleet->vms->n;
    default: *names = fleet->groups->name; return fleet->groups->n;
    }
}

/* --- by position --------------------------------------------------------------------------- */

static uint32_t set_size(const struct drover_sets *sets, uint32_t row)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < sets->words; w++)
        n += (uint32_t)__builtin_popcountll(sets->bits[(size_t)row * sets->words + w]);
    return n;
}

/* The symbol of the i-th bit that is set, or DROVER_NONE. */
static uint32_t set_symbol(const struct drover_sets *sets, uint32_t row, uint32_t i)
{
    for (uint32_t symbol = 0; symbol < sets->n_symbols; symbol++) {
        if (drover_sets_has(sets, row, symbol) && i-- == 0)
            return symbol;
    }
    return DROVER_NONE;
}

uint32_t list_length(lua_State *L, struct view list)
{
    const struct box_call *call = box_of(L)->call;
    const char *const *names;
    enum view_kind item;
    if (list.kind == VIEW_CANDIDATES)
        return call->n_hosts;
    if (list.kind <= VIEW_GROUPS)
        return rows_in(call->fleet, list.kind, &names, &item);
    if (is_set(list.kind))
        return set_size(sets_of(call->fleet, list.kind), list.row);
    const struct drover_labels *labels = labels_of(call->fleet, list.kind);
    if (labels)
        return labels->start[list.row + 1] - labels->start[list.row];
    const uint32_t *start = parts_of(call->fleet, list.kind, &item);
    if (start)
        return start[list.row + 1] - start[list.row];
    const struct drover_lists *lists = lists_of(call->fleet, list.kind, &item);
    return lists->start[list.row + 1] - lists->start[list.row];
}

static void push_symbol(lua_State *L, const struct drover_sets *sets, uint32_t symbol)
{
    if (symbol < sets->n_symbols)
        lua_pushstring(L, sets->symbol[symbol]);
    else
        lua_pushnil(L);
}

/* Of a list per row: a row, a number or a symbol. */
static void push_listed(lua_State *L, struct view list, uint32_t i)
{
    const struct drover_fleet *fleet = box_of(L)->call->fleet;
    const struct drover_sets *sets = sets_of(fleet, list.kind);
    enum view_kind item;
    const struct drover_lists *lists = lists_of(fleet, list.kind, &item);
    uint32_t value = lists->item[lists->start[list.row] + i];
    if (sets)
        push_symbol(L, sets, value);
    else if (item)
        view_push(L, item, value);
    else
        lua_pushinteger(L, value);
}

void list_push(lua_State *L, struct view list, uint32_t i)
{
    const struct box_call *call = box_of(L)->call;
    const struct drover_sets *sets = sets_of(call->fleet, list.kind);
    enum view_kind part;
    const uint32_t *start = parts_of(call->fleet, list.kind, &part);
    if (list.kind == VIEW_CANDIDATES) {
        view_push(L, VIEW_HOST, call->hosts[i]);
    } else if (list.kind <= VIEW_GROUPS) {
        view_push(L, VIEW_CLUSTER + (list.kind - VIEW_CLUSTERS), i);
    } else if (is_set(list.kind)) {
        box_charge(L, sets->n_symbols / 8);
        push_symbol(L, sets, set_symbol(sets, list.row, i));
    } else if (start) {
        view_push(L, part, start[list.row] + i);
    } else if (labels_of(call->fleet, list.kind)) {
        lua_pushnil(L);
    } else {
        push_listed(L, list, i);
    }
}

/* --- by name ------------------------------------------------------------------------------- */

/* Rows are sorted by name. */
static uint32_t find_row(const char *const *names, uint32_t n, const char *name)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(names[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && strcmp(names[low], name) == 0 ? low : DROVER_NONE;
}

static void push_label(lua_State *L, const struct drover_labels *labels, uint32_t row,
                       const char *name)
{
    for (uint32_t i = labels->start[row]; i < labels->start[row + 1]; i++) {
        if (strcmp(labels->key[i], name) == 0) {
            lua_pushstring(L, labels->value[i]);
            return;
        }
    }
    lua_pushnil(L);
}

static uint32_t find_symbol(const struct drover_sets *sets, const char *name)
{
    uint32_t symbol = 0;
    while (symbol < sets->n_symbols && strcmp(sets->symbol[symbol], name) != 0)
        symbol++;
    return symbol;
}

/* true where the row has the name; where nothing is known of it, it has everything. */
static void push_membership(lua_State *L, struct view list, const char *name)
{
    const struct box_call *call = box_of(L)->call;
    const struct drover_sets *sets = sets_of(call->fleet, list.kind);
    uint32_t symbol = find_symbol(sets, name);
    enum view_kind item;
    bool member = false;
    box_charge(L, sets->n_symbols / 8);
    if (is_set(list.kind)) {
        member = !sets->known[list.row] ||
                 (symbol < sets->n_symbols && drover_sets_has(sets, list.row, symbol));
    } else {
        const struct drover_lists *lists = lists_of(call->fleet, list.kind, &item);
        for (uint32_t i = lists->start[list.row]; i < lists->start[list.row + 1]; i++)
            member = member || lists->item[i] == symbol;
    }
    lua_pushboolean(L, member);
}

/* In lists of hosts, VMs or groups: the item of that name. */
static void push_item_named(lua_State *L, struct view list, const char *name)
{
    const struct drover_fleet *fleet = box_of(L)->call->fleet;
    uint32_t n = list_length(L, list);
    enum view_kind item = VIEW_HOST, all;
    const char *const *names;
    if (lists_of(fleet, list.kind, &all))
        item = all;
    if (parts_of(fleet, list.kind, &all) || item == VIEW_NONE)
        luaL_error(L, "what is in this list has no names: ask for [1], [2], ..., not for '%s'",
                   name);
    rows_in(fleet, VIEW_CLUSTERS + (item - VIEW_CLUSTER), &names, &all);
    box_charge(L, n / 4);
    for (uint32_t i = 0; i < n; i++) {
        list_push(L, list, i);
        if (strcmp(names[view_check(L, -1).row], name) == 0)
            return;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
}

void list_push_named(lua_State *L, struct view list, const char *name)
{
    const struct drover_fleet *fleet = box_of(L)->call->fleet;
    const struct drover_labels *labels = labels_of(fleet, list.kind);
    if (labels) {
        push_label(L, labels, list.row, name);
    } else if (sets_of(fleet, list.kind)) {
        push_membership(L, list, name);
    } else if (list.kind < VIEW_CANDIDATES) {
        enum view_kind item;
        const char *const *names;
        uint32_t n = rows_in(fleet, list.kind, &names, &item);
        view_push(L, item, find_row(names, n, name));
    } else {
        push_item_named(L, list, name);
    }
}

/* --- pairs --------------------------------------------------------------------------------- */

/* Upvalues: the view, and how many items came already. */
static int walk_list(lua_State *L)
{
    struct view list = view_check(L, lua_upvalueindex(1));
    uint32_t i = (uint32_t)lua_tointeger(L, lua_upvalueindex(2));
    const struct drover_labels *labels = labels_of(box_of(L)->call->fleet, list.kind);
    if (i >= list_length(L, list))
        return 0;
    lua_pushinteger(L, i + 1);
    lua_copy(L, -1, lua_upvalueindex(2));
    if (labels) {
        uint32_t at = labels->start[list.row] + i;
        lua_pushstring(L, labels->key[at]);
        lua_pushstring(L, labels->value[at]);
    } else {
        list_push(L, list, i);
        if (is_set(list.kind))
            lua_pushboolean(L, true); /* name, true: like a table used as a set */
    }
    return 2;
}

int list_pairs(lua_State *L, struct view list)
{
    view_push(L, list.kind, list.row);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, walk_list, 2);
    return 1;
}
