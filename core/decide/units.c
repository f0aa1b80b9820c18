/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calling units, and what is done when they fail. See units.h. */
#include "decide/units.h"

#include "base/memory.h"
#include "decide/sentence.h"

#include <math.h>
#include <string.h>

struct call call_new(const struct columns *columns, const struct ruleset *rules, uint32_t vm,
                     enum drover_purpose purpose, struct arena *arena)
{
    return (struct call){
        .columns = columns,
        .rules = rules,
        .ask = {.size = sizeof(struct drover_ask), .fleet = &columns->fleet, .vm = vm,
                .from = columns->vms.state[vm] == DROVER_VM_DOWN ? DROVER_NONE
                                                                 : columns->vms.host[vm],
                .purpose = purpose},
        .arena = arena,
    };
}

struct call call_for(const struct columns *columns, const struct ruleset *rules,
                     const struct question *question, struct arena *arena)
{
    struct call call = call_new(columns, rules, question->vm, question->purpose, arena);
    call.ask.with = question->with;
    call.ask.n_with = question->n_with;
    call.ask.waived = question->waived;
    return call;
}

static struct unit_failure *find_failure(struct failures *failures, const char *unit,
                                         const char *error)
{
    for (uint32_t i = 0; i < failures->n; i++)
        if (strcmp(failures->item[i].unit, unit) == 0 &&
            strcmp(failures->item[i].error, error) == 0)
            return &failures->item[i];
    return NULL;
}

/* A plan asks a unit for every VM: the same failure is one row, and counted. */
void failures_add(struct failures *failures, struct arena *arena, const struct bound_unit *unit,
                  const char *error, uint32_t times)
{
    if (!failures)
        return;
    struct unit_failure *same = find_failure(failures, unit->name, error);
    if (same) {
        same->times += times;
        return;
    }
    if (failures->n == failures->capacity) {
        uint32_t capacity = failures->capacity ? failures->capacity * 2 : 4;
        struct unit_failure *larger = arena_array(arena, capacity, sizeof *larger);
        if (failures->n)
            memcpy(larger, failures->item, failures->n * sizeof *larger);
        failures->item = larger;
        failures->capacity = capacity;
    }
    failures->item[failures->n++] = (struct unit_failure){
        .unit = arena_text(arena, unit->name),
        .error = arena_text(arena, error),
        .treated = on_error_names[unit->on_error],
        .times = times,
    };
}

struct rows failures_rows(const struct failures *failures)
{
    return (struct rows){.item = failures->item, .n = failures->n};
}

static const char *key_of(const struct call *call)
{
    return vm_key(call->columns->vm_record[call->ask.vm]);
}

/* What somebody only asks for must not change what is decided later. */
static bool keeps_answers(const struct call *call, const struct bound_unit *unit)
{
    return unit->last_good && !call->columns->asking;
}

static void keep_verdicts(const struct call *call, const struct bound_unit *unit,
                          const uint32_t *hosts, uint32_t n, const uint8_t *verdicts)
{
    for (uint32_t i = 0; keeps_answers(call, unit) && i < n; i++)
        answers_put(unit->last_good, key_of(call), call->columns->hosts.name[hosts[i]],
                    verdicts[i]);
}

/* What stands in for a filter's answer when it failed. */
static void stand_in_verdicts(const struct call *call, const struct bound_unit *unit,
                              const uint32_t *hosts, uint32_t n, uint8_t *verdicts)
{
    memset(verdicts, unit->on_error == ON_ERROR_NEUTRAL ? 0 : VERDICT_FAILED, n);
    for (uint32_t i = 0; unit->last_good && i < n; i++) {
        double answer;
        if (answers_get(unit->last_good, key_of(call), call->columns->hosts.name[hosts[i]],
                        &answer))
            verdicts[i] = answer > 0 ? VERDICT_FAILED : 0;
    }
}

static int call_filter(const struct call *call, const struct bound_unit *unit,
                       const uint32_t *hosts, uint32_t n, uint8_t *verdicts, const char **error)
{
    struct unit_call one = unit_call_begin(call->columns->calls, unit);
    int result = one.again ? DROVER_OVERRAN
                           : unit->unit->filter(unit->self, &call->ask, hosts, n, verdicts);
    unit_call_end(&one, unit, result);
    if (result != 0)
        *error = unit_call_error(&one, unit, result);
    return result;
}

void unit_filter(const struct call *call, const struct bound_unit *unit, const uint32_t *hosts,
                 uint32_t n, uint8_t *verdicts)
{
    const char *error = "its circuit breaker is open: it failed too often";
    if (!unit->open) {
        memset(verdicts, 0, n);
        if (call_filter(call, unit, hosts, n, verdicts, &error) == 0) {
            keep_verdicts(call, unit, hosts, n, verdicts);
            return;
        }
    }
    failures_add(call->failures, call->arena, unit, error, 1);
    stand_in_verdicts(call, unit, hosts, n, verdicts);
}

static bool weights_are_numbers(const double *weights, uint32_t n)
{
    uint64_t not_numbers = 0;
    for (uint32_t i = 0; i < n; i++) /* without a way out: several at a time */
        not_numbers += isnan(weights[i]) != 0;
    return not_numbers == 0;
}

static bool stand_in_weights(const struct call *call, const struct bound_unit *unit,
                             const uint32_t *hosts, uint32_t n, double *weights)
{
    if (!unit->last_good)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!answers_get(unit->last_good, key_of(call), call->columns->hosts.name[hosts[i]],
                         &weights[i]))
            return false;
    return true;
}

static int call_weigh(const struct call *call, const struct bound_unit *unit,
                      const uint32_t *hosts, uint32_t n, double *weights, const char **error)
{
    struct unit_call one = unit_call_begin(call->columns->calls, unit);
    int result = one.again ? DROVER_OVERRAN
                           : unit->unit->weigh(unit->self, &call->ask, hosts, n, weights);
    unit_call_end(&one, unit, result);
    *error = result ? unit_call_error(&one, unit, result) : "it gave a weight that is not a number";
    return result;
}

static void keep_weights(const struct call *call, const struct bound_unit *unit,
                         const uint32_t *hosts, uint32_t n, const double *weights)
{
    for (uint32_t i = 0; keeps_answers(call, unit) && i < n; i++)
        answers_put(unit->last_good, key_of(call), call->columns->hosts.name[hosts[i]],
                    weights[i]);
}

bool unit_weigh(const struct call *call, const struct bound_unit *unit, const uint32_t *hosts,
                uint32_t n, double *weights)
{
    const char *error = "its circuit breaker is open: it failed too often";
    if (!unit->open) {
        memset(weights, 0, n * sizeof *weights);
        if (call_weigh(call, unit, hosts, n, weights, &error) == 0 &&
            weights_are_numbers(weights, n)) {
            keep_weights(call, unit, hosts, n, weights);
            return true;
        }
    }
    failures_add(call->failures, call->arena, unit, error, 1);
    return stand_in_weights(call, unit, hosts, n, weights);
}

static struct refusal refusal_of_failure(const struct call *call, const struct bound_unit *unit)
{
    return (struct refusal){
        .unit = unit->name,
        .code = arena_printf(call->arena, "%s.failed", unit->unit->name),
        .reason = arena_printf(call->arena, "the filter %s failed, and its policy then says deny",
                               unit->name),
        .remedy = "",
    };
}

static uint32_t count_reasons(const struct drover_unit *unit)
{
    uint32_t n = 0;
    while (unit->reasons && unit->reasons[n].code)
        n++;
    return n;
}

struct refusal unit_refusal(const struct call *call, const struct bound_unit *unit, uint32_t host,
                            uint8_t verdict)
{
    if (verdict == VERDICT_FAILED)
        return refusal_of_failure(call, unit);
    struct drover_why why = {.size = sizeof why, .need = NAN, .have = NAN};
    if (unit->unit->why && !unit->open)
        (void)unit->unit->why(unit->self, &call->ask, host, verdict, &why);
    why.subject[sizeof why.subject - 1] = '\0';
    why.text[sizeof why.text - 1] = '\0';
    struct drover_reason unnamed = {.code = "refused", .text = "refused without a reason"};
    const struct drover_reason *reason =
        verdict <= count_reasons(unit->unit) ? &unit->unit->reasons[verdict - 1] : &unnamed;
    return (struct refusal){
        .unit = unit->name,
        .code = arena_text(call->arena, reason->code),
        .reason = why.text[0] ? arena_text(call->arena, why.text)
                              : sentence_fill(call->arena, reason->text, &why),
        .remedy = reason->remedy ? sentence_fill(call->arena, reason->remedy, &why) : "",
    };
}
