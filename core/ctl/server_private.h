/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the server: what its parts (requests, events, hooks) share. */
#ifndef DROVER_CTL_SERVER_PRIVATE_H
#define DROVER_CTL_SERVER_PRIVATE_H

#include "ctl/listener.h"
#include "ctl/server.h"

#include <libsoup/soup.h>

#define MOST_CONNECTIONS 64
#define IDLE_S 60 /* a peer that neither sends nor takes anything for so long is cut off */

struct hook_server;
struct event_streams;

struct ctl {
    struct ctl_options options;
    char *socket, *hook_socket;
    gid_t gid; /* whose members may use the API; (gid_t)-1: nobody's */
    SoupServer *server;
    GSocketService *service;
    GHashTable *connections; /* GSocketConnection, as long as they live */
    GHashTable *pending; /* request id -> SoupServerMessage that waits for its answer */
    uint64_t last_id;    /* of requests and hook questions */
    struct event_streams *streams;
    struct hook_server *hooks;
};

/* A connection's peer, kept with the remote address that libsoup hands back with each request. */
struct connection {
    struct ctl *ctl;
    struct peer peer;
    GSocket *socket;
};

struct connection *connection_of(SoupServerMessage *message);

/* events.c: GET /v1/events. */
struct event_streams *event_streams_new(void);
void event_streams_free(struct event_streams *streams);
void event_streams_add(struct event_streams *streams, SoupServerMessage *message);
void event_streams_publish(struct event_streams *streams, const char *kind, const char *json);

/* hook_server.c */
struct hook_server *hook_server_new(struct ctl *ctl, struct error *error);
void hook_server_free(struct hook_server *hooks);
int hook_server_hosts(struct hook_server *hooks, const char *dir, const char *const *hosts,
                      uint32_t n, struct error *error);
void hook_server_answer(struct hook_server *hooks, const struct effect *answer);

/* respond.c */
void respond_json(SoupServerMessage *message, unsigned status, json_t *json); /* takes json */
void respond_error(SoupServerMessage *message, const struct error *error);
void respond_error_as(SoupServerMessage *message, unsigned status, enum error_kind kind,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
