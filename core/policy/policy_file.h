/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policies and configuration: YAML -> checked plain values, every message with
 * file:line:column. Which units exist, and what their parameters allow, plug/ knows
 * (plug_bind); here a policy is read, found by name, and resolved (`extends`).
 */
#ifndef DROVER_POLICY_POLICY_FILE_H
#define DROVER_POLICY_POLICY_FILE_H

#include "base/error.h"
#include "model/policy.h"
#include "model/settings.h"

struct policies; /* policies by name, from directories */

struct policies *policies_new(void);
void policies_free(struct policies *policies);

/*
 * Read every *.yaml of a directory, in order of name. A later policy of the same name replaces
 * an earlier one (the site's over the shipped). A directory that is not there is no error;
 * a file that cannot be read or is wrong is, and names file:line:column.
 */
int policies_read_dir(struct policies *policies, const char *dir, struct error *error);
int policies_read_file(struct policies *policies, const char *path, struct error *error);
int policies_read_text(struct policies *policies, const char *what, const char *bytes,
                       size_t length, struct error *error); /* what: the file, for messages */

uint32_t policies_count(const struct policies *policies);
const struct policy *policies_get(const struct policies *policies, uint32_t i); /* by name */

/*
 * The policy with its `extends` followed and everything inherited filled in; `inline_policy`
 * may be a mapping out of a fleet file. Loops and unknown names are errors. The result lives
 * as long as `policies`.
 */
const struct policy *policies_resolve(struct policies *policies, const char *name,
                                      struct error *error);
const struct policy *policies_resolve_inline(struct policies *policies,
                                             const struct policy *inline_policy,
                                             struct error *error);

/* The resolved policy as text: what `drover policy show NAME` prints. free() it. */
char *policy_write(const struct policy *policy);

#endif
