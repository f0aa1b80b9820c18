/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Expectations of tests against what drover says. The differences are told by name: what was
 * expected, what was found, and, of the first VM that goes elsewhere, each host's verdict.
 */
#include "test_expect.h"

#include "codec/json.h"
#include "codec/text.h"
#include "ctl/api.h"
#include "property.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const struct expectation *e;
    struct offline *offline;
    const struct api_source *api;
    json_t *difference; /* NAME: sentence */
    json_t *found;
    json_t *why;        /* an entry per host */
    const char *odd_vm; /* the first VM that differs; as the expectation or the plan names it */
};

static void differs(struct check *check, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void differs(struct check *check, const char *name, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!json_object_get(check->difference, name))
        json_object_set_new(check->difference, name, json_from_text(text));
}

/* ------------------------------------------------------------------ one VM's hosts */

static const struct host_verdict *verdict_on(const struct decision *decision, const char *host)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (strcmp(verdicts[i].name, host) == 0)
            return &verdicts[i];
    return NULL;
}

static const struct refusal *refusal_of(const struct host_verdict *verdict, const char *code)
{
    const struct refusal *refusals = verdict->refusals.item;
    for (uint32_t i = 0; i < verdict->refusals.n; i++)
        if (strcmp(refusals[i].code, code) == 0 || strcmp(refusals[i].unit, code) == 0)
            return &refusals[i];
    return NULL;
}

/* Whether the decision's i-th weight tells accepted hosts apart. */
static bool tells_apart(const struct decision *decision, uint32_t i)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    double first = NAN;
    for (uint32_t h = 0; h < decision->hosts.n; h++) {
        const struct weighing *weights = verdicts[h].weights.item;
        if (i >= verdicts[h].weights.n)
            continue;
        if (weights[i].raw < first || weights[i].raw > first)
            return true;
        first = weights[i].raw;
    }
    return false;
}

/* Raw, and in brackets the rank, as explain shows them: of those that see a difference. */
static json_t *weights_of(const struct decision *decision, const struct host_verdict *verdict)
{
    const struct weighing *weights = verdict->weights.item;
    json_t *object = json_object();
    for (uint32_t i = 0; i < verdict->weights.n; i++) {
        if (!tells_apart(decision, i))
            continue;
        char text[100];
        snprintf(text, sizeof text, "%.6g (%.6g)", weights[i].raw, weights[i].rank);
        json_object_set_new(object, weights[i].unit, json_string(text));
    }
    return object;
}

static void tell_why(struct check *check, const struct decision *decision)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++) {
        const struct host_verdict *v = &verdicts[i];
        if (check->e->drain && strcmp(v->name, check->e->drain) == 0)
            continue;
        json_t *row = json_pack("{s:s, s:s}", "host", v->name, "vm", decision->vm);
        json_array_append_new(check->why, row);
        if (v->accepted) {
            json_object_set_new(row, "score", json_real(v->score));
            json_object_set_new(row, "place", json_integer((json_int_t)v->place));
            json_object_set_new(row, "weights", weights_of(decision, v));
            continue;
        }
        json_object_set_new(row, "refused_by", json_from_text(v->refused_by));
        json_object_set_new(row, "code", json_from_text(v->code));
        json_object_set_new(row, "reason", json_from_text(v->reason));
    }
    const struct unit_failure *failures = decision->failures.item;
    for (uint32_t i = 0; i < decision->failures.n; i++)
        json_array_append_new(check->why,
                              json_pack("{s:s, s:o}", "failed", failures[i].unit, "error",
                                        json_from_text(failures[i].error)));
}

static json_t *found_decision(const struct decision *decision)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    json_t *may = json_array(), *may_not = json_object();
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (verdicts[i].accepted)
            json_array_append_new(may, json_from_text(verdicts[i].name));
        else
            json_object_set_new(may_not, verdicts[i].name, json_from_text(verdicts[i].code));
    return json_pack("{s:o, s:o, s:o}", "goes_to", json_from_text(decision->chosen), "may", may,
                     "may_not", may_not);
}

static void check_chosen(struct check *check, const struct decision *decision)
{
    const char *chosen = decision->chosen ? decision->chosen : "no host";
    if (check->e->goes_to && strcmp(check->e->goes_to, chosen) != 0)
        differs(check, "goes_to", "expected %s, found %s", check->e->goes_to, chosen);
    if (check->e->goes_nowhere && decision->chosen)
        differs(check, "goes_nowhere", "expected that no host takes it, found %s", chosen);
}

static void check_may(struct check *check, const struct decision *decision, const char *host)
{
    const struct host_verdict *verdict = verdict_on(decision, host);
    if (!verdict)
        differs(check, host, "expected that it may take %s, found that it is of another cluster",
                decision->vm);
    else if (!verdict->accepted)
        differs(check, host, "expected that it may take %s, found %s: %s (%s)", decision->vm,
                verdict->refused_by, verdict->reason, verdict->code);
}

static void check_may_not(struct check *check, const struct decision *decision, const char *host,
                          const char *code)
{
    const struct host_verdict *verdict = verdict_on(decision, host);
    if (!verdict)
        differs(check, host, "expected %s, found that it is of another cluster", code);
    else if (verdict->accepted)
        differs(check, host, "expected that it refuses %s (%s), found that it may take it",
                decision->vm, code);
    else if (!refusal_of(verdict, code))
        differs(check, host, "expected %s, found %s: %s (%s)", code, verdict->refused_by,
                verdict->reason, verdict->code);
}

static int check_explain(struct check *check, struct error *error)
{
    const struct expectation *e = check->e;
    struct decision *decision = check->api->explain(check->api->self, e->explain, NULL, error);
    if (!decision)
        return -1;
    check_chosen(check, decision);
    for (uint32_t i = 0; i < e->may.n; i++)
        check_may(check, decision, e->may.item[i]);
    for (uint32_t i = 0; i < e->may_not.n; i++)
        check_may_not(check, decision, e->may_not.item[i].key, e->may_not.item[i].value);
    check->found = found_decision(decision);
    if (json_object_size(check->difference) > 0)
        tell_why(check, decision);
    decision_free(decision);
    return 0;
}

/* -------------------------------------------------------------------------- plans */

/* Tests may name a VM by its UUID, too. The names were checked when the test was read. */
static const char *key_of(const struct check *check, const char *name)
{
    const struct vm *vm = fleet_find_vm(check->api->fleet(check->api->self), name, NULL);
    return vm ? vm_key(vm) : name;
}

static const struct planned_move *move_of(const struct plan *plan, const char *key)
{
    const struct planned_move *moves = plan->moves.item;
    for (uint32_t i = 0; i < plan->moves.n; i++)
        if (strcmp(moves[i].key, key) == 0)
            return &moves[i];
    return NULL;
}

static const struct unplaced *unplaced_of(const struct plan *plan, const char *key)
{
    const struct unplaced *rows = plan->unplaced.item;
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        if (strcmp(rows[i].key, key) == 0)
            return &rows[i];
    return NULL;
}

static const char *pair_value(const struct check *check, const struct pairs *pairs, const char *key)
{
    for (uint32_t i = 0; i < pairs->n; i++)
        if (strcmp(key_of(check, pairs->item[i].key), key) == 0)
            return pairs->item[i].value;
    return NULL;
}

static void odd(struct check *check, const char *vm)
{
    if (!check->odd_vm)
        check->odd_vm = vm;
}

/* What was expected, and is otherwise or not at all; then what is there, and was not expected. */
static void check_moves(struct check *check, const struct plan *plan)
{
    const struct pairs *expected = &check->e->moves;
    const struct planned_move *moves = plan->moves.item;
    for (uint32_t i = 0; i < expected->n; i++) {
        const struct pair *pair = &expected->item[i];
        const struct planned_move *move = move_of(plan, key_of(check, pair->key));
        if (move && strcmp(move->to, pair->value) == 0)
            continue;
        odd(check, pair->key);
        differs(check, pair->key, "expected that it goes to %s, found %s%s", pair->value,
                move ? "that it goes to " : "no move of it", move ? move->to : "");
    }
    for (uint32_t i = 0; i < plan->moves.n && expected->known; i++)
        if (!pair_value(check, expected, moves[i].key)) {
            odd(check, moves[i].vm);
            differs(check, moves[i].vm, "expected no move of it, found that it goes to %s (%s)",
                    moves[i].to, moves[i].reason);
        }
}

static void check_order(struct check *check, const struct plan *plan)
{
    const struct pairs *expected = &check->e->moves;
    const struct planned_move *moves = plan->moves.item;
    if (!check->e->in_order || json_object_size(check->difference) > 0)
        return;
    for (uint32_t i = 0; i < expected->n && i < plan->moves.n; i++)
        if (strcmp(key_of(check, expected->item[i].key), moves[i].key) != 0) {
            differs(check, "in_order", "expected %s as move %u, found %s", expected->item[i].key,
                    i + 1, moves[i].vm);
            return;
        }
}

static void check_unplaced(struct check *check, const struct plan *plan)
{
    const struct pairs *expected = &check->e->unplaced;
    const struct unplaced *rows = plan->unplaced.item;
    for (uint32_t i = 0; i < expected->n; i++) {
        const struct pair *pair = &expected->item[i];
        const struct unplaced *row = unplaced_of(plan, key_of(check, pair->key));
        if (!row || strcmp(row->code, pair->value) != 0) {
            odd(check, pair->key);
            differs(check, pair->key, "expected that no host takes it (%s), found %s%s",
                    pair->value, row ? row->code : "no such thing", row ? " instead" : "");
        }
    }
    for (uint32_t i = 0; i < plan->unplaced.n && expected->known; i++)
        if (!pair_value(check, expected, rows[i].key)) {
            odd(check, rows[i].vm);
            differs(check, rows[i].vm, "expected a host for it, found none: %s (%s)",
                    rows[i].reason, rows[i].code);
        }
}

static void check_stay(struct check *check, const struct plan *plan)
{
    for (uint32_t i = 0; i < check->e->stay.n; i++) {
        const char *name = check->e->stay.item[i];
        const struct planned_move *move = move_of(plan, key_of(check, name));
        if (!move)
            continue;
        odd(check, name);
        differs(check, name, "expected that it stays, found that it goes to %s (%s)", move->to,
                move->reason);
    }
}

static json_t *found_plan(const struct plan *plan)
{
    const struct planned_move *moves = plan->moves.item;
    const struct unplaced *rows = plan->unplaced.item;
    json_t *to = json_object(), *unplaced = json_object();
    for (uint32_t i = 0; i < plan->moves.n; i++)
        json_object_set_new(to, moves[i].vm, json_from_text(moves[i].to));
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        json_object_set_new(unplaced, rows[i].vm, json_from_text(rows[i].code));
    json_t *found = json_pack("{s:o, s:o}", "moves", to, "unplaced", unplaced);
    if (plan->idle[0])
        json_object_set_new(found, "idle", json_from_text(plan->idle));
    return found;
}

/* The fleet as a plan sees it when the VM's turn comes: its host, if it is drained, takes nothing. */
static void go_to_turn(struct check *check, const struct plan_question *question,
                       const struct planned_move *moves, uint32_t before)
{
    if (check->e->drain) {
        struct fleet *fleet = fleet_copy(check->api->fleet(check->api->self));
        fleet_host(fleet, check->e->drain)->state = DROVER_HOST_PREPARING_FOR_MAINTENANCE;
        offline_use(check->offline, fleet);
    }
    property_do(check->offline, question, moves, before);
}

/* The verdicts of all hosts on the first odd VM, with the moves before its own done. */
static int explain_odd(struct check *check, const struct plan_question *question,
                       const struct plan *plan, struct error *error)
{
    const struct planned_move *moves = plan->moves.item;
    if (!check->odd_vm)
        return 0;
    const char *key = key_of(check, check->odd_vm);
    const struct planned_move *its = move_of(plan, key);
    uint32_t before = its ? (uint32_t)(its - moves) : plan->moves.n;
    go_to_turn(check, question, moves, before);
    struct decision *decision = check->api->explain(check->api->self, check->odd_vm, NULL, error);
    if (!decision)
        return -1;
    tell_why(check, decision);
    decision_free(decision);
    return 0;
}

static int check_plan(struct check *check, struct error *error)
{
    const struct expectation *e = check->e;
    bool all = e->balance && strcmp(e->balance, "all") == 0;
    struct plan_question question = {.what = e->drain ? "drain" : "balance",
                                     .target = e->drain ? e->drain : all ? NULL : e->balance,
                                     .whole = e->whole};
    struct plan *plan = check->api->plan(check->api->self, &question, error);
    if (!plan)
        return -1;
    check_moves(check, plan);
    check_stay(check, plan);
    check_unplaced(check, plan);
    check_order(check, plan);
    check->found = found_plan(plan);
    int result = explain_odd(check, &question, plan, error);
    plan_free(plan);
    return result;
}

/* As it was written; the reason is told elsewhere. */
static json_t *expected(const struct expectation *expectation)
{
    json_t *json = json_from_record(expectation_fields, expectation, NAN, JSON_SKIP_DEFAULTS);
    json_object_del(json, "because");
    return json;
}

int expectation_check(const struct expectation *expectation, struct offline *offline,
                      json_t **told, struct error *error)
{
    struct check check = {.e = expectation, .offline = offline, .api = offline_api(offline),
                          .difference = json_object(), .why = json_array()};
    int result = expectation->explain ? check_explain(&check, error) : check_plan(&check, error);
    bool so = json_object_size(check.difference) == 0;
    *told = NULL;
    if (result == 0 && !so)
        *told = json_pack("{s:o, s:O, s:O, s:O}", "expected", expected(expectation), "found",
                          check.found, "difference", check.difference, "why", check.why);
    json_decref(check.difference);
    json_decref(check.found);
    json_decref(check.why);
    return result < 0 ? -1 : so;
}
