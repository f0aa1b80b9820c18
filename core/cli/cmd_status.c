/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover status: how the fleet and the daemon are, on one page. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    json_t *hosts;

    if (show(cli, "/v1/status", NULL, render_status, error) < 0)
        return -1;
    if (cli->json)
        return 0;
    hosts = source_get(&cli->source, "/v1/hosts", NULL, error);
    if (!hosts)
        return -1;
    render_trouble(&cli->screen, hosts);
    json_decref(hosts);
    return show_group_problems(cli, error);
}

const struct command command_status = {
    .name = "status",
    .usage = "",
    .summary = "how the fleet is, and what is going on",
    .place = ANYWHERE,
    .run = run,
};
