/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proof that a VM does not run where it ran. Starting it elsewhere takes one: the function that
 * orders a start (restart.c) wants a struct proof, and only proof.c can make one, out of
 *
 *   fenced     all devices of one level say that the host is off
 *   heard      it says itself that it runs no guests any more: it writes a dump of its kernel
 *   confirmed  a person says so, and answers for it
 *   reported   the host itself, connected now, says that it does not run the VM
 *   cleared    drover has shut it down, and has not started it since where it still is defined
 *
 * The proof of a host ends when the host is heard again.
 */
#ifndef DROVER_ENGINE_PROOF_H
#define DROVER_ENGINE_PROOF_H

#include "engine/internal.h"

struct proof; /* in proof.c alone */

/* Sets the host's proof, and has it remembered. by: the devices, or the person. */
void proof_by_fence(struct engine *engine, struct watch *watch, const char *by);
void proof_by_word(struct engine *engine, struct watch *watch, const char *by);
void proof_by_person(struct engine *engine, struct watch *watch, const char *who);

/* The host has been heard, or is not our business any more. */
void proof_end(struct engine *engine, struct watch *watch);

/* Of the host as a whole; NULL: none. */
const struct proof *proof_of_host(const struct watch *watch);

/* That the VM does not run on the host any more; NULL: none. */
const struct proof *proof_of_vm(const struct engine *engine, const char *vm, const char *host);

/*
 * That it was not started at the destination of its cold move, or can not run there any more: it
 * is to be started at its source again (STAGE_BACK, which nothing else leads to).
 */
const struct proof *proof_of_stage(const struct move *move);

/* "fenced by fence_agent", "confirmed by ann": the middle of a sentence. */
const char *proof_text(const struct proof *proof);
double proof_at(const struct proof *proof); /* of a host: when it was known */

/*
 * It was off then, and goes on again: by a device's word, or by itself. What ran there is dead all
 * the same; that nothing runs there now is no longer known.
 */
void proof_goes_on(struct engine *engine, struct watch *watch);
double proof_goes_on_at(const struct proof *proof); /* of a host; 0: it does not, as far as drover knows */

void proof_recall(struct engine *engine, struct watch *watch, const char *lines);
void proof_free(struct proof *proof);

#endif
