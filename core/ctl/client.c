/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The API's client, over the same HTTP library as the server. Blocking; for the command line. */
#include "ctl/client.h"

#include "base/memory.h"
#include "codec/json.h"
#include "ctl/api_json.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_S 60   /* a plan for a large fleet takes a while */
#define EVENTS_TIMEOUT_S 60 /* droverd says something every 15 s, if only that it lives */
#define ANSWER_LIMIT ((size_t)256 * 1024 * 1024)

struct client {
    char *socket;
    SoupSession *session;
};

struct client *client_new(const char *socket)
{
    struct client *client = memory_new(sizeof *client);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket);
    client->socket = memory_copy_text(socket);
    client->session = soup_session_new_with_options("remote-connectable", address, "timeout",
                                                    CALL_TIMEOUT_S, "proxy-resolver", NULL, NULL);
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    g_object_unref(client->session);
    free(client->socket);
    free(client);
}

/* GLib's words for why nobody answers, with what to do. */
static void set_no_answer(struct client *client, const GError *cause, struct error *error)
{
    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        error_set(error, ERROR_FORBIDDEN,
                  "%s: you may not use droverd's socket. Be root, or a member of the group that "
                  "owns it (usually drover)",
                  client->socket);
    else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        error_set(error, ERROR_NO_DAEMON, "droverd at %s did not answer within %d s",
                  client->socket, CALL_TIMEOUT_S);
    else
        error_set(error, ERROR_NO_DAEMON,
                  "no droverd answers at %s (%s): start it with `systemctl start droverd`, or name "
                  "its socket with --socket",
                  client->socket, cause->message);
}

static SoupMessage *message_new(const char *method, const char *path, struct error *error)
{
    g_autofree char *uri = g_strconcat("http://droverd", path, NULL);
    SoupMessage *message = soup_message_new(method, uri);
    if (!message)
        error_set(error, ERROR_USAGE, "%.200s is not a path", path);
    return message;
}

static GBytes *send_message(struct client *client, SoupMessage *message, struct error *error)
{
    g_autoptr(GError) cause = NULL;
    GBytes *bytes = soup_session_send_and_read(client->session, message, NULL, &cause);
    if (!bytes) {
        set_no_answer(client, cause, error);
        return NULL;
    }
    if (g_bytes_get_size(bytes) <= ANSWER_LIMIT)
        return bytes;
    g_bytes_unref(bytes);
    error_set(error, ERROR_FAILED, "droverd's answer is larger than this program takes");
    return NULL;
}

/* An answer that is not 2xx is an error in JSON. */
static void set_said_error(const char *text, size_t length, unsigned status, struct error *error)
{
    json_t *json = json_parse(text, length, "answer", NULL);
    if (json)
        api_json_to_error(json, error);
    else
        error_set(error, ERROR_FAILED, "droverd answered with HTTP status %u", status);
    json_decref(json);
}

json_t *client_call(struct client *client, const char *method, const char *path, json_t *body,
                    struct error *error)
{
    g_autoptr(SoupMessage) message = message_new(method, path, error);
    if (!message)
        return NULL;
    if (body) {
        char *text = json_text(body);
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        free(text);
        soup_message_set_request_body_from_bytes(message, "application/json", bytes);
    }
    g_autoptr(GBytes) answer = send_message(client, message, error);
    if (!answer)
        return NULL;
    size_t length;
    const char *text = g_bytes_get_data(answer, &length);
    if (SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message)))
        return json_parse(length ? text : "", length, "answer", error);
    set_said_error(length ? text : "", length, soup_message_get_status(message), error);
    return NULL;
}

char *client_text(struct client *client, const char *path, struct error *error)
{
    g_autoptr(SoupMessage) message = message_new("GET", path, error);
    g_autoptr(GBytes) answer = message ? send_message(client, message, error) : NULL;
    if (!answer)
        return NULL;
    size_t length;
    const char *bytes = g_bytes_get_data(answer, &length);
    if (!SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message))) {
        set_said_error(length ? bytes : "", length, soup_message_get_status(message), error);
        return NULL;
    }
    char *text = memory_new(length + 1);
    if (length)
        memcpy(text, bytes, length);
    return text;
}

/* --- events ------------------------------------------------------------------------------ */

struct following {
    GDataInputStream *lines;
    GString *kind, *data;
    bool (*event)(void *self, const char *kind, const char *json);
    void *self;
};

/* One line of the stream; an empty one ends an event. False: whoever follows has had enough. */
static bool take_line(struct following *following, const char *line)
{
    if (strncmp(line, "event: ", 7) == 0) {
        g_string_assign(following->kind, line + 7);
    } else if (strncmp(line, "data: ", 6) == 0) {
        g_string_append(following->data, line + 6);
    } else if (!*line && following->data->len) {
        bool more = following->event(following->self, following->kind->str, following->data->str);
        g_string_truncate(following->kind, 0);
        g_string_truncate(following->data, 0);
        return more;
    }
    return true;
}

static int follow(struct client *client, struct following *following, struct error *error)
{
    for (;;) {
        g_autoptr(GError) cause = NULL;
        g_autofree char *line =
            g_data_input_stream_read_line(following->lines, NULL, NULL, &cause);
        if (cause) {
            set_no_answer(client, cause, error);
            return -1;
        }
        if (!line || !take_line(following, line))
            return 0;
    }
}

static int refused_events(GInputStream *stream, SoupMessage *message, struct error *error)
{
    char text[4096];
    gsize length = 0;
    g_input_stream_read_all(stream, text, sizeof text, &length, NULL, NULL);
    set_said_error(text, length, soup_message_get_status(message), error);
    return -1;
}

int client_events(struct client *client,
                  bool (*event)(void *self, const char *kind, const char *json), void *self,
                  struct error *error)
{
    g_autoptr(SoupMessage) message = message_new("GET", "/v1/events", error);
    if (!message)
        return -1;
    g_autoptr(GError) cause = NULL;
    soup_session_set_timeout(client->session, EVENTS_TIMEOUT_S);
    g_autoptr(GInputStream) stream = soup_session_send(client->session, message, NULL, &cause);
    if (!stream) {
        set_no_answer(client, cause, error);
        return -1;
    }
    if (!SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message)))
        return refused_events(stream, message, error);
    struct following following = {g_data_input_stream_new(stream), g_string_new(NULL),
                                  g_string_new(NULL), event, self};
    g_data_input_stream_set_newline_type(following.lines, G_DATA_STREAM_NEWLINE_TYPE_LF);
    int status = follow(client, &following, error);
    g_object_unref(following.lines);
    g_string_free(following.kind, TRUE);
    g_string_free(following.data, TRUE);
    return status;
}
