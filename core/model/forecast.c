/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasts as tables of fields. */
#include "model/forecast.h"

#include <stdlib.h>

const char *const forecast_end_names[] = {"unknown", "precopy", "postcopy", "abort", "never", NULL};

#define FORECAST(member) offsetof(struct forecast, member)
const struct field forecast_fields[] = {
    {.key = "ends", .type = FIELD_CHOICE, .offset = FORECAST(ends), .choices = forecast_end_names},
    {.key = "converges", .type = FIELD_BOOL, .offset = FORECAST(converges)},
    {.key = "duration_s", .type = FIELD_OPTIONAL, .offset = FORECAST(duration_s)},
    {.key = "downtime_ms", .type = FIELD_OPTIONAL, .offset = FORECAST(downtime_ms)},
    {.key = "passes", .type = FIELD_U32, .offset = FORECAST(passes)},
    {.key = "sent_mib", .type = FIELD_OPTIONAL, .offset = FORECAST(sent_mib)},
    {.key = "steps", .type = FIELD_U32, .offset = FORECAST(steps)},
    {.key = "throttle_pct", .type = FIELD_U32, .offset = FORECAST(throttle_pct)},
    {.key = "least_s", .type = FIELD_OPTIONAL, .offset = FORECAST(least_s)},
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = FORECAST(memory_mib)},
    {.key = "dirty_mib_s", .type = FIELD_OPTIONAL, .offset = FORECAST(dirty_mib_s)},
    {.key = "dirty_age_s", .type = FIELD_OPTIONAL, .offset = FORECAST(dirty_age_s)},
    {.key = "working_set_mib", .type = FIELD_NUMBER, .offset = FORECAST(working_set_mib)},
    {.key = "rate_mib_s", .type = FIELD_OPTIONAL, .offset = FORECAST(rate_mib_s)},
    {.key = "rate_by", .type = FIELD_TEXT, .offset = FORECAST(rate_by)},
    {.key = "link_mib_s", .type = FIELD_OPTIONAL, .offset = FORECAST(link_mib_s)},
    {.key = "link_factor", .type = FIELD_NUMBER, .offset = FORECAST(link_factor),
     .default_text = "1"},
    {.key = "missing", .type = FIELD_TEXT, .offset = FORECAST(missing)},
    {0},
};

void move_plan_free(struct move_plan *plan)
{
    if (!plan)
        return;
    decision_free(plan->decision);
    arena_free(&plan->arena);
    free(plan);
}
