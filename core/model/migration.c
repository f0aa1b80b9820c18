/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migrations as a table of fields, and how far one is. */
#include "model/migration.h"

#include "model/decision.h"

#include <math.h>

const char *const migration_state_names[] = {
    "queued",    "preparing", "running", "post_migrating", "verify",
    "completed", "failed",    "aborted", "cancelled",      NULL,
};
const char *const migration_forced_names[] = {"no", "postcopy", "pause", NULL};
const char *const migration_stage_names[] = {
    "", "shutdown", "define", "start", "revert", "clear", "back", NULL,
};
const char *const copy_storage_names[] = {"none", "full", "incremental", NULL};
const char *const migration_kind_names[] = {"live", "cold", "offline", "restart", NULL};

double progress_percentage(const struct progress *progress)
{
    double total = progress->memory_total_mib + progress->disk_total_mib;
    double remaining = progress->memory_remaining_mib + progress->disk_remaining_mib;
    if (remaining <= 0)
        return total > 0 ? 100 : 0;
    if (total <= 0)
        return 0;
    double done = 100 - 100 * remaining / total;
    return fmax(0, fmin(99, floor(done)));
}

bool migration_ended(const struct migration *migration)
{
    return migration->state >= MIGRATION_COMPLETED;
}

#define PROGRESS(member) offsetof(struct progress, member)
const struct field progress_fields[] = {
    {.key = "memory_total_mib", .type = FIELD_NUMBER, .offset = PROGRESS(memory_total_mib)},
    {.key = "memory_processed_mib", .type = FIELD_NUMBER, .offset = PROGRESS(memory_processed_mib)},
    {.key = "memory_remaining_mib", .type = FIELD_NUMBER, .offset = PROGRESS(memory_remaining_mib)},
    {.key = "dirty_mib_s", .type = FIELD_NUMBER, .offset = PROGRESS(dirty_mib_s)},
    {.key = "throughput_mib_s", .type = FIELD_NUMBER, .offset = PROGRESS(throughput_mib_s)},
    {.key = "downtime_ms", .type = FIELD_OPTIONAL, .offset = PROGRESS(downtime_ms)},
    {.key = "elapsed_s", .type = FIELD_NUMBER, .offset = PROGRESS(elapsed_s)},
    {.key = "iteration", .type = FIELD_U32, .offset = PROGRESS(iteration)},
    {.key = "throttle_pct", .type = FIELD_U32, .offset = PROGRESS(throttle_pct)},
    {.key = "postcopy", .type = FIELD_BOOL, .offset = PROGRESS(postcopy)},
    {.key = "disk_total_mib", .type = FIELD_NUMBER, .offset = PROGRESS(disk_total_mib)},
    {.key = "disk_processed_mib", .type = FIELD_NUMBER, .offset = PROGRESS(disk_processed_mib)},
    {.key = "disk_remaining_mib", .type = FIELD_NUMBER, .offset = PROGRESS(disk_remaining_mib)},
    {.key = "disk_mib_s", .type = FIELD_NUMBER, .offset = PROGRESS(disk_mib_s)},
    {0},
};

#define CONVERGENCE(member) offsetof(struct convergence, member)
const struct field convergence_fields[] = {
    {.key = "rate_mib_s", .type = FIELD_NUMBER, .offset = CONVERGENCE(rate_mib_s)},
    {.key = "iteration", .type = FIELD_U32, .offset = CONVERGENCE(iteration)},
    {.key = "walk_mib", .type = FIELD_NUMBER, .offset = CONVERGENCE(walk_mib)},
    {.key = "lowest_mib", .type = FIELD_NUMBER, .offset = CONVERGENCE(lowest_mib)},
    {.key = "progress_at", .type = FIELD_NUMBER, .offset = CONVERGENCE(progress_at)},
    {.key = "stalls", .type = FIELD_U32, .offset = CONVERGENCE(stalls)},
    {.key = "postcopy_at", .type = FIELD_NUMBER, .offset = CONVERGENCE(postcopy_at)},
    {.key = "stepped", .type = FIELD_U32, .offset = CONVERGENCE(stepped)},
    {.key = "stepped_at", .type = FIELD_NUMBER, .offset = CONVERGENCE(stepped_at)},
    {0},
};

#define MIGRATION(member) offsetof(struct migration, member)
const struct field migration_fields[] = {
    {.key = "id", .type = FIELD_U64, .offset = MIGRATION(id)},
    {.key = "key", .type = FIELD_TEXT, .offset = MIGRATION(vm)},
    {.key = "vm", .type = FIELD_TEXT, .offset = MIGRATION(name)},
    {.key = "from", .type = FIELD_TEXT, .offset = MIGRATION(from)},
    {.key = "to", .type = FIELD_TEXT, .offset = MIGRATION(to)},
    {.key = "state", .type = FIELD_CHOICE, .offset = MIGRATION(state),
     .choices = migration_state_names},
    {.key = "kind", .type = FIELD_CHOICE, .offset = MIGRATION(kind),
     .choices = migration_kind_names},
    {.key = "purpose", .type = FIELD_CHOICE, .offset = MIGRATION(purpose), .choices = purpose_names},
    {.key = "who", .type = FIELD_TEXT, .offset = MIGRATION(who)},
    {.key = "reason", .type = FIELD_TEXT, .offset = MIGRATION(reason)},
    {.key = "wanted", .type = FIELD_TEXT, .offset = MIGRATION(wanted)},
    {.key = "policy", .type = FIELD_TEXT, .offset = MIGRATION(policy)},
    {.key = "decision", .type = FIELD_U64, .offset = MIGRATION(decision)},
    {.key = "created_at", .type = FIELD_NUMBER, .offset = MIGRATION(created_at)},
    {.key = "updated_at", .type = FIELD_NUMBER, .offset = MIGRATION(updated_at)},
    {.key = "started_at", .type = FIELD_OPTIONAL, .offset = MIGRATION(started_at)},
    {.key = "ended_at", .type = FIELD_OPTIONAL, .offset = MIGRATION(ended_at)},
    {.key = "not_before", .type = FIELD_NUMBER, .offset = MIGRATION(not_before)},
    {.key = "priority", .type = FIELD_NUMBER, .offset = MIGRATION(priority)},
    {.key = "attempt", .type = FIELD_U32, .offset = MIGRATION(attempt), .default_text = "1"},
    {.key = "tried", .type = FIELD_TEXTS, .offset = MIGRATION(tried), .default_text = ""},
    {.key = "error", .type = FIELD_TEXT, .offset = MIGRATION(error)},
    {.key = "progress", .type = FIELD_RECORD, .offset = MIGRATION(progress),
     .rows = progress_fields, .row_size = sizeof(struct progress)},
    {.key = "base_iteration", .type = FIELD_U32, .offset = MIGRATION(base_iteration)},
    {.key = "next_stall", .type = FIELD_U32, .offset = MIGRATION(next_stall)},
    {.key = "convergence", .type = FIELD_RECORD, .offset = MIGRATION(convergence),
     .rows = convergence_fields, .row_size = sizeof(struct convergence)},
    {.key = "breaks", .type = FIELD_TEXTS, .offset = MIGRATION(breaks), .default_text = "[]"},
    {.key = "forced", .type = FIELD_CHOICE, .offset = MIGRATION(forced),
     .choices = migration_forced_names},
    {.key = "can_postcopy", .type = FIELD_BOOL, .offset = MIGRATION(can_postcopy)},
    {.key = "carried_mib_s", .type = FIELD_NUMBER, .offset = MIGRATION(carried_mib_s)},
    {.key = "net_mib_s", .type = FIELD_NUMBER, .offset = MIGRATION(net_mib_s)},
    {.key = "expected_end", .type = FIELD_OPTIONAL, .offset = MIGRATION(expected_end)},
    {.key = "forecast_s", .type = FIELD_OPTIONAL, .offset = MIGRATION(forecast_s)},
    {.key = "forecast_downtime_ms", .type = FIELD_OPTIONAL,
     .offset = MIGRATION(forecast_downtime_ms)},
    {.key = "forecast_mib_s", .type = FIELD_OPTIONAL, .offset = MIGRATION(forecast_mib_s)},
    {.key = "waits", .type = FIELD_TEXT, .offset = MIGRATION(waits)},
    {.key = "arrival", .type = FIELD_TEXT, .offset = MIGRATION(arrival)},
    {.key = "stage", .type = FIELD_CHOICE, .offset = MIGRATION(stage),
     .choices = migration_stage_names},
    {.key = "copy_storage", .type = FIELD_CHOICE, .offset = MIGRATION(copy_storage),
     .choices = copy_storage_names},
    {.key = "tunnelled", .type = FIELD_BOOL, .offset = MIGRATION(tunnelled)},
    {.key = "verify", .type = FIELD_BOOL, .offset = MIGRATION(verify)},
    {.key = "aborting", .type = FIELD_BOOL, .offset = MIGRATION(aborting)},
    {.key = "autostart", .type = FIELD_BOOL, .offset = MIGRATION(autostart)},
    {.key = "shutdown_s", .type = FIELD_NUMBER, .offset = MIGRATION(shutdown_s)},
    {.key = "step_until", .type = FIELD_NUMBER, .offset = MIGRATION(step_until)},
    {0},
};
