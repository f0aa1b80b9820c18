/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set: the configuration, the policies it names and the units they need, loaded together and
 * checked together. The daemon loads a new set beside the running one and swaps them whole;
 * offline commands load one and use it.
 */
#ifndef DROVER_SET_SET_H
#define DROVER_SET_SET_H

#include "base/error.h"
#include "model/event.h"
#include "model/ruleset.h"
#include "model/settings.h"
#include "plug/plug.h"
#include "policy/policy_file.h"
#include "set/fences.h"

struct set {
    struct settings *settings;
    struct policies *policies;
    struct plug *plug;
    struct cluster_rules *rules; /* by cluster, in the order of the settings; at least one */
    uint32_t n_rules;
    struct fences *fences;
    char hash[65]; /* SHA-256 over settings, policies and units */
};

/*
 * Load by a configuration file (NULL: all defaults). A plugin file that cannot be loaded is told
 * to `problem` and left out; a policy or a setting that is wrong refuses the whole set.
 * NULL with the error set. set_free() it.
 */
struct set *set_load(const char *config, enum plug_trust trust, plug_problem *problem, void *self,
                     struct error *error);
void set_free(struct set *set);

/* The event that puts this set in force. The set must outlive it, and its successor's. */
struct event *set_event(const struct set *set, double at);

/* Fill in its hash: over everything that a decision depends on, and nothing that it does not. */
void set_hash(struct set *set);

/* Parts, for those who load piece by piece. */
struct policies *set_policies(const struct settings *settings, plug_problem *problem, void *self,
                              struct error *error);
struct plug *set_plug(const struct settings *settings, enum plug_trust trust,
                      plug_problem *problem, void *self);

#endif
