/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of affinity groups that contradict each other, or speak of what is not there.
 *
 * Two kinds of contradiction can never be kept, and RHV does not let them be saved: a hard rule
 * that wants VMs together and one that wants two of them apart; a hard rule for a host and one
 * against it, of one VM. Of such two rules the group of lower priority, or else the later name,
 * loses: its rule has no effect, as columns show it, until somebody mends it. All else is told,
 * and works as far as it goes.
 */
#ifndef DROVER_MODEL_GROUP_RULES_H
#define DROVER_MODEL_GROUP_RULES_H

#include "model/columns.h"

struct group_problem {
    const char *code; /* stable: "group.vms_contradict" */
    const char *group;
    bool refused;     /* a rule of the group has no effect; else this is a warning */
    const char *text; /* the whole sentence */
};

extern const struct field group_problem_fields[];

/*
 * All of them, by group, in the arena: struct group_problem. With `absent`, names that are not
 * there are told, too.
 */
struct rows group_problems(const struct columns *columns, bool absent, struct arena *arena);

/* Inside model/: take rules out of new columns that cannot be kept, or say nothing. */
void group_rules_settle(struct columns *columns);

#endif
