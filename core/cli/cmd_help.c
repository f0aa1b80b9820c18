/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover help: the same as --help. */
#include "command.h"

static int run(struct cli *cli, struct error *error)
{
    const struct command *command;
    unsigned words;

    if (!cli->word) {
        help_print(&cli->screen);
        return 0;
    }
    command = command_find(cli->word[0], cli->word[1], &words, error);
    if (!command && !cli->word[1] && command_has_family(cli->word[0])) {
        error_clear(error);
        help_print_family(&cli->screen, cli->word[0]);
        return 0;
    }
    if (!command)
        return -1;
    help_print_command(&cli->screen, command);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "this list, or what a command takes",
    .place = ALONE,
    .most_words = 2,
    .run = run,
};
