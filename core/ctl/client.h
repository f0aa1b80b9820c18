/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The API's client: what the command line uses to talk to droverd. Blocking. */
#ifndef DROVER_CTL_CLIENT_H
#define DROVER_CTL_CLIENT_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct client;

struct client *client_new(const char *socket);
void client_free(struct client *client);

/*
 * One request. body may be NULL. NULL with the error set: no daemon is ERROR_NO_DAEMON; an
 * error answer carries its kind and text as the daemon said it.
 */
json_t *client_call(struct client *client, const char *method, const char *path, json_t *body,
                    struct error *error);

/* The text of GET /metrics and the like. free() it. */
char *client_text(struct client *client, const char *path, struct error *error);

/* Follow GET /v1/events until event() returns false or the connection ends. */
int client_events(struct client *client,
                  bool (*event)(void *self, const char *kind, const char *json), void *self,
                  struct error *error);

#endif
