/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover: the command line. Reads options and the command, opens where answers come from, runs the
 * command, and says what went wrong: once, on standard error, with the exit status of its kind
 * (0 done, 1 failed, 2 wrong usage, 3 refused by policy, 4 no daemon).
 */
#include "base/memory.h"
#include "command.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option global_options[] = {
    {"--socket", "SOCKET", "ask the daemon at this socket"},
    {"--fleet", "FILE", "work on a fleet file, with no daemon; - is standard input"},
    {"--policy", "POLICY", "with --fleet: decide by this policy (name or file), not the fleet's"},
    {"--plugin", "FILE", "load this plugin (.so or .lua), too; with --fleet; may be repeated"},
    {"--plugin-dir", "DIR", "load all plugins of a folder, too; with --fleet; may be repeated"},
    {"--config", "FILE", "take directories, limits and the socket from this drover.yaml"},
    {"--json", NULL, "print JSON"},
    {"--no-color", NULL, "no colour (it is used on terminals only, and not if NO_COLOR is set)"},
    {"--version", NULL, "print the version"},
    {"--help", NULL, "print this, or with a command, what it takes; -h does the same"},
    {NULL, NULL, NULL},
};

static void add_word(struct cli *cli, const char *word)
{
    cli->word = memory_resize(cli->word, cli->n_words + 2, sizeof *cli->word);
    cli->word[cli->n_words++] = word;
    cli->word[cli->n_words] = NULL;
}

/* The command's own name is taken off; what follows are its words. */
static int take_command(struct cli *cli, char **argv, int argc, int *i, struct error *error)
{
    unsigned words = 0;
    const char *second = *i + 1 < argc ? argv[*i + 1] : NULL;

    cli->command = command_find(argv[*i], second, &words, error);
    if (cli->command) {
        *i += (int)words - 1;
        return 0;
    }
    if (!second || (strcmp(second, "--help") != 0 && strcmp(second, "-h") != 0) ||
        !command_has_family(argv[*i]))
        return -1;
    error_clear(error); /* "plan --help" is "help plan" */
    cli->command = &command_help;
    add_word(cli, argv[(*i)++]);
    return 0;
}

static int parse(struct cli *cli, char **argv, int argc, struct error *error)
{
    bool options_end = false;

    for (int i = 1; i < argc; i++) {
        const struct option *tables[] = {global_options,
                                         cli->command ? cli->command->options : NULL, NULL};
        if (!options_end && strcmp(argv[i], "--") == 0)
            options_end = true;
        else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
            if (option_take(&cli->options, tables, argv, argc, &i, error) < 0)
                return -1;
        } else if (cli->command)
            add_word(cli, argv[i]);
        else if (take_command(cli, argv, argc, &i, error) < 0)
            return -1;
    }
    return 0;
}

static int check_words(const struct cli *cli, struct error *error)
{
    const struct command *command = cli->command;

    if (cli->n_words < command->least_words)
        return error_set(error, ERROR_USAGE, "expected: drover %s %s", command->name,
                         command->usage);
    if (cli->n_words > command->most_words)
        return error_set(error, ERROR_USAGE, "%s: unexpected \"%s\"; expected: drover %s%s%s",
                         command->name, cli->word[command->most_words], command->name,
                         *command->usage ? " " : "", command->usage);
    return 0;
}

static int open_source(struct cli *cli, struct error *error)
{
    if (cli->command->place == ALONE)
        return 0;
    if (cli->command->place == WITH_DAEMON && option_given(&cli->options, "--fleet"))
        return error_set(error, ERROR_USAGE,
                         "%s works with a daemon, not on a fleet file: leave --fleet out",
                         cli->command->name);
    return source_open(&cli->source, &cli->options, error);
}

static int run(struct cli *cli, int argc, char **argv, struct error *error)
{
    int parsed = parse(cli, argv, argc, error);

    screen_open(&cli->screen, option_given(&cli->options, "--no-color"));
    cli->json = option_given(&cli->options, "--json");
    if (parsed < 0)
        return 2;
    if (option_given(&cli->options, "--version")) {
        printf("drover %s\n", DROVER_VERSION);
        return 0;
    }
    if (option_given(&cli->options, "--help")) {
        if (cli->command)
            help_print_command(&cli->screen, cli->command);
        else
            help_print(&cli->screen);
        return 0;
    }
    if (!cli->command)
        return error_set(error, ERROR_USAGE, "expected a command; drover --help lists them");
    if (check_words(cli, error) < 0 || open_source(cli, error) < 0)
        return -1;
    return cli->command->run(cli, error);
}

int main(int argc, char **argv)
{
    struct cli cli = {.command = NULL};
    struct error error = ERROR_INIT;
    int status = run(&cli, argc, argv, &error);

    if (error.kind != ERROR_NONE) {
        screen_complain(error.text);
        status = error_exit_status(error.kind);
    }
    status = status < 0 ? 1 : status;
    /* A full disk behind standard output is a failure, too. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        screen_complain("cannot write to standard output");
        status = status ? status : 1;
    }
    source_close(&cli.source);
    screen_close(&cli.screen);
    options_free(&cli.options);
    free(cli.word);
    return status;
}
