/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When, and whether at all, something is done about a host that does not answer: its grace time,
 * and what holds drover back, above all the suspicion that drover itself is cut off. What is done
 * then is failure.c's.
 */
#ifndef DROVER_ENGINE_GRACE_H
#define DROVER_ENGINE_GRACE_H

#include "engine/internal.h"

/* When the grace time of a host that is lost is over. */
double failure_grace_ends(const struct engine *engine, struct watch *watch);

/* Sets engine->cut_off, and says so when it has changed and lasts. */
void judge_own_connection(struct engine *engine);

/* Why nothing is done about this host now; NULL: go on. What time ends, the engine wakes for. */
const char *failure_holds_back(struct engine *engine, struct watch *watch);

#endif
