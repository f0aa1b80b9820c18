/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrations: those under way and those that ended, or one of them in full. */
#include "command.h"
#include "render.h"

#include "base/scalar.h"

static const struct option options[] = {
    {"--all", NULL, "those that ended, too, from the journal"},
    {NULL, NULL, NULL},
};

/* The engine's are the newer ones; what the journal has of the same number is older news. */
static int run_all(struct cli *cli, struct error *error)
{
    json_t *now = source_get(&cli->source, "/v1/migrations", NULL, error);
    json_t *all = now ? source_get(&cli->source, "/v1/history", NULL, error) : NULL;
    size_t i, j;
    json_t *one, *newer;

    if (!all) {
        json_decref(now);
        return -1;
    }
    json_array_foreach(now, i, newer) {
        json_array_foreach(all, j, one) {
            if (json_equal(json_object_get(one, "id"), json_object_get(newer, "id")))
                break;
        }
        if (j < json_array_size(all))
            json_array_set(all, j, newer);
        else
            json_array_append(all, newer);
    }
    if (cli->json)
        print_json(cli, all);
    else
        render_migrations(&cli->screen, all);
    json_decref(now);
    json_decref(all);
    return 0;
}

static int run(struct cli *cli, struct error *error)
{
    int64_t id;
    json_t *one;

    if (option_given(&cli->options, "--all"))
        return run_all(cli, error);
    if (!cli->word)
        return show(cli, "/v1/migrations", NULL, render_migrations, error);
    if (!scalar_integer(cli->word[0], &id) || id <= 0)
        return error_set(error, ERROR_USAGE,
                         "expected a migration's number, found \"%s\"; drover migrations lists "
                         "them",
                         cli->word[0]);
    one = source_get_item(&cli->source, "/v1/migrations", cli->word[0], error);
    if (!one)
        return -1;
    if (cli->json)
        print_json(cli, one);
    else
        render_migration(&cli->screen, one);
    json_decref(one);
    return 0;
}

const struct command command_migrations = {
    .name = "migrations",
    .usage = "[ID | --all]",
    .summary = "moves under way and lately ended, or one of them in full",
    .place = ANYWHERE,
    .most_words = 1,
    .options = options,
    .run = run,
};
