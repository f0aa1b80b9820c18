/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands: one file each (cmd_*.c), one row each in the table of commands.c. A row says what the
 * command is called, what it takes and what it is for; the parser, --help and the completion's
 * test read the same row.
 */
#ifndef DROVER_CLI_COMMAND_H
#define DROVER_CLI_COMMAND_H

#include "base/error.h"
#include "option.h"
#include "screen.h"
#include "source.h"

#include <jansson.h>

/* One run of the program. */
struct cli {
    const struct command *command;
    const char **word; /* what stood after the command, without options; ends with NULL */
    unsigned n_words;
    struct options options;
    bool json;
    struct screen screen;
    struct source source; /* opened before run(), unless the command says ALONE */
};

/* Where a command gets its answers. */
enum command_place {
    ANYWHERE,    /* from the daemon, or with --fleet from a file */
    WITH_DAEMON, /* it changes or follows what the daemon does */
    ALONE,       /* it looks at its own files */
};

struct command {
    const char *name;  /* "plan drain": of one word or two */
    const char *usage; /* "HOST [--all]" */
    const char *summary;
    const char *details; /* a paragraph more for its own --help; NULL: none */
    enum command_place place;
    unsigned least_words, most_words;
    const struct option *options; /* its own; NULL: none */

    /* The exit status. Where the error is set, main prints it and its kind decides instead. */
    int (*run)(struct cli *cli, struct error *error);
};

extern const struct command *const commands[]; /* ends with NULL; in the order of --help */
extern const struct option global_options[];

extern const struct command command_status, command_hosts, command_vms, command_groups,
    command_migrations, command_migrations_set, command_force_complete,
    command_explain, command_plan_balance, command_plan_drain, command_plan_enforce,
    command_plan_fail, command_plan_migrate, command_maintenance, command_drain, command_upgrade,
    command_migrate, command_confirm, command_revert, command_abort, command_rebalance,
    command_fence, command_evacuate, command_alarm, command_agent_check,
    command_policy_list, command_policy_show,
    command_policy_check, command_plugin_list, command_plugin_show, command_plugin_check,
    command_decisions, command_decision, command_log, command_watch, command_snapshot,
    command_reload, command_simulate, command_replay, command_shadow, command_test, command_help;

/* What is wrong with affinity groups, where that was not said already. */
int show_group_problems(struct cli *cli, struct error *error);

/*
 * The command whose name argv begins with; *words tells how many of argv that took. NULL with the
 * error set. second may be NULL.
 */
const struct command *command_find(const char *first, const char *second, unsigned *words,
                                   struct error *error);

/* --help: of everything, and of one command. */
void help_print(struct screen *screen);
void help_print_command(struct screen *screen, const struct command *command);

/* Commands of two words that begin with this one: whether there are any, and help for them. */
bool command_has_family(const char *first);
void help_print_family(struct screen *screen, const char *first);

/* Print JSON as --json does: same value, same bytes; ends with a newline. */
void print_json(struct cli *cli, json_t *json);

/*
 * What the daemon answered to something that changes: with --json as it came, else its own
 * sentence, or `otherwise` where it has none. Takes answer over.
 */
void print_answer(struct cli *cli, json_t *answer, const char *otherwise);

/*
 * What most commands are: get `path`, and with --json print it, else render it. Renders nothing
 * and returns -1 where there is an error.
 */
typedef void render_function(struct screen *screen, const json_t *json);
int show(struct cli *cli, const char *path, const struct query *query, render_function *render,
         struct error *error);

#endif
