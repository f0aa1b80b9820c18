/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands, and what many of them share. */
#include "command.h"

#include "codec/json.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new command is a file cmd_NAME.c, a line in command.h and a line here. */
const struct command *const commands[] = {
    &command_status,       &command_hosts,        &command_vms,         &command_groups,
    &command_migrations_set, &command_migrations,
    &command_explain,      &command_plan_balance, &command_plan_drain,  &command_plan_enforce,
    &command_plan_fail,    &command_plan_migrate,
    &command_maintenance,  &command_drain,        &command_upgrade,     &command_migrate,
    &command_confirm,      &command_revert,       &command_abort,
    &command_force_complete,
    &command_rebalance,    &command_fence,        &command_evacuate,
    &command_alarm,        &command_agent_check,
    &command_decisions,    &command_decision,     &command_log,         &command_watch,
    &command_policy_list,  &command_policy_show,  &command_policy_check, &command_plugin_list,
    &command_plugin_show,  &command_plugin_check, &command_snapshot,    &command_reload,
    &command_shadow,       &command_simulate,     &command_replay,       &command_test,        &command_help,
    NULL,
};

/* How many of the words first, second the name is made of; 0: it is another command. */
static unsigned match(const char *name, const char *first, const char *second)
{
    size_t length = strlen(first);

    if (strncmp(name, first, length) != 0)
        return 0;
    if (name[length] == '\0')
        return 1;
    return name[length] == ' ' && second && strcmp(name + length + 1, second) == 0 ? 2 : 0;
}

/* "policy" alone, or with a word that is none of its own: say what there is. */
static int explain_second_word(const char *first, const char *second, struct error *error)
{
    char expected[128] = "";
    size_t length = strlen(first);

    for (const struct command *const *command = commands; *command; command++) {
        const char *name = (*command)->name;
        if (strncmp(name, first, length) != 0 || name[length] != ' ')
            continue;
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s%s", used ? ", " : "",
                 name + length + 1);
    }
    if (!*expected)
        return error_set(error, ERROR_USAGE, "no command \"%s\"; drover --help lists them", first);
    return error_set(error, ERROR_USAGE, "%s: expected one of %s, found %s%s%s", first, expected,
                     second ? "\"" : "", second ? second : "nothing", second ? "\"" : "");
}

const struct command *command_find(const char *first, const char *second, unsigned *words,
                                   struct error *error)
{
    for (const struct command *const *command = commands; *command; command++) {
        *words = match((*command)->name, first, second);
        if (*words)
            return *command;
    }
    explain_second_word(first, second, error);
    return NULL;
}

/*
 * JSON may hold U+0080..U+009F as they are, and some terminals obey them: they leave as \u0080...
 * Everything below U+0020 is written so already.
 */
void print_json(struct cli *cli, json_t *json)
{
    char *text = json_text(json);

    (void)cli;
    for (const char *c = text; *c; c++) {
        const unsigned char *byte = (const unsigned char *)c;
        if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0) {
            printf("\\u00%02x", byte[1]);
            c++;
        } else if (byte[0] == 0x7f) {
            fputs("\\u007f", stdout);
        } else {
            putchar(*c);
        }
    }
    putchar('\n');
    free(text);
}

void print_answer(struct cli *cli, json_t *answer, const char *otherwise)
{
    const char *text = view_text(&cli->screen, answer, "text");

    if (cli->json)
        print_json(cli, answer);
    else
        screen_print(&cli->screen, STYLE_PLAIN, "%s\n", *text ? text : otherwise);
    json_decref(answer);
}

int show(struct cli *cli, const char *path, const struct query *query, render_function *render,
         struct error *error)
{
    json_t *json = source_get(&cli->source, path, query, error);

    if (!json)
        return -1;
    if (cli->json)
        print_json(cli, json);
    else
        render(&cli->screen, json);
    json_decref(json);
    return 0;
}
