/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help, from the same tables that are parsed. */
#include "command.h"

#include <string.h>

/* "  left                text", the text beside or, where there is no room, beneath. */
static void print_row(struct screen *screen, unsigned column, const char *left, const char *text)
{
    size_t length = strlen(left);
    unsigned indent = column;

    screen_print(screen, STYLE_STRONG, "  %s", left);
    if (length + 4 > column) {
        screen_print(screen, STYLE_PLAIN, "\n");
    } else {
        screen_print(screen, STYLE_PLAIN, "%*s", (int)(column - length - 2), "");
        indent = 0;
    }
    if (indent)
        screen_wrap(screen, STYLE_PLAIN, indent, text);
    else
        screen_print(screen, STYLE_PLAIN, "%s\n", text);
}

static void print_options(struct screen *screen, const struct option *option)
{
    for (; option && option->name; option++)
        print_row(screen, 24,
                  arena_printf(&screen->arena, "%s%s%s", option->name,
                               option->argument && option->argument[0] != '[' ? " " : "",
                               option->argument ? option->argument : ""),
                  option->help);
}

static const char *synopsis(struct screen *screen, const struct command *command)
{
    return arena_printf(&screen->arena, "%s%s%s", command->name, *command->usage ? " " : "",
                        command->usage);
}

void help_print(struct screen *screen)
{
    screen_print(screen, STYLE_PLAIN,
                 "drover moves virtual machines between libvirt hosts, by policy.\n\n"
                 "usage: drover [OPTION]... COMMAND [WORD]...\n\ncommands:\n");
    for (const struct command *const *command = commands; *command; command++)
        print_row(screen, 44, synopsis(screen, *command), (*command)->summary);
    screen_print(screen, STYLE_PLAIN, "\noptions, before or after the command:\n");
    print_options(screen, global_options);
    screen_print(screen, STYLE_PLAIN,
                 "\nexit status: 0 done, 1 failed, 2 wrong usage or input, 3 refused by policy, "
                 "4 no daemon\ndrover COMMAND --help tells more, and drover(1) all.\n");
}

static bool is_of_family(const struct command *command, const char *first)
{
    size_t length = strlen(first);
    return strncmp(command->name, first, length) == 0 && command->name[length] == ' ';
}

bool command_has_family(const char *first)
{
    for (const struct command *const *command = commands; *command; command++)
        if (is_of_family(*command, first))
            return true;
    return false;
}

void help_print_family(struct screen *screen, const char *first)
{
    screen_print(screen, STYLE_PLAIN, "usage: drover %s WORD...\n\n", first);
    for (const struct command *const *command = commands; *command; command++)
        if (is_of_family(*command, first))
            print_row(screen, 44, synopsis(screen, *command), (*command)->summary);
    screen_print(screen, STYLE_PLAIN, "\nEach of them has a --help of its own.\n");
}

void help_print_command(struct screen *screen, const struct command *command)
{
    screen_print(screen, STYLE_PLAIN, "usage: drover %s\n\n", synopsis(screen, command));
    screen_wrap(screen, STYLE_PLAIN, 0, arena_printf(&screen->arena, "%s.", command->summary));
    if (command->details) {
        screen_print(screen, STYLE_PLAIN, "\n");
        screen_wrap(screen, STYLE_PLAIN, 0, command->details);
    }
    if (command->place == ANYWHERE)
        screen_print(screen, STYLE_PLAIN, "\nWorks with the daemon, and with --fleet on a file.\n");
    if (command->options && command->options->name) {
        screen_print(screen, STYLE_PLAIN, "\noptions:\n");
        print_options(screen, command->options);
    }
}
