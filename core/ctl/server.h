/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API over HTTP/1.1 on a unix socket, and the hook socket. Both live on GLib's default main
 * context and never block it. Peer credentials are checked on every connection: root and members
 * of the configured group may use the API; root alone may ask as a hook.
 */
#ifndef DROVER_CTL_SERVER_H
#define DROVER_CTL_SERVER_H

#include "base/error.h"
#include "ctl/api.h"
#include "model/effect.h"

struct ctl;

struct ctl_options {
    const char *socket;
    const char *group; /* may not exist: then root alone */
    const char *hook_socket;
    struct api_source source;
    void *self;
    /* A checked request, with `who` set and `id` unique; answer it by ctl_answer. Takes it over. */
    void (*request)(void *self, struct event *event);
    /* The same for hooks, by ctl_hook_answer. */
    void (*hook)(void *self, struct event *event);
    double (*now)(void *self);
};

struct ctl *ctl_new(const struct ctl_options *options, struct error *error);
void ctl_free(struct ctl *ctl);

/*
 * A hook socket of its own for each of these hosts: DIR/HOST.sock, and none for others that had one.
 * Called anew when the hosts change. -1 with the error set where one of them could not be opened.
 */
int ctl_hook_hosts(struct ctl *ctl, const char *dir, const char *const *hosts, uint32_t n,
                   struct error *error);

void ctl_answer(struct ctl *ctl, const struct effect *answer);
void ctl_hook_answer(struct ctl *ctl, const struct effect *answer);

/* Tell everyone who listens on GET /v1/events. `kind` and a JSON object's text. */
void ctl_publish(struct ctl *ctl, const char *kind, const char *json);

#endif
