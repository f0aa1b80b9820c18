/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a set was made from, as texts by hash: what a journal keeps, so that the same set can be
 * made again when files have changed, or on another machine.
 *
 * The manifest is JSON, kept under the set's own hash (EVENT_SET_CHANGED's text): which policy
 * each cluster has, and every file of units in the order in which they were loaded. Policies are
 * kept resolved, under their rulesets' hashes; Lua files under theirs, and each of their modules
 * under the hash of its own text. Of a shared object there is path and hash alone.
 */
#ifndef DROVER_SET_MANIFEST_H
#define DROVER_SET_MANIFEST_H

#include "base/error.h"
#include "set/set.h"

struct manifest_policy {
    const char *cluster;
    const char *policy; /* its ruleset's hash */
    const char *shadow; /* the same of its shadow; "" none */
};

struct manifest_module {
    const char *name;
    const char *hash;
};

struct manifest_file {
    const char *path;
    const char *prefix;
    const char *hash;
    const char *language;
    bool builtin;
    struct rows modules; /* struct manifest_module */
    struct texts units;  /* what it brought: "filter memory" */
};

struct manifest {
    struct rows policies; /* struct manifest_policy */
    struct rows files;    /* struct manifest_file */
};

extern const struct field manifest_fields[];

/* Every text that the set was made from. */
typedef void manifest_each(void *self, const char *hash, const char *name, const char *text);
void manifest_tell(const struct set *set, manifest_each *each, void *self);

/* What manifest_tell gave under the set's hash, read and checked. -1 with the error set. */
int manifest_read(struct manifest *manifest, const char *text, struct arena *arena,
                  struct error *error);

#endif
