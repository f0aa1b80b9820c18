/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A decision for people: the choice first, then a table of hosts x units, best first, with what
 * each weight and each filter said of them, then the hosts that were refused, with why and what
 * would change that. Where the table is too wide, only the hosts that were weighed stand in it.
 */
#include "base/memory.h"
#include "grid.h"
#include "render.h"
#include "view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const json_t *weight_of(const json_t *host, const char *unit)
{
    return json_object_get(view_object(host, "weights"), unit);
}

static unsigned collect_units(const json_t *weights, const char **unit, unsigned most)
{
    unsigned n = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)weights, key, value) {
        if (n < most)
            unit[n++] = key;
    }
    return n;
}

static int by_place(const void *a, const void *b)
{
    double left = view_number(*(const json_t *const *)a, "place");
    double right = view_number(*(const json_t *const *)b, "place");
    /* Hosts without a place (not chosen from: refused) keep to the end. */
    if (isnan(left) || isnan(right))
        return isnan(left) - isnan(right);
    return (left > right) - (left < right);
}

/* The accepted hosts, best first. free() the array. */
static const json_t **accepted_hosts(const json_t *decision, unsigned *n)
{
    const json_t *hosts = view_array(decision, "hosts");
    const json_t **accepted = memory_array(json_array_size(hosts) + 1, sizeof *accepted);
    size_t i;
    json_t *host;

    *n = 0;
    json_array_foreach((json_t *)hosts, i, host) {
        if (view_flag(host, "accepted"))
            accepted[(*n)++] = host;
    }
    if (*n > 1)
        qsort(accepted, *n, sizeof *accepted, by_place);
    return accepted;
}

static const char *weight_text(struct screen *screen, const json_t *weight)
{
    double rank = view_number(weight, "rank");
    const char *raw = view_show_number(screen, view_number(weight, "raw"), 3);

    if (isnan(rank))
        return raw;
    return arena_printf(&screen->arena, "%s (%s)", raw, view_show_number(screen, rank, 3));
}

/* Whether the unit sees a difference between the hosts; where there is one host, nobody does. */
static bool decides(const json_t *const *host, unsigned n, const char *unit)
{
    double first = view_number(weight_of(host[0], unit), "raw");

    for (unsigned i = 1; i < n; i++) {
        double raw = view_number(weight_of(host[i], unit), "raw");
        if (raw < first || raw > first)
            return true;
    }
    return false;
}

static const char *unit_title(struct screen *screen, const json_t *host, const char *unit)
{
    double factor = view_number(weight_of(host, unit), "factor");

    return arena_printf(&screen->arena, "%s x%s", screen_safe(screen, unit),
                        view_show_number(screen, factor, 3));
}

/* Those that see no difference go out of the list, and into the text. Returns how many are left. */
static unsigned drop_indifferent(struct screen *screen, const json_t *const *host, unsigned n,
                                 const char **unit, unsigned n_units, const char **dropped)
{
    unsigned left = 0;

    *dropped = "";
    for (unsigned u = 0; u < n_units; u++) {
        if (decides(host, n, unit[u]))
            unit[left++] = unit[u];
        else
            *dropped = arena_printf(&screen->arena, "%s%s%s", *dropped, **dropped ? ", " : "",
                                    unit_title(screen, host[0], unit[u]));
    }
    return left;
}

static void explain_columns(struct screen *screen, unsigned n, unsigned n_units,
                            const char *dropped)
{
    if (n_units > 0)
        screen_print(screen, STYLE_FAINT,
                     "Under each weight (x its factor): its raw weight, lower is better, and "
                     "(rank).\n");
    if (n > 1 && *dropped)
        screen_wrap(screen, STYLE_FAINT, 0,
                    arena_printf(&screen->arena, "All hosts are alike to: %s.", dropped));
}

#define UNITS_MOST 64

/* Hosts x units: a row for each host, a column for each unit that tells hosts apart. */
struct table {
    const json_t **accepted; /* best first */
    unsigned n_accepted;
    const char *weight[UNITS_MOST];
    unsigned n_weights;
    const char *filter[UNITS_MOST]; /* those that refuse somebody */
    unsigned n_filters;
    const char *alike; /* weights to which all hosts are alike */
    const char *chosen;
};

static bool is_listed(const char *const *unit, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(unit[i], name) == 0)
            return true;
    return false;
}

static unsigned collect_filters(struct screen *screen, const json_t *hosts, const char **unit,
                                unsigned most)
{
    unsigned n = 0;
    size_t i, k;
    json_t *host, *refusal;

    json_array_foreach((json_t *)hosts, i, host) {
        json_array_foreach((json_t *)view_array(host, "refusals"), k, refusal) {
            const char *name = view_text(screen, refusal, "unit");
            if (n < most && !is_listed(unit, n, name))
                unit[n++] = name;
        }
    }
    return n;
}

static struct table table_of(struct screen *screen, const json_t *decision)
{
    struct table table = {.alike = "", .chosen = view_text(screen, decision, "chosen")};

    table.accepted = accepted_hosts(decision, &table.n_accepted);
    table.n_filters = collect_filters(screen, view_array(decision, "hosts"), table.filter,
                                      UNITS_MOST);
    if (table.n_accepted > 0) {
        const json_t *first = table.accepted[0];
        table.n_weights = collect_units(view_object(first, "weights"), table.weight, UNITS_MOST);
        table.n_weights = drop_indifferent(screen, table.accepted, table.n_accepted, table.weight,
                                           table.n_weights, &table.alike);
    }
    return table;
}

/* The unit's code for this host without the unit's name, which stands above it; "": accepted. */
static const char *word_of(struct screen *screen, const json_t *host, const char *unit)
{
    const char *slash = strrchr(unit, '/'); /* a pack stands before a unit of its own */
    const char *own = slash ? slash + 1 : unit;
    size_t i, length = strlen(own);
    json_t *refusal;

    json_array_foreach((json_t *)view_array(host, "refusals"), i, refusal) {
        const char *code = view_text(screen, refusal, "code");
        if (strcmp(view_text(screen, refusal, "unit"), unit) != 0)
            continue;
        return strncmp(code, own, length) == 0 && code[length] == '.' ? code + length + 1 : code;
    }
    return "";
}

static void add_accepted(struct grid *grid, struct screen *screen, const struct table *table,
                         const json_t *host, bool with_filters)
{
    const char *name = view_text(screen, host, "name");
    bool is_chosen = strcmp(name, table->chosen) == 0;

    grid_add(grid, is_chosen ? STYLE_STRONG : STYLE_PLAIN, name);
    grid_add(grid, is_chosen ? STYLE_GOOD : STYLE_PLAIN, is_chosen ? "chosen" : "accepted");
    grid_add(grid, STYLE_PLAIN, view_show_number(screen, view_number(host, "score"), 3));
    for (unsigned u = 0; u < table->n_weights; u++)
        grid_add(grid, STYLE_PLAIN, weight_text(screen, weight_of(host, table->weight[u])));
    for (unsigned u = 0; with_filters && u < table->n_filters; u++)
        grid_add(grid, STYLE_GOOD, "ok");
}

static void add_refused(struct grid *grid, struct screen *screen, const struct table *table,
                        const json_t *host)
{
    grid_add(grid, STYLE_PLAIN, view_text(screen, host, "name"));
    grid_add(grid, STYLE_BAD, "refused");
    grid_add(grid, STYLE_PLAIN, "");
    for (unsigned u = 0; u < table->n_weights; u++)
        grid_add(grid, STYLE_PLAIN, "");
    for (unsigned u = 0; u < table->n_filters; u++) {
        const char *word = word_of(screen, host, table->filter[u]);
        grid_add(grid, *word ? STYLE_BAD : STYLE_GOOD, *word ? word : "ok");
    }
}

static struct grid grid_of(struct screen *screen, const struct table *table, const json_t *hosts,
                           bool with_filters)
{
    struct grid grid;
    size_t i;
    json_t *host;

    grid_open(&grid, screen, "HOST|VERDICT|SCORE");
    for (unsigned u = 0; u < table->n_weights; u++)
        grid_heading(&grid, unit_title(screen, table->accepted[0], table->weight[u]));
    for (unsigned u = 0; with_filters && u < table->n_filters; u++)
        grid_heading(&grid, table->filter[u]);
    for (unsigned a = 0; a < table->n_accepted; a++)
        add_accepted(&grid, screen, table, table->accepted[a], with_filters);
    json_array_foreach((json_t *)hosts, i, host) {
        if (with_filters && !view_flag(host, "accepted"))
            add_refused(&grid, screen, table, host);
    }
    return grid;
}

/* All hosts and units where the screen is wide enough; else those that were weighed. */
static void render_table(struct screen *screen, const json_t *decision)
{
    struct table table = table_of(screen, decision);
    const json_t *hosts = view_array(decision, "hosts");
    struct grid grid = grid_of(screen, &table, hosts, true);

    if (grid_width(&grid) > screen_width(screen)) {
        free(grid.cell);
        grid = grid_of(screen, &table, hosts, false);
    }
    if (grid.n > grid.columns) {
        screen_print(screen, STYLE_PLAIN, "\n");
        grid_print(&grid, screen);
    }
    free(grid.cell);
    explain_columns(screen, table.n_accepted, table.n_weights, table.alike);
    free(table.accepted);
}

/* One host that is refused: each unit's reason, and what would change them all. */
static void render_refused(struct screen *screen, unsigned indent, unsigned beside,
                           const json_t *host)
{
    const char *name = view_text(screen, host, "name");
    const char *remedy = view_text(screen, host, "remedy");
    size_t i;
    json_t *refusal;

    screen_print(screen, STYLE_STRONG, "%*s%s", (int)indent, "", name);
    json_array_foreach((json_t *)view_array(host, "refusals"), i, refusal) {
        unsigned before = i == 0 ? indent + (unsigned)screen_cells(name) : 0;
        screen_print(screen, STYLE_BAD, "%*s%s", (int)(beside - before), "",
                     view_text(screen, refusal, "unit"));
        screen_print(screen, STYLE_PLAIN, ": %s\n", view_text(screen, refusal, "reason"));
    }
    if (*remedy)
        screen_wrap(screen, STYLE_GOOD, beside,
                    arena_printf(&screen->arena, "it would pass %s", remedy));
}

void render_refusals(struct screen *screen, unsigned indent, const json_t *hosts)
{
    size_t widest = 0, i;
    json_t *host;

    json_array_foreach((json_t *)hosts, i, host) {
        size_t cells = screen_cells(view_text(screen, host, "name"));
        if (!view_flag(host, "accepted") && cells > widest)
            widest = cells;
    }
    json_array_foreach((json_t *)hosts, i, host) {
        if (!view_flag(host, "accepted"))
            render_refused(screen, indent, indent + (unsigned)widest + 2, host);
    }
}

void render_failures(struct screen *screen, const json_t *failures)
{
    size_t i;
    json_t *failure;

    json_array_foreach((json_t *)failures, i, failure) {
        screen_print(screen, STYLE_CAREFUL, "unit %s failed", view_text(screen, failure, "unit"));
        screen_print(screen, STYLE_PLAIN, ": %s; treated as: %s\n",
                     view_text(screen, failure, "error"), view_text(screen, failure, "treated"));
    }
}

/* The sentence on top. */
static void render_verdict(struct screen *screen, const json_t *decision, unsigned accepted,
                           unsigned all)
{
    const char *chosen = view_text(screen, decision, "chosen");
    const char *from = view_text(screen, decision, "from");
    bool stays = *chosen && strcmp(chosen, from) == 0;

    screen_print(screen, STYLE_STRONG, "%s: ", view_text(screen, decision, "vm"));
    if (!*chosen) {
        screen_print(screen, STYLE_BAD, "no host");
        if (all == 0)
            screen_print(screen, STYLE_PLAIN, "; its cluster has none\n");
        else if (all == 1)
            screen_print(screen, STYLE_PLAIN, "; %s refuses it\n",
                         view_text(screen, json_array_get(view_array(decision, "hosts"), 0),
                                   "name"));
        else
            screen_print(screen, STYLE_PLAIN, "; all %u refuse it\n", all);
        return;
    }
    screen_print(screen, STYLE_GOOD, "%s%s", stays ? "stays on " : "", chosen);
    if (accepted > 1)
        screen_print(screen, STYLE_PLAIN, ", the best of %u hosts that take it\n", accepted);
    else if (stays)
        screen_print(screen, STYLE_PLAIN, ", no other host takes it\n");
    else if (all > 1)
        screen_print(screen, STYLE_PLAIN, ", the only one of %u hosts that takes it\n", all);
    else
        screen_print(screen, STYLE_PLAIN, " takes it\n");
}

static void render_circumstances(struct screen *screen, const json_t *decision)
{
    const char *from = view_text(screen, decision, "from");
    double id = view_number(decision, "id");

    screen_print(screen, STYLE_FAINT, "policy %s, to %s", view_text(screen, decision, "policy"),
                 view_text(screen, decision, "purpose"));
    if (*from)
        screen_print(screen, STYLE_FAINT, ", from %s", from);
    if (id > 0)
        screen_print(screen, STYLE_FAINT, ", decision %.0f of %s", id,
                     view_show_time(screen, view_number(decision, "at")));
    screen_print(screen, STYLE_PLAIN, "\n");
}

void render_decision(struct screen *screen, const json_t *decision)
{
    const json_t *hosts = view_array(decision, "hosts");
    unsigned accepted = 0, all = (unsigned)json_array_size(hosts);

    for (size_t i = 0; i < all; i++)
        accepted += view_flag(json_array_get(hosts, i), "accepted");
    render_verdict(screen, decision, accepted, all);
    render_circumstances(screen, decision);
    if (accepted > 0 || all > 1)
        render_table(screen, decision);
    if (accepted < all) {
        screen_print(screen, STYLE_PLAIN, "\nrefused:\n");
        render_refusals(screen, 2, hosts);
    }
    render_blockers(screen, view_array(decision, "blockers"));
    render_failures(screen, view_array(decision, "failures"));
}

void render_decisions(struct screen *screen, const json_t *decisions)
{
    struct grid grid;
    size_t i;
    json_t *decision;

    grid_open(&grid, screen, "ID|AT|VM|PURPOSE|FROM|CHOSEN|POLICY");
    json_array_foreach((json_t *)decisions, i, decision) {
        const char *chosen = view_text(screen, decision, "chosen");
        grid_add(&grid, STYLE_PLAIN, view_show_number(screen, view_number(decision, "id"), 0));
        grid_add(&grid, STYLE_PLAIN, view_show_time(screen, view_number(decision, "at")));
        grid_add(&grid, STYLE_STRONG, view_text(screen, decision, "vm"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, decision, "purpose"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, decision, "from"));
        grid_add(&grid, *chosen ? STYLE_GOOD : STYLE_BAD, *chosen ? chosen : "no host");
        grid_add(&grid, STYLE_PLAIN, view_text(screen, decision, "policy"));
    }
    grid_print(&grid, screen);
}
