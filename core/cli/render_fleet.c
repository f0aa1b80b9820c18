/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts, VMs and the fleet's state for people. */
#include "grid.h"
#include "render.h"
#include "view.h"

#include <math.h>
#include <string.h>

enum style style_of_host_state(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } styles[] = {
        {"up", STYLE_GOOD},
        {"preparing_for_maintenance", STYLE_CAREFUL},
        {"maintenance", STYLE_CAREFUL},
        {"connecting", STYLE_CAREFUL},
        {"non_operational", STYLE_BAD},
        {"non_responsive", STYLE_BAD},
        {"fencing", STYLE_BAD},
        {"down", STYLE_BAD},
    };

    for (unsigned i = 0; i < sizeof styles / sizeof *styles; i++)
        if (strcmp(styles[i].state, state) == 0)
            return styles[i].style;
    return STYLE_PLAIN;
}

/* One that saves power is down as it should be. */
static enum style style_of_host(const json_t *host, const char *state)
{
    enum style style = style_of_host_state(state);
    return style == STYLE_BAD && view_flag(host, "power_by_policy") ? STYLE_CAREFUL : style;
}

static const char *memory_text(struct screen *screen, double mib)
{
    if (!isfinite(mib))
        return "-";
    if (mib < 10240)
        return arena_printf(&screen->arena, "%.0f MiB", mib);
    return arena_printf(&screen->arena, "%.1f GiB", mib / 1024);
}

static const char *percent_text(struct screen *screen, double percent)
{
    return isfinite(percent)
               ? arena_printf(&screen->arena, "%s %%", view_show_number(screen, percent, 0))
               : "-";
}

void render_hosts(struct screen *screen, const json_t *hosts)
{
    struct grid grid;
    size_t i;
    json_t *host;

    grid_open(&grid, screen, "HOST|CLUSTER|STATE|FOR|VMS|CPU|MEMORY|FREE|WHY");
    json_array_foreach((json_t *)hosts, i, host) {
        const char *state = view_text(screen, host, "state");
        grid_add(&grid, STYLE_STRONG, view_text(screen, host, "name"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, host, "cluster"));
        grid_add(&grid, style_of_host(host, state), state);
        grid_add(&grid, STYLE_PLAIN, view_show_duration(screen, view_number(host, "state_s")));
        grid_add(&grid, STYLE_PLAIN, view_show_number(screen, view_number(host, "vms"), 0));
        grid_add(&grid, STYLE_PLAIN, percent_text(screen, view_number(host, "cpu_usage_pct")));
        grid_add(&grid, STYLE_PLAIN, memory_text(screen, view_number(host, "memory_mib")));
        grid_add(&grid, STYLE_PLAIN, memory_text(screen, view_number(host, "memory_free_mib")));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, host, "state_reason"));
    }
    grid_print(&grid, screen);
}

void render_vms(struct screen *screen, const json_t *vms)
{
    struct grid grid;
    size_t i;
    json_t *vm;

    grid_open(&grid, screen, "VM|HOST|STATE|VCPUS|CPU|MEMORY|MIGRATABLE");
    json_array_foreach((json_t *)vms, i, vm) {
        const char *host = view_text(screen, vm, "host");
        const char *to = view_text(screen, vm, "to");
        const char *state = view_text(screen, vm, "state");
        grid_add(&grid, STYLE_STRONG, view_text(screen, vm, "name"));
        grid_add(&grid, STYLE_PLAIN,
                 *to ? arena_printf(&screen->arena, "%s -> %s", host, to) : *host ? host : "-");
        grid_add(&grid, strcmp(state, "running") == 0 ? STYLE_GOOD : STYLE_CAREFUL, state);
        grid_add(&grid, STYLE_PLAIN, view_show_number(screen, view_number(vm, "vcpus"), 0));
        grid_add(&grid, STYLE_PLAIN, percent_text(screen, view_number(vm, "cpu_usage_pct")));
        grid_add(&grid, STYLE_PLAIN, memory_text(screen, view_number(vm, "memory_mib")));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, vm, "migratable"));
    }
    grid_print(&grid, screen);
}

/* "up 3, maintenance 1": how many of each, in the order in which they appear. */
static void render_counts(struct screen *screen, const char *what, const json_t *counts)
{
    const char *key;
    json_t *value;
    bool first = true;

    screen_print(screen, STYLE_FAINT, "%-11s", what);
    json_object_foreach((json_t *)counts, key, value) {
        if (json_number_value(value) == 0)
            continue;
        screen_print(screen, STYLE_PLAIN, "%s", first ? "" : ", ");
        screen_print(screen, style_of_host_state(key), "%s", screen_safe(screen, key));
        screen_print(screen, STYLE_PLAIN, " %.0f", json_number_value(value));
        first = false;
    }
    screen_print(screen, STYLE_PLAIN, "%s\n", first ? "none" : "");
}

/* N+1, as far as it is known: nothing where droverd has not looked yet, and of a fleet file. */
static void render_n_plus_one(struct screen *screen, const json_t *n_plus_one)
{
    const json_t *lost = view_object(n_plus_one, "lost");
    const char *host;
    json_t *vms;

    if (!(view_number(n_plus_one, "known") > 0))
        return;
    screen_print(screen, STYLE_FAINT, "%-11s", "n+1");
    if (json_object_size(lost) == 0)
        screen_print(screen, STYLE_GOOD, "kept");
    else
        screen_print(screen, STYLE_CAREFUL, "lost");
    screen_print(screen, STYLE_PLAIN, "%s\n", json_object_size(lost) == 0
                     ? ": whichever host died, its VMs would fit elsewhere" : "");
    json_object_foreach((json_t *)lost, host, vms) {
        size_t n = json_array_size(vms);
        screen_print(screen, STYLE_PLAIN, "  if %s died, ", screen_safe(screen, host));
        for (size_t i = 0; i < n && i < 3; i++)
            screen_print(screen, STYLE_STRONG, "%s%s", i ? ", " : "",
                         screen_safe(screen, json_string_value(json_array_get(vms, i))));
        if (n > 3)
            screen_print(screen, STYLE_PLAIN, " and %zu more", n - 3);
        screen_print(screen, STYLE_PLAIN, " would not fit: drover plan fail %s\n",
                     screen_safe(screen, host));
    }
}

/* "shadow: 12 of 15 decisions and 140 of 140 rounds agreed": where there is one. */
static void render_shadow_counts(struct screen *screen, const json_t *counters)
{
    const json_t *decisions = view_object(counters, "shadow_decisions");
    const json_t *rounds = view_object(counters, "shadow_rounds");
    double decided = view_number(decisions, "agreed"), balanced = view_number(rounds, "agreed");

    if (isnan(decided) || isnan(balanced))
        return;
    screen_print(screen, STYLE_PLAIN,
                 "shadow: %.0f of %.0f decisions and %.0f of %.0f rounds agreed; drover shadow "
                 "shows the others\n", decided, decided + view_number(decisions, "differed"),
                 balanced, balanced + view_number(rounds, "differed"));
}

void render_status(struct screen *screen, const json_t *status)
{
    const json_t *daemon = view_object(status, "daemon");

    if (!view_flag(daemon, "offline"))
        screen_print(screen, STYLE_PLAIN, "droverd %s, since %s\n",
                     view_text(screen, daemon, "version"),
                     view_show_time(screen, view_number(daemon, "since")));
    render_counts(screen, "hosts", view_object(status, "hosts"));
    render_counts(screen, "vms", view_object(status, "vms"));
    render_counts(screen, "migrations", view_object(status, "migrations"));
    render_n_plus_one(screen, view_object(status, "n_plus_one"));
    render_shadow_counts(screen, view_object(daemon, "counters"));
}

void render_trouble(struct screen *screen, const json_t *hosts)
{
    size_t i;
    json_t *host;

    json_array_foreach((json_t *)hosts, i, host) {
        const char *state = view_text(screen, host, "state");
        const char *why = view_text(screen, host, "state_reason");
        if (strcmp(state, "up") == 0)
            continue;
        screen_print(screen, STYLE_PLAIN, "\n");
        screen_print(screen, STYLE_STRONG, "%s", view_text(screen, host, "name"));
        screen_print(screen, STYLE_PLAIN, ": ");
        screen_print(screen, style_of_host(host, state), "%s", state);
        screen_print(screen, STYLE_PLAIN, " for %s, %s VMs%s%s\n",
                     view_show_duration(screen, view_number(host, "state_s")),
                     view_show_number(screen, view_number(host, "vms"), 0), *why ? ": " : "", why);
        render_unplaced(screen, view_array(host, "held"));
    }
}
