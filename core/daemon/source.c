/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the API shows of a running droverd: the engine's state, the journal, the set. */
#include "config.h"
#include "daemon/daemon.h"

#include "codec/json.h"
#include "set/describe.h"

#include <stdlib.h>

#define HISTORY_LIMIT 500

static const struct fleet *get_fleet(void *self)
{
    struct daemon *daemon = self;
    return engine_fleet(daemon->engine);
}

static json_t *get_hosts(void *self)
{
    struct daemon *daemon = self;
    uint32_t n;
    const struct host_status *status = engine_host_status(daemon->engine, &n);
    struct rows rows = {.item = (void *)status, .n = n};
    return json_from_rows(host_status_fields, sizeof *status, &rows, daemon_now(), 0);
}

static const struct migration *const *get_migrations(void *self, uint32_t *n)
{
    struct daemon *daemon = self;
    return engine_migrations(daemon->engine, n);
}

static struct decision *explain(void *self, const char *vm, const char *to, struct error *error)
{
    struct daemon *daemon = self;
    return engine_explain(daemon->engine, vm, to, error);
}

static struct plan *plan(void *self, const struct plan_question *question, struct error *error)
{
    struct daemon *daemon = self;
    return engine_plan(daemon->engine, question, error);
}

static struct move_plan *plan_move_now(void *self, const char *vm, const char *to,
                                       struct error *error)
{
    struct daemon *daemon = self;
    return engine_plan_move(daemon->engine, vm, to, error);
}

static json_t *get_decision(void *self, uint64_t id, struct error *error)
{
    struct daemon *daemon = self;
    return store_decision(daemon->store, id, error);
}

static json_t *get_decisions(void *self, const char *vm, struct error *error)
{
    struct daemon *daemon = self;
    return store_decisions(daemon->store, vm, HISTORY_LIMIT, error);
}

static json_t *get_history(void *self, struct error *error)
{
    struct daemon *daemon = self;
    return store_migrations(daemon->store, HISTORY_LIMIT, error);
}

static json_t *get_notices(void *self, struct error *error)
{
    struct daemon *daemon = self;
    return store_notices(daemon->store, HISTORY_LIMIT, error);
}

static json_t *get_shadows(void *self)
{
    struct daemon *daemon = self;
    json_t *list = json_array();
    const struct shadow_status *shadow;
    for (uint32_t i = 0; (shadow = engine_shadow(daemon->engine, i)) != NULL; i++)
        json_array_append_new(list, json_from_record(shadow_status_fields, shadow, NAN, 0));
    return list;
}

static json_t *get_shadow_differences(void *self, struct error *error)
{
    struct daemon *daemon = self;
    return store_shadows(daemon->store, HISTORY_LIMIT, error);
}

static json_t *get_policies(void *self, struct error *error)
{
    struct daemon *daemon = self;
    return describe_policies(daemon->set->policies, error);
}

static json_t *get_units(void *self, struct error *error)
{
    (void)error;
    struct daemon *daemon = self;
    return describe_units(daemon->set->plug);
}

/* Of all shadows together; by cluster they are at /v1/shadow. */
static void add_shadows(const struct daemon *daemon, json_t *counters)
{
    struct shadow_status sum = {0};
    const struct shadow_status *shadow;
    uint32_t n = 0;
    for (; (shadow = engine_shadow(daemon->engine, n)) != NULL; n++) {
        sum.decisions_agreed += shadow->decisions_agreed;
        sum.decisions_differed += shadow->decisions_differed;
        sum.rounds_agreed += shadow->rounds_agreed;
        sum.rounds_differed += shadow->rounds_differed;
        sum.failures += shadow->failures;
    }
    if (n == 0)
        return;
    json_object_set_new(counters, "shadow_decisions",
                        json_pack("{s:I, s:I}", "agreed", (json_int_t)sum.decisions_agreed,
                                  "differed", (json_int_t)sum.decisions_differed));
    json_object_set_new(counters, "shadow_rounds",
                        json_pack("{s:I, s:I}", "agreed", (json_int_t)sum.rounds_agreed,
                                  "differed", (json_int_t)sum.rounds_differed));
    json_object_set_new(counters, "shadow_failures", json_integer((json_int_t)sum.failures));
}

static json_t *counters(const struct daemon *daemon)
{
    json_t *migrations = json_object();
    for (int state = MIGRATION_COMPLETED; state <= MIGRATION_CANCELLED; state++)
        json_object_set_new(migrations, migration_state_names[state],
                            json_integer((json_int_t)daemon->migrations_ended[state]));
    json_t *all = json_pack("{s:I, s:I, s:o}", "events", (json_int_t)daemon->events_taken,
                            "journal_lost", (json_int_t)store_lost(daemon->store), "migrations",
                            migrations);
    add_shadows(daemon, all);
    return all;
}

static json_t *get_daemon(void *self)
{
    struct daemon *daemon = self;
    return json_pack("{s:s, s:f, s:f, s:s, s:b, s:o}", "version", DROVER_VERSION, "now",
                     daemon_now(), "since", daemon->started_at, "set", daemon->set->hash,
                     "journal_failing", store_failing(daemon->store), "counters",
                     counters(daemon));
}

struct api_source daemon_source(struct daemon *daemon)
{
    return (struct api_source){
        .self = daemon,
        .fleet = get_fleet,
        .hosts = get_hosts,
        .migrations = get_migrations,
        .explain = explain,
        .plan = plan,
        .plan_move = plan_move_now,
        .decision = get_decision,
        .decisions = get_decisions,
        .history = get_history,
        .notices = get_notices,
        .shadows = get_shadows,
        .shadow_differences = get_shadow_differences,
        .policies = get_policies,
        .units = get_units,
        .daemon = get_daemon,
    };
}
