/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file on shared storage that a host writes anew every few seconds: see daemon.h. Any change of
 * it within the time that it is looked at is a sign of life. Two looks are compared with each
 * other, and never a time in it with a clock: clocks of two machines differ.
 *
 * Storage that hangs, hangs whoever reads it. So each look has a thread, and a file of which two
 * have not come back gets no third one.
 */
#include "daemon/daemon.h"

#include "base/memory.h"
#include "virt/outbox.h"
#include "virt/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_MS 250
#define LOOKS_MAX 2 /* of one file: one that was left a moment ago may still be on its way back */

struct heartbeats {
    struct outbox *outbox;
    GPtrArray *looks; /* struct heartbeat: those that have not come back */
};

/* What is compared. */
struct sight {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed, written;
    char content[256]; /* the beginning: writers keep it short */
};

struct heartbeat {
    struct note note; /* first: the thread's way back */
    struct heartbeats *heartbeats;
    struct outbox *outbox;
    heartbeat_seen *seen;
    void *self; /* NULL: nobody wants to know any more */
    guint timer;
    char *path;
    double seconds;
    atomic_bool stop;
    /* of the thread */
    bool looked, beats;
    int wrong; /* errno of the last look that failed */
};

/* ------------------------------------------------------------------ in the thread */

/* Opened anew each time: that is when NFS asks its server what has become of a file. */
static bool look(const char *path, struct sight *sight, int *wrong)
{
    struct stat is;
    memset(sight, 0, sizeof *sight);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool done = fd >= 0 && fstat(fd, &is) == 0;
    if (done && !S_ISREG(is.st_mode)) {
        errno = S_ISDIR(is.st_mode) ? EISDIR : EINVAL;
        done = false;
    }
    done = done && read(fd, sight->content, sizeof sight->content) >= 0;
    if (!done)
        *wrong = errno;
    if (fd >= 0)
        close(fd);
    if (!done)
        return false;
    sight->device = is.st_dev;
    sight->inode = is.st_ino;
    sight->size = is.st_size;
    sight->changed = is.st_ctim;
    sight->written = is.st_mtim;
    return true;
}

static bool differ(const struct sight *a, const struct sight *b)
{
    return a->device != b->device || a->inode != b->inode || a->size != b->size ||
           a->changed.tv_sec != b->changed.tv_sec || a->changed.tv_nsec != b->changed.tv_nsec ||
           a->written.tv_sec != b->written.tv_sec || a->written.tv_nsec != b->written.tv_nsec ||
           memcmp(a->content, b->content, sizeof a->content) != 0;
}

static void *watch_main(void *data)
{
    struct heartbeat *heartbeat = data;
    gint64 until = g_get_monotonic_time() + (gint64)(heartbeat->seconds * 1e6);
    struct sight first = {0}, now;
    while (!heartbeat->beats && !atomic_load(&heartbeat->stop)) {
        if (!heartbeat->looked)
            heartbeat->looked = look(heartbeat->path, &first, &heartbeat->wrong);
        else if (look(heartbeat->path, &now, &heartbeat->wrong))
            heartbeat->beats = differ(&first, &now);
        if (g_get_monotonic_time() >= until)
            break;
        g_usleep(PAUSE_MS * 1000);
    }
    outbox_put(heartbeat->outbox, &heartbeat->note);
    return NULL;
}

/* ------------------------------------------------------------------ on the main loop */

static void heartbeat_free(struct note *note)
{
    struct heartbeat *heartbeat = (struct heartbeat *)note;
    struct outbox *outbox = heartbeat->outbox;
    free(heartbeat->path);
    free(heartbeat);
    outbox_unref(outbox);
}

static void tell(struct heartbeat *heartbeat, enum heartbeat_result result, const char *text)
{
    void *self = heartbeat->self;
    heartbeat_leave(heartbeat);
    if (self)
        heartbeat->seen(self, result, text);
}

static void deliver(struct note *note)
{
    struct heartbeat *heartbeat = (struct heartbeat *)note;
    g_ptr_array_remove_fast(heartbeat->heartbeats->looks, heartbeat);
    if (heartbeat->beats)
        tell(heartbeat, HEARTBEAT_BEATS, "is being written");
    else if (heartbeat->looked)
        tell(heartbeat, HEARTBEAT_STILL, "is not written any more");
    else
        tell(heartbeat, HEARTBEAT_UNREADABLE, g_strerror(heartbeat->wrong));
}

/* Its thread is left to its fate. */
static gboolean on_overrun(gpointer data)
{
    struct heartbeat *heartbeat = data;
    heartbeat->timer = 0;
    tell(heartbeat, HEARTBEAT_UNREADABLE, "its storage does not answer");
    return G_SOURCE_REMOVE;
}

void heartbeat_leave(struct heartbeat *heartbeat)
{
    if (heartbeat->timer)
        g_source_remove(heartbeat->timer);
    heartbeat->timer = 0;
    heartbeat->self = NULL;
    atomic_store(&heartbeat->stop, true);
}

static unsigned looks_at(const struct heartbeats *heartbeats, const char *path)
{
    unsigned n = 0;
    for (guint i = 0; i < heartbeats->looks->len; i++) {
        const struct heartbeat *look = g_ptr_array_index(heartbeats->looks, i);
        n += strcmp(look->path, path) == 0;
    }
    return n;
}

struct heartbeat *heartbeat_watch(struct heartbeats *heartbeats, const char *path, double seconds,
                                  heartbeat_seen *seen, void *self)
{
    if (looks_at(heartbeats, path) >= LOOKS_MAX)
        return NULL;
    struct heartbeat *heartbeat = memory_new(sizeof *heartbeat);
    heartbeat->note.deliver = deliver;
    heartbeat->note.free = heartbeat_free;
    heartbeat->heartbeats = heartbeats;
    heartbeat->outbox = outbox_ref(heartbeats->outbox);
    heartbeat->seen = seen;
    heartbeat->self = self;
    heartbeat->path = memory_copy_text(path);
    heartbeat->seconds = seconds;
    if (thread_begin(watch_main, heartbeat) != 0) {
        heartbeat_free(&heartbeat->note);
        return NULL;
    }
    heartbeat->timer = g_timeout_add((guint)(seconds * 1000) + 2000, on_overrun, heartbeat);
    g_ptr_array_add(heartbeats->looks, heartbeat);
    return heartbeat;
}

struct heartbeats *heartbeats_new(void)
{
    struct heartbeats *heartbeats = memory_new(sizeof *heartbeats);
    heartbeats->outbox = outbox_new();
    heartbeats->looks = g_ptr_array_new();
    return heartbeats;
}

void heartbeats_free(struct heartbeats *heartbeats)
{
    for (guint i = 0; i < heartbeats->looks->len; i++)
        heartbeat_leave(g_ptr_array_index(heartbeats->looks, i));
    g_ptr_array_unref(heartbeats->looks);
    outbox_close(heartbeats->outbox);
    outbox_unref(heartbeats->outbox);
    free(heartbeats);
}
