/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a command's answers come from: the daemon (over its socket), or with --fleet a file. Both
 * give the same JSON for the same path, so no command needs to know which it is.
 */
#ifndef DROVER_CLI_SOURCE_H
#define DROVER_CLI_SOURCE_H

#include "base/error.h"
#include "ctl/client.h"
#include "offline.h"
#include "option.h"

#include <jansson.h>

/* One argument of a path; key NULL ends a list; value NULL: left out. */
struct query {
    const char *key;
    const char *value;
};

struct source {
    struct client *client;   /* NULL: offline */
    struct offline *offline; /* NULL: the daemon */
};

/*
 * By the global options: --fleet (with --policy, --plugin, --plugin-dir, --config) or --socket.
 * -1 with the error set. The daemon is not asked anything yet.
 */
int source_open(struct source *source, const struct options *options, struct error *error);
void source_close(struct source *source);

/* GET path. NULL with the error set. json_decref() it. */
json_t *source_get(struct source *source, const char *path, const struct query *query,
                   struct error *error);

/* GET collection/name: the name as it is, whatever is in it. */
json_t *source_get_item(struct source *source, const char *collection, const char *name,
                        struct error *error);

/* Something that changes: with the daemon alone. Takes body over. */
json_t *source_call(struct source *source, const char *method, const char *path, json_t *body,
                    struct error *error);

#endif
