/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrations set: let a queued move begin sooner, or later. */
#include "command.h"
#include "find_migration.h"

#include "base/scalar.h"

#include <glib.h>

static const struct option options[] = {
    {"--priority", "N", "moves of higher priority begin first; of the same, the older ones"},
    {NULL, NULL, NULL},
};

static int run(struct cli *cli, struct error *error)
{
    const char *text = option_text(&cli->options, "--priority");
    double priority;
    if (!text || !scalar_number(text, &priority))
        return error_set(error, ERROR_USAGE, "--priority: expected a number, found %s%s%s",
                         text ? "\"" : "", text ? text : "nothing", text ? "\"" : "");
    int64_t id = find_migration(cli, cli->word[0], error);
    if (id == 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld", (long long)id);
    json_t *answer = source_call(&cli->source, "PATCH", path,
                                 json_pack("{s:f}", "priority", priority), error);
    if (!answer)
        return -1;
    print_answer(cli, answer, "done");
    return 0;
}

const struct command command_migrations_set = {
    .name = "migrations set",
    .usage = "ID|VM --priority N",
    .summary = "let a queued move begin sooner, or later",
    .details = "A move begins with its VM's own priority. One that has begun is not changed: exit "
               "status 3.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
