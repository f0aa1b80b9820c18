/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is drawn in the lanes of a plot: load, memory, moves; and the curve of imbalance. */
#include "plot_private.h"

#include <math.h>
#include <string.h>

#define TITLED_MOVES 5000 /* more of them get no text of their own, lest the file grow too big */

enum measure { CPU, MEMORY, CPU_IMBALANCE };

static double value_at(const struct history *history, enum measure what, uint32_t host,
                       uint32_t i)
{
    const struct history_point *point = &history->point[(size_t)i * history->n_hosts + host];
    switch (what) {
    case CPU:
        return point->cpu_pct;
    case MEMORY:
        return point->memory_pct;
    default:
        return history->cpu_imbalance_pct[i];
    }
}

/* Steps that share a column become their mean; NAN: none of them has a value. */
static double column_value(const struct history *history, enum measure what, uint32_t host,
                           uint32_t column, uint32_t columns)
{
    uint64_t first = (uint64_t)column * history->n_points / columns;
    uint64_t next = (uint64_t)(column + 1) * history->n_points / columns;
    double sum = 0;
    uint32_t n = 0;
    for (uint64_t i = first; i < next || i == first; i++) {
        double value = value_at(history, what, host, (uint32_t)i);
        if (isnan(value))
            continue;
        sum += value;
        n++;
    }
    return n ? sum / n : NAN;
}

/* A curve between two heights, broken where there is no value. As an area: closed at the foot. */
struct curve {
    struct text *svg;
    const struct plot_layout *layout;
    uint32_t panel;
    double foot, head, most; /* y of 0, y of `most` */
    bool area;
};

static double curve_y(const struct curve *curve, double value)
{
    double share = fmin(1, fmax(0, value / curve->most));
    return curve->foot - share * (curve->foot - curve->head);
}

static void draw_curve(const struct curve *curve, const struct history *history,
                       enum measure what, uint32_t host)
{
    uint32_t columns = history->n_points < curve->layout->columns ? history->n_points
                                                                  : curve->layout->columns;
    double length_s = history->n_points * history->step_s, x = 0;
    bool down = false;
    for (uint32_t c = 0; c < columns; c++) {
        double value = column_value(history, what, host, c, columns);
        if (isnan(value)) {
            if (down && curve->area)
                text_printf(curve->svg, "V%.1fZ", curve->foot);
            down = false;
            continue;
        }
        x = plot_x(curve->layout, curve->panel, length_s * (c + 0.5) / columns);
        if (!down && curve->area)
            text_printf(curve->svg, "M%.1f %.1f", x, curve->foot);
        text_printf(curve->svg, "%s%.1f %.1f", down || curve->area ? "L" : "M", x,
                    curve_y(curve, value));
        down = true;
    }
    if (down && curve->area)
        text_printf(curve->svg, "V%.1fZ", curve->foot);
}

/* Where a host had no power: grey, and a line through it. */
static void draw_off(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                     const struct history *history, uint32_t host)
{
    double top = plot_lane_top(layout, host);
    for (uint32_t i = 0; i < history->n_points; i++) {
        if (!isnan(value_at(history, CPU, host, i)))
            continue;
        uint32_t first = i;
        while (i + 1 < history->n_points && isnan(value_at(history, CPU, host, i + 1)))
            i++;
        double x = plot_x(layout, panel, first * history->step_s);
        double end = plot_x(layout, panel, (i + 1) * history->step_s);
        text_printf(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                    "fill=\"url(#off)\"/>\n", x, top, fmax(1, end - x), layout->lane);
    }
}

void plot_lanes(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                const struct history *history)
{
    for (uint32_t h = 0; h < history->n_hosts; h++) {
        double top = plot_lane_top(layout, h);
        struct curve curve = {.svg = svg, .layout = layout, .panel = panel, .head = top,
                              .foot = top + layout->lane, .most = 100, .area = true};
        draw_off(svg, layout, panel, history, h);
        text_printf(svg, "<path fill=\"%s\" fill-opacity=\"0.65\" d=\"", PLOT_LOAD);
        draw_curve(&curve, history, CPU, h);
        curve.area = false;
        text_printf(svg, "\"/>\n<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
                    PLOT_MEMORY);
        draw_curve(&curve, history, MEMORY, h);
        text_add(svg, "\"/>\n");
    }
}

void plot_imbalance(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                    const struct history *history)
{
    struct curve curve = {.svg = svg, .layout = layout, .panel = panel,
                          .foot = layout->strip_bottom, .head = layout->strip_top,
                          .most = layout->imbalance_most_pct};
    text_printf(svg, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", PLOT_LOAD);
    draw_curve(&curve, history, CPU_IMBALANCE, 0);
    text_add(svg, "\"/>\n");
}

/* ------------------------------------------------------------------ moves */

static uint32_t host_called(const struct history *history, const char *name)
{
    uint32_t low = 0, high = history->n_hosts; /* by name */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(history->hosts[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void title_of(struct text *svg, const struct history_move *move)
{
    text_add(svg, "<title>");
    plot_escape(svg, move->vm);
    text_add(svg, ": ");
    plot_escape(svg, move->from);
    text_add(svg, " to ");
    plot_escape(svg, move->to);
    text_printf(svg, ", at %.0f s, took %.1f s, %s</title>", move->begun_s, move->took_s,
                move->ok ? "completed" : "failed");
}

/* An arrow from the middle of one lane to the middle of the other; a failed one ends in a cross. */
static void draw_move(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                      const struct history *history, const struct history_move *move)
{
    uint32_t from = host_called(history, move->from), to = host_called(history, move->to);
    double half = layout->lane / 2, x = plot_x(layout, panel, move->begun_s);
    double start = plot_lane_top(layout, from) + half, end = plot_lane_top(layout, to) + half;
    double way = start < end ? 1 : -1;
    const char *colour = move->ok ? PLOT_MOVE : PLOT_FAILED;
    text_printf(svg, "<g stroke=\"%s\" fill=\"%s\">", colour, colour);
    if (history->n_moves <= TITLED_MOVES)
        title_of(svg, move);
    text_printf(svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.8\" stroke=\"none\"/>", x, start);
    text_printf(svg, "<path d=\"M%.1f %.1fV%.1f\" stroke-width=\"1\"%s/>", x, start, end,
                move->ok ? "" : " stroke-dasharray=\"3 2\"");
    if (move->ok)
        text_printf(svg, "<path d=\"M%.1f %.1fl-3 %.1fh6z\" stroke=\"none\"/>", x, end, -6 * way);
    else
        text_printf(svg, "<path d=\"M%.1f %.1fl6 6m0 -6l-6 6\" stroke-width=\"1.5\" "
                    "fill=\"none\"/>", x - 3, end - 3);
    text_add(svg, "</g>\n");
}

void plot_moves(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                const struct history *history)
{
    for (uint32_t i = 0; i < history->n_moves; i++)
        draw_move(svg, layout, panel, history, &history->moves[i]);
}
