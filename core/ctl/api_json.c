/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decisions, plans and errors as JSON; see api_json.h and docs/openapi.yaml. */
#include "ctl/api_json.h"

#include "codec/json.h"

#include <math.h>
#include <string.h>

/* By enum error_kind. */
static const char *const kind_names[] = {
    "none", "failed", "usage", "input", "not_found", "refused", "forbidden", "no_daemon", NULL,
};

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* What stands for "nothing" in a record is null in JSON. */
static json_t *text_or_null(const char *text)
{
    return json_from_text(text && *text ? text : NULL);
}

static json_t *rows(const struct field *table, const struct rows *list, size_t row_size)
{
    return json_from_rows(table, row_size, list, NAN, 0);
}

static json_t *weights(const struct rows *list)
{
    json_t *object = json_object();
    const struct weighing *weighing = list->item;
    for (uint32_t i = 0; i < list->n; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "raw", number(weighing[i].raw));
        json_object_set_new(one, "rank", number(weighing[i].rank));
        json_object_set_new(one, "factor", number(weighing[i].factor));
        json_t *unit = json_from_text(weighing[i].unit);
        json_object_set_new(object, json_string_value(unit), one);
        json_decref(unit);
    }
    return object;
}

static json_t *verdict(const struct host_verdict *host)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_from_text(host->name));
    json_object_set_new(object, "accepted", json_boolean(host->accepted));
    json_object_set_new(object, "refused_by", text_or_null(host->refused_by));
    json_object_set_new(object, "code", text_or_null(host->code));
    json_object_set_new(object, "reason", text_or_null(host->reason));
    json_object_set_new(object, "remedy", text_or_null(host->remedy));
    json_object_set_new(object, "weights", weights(&host->weights));
    json_object_set_new(object, "score", number(host->score));
    json_object_set_new(object, "place", number(host->place));
    json_object_set_new(object, "refusals",
                        rows(refusal_fields, &host->refusals, sizeof(struct refusal)));
    return object;
}

static json_t *verdicts(const struct rows *list)
{
    json_t *array = json_array();
    const struct host_verdict *host = list->item;
    for (uint32_t i = 0; i < list->n; i++)
        json_array_append_new(array, verdict(&host[i]));
    return array;
}

json_t *api_json_decision(const struct decision *decision)
{
    json_t *object = json_object();
    json_object_set_new(object, "vm", json_from_text(decision->vm));
    json_object_set_new(object, "chosen", text_or_null(decision->chosen));
    json_object_set_new(object, "hosts", verdicts(&decision->hosts));
    json_object_set_new(object, "id", json_integer((json_int_t)decision->id));
    json_object_set_new(object, "at", number(decision->at));
    json_object_set_new(object, "uuid", text_or_null(decision->uuid));
    json_object_set_new(object, "from", text_or_null(decision->from));
    json_object_set_new(object, "purpose", text_or_null(decision->purpose));
    json_object_set_new(object, "policy", text_or_null(decision->policy));
    json_object_set_new(object, "policy_hash", text_or_null(decision->policy_hash));
    json_object_set_new(object, "failures", rows(unit_failure_fields, &decision->failures,
                                                 sizeof(struct unit_failure)));
    return object;
}

json_t *api_json_kept_decision(json_t *kept, struct error *error)
{
    struct decision decision = {.arena = ARENA_INIT};
    json_t *answer = NULL;
    if (json_to_record(decision_fields, kept, &decision, NAN, &decision.arena, error) == 0)
        answer = api_json_decision(&decision);
    else
        error_prefix(error, "the journal's decision cannot be read");
    arena_free(&decision.arena);
    json_decref(kept);
    return answer;
}

static json_t *unplaced(const struct rows *list)
{
    json_t *array = json_array();
    const struct unplaced *one = list->item;
    for (uint32_t i = 0; i < list->n; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "vm", json_from_text(one[i].vm));
        json_object_set_new(object, "key", json_from_text(one[i].key));
        json_object_set_new(object, "code", text_or_null(one[i].code));
        json_object_set_new(object, "reason", text_or_null(one[i].reason));
        json_object_set_new(object, "hosts", verdicts(&one[i].hosts));
        json_array_append_new(array, object);
    }
    return array;
}

json_t *api_json_plan(const struct plan *plan)
{
    json_t *object = json_from_record(plan_fields, plan, NAN, 0);
    json_object_set_new(object, "unplaced", unplaced(&plan->unplaced));
    return object;
}

static json_t *schedule(const struct how *how)
{
    json_t *array = rows(stall_fields, &how->stalls, sizeof(struct stall)), *one;
    size_t i;
    json_array_foreach(array, i, one) {
        if (((const struct stall *)how->stalls.item)[i].action != DROVER_STALL_DOWNTIME)
            json_object_del(one, "ms");
    }
    return array;
}

/* Whether it converges is null where nobody can know. */
static json_t *forecast_json(const struct forecast *forecast)
{
    json_t *object = json_from_record(forecast_fields, forecast, NAN, 0);
    if (forecast->ends == FORECAST_UNKNOWN)
        json_object_set_new(object, "converges", json_null());
    return object;
}

static json_t *texts_json(const struct texts *texts)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < texts->n; i++)
        json_array_append_new(array, json_from_text(texts->item[i]));
    return array;
}

json_t *api_json_move_plan(const struct move_plan *plan)
{
    json_t *object = json_object();
    json_object_set_new(object, "vm", json_from_text(plan->vm));
    json_object_set_new(object, "key", json_from_text(plan->key));
    json_object_set_new(object, "from", json_from_text(plan->from));
    json_object_set_new(object, "to", text_or_null(plan->to));
    json_object_set_new(object, "kind", json_from_text(plan->kind));
    json_object_set_new(object, "policy", json_from_text(plan->policy));
    json_object_set_new(object, "unit", text_or_null(plan->unit));
    json_object_set_new(object, "flags", texts_json(&plan->flags));
    json_object_set_new(object, "without", texts_json(&plan->without));
    json_object_set_new(object, "bandwidth_mib_s", number(plan->how.bandwidth_mib_s));
    json_object_set_new(object, "connections", json_integer(plan->how.connections));
    json_object_set_new(object, "max_concurrent", json_integer(plan->max_concurrent));
    json_object_set_new(object, "downtime_ms", number(plan->how.downtime_ms));
    json_object_set_new(object, "wait_s", number(plan->wait_s));
    json_object_set_new(object, "wait_why", text_or_null(plan->wait_why));
    json_object_set_new(object, "schedule", schedule(&plan->how));
    json_object_set_new(object, "watch", json_string(watch_names[plan->how.watch]));
    json_object_set_new(object, "stall_s", number(plan->how.stall_s));
    json_object_set_new(object, "time_limit_s", number(plan->how.time_limit_s));
    json_object_set_new(object, "forecast", forecast_json(&plan->forecast));
    json_object_set_new(object, "blockers",
                        rows(blocker_fields, &plan->blockers, sizeof(struct blocker)));
    json_object_set_new(object, "hosts", verdicts(&plan->decision->hosts));
    json_object_set_new(object, "failures",
                        rows(unit_failure_fields, &plan->failures, sizeof(struct unit_failure)));
    return object;
}

json_t *api_json_error(const struct error *error)
{
    json_t *inner = json_object();
    json_object_set_new(inner, "kind", json_string(kind_names[error->kind]));
    json_object_set_new(inner, "text", json_from_text(error->text));
    json_t *object = json_object();
    json_object_set_new(object, "error", inner);
    return object;
}

void api_json_to_error(json_t *json, struct error *error)
{
    json_t *inner = json_object_get(json, "error");
    const char *name = json_string_value(json_object_get(inner, "kind"));
    const char *text = json_string_value(json_object_get(inner, "text"));
    int kind = name ? field_choice(kind_names, name) : -1;
    if (kind <= ERROR_NONE || !text)
        error_set(error, ERROR_FAILED, "droverd answered with an error that says nothing");
    else
        error_set(error, (enum error_kind)kind, "%s", text);
}
