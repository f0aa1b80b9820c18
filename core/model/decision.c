/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decisions as tables of fields. */
#include "model/decision.h"
#include "model/ruleset.h"

#include <stdlib.h>

const char *const purpose_names[] = {"",        "start",    "migrate", "drain",
                                     "balance", "evacuate", "enforce", "admit", NULL};
const char *const on_error_names[] = {"deny", "neutral", "last_good", NULL};
const char *const selector_names[] = {"rank", "normalized", "raw", NULL};

#define REFUSAL(member) offsetof(struct refusal, member)
const struct field refusal_fields[] = {
    {.key = "unit", .type = FIELD_TEXT, .offset = REFUSAL(unit)},
    {.key = "code", .type = FIELD_TEXT, .offset = REFUSAL(code)},
    {.key = "reason", .type = FIELD_TEXT, .offset = REFUSAL(reason)},
    {.key = "remedy", .type = FIELD_TEXT, .offset = REFUSAL(remedy)},
    {0},
};

#define WEIGHING(member) offsetof(struct weighing, member)
const struct field weighing_fields[] = {
    {.key = "unit", .type = FIELD_TEXT, .offset = WEIGHING(unit)},
    {.key = "raw", .type = FIELD_OPTIONAL, .offset = WEIGHING(raw)},
    {.key = "rank", .type = FIELD_OPTIONAL, .offset = WEIGHING(rank)},
    {.key = "factor", .type = FIELD_OPTIONAL, .offset = WEIGHING(factor)},
    {0},
};

#define VERDICT(member) offsetof(struct host_verdict, member)
const struct field host_verdict_fields[] = {
    {.key = "name", .type = FIELD_TEXT, .offset = VERDICT(name)},
    {.key = "accepted", .type = FIELD_BOOL, .offset = VERDICT(accepted)},
    {.key = "refused_by", .type = FIELD_TEXT, .offset = VERDICT(refused_by)},
    {.key = "code", .type = FIELD_TEXT, .offset = VERDICT(code)},
    {.key = "reason", .type = FIELD_TEXT, .offset = VERDICT(reason)},
    {.key = "refusals", .type = FIELD_ROWS, .offset = VERDICT(refusals), .rows = refusal_fields,
     .row_size = sizeof(struct refusal)},
    {.key = "remedy", .type = FIELD_TEXT, .offset = VERDICT(remedy)},
    {.key = "weights", .type = FIELD_ROWS, .offset = VERDICT(weights), .rows = weighing_fields,
     .row_size = sizeof(struct weighing)},
    {.key = "score", .type = FIELD_OPTIONAL, .offset = VERDICT(score)},
    {.key = "place", .type = FIELD_OPTIONAL, .offset = VERDICT(place)},
    {0},
};

#define FAILURE(member) offsetof(struct unit_failure, member)
const struct field unit_failure_fields[] = {
    {.key = "unit", .type = FIELD_TEXT, .offset = FAILURE(unit)},
    {.key = "error", .type = FIELD_TEXT, .offset = FAILURE(error)},
    {.key = "treated", .type = FIELD_TEXT, .offset = FAILURE(treated)},
    {.key = "times", .type = FIELD_U32, .offset = FAILURE(times), .default_text = "1"},
    {0},
};

#define DECISION(member) offsetof(struct decision, member)
const struct field decision_fields[] = {
    {.key = "id", .type = FIELD_U64, .offset = DECISION(id)},
    {.key = "at", .type = FIELD_NUMBER, .offset = DECISION(at)},
    {.key = "vm", .type = FIELD_TEXT, .offset = DECISION(vm)},
    {.key = "uuid", .type = FIELD_TEXT, .offset = DECISION(uuid)},
    {.key = "from", .type = FIELD_TEXT, .offset = DECISION(from)},
    {.key = "purpose", .type = FIELD_TEXT, .offset = DECISION(purpose)},
    {.key = "policy", .type = FIELD_TEXT, .offset = DECISION(policy)},
    {.key = "policy_hash", .type = FIELD_TEXT, .offset = DECISION(policy_hash)},
    {.key = "chosen", .type = FIELD_TEXT, .offset = DECISION(chosen), .flags = FIELD_NULLABLE},
    {.key = "hosts", .type = FIELD_ROWS, .offset = DECISION(hosts), .rows = host_verdict_fields,
     .row_size = sizeof(struct host_verdict)},
    {.key = "failures", .type = FIELD_ROWS, .offset = DECISION(failures),
     .rows = unit_failure_fields, .row_size = sizeof(struct unit_failure)},
    {0},
};

void decision_free(struct decision *decision)
{
    if (!decision)
        return;
    arena_free(&decision->arena);
    free(decision);
}
