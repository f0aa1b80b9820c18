/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy on its way to a ruleset, or one unit by itself on its way to be bound; parameters go
 * to whoever declares them.
 */
#ifndef DROVER_PLUG_BIND_PARAMETERS_H
#define DROVER_PLUG_BIND_PARAMETERS_H

#include "plug/loaded.h"
#include "plug/parameters.h"

struct binding {
    struct plug *plug;
    const struct policy *policy; /* NULL: a unit by itself */
    const char *subject;         /* for messages: "policy quiet", "host kvm1: fence_agent" */
    const char *file;            /* where that stands; NULL: not known */
    struct arena *arena; /* the ruleset's */
    struct error *error;
    struct bound_unit **unit; /* all of the ruleset's; free() it */
    uint32_t n_units, unit_capacity;
    uint32_t n_open;
};

void binding_add(struct binding *b, struct bound_unit *bound);

/* Sets the error with file:line:column in front, where they are known. Returns -1. */
int binding_error(const struct binding *b, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The policy's parameters, into the units and into the core's own. */
int bind_parameters(struct binding *b, struct rule_parameters *core);

/* Parameters of the only unit that is bound: there is nobody else whom they could be for. */
int bind_own_parameters(struct binding *b, const struct pairs *pairs);

/* SHA-256 of all that the policy says and of the files of its units. */
const char *binding_hash(const struct binding *b);

#endif
