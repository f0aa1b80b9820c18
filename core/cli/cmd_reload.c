/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover reload: read configuration, policies and plugins again; all or nothing. */
#include "command.h"

static int run(struct cli *cli, struct error *error)
{
    json_t *answer = source_call(&cli->source, "POST", "/v1/reload", json_object(), error);

    if (!answer)
        return -1;
    print_answer(cli, answer, "reloaded");
    return 0;
}

const struct command command_reload = {
    .name = "reload",
    .usage = "",
    .summary = "read configuration, policies and plugins again",
    .details = "What is wrong is refused with its file, line and column, and the daemon goes on "
               "with what it had.",
    .place = WITH_DAEMON,
    .run = run,
};
