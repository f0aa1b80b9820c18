/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover explain: where a VM would go, and what each unit says of each host. */
#include "command.h"
#include "render.h"

static const struct option options[] = {
    {"--to", "HOST", "look at this host alone"},
    {NULL, NULL, NULL},
};

static int run(struct cli *cli, struct error *error)
{
    const struct query query[] = {
        {"vm", cli->word[0]}, {"to", option_text(&cli->options, "--to")}, {NULL, NULL}};

    return show(cli, "/v1/explain", query, render_decision, error);
}

const struct command command_explain = {
    .name = "explain",
    .usage = "VM [--to HOST]",
    .summary = "where a VM would go now, and why each host would or would not take it",
    .details = "Accepted hosts are listed best first, with the raw weight and the rank that each "
               "weight gave; refused ones with the filter, its reason, and what would change it. "
               "VM is a name or a UUID. Nothing is moved.",
    .place = ANYWHERE,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
