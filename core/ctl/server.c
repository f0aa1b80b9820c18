/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API over HTTP. libsoup speaks HTTP; connections are accepted here, so that the peer is
 * known before it can ask anything and a crowd of connections is turned away.
 */
#include "ctl/server.h"

#include "base/memory.h"
#include "codec/json.h"
#include "ctl/server_private.h"

#include <gio/gunixsocketaddress.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_LIMIT (1024 * 1024)
#define CONNECTION_KEY "drover-connection"

/* --- connections ------------------------------------------------------------------------- */

struct connection *connection_of(SoupServerMessage *message)
{
    GSocketAddress *address = soup_server_message_get_remote_address(message);
    return address ? g_object_get_data(G_OBJECT(address), CONNECTION_KEY) : NULL;
}

static void connection_free(void *data)
{
    struct connection *connection = data;
    g_object_unref(connection->socket);
    free(connection);
}

static void on_stream_gone(void *data, GObject *stream)
{
    struct ctl *ctl = data;
    g_hash_table_remove(ctl->connections, stream);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *stream, GObject *source,
                            void *data)
{
    struct ctl *ctl = data;
    (void)service;
    (void)source;
    if (g_hash_table_size(ctl->connections) >= MOST_CONNECTIONS)
        return TRUE; /* dropped: the peer sees the connection end, and tries again */
    struct connection *connection = memory_new(sizeof *connection);
    connection->ctl = ctl;
    connection->socket = g_object_ref(g_socket_connection_get_socket(stream));
    connection->peer = peer_of(connection->socket, ctl->gid);
    g_socket_set_timeout(connection->socket, IDLE_S);
    g_autoptr(GSocketAddress) local = g_unix_socket_address_new(ctl->socket);
    g_autoptr(GSocketAddress) remote = g_unix_socket_address_new("peer");
    g_object_set_data_full(G_OBJECT(remote), CONNECTION_KEY, connection, connection_free);
    if (soup_server_accept_iostream(ctl->server, G_IO_STREAM(stream), local, remote, NULL)) {
        g_hash_table_add(ctl->connections, stream);
        g_object_weak_ref(G_OBJECT(stream), on_stream_gone, ctl);
    }
    return TRUE;
}

/* --- requests ---------------------------------------------------------------------------- */

static const char *query_get(void *self, const char *key)
{
    return self ? g_hash_table_lookup(self, key) : NULL;
}

static void serve_get(struct ctl *ctl, SoupServerMessage *message, const char *path,
                      GHashTable *query)
{
    if (strcmp(path, "/v1/events") == 0) {
        event_streams_add(ctl->streams, message);
        return;
    }
    if (strcmp(path, "/metrics") == 0) {
        char *text = api_metrics(&ctl->options.source);
        soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
        soup_server_message_set_response(message, "text/plain; version=0.0.4; charset=utf-8",
                                         SOUP_MEMORY_COPY, text, strlen(text));
        free(text);
        return;
    }
    struct api_query arguments = {query_get, query};
    struct error error = ERROR_INIT;
    json_t *json = api_get(&ctl->options.source, path, &arguments, &error);
    if (json)
        respond_json(message, SOUP_STATUS_OK, json);
    else
        respond_error(message, &error);
}

/* "uid 1000 (alice)": what the journal says of who asked. */
static void set_who(struct event *event, const struct peer *peer)
{
    char text[128], buffer[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(peer->uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(text, sizeof text, "uid %u (%s)", (unsigned)peer->uid, found->pw_name);
    else
        snprintf(text, sizeof text, "uid %u", (unsigned)peer->uid);
    event_set(event, &event->who, text);
}

static void on_pending_finished(SoupServerMessage *message, void *data)
{
    struct ctl *ctl = data;
    uint64_t *id = g_object_get_data(G_OBJECT(message), "drover-request");
    if (id)
        g_hash_table_remove(ctl->pending, id);
}

static void release_message(void *message)
{
    g_object_unref(message);
}

static void serve_request(struct ctl *ctl, SoupServerMessage *message, const char *path)
{
    struct error error = ERROR_INIT;
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    g_autoptr(GBytes) bytes = soup_message_body_flatten(body);
    size_t length;
    const char *text = g_bytes_get_data(bytes, &length);
    struct event *event =
        api_request(soup_server_message_get_method(message), path, text, length, &error);
    if (!event) {
        respond_error(message, &error);
        return;
    }
    event->id = ++ctl->last_id;
    event->at = ctl->options.now(ctl->options.self);
    set_who(event, &connection_of(message)->peer);
    uint64_t *id = memory_new(sizeof *id);
    *id = event->id;
    g_object_set_data(G_OBJECT(message), "drover-request", id);
    g_hash_table_insert(ctl->pending, id, g_object_ref(message));
    g_signal_connect(message, "finished", G_CALLBACK(on_pending_finished), ctl);
    soup_server_message_pause(message);
    ctl->options.request(ctl->options.self, event);
}

static bool may_use(SoupServerMessage *message)
{
    const struct connection *connection = connection_of(message);
    return connection && (peer_is_us(&connection->peer) || connection->peer.in_group);
}

/* libsoup hands over the path as it came: names of VMs may hold anything. */
static char *path_of(SoupServerMessage *message)
{
    return g_uri_unescape_string(g_uri_get_path(soup_server_message_get_uri(message)), NULL);
}

static void on_request(SoupServer *server, SoupServerMessage *message, const char *raw,
                       GHashTable *query, void *data)
{
    struct ctl *ctl = data;
    (void)server;
    (void)raw;
    g_autofree char *path = path_of(message);
    const char *method = soup_server_message_get_method(message);
    if (!path || !g_utf8_validate(path, -1, NULL))
        respond_error_as(message, 400, ERROR_USAGE, "the path is not UTF-8, percent-encoded");
    else if (strcmp(method, "GET") == 0)
        serve_get(ctl, message, path, query);
    else if (strcmp(method, "POST") == 0 || strcmp(method, "DELETE") == 0 ||
             strcmp(method, "PATCH") == 0)
        serve_request(ctl, message, path);
    else
        respond_error_as(message, 405, ERROR_USAGE, "expected GET, POST, PATCH or DELETE, found %.20s",
                         method);
}

/*
 * Answer at once and hang up: libsoup would read the whole body first, which is just what is not
 * wanted. The answer is so short that a socket takes it without waiting.
 */
static void cut_off(SoupServerMessage *message, unsigned status, const char *text)
{
    g_autofree char *body =
        g_strdup_printf("{\"error\":{\"kind\":\"input\",\"text\":\"%s\"}}", text);
    g_autofree char *answer = g_strdup_printf(
        "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
        "Connection: close\r\n\r\n%s",
        status, soup_status_get_phrase(status), strlen(body), body);
    GSocket *socket = connection_of(message)->socket;
    soup_server_message_set_status(message, status, NULL);
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    g_socket_send(socket, answer, strlen(answer), NULL, NULL);
    g_socket_shutdown(socket, TRUE, TRUE, NULL);
}

/* Before the body is read: who may not ask, or says too much, is answered without keeping it. */
static void on_headers(SoupServer *server, SoupServerMessage *message, const char *path,
                       GHashTable *query, void *data)
{
    (void)server;
    (void)path;
    (void)query;
    struct ctl *ctl = data;
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED) {
        cut_off(message, 411, "a body must say its Content-Length");
    } else if (soup_message_headers_get_content_length(headers) > BODY_LIMIT) {
        cut_off(message, 413, "a body may have at most 1048576 bytes");
    } else if (!may_use(message)) {
        respond_error_as(message, 403, ERROR_FORBIDDEN,
                         "only root and members of the group %s may use droverd: ask to be added "
                         "to it (usermod -aG %s USER), and log in again",
                         ctl->options.group, ctl->options.group);
        soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    }
}

/* --- making and ending ------------------------------------------------------------------- */

static int listen_api(struct ctl *ctl, struct error *error)
{
    g_autoptr(GSocket) socket = listener_new(ctl->socket, error);
    if (!socket)
        return -1;
    listener_give_to_group(ctl->socket, ctl->options.group, &ctl->gid);
    ctl->server = soup_server_new("server-header", NULL, NULL);
    soup_server_add_early_handler(ctl->server, NULL, on_headers, ctl, NULL);
    soup_server_add_handler(ctl->server, NULL, on_request, ctl, NULL);
    ctl->service = g_socket_service_new();
    g_autoptr(GError) cause = NULL;
    if (!g_socket_listener_add_socket(G_SOCKET_LISTENER(ctl->service), socket, NULL, &cause))
        return error_set(error, ERROR_FAILED, "cannot listen on %s: %s", ctl->socket,
                         cause->message);
    g_signal_connect(ctl->service, "incoming", G_CALLBACK(on_incoming), ctl);
    g_socket_service_start(ctl->service);
    return 0;
}

struct ctl *ctl_new(const struct ctl_options *options, struct error *error)
{
    struct ctl *ctl = memory_new(sizeof *ctl);
    ctl->options = *options;
    ctl->options.group = memory_copy_text(options->group ? options->group : "");
    ctl->socket = memory_copy_text(options->socket);
    ctl->hook_socket = memory_copy_text(options->hook_socket ? options->hook_socket : "");
    ctl->gid = (gid_t)-1;
    ctl->pending = g_hash_table_new_full(g_int64_hash, g_int64_equal, free, release_message);
    ctl->connections = g_hash_table_new(NULL, NULL);
    ctl->streams = event_streams_new();
    if (listen_api(ctl, error) < 0 ||
        (*ctl->hook_socket && !(ctl->hooks = hook_server_new(ctl, error)))) {
        ctl_free(ctl);
        return NULL;
    }
    return ctl;
}

static void forget_pending(void *id, void *message, void *ctl)
{
    (void)id;
    g_signal_handlers_disconnect_by_data(message, ctl);
}

static void stop_listening(struct ctl *ctl)
{
    if (!ctl->service)
        return;
    g_socket_service_stop(ctl->service);
    g_socket_listener_close(G_SOCKET_LISTENER(ctl->service));
    g_clear_object(&ctl->service);
    unlink(ctl->socket);
}

/* libsoup may let go of a connection later than we. */
static void forget_connections(struct ctl *ctl)
{
    GHashTableIter iterator;
    void *stream;
    g_hash_table_iter_init(&iterator, ctl->connections);
    while (g_hash_table_iter_next(&iterator, &stream, NULL))
        g_object_weak_unref(stream, on_stream_gone, ctl);
    g_hash_table_destroy(ctl->connections);
}

void ctl_free(struct ctl *ctl)
{
    if (!ctl)
        return;
    stop_listening(ctl);
    if (ctl->hooks)
        hook_server_free(ctl->hooks);
    g_hash_table_foreach(ctl->pending, forget_pending, ctl);
    g_hash_table_destroy(ctl->pending);
    event_streams_free(ctl->streams);
    if (ctl->server) {
        soup_server_disconnect(ctl->server);
        g_clear_object(&ctl->server);
    }
    forget_connections(ctl);
    free((char *)ctl->options.group);
    free(ctl->socket);
    free(ctl->hook_socket);
    free(ctl);
}

/* --- answers ----------------------------------------------------------------------------- */

/* {"text": ..., "result": what the engine added, or null} */
static json_t *answer_json(const struct effect *answer)
{
    json_t *result = NULL;
    if (answer->value && *answer->value)
        result = json_parse(answer->value, strlen(answer->value), "answer", NULL);
    json_t *json = json_object();
    json_object_set_new(json, "text", json_from_text(answer->text));
    json_object_set_new(json, "result", result ? result : json_null());
    return json;
}

void ctl_answer(struct ctl *ctl, const struct effect *answer)
{
    SoupServerMessage *message = g_hash_table_lookup(ctl->pending, &answer->request);
    if (!message)
        return; /* who asked has gone; what they asked for is done all the same */
    g_object_ref(message);
    g_signal_handlers_disconnect_by_data(message, ctl);
    g_object_set_data(G_OBJECT(message), "drover-request", NULL);
    g_hash_table_remove(ctl->pending, &answer->request);
    if (answer->status == ERROR_NONE) {
        respond_json(message, SOUP_STATUS_OK, answer_json(answer));
    } else {
        struct error error = {.kind = (enum error_kind)answer->status};
        snprintf(error.text, sizeof error.text, "%s", answer->text);
        respond_error(message, &error);
    }
    soup_server_message_unpause(message);
    g_object_unref(message);
}

int ctl_hook_hosts(struct ctl *ctl, const char *dir, const char *const *hosts, uint32_t n,
                   struct error *error)
{
    return ctl->hooks ? hook_server_hosts(ctl->hooks, dir, hosts, n, error) : 0;
}

void ctl_hook_answer(struct ctl *ctl, const struct effect *answer)
{
    if (ctl->hooks)
        hook_server_answer(ctl->hooks, answer);
}

void ctl_publish(struct ctl *ctl, const char *kind, const char *json)
{
    event_streams_publish(ctl->streams, kind, json);
}
