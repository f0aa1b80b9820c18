/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of a policy file; drover-policy(5) is written after these tables. */
#include "model/policy.h"

/*
 * Nullable texts are those that a policy may leave to the one that it extends: NULL says "not
 * said here", which is another thing than any value.
 */
#define INHERITED .flags = FIELD_NULLABLE

#define MIGRATION(member)                                                                          \
    {.key = #member, .type = FIELD_TEXT, .offset = offsetof(struct policy_migration, member),      \
     INHERITED}
const struct field policy_migration_fields[] = {
    MIGRATION(policy),
    MIGRATION(bandwidth),
    MIGRATION(encryption),
    MIGRATION(network),
    MIGRATION(bandwidth_share),
    MIGRATION(postcopy_bandwidth),
    MIGRATION(connections),
    MIGRATION(compression),
    MIGRATION(compression_level),
    MIGRATION(zero_copy),
    MIGRATION(auto_converge),
    MIGRATION(auto_converge_initial),
    MIGRATION(auto_converge_increment),
    {0},
};

#define POLICY(member) offsetof(struct policy, member)
const struct field policy_fields[] = {
    {.key = "policy", .type = FIELD_NAME, .offset = POLICY(name), INHERITED},
    {.key = "summary", .type = FIELD_TEXT, .offset = POLICY(summary)},
    {.key = "extends", .type = FIELD_TEXT, .offset = POLICY(extends), INHERITED},
    {.key = "filters", .type = FIELD_TEXTS, .offset = POLICY(filters)},
    {.key = "weights", .type = FIELD_PAIRS, .offset = POLICY(weights)},
    {.key = "selector", .type = FIELD_TEXT, .offset = POLICY(selector), INHERITED},
    {.key = "balance", .type = FIELD_TEXT, .offset = POLICY(balance), INHERITED},
    {.key = "parameters", .type = FIELD_PAIRS, .offset = POLICY(parameters)},
    {.key = "migration", .type = FIELD_RECORD, .offset = POLICY(migration),
     .rows = policy_migration_fields, .row_size = sizeof(struct policy_migration)},
    {.key = "resilience", .type = FIELD_TEXT, .offset = POLICY(resilience), INHERITED},
    {.key = "on_error", .type = FIELD_PAIRS, .offset = POLICY(on_error)},
    {0},
};
