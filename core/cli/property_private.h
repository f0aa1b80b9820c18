/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the properties: what they share. See property.h. */
#ifndef DROVER_CLI_PROPERTY_PRIVATE_H
#define DROVER_CLI_PROPERTY_PRIVATE_H

#include "ctl/api.h"
#include "property.h"

/* Say what is wrong. Returns false. */
bool property_broken(struct property_trial *trial, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The fleet as it is now. */
const struct fleet *property_fleet(const struct property_trial *trial);

/* A host to be drained, by the seed; "" where there is none. It lives as long as the fleet. */
const char *property_host(const struct property_trial *trial);

/* All of a round of balancing, or of the whole plan; and a drain. NULL with the error set. */
struct plan *property_balance(const struct property_trial *trial, bool whole);
struct plan *property_drain(const struct property_trial *trial, const char *host);

const struct planned_move *property_moves(const struct plan *plan);

/* property_same.c: the same question, asked in other words. */
bool property_repeatable(struct property_trial *trial);
bool property_permutation(struct property_trial *trial);
bool property_renaming(struct property_trial *trial);

/* property_moves.c: what a plan's moves may be, one by one. */
bool property_no_refused_move(struct property_trial *trial);
bool property_hard_rules(struct property_trial *trial);
bool property_groups(struct property_trial *trial);

#endif
