/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover watch: what happens, as it happens: a line for each event, until interrupted. */
#include "command.h"
#include "model/migration.h"
#include "render.h"
#include "view.h"

#include <stdio.h>
#include <string.h>

/* Events carry the record as it is in the journal, without what the API works out. */
static double percentage(const json_t *migration)
{
    const json_t *its = view_object(migration, "progress");
    struct progress progress = {
        .memory_total_mib = view_number(its, "memory_total_mib"),
        .memory_remaining_mib = view_number(its, "memory_remaining_mib"),
    };
    return progress.memory_total_mib > 0 ? progress_percentage(&progress) : 0;
}

static void print_migration(struct screen *screen, const json_t *migration)
{
    const char *state = view_text(screen, migration, "state");
    const char *to = view_text(screen, migration, "to");
    const char *error = view_text(screen, migration, "error");

    screen_print(screen, STYLE_STRONG, "%s", view_text(screen, migration, "vm"));
    screen_print(screen, STYLE_PLAIN, " %s -> %s: ", view_text(screen, migration, "from"),
                 *to ? to : "?");
    screen_print(screen, style_of_migration_state(state), "%s", state);
    if (strcmp(state, "running") == 0)
        screen_print(screen, STYLE_PLAIN, " %.0f %%", percentage(migration));
    screen_print(screen, STYLE_PLAIN, "%s%s\n", *error ? ": " : "", error);
}

static void print_decision(struct screen *screen, const json_t *decision)
{
    const char *chosen = view_text(screen, decision, "chosen");

    screen_print(screen, STYLE_STRONG, "%s", view_text(screen, decision, "vm"));
    screen_print(screen, STYLE_PLAIN, ": decision %.0f, to %s: %s\n", view_number(decision, "id"),
                 view_text(screen, decision, "purpose"), *chosen ? chosen : "no host");
}

static const struct {
    const char *kind;
    void (*print)(struct screen *screen, const json_t *json);
} printers[] = {
    {"migration", print_migration},
    {"decision", print_decision},
    {"notice", render_notice},
};

static void print_event(struct cli *cli, struct screen *screen, const char *kind,
                        const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    if (cli->json) {
        json_t *line = json_pack("{s:s, s:o*}", "event", kind, "data", json);
        print_json(cli, line);
        json_decref(line);
        return;
    }
    for (unsigned i = 0; json && i < sizeof printers / sizeof *printers; i++)
        if (strcmp(printers[i].kind, kind) == 0)
            printers[i].print(screen, json);
    json_decref(json);
}

static bool take_event(void *self, const char *kind, const char *text)
{
    struct cli *cli = self;
    struct screen screen = cli->screen;

    screen.arena = (struct arena)ARENA_INIT;
    print_event(cli, &screen, kind, text);
    arena_free(&screen.arena);
    return fflush(stdout) == 0; /* nobody reads any more: end */
}

static int run(struct cli *cli, struct error *error)
{
    if (client_events(cli->source.client, take_event, cli, error) < 0 || ferror(stdout))
        return -1;
    return error_set(error, ERROR_NO_DAEMON, "droverd has ended the stream: it was stopped");
}

const struct command command_watch = {
    .name = "watch",
    .usage = "",
    .summary = "what happens, as it happens, until interrupted",
    .details = "A line for each change of a migration, each decision and each notice; with "
               "--json an object for every event.",
    .place = WITH_DAEMON,
    .run = run,
};
