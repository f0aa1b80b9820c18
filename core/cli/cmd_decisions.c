/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover decisions, drover decision: what was decided, and why, as the journal kept it. */
#include "command.h"
#include "render.h"

#include "base/scalar.h"

static const struct option options[] = {
    {"--vm", "VM", "of this VM alone"},
    {NULL, NULL, NULL},
};

static int run_list(struct cli *cli, struct error *error)
{
    const struct query query[] = {{"vm", option_text(&cli->options, "--vm")}, {NULL, NULL}};

    return show(cli, "/v1/decisions", query, render_decisions, error);
}

const struct command command_decisions = {
    .name = "decisions",
    .usage = "[--vm VM]",
    .summary = "the latest decisions, newest first",
    .place = WITH_DAEMON,
    .options = options,
    .run = run_list,
};

static int run_one(struct cli *cli, struct error *error)
{
    int64_t id;
    json_t *decision;

    if (!scalar_integer(cli->word[0], &id) || id <= 0)
        return error_set(error, ERROR_USAGE,
                         "expected a decision's number, found \"%s\"; drover decisions lists them",
                         cli->word[0]);
    decision = source_get_item(&cli->source, "/v1/decisions", cli->word[0], error);
    if (!decision)
        return -1;
    if (cli->json)
        print_json(cli, decision);
    else
        render_decision(&cli->screen, decision);
    json_decref(decision);
    return 0;
}

const struct command command_decision = {
    .name = "decision",
    .usage = "ID",
    .summary = "one decision in full, as it was made then",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .run = run_one,
};
