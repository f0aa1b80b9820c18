/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of the configuration, joined over several files. See settings_lists.h. */
#include "policy/settings_lists.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "model/fleet.h"
#include "model/policy.h"

#include <stdlib.h>
#include <string.h>

static const struct list_kind {
    const char *what;
    const struct field *fields;
    size_t size;
} kinds[SETTINGS_LISTS] = {
    [SETTINGS_CLUSTERS] = {"cluster", cluster_fields, sizeof(struct cluster)},
    [SETTINGS_HOSTS] = {"host", host_setting_fields, sizeof(struct host_setting)},
    [SETTINGS_GROUPS] = {"group", group_fields, sizeof(struct group)},
};

/* Every record of these lists begins with its name. */
_Static_assert(offsetof(struct cluster, name) == 0, "the name comes first");
_Static_assert(offsetof(struct host_setting, name) == 0, "the name comes first");
_Static_assert(offsetof(struct group, name) == 0, "the name comes first");

static const char *name_of(const void *row)
{
    return *(const char *const *)row;
}

static int add_row(struct settings_lists *lists, int which, const void *row, struct mark mark,
                   struct error *error)
{
    struct settings_list *list = &lists->list[which];
    const struct list_kind *kind = &kinds[which];
    struct arena *arena = &lists->settings->arena;
    uint32_t old = table_get(&list->index, name_of(row));
    if (old != TABLE_NONE)
        return yaml_error(error, lists->file, mark, "there is a %s %s already, at %s:%u:%u",
                          kind->what, name_of(row), list->place[old].file,
                          list->place[old].mark.line, list->place[old].mark.column);
    list->row = memory_grow(list->row, &list->capacity, list->n + 1, kind->size);
    list->place =
        memory_grow(list->place, &list->place_capacity, list->n + 1, sizeof *list->place);
    char *copy = list->row + list->n * kind->size;
    memset(copy, 0, kind->size);
    field_copy(kind->fields, copy, row, arena);
    list->place[list->n] = (struct place){lists->file, mark};
    table_put(&list->index, name_of(copy), list->n++);
    return 0;
}

static int add_cluster(void *self, const void *row, struct mark mark, struct error *error)
{
    struct settings_lists *lists = self;
    struct settings_list *list = &lists->list[SETTINGS_CLUSTERS];
    if (add_row(lists, SETTINGS_CLUSTERS, row, mark, error))
        return -1;
    /* A policy that is written here has its mistakes here, too. */
    const struct cluster *cluster = (const struct cluster *)(void *)list->row + list->n - 1;
    struct policy *policy = cluster->policy.record;
    if (policy)
        policy->file = lists->file;
    return 0;
}

/* libvirt's URIs have a driver, and nothing that could end a line of a log. */
static bool is_uri(const char *text)
{
    static const char driver[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
    size_t length = strspn(text, driver);
    if (length == 0 || text[length] != ':' || text[length + 1] != '/')
        return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

static int check_uri(const struct settings_lists *lists, const struct host_setting *host,
                     const char *key, const char *uri, struct mark mark, struct error *error)
{
    if (is_uri(uri))
        return 0;
    return yaml_error(error, lists->file, mark,
                      "host %s: %s: expected a libvirt URI, such as qemu+tls://%s/system, "
                      "found \"%s\"",
                      host->name, key, host->name, uri);
}

/* A misspelt role would be one that nobody plays. */
static int check_roles(const struct settings_lists *lists, const struct host_setting *host,
                       struct mark mark, struct error *error)
{
    static const char *const roles[] = {"spm", "controller", NULL};
    for (uint32_t i = 0; i < host->roles.n; i++)
        if (field_choice(roles, host->roles.item[i]) < 0)
            return yaml_error(error, lists->file, mark,
                              "host %s: roles: expected spm or controller, found \"%s\"",
                              host->name, host->roles.item[i]);
    return 0;
}

/* HOST:PORT, and [2001:db8::1]:PORT. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || colon == text || !scalar_integer(colon + 1, &port) || port < 1 || port > 65535)
        return false;
    if (text[0] == '[')
        return colon[-1] == ']' && strspn(text + 1, "0123456789abcdefABCDEF:.") ==
                                       (size_t)(colon - text) - 2;
    return strcspn(text, ":/ \t") == (size_t)(colon - text) && text[0] != '-';
}

static int check_probe(const struct settings_lists *lists, const struct host_setting *host,
                       struct mark mark, struct error *error)
{
    for (uint32_t i = 0; i < host->probe.n; i++)
        if (!is_address(host->probe.item[i]))
            return yaml_error(error, lists->file, mark,
                              "host %s: probe: expected HOST:PORT, such as %s:22, found \"%s\"",
                              host->name, host->name, host->probe.item[i]);
    return 0;
}

/* Of ssh: [USER@]HOST, where HOST may be a name in its configuration; it is no option of it. */
static bool is_destination(const char *text)
{
    static const char bytes[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-";
    size_t length = strlen(text);
    return length > 0 && length <= 253 && text[0] != '-' && strspn(text, bytes) == length;
}

static int check_probe_from(const struct settings_lists *lists, const struct host_setting *host,
                            struct mark mark, struct error *error)
{
    for (uint32_t i = 0; i < host->probe_from.n; i++)
        if (!is_destination(host->probe_from.item[i]))
            return yaml_error(error, lists->file, mark,
                              "host %s: probe_from: expected whom ssh logs in to, such as "
                              "root@kvm2, found \"%s\"", host->name, host->probe_from.item[i]);
    return 0;
}

static int check_heartbeat(const struct settings_lists *lists, const struct host_setting *host,
                           struct mark mark, struct error *error)
{
    const unsigned char *c = (const unsigned char *)(host->heartbeat ? host->heartbeat : "/");
    bool path = *c == '/';
    while (*c >= ' ' && *c != 0x7f)
        c++;
    if (path && !*c)
        return 0;
    return yaml_error(error, lists->file, mark,
                      "host %s: heartbeat: expected the path of a file from the root, such as "
                      "/srv/shared/heartbeat/%s, found \"%s\"",
                      host->name, host->name, host->heartbeat);
}

static int add_host(void *self, const void *row, struct mark mark, struct error *error)
{
    struct settings_lists *lists = self;
    const struct host_setting *host = row;
    if (check_roles(lists, host, mark, error) ||
        check_uri(lists, host, "uri", host->uri, mark, error) ||
        (host->peer_uri && check_uri(lists, host, "peer_uri", host->peer_uri, mark, error)) ||
        check_probe(lists, host, mark, error) || check_probe_from(lists, host, mark, error) ||
        check_heartbeat(lists, host, mark, error))
        return -1;
    struct host_setting placed = *host;
    placed.file = lists->file;
    placed.line = mark.line;
    placed.column = mark.column;
    return add_row(lists, SETTINGS_HOSTS, &placed, mark, error);
}

static int add_group(void *self, const void *row, struct mark mark, struct error *error)
{
    return add_row(self, SETTINGS_GROUPS, row, mark, error);
}

const struct yaml_rows settings_rows[] = {
    {"clusters", cluster_fields, sizeof(struct cluster), add_cluster},
    {"hosts", host_setting_fields, sizeof(struct host_setting), add_host},
    {"groups", group_fields, sizeof(struct group), add_group},
    {NULL, NULL, 0, NULL},
};

/* ---------------------------------------------------------------------- checking */

static bool has_cluster(const struct settings_lists *lists, const char *name)
{
    const struct settings_list *clusters = &lists->list[SETTINGS_CLUSTERS];
    if (clusters->n == 0)
        return strcmp(name, "default") == 0;
    return table_get(&clusters->index, name) != TABLE_NONE;
}

/* The same libvirt under two names would have every VM twice. */
static int check_hosts(const struct settings_lists *lists, struct error *error)
{
    const struct settings_list *list = &lists->list[SETTINGS_HOSTS];
    struct table uris = TABLE_INIT;
    int result = 0;
    for (uint32_t i = 0; i < list->n && result == 0; i++) {
        const struct host_setting *host = (const struct host_setting *)(const void *)list->row + i;
        const struct place *place = &list->place[i];
        uint32_t other = table_get(&uris, host->uri);
        table_put(&uris, host->uri, i);
        if (other != TABLE_NONE)
            result = yaml_error(error, place->file, place->mark,
                                "host %s: %s is the URI of another host already, at %s:%u:%u",
                                host->name, host->uri, list->place[other].file,
                                list->place[other].mark.line, list->place[other].mark.column);
        else if (!has_cluster(lists, host->cluster))
            result = yaml_error(error, place->file, place->mark,
                                "host %s: there is no cluster %s; add it to \"clusters\"",
                                host->name, host->cluster);
    }
    table_free(&uris);
    return result;
}

static int check_groups(const struct settings_lists *lists, struct error *error)
{
    const struct settings_list *list = &lists->list[SETTINGS_GROUPS];
    for (uint32_t i = 0; i < list->n; i++) {
        const struct group *group = (const struct group *)(const void *)list->row + i;
        for (uint32_t j = 0; j < group->hosts.n; j++)
            if (table_get(&lists->list[SETTINGS_HOSTS].index, group->hosts.item[j]) == TABLE_NONE)
                return yaml_error(error, list->place[i].file, list->place[i].mark,
                                  "group %s: there is no host %s", group->name,
                                  group->hosts.item[j]);
    }
    return 0;
}

int settings_lists_check(const struct settings_lists *lists, struct error *error)
{
    if (check_hosts(lists, error))
        return -1;
    return check_groups(lists, error);
}

void settings_lists_keep(struct settings_lists *lists)
{
    struct rows *const rows[SETTINGS_LISTS] = {
        [SETTINGS_CLUSTERS] = &lists->settings->clusters,
        [SETTINGS_HOSTS] = &lists->settings->hosts,
        [SETTINGS_GROUPS] = &lists->settings->groups,
    };
    for (int i = 0; i < SETTINGS_LISTS; i++) {
        struct settings_list *list = &lists->list[i];
        rows[i]->n = list->n;
        rows[i]->item = arena_array(&lists->settings->arena, list->n, kinds[i].size);
        if (list->n)
            memcpy(rows[i]->item, list->row, list->n * kinds[i].size);
        free(list->row);
        free(list->place);
        table_free(&list->index);
    }
}
