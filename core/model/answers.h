/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a unit answered last, by VM and host: for units whose policy says `on_error: last_good`.
 * Bounded: when full it forgets everything and starts again.
 */
#ifndef DROVER_MODEL_ANSWERS_H
#define DROVER_MODEL_ANSWERS_H

#include <stdbool.h>

struct answers;

struct answers *answers_new(void);
void answers_free(struct answers *answers);
void answers_clear(struct answers *answers); /* as if new; may be given NULL */

void answers_put(struct answers *answers, const char *vm, const char *host, double answer);
bool answers_get(const struct answers *answers, const char *vm, const char *host, double *answer);

#endif
