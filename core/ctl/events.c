/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GET /v1/events: server-sent events. Each listener has a bounded buffer: one that does not keep
 * up is cut off, and connects again; nobody else waits for it.
 */
#include "ctl/server_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_LIMIT (256 * 1024)
#define HEARTBEAT_S 15 /* a comment; it also finds listeners that have gone without a word */

struct stream {
    struct event_streams *streams;
    SoupServerMessage *message;
    size_t waiting; /* bytes handed to libsoup and not written yet */
};

struct event_streams {
    GPtrArray *list; /* struct stream */
    unsigned heartbeat;
};

static void stream_end(struct stream *stream)
{
    g_signal_handlers_disconnect_by_data(stream->message, stream);
    g_object_unref(stream->message);
    free(stream);
}

static void on_wrote(SoupServerMessage *message, unsigned size, void *data)
{
    struct stream *stream = data;
    (void)message;
    stream->waiting -= size < stream->waiting ? size : stream->waiting;
}

static void on_finished(SoupServerMessage *message, void *data)
{
    struct stream *stream = data;
    (void)message;
    g_ptr_array_remove_fast(stream->streams->list, stream);
}

/* False: it does not keep up. Its connection is broken; on_finished follows from the loop. */
static bool stream_send(struct stream *stream, const char *text, size_t length)
{
    if (stream->waiting + length > BUFFER_LIMIT) {
        struct connection *connection = connection_of(stream->message);
        if (connection)
            g_socket_shutdown(connection->socket, TRUE, TRUE, NULL);
        return false;
    }
    stream->waiting += length;
    soup_message_body_append(soup_server_message_get_response_body(stream->message),
                             SOUP_MEMORY_COPY, text, length);
    soup_server_message_unpause(stream->message);
    return true;
}

static void send_all(struct event_streams *streams, const char *text, size_t length)
{
    for (unsigned i = 0; i < streams->list->len; i++)
        stream_send(g_ptr_array_index(streams->list, i), text, length);
}

static gboolean beat(void *data)
{
    send_all(data, ":\n\n", 3);
    return G_SOURCE_CONTINUE;
}

struct event_streams *event_streams_new(void)
{
    struct event_streams *streams = memory_new(sizeof *streams);
    streams->list = g_ptr_array_new_with_free_func((GDestroyNotify)stream_end);
    streams->heartbeat = g_timeout_add_seconds(HEARTBEAT_S, beat, streams);
    return streams;
}

void event_streams_free(struct event_streams *streams)
{
    g_source_remove(streams->heartbeat);
    g_ptr_array_unref(streams->list);
    free(streams);
}

void event_streams_add(struct event_streams *streams, SoupServerMessage *message)
{
    struct stream *stream = memory_new(sizeof *stream);
    stream->streams = streams;
    stream->message = g_object_ref(message);
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
    soup_message_headers_set_encoding(headers, SOUP_ENCODING_CHUNKED);
    soup_message_headers_set_content_type(headers, "text/event-stream", NULL);
    soup_message_headers_append(headers, "Cache-Control", "no-store");
    /* Else every chunk ever sent would stay in memory. */
    soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
    g_signal_connect(message, "wrote-body-data", G_CALLBACK(on_wrote), stream);
    g_signal_connect(message, "finished", G_CALLBACK(on_finished), stream);
    g_ptr_array_add(streams->list, stream);
    stream_send(stream, ": drover\n\n", 10);
}

/* One line of data: newlines would end the event early. */
void event_streams_publish(struct event_streams *streams, const char *kind, const char *json)
{
    if (!streams->list->len)
        return;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "event: %s\ndata: ", kind);
    for (const char *c = json; *c; c++)
        if (*c != '\n' && *c != '\r')
            g_string_append_c(text, *c);
    g_string_append(text, "\n\n");
    send_all(streams, text->str, text->len);
    g_string_free(text, TRUE);
}
