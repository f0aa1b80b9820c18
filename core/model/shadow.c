/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shadows as tables of fields. */
#include "model/shadow.h"

#include "model/decision.h"
#include "model/difference.h"

#define MOVE(member) offsetof(struct shadow_move, member)
static const struct field shadow_move_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = MOVE(vm)},
    {.key = "to", .type = FIELD_TEXT, .offset = MOVE(to)},
    {0},
};

#define COMPARISON(member) offsetof(struct comparison, member)
const struct field comparison_fields[] = {
    {.key = "cluster", .type = FIELD_TEXT, .offset = COMPARISON(cluster)},
    {.key = "about", .type = FIELD_TEXT, .offset = COMPARISON(about)},
    {.key = "agreed", .type = FIELD_BOOL, .offset = COMPARISON(agreed)},
    {.key = "decision", .type = FIELD_U64, .offset = COMPARISON(decision)},
    {.key = "vm", .type = FIELD_TEXT, .offset = COMPARISON(vm)},
    {.key = "purpose", .type = FIELD_TEXT, .offset = COMPARISON(purpose)},
    {.key = "active", .type = FIELD_TEXT, .offset = COMPARISON(active)},
    {.key = "shadow", .type = FIELD_TEXT, .offset = COMPARISON(shadow)},
    {.key = "active_choice", .type = FIELD_TEXT, .offset = COMPARISON(active_choice)},
    {.key = "shadow_choice", .type = FIELD_TEXT, .offset = COMPARISON(shadow_choice)},
    {.key = "reason", .type = FIELD_TEXT, .offset = COMPARISON(reason)},
    {.key = "differences", .type = FIELD_ROWS, .offset = COMPARISON(differences),
     .rows = difference_fields, .row_size = sizeof(struct difference)},
    {.key = "active_moves", .type = FIELD_ROWS, .offset = COMPARISON(active_moves),
     .rows = shadow_move_fields, .row_size = sizeof(struct shadow_move)},
    {.key = "shadow_moves", .type = FIELD_ROWS, .offset = COMPARISON(shadow_moves),
     .rows = shadow_move_fields, .row_size = sizeof(struct shadow_move)},
    {.key = "failures", .type = FIELD_ROWS, .offset = COMPARISON(failures),
     .rows = unit_failure_fields, .row_size = sizeof(struct unit_failure)},
    {0},
};

#define STATUS(member) offsetof(struct shadow_status, member)
const struct field shadow_status_fields[] = {
    {.key = "cluster", .type = FIELD_TEXT, .offset = STATUS(cluster)},
    {.key = "active", .type = FIELD_TEXT, .offset = STATUS(active)},
    {.key = "shadow", .type = FIELD_TEXT, .offset = STATUS(shadow)},
    {.key = "since", .type = FIELD_NUMBER, .offset = STATUS(since)},
    {.key = "decisions_agreed", .type = FIELD_U64, .offset = STATUS(decisions_agreed)},
    {.key = "decisions_differed", .type = FIELD_U64, .offset = STATUS(decisions_differed)},
    {.key = "rounds_agreed", .type = FIELD_U64, .offset = STATUS(rounds_agreed)},
    {.key = "rounds_differed", .type = FIELD_U64, .offset = STATUS(rounds_differed)},
    {.key = "failures", .type = FIELD_U64, .offset = STATUS(failures)},
    {0},
};
