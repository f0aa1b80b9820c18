/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside decide/: reasons as sentences with figures. */
#ifndef DROVER_DECIDE_SENTENCE_H
#define DROVER_DECIDE_SENTENCE_H

#include "base/arena.h"
#include "plugin.h"

/* Fill {need}, {have}, {short}, {subject} into a template. Other braces stay as they are. */
const char *sentence_fill(struct arena *arena, const char *text, const struct drover_why *why);

/* 8192 -> "8,192"; 0.25 -> "0.25"; at most two decimals. */
const char *sentence_number(struct arena *arena, double number);

#endif
