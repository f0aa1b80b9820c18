/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the field tables cannot check in a policy: words that mean something, numbers among free
 * keys. Internal to policy/. Which units there are, and their parameters, plug/ checks.
 */
#ifndef DROVER_POLICY_POLICY_CHECK_H
#define DROVER_POLICY_POLICY_CHECK_H

#include "base/error.h"
#include "model/policy.h"

#define POLICY_MIGRATION_KEYS 24 /* at least as many as there are */

/* Where the scalars of a policy stood: for messages about what is found out after reading. */
struct policy_marks {
    struct mark policy, extends, selector;
    struct mark migration[POLICY_MIGRATION_KEYS]; /* by position in policy_migration_fields */
};

/* Marks of a policy document that yaml_read() has accepted. */
int policy_marks_read(struct policy_marks *marks, const char *file, const char *bytes,
                      size_t length, struct error *error);

/* marks NULL: not known (a policy inline in another document). */
int policy_check(const struct policy *policy, const struct policy_marks *marks,
                 struct error *error);

/* "FILE:LINE:COLUMN: ...", as much of it as is known. Returns -1. */
int policy_error(struct error *error, const struct policy *policy, struct mark mark,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
