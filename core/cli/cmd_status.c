/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover status: how the fleet and the daemon are, on one page. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    return show(cli, "/v1/status", NULL, render_status, error);
}

const struct command command_status = {
    .name = "status",
    .usage = "",
    .summary = "how the fleet is, and what is going on",
    .place = ANYWHERE,
    .run = run,
};
