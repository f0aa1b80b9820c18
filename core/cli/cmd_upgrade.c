/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover upgrade: hosts one by one, or as many as there is room for; see upgrade.h. */
#include "command.h"
#include "upgrade.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "view.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_TIMEOUT_S 3600.0
#define USUAL_SETTLE_S 30.0
#define AT_ONCE_MOST 1000

/* ------------------------------------------------------------------ what was asked for */

static bool has(char **names, const char *name)
{
    return names && g_strv_contains((const char *const *)names, name);
}

/* Each host of the list that is to be done, once, in the order of the list. */
static int take_hosts(struct upgrade *upgrade, const struct options *options, struct error *error)
{
    const char *list = option_text(options, "--hosts"), *from = option_text(options, "--from");
    const char *skip = option_text(options, "--skip");
    g_auto(GStrv) names = g_strsplit(list ? list : "", ",", -1);
    g_auto(GStrv) skipped = skip ? g_strsplit(skip, ",", -1) : NULL;
    bool begun = !from;
    for (unsigned i = 0; names[i]; i++) {
        if (!*names[i])
            return error_set(error, ERROR_USAGE, "--hosts: expected names with commas between "
                             "them, found \"%s\"", list);
        begun = begun || strcmp(names[i], from) == 0;
        if (upgrade_add(upgrade, names[i], !begun || has(skipped, names[i]), error) < 0)
            return -1;
    }
    for (unsigned i = 0; skipped && skipped[i]; i++)
        if (!has(names, skipped[i]))
            return error_set(error, ERROR_USAGE, "--skip: %s is not among --hosts", skipped[i]);
    if (!begun)
        return error_set(error, ERROR_USAGE, "--from: %s is not among --hosts", from);
    return upgrade->n_hosts > 0 ? 0
                                : error_set(error, ERROR_USAGE, "--hosts HOST,... is missing");
}

static int take_at_once(struct upgrade *upgrade, const struct options *options, struct error *error)
{
    const char *text = option_text(options, "--at-once");
    int64_t n = 1;
    if (text && strcmp(text, "auto") == 0)
        n = AT_ONCE_MOST;
    else if (text && (!scalar_integer(text, &n) || n < 1 || n > AT_ONCE_MOST))
        return error_set(error, ERROR_USAGE, "--at-once: expected auto, or a number from 1 to %d, "
                         "found \"%s\"", AT_ONCE_MOST, text);
    upgrade->at_once = (unsigned)n;
    return 0;
}

/* As a shell would split it, and without one: what it means is up to the command. */
static int take_run(struct upgrade *upgrade, const struct options *options, struct error *error)
{
    const char *text = option_text(options, "--run");
    g_autoptr(GError) wrong = NULL;
    if (!text)
        return error_set(error, ERROR_USAGE, "--run CMD is missing");
    if (!g_shell_parse_argv(text, NULL, &upgrade->argv, &wrong))
        return error_set(error, ERROR_USAGE, "--run: %s", wrong->message);
    return 0;
}

static int take_options(struct upgrade *upgrade, const struct options *options,
                        struct error *error)
{
    upgrade->move_home = option_given(options, "--move-home");
    if (take_hosts(upgrade, options, error) < 0 || take_at_once(upgrade, options, error) < 0 ||
        take_run(upgrade, options, error) < 0 ||
        option_duration_s(options, "--timeout", USUAL_TIMEOUT_S, &upgrade->timeout_s, error) < 0)
        return -1;
    return option_duration_s(options, "--settle", USUAL_SETTLE_S, &upgrade->settle_s, error);
}

/* ------------------------------------------------------------------ what came of it */

static json_t *report_of(const struct upgrade *upgrade)
{
    json_t *hosts = json_array();
    for (unsigned i = 0; i < upgrade->n_hosts; i++) {
        const struct upgrade_host *host = &upgrade->hosts[i];
        json_array_append_new(
            hosts, json_pack("{s:s, s:s, s:s}", "host", host->name, "result",
                             upgrade_stage_names[host->stage], "reason", host->why ? host->why : ""));
    }
    return json_pack("{s:b, s:o}", "ok", !upgrade->failed, "hosts", hosts);
}

/* The first host that is not done: where to go on. */
static const char *next_host(const struct upgrade *upgrade)
{
    for (unsigned i = 0; i < upgrade->n_hosts; i++)
        if (upgrade->hosts[i].stage == UPGRADE_WAITS)
            return upgrade->hosts[i].name;
    return NULL;
}

static int end_failed(const struct upgrade *upgrade, struct error *error)
{
    const struct upgrade_host *failed = upgrade->failed;
    const char *next = next_host(upgrade);
    g_autofree char *back =
        failed->out ? g_strdup_printf("It stays in maintenance: mend it, then drover maintenance "
                                      "%s off. ", failed->name)
                    : g_strdup("");
    g_autofree char *go_on = next && strcmp(next, failed->name) != 0
                                 ? g_strdup_printf("The others: the same command with --from %s",
                                                   next)
                             : next ? g_strdup_printf("Go on with --from %s", next)
                                    : g_strdup("No other host is left");
    return error_set(error, failed->refused ? ERROR_REFUSED : ERROR_FAILED, "%s: %s. %s%s",
                     failed->name, failed->why, back, go_on);
}

static int end_dry(const struct upgrade *upgrade, struct error *error)
{
    return error_set(error, ERROR_REFUSED, "%s: %s; nothing was done", upgrade->failed->name,
                     upgrade->failed->why);
}

static int run_upgrade(struct cli *cli, struct error *error)
{
    struct upgrade upgrade = {.cli = cli};
    bool dry = option_given(&cli->options, "--dry-run");
    int status = take_options(&upgrade, &cli->options, error);
    if (status == 0)
        status = upgrade_check(&upgrade, error);
    if (status == 0 && dry)
        status = upgrade_show(&upgrade, error);
    else if (status == 0)
        status = upgrade_run(&upgrade, error);
    if (status == 0) {
        if (cli->json) {
            json_t *report = report_of(&upgrade);
            print_json(cli, report);
            json_decref(report);
        }
        if (upgrade.failed)
            status = dry ? end_dry(&upgrade, error) : end_failed(&upgrade, error);
    }
    upgrade_free(&upgrade);
    return status;
}

static const struct option upgrade_options[] = {
    {"--hosts", "HOST,...", "these, in this order"},
    {"--run", "CMD", "what is done to each: words, run here without a shell"},
    {"--at-once", "N|auto", "so many hosts out of use at a time (1); auto: as many as can be spared"},
    {"--from", "HOST", "begin with this one of --hosts; those before it are done"},
    {"--skip", "HOST,...", "these of --hosts are done"},
    {"--timeout", "DURATION", "for a host to become empty, and to come back (1h)"},
    {"--settle", "DURATION", "after CMD a host must answer for so long without a break (30s)"},
    {"--move-home", NULL, "VMs that left a host go back to it"},
    {"--dry-run", NULL, "only say where each host's VMs would go, and what does not fit"},
    {NULL, NULL, NULL},
};

const struct command command_upgrade = {
    .name = "upgrade",
    .usage = "--hosts HOST,... --run CMD",
    .summary = "a rolling upgrade: empty a host, run a command, wait until it is well, go on",
    .details = "CMD is run on this machine with DROVER_HOST and DROVER_HOST_URI in its "
               "environment, and has to end only when its work is done: a reboot included. It is "
               "split into words as a shell does and run without one; --run \"sh -c '...'\" has "
               "one. A host is drained only when all its VMs have a place. At the first failure "
               "no further host is begun, and the one that failed stays in maintenance.",
    .place = WITH_DAEMON,
    .options = upgrade_options,
    .run = run_upgrade,
};
