/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between cold.c, the stages, and staged.c, what happens to a move from without. */
#ifndef DROVER_ENGINE_COLD_H
#define DROVER_ENGINE_COLD_H

#include "engine/internal.h"

#define STEP_S 60.0  /* a host has so long to take a definition, or to start a VM */
#define AGAIN_S 10.0 /* what has to be done, and did not work, is tried again so often */

/* Begin a stage; limit_s 0: it lasts as long as it takes. */
void stage_enter(struct engine *engine, struct move *move, enum migration_stage stage,
                 double limit_s);

/* It runs at the destination: the end, or a person is to say so. */
void stage_has_come(struct engine *engine, struct move *move);

/* The move's end; and what is defined at the other host goes, as soon as it is known to run here. */
void stage_end(struct engine *engine, struct move *move, enum migration_state state,
               const char *error);
void stage_tidy(struct engine *engine, const struct move *move, const char *runs,
                const char *other);

void stage_note_moved(struct engine *engine, const struct move *move);
void stage_tell_waiting(struct engine *engine, struct move *move, const char *why);
void stage_refresh(struct engine *engine, const char *host);

#endif
