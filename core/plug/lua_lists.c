/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists, sets and labels of the fleet: by position, by name, and walked by pairs(). */
#include "plug/lua_views.h"

#include <string.h>

/* --- which columns ------------------------------------------------------------------------- */

/* Lists of rows or symbols per row. */
static const struct drover_lists *lists_of(const struct drover_fleet *fleet, enum view_kind kind,
                                           enum view_kind *item)
{
    static const enum view_kind items[VIEW_KINDS] = {
        [VIEW_HOST_VMS] = VIEW_VM,
        [VIEW_VM_GROUPS] = VIEW_GROUP,
        [VIEW_VM_PINNED_HOSTS] = VIEW_HOST,
        [VIEW_VM_PREFERRED_HOSTS] = VIEW_HOST,
        [VIEW_GROUP_VMS] = VIEW_VM,
        [VIEW_GROUP_HOSTS] = VIEW_HOST,
    };
    *item = items[kind];
    switch (kind) {
    case VIEW_HOST_VMS: return &fleet->hosts->vms;
    case VIEW_VM_GROUPS: return &fleet->vms->groups;
    case VIEW_VM_PINNED_HOSTS: return &fleet->vms->pinned_hosts;
    case VIEW_VM_PREFERRED_HOSTS: return &fleet->vms->preferred_hosts;
    case VIEW_GROUP_VMS: return &fleet->groups->vms;
    case VIEW_GROUP_HOSTS: return &fleet->groups->hosts;
    case VIEW_VM_NETWORKS: return &fleet->vms->networks;
    case VIEW_VM_STORAGE: return &fleet->vms->storage;
    case VIEW_VM_CPU_FEATURES: return &fleet->vms->cpu_features;
    default: return NULL;
    }
}

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
    return kind >= VIEW_HOST_NETWORKS && kind <= VIEW_HOST_CPU_FEATURES;
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

void list_push(lua_State *L, struct view list, uint32_t i)
{
    const struct box_call *call = box_of(L)->call;
    const struct drover_sets *sets = sets_of(call->fleet, list.kind);
    enum view_kind item;
    if (list.kind == VIEW_CANDIDATES) {
        view_push(L, VIEW_HOST, call->hosts[i]);
    } else if (list.kind <= VIEW_GROUPS) {
        view_push(L, VIEW_CLUSTER + (list.kind - VIEW_CLUSTERS), i);
    } else if (is_set(list.kind)) {
        box_charge(L, sets->n_symbols / 8);
        push_symbol(L, sets, set_symbol(sets, list.row, i));
    } else if (labels_of(call->fleet, list.kind)) {
        lua_pushnil(L);
    } else {
        const struct drover_lists *lists = lists_of(call->fleet, list.kind, &item);
        uint32_t row = lists->item[lists->start[list.row] + i];
        if (sets)
            push_symbol(L, sets, row);
        else
            view_push(L, item, row);
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
    if (list.kind != VIEW_CANDIDATES)
        lists_of(fleet, list.kind, &item);
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
