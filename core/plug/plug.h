/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plugins: shared objects, Lua files and packs become units; policies are bound to them.
 * A file that cannot be loaded is one clear sentence, and the rest goes on.
 */
#ifndef DROVER_PLUG_PLUG_H
#define DROVER_PLUG_PLUG_H

#include "base/error.h"
#include "model/policy.h"
#include "model/ruleset.h"

struct plug; /* a set of loaded plugins; shared by the rulesets that were bound with it */

/* One unit as loaded, for `drover plugin list|show`. */
struct plug_unit {
    const char *name;    /* "memory"; of packs and site Lua "vendor/memory", "site/rack_limit" */
    const struct drover_unit *unit;
    const char *plugin;  /* the plugin's own name and version */
    const char *version;
    const char *path;
    const char *hash;    /* SHA-256 of the file, and of the Lua modules that it requires */
    const char *language; /* "c" or "lua" */
    bool builtin;
};

enum plug_trust {
    PLUG_TRUST_CHECKED, /* files must be owned by root or the user, and not writable by others */
    PLUG_TRUST_ANY,     /* offline commands on a developer's own files */
};

struct plug *plug_new(enum plug_trust trust);

/*
 * The folder of shipped Lua files: `require "x"` finds DIR/modules/x.lua where the Lua file's
 * own folder has no modules/x.lua. Set it before loading; NULL (as at first): none.
 */
void plug_set_lua_dir(struct plug *plug, const char *dir);

/* What one call of a Lua unit may use; set it before loading. */
struct plug_lua_limits {
    uint32_t memory_mib;   /* of all that a Lua file holds, between calls as well */
    uint32_t instructions; /* and work inside the library, counted as such */
    uint32_t timeout_ms;   /* by the wall clock */
};
#define PLUG_LUA_LIMITS {16, 2000000, 200}
void plug_set_lua_limits(struct plug *plug, const struct plug_lua_limits *limits);

/* From any thread: a unit that works in one of its own keeps what it came from. */
struct plug *plug_ref(struct plug *plug);
void plug_unref(struct plug *plug);

/*
 * Load every *.so, or *.lua, of a directory, in order of name, as prefix "" (built in), "site",
 * or a pack's name. What failed is told to `problem`, once per file; returns how many failed.
 * A directory that is not there is no problem. builtin: may be mandatory.
 */
typedef void plug_problem(void *self, const char *path, const struct error *error);
uint32_t plug_load_dir(struct plug *plug, const char *dir, const char *prefix, bool builtin,
                       plug_problem *problem, void *self);
int plug_load_file(struct plug *plug, const char *path, const char *prefix, bool builtin,
                   struct error *error);

/*
 * A file as loaded. A Lua file is all text: kept with its modules, it can be loaded again where
 * the files are not, or are others by now.
 */
struct plug_text {
    const char *name; /* "modules/racks.lua" */
    const char *bytes;
    size_t length;
};

struct plug_file {
    const char *path;
    const char *prefix;
    const char *hash;
    const char *language; /* "c" or "lua" */
    bool builtin;
    struct plug_text text; /* of Lua; else empty */
    const struct plug_text *module;
    uint32_t n_modules;
};

uint32_t plug_file_count(const struct plug *plug);
struct plug_file plug_file_get(const struct plug *plug, uint32_t i); /* in order of loading */

/* Load a Lua file from these texts; nothing is read from the disk, hash is not looked at. */
int plug_load_text(struct plug *plug, const struct plug_file *file, struct error *error);

uint32_t plug_count(const struct plug *plug);
const struct plug_unit *plug_get(const struct plug *plug, uint32_t i); /* by kind, then name */
const struct plug_unit *plug_find(const struct plug *plug, enum drover_kind kind, const char *name);

/*
 * Bind a resolved policy: every unit named is there and of the right kind, every parameter is
 * known to one of them and within its bounds (else an error with file:line:column), self is
 * opened. Mandatory built-in filters are put first. The ruleset holds a reference to plug.
 */
struct ruleset *plug_bind(struct plug *plug, const struct policy *policy, struct error *error);
void ruleset_free(struct ruleset *ruleset);

/* A unit that no policy names, such as a host's fence device; checked the same way. */
struct unit_wanted {
    enum drover_kind kind;
    const char *name;
    const struct pairs *parameters;
    const char *subject; /* for messages: "host kvm1: fence device 1" */
    const char *file;    /* where it stands; NULL: not known */
    struct mark mark;
};
struct bound_unit *plug_bind_alone(struct plug *plug, const struct unit_wanted *wanted,
                                   struct error *error);
void plug_unbind_alone(struct bound_unit *bound);

/* By enum drover_kind and enum drover_parameter_type, from 1 on; both end with NULL. */
extern const char *const drover_kind_names[];
extern const char *const drover_parameter_type_names[];

#endif
