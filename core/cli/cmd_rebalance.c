/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover rebalance: start a round of balancing now, instead of when its time comes. */
#include "command.h"
#include "render.h"

static const struct option options[] = {
    {"--dry-run", NULL, "show what it would move, and move nothing"},
    {NULL, NULL, NULL},
};

static int run(struct cli *cli, struct error *error)
{
    const char *cluster = cli->word ? cli->word[0] : NULL;
    json_t *answer;

    if (option_given(&cli->options, "--dry-run")) {
        const struct query query[] = {{"what", "balance"}, {"target", cluster}, {NULL, NULL}};
        return show(cli, "/v1/plan", query, render_plan, error);
    }
    answer = source_call(&cli->source, "POST", "/v1/rebalance",
                         json_pack("{s:s*}", "cluster", cluster), error);
    if (!answer)
        return -1;
    print_answer(cli, answer, "balancing now; drover migrations shows what moves");
    return 0;
}

const struct command command_rebalance = {
    .name = "rebalance",
    .usage = "[CLUSTER] [--dry-run]",
    .summary = "start a round of balancing now",
    .place = ANYWHERE,
    .most_words = 1,
    .options = options,
    .run = run,
};
