/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover vms: a table of VMs. */
#include "command.h"
#include "render.h"

static int run(struct cli *cli, struct error *error)
{
    return show(cli, "/v1/vms", NULL, render_vms, error);
}

const struct command command_vms = {
    .name = "vms",
    .usage = "",
    .summary = "the VMs and where they are",
    .place = ANYWHERE,
    .run = run,
};
