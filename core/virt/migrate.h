/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One attempt to migrate one VM, peer to peer: a thread and a connection of its own for as long
 * as libvirt's call takes. So many migrations never share what one of them could block, and
 * libvirt's limit of calls per connection is never met.
 */
#ifndef DROVER_VIRT_MIGRATE_H
#define DROVER_VIRT_MIGRATE_H

#include "model/effect.h"
#include "virt/state.h"
#include "virt/worker.h"

/* How far it is. The thread and the main loop both move it on, whoever is first. */
enum attempt_stage {
    ATTEMPT_OPENING,   /* connecting, checking */
    ATTEMPT_MIGRATING, /* libvirt has been asked: only libvirt can stop it now */
    ATTEMPT_DROPPED,   /* given up before that: it will never be asked */
};

enum attempt_outcome {
    ATTEMPT_SUCCEEDED,
    ATTEMPT_FAILED,
    ATTEMPT_UNHEARD, /* the connection broke: the migration may well go on without us */
};

struct attempt;

/* Main loop. What comes of it arrives as moves_attempted(). NULL where no thread can be had. */
struct attempt *attempt_start(struct virt *virt, const struct effect *effect,
                              const struct dial *dial, const char *vm_name);

/* True where it had not asked libvirt yet, and now never will. */
bool attempt_drop(struct attempt *attempt);

enum attempt_stage attempt_stage(struct attempt *attempt);

/* Main loop: nobody listens any more. Gives the caller's reference back. */
void attempt_let_go(struct attempt *attempt);

#endif
