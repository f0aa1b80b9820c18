/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TCP connection to see whether somebody is there: see daemon.h. All addresses of a name are
 * tried side by side, since any of them that answers shows that the host lives.
 *
 * GSocketClient does this and more, but GLib 2.74 never gives back the task of a connection that
 * nobody answers, and a host that is off is knocked at for as long as it is off.
 */
#include "daemon/daemon.h"

#include "base/memory.h"

#include <stdlib.h>

#define ADDRESSES_MAX 16 /* of a name; the resolver is not ours */

struct knock {
    GCancellable *cancellable;
    knock_heard *heard;
    void *self;
    unsigned waits; /* for the next address of the name, and for connections */
    unsigned addresses, answers, refusals, silences;
    char *why_not; /* what kept an address from being tried */
};

static enum knock_result result_of(const struct knock *knock)
{
    return knock->answers    ? KNOCK_ANSWERS
           : knock->refusals ? KNOCK_REFUSED
           : knock->silences ? KNOCK_SILENT
                             : KNOCK_NOT_TRIED;
}

static void one_less(struct knock *knock)
{
    if (--knock->waits > 0)
        return;
    knock->heard(knock->self, result_of(knock), knock->why_not ? knock->why_not : "no address");
    g_object_unref(knock->cancellable);
    g_free(knock->why_not);
    free(knock);
}

static void not_tried(struct knock *knock, const char *why)
{
    g_free(knock->why_not);
    knock->why_not = g_strdup(why);
}

/* A refusal is sent by something that lives; without a route no packet has left. */
static void count_error(struct knock *knock, const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
        knock->refusals++;
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
        not_tried(knock, error->message);
    else
        knock->silences++;
}

static void on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
    struct knock *knock = data;
    g_autoptr(GError) error = NULL;
    if (g_socket_connection_connect_finish(G_SOCKET_CONNECTION(source), result, &error))
        knock->answers++;
    else
        count_error(knock, error);
    one_less(knock);
}

static void connect_to(struct knock *knock, GSocketAddress *address)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_new(g_socket_address_get_family(address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
    if (!socket) {
        not_tried(knock, error->message);
        return;
    }
    g_autoptr(GSocketConnection) connection =
        g_socket_connection_factory_create_connection(socket);
    knock->waits++;
    g_socket_connection_connect_async(connection, address, knock->cancellable, on_connected,
                                      knock);
}

static void on_address(GObject *source, GAsyncResult *result, gpointer data)
{
    struct knock *knock = data;
    GSocketAddressEnumerator *names = G_SOCKET_ADDRESS_ENUMERATOR(source);
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketAddress) address =
        g_socket_address_enumerator_next_finish(names, result, &error);
    if (address && ++knock->addresses <= ADDRESSES_MAX) {
        connect_to(knock, address);
        g_socket_address_enumerator_next_async(names, knock->cancellable, on_address, knock);
        return;
    }
    if (error)
        not_tried(knock, error->message);
    one_less(knock);
}

void knock_at(GSocketConnectable *where, GCancellable *cancellable, knock_heard *heard, void *self)
{
    struct knock *knock = memory_new(sizeof *knock);
    g_autoptr(GSocketAddressEnumerator) names = g_socket_connectable_enumerate(where);
    knock->cancellable = g_object_ref(cancellable);
    knock->heard = heard;
    knock->self = self;
    knock->waits = 1;
    g_socket_address_enumerator_next_async(names, cancellable, on_address, knock);
}
