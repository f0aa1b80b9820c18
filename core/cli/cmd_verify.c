/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover confirm, drover revert: what is said of a cold move that waits to be verified. */
#include "command.h"
#include "find_migration.h"
#include "follow.h"

#include <glib.h>

static int judge(struct cli *cli, const char *verb, const char *otherwise, int64_t *id,
                 struct error *error)
{
    *id = find_migration(cli, cli->word[0], error);
    if (*id == 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld/%s", (long long)*id, verb);
    json_t *answer = source_call(&cli->source, "POST", path, NULL, error);
    if (!answer)
        return -1;
    if (option_given(&cli->options, "--wait"))
        json_decref(answer);
    else
        print_answer(cli, answer, otherwise);
    return 0;
}

static int run_confirm(struct cli *cli, struct error *error)
{
    int64_t id;
    return judge(cli, "confirm", "completed", &id, error);
}

const struct command command_confirm = {
    .name = "confirm",
    .usage = "ID|VM",
    .summary = "a cold move with --verify is well: complete it",
    .details = "The VM runs on at its destination, and its definition is removed where it came "
               "from.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .run = run_confirm,
};

static const struct option revert_options[] = {
    {"--wait", NULL, "until it runs where it came from, or stays where it is"},
    {"--timeout", "DURATION", "with --wait: give up waiting after this long; the move goes on"},
    {NULL, NULL, NULL},
};

static int run_revert(struct cli *cli, struct error *error)
{
    double timeout_s;
    int64_t id;
    if (option_duration_s(&cli->options, "--timeout", 0, &timeout_s, error) < 0 ||
        judge(cli, "revert", "it is brought back", &id, error) < 0)
        return -1;
    if (!option_given(&cli->options, "--wait"))
        return 0;
    return follow_revert(cli, (double)id, timeout_s, error);
}

const struct command command_revert = {
    .name = "revert",
    .usage = "ID|VM [--wait]",
    .summary = "a cold move with --verify is not well: take the VM back",
    .details = "The guest is shut down at its destination, its definition is removed there, and "
               "it is started where it came from, by the definition that it had there. A guest "
               "that does not shut down in its time stays where it is, and goes on waiting to be "
               "judged.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = revert_options,
    .run = run_revert,
};
