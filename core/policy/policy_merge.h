/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy over the one that it extends. What is said replaces what is inherited: whole lists
 * (filters, weights), single keys of parameters, migration and on_error. Internal to policy/.
 */
#ifndef DROVER_POLICY_POLICY_MERGE_H
#define DROVER_POLICY_POLICY_MERGE_H

#include "model/policy.h"

/* A policy that says nothing. */
struct policy *policy_merge_begin(struct arena *arena);

/* Lay `over` over `policy`; texts are borrowed. Call it for the base first. */
void policy_merge(struct policy *policy, const struct policy *over, struct arena *arena);

/* What no policy of the chain said gets its default. */
void policy_merge_end(struct policy *policy);

#endif
