/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of files that are named like hosts: one that is there asks for something (the
 * host's maintenance), or announces something (its trouble, with the reason in its first line).
 */
#ifndef DROVER_DAEMON_TOUCHED_H
#define DROVER_DAEMON_TOUCHED_H

#include "model/event.h"

struct touched_file {
    char *host;
    char *reason; /* valid UTF-8, one line, a few hundred bytes at most; "" */
};

struct touched {
    enum event_kind kind; /* the event that tells of it */
    bool reasons;         /* files are read for their first line */
    int watch;            /* of inotify */
    struct touched_file *files; /* as last seen, by name */
    uint32_t n;
};

/* reason NULL: the file is gone. */
typedef void touched_tell(void *self, const struct touched *touched, const char *host,
                          const char *reason);

/* What has changed since it was last asked: first what is gone, then what has come. */
void touched_compare(struct touched *touched, const char *dir, touched_tell *tell, void *self);

/* What is there, all of it: for an engine that may know other hosts now. */
void touched_tell_again(const struct touched *touched, touched_tell *tell, void *self);

void touched_free(struct touched *touched);

#endif
