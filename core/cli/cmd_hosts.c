/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover hosts: a table of hosts. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    return show(cli, "/v1/hosts", NULL, render_hosts, error);
}

const struct command command_hosts = {
    .name = "hosts",
    .usage = "",
    .summary = "the hosts, their states and their load",
    .place = ANYWHERE,
    .run = run,
};
