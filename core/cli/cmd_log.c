/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover log: what the daemon thought a person may want to know. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    return show(cli, "/v1/notices", NULL, render_notices, error);
}

const struct command command_log = {
    .name = "log",
    .usage = "",
    .summary = "the latest notices: hosts lost and found, drains, failures",
    .place = WITH_DAEMON,
    .run = run,
};
