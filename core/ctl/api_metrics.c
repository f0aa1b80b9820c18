/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GET /metrics: Prometheus' text format. Few and well named; base units (bytes, seconds, ratios).
 * Names of hosts and VMs are label values that strangers choose, so they are escaped.
 */
#include "ctl/api.h"

#include "base/memory.h"
#include "codec/json.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define MIB (1024.0 * 1024.0)

static void head(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="value", with what ends a value or a line escaped, and valid UTF-8 whatever came. */
static void label(GString *out, const char *name, const char *value, const char *before)
{
    g_autofree char *valid = g_utf8_make_valid(value ? value : "", -1);
    g_string_append_printf(out, "%s%s=\"", before, name);
    for (const char *c = valid; *c; c++) {
        if (*c == '\n')
            g_string_append(out, "\\n");
        else if (*c == '"' || *c == '\\')
            g_string_append_printf(out, "\\%c", *c);
        else
            g_string_append_c(out, *c);
    }
    g_string_append_c(out, '"');
}

/* Never by the locale: a decimal comma is no number to Prometheus. */
static void value(GString *out, double number)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(out, " %s\n", g_ascii_formatd(buffer, sizeof buffer, "%.15g", number));
}

/* One metric with a label per state, zero ones as well: what is absent cannot be compared. */
static void by_state(GString *out, const char *name, const char *help, const char *const *states,
                     const uint32_t *count)
{
    head(out, name, "gauge", help);
    for (int i = 0; states[i]; i++) {
        g_string_append(out, name);
        label(out, "state", states[i], "{");
        g_string_append_c(out, '}');
        value(out, count[i]);
    }
}

#define MOST_STATES 32

static void fleet_states(GString *out, const struct fleet *fleet)
{
    uint32_t hosts[MOST_STATES] = {0}, vms[MOST_STATES] = {0};
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        hosts[fleet->hosts[i]->state]++;
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        vms[fleet->vms[i]->state]++;
    by_state(out, "drover_hosts", "Hosts by state.", host_state_names, hosts);
    by_state(out, "drover_vms", "VMs by state.", vm_state_names, vms);
}

static double cpu_ratio(const struct host *host)
{
    return host->cpu_usage_pct / 100;
}

static double memory_bytes(const struct host *host)
{
    return host->memory_mib * MIB;
}

static double memory_free_bytes(const struct host *host)
{
    return host->memory_free_mib * MIB;
}

static double state_number(const struct host *host)
{
    return host->state == field_choice(host_state_names, "up");
}

static const struct {
    const char *name, *help;
    double (*get)(const struct host *host);
} host_gauges[] = {
    {"drover_host_up", "1 where the host is up and takes VMs.", state_number},
    {"drover_host_cpu_usage_ratio", "CPU usage of the host, 0 to 1.", cpu_ratio},
    {"drover_host_memory_bytes", "Physical memory of the host.", memory_bytes},
    {"drover_host_memory_free_bytes", "Free memory of the host.", memory_free_bytes},
};

static void host_metrics(GString *out, const struct fleet *fleet)
{
    for (size_t k = 0; k < G_N_ELEMENTS(host_gauges); k++) {
        head(out, host_gauges[k].name, "gauge", host_gauges[k].help);
        for (uint32_t i = 0; i < fleet->n_hosts; i++) {
            const struct host *host = fleet->hosts[i];
            double number = host_gauges[k].get(host);
            if (!isfinite(number))
                continue; /* not measured is absent, not zero */
            g_string_append(out, host_gauges[k].name);
            label(out, "host", host->name, "{");
            label(out, "cluster", host->cluster, ",");
            g_string_append_c(out, '}');
            value(out, number);
        }
    }
}

/* N+1: what it is not known of is absent. */
static void spare_metrics(GString *out, json_t *statuses)
{
    size_t i;
    json_t *status;
    head(out, "drover_host_would_not_fit_vms", "gauge",
         "VMs of the host that would not fit elsewhere if it died now.");
    json_array_foreach(statuses, i, status) {
        const json_t *unfit = json_object_get(status, "would_not_fit");
        if (!json_is_array(unfit))
            continue;
        g_string_append(out, "drover_host_would_not_fit_vms");
        label(out, "host", json_string_value(json_object_get(status, "name")), "{");
        g_string_append_c(out, '}');
        value(out, (double)json_array_size(unfit));
    }
}

static void migration_metrics(GString *out, const struct migration *const *migration, uint32_t n)
{
    uint32_t count[MOST_STATES] = {0};
    for (uint32_t i = 0; i < n; i++)
        count[migration[i]->state]++;
    by_state(out, "drover_migrations", "Migrations that droverd holds, by state.",
             migration_state_names, count);
    head(out, "drover_migration_progress_ratio", "gauge", "Progress of a migration, 0 to 1.");
    for (uint32_t i = 0; i < n; i++) {
        double ratio = progress_percentage(&migration[i]->progress) / 100;
        bool under_way = migration[i]->state == MIGRATION_RUNNING ||
                         migration[i]->state == MIGRATION_POST_MIGRATING;
        if (!under_way || !isfinite(ratio))
            continue;
        g_string_append(out, "drover_migration_progress_ratio");
        label(out, "vm", migration[i]->name, "{");
        label(out, "from", migration[i]->from, ",");
        label(out, "to", migration[i]->to, ",");
        g_string_append_c(out, '}');
        value(out, ratio);
    }
}

/* Whether a key can be part of a metric's name. */
static bool is_word(const char *key)
{
    return *key && strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(key);
}

/*
 * The daemon's "counters": a number, or numbers by result:
 * {"events": 12, "migrations": {"completed": 3}} -> drover_migrations_total{result="completed"} 3
 */
static void counter(GString *out, const char *key, json_t *counted)
{
    g_autofree char *name = g_strdup_printf("drover_%s_total", key);
    const char *result;
    json_t *number;
    head(out, name, "counter", "Since droverd started.");
    if (json_is_number(counted)) {
        g_string_append(out, name);
        value(out, json_number_value(counted));
    }
    json_object_foreach(counted, result, number) {
        g_string_append(out, name);
        label(out, "result", result, "{");
        g_string_append_c(out, '}');
        value(out, json_number_value(number));
    }
}

static void flag(GString *out, const char *name, const char *help, json_t *truth)
{
    if (!json_is_boolean(truth))
        return;
    head(out, name, "gauge", help);
    g_string_append(out, name);
    value(out, json_is_true(truth));
}

static void daemon_metrics(GString *out, json_t *daemon)
{
    const char *version = json_string_value(json_object_get(daemon, "version"));
    if (version) {
        head(out, "drover_info", "gauge", "What runs.");
        g_string_append(out, "drover_info");
        label(out, "version", version, "{");
        g_string_append_c(out, '}');
        value(out, 1);
    }
    flag(out, "drover_journal_failing", "1 while the journal cannot be written.",
         json_object_get(daemon, "journal_failing"));
    flag(out, "drover_leader", "1 where this droverd acts.", json_object_get(daemon, "leader"));
    const char *key;
    json_t *counted;
    json_object_foreach(json_object_get(daemon, "counters"), key, counted) {
        if (is_word(key))
            counter(out, key, counted);
    }
}

char *api_metrics(const struct api_source *source)
{
    GString *out = g_string_new(NULL);
    const struct fleet *fleet = source->fleet ? source->fleet(source->self) : NULL;
    if (fleet) {
        fleet_states(out, fleet);
        host_metrics(out, fleet);
    }
    json_t *statuses = source->hosts ? source->hosts(source->self) : NULL;
    spare_metrics(out, statuses);
    json_decref(statuses);
    uint32_t n = 0;
    if (source->migrations) {
        const struct migration *const *migration = source->migrations(source->self, &n);
        migration_metrics(out, migration, n);
    }
    json_t *daemon = source->daemon ? source->daemon(source->self) : NULL;
    daemon_metrics(out, daemon);
    json_decref(daemon);
    char *text = memory_copy_text(out->str);
    g_string_free(out, TRUE);
    return text;
}
