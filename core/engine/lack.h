/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside engine/: what a host's VMs use, and what is gone of it. See lack.c. */
#ifndef DROVER_ENGINE_LACK_H
#define DROVER_ENGINE_LACK_H

#include "base/arena.h"
#include "base/field.h"
#include "model/fleet.h"

struct engine;
struct watch;

/* What VMs of a host use, and what it has listed meanwhile and lists no more. */
struct lost {
    struct texts networks, storage; /* in arena */
    struct arena arena;
};

void lost_init(struct lost *lost);
void lost_free(struct lost *lost);

/* A host has reported: what it was known to have before, and what it has now. */
void lack_note(struct engine *engine, struct watch *watch, const struct host *before,
               const struct host *now);

/* Set watch->lack anew: its host or one of its VMs is another one. */
void host_update_lack(struct engine *engine, struct watch *watch);

void lack_drop(struct engine *engine, struct watch *watch); /* it is not configured any more */
void lack_recall(struct engine *engine, const char *host, const char *lines);

#endif
