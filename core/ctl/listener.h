/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unix sockets to listen on, and who is at the other end. Both of droverd's sockets can start
 * migrations, which is as much as root can do with libvirt: so the door is checked twice, by the
 * socket file's mode and by the peer's credentials on every connection. Internal to ctl/.
 */
#ifndef DROVER_CTL_LISTENER_H
#define DROVER_CTL_LISTENER_H

#include "base/error.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Bind and listen, mode 0600. A socket file that nobody listens on any more is removed; one
 * that somebody does is an error. NULL with the error set.
 */
GSocket *listener_new(const char *path, struct error *error);

/* Mode 0660, owned by the group. False: there is no such group, or it could not be done. */
bool listener_give_to_group(const char *path, const char *group, gid_t *gid);

struct peer {
    uid_t uid;
    bool known;
    bool in_group; /* one of its groups is `gid` */
};

/* Credentials as they were when the peer connected. gid (gid_t)-1: no group counts. */
struct peer peer_of(GSocket *socket, gid_t gid);

/* Root, or the user who runs this program. */
bool peer_is_us(const struct peer *peer);

#endif
