/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening on unix sockets; see listener.h. */
#include "ctl/listener.h"

#include "base/memory.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *path, struct sockaddr_un *address, struct error *error)
{
    size_t length = strlen(path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length == 0 || length >= sizeof address->sun_path)
        return error_set(error, ERROR_INPUT, "the socket's path must have 1 to %zu bytes: \"%s\"",
                         sizeof address->sun_path - 1, path);
    memcpy(address->sun_path, path, length + 1);
    return 0;
}

/* 1: somebody listens; 0: a dead socket's file, or none; -1 with the error set. */
static int somebody_listens(const char *path, const struct sockaddr_un *address,
                            struct error *error)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return 0;
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, ERROR_INPUT,
                         "%s is there and is not a socket: remove it, or set another path in "
                         "drover.yaml",
                         path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(error, ERROR_FAILED, "no socket: %s", strerror(errno));
    /* EAGAIN: its backlog is full, so it lives. */
    bool alive = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                 errno == EAGAIN || errno == EINPROGRESS;
    close(fd);
    return alive;
}

static int bind_and_listen(const char *path, const struct sockaddr_un *address, struct error *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The file takes the mode of the socket, so it is never open to others, not for a moment. */
    if (fd >= 0 && fchmod(fd, 0600) == 0 &&
        bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    error_set(error, ERROR_FAILED, "cannot listen on %s: %s. Its directory must exist and be "
              "writable by droverd", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

GSocket *listener_new(const char *path, struct error *error)
{
    struct sockaddr_un address;
    if (address_of(path, &address, error) < 0)
        return NULL;
    int alive = somebody_listens(path, &address, error);
    if (alive < 0)
        return NULL;
    if (alive) {
        error_set(error, ERROR_FAILED,
                  "another droverd is running: it listens on %s. Stop that one first, or give this "
                  "one its own sockets in drover.yaml",
                  path);
        return NULL;
    }
    unlink(path);
    int fd = bind_and_listen(path, &address, error);
    if (fd < 0)
        return NULL;
    g_autoptr(GError) cause = NULL;
    GSocket *socket = g_socket_new_from_fd(fd, &cause);
    if (!socket) {
        error_set(error, ERROR_FAILED, "cannot listen on %s: %s", path, cause->message);
        close(fd);
    }
    return socket;
}

bool listener_give_to_group(const char *path, const char *group, gid_t *gid)
{
    struct group buffer, *entry = NULL;
    char text[16384]; /* a group's members are in it */
    *gid = (gid_t)-1;
    if (!group || !*group || getgrnam_r(group, &buffer, text, sizeof text, &entry) != 0)
        return false;
    if (!entry || chown(path, (uid_t)-1, entry->gr_gid) < 0 || chmod(path, 0660) < 0)
        return false;
    *gid = entry->gr_gid;
    return true;
}

/*
 * The kernel's list of the peer's supplementary groups. Asking the user database instead could
 * wait for a directory server, on the main loop, and would answer for the user and not for
 * the process that connected.
 */
static bool peer_has_group(int fd, gid_t gid)
{
    gid_t none;
    socklen_t size = 0; /* too small: the kernel says how much it takes */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 || errno != ERANGE)
        return false;
    gid_t *groups = memory_new(size);
    bool found = false;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
        for (size_t i = 0; i < size / sizeof *groups; i++)
            found = found || groups[i] == gid;
    free(groups);
    return found;
}

struct peer peer_of(GSocket *socket, gid_t gid)
{
    int fd = g_socket_get_fd(socket);
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    struct peer peer = {.uid = (uid_t)-1};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return peer;
    peer.known = true;
    peer.uid = credentials.uid;
    if (gid != (gid_t)-1)
        peer.in_group = credentials.gid == gid || peer_has_group(fd, gid);
    return peer;
}

bool peer_is_us(const struct peer *peer)
{
    return peer->known && (peer->uid == 0 || peer->uid == geteuid());
}
