/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of a simulation, as droverd would have written it: `drover replay` takes it from
 * there. Besides events, effects and texts it keeps the engine's state at the end, so that a
 * replay can show that the journal alone rebuilds it.
 */
#ifndef DROVER_REPLAY_RECORD_H
#define DROVER_REPLAY_RECORD_H

#include "set/set.h"
#include "sim/run.h"

struct record;

/* Where a journal keeps the state at its end: the text's name is the last event's number. */
#define RECORD_STATE "state"

/*
 * Begin a journal at a path where nothing is yet. set: what the simulation is to run by; it is
 * only read here, and need not have a hash. NULL with the error set.
 */
struct record *record_open(const char *path, const struct set *set, struct error *error);

/* The next simulation_run of this is recorded. One run for one record. */
void record_attach(struct record *record, struct simulation *simulation);

/* Waits until all is on disk. -1 with the error set where something could not be written. */
int record_close(struct record *record, struct error *error);

#endif
