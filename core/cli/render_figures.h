/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a simulation by the rows of their table. */
#ifndef DROVER_CLI_RENDER_FIGURES_H
#define DROVER_CLI_RENDER_FIGURES_H

#include "screen.h"
#include "sim/run.h"

enum { FIGURE_ROWS = 27 };

/* Of one policy, over some seeds. */
struct figure_means {
    double value[FIGURE_ROWS];
};

const char *figure_key(uint32_t row); /* as in figures_fields */
double figure_value(const struct figures *figures, uint32_t row);

/* means: of the one, and of the other. */
void render_versus(struct screen *screen, const char *one, const char *other,
                   const struct figure_means *means);

#endif
