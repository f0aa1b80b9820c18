/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook socket: one question, one answer, one connection (codec/hook_frame.h). Non-blocking,
 * bounded, root alone. Bytes that are no question end the connection without an answer: then the
 * rule in the hook's own file holds, and no VM depends on what a stranger sent.
 *
 * Doors: the common socket, for this machine, and one socket for each host, which SSH carries there.
 * What comes through a host's door comes from that host, whatever name the question gives. A door
 * takes so many at a time; whoever comes then waits before it, for as long as hooks wait.
 */
#include "ctl/server_private.h"

#include "base/memory.h"
#include "codec/hook_frame.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTION_MS 2000 /* for a question to arrive */
#define ANSWER_MS 10000  /* for it to be answered; hooks do not wait so long */
#define PIECE 65536
#define MOST_AT_A_DOOR 256
#define SAY_EVERY_US (60 * G_USEC_PER_SEC)

struct door {
    struct hook_server *hooks;
    char *host; /* NULL: the common one, where questions say of which host they are */
    char *path;
    GSocketService *service;
    unsigned inside; /* connections */
    bool wanted;     /* while the list of hosts is gone through */
};

struct asking {
    struct door *door;
    GSocketConnection *stream;
    GSocket *socket; /* the stream's */
    GSource *source; /* reading, then writing; NULL while the engine thinks */
    unsigned deadline;
    uint64_t id; /* 0: not asked yet */
    GByteArray *bytes;
    GByteArray *question; /* kept where its XML has secrets, for new XML; else NULL */
    size_t written;
};

struct hook_server {
    struct ctl *ctl;
    GPtrArray *doors; /* struct door; the common one first */
    GPtrArray *list;  /* struct asking */
    uint64_t unsaid; /* bad connections since the last line in the log */
    gint64 said_at;
};

static void asking_free(void *data)
{
    struct asking *asking = data;
    if (asking->source) {
        g_source_destroy(asking->source);
        g_source_unref(asking->source);
    }
    if (asking->deadline)
        g_source_remove(asking->deadline);
    g_io_stream_close(G_IO_STREAM(asking->stream), NULL, NULL);
    g_object_unref(asking->stream);
    g_byte_array_unref(asking->bytes);
    if (asking->question)
        g_byte_array_unref(asking->question);
    if (asking->door->inside-- == MOST_AT_A_DOOR)
        g_socket_service_start(asking->door->service);
    free(asking);
}

static void end(struct asking *asking)
{
    g_ptr_array_remove_fast(asking->door->hooks->list, asking);
}

/* What is wrong on this socket is said once a minute at most: whoever can send can send a lot. */
static void complain(struct hook_server *hooks, const char *why)
{
    gint64 now = g_get_monotonic_time();
    hooks->unsaid++;
    if (hooks->said_at && now - hooks->said_at < SAY_EVERY_US)
        return;
    g_warning("hook socket: %s (%" G_GUINT64_FORMAT " bad connections since last said); the "
              "hook's own rule decided",
              why, hooks->unsaid);
    hooks->said_at = now;
    hooks->unsaid = 0;
}

static gboolean on_deadline(void *data)
{
    struct asking *asking = data;
    asking->deadline = 0;
    if (!asking->id)
        complain(asking->door->hooks, "a question did not arrive whole in time");
    end(asking);
    return G_SOURCE_REMOVE;
}

static void set_deadline(struct asking *asking, unsigned ms)
{
    if (asking->deadline)
        g_source_remove(asking->deadline);
    asking->deadline = g_timeout_add(ms, on_deadline, asking);
}

static void watch(struct asking *asking, GIOCondition condition,
                  gboolean (*ready)(GSocket *, GIOCondition, void *))
{
    if (asking->source) {
        g_source_destroy(asking->source);
        g_clear_pointer(&asking->source, g_source_unref);
    }
    if (!ready)
        return;
    asking->source = g_socket_create_source(asking->socket, condition, NULL);
    g_source_set_callback(asking->source, (GSourceFunc)(void (*)(void))ready, asking, NULL);
    g_source_attach(asking->source, NULL);
}

/* --- the question ------------------------------------------------------------------------ */

static void ask(struct asking *asking)
{
    const struct door *door = asking->door;
    struct ctl *ctl = door->hooks->ctl;
    struct error error = ERROR_INIT;
    struct event *event = event_new(EVENT_HOOK_ASK, ctl->options.now(ctl->options.self));
    if (hook_frame_read(asking->bytes->data, asking->bytes->len, event, &error) < 0) {
        complain(door->hooks, error.text);
        event_free(event);
        end(asking);
        return;
    }
    if (door->host)
        event_set(event, &event->host, door->host);
    if (event->hook.xml_redacted) {
        asking->question = asking->bytes;
        asking->bytes = g_byte_array_new();
    }
    g_byte_array_set_size(asking->bytes, 0);
    asking->id = event->id = ++ctl->last_id;
    watch(asking, 0, NULL);
    set_deadline(asking, ANSWER_MS);
    ctl->options.hook(ctl->options.self, event);
}

/* Returns whether to read on. */
static bool take_bytes(struct asking *asking, const unsigned char *piece, gssize n)
{
    struct error error = ERROR_INIT;
    g_byte_array_append(asking->bytes, piece, (guint)n);
    size_t need = hook_frame_need(asking->bytes->data, asking->bytes->len, &error);
    if (need == 0) {
        complain(asking->door->hooks, error.text);
        end(asking);
        return false;
    }
    if (need > asking->bytes->len)
        return true;
    ask(asking);
    return false;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, void *data)
{
    struct asking *asking = data;
    static unsigned char piece[PIECE]; /* the main loop's alone */
    g_autoptr(GError) cause = NULL;
    (void)condition;
    gssize n = g_socket_receive(socket, (char *)piece, sizeof piece, NULL, &cause);
    if (n < 0 && g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
    if (n > 0)
        return take_bytes(asking, piece, n);
    if (asking->bytes->len)
        complain(asking->door->hooks, "a question ended too early");
    end(asking);
    return G_SOURCE_REMOVE;
}

/* --- the answer -------------------------------------------------------------------------- */

static gboolean on_writable(GSocket *socket, GIOCondition condition, void *data)
{
    struct asking *asking = data;
    g_autoptr(GError) cause = NULL;
    (void)condition;
    gssize n = g_socket_send(socket, (const char *)asking->bytes->data + asking->written,
                             asking->bytes->len - asking->written, NULL, &cause);
    if (n < 0 && g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
    if (n > 0)
        asking->written += (size_t)n;
    if (n > 0 && asking->written < asking->bytes->len)
        return G_SOURCE_CONTINUE;
    end(asking);
    return G_SOURCE_REMOVE;
}

static unsigned char *answer_bytes(const struct asking *asking, const struct effect *answer,
                                   size_t *length)
{
    if (!asking->question)
        return hook_frame_answer(answer->ok, answer->text, answer->value, length);
    struct error error = ERROR_INIT;
    unsigned char *bytes = hook_frame_answer_to(asking->question->data, answer->ok, answer->text,
                                                answer->value, length, &error);
    if (error.kind != ERROR_NONE)
        g_warning("hook: new XML for a VM was refused: %s", error.text);
    return bytes;
}

void hook_server_answer(struct hook_server *hooks, const struct effect *answer)
{
    for (unsigned i = 0; i < hooks->list->len; i++) {
        struct asking *asking = g_ptr_array_index(hooks->list, i);
        if (asking->id != answer->request || asking->bytes->len)
            continue;
        size_t length;
        unsigned char *bytes = answer_bytes(asking, answer, &length);
        g_byte_array_append(asking->bytes, bytes, (guint)length);
        free(bytes);
        watch(asking, G_IO_OUT, on_writable);
        return;
    }
}

/* --- doors --------------------------------------------------------------------------------- */

static gboolean on_incoming(GSocketService *service, GSocketConnection *stream, GObject *source,
                            void *data)
{
    struct door *door = data;
    (void)source;
    GSocket *socket = g_socket_connection_get_socket(stream);
    struct peer peer = peer_of(socket, (gid_t)-1);
    if (!peer_is_us(&peer)) {
        complain(door->hooks, "somebody who is not root connected");
        return TRUE;
    }
    struct asking *asking = memory_new(sizeof *asking);
    asking->door = door;
    asking->stream = g_object_ref(stream);
    asking->socket = socket;
    g_socket_set_blocking(socket, FALSE);
    asking->bytes = g_byte_array_new();
    g_ptr_array_add(door->hooks->list, asking);
    if (++door->inside == MOST_AT_A_DOOR)
        g_socket_service_stop(service);
    set_deadline(asking, QUESTION_MS);
    watch(asking, G_IO_IN, on_readable);
    return TRUE;
}

static void door_free(void *data)
{
    struct door *door = data;
    GPtrArray *list = door->hooks->list;
    for (unsigned i = list->len; i-- > 0;)
        if (((struct asking *)g_ptr_array_index(list, i))->door == door)
            g_ptr_array_remove_index_fast(list, i);
    if (door->service) {
        g_socket_service_stop(door->service);
        g_socket_listener_close(G_SOCKET_LISTENER(door->service));
        g_object_unref(door->service);
        unlink(door->path);
    }
    free(door->host);
    free(door->path);
    free(door);
}

/* -1 with the error set. */
static int open_door(struct hook_server *hooks, const char *host, const char *path,
                     struct error *error)
{
    g_autoptr(GSocket) socket = listener_new(path, error);
    if (!socket)
        return -1;
    struct door *door = memory_new(sizeof *door);
    door->hooks = hooks;
    door->host = host ? memory_copy_text(host) : NULL;
    door->path = memory_copy_text(path);
    door->wanted = true;
    door->service = g_socket_service_new();
    g_ptr_array_add(hooks->doors, door);
    g_autoptr(GError) cause = NULL;
    if (!g_socket_listener_add_socket(G_SOCKET_LISTENER(door->service), socket, NULL, &cause)) {
        error_set(error, ERROR_FAILED, "cannot listen on %s: %s", path, cause->message);
        g_ptr_array_remove_fast(hooks->doors, door);
        return -1;
    }
    g_signal_connect(door->service, "incoming", G_CALLBACK(on_incoming), door);
    g_socket_service_start(door->service);
    return 0;
}

static struct door *door_of(const struct hook_server *hooks, const char *host)
{
    for (unsigned i = 1; i < hooks->doors->len; i++) {
        struct door *door = g_ptr_array_index(hooks->doors, i);
        if (strcmp(door->host, host) == 0)
            return door;
    }
    return NULL;
}

int hook_server_hosts(struct hook_server *hooks, const char *dir, const char *const *hosts,
                      uint32_t n, struct error *error)
{
    int result = 0;
    for (unsigned i = 1; i < hooks->doors->len; i++)
        ((struct door *)g_ptr_array_index(hooks->doors, i))->wanted = false;
    for (uint32_t i = 0; i < n; i++) {
        struct door *door = door_of(hooks, hosts[i]);
        if (door) {
            door->wanted = true;
            continue;
        }
        g_autofree char *path = g_strdup_printf("%s/%s.sock", dir, hosts[i]);
        if (open_door(hooks, hosts[i], path, error) < 0)
            result = -1; /* the others are of use all the same */
    }
    for (unsigned i = hooks->doors->len; i-- > 1;)
        if (!((struct door *)g_ptr_array_index(hooks->doors, i))->wanted)
            g_ptr_array_remove_index(hooks->doors, i);
    return result;
}

struct hook_server *hook_server_new(struct ctl *ctl, struct error *error)
{
    struct hook_server *hooks = memory_new(sizeof *hooks);
    hooks->ctl = ctl;
    hooks->list = g_ptr_array_new_with_free_func(asking_free);
    hooks->doors = g_ptr_array_new_with_free_func(door_free);
    if (open_door(hooks, NULL, ctl->hook_socket, error) == 0)
        return hooks;
    hook_server_free(hooks);
    return NULL;
}

void hook_server_free(struct hook_server *hooks)
{
    g_ptr_array_unref(hooks->doors);
    g_ptr_array_unref(hooks->list);
    free(hooks);
}
