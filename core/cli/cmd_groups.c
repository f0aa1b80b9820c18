/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover groups: affinity groups, where their VMs are, and whether their rules are kept. */
#include "command.h"
#include "render.h"

/* What is wrong with those of a fleet file was said when it was read. */
int show_group_problems(struct cli *cli, struct error *error)
{
    json_t *groups;

    if (option_given(&cli->options, "--fleet"))
        return 0;
    groups = source_get(&cli->source, "/v1/groups", NULL, error);
    if (!groups)
        return -1;
    render_group_problems(&cli->screen, groups);
    json_decref(groups);
    return 0;
}

static int run(struct cli *cli, struct error *error)
{
    if (show(cli, "/v1/groups", NULL, render_groups, error) < 0)
        return -1;
    return cli->json ? 0 : show_group_problems(cli, error);
}

const struct command command_groups = {
    .name = "groups",
    .usage = "",
    .summary = "affinity groups, and whether their rules are kept",
    .place = ANYWHERE,
    .run = run,
};
