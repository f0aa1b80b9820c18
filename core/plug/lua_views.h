/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Views: hosts, VMs, groups, and everything else that a callback is given, as Lua sees them.
 *
 * A view is a light userdata that holds no pointer but three numbers: what it is, which row of
 * the columns, and the call for which it was made. So it costs nothing, two views of the same
 * host are equal and the same key of a table, and one that a unit kept from an earlier call is
 * known and refused. All fields are read from the columns when they are asked for.
 */
#ifndef DROVER_PLUG_LUA_VIEWS_H
#define DROVER_PLUG_LUA_VIEWS_H

#include "plug/lua_box.h"

/* In the order of pairs() over a table with views as keys. */
enum view_kind {
    VIEW_NONE,
    VIEW_CLUSTER, VIEW_HOST, VIEW_VM, VIEW_GROUP, /* rows of the columns */
    VIEW_PAGES, VIEW_HOST_NODE, VIEW_VM_NODE, VIEW_HOST_DEVICE, VIEW_VM_DEVICE, /* parts of rows */
    VIEW_FLEET, VIEW_ASK, VIEW_TROUBLE, VIEW_PLAN, VIEW_MOVE, VIEW_HOW, VIEW_ADMIT, VIEW_ANSWER,
    VIEW_CLUSTERS, VIEW_HOSTS, VIEW_VMS, VIEW_GROUPS, VIEW_CANDIDATES, /* lists of rows */
    VIEW_HOST_VMS, VIEW_VM_GROUPS, VIEW_VM_PINNED_HOSTS, VIEW_VM_PREFERRED_HOSTS, VIEW_GROUP_VMS,
    VIEW_GROUP_HOSTS,
    VIEW_HOST_HUGEPAGES, VIEW_HOST_NUMA, VIEW_VM_NUMA, VIEW_HOST_DEVICES, /* lists of parts */
    VIEW_VM_DEVICES,
    VIEW_VM_NODE_NODES, /* numbers */
    VIEW_VM_NETWORKS, VIEW_VM_STORAGE, VIEW_VM_CPU_FEATURES, /* lists of names */
    VIEW_HOST_NETWORKS, VIEW_HOST_STORAGE, VIEW_HOST_MACHINES, VIEW_HOST_CPU_FEATURES, /* sets */
    VIEW_HOST_CPU_MODELS,
    VIEW_HOST_LABELS, VIEW_VM_LABELS,
    VIEW_KINDS
};

struct view {
    enum view_kind kind;
    uint32_t row;
};

/* Give light userdata its metatable. */
void lua_views_install(lua_State *L);

/* Push a view of this call; of row DROVER_NONE: nil. */
void view_push(lua_State *L, enum view_kind kind, uint32_t row);

/* The view at index; not one, or one of an earlier call: an error. */
struct view view_check(lua_State *L, int index);

/* The row of a host (VM, ...) given as a view or by its name; else an error about `what`. */
uint32_t view_row(lua_State *L, int index, enum view_kind kind, const char *what);

/* "host", "vm", ...: what messages call it. */
const char *view_kind_name(enum view_kind kind);

/* Rows (lua_rows.c): the struct of columns that holds a kind; NULL: it is no row. */
bool row_is(enum view_kind kind);
const void *row_columns(const struct drover_fleet *fleet, enum view_kind kind);
/* Push the field that is named at stack index 2; `indexes`: where row_push_indexes()'s table is. */
int row_index(lua_State *L, struct view view, int indexes);
void row_push_indexes(lua_State *L);
void row_push_name(lua_State *L, struct view view); /* of a cluster, host, VM or group */

/* Lists (lua_lists.c): how long, item i from 0 on (pushed), item by name (pushed, or nil). */
bool list_is(enum view_kind kind);
uint32_t list_length(lua_State *L, struct view list);
void list_push(lua_State *L, struct view list, uint32_t i);
void list_push_named(lua_State *L, struct view list, const char *name);
/* pairs() over a list, set or labels: pushes iterator, state and first control value. */
int list_pairs(lua_State *L, struct view list);

/* What is acted on (lua_acts.c): push the field `key` of a plan, how or answer. */
int plan_index(lua_State *L, const char *key);
int how_index(lua_State *L, const char *key);
int how_set(lua_State *L, const char *key);
int answer_index(lua_State *L, const char *key);

/* "host has no field 'x'; did you mean 'y'?" Raises. */
int view_unknown_field(lua_State *L, const char *of, const char *key, const char *const *names,
                       uint32_t n);

#endif
