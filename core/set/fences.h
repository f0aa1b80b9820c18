/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fence devices: the units that each host's `fence` names, bound with their parameters. They are
 * kept apart from the rest of a set and counted, since an order may still be under way in a
 * thread when the set that it came from has been replaced.
 */
#ifndef DROVER_SET_FENCES_H
#define DROVER_SET_FENCES_H

#include "base/error.h"
#include "model/settings.h"
#include "plug/plug.h"

struct fence_device {
    const char *host;
    const char *uri; /* of the host */
    uint32_t index;  /* in the host's list */
    double timeout_s;
    struct bound_unit *unit;
};

struct fences;

/*
 * Bind all devices; a mistake is an error with file, line and column. NULL with the error set.
 * The settings learn which of their devices are soft, and which only listen.
 */
struct fences *fences_bind(struct settings *settings, struct plug *plug, struct error *error);

/* The same for settings whose devices cannot be bound: those of a journal have no parameters. */
void fences_mark(struct settings *settings, const struct plug *plug);

/* From any thread: who fences keeps the devices beyond the end of droverd. NULL: nothing happens. */
struct fences *fences_ref(struct fences *fences);
void fences_unref(struct fences *fences);

/* NULL: the host has no such device. */
const struct fence_device *fences_find(const struct fences *fences, const char *host,
                                       uint32_t index);

/* Of all devices and their parameters, which the set's own hash leaves out: no decision needs them. */
const char *fences_hash(const struct fences *fences);

#endif
