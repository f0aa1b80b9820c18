/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the plot: where things are, and how its files hand the picture on. */
#ifndef DROVER_CLI_PLOT_PRIVATE_H
#define DROVER_CLI_PLOT_PRIVATE_H

#include "codec/text.h"
#include "plot.h"

#define PLOT_LOAD "#0072b2"      /* blue */
#define PLOT_MEMORY "#e69f00"    /* orange */
#define PLOT_MOVE "#1a1a1a"
#define PLOT_FAILED "#d55e00"    /* vermillion */
#define PLOT_OFF "#bdbdbd"
#define PLOT_GRID "#d0d0d0"
#define PLOT_TEXT "#1a1a1a"
#define PLOT_FAINT "#555555"

/* All in pixels, of one panel where it is not said otherwise. */
struct plot_layout {
    double left;      /* of the first panel; host names stand there */
    double width, gap;
    double top;       /* of the first lane */
    double lane, lane_gap;
    double bottom;    /* of the last lane */
    double strip_top, strip_bottom; /* imbalance */
    double total_width, total_height;
    double end_s;     /* the time at the right edge */
    double imbalance_most_pct; /* the top of the strip */
    uint32_t columns; /* that a curve is drawn with */
};

double plot_x(const struct plot_layout *layout, uint32_t panel, double at_s);
double plot_lane_top(const struct plot_layout *layout, uint32_t host);

/* Text of others, for XML: escaped; what XML does not know is U+FFFD. */
void plot_escape(struct text *svg, const char *bytes);

/* plot_lanes.c */
void plot_lanes(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                const struct history *history);
void plot_moves(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                const struct history *history);
void plot_imbalance(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                    const struct history *history);

#endif
