/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrations: those under way and those that ended, or one of them in full. */
#include "command.h"
#include "render.h"

#include "base/scalar.h"

static int run(struct cli *cli, struct error *error)
{
    int64_t id;
    json_t *one;

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
    .usage = "[ID]",
    .summary = "moves under way and lately ended, or one of them in full",
    .place = ANYWHERE,
    .most_words = 1,
    .run = run,
};
