/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that an engine shows of its state, as one text: same state, same bytes. */
#ifndef DROVER_REPLAY_STATE_H
#define DROVER_REPLAY_STATE_H

#include "base/error.h"
#include "engine/engine.h"

/* JSON: now, fleet, hosts' states, migrations in order, what shadows counted. free() it. */
char *state_text(const struct engine *engine);

/*
 * Where two texts of JSON differ first, in words ("state.hosts[2].state: ..."), into an arena;
 * NULL: they are the same. -1 with the error set where one is no JSON.
 */
int json_differs(const char *what, const char *before, const char *now, struct arena *arena,
                 const char **where, struct error *error);

#endif
