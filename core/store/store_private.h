/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the store. Who may touch what:
 *   - the caller's thread: `reader`, and the queue under `lock`;
 *   - the writer thread: `writer` (connection and statements), the batch it has taken;
 *   - what both need (queue, counters, deliveries) only under `lock`.
 */
#ifndef DROVER_STORE_PRIVATE_H
#define DROVER_STORE_PRIVATE_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x44525652 /* "DRVR" */
#define STORE_VERSION 1

/* What is done to the database, one statement each. */
enum store_op {
    OP_EVENT,
    OP_EFFECT,
    OP_DECISION,
    OP_MIGRATION,
    OP_REMEMBER,
    OP_FORGET,
    OP_TEXT,
    OP_DEFINITION,
    OP_BARRIER, /* no statement: somebody waits for all before it */
    N_OPS
};

/* What goes first when memory is full. */
enum store_class {
    CLASS_SAMPLE, /* statistics and ticks: the next ones replace them */
    CLASS_PLAIN,
    CLASS_KEPT, /* never dropped; written at once, and synced */
    N_CLASSES
};

/* A record on its way to disk, with its texts behind it. */
struct store_entry {
    struct store_entry *next;
    enum store_op op;
    enum store_class class;
    size_t bytes; /* of memory */
    int64_t number[2];
    double at;
    const char *text[3];
    void (*done)(void *self, bool on_disk); /* of barriers */
    void *self;
    char data[];
};

struct store_queue {
    struct store_entry *first, **last;
    size_t bytes[N_CLASSES];
    uint32_t n;
};

void queue_init(struct store_queue *queue);
void queue_put(struct store_queue *queue, struct store_entry *entry);
struct store_entry *queue_take(struct store_queue *queue); /* NULL: empty */
void queue_clear(struct store_queue *queue);
size_t queue_bytes(const struct store_queue *queue);
/* Make room for an entry, or say that it is the one to go. Counts what was dropped. */
bool queue_make_room(struct store_queue *queue, size_t held, const struct store_entry *entry,
                     uint64_t *dropped);

/* texts: up to three, NULL ends. */
struct store_entry *entry_new(enum store_op op, enum store_class class, int64_t number0,
                              int64_t number1, double at, const char *const texts[3]);

/* Something to be said on the main context. */
struct store_delivery {
    struct store_delivery *next;
    void (*done)(void *self, bool on_disk); /* NULL: a notice */
    void *self;
    bool flag; /* on_disk; failing */
    char text[600];
};

struct store {
    char *path;
    int lock_fd;
    double days, mib;
    sqlite3 *reader;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_queue queue;
    struct store_queue batch; /* taken by the writer; its bytes count as held */
    bool closing;
    bool urgent; /* something waits: no pause for a bigger batch */
    bool failing;
    uint64_t lost, lost_said;
    uint64_t last_seq, last_n, last_id;
    double newest; /* the latest event's time: the journal's idea of now */
    struct store_delivery *deliveries, **last_delivery;
    int wake_fd;     /* eventfd: there are deliveries */
    unsigned source; /* GLib's, that watches it */
    void (*notice)(void *self, bool failing, const char *text);
    void *notice_self;

    pthread_t thread;
    sqlite3 *writer;
    sqlite3_stmt *statement[N_OPS];
    sqlite3_stmt *counters;
    bool synced_mode; /* what PRAGMA synchronous was last set to */
    bool trim_stuck;  /* over its size, but nothing may go */
    long trimmed_ms;
};

/* database.c: files, schema, errors in words. */
int database_check_file(const char *path, struct error *error);
sqlite3 *database_open_writer(const char *path, struct error *error);
sqlite3 *database_open_reader(const char *path, struct error *error);
int database_load_counters(struct store *store, struct error *error);
/* Set the error from what SQLite says last, with what to do. Returns -1. */
int database_error(sqlite3 *db, const char *path, struct error *error);

/* writer.c */
void *writer_main(void *store);
int writer_prepare(struct store *store, struct error *error);
void writer_finish(struct store *store);

/* retention.c: delete what is too old or too much, a little at a time. False: no more to do. */
bool retention_step(struct store *store, double newest);
void retention_tidy(struct store *store);

/* delivery.c; the next two under the lock. */
void delivery_barrier(struct store *store, const struct store_entry *entry, bool on_disk);
void delivery_notice(struct store *store, bool failing, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* On the caller's thread, without the lock. What was not said yet is said on closing. */
int delivery_open(struct store *store, struct error *error);
void delivery_close(struct store *store);

#endif
