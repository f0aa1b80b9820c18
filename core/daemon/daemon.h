/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * droverd: wires the rooms together and holds no rules.
 *
 * Everything that happens becomes an event and comes to daemon_take(): it is journalled, the
 * engine takes it, and what comes out is performed, answered, logged and journalled. One thread
 * does this; workers of virt/ and store/ post to it.
 */
#ifndef DROVER_DAEMON_DAEMON_H
#define DROVER_DAEMON_DAEMON_H

#include "ctl/server.h"
#include "engine/engine.h"
#include "model/world.h"
#include "set/set.h"
#include "store/store.h"

#include <gio/gio.h>

struct watcher;
struct orders;
struct fencer;
struct prober;

struct daemon {
    const char *config; /* path of drover.yaml */
    enum plug_trust trust;
    GMainLoop *loop;
    struct engine *engine;
    struct set *set;
    struct store *store;
    struct ctl *ctl;
    struct world world;
    struct watcher *watcher;
    struct orders *orders;
    struct fencer *fencer;
    struct prober *prober;
    GQueue *events; /* waiting while one is being taken */
    bool taking;
    struct effects effects;
    guint timer;
    double started_at;
    uint64_t events_taken;
    uint64_t migrations_ended[MIGRATION_CANCELLED + 1]; /* by state, since the start */
    char *hook_dir; /* where the hosts' hook sockets are */
    struct error problem; /* the first plugin that could not be loaded, of the last set */
};

/* Seconds since the epoch. */
double daemon_now(void);

/* take.c. Takes the event over. */
void daemon_take(struct daemon *daemon, struct event *event);
struct event *daemon_event(enum event_kind kind);

/* reload.c: load a new set and put it in force, or keep the old one and say why. 0 or -1. */
int daemon_reload(struct daemon *daemon, struct error *error);
void daemon_keep_texts(struct daemon *daemon); /* what the set was made from, into the journal */
struct event *daemon_set_event(const struct set *set); /* with what is known of this machine */
void daemon_plugin_problem(void *self, const char *path, const struct error *error);

/* doors.c: a hook socket for each host of the set in force. Says itself what is wrong. */
void daemon_open_hook_doors(struct daemon *daemon);

/* orders.c: moves wait until what is remembered of them is on disk. */
struct orders *orders_new(struct daemon *daemon);
void orders_free(struct orders *orders);
void orders_add(struct orders *orders, const struct effect *effect);
void orders_flush(struct orders *orders); /* after the step's effects are handed to the store */

/*
 * fence.c: orders to fence devices. Each runs in a thread of its own, one at a time for a device,
 * and EVENT_FENCED comes of it within its timeout and two seconds, whatever the unit does: where
 * it cannot be had by then, "unknown".
 */
struct fencer *fencer_new(struct daemon *daemon);
void fencer_order(struct fencer *fencer, const struct effect *effect);
void fencer_free(struct fencer *fencer); /* threads that are out end by themselves, unheard */

/*
 * probe.c: does anything of a host answer? TCP to where libvirt, the migration network and the
 * addresses of `probe` are, from here and by those in `probe_from`, and a look at its `heartbeat`;
 * EVENT_PROBED comes within seconds. A refusal is an answer, too, of its own kind.
 */
struct prober *prober_new(struct daemon *daemon);
void prober_begin(struct prober *prober, const struct effect *effect);
void prober_free(struct prober *prober);

/*
 * knock.c: whether anything takes a TCP connection there. `heard` is called once, on the main loop,
 * not from within knock_at(), and soon after `cancellable` is cancelled, which is how it ends where
 * nobody answers: there is no other limit to its time.
 */
enum knock_result {
    KNOCK_ANSWERS,
    KNOCK_REFUSED, /* something there lives */
    KNOCK_SILENT,
    KNOCK_NOT_TRIED, /* no packet has left for it; why says what was in the way */
};
typedef void knock_heard(void *self, enum knock_result result, const char *why);
void knock_at(GSocketConnectable *where, GCancellable *cancellable, knock_heard *heard,
              void *self);

/*
 * heartbeat.c: whether a file is being written, for so many seconds at most. `seen` is called once,
 * on the main loop, not from within heartbeat_watch(), at the latest two seconds later, also where
 * the file's storage hangs; not after heartbeat_leave(). What heartbeat_watch() returned is not
 * touched any more after either. NULL: earlier looks at this file have not come back, or there is
 * no thread to be had.
 */
struct heartbeats;
struct heartbeat;
enum heartbeat_result {
    HEARTBEAT_BEATS, /* it changed */
    HEARTBEAT_STILL, /* it could be read, and did not change */
    HEARTBEAT_UNREADABLE,
};
typedef void heartbeat_seen(void *self, enum heartbeat_result result, const char *text);
struct heartbeats *heartbeats_new(void);
struct heartbeat *heartbeat_watch(struct heartbeats *heartbeats, const char *path, double seconds,
                                  heartbeat_seen *seen, void *self);
void heartbeat_leave(struct heartbeat *heartbeat);
void heartbeats_free(struct heartbeats *heartbeats); /* threads that are out end by themselves */

/*
 * witness.c: whether another machine reaches an address, HOST:PORT. destination: for ssh(1).
 * `heard` is called once, on the main loop, within seconds, not from within witness_ask(), and not
 * after witness_leave(). What witness_ask() returned is not touched any more after either. NULL:
 * ssh cannot be run.
 */
struct witness;
enum witness_result {
    WITNESS_REACHES,
    WITNESS_REFUSED, /* the connection was: something there lives */
    WITNESS_NO_WORD, /* neither, or the witness itself was not reached */
};
typedef void witness_heard(void *self, enum witness_result result, const char *words);
struct witness *witness_ask(const char *destination, const char *address, witness_heard *heard,
                            void *self);
void witness_leave(struct witness *witness);

/* source.c: what the API shows. */
struct api_source daemon_source(struct daemon *daemon);

/* watcher.c: files that change (inotify). */
struct watcher *watcher_new(struct daemon *daemon, struct error *error);
void watcher_free(struct watcher *watcher);
void watcher_update(struct watcher *watcher); /* directories of a new set */

/* log.c: lines on standard error, with a <N> priority where the journal of systemd reads them. */
void log_line(enum notice_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_notice(const struct effect *notice);

/* supervise.c: what systemd is told, where it listens. */
void supervise_tell(const char *state);

#endif
