/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How one VM would be moved, for people: the plan, its schedule, and what to expect. */
#include "render.h"
#include "view.h"
#include "walk.h"

#include <math.h>
#include <string.h>

#define LABEL_CELLS 11

static void row(struct screen *screen, const char *what, const char *value)
{
    if (*value)
        screen_print(screen, STYLE_PLAIN, "  %-*s %s\n", LABEL_CELLS, what, value);
}

static const char *milliseconds(struct screen *screen, double ms)
{
    return arena_printf(&screen->arena, "%s ms", view_show_number(screen, ms, 0));
}

static const char *mib(struct screen *screen, const json_t *object, const char *key)
{
    double value = view_number(object, key);
    return view_show_number(screen, value, value < 100 ? 1 : 0);
}

/*
 * "pass 3: 150 ms, 4: 200 ms, ... 9: abort": the first full pass does not count, and a pass is over
 * when the next one begins. Or "stall 1: ...", where what remains is watched.
 */
static const char *schedule_text(struct screen *screen, const json_t *plan)
{
    const json_t *schedule = view_array(plan, "schedule");
    bool stalls = strcmp(view_text(screen, plan, "watch"), "remaining") == 0;
    const char *text = "";
    size_t i;
    json_t *step;

    json_array_foreach((json_t *)schedule, i, step) {
        const char *what = view_text(screen, step, "do");
        if (strcmp(what, "downtime") == 0)
            what = milliseconds(screen, view_number(step, "ms"));
        text = arena_printf(&screen->arena, "%s%s%s: %s", text,
                            i        ? ", "
                            : stalls ? "stall "
                                     : "pass ",
                            view_show_number(screen, view_number(step, "stall") + (stalls ? 0 : 2),
                                             0),
                            what);
    }
    return text;
}

static const char *limit_text(struct screen *screen, const json_t *plan)
{
    double limit_s = view_number(plan, "time_limit_s");
    const json_t *flag;
    size_t i;

    if (!(limit_s > 0))
        return "";
    json_array_foreach((json_t *)view_array(plan, "flags"), i, flag)
        if (strcmp(json_string_value(flag) ? json_string_value(flag) : "", "postcopy") == 0)
            return arena_printf(&screen->arena, "%s, then post-copy",
                                view_show_duration(screen, limit_s));
    return arena_printf(&screen->arena, "%s, then it is given up",
                        view_show_duration(screen, limit_s));
}

static void render_how(struct screen *screen, const json_t *plan)
{
    double bandwidth = view_number(plan, "bandwidth_mib_s");
    double downtime_ms = view_number(plan, "downtime_ms");
    double connections = view_number(plan, "connections");
    const char *unit = view_text(screen, plan, "unit");
    size_t i;
    json_t *item;

    row(screen, "by",
        arena_printf(&screen->arena, "policy %s%s%s", view_text(screen, plan, "policy"),
                     *unit ? ", " : "", unit));
    row(screen, "flags", view_list(screen, plan, "flags"));
    json_array_foreach((json_t *)view_array(plan, "without"), i, item) {
        const char *text = json_string_value(item);
        row(screen, i ? "" : "without", screen_safe(screen, text ? text : "?"));
    }
    row(screen, "bandwidth", bandwidth > 0
                                 ? arena_printf(&screen->arena, "%s MiB/s at most",
                                                mib(screen, plan, "bandwidth_mib_s"))
                                 : "no limit");
    if (connections > 1)
        row(screen, "connections", view_show_number(screen, connections, 0));
    if (view_number(plan, "wait_s") > 0)
        row(screen, "waits",
            arena_printf(&screen->arena, "%s first: %s",
                         view_show_duration(screen, view_number(plan, "wait_s")),
                         view_text(screen, plan, "wait_why")));
    row(screen, "pause", downtime_ms > 0
                             ? arena_printf(&screen->arena, "%s allowed at first",
                                            milliseconds(screen, downtime_ms))
                             : "as QEMU allows by itself");
    row(screen, "schedule", schedule_text(screen, plan));
    row(screen, "time", limit_text(screen, plan));
}

static void render_figures_used(struct screen *screen, const json_t *forecast)
{
    const char *by = view_text(screen, forecast, "rate_by");
    double dirty = view_number(forecast, "dirty_mib_s"), age = view_number(forecast, "dirty_age_s");
    const char *measured = isnan(age) ? ""
                                      : arena_printf(&screen->arena, " (measured %s ago)",
                                                     view_show_duration(screen, age));

    row(screen, "figures",
        arena_printf(&screen->arena, "%s MiB of memory, dirtied at %s MiB/s%s, sent at %s MiB/s%s%s%s",
                     mib(screen, forecast, "memory_mib"),
                     isnan(dirty) ? "an unknown number of" : mib(screen, forecast, "dirty_mib_s"),
                     measured,
                     *by ? mib(screen, forecast, "rate_mib_s") : "an unknown number of",
                     *by ? " (" : "", *by ? by : "", *by ? ")" : ""));
}

/* The sentence that matters, by how it ends. */
static const char *outlook(struct screen *screen, const json_t *forecast)
{
    struct arena *arena = &screen->arena;
    const char *ends = view_text(screen, forecast, "ends");
    const char *duration = view_show_duration(screen, view_number(forecast, "duration_s"));
    const char *passes = view_show_number(screen, view_number(forecast, "passes"), 0);
    const char *pause = milliseconds(screen, view_number(forecast, "downtime_ms"));
    double least_s = view_number(forecast, "least_s");

    if (strcmp(ends, "precopy") == 0)
        return arena_printf(arena, "converges in %s, in %s passes; the guest stands still for %s",
                            duration, passes, pause);
    if (strcmp(ends, "postcopy") == 0)
        return arena_printf(arena, "does not converge: switches to post-copy in pass %s and is "
                            "done in %s; the guest stands still for %s, then waits for pages",
                            passes, duration, pause);
    if (strcmp(ends, "abort") == 0)
        return arena_printf(arena, "does not converge: its schedule gives up in pass %s, after %s",
                            passes, duration);
    if (strcmp(ends, "never") == 0)
        return "does not converge, and its schedule does not end it";
    return arena_printf(arena, "not known: %s%s%s", view_text(screen, forecast, "missing"),
                        isnan(least_s) ? "" : "; it takes at least ",
                        isnan(least_s) ? "" : view_show_duration(screen, least_s));
}

static void render_forecast(struct screen *screen, const json_t *forecast)
{
    const char *ends = view_text(screen, forecast, "ends");
    double throttle_pct = view_number(forecast, "throttle_pct");
    enum style style = strcmp(ends, "precopy") == 0    ? STYLE_GOOD
                       : strcmp(ends, "postcopy") == 0 ? STYLE_CAREFUL
                       : strcmp(ends, "unknown") == 0  ? STYLE_CAREFUL
                                                       : STYLE_BAD;

    screen_print(screen, STYLE_PLAIN, "  %-*s ", LABEL_CELLS, "forecast");
    screen_print(screen, style, "%s\n", outlook(screen, forecast));
    if (throttle_pct > 0)
        row(screen, "", arena_printf(&screen->arena, "slowed down by %.0f %% on the way",
                                     throttle_pct));
    render_figures_used(screen, forecast);
}

void render_blockers(struct screen *screen, const json_t *blockers)
{
    size_t i;
    json_t *blocker;

    json_array_foreach((json_t *)blockers, i, blocker) {
        const char *remedy = view_text(screen, blocker, "remedy");
        screen_print(screen, STYLE_BAD, "  %-*s ", LABEL_CELLS, i == 0 ? "in the way" : "");
        screen_print(screen, STYLE_PLAIN, "%s: %s\n", view_text(screen, blocker, "code"),
                     view_text(screen, blocker, "reason"));
        if (*remedy)
            screen_wrap(screen, STYLE_GOOD, LABEL_CELLS + 3, remedy);
    }
}

void render_move_plan(struct screen *screen, const json_t *plan)
{
    const char *to = view_text(screen, plan, "to");

    screen_print(screen, STYLE_STRONG, "%s: ", view_text(screen, plan, "vm"));
    screen_print(screen, STYLE_PLAIN, "%s from %s ", view_text(screen, plan, "kind"),
                 view_text(screen, plan, "from"));
    screen_print(screen, *to ? STYLE_GOOD : STYLE_BAD, "%s%s\n", *to ? "to " : "to no host", to);
    render_how(screen, plan);
    render_forecast(screen, view_object(plan, "forecast"));
    render_blockers(screen, view_array(plan, "blockers"));
    if (!*to) {
        screen_print(screen, STYLE_PLAIN, "\nrefused:\n");
        render_refusals(screen, 2, view_array(plan, "hosts"));
    }
    render_failures(screen, view_array(plan, "failures"));
    if (view_array(plan, "progress"))
        render_walk(screen, plan);
}
