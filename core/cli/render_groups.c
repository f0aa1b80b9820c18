/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Affinity groups for people: a line for each rule, and what is wrong with them. */
#include "grid.h"
#include "render.h"
#include "view.h"

#include <string.h>

/* "db1 on kvm1, db2 on kvm2, db3 down" */
static const char *members_text(struct screen *screen, const json_t *vms)
{
    const char *text = "";
    size_t i;
    json_t *vm;

    json_array_foreach((json_t *)vms, i, vm) {
        const char *host = view_text(screen, vm, "host");
        text = arena_printf(&screen->arena, "%s%s%s%s%s", text, *text ? ", " : "",
                            view_text(screen, vm, "name"), *host ? " on " : " down", host);
    }
    return *text ? text : "no VM";
}

static const char *hosts_text(struct screen *screen, const json_t *hosts)
{
    const char *text = "";
    size_t i;
    json_t *host;

    json_array_foreach((json_t *)hosts, i, host)
        text = arena_printf(&screen->arena, "%s%s%s", text, *text ? ", " : "",
                            screen_safe(screen, json_string_value(host)));
    return *text ? text : "no host";
}

static enum style style_of_rule(const char *state)
{
    if (strcmp(state, "kept") == 0)
        return STYLE_GOOD;
    return strcmp(state, "disabled") == 0 ? STYLE_FAINT : STYLE_BAD;
}

static void add_line(struct grid *grid, struct screen *screen, const json_t *group,
                     const char *rule, const char *state, const char *members)
{
    grid_add(grid, STYLE_STRONG, view_text(screen, group, "name"));
    grid_add(grid, STYLE_PLAIN, rule);
    grid_add(grid, style_of_rule(state), state);
    grid_add(grid, STYLE_PLAIN, view_show_number(screen, view_number(group, "priority"), 1));
    grid_add(grid, STYLE_PLAIN, members);
}

static const char *rule_text(struct screen *screen, const json_t *group, const char *enforcing,
                             const char *what)
{
    return arena_printf(&screen->arena, "%s %s", view_flag(group, enforcing) ? "must" : "should",
                        what);
}

static void add_group(struct grid *grid, struct screen *screen, const json_t *group)
{
    const char *vm_state = view_text(screen, group, "vm_state");
    const char *host_state = view_text(screen, group, "host_state");
    const char *members = members_text(screen, view_array(group, "vms"));
    bool together = strcmp(view_text(screen, group, "vm_rule"), "positive") == 0;
    bool on = strcmp(view_text(screen, group, "host_rule"), "positive") == 0;

    if (strcmp(vm_state, "disabled") != 0 || strcmp(host_state, "disabled") == 0)
        add_line(grid, screen, group,
                 strcmp(vm_state, "disabled") == 0
                     ? "no rule"
                     : rule_text(screen, group, "vm_enforcing",
                                 together ? "be together" : "be apart"),
                 vm_state, members);
    if (strcmp(host_state, "disabled") != 0)
        add_line(grid, screen, group,
                 arena_printf(&screen->arena, "%s %s",
                              rule_text(screen, group, "host_enforcing", on ? "be on" : "not be on"),
                              hosts_text(screen, view_array(group, "hosts"))),
                 host_state, members);
}

void render_group_problems(struct screen *screen, const json_t *groups)
{
    size_t i, k;
    json_t *group, *problem;

    json_array_foreach((json_t *)groups, i, group) {
        json_array_foreach((json_t *)view_array(group, "problems"), k, problem) {
            bool refused = view_flag(problem, "refused");
            screen_print(screen, refused ? STYLE_BAD : STYLE_CAREFUL, "%s",
                         refused ? "error" : "warning");
            screen_print(screen, STYLE_PLAIN, ": %s\n", view_text(screen, problem, "text"));
        }
    }
}

void render_groups(struct screen *screen, const json_t *groups)
{
    struct grid grid;
    size_t i;
    json_t *group;

    if (json_array_size(groups) == 0) {
        screen_print(screen, STYLE_PLAIN, "no groups\n");
        return;
    }
    grid_open(&grid, screen, "GROUP|ITS VMS|STATE|PRIORITY|WHERE");
    json_array_foreach((json_t *)groups, i, group) {
        add_group(&grid, screen, group);
    }
    grid_print(&grid, screen);
}
