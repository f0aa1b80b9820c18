/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of a plot: where everything is, axes, legend, texts. See plot.h. */
#include "plot_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_ONE 900.0
#define PANEL_MANY 560.0
#define NAME_WIDTH 7.0      /* of a letter of a host's name */
#define NAME_MOST 24        /* letters of it that are shown */
#define RIGHT 48.0
#define LANES_HEIGHT 640.0  /* that lanes share, within the two below */
#define LANE_MOST 72.0
#define LANE_LEAST 14.0
#define STRIP 70.0
#define LABELLED_LANE 30.0  /* from this height on, a lane has its own axis */
#define TICKS_MOST 8
#define HOUR_S 3600.0
#define DAY_S 86400.0

double plot_x(const struct plot_layout *layout, uint32_t panel, double at_s)
{
    return layout->left + panel * (layout->width + layout->gap) +
           fmin(1, at_s / layout->end_s) * layout->width;
}

double plot_lane_top(const struct plot_layout *layout, uint32_t host)
{
    return layout->top + host * (layout->lane + layout->lane_gap);
}

void plot_escape(struct text *svg, const char *bytes)
{
    size_t left = strlen(bytes);
    while (left > 0) {
        unsigned value = 0;
        size_t length = text_character(bytes, left, &value);
        if (!length || value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0xfffe ||
            value == 0xffff)
            text_add(svg, "\xef\xbf\xbd");
        else if (strchr("&<>\"'", (int)value) && value < 0x80)
            text_printf(svg, "&#%u;", value);
        else
            text_add_bytes(svg, bytes, length);
        bytes += length ? length : 1;
        left -= length ? length : 1;
    }
}

/* ------------------------------------------------------------------ layout */

/* 1, 2 or 5 times a power of ten, at least value. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(fmax(value, 1))));
    return value <= power ? power : value <= 2 * power ? 2 * power
                                : value <= 5 * power ? 5 * power : 10 * power;
}

static double names_width(const struct history *history)
{
    size_t longest = 0;
    for (uint32_t h = 0; h < history->n_hosts; h++)
        if (strlen(history->hosts[h]) > longest)
            longest = strlen(history->hosts[h]);
    return 24 + NAME_WIDTH * fmin(longest, NAME_MOST);
}

static struct plot_layout layout_of(const struct plot_panel *panels, uint32_t n)
{
    const struct history *first = panels[0].history;
    double hosts = fmax(1, first->n_hosts), end_s = 60, imbalance_pct = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct history *history = panels[i].history;
        end_s = fmax(end_s, panels[i].figures->virtual_s);
        for (uint32_t p = 0; p < history->n_points; p++)
            imbalance_pct = fmax(imbalance_pct, history->cpu_imbalance_pct[p]);
    }
    struct plot_layout layout = {
        .left = names_width(first), .width = n > 1 ? PANEL_MANY : PANEL_ONE, .gap = 56,
        .top = 118, .lane_gap = 6, .end_s = end_s, .columns = n > 1 ? 280 : 450,
        .lane = fmin(LANE_MOST, fmax(LANE_LEAST, LANES_HEIGHT / hosts - 6)),
        .imbalance_most_pct = round_up(imbalance_pct),
    };
    layout.bottom = layout.top + hosts * (layout.lane + layout.lane_gap) - layout.lane_gap;
    layout.strip_top = layout.bottom + 62;
    layout.strip_bottom = layout.strip_top + STRIP;
    layout.total_width = layout.left + n * layout.width + (n - 1) * layout.gap + RIGHT;
    layout.total_height = layout.strip_bottom + 52;
    return layout;
}

/* ------------------------------------------------------------------ texts and axes */

static void put_text(struct text *svg, double x, double y, const char *attributes,
                     const char *bytes)
{
    text_printf(svg, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
    plot_escape(svg, bytes);
    text_add(svg, "</text>\n");
}

static void put_line(struct text *svg, double x1, double y1, double x2, double y2)
{
    text_printf(svg, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2,
                PLOT_GRID);
}

static double tick_step_s(double end_s)
{
    static const double steps[] = {60, 120, 300, 600, 900, 1800, HOUR_S, 2 * HOUR_S, 3 * HOUR_S,
                                   6 * HOUR_S, 12 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S,
                                   14 * DAY_S, 30 * DAY_S, 60 * DAY_S, 180 * DAY_S, 360 * DAY_S};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && end_s / steps[i] > TICKS_MOST)
        i++;
    return fmax(steps[i], floor(end_s / TICKS_MOST / DAY_S) * DAY_S);
}

static void draw_times(struct text *svg, const struct plot_layout *layout, uint32_t panel)
{
    double step_s = tick_step_s(layout->end_s);
    double unit_s = step_s < HOUR_S ? 60 : step_s < DAY_S ? HOUR_S : DAY_S;
    const char *unit = step_s < HOUR_S ? "minutes" : step_s < DAY_S ? "hours" : "days";
    char label[64];
    for (unsigned tick = 0; tick * step_s <= layout->end_s; tick++) {
        double at_s = tick * step_s;
        double x = plot_x(layout, panel, at_s);
        put_line(svg, x, layout->top, x, layout->bottom);
        put_line(svg, x, layout->strip_top, x, layout->strip_bottom);
        snprintf(label, sizeof label, "%.0f", at_s / unit_s);
        put_text(svg, x, layout->strip_bottom + 17, " class=\"faint\" text-anchor=\"middle\"",
                 label);
    }
    snprintf(label, sizeof label, "virtual time (%s)", unit);
    put_text(svg, plot_x(layout, panel, layout->end_s / 2), layout->strip_bottom + 38,
             " class=\"faint\" text-anchor=\"middle\"", label);
}

/* The scale of a lane, or of the strip: its ends and their unit, at the right. */
static void draw_scale(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                       double top, double bottom, double most)
{
    double x = plot_x(layout, panel, layout->end_s);
    char label[32];
    snprintf(label, sizeof label, "%g %%", most);
    put_text(svg, x + 5, top + 9, " class=\"small\"", label);
    put_text(svg, x + 5, bottom, " class=\"small\"", "0 %");
}

static void draw_axes(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                      uint32_t hosts)
{
    double left = plot_x(layout, panel, 0), right = plot_x(layout, panel, layout->end_s);
    draw_times(svg, layout, panel);
    for (uint32_t h = 0; h < hosts; h++) {
        double top = plot_lane_top(layout, h);
        put_line(svg, left, top + layout->lane, right, top + layout->lane);
        if (layout->lane >= LABELLED_LANE)
            put_line(svg, left, top, right, top);
        if (layout->lane >= LABELLED_LANE || h == 0)
            draw_scale(svg, layout, panel, top, top + layout->lane, 100);
    }
    put_line(svg, left, layout->strip_top, right, layout->strip_top);
    put_line(svg, left, layout->strip_bottom, right, layout->strip_bottom);
    draw_scale(svg, layout, panel, layout->strip_top, layout->strip_bottom,
               layout->imbalance_most_pct);
    put_text(svg, left, layout->strip_top - 8, "",
             "CPU imbalance: standard deviation between hosts");
}

/* A long one is cut: hosts have names of plain letters. */
static void draw_names(struct text *svg, const struct plot_layout *layout,
                       const struct history *history)
{
    for (uint32_t h = 0; h < history->n_hosts; h++) {
        char name[NAME_MOST + 1];
        snprintf(name, sizeof name, "%s", history->hosts[h]);
        put_text(svg, layout->left - 8, plot_lane_top(layout, h) + layout->lane / 2 + 4,
                 " text-anchor=\"end\"", name);
    }
}

static void draw_titles(struct text *svg, const struct plot_layout *layout, uint32_t panel,
                        const struct plot_panel *of)
{
    const struct figures *figures = of->figures;
    char line[200];
    double x = plot_x(layout, panel, 0);
    put_text(svg, x, 28, " class=\"title\"", of->title);
    snprintf(line, sizeof line, "%llu moves completed, %llu failed; downtime %.1f s; "
             "%.0f VM-seconds lost; CPU imbalance %.1f %%",
             (unsigned long long)figures->completed, (unsigned long long)figures->failed,
             figures->downtime_s, figures->vm_seconds_lost, figures->cpu_imbalance_pct);
    put_text(svg, x, 48, " class=\"faint\"", line);
}

static void draw_legend(struct text *svg, const struct plot_layout *layout)
{
    double x = layout->left, y = 80;
    text_printf(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"16\" height=\"11\" fill=\"%s\" "
                "fill-opacity=\"0.65\"/>\n", x, y - 10, PLOT_LOAD);
    put_text(svg, x + 22, y, "", "CPU load (%)");
    text_printf(svg, "<path d=\"M%.1f %.1fh16\" stroke=\"%s\" stroke-width=\"2\"/>\n", x + 118,
                y - 4, PLOT_MEMORY);
    put_text(svg, x + 140, y, "", "memory in use (%)");
    text_printf(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"16\" height=\"11\" "
                "fill=\"url(#off)\"/>\n", x + 272, y - 10);
    put_text(svg, x + 294, y, "", "no power");
    text_printf(svg, "<path d=\"M%.1f %.1fv9l-3 0l3 6l3 -6h-3\" stroke=\"%s\" fill=\"%s\"/>\n",
                x + 370, y - 13, PLOT_MOVE, PLOT_MOVE);
    put_text(svg, x + 380, y, "", "move");
    text_printf(svg, "<path d=\"M%.1f %.1fl6 6m0 -6l-6 6\" stroke=\"%s\" fill=\"none\" "
                "stroke-width=\"1.5\"/>\n", x + 430, y - 8, PLOT_FAILED);
    put_text(svg, x + 442, y, "", "move that failed");
}

/* ------------------------------------------------------------------ the picture */

static void begin(struct text *svg, const struct plot_layout *layout)
{
    text_printf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n", layout->total_width,
                layout->total_height, layout->total_width, layout->total_height);
    text_add(svg, "<title>drover simulate: load of each host over time, and moves</title>\n");
    text_printf(svg, "<style>text{font-family:sans-serif;font-size:12px;fill:%s}"
                ".title{font-size:16px;font-weight:bold}.faint{fill:%s}"
                ".small{font-size:10px;fill:%s}</style>\n", PLOT_TEXT, PLOT_FAINT, PLOT_FAINT);
    text_printf(svg, "<defs><pattern id=\"off\" width=\"6\" height=\"6\" "
                "patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" fill=\"#ececec\"/>"
                "<path d=\"M0 6L6 0\" stroke=\"%s\"/></pattern></defs>\n", PLOT_OFF);
    text_add(svg, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
}

char *plot_svg(const struct plot_panel *panels, uint32_t n)
{
    struct text svg = TEXT_INIT;
    struct plot_layout layout = layout_of(panels, n);
    begin(&svg, &layout);
    draw_legend(&svg, &layout);
    draw_names(&svg, &layout, panels[0].history);
    for (uint32_t i = 0; i < n; i++) {
        const struct history *history = panels[i].history;
        draw_titles(&svg, &layout, i, &panels[i]);
        draw_axes(&svg, &layout, i, history->n_hosts);
        plot_lanes(&svg, &layout, i, history);
        plot_imbalance(&svg, &layout, i, history);
        plot_moves(&svg, &layout, i, history);
    }
    text_add(&svg, "</svg>\n");
    return text_take(&svg);
}

int plot_write(const char *path, const struct plot_panel *panels, uint32_t n,
               struct error *error)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
    char *svg = plot_svg(panels, n);
    bool ok = fputs(svg, file) >= 0;
    free(svg);
    if (fclose(file) != 0 || !ok)
        return error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}
