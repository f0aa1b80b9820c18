/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GET /v1/... answers: a table of paths, each with a function. See docs/openapi.yaml. */
#include "ctl/api.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "codec/json.h"
#include "ctl/api_json.h"
#include "ctl/api_routes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ask {
    const struct api_source *source;
    const char *item; /* the rest of the path: a name, a key, an id */
    const struct api_query *query;
};

/* --- small helpers ----------------------------------------------------------------------- */

static const char *argument(const struct ask *ask, const char *key)
{
    const char *value = ask->query ? ask->query->get(ask->query->self, key) : NULL;
    return value && *value ? value : NULL;
}

static json_t *not_here(const char *what, struct error *error)
{
    error_set(error, ERROR_USAGE, "%s: only a running droverd knows that", what);
    return NULL;
}

static const struct fleet *fleet_of(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = ask->source->fleet ? ask->source->fleet(ask->source->self) : NULL;
    if (!fleet)
        error_set(error, ERROR_FAILED, "the fleet is not known yet: droverd is starting");
    return fleet;
}

static int id_of(const struct ask *ask, uint64_t *id, struct error *error)
{
    int64_t value;
    if (!scalar_integer(ask->item, &value) || value < 1)
        return error_set(error, ERROR_USAGE, "expected a number as id, found \"%.100s\"",
                         ask->item);
    *id = (uint64_t)value;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    /* Every record of a fleet begins with its name. */
    return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

/* The records in order of name. free() the array. */
static const void **sorted(const void *records, uint32_t n)
{
    const void **copy = memory_array(n + 1, sizeof *copy);
    if (n)
        memcpy(copy, records, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, by_name);
    return copy;
}

static json_t *list(const struct field *table, const void *records, uint32_t n, double now,
                    unsigned flags)
{
    const void **record = sorted(records, n);
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(array, json_from_record(table, record[i], now, flags));
    free(record);
    return array;
}

/* --- the fleet --------------------------------------------------------------------------- */

/* A fleet file, as JSON. */
static json_t *get_fleet(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    if (!fleet)
        return NULL;
    unsigned flags = JSON_SKIP_DEFAULTS;
    json_t *object = json_object();
    json_object_set_new(object, "fleet", json_integer(1));
    json_object_set_new(object, "now", json_real(fleet->now));
    json_object_set_new(object, "clusters", list(cluster_fields, fleet->clusters,
                                                 fleet->n_clusters, fleet->now, flags));
    json_object_set_new(object, "hosts",
                        list(host_fields, fleet->hosts, fleet->n_hosts, fleet->now, flags));
    json_object_set_new(object, "vms",
                        list(vm_fields, fleet->vms, fleet->n_vms, fleet->now, flags));
    json_object_set_new(object, "groups",
                        list(group_fields, fleet->groups, fleet->n_groups, fleet->now, flags));
    return object;
}

/* What the engine says of each host, by name; empty where nobody says. */
static json_t *statuses(const struct ask *ask)
{
    json_t *table = json_object();
    json_t *array = ask->source->hosts ? ask->source->hosts(ask->source->self) : NULL;
    size_t i;
    json_t *status;
    json_array_foreach(array, i, status) {
        const char *name = json_string_value(json_object_get(status, "name"));
        if (name)
            json_object_set(table, name, status);
    }
    json_decref(array);
    return table;
}

static json_t *host_json(const struct fleet *fleet, const struct host *host, json_t *known,
                         json_int_t vms)
{
    json_t *object = json_from_record(host_fields, host, fleet->now, 0);
    json_object_set_new(object, "vms", json_integer(vms));
    json_t *status = json_object_get(known, host->name);
    if (status)
        json_object_update_missing(object, status);
    return object;
}

static uint32_t *count_vms(const struct fleet *fleet, const struct table *place)
{
    uint32_t *count = memory_array(fleet->n_hosts + 1, sizeof *count);
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        uint32_t at = fleet->vms[i]->host ? table_get(place, fleet->vms[i]->host) : TABLE_NONE;
        if (at != TABLE_NONE)
            count[at]++;
    }
    return count;
}

static json_t *get_hosts(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    if (!fleet)
        return NULL;
    const struct host **host = (const struct host **)sorted(fleet->hosts, fleet->n_hosts);
    struct table place = TABLE_INIT;
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        table_put(&place, host[i]->name, i);
    uint32_t *vms = count_vms(fleet, &place);
    json_t *known = statuses(ask), *array = json_array();
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        json_array_append_new(array, host_json(fleet, host[i], known, vms[i]));
    json_decref(known);
    free(vms);
    table_free(&place);
    free(host);
    return array;
}

/* The fields of a VM that a list shows; everything else is at /v1/vms/KEY. */
static const struct field *vm_list_fields(void)
{
    static const char *const keys[] = {
        "name",          "uuid", "host",     "state",  "vcpus",   "memory_mib", "memory_used_mib",
        "cpu_usage_pct", "ha",   "priority", "labels", "dirty_mib_s", "migratable",
    };
    static struct field table[sizeof keys / sizeof keys[0] + 1];
    if (!table[0].key)
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            table[i] = *field_find(vm_fields, keys[i]);
    return table;
}

static json_t *vm_json(const struct field *table, const struct vm *vm, double now)
{
    json_t *object = json_from_record(table, vm, now, 0);
    json_object_set_new(object, "key", json_from_text(vm_key(vm)));
    json_object_set_new(object, "to", json_from_text(vm->to));
    return object;
}

static json_t *vms_where(const struct fleet *fleet, const char *host)
{
    const struct vm **vm = (const struct vm **)sorted(fleet->vms, fleet->n_vms);
    json_t *array = json_array();
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (!host || (vm[i]->host && strcmp(vm[i]->host, host) == 0))
            json_array_append_new(array, vm_json(vm_list_fields(), vm[i], fleet->now));
    free(vm);
    return array;
}

static json_t *get_host(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    const struct host *host = fleet ? fleet_find_host(fleet, ask->item, error) : NULL;
    if (!host)
        return NULL;
    json_t *known = statuses(ask), *list_of_vms = vms_where(fleet, host->name);
    json_t *object = host_json(fleet, host, known, (json_int_t)json_array_size(list_of_vms));
    json_object_set_new(object, "vm_list", list_of_vms);
    json_decref(known);
    return object;
}

static json_t *get_vms(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    return fleet ? vms_where(fleet, argument(ask, "host")) : NULL;
}

static json_t *get_vm(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    const struct vm *vm = fleet ? fleet_find_vm(fleet, ask->item, error) : NULL;
    return vm ? vm_json(vm_fields, vm, fleet->now) : NULL;
}

static json_t *get_groups(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    return fleet ? api_json_groups(fleet) : NULL;
}

/* --- migrations -------------------------------------------------------------------------- */

static json_t *migration_json(const struct migration *migration)
{
    json_t *object = json_from_record(migration_fields, migration, NAN, 0);
    double percentage = progress_percentage(&migration->progress);
    json_object_set_new(object, "percentage",
                        isfinite(percentage) ? json_real(percentage) : json_null());
    return object;
}

static const struct migration *const *migrations_of(const struct ask *ask, uint32_t *n)
{
    *n = 0;
    return ask->source->migrations ? ask->source->migrations(ask->source->self, n) : NULL;
}

static json_t *get_migrations(const struct ask *ask, struct error *error)
{
    (void)error;
    uint32_t n;
    const struct migration *const *migration = migrations_of(ask, &n);
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(array, migration_json(migration[i]));
    return array;
}

/* The engine's, and behind it the journal's. */
static json_t *get_migration(const struct ask *ask, struct error *error)
{
    uint64_t id = 0;
    uint32_t n;
    if (id_of(ask, &id, error) < 0)
        return NULL;
    const struct migration *const *migration = migrations_of(ask, &n);
    for (uint32_t i = 0; i < n; i++)
        if (migration[i]->id == id)
            return migration_json(migration[i]);
    json_t *history = ask->source->history ? ask->source->history(ask->source->self, NULL) : NULL;
    json_t *found = NULL, *one;
    size_t at;
    json_array_foreach(history, at, one) {
        if (!found && (uint64_t)json_integer_value(json_object_get(one, "id")) == id)
            found = json_incref(one);
    }
    json_decref(history);
    if (!found)
        error_set(error, ERROR_NOT_FOUND, "there is no migration %llu: `drover migrations` lists "
                  "those that are under way, `--all` those that have ended",
                  (unsigned long long)id);
    return found;
}

/* --- decisions and plans ----------------------------------------------------------------- */

static json_t *get_decisions(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    if (!source->decisions)
        return not_here("decisions", error);
    json_t *kept = source->decisions(source->self, argument(ask, "vm"), error);
    json_t *array = kept ? json_array() : NULL, *one;
    size_t i;
    json_array_foreach(kept, i, one) {
        json_t *decision = api_json_kept_decision(json_incref(one), error);
        if (decision) {
            json_array_append_new(array, decision);
            continue;
        }
        json_decref(array);
        array = NULL;
        break;
    }
    json_decref(kept);
    return array;
}

static json_t *get_decision(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    uint64_t id = 0;
    if (!source->decision)
        return not_here("decisions", error);
    if (id_of(ask, &id, error) < 0)
        return NULL;
    json_t *kept = source->decision(source->self, id, error);
    return kept ? api_json_kept_decision(kept, error) : NULL;
}

/* What libvirt or QEMU would refuse on any host: filters do not know all of it. */
static void add_blockers(const struct ask *ask, const char *name, json_t *answer)
{
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    const struct fleet *fleet = fleet_of(ask, &error);
    const struct vm *vm = fleet ? fleet_find_vm(fleet, name, &error) : NULL;
    struct rows found = vm ? blockers_of(vm, &arena) : (struct rows){0};
    json_object_set_new(answer, "blockers", json_from_rows(blocker_fields, sizeof(struct blocker),
                                                           &found, NAN, 0));
    arena_free(&arena);
}

static json_t *get_explain(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    const char *vm = argument(ask, "vm");
    if (!source->explain)
        return not_here("explain", error);
    if (!vm) {
        error_set(error, ERROR_USAGE, "explain: which VM? Expected ?vm=NAME or ?vm=UUID");
        return NULL;
    }
    struct decision *decision = source->explain(source->self, vm, argument(ask, "to"), error);
    json_t *answer = decision ? api_json_decision(decision) : NULL;
    if (answer)
        add_blockers(ask, vm, answer);
    decision_free(decision);
    return answer;
}

static json_t *get_plan_move(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    const char *vm = argument(ask, "target");
    if (!source->plan_move)
        return not_here("plan migrate", error);
    if (!vm) {
        error_set(error, ERROR_USAGE, "plan migrate: of which VM?");
        return NULL;
    }
    struct move_plan *plan = source->plan_move(source->self, vm, argument(ask, "to"), error);
    json_t *answer = plan ? api_json_move_plan(plan) : NULL;
    move_plan_free(plan);
    return answer;
}

static json_t *get_plan(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    const char *all = argument(ask, "all");
    struct plan_question question = {
        .what = argument(ask, "what"), .target = argument(ask, "target"),
    };
    if (!source->plan)
        return not_here("plan", error);
    if (all && !scalar_boolean(all, &question.whole)) {
        error_set(error, ERROR_USAGE, "plan: all: expected yes or no, found \"%.64s\"", all);
        return NULL;
    }
    if (!question.what) {
        error_set(error, ERROR_USAGE, "plan: of what? Expected ?what=balance, "
                                      "?what=enforce, ?what=drain&target=HOST, "
                                      "?what=fail&target=HOST or ?what=migrate&target=VM");
        return NULL;
    }
    if (strcmp(question.what, "migrate") == 0)
        return get_plan_move(ask, error);
    struct plan *plan = source->plan(source->self, &question, error);
    json_t *answer = plan ? api_json_plan(plan) : NULL;
    plan_free(plan);
    return answer;
}

/* The comparison that an effect carries, with the effect's time. */
static json_t *comparison_json(json_t *effect)
{
    json_t *comparison = json_array_get(json_object_get(effect, "comparison"), 0);
    json_t *answer = json_object();
    json_object_set(answer, "at", json_object_get(effect, "at"));
    json_object_update(answer, comparison);
    return answer;
}

static json_t *get_shadow(const struct ask *ask, struct error *error)
{
    const struct api_source *source = ask->source;
    if (!source->shadows || !source->shadow_differences)
        return not_here("shadow", error);
    json_t *kept = source->shadow_differences(source->self, error);
    if (!kept)
        return NULL;
    json_t *differences = json_array(), *one;
    size_t i;
    json_array_foreach(kept, i, one) {
        json_array_append_new(differences, comparison_json(one));
    }
    json_decref(kept);
    return json_pack("{s:o, s:o}", "shadows", source->shadows(source->self), "differences",
                     differences);
}

/* --- what others say --------------------------------------------------------------------- */

static json_t *said_by(const struct ask *ask, json_t *(*get)(void *self, struct error *error),
                       const char *what, struct error *error)
{
    return get ? get(ask->source->self, error) : not_here(what, error);
}

static json_t *get_policies(const struct ask *ask, struct error *error)
{
    return said_by(ask, ask->source->policies, "policies", error);
}

static json_t *get_units(const struct ask *ask, struct error *error)
{
    return said_by(ask, ask->source->units, "units", error);
}

static json_t *get_notices(const struct ask *ask, struct error *error)
{
    return said_by(ask, ask->source->notices, "notices", error);
}

static json_t *get_history(const struct ask *ask, struct error *error)
{
    return said_by(ask, ask->source->history, "history", error);
}

/* --- status ------------------------------------------------------------------------------ */

static void count(json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));
    json_object_set_new(object, name, json_integer(n + 1));
}

/* Of how many hosts it is known whether their VMs would fit elsewhere, and of whom they would not. */
static json_t *n_plus_one(const struct ask *ask)
{
    json_t *array = ask->source->hosts ? ask->source->hosts(ask->source->self) : NULL;
    json_t *lost = json_object();
    json_int_t known = 0;
    size_t i;
    json_t *host;
    json_array_foreach(array, i, host) {
        json_t *unfit = json_object_get(host, "would_not_fit");
        known += json_is_array(unfit);
        if (json_array_size(unfit) > 0)
            json_object_set(lost, json_string_value(json_object_get(host, "name")), unfit);
    }
    json_decref(array);
    return json_pack("{s:I, s:o}", "known", known, "lost", lost);
}

static json_t *get_status(const struct ask *ask, struct error *error)
{
    const struct fleet *fleet = fleet_of(ask, error);
    if (!fleet)
        return NULL;
    json_t *hosts = json_object(), *vms = json_object(), *moves = json_object();
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        count(hosts, host_state_names[fleet->hosts[i]->state]);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        count(vms, vm_state_names[fleet->vms[i]->state]);
    uint32_t n;
    const struct migration *const *migration = migrations_of(ask, &n);
    for (uint32_t i = 0; i < n; i++)
        count(moves, migration_state_names[migration[i]->state]);
    json_t *object = json_object();
    json_t *daemon = ask->source->daemon ? ask->source->daemon(ask->source->self) : NULL;
    json_object_set_new(object, "daemon", daemon ? daemon : json_null());
    json_object_set_new(object, "now", json_real(fleet->now));
    json_object_set_new(object, "hosts", hosts);
    json_object_set_new(object, "vms", vms);
    json_object_set_new(object, "migrations", moves);
    json_object_set_new(object, "n_plus_one", n_plus_one(ask));
    return object;
}

/* --- the table --------------------------------------------------------------------------- */

/* A path that ends with a slash takes an item, which may hold anything. */
static const struct {
    const char *path;
    json_t *(*get)(const struct ask *ask, struct error *error);
    const char *documented; /* as docs/openapi.yaml writes it */
} routes[] = {
    {"/v1/status", get_status, "/v1/status"},
    {"/v1/fleet", get_fleet, "/v1/fleet"},
    {"/v1/hosts", get_hosts, "/v1/hosts"},
    {"/v1/hosts/", get_host, "/v1/hosts/{name}"},
    {"/v1/vms", get_vms, "/v1/vms"},
    {"/v1/vms/", get_vm, "/v1/vms/{key}"},
    {"/v1/groups", get_groups, "/v1/groups"},
    {"/v1/migrations", get_migrations, "/v1/migrations"},
    {"/v1/migrations/", get_migration, "/v1/migrations/{id}"},
    {"/v1/decisions", get_decisions, "/v1/decisions"},
    {"/v1/decisions/", get_decision, "/v1/decisions/{id}"},
    {"/v1/shadow", get_shadow, "/v1/shadow"},
    {"/v1/explain", get_explain, "/v1/explain"},
    {"/v1/plan", get_plan, "/v1/plan"},
    {"/v1/policies", get_policies, "/v1/policies"},
    {"/v1/units", get_units, "/v1/units"},
    {"/v1/notices", get_notices, "/v1/notices"},
    {"/v1/history", get_history, "/v1/history"},
};
#define N_ROUTES (sizeof routes / sizeof routes[0])

const char *api_route(size_t i)
{
    return i < N_ROUTES ? routes[i].documented : NULL;
}

static const char *item_of(const char *route, const char *path)
{
    size_t length = strlen(route);
    if (route[length - 1] != '/')
        return strcmp(route, path) == 0 ? "" : NULL;
    return strncmp(route, path, length) == 0 && path[length] ? path + length : NULL;
}

json_t *api_get(const struct api_source *source, const char *path, const struct api_query *query,
                struct error *error)
{
    struct ask ask = {source, NULL, query};
    for (size_t i = 0; i < N_ROUTES; i++) {
        ask.item = item_of(routes[i].path, path);
        if (ask.item)
            /* cppcheck-suppress returnDanglingLifetime ; the answer is no part of the question */
            return routes[i].get(&ask, error);
    }
    error_set(error, ERROR_NOT_FOUND, "there is nothing at %.200s: see docs/openapi.yaml", path);
    return NULL;
}

unsigned api_status(enum error_kind kind)
{
    static const unsigned status[] = {
        [ERROR_NONE] = 200,      [ERROR_FAILED] = 500,  [ERROR_USAGE] = 400,
        [ERROR_INPUT] = 400,     [ERROR_NOT_FOUND] = 404, [ERROR_REFUSED] = 409,
        [ERROR_FORBIDDEN] = 403, [ERROR_NO_DAEMON] = 503,
    };
    return status[kind];
}
