/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fleet file behind the API's questions; see offline.h. Plans promise on their columns, so each
 * question gets columns of its own.
 */
#include "offline.h"

#include "base/memory.h"
#include "codec/fleet_file.h"
#include "codec/json.h"
#include "config.h"
#include "ctl/api.h"
#include "decide/decide.h"
#include "engine/engine.h"
#include "model/group_rules.h"
#include "set/describe.h"
#include "plug/plug.h"
#include "policy/policy_file.h"
#include "policy/settings_file.h"
#include "screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct offline {
    const struct offline_parts *parts; /* borrowed, or: */
    struct offline_parts own;
    struct limits limits;
    struct fleet *fleet;
    struct columns *columns; /* nothing is promised on these */
    struct ruleset **rulesets; /* by cluster index */
    struct rules rules;
    struct api_source api;
};

/* ---------------------------------------------------------------- questions */

static const struct fleet *get_fleet(void *self)
{
    struct offline *offline = self;
    return offline->fleet;
}

/* VMs are counted by who asks (ctl/api.c), once for all hosts. */
static json_t *get_hosts(void *self)
{
    struct offline *offline = self;
    json_t *hosts = json_array();

    for (uint32_t i = 0; i < offline->columns->hosts.n; i++) {
        const struct host *host = offline->columns->host_record[i];
        struct host_status status;
        field_defaults(host_status_fields, &status);
        status.name = host->name;
        status.state = host->state;
        status.state_since = host->state_since;
        json_array_append_new(
            hosts, json_from_record(host_status_fields, &status, offline->fleet->now, 0));
    }
    return hosts;
}

static const struct migration *const *get_migrations(void *self, uint32_t *n)
{
    static const struct migration *const none[1] = {NULL};
    (void)self;
    *n = 0; /* a fleet file holds a moment, and no moves */
    return none;
}

static struct decision *explain(void *self, const char *vm, const char *to, struct error *error)
{
    struct offline *offline = self;
    const struct columns *columns = offline->columns;
    const struct vm *record = fleet_find_vm(offline->fleet, vm, error);

    if (!record || (to && !fleet_find_host(offline->fleet, to, error)))
        return NULL;
    return explain_vm(columns, &offline->rules, columns_vm(columns, vm_key(record)),
                      to ? columns_host(columns, to) : DROVER_NONE, error);
}

static struct plan *plan(void *self, const struct plan_question *question, struct error *error)
{
    struct offline *offline = self;
    struct columns *columns = columns_new(offline->fleet); /* plans promise on theirs */
    struct plan *answer = plan_asked(columns, &offline->rules, question, &offline->limits, error);
    columns_free(columns);
    return answer;
}

static struct move_plan *plan_move_now(void *self, const char *vm, const char *to,
                                       struct error *error)
{
    struct offline *offline = self;
    struct move_ask ask = {
        .columns = offline->columns, .rules = &offline->rules,
        .settings = offline->parts->settings, .vm = vm, .to = to,
    };
    return plan_move(&ask, error);
}

static json_t *get_policies(void *self, struct error *error)
{
    struct offline *offline = self;
    return describe_policies(offline->parts->policies, error);
}

static json_t *get_units(void *self, struct error *error)
{
    struct offline *offline = self;
    (void)error;
    return describe_units(offline->parts->plug);
}

static json_t *get_daemon(void *self)
{
    struct offline *offline = self;
    return json_pack("{s:s, s:f, s:b}", "version", DROVER_VERSION, "since", offline->fleet->now,
                     "offline", 1);
}

/* ------------------------------------------------------------- opening it */

/* A name, or a file that may be anywhere: then its policy joins the others. */
const char *offline_policy_name(struct policies *policies, const char *name_or_file,
                                struct error *error)
{
    size_t length = strlen(name_or_file);
    bool is_file = strchr(name_or_file, '/') ||
                   (length > 5 && strcmp(name_or_file + length - 5, ".yaml") == 0);
    struct policies *alone;
    const char *name = NULL;

    if (!is_file)
        return name_or_file;
    alone = policies_new();
    if (policies_read_file(alone, name_or_file, error) == 0 &&
        policies_read_file(policies, name_or_file, error) == 0) {
        const char *wanted = policies_get(alone, 0)->name;
        for (uint32_t i = 0; i < policies_count(policies); i++)
            if (strcmp(policies_get(policies, i)->name, wanted) == 0)
                name = policies_get(policies, i)->name;
    }
    policies_free(alone);
    return name;
}

static struct ruleset *bind(struct offline *offline, const struct cluster *cluster,
                            const char *instead, struct error *error)
{
    struct policies *policies = offline->parts->policies;
    const struct policy *policy =
        instead || cluster->policy.text
            ? policies_resolve(policies, instead ? instead : cluster->policy.text, error)
            : policies_resolve_inline(policies, cluster->policy.record, error);

    return policy ? plug_bind(offline->parts->plug, policy, error) : NULL;
}

static int bind_all(struct offline *offline, const char *policy, struct error *error)
{
    const struct columns *columns = offline->columns;
    const char *instead = NULL;

    if (policy && !(instead = offline_policy_name(offline->parts->policies, policy, error)))
        return -1;
    offline->rules.n = columns->clusters.n;
    offline->rulesets = memory_array(columns->clusters.n, sizeof(struct ruleset *));
    offline->rules.by_cluster = (const struct ruleset *const *)offline->rulesets;
    for (uint32_t i = 0; i < columns->clusters.n; i++) {
        const struct cluster *cluster = columns->cluster_record[i];
        offline->rulesets[i] = bind(offline, cluster, instead, error);
        if (!offline->rulesets[i])
            return instead ? -1 : error_prefix(error, "cluster %s", cluster->name);
    }
    return 0;
}

struct offline *offline_new(const struct offline_parts *parts, struct fleet *fleet,
                            const char *policy, struct error *error)
{
    struct offline *offline = memory_new(sizeof *offline);

    offline->parts = parts;
    offline->limits = parts->settings->limits;
    offline->fleet = fleet;
    offline->columns = columns_new(fleet);
    offline->api = (struct api_source){
        .self = offline,
        .fleet = get_fleet,
        .hosts = get_hosts,
        .migrations = get_migrations,
        .explain = explain,
        .plan = plan,
        .plan_move = plan_move_now,
        .policies = get_policies,
        .units = get_units,
        .daemon = get_daemon,
    };
    if (bind_all(offline, policy, error) == 0)
        return offline;
    offline_close(offline);
    return NULL;
}

/* Rules that cannot be kept, and members that are not there: the rest works, and nothing is hidden. */
static void tell_group_problems(const struct offline *offline)
{
    struct arena arena = ARENA_INIT;
    struct rows rows = group_problems(offline->columns, true, &arena);
    const struct group_problem *problems = rows.item;

    for (uint32_t i = 0; i < rows.n; i++)
        screen_complain(arena_printf(&arena, "%s: %s", problems[i].refused ? "error" : "warning",
                                     problems[i].text));
    arena_free(&arena);
}

struct offline *offline_open(const struct options *options, struct error *error)
{
    struct offline_parts parts = {.settings = offline_settings(options, error)};
    struct fleet *fleet = NULL;
    struct offline *offline = NULL;

    if (parts.settings)
        fleet = fleet_file_load(option_text(options, "--fleet"), error);
    if (fleet)
        parts.policies = offline_policies(parts.settings, error);
    if (parts.policies)
        parts.plug = offline_plug(parts.settings, options, error);
    if (parts.plug)
        offline = offline_new(&parts, fleet, option_text(options, "--policy"), error);
    else if (fleet)
        fleet_free(fleet);
    if (offline) {
        offline->own = parts;
        offline->parts = &offline->own;
        tell_group_problems(offline);
    } else {
        offline_parts_free(&parts);
    }
    return offline;
}

void offline_close(struct offline *offline)
{
    for (uint32_t i = 0; i < offline->rules.n; i++)
        if (offline->rulesets[i])
            ruleset_free(offline->rulesets[i]);
    free(offline->rulesets);
    columns_free(offline->columns);
    fleet_free(offline->fleet);
    offline_parts_free(&offline->own);
    free(offline);
}

void offline_parts_free(struct offline_parts *parts)
{
    if (parts->plug)
        plug_unref(parts->plug);
    if (parts->policies)
        policies_free(parts->policies);
    if (parts->settings)
        settings_free(parts->settings);
    *parts = (struct offline_parts){0};
}

const struct api_source *offline_api(struct offline *offline)
{
    return &offline->api;
}

const struct columns *offline_columns(const struct offline *offline)
{
    return offline->columns;
}

/* ---------------------------------------------------------- what if, step by step */

struct limits *offline_limits(struct offline *offline)
{
    return &offline->limits;
}

/* The fleet has changed. */
static void look_again(struct offline *offline)
{
    columns_free(offline->columns);
    offline->columns = columns_new(offline->fleet);
}

void offline_use(struct offline *offline, struct fleet *fleet)
{
    fleet_free(offline->fleet);
    offline->fleet = fleet;
    look_again(offline);
}

void offline_carry_out(struct offline *offline, const struct planned_move *moves, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        fleet_move_vm(offline->fleet, moves[i].key, moves[i].to);
    look_again(offline);
}

void offline_promise(struct offline *offline, const struct planned_move *moves, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct vm *vm = fleet_vm(offline->fleet, moves[i].key);
        fleet_set_text(offline->fleet, &vm->to, moves[i].to);
    }
    look_again(offline);
}

void offline_pass(struct offline *offline, double seconds)
{
    struct fleet *fleet = offline->fleet;

    for (uint32_t i = 0; i < offline->columns->hosts.n; i++) {
        struct host *host = fleet_host(fleet, offline->columns->hosts.name[i]);
        uint32_t cluster = offline->columns->hosts.cluster[i];
        if (isnan(host->cpu_usage_pct) ||
            !load_is_out_of_band(offline->rules.by_cluster[cluster], host->cpu_usage_pct))
            host->cpu_over_since = NAN;
        else if (isnan(host->cpu_over_since))
            host->cpu_over_since = fleet->now;
    }
    fleet->now += seconds;
    look_again(offline);
}
