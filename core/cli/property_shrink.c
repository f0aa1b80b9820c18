/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fleet on which a property does not hold, made smaller as long as it does not: what is left is
 * what matters. VMs go first, for only an empty host can go.
 */
#include "property_private.h"

#include "codec/json.h"
#include "codec/yaml.h"

#include <string.h>

struct shrinking {
    const struct property *property;
    struct property_trial *trial; /* what is wrong with the smallest so far */
    struct fleet *smallest;
};

/* Whether this one, which is taken over, is broken as well; then it is the smallest. */
static bool is_smaller(struct shrinking *shrinking, struct fleet *fleet)
{
    struct error error = ERROR_INIT;
    struct property_trial trial = *shrinking->trial;
    trial.error = &error;
    trial.what[0] = '\0';
    offline_use(trial.offline, fleet_copy(fleet));
    if (fleet_check(fleet, &error) < 0 || shrinking->property->holds(&trial) || !trial.what[0]) {
        fleet_free(fleet);
        return false;
    }
    memcpy(shrinking->trial->what, trial.what, sizeof trial.what);
    fleet_free(shrinking->smallest);
    shrinking->smallest = fleet;
    return true;
}

static bool is_empty(const struct fleet *fleet, const char *host)
{
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (fleet->vms[i]->host && strcmp(fleet->vms[i]->host, host) == 0)
            return false;
    return true;
}

/*
 * One pass from the end to the beginning. Removing one puts the last into its place at most, and
 * that one was tried.
 */
static bool without_vms(struct shrinking *shrinking)
{
    bool smaller = false;
    for (uint32_t i = shrinking->smallest->n_vms; i-- > 0;) {
        struct fleet *fleet = fleet_copy(shrinking->smallest);
        fleet_remove_vm(fleet, vm_key(fleet->vms[i]));
        smaller |= is_smaller(shrinking, fleet);
    }
    return smaller;
}

static bool without_hosts(struct shrinking *shrinking)
{
    bool smaller = false;
    for (uint32_t i = shrinking->smallest->n_hosts; i-- > 0;) {
        struct fleet *fleet = fleet_copy(shrinking->smallest);
        if (!is_empty(fleet, fleet->hosts[i]->name)) {
            fleet_free(fleet);
            continue;
        }
        fleet_remove_host(fleet, fleet->hosts[i]->name);
        smaller |= is_smaller(shrinking, fleet);
    }
    return smaller;
}

static bool without_groups(struct shrinking *shrinking)
{
    bool smaller = false;
    for (uint32_t i = shrinking->smallest->n_groups; i-- > 0;) {
        struct fleet *fleet = fleet_copy(shrinking->smallest);
        fleet_remove_groups(fleet);
        for (uint32_t k = 0; k < shrinking->smallest->n_groups; k++)
            if (k != i)
                fleet_put_group(fleet, shrinking->smallest->groups[k]);
        smaller |= is_smaller(shrinking, fleet);
    }
    return smaller;
}

/* ------------------------------------------------------------------ fields, too */

/* What says who and where it is stays as it is. */
static bool is_place(const struct field *field)
{
    static const char *const keys[] = {"name", "uuid", "host", "cluster", NULL};
    return field_choice(keys, field->key) >= 0;
}

/* The record at that place of a fleet's list. */
typedef void *record_at(const struct fleet *fleet, uint32_t i);

static void *host_at(const struct fleet *fleet, uint32_t i)
{
    return i < fleet->n_hosts ? fleet->hosts[i] : NULL;
}

static void *vm_at(const struct fleet *fleet, uint32_t i)
{
    return i < fleet->n_vms ? fleet->vms[i] : NULL;
}

static void *group_at(const struct fleet *fleet, uint32_t i)
{
    return i < fleet->n_groups ? fleet->groups[i] : NULL;
}

/* Each field that may as well have its default gets it. */
static void plainer(struct shrinking *shrinking, const struct field *table, record_at *at)
{
    for (uint32_t i = 0; at(shrinking->smallest, i); i++)
        for (const struct field *field = table; field->key; field++) {
            const struct field only[] = {*field, {.key = NULL}};
            if (is_place(field))
                continue;
            struct fleet *fleet = fleet_copy(shrinking->smallest);
            field_defaults(only, at(fleet, i));
            ages_turn(only, at(fleet, i), fleet->now);
            if (field_equal(only, at(fleet, i), at(shrinking->smallest, i)))
                fleet_free(fleet);
            else
                is_smaller(shrinking, fleet);
        }
}

struct fleet *property_shrink(const struct property *property, struct property_trial *trial,
                              struct fleet *fleet)
{
    struct shrinking shrinking = {property, trial, fleet};
    bool smaller = true;
    while (smaller) {
        smaller = without_vms(&shrinking);
        smaller |= without_groups(&shrinking);
        smaller |= without_hosts(&shrinking);
    }
    plainer(&shrinking, host_fields, host_at);
    plainer(&shrinking, vm_fields, vm_at);
    plainer(&shrinking, group_fields, group_at);
    return shrinking.smallest;
}

/* -------------------------------------------------------------------------- shown */

/* In order of name, without defaults: as one would write them. */
static json_t *rows_of(const struct field *table, const void *const *record, uint32_t n, double now)
{
    json_t *rows = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(rows, json_from_record(table, record[i], now, JSON_SKIP_DEFAULTS));
    return rows;
}

void property_show_fleet(const struct fleet *fleet, json_t *told)
{
    struct columns *columns = columns_new(fleet);
    double now = fleet->now;
    json_object_set_new(told, "clusters", rows_of(cluster_fields, (const void *const *)
                        columns->cluster_record, columns->clusters.n, now));
    json_object_set_new(told, "hosts", rows_of(host_fields, (const void *const *)
                        columns->host_record, columns->hosts.n, now));
    json_object_set_new(told, "vms", rows_of(vm_fields, (const void *const *)columns->vm_record,
                                             columns->vms.n, now));
    if (columns->groups.n > 0)
        json_object_set_new(told, "groups", rows_of(group_fields, (const void *const *)
                            columns->group_record, columns->groups.n, now));
    columns_free(columns);
}
