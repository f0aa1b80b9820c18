/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover shadow: where a policy that only looks on would have decided another way, and why. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    return show(cli, "/v1/shadow", NULL, render_shadow, error);
}

const struct command command_shadow = {
    .name = "shadow",
    .usage = "",
    .summary = "what policies in shadow would have done otherwise of late",
    .details = "A cluster's policy in shadow (key shadow in drover.yaml) is asked whatever the "
               "policy in force is asked, on the live fleet, and nothing is done by what it says. "
               "Counted since it was put there, or since droverd started; the differences are the "
               "journal's, newest first.",
    .place = WITH_DAEMON,
    .run = run,
};
