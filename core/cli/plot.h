/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulation as a picture: a lane for each host with its CPU load and memory over time, every
 * move as an arrow from lane to lane, and below them how uneven the fleet is. SVG, without a
 * library. Colours are those of Okabe and Ito, which people tell apart whatever they see of
 * colour; what a colour says is said by shape, too.
 */
#ifndef DROVER_CLI_PLOT_H
#define DROVER_CLI_PLOT_H

#include "base/error.h"
#include "sim/run.h"

struct plot_panel {
    const char *title; /* of whatever bytes */
    const struct history *history;
    const struct figures *figures;
};

/* Panels side by side, of the same hosts and length. The same input gives the same bytes. free() */
char *plot_svg(const struct plot_panel *panels, uint32_t n);

/* The same to a file. -1 with the error set. */
int plot_write(const char *path, const struct plot_panel *panels, uint32_t n,
               struct error *error);

#endif
