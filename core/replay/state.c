/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine's state as text; see state.h. */
#include "replay/state.h"

#include "codec/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(json_t *list, const struct field *table, const void *record)
{
    json_array_append_new(list, json_from_record(table, record, NAN, JSON_SKIP_DEFAULTS));
}

static json_t *list_hosts(const struct fleet *fleet)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        add(list, host_fields, fleet->hosts[i]);
    return list;
}

static json_t *list_vms(const struct fleet *fleet)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        add(list, vm_fields, fleet->vms[i]);
    return list;
}

static json_t *list_migrations(const struct engine *engine)
{
    uint32_t n;
    const struct migration *const *migrations = engine_migrations(engine, &n);
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        add(list, migration_fields, migrations[i]);
    return list;
}

static json_t *list_status(const struct engine *engine)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(engine, &n);
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        add(list, host_status_fields, &status[i]);
    return list;
}

static json_t *list_shadows(const struct engine *engine)
{
    json_t *list = json_array();
    const struct shadow_status *shadow;
    for (uint32_t i = 0; (shadow = engine_shadow(engine, i)) != NULL; i++)
        add(list, shadow_status_fields, shadow);
    return list;
}

char *state_text(const struct engine *engine)
{
    const struct fleet *fleet = engine_fleet(engine);
    double wake = engine_next_wake(engine);
    json_t *json = json_pack("{s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "now", fleet->now, "wake",
                             isinf(wake) ? json_null() : json_real(wake), "hosts",
                             list_hosts(fleet), "vms", list_vms(fleet), "status",
                             list_status(engine), "migrations", list_migrations(engine), "shadows",
                             list_shadows(engine));
    char *text = json_text(json);
    json_decref(json);
    return text;
}

/* ------------------------------------------------------------------ the first difference */

static const char *value_text(struct arena *arena, json_t *value)
{
    if (!value)
        return "nothing";
    char *text = json_text(value);
    const char *copy = arena_printf(arena, "%.200s", text);
    free(text);
    return copy;
}

static const char *compare(struct arena *arena, const char *path, json_t *before, json_t *now);

static const char *compare_lists(struct arena *arena, const char *path, json_t *before,
                                 json_t *now)
{
    size_t n = json_array_size(before) > json_array_size(now) ? json_array_size(before)
                                                              : json_array_size(now);
    for (size_t i = 0; i < n; i++) {
        const char *where =
            compare(arena, arena_printf(arena, "%s[%zu]", path, i), json_array_get(before, i),
                    json_array_get(now, i));
        if (where)
            return where;
    }
    return NULL;
}

static const char *compare_objects(struct arena *arena, const char *path, json_t *before,
                                   json_t *now)
{
    const char *key;
    json_t *value;
    json_object_foreach(before, key, value) {
        const char *where =
            compare(arena, arena_printf(arena, "%s.%s", path, key), value,
                    json_object_get(now, key));
        if (where)
            return where;
    }
    json_object_foreach(now, key, value)
        if (!json_object_get(before, key))
            return compare(arena, arena_printf(arena, "%s.%s", path, key), NULL, value);
    return NULL;
}

/* Both were parsed with a limit of depth. */
static const char *compare(struct arena *arena, const char *path, json_t *before, json_t *now)
{
    if (before && now && json_equal(before, now))
        return NULL;
    if (json_is_object(before) && json_is_object(now))
        return compare_objects(arena, path, before, now);
    if (json_is_array(before) && json_is_array(now))
        return compare_lists(arena, path, before, now);
    return arena_printf(arena, "%s: %s before, %s now", path, value_text(arena, before),
                        value_text(arena, now));
}

int json_differs(const char *what, const char *before, const char *now, struct arena *arena,
                 const char **where, struct error *error)
{
    *where = NULL;
    if (strcmp(before, now) == 0)
        return 0;
    json_t *one = json_parse(before, strlen(before), "the journal", error);
    json_t *other = one ? json_parse(now, strlen(now), "what there is now", error) : NULL;
    if (other)
        *where = compare(arena, what, one, other);
    json_decref(one);
    json_decref(other);
    return other ? 0 : -1;
}
