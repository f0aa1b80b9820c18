/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover maintenance, drover drain: empty a host, and take it back. */
#include "command.h"
#include "follow.h"

#include "base/scalar.h"

static int switch_maintenance(struct cli *cli, bool on, struct error *error)
{
    json_t *body = json_pack("{s:s, s:b}", "host", cli->word[0], "on", on);
    const char *flag = on ? "--power-off" : "--move-home", *key = on ? "power_off" : "move_home";
    if (option_given(&cli->options, flag))
        json_object_set_new(body, key, json_true());
    json_t *answer = source_call(&cli->source, "POST", "/v1/maintenance", body, error);

    if (!answer)
        return -1;
    print_answer(cli, answer, on ? "draining; drover migrations shows how far it is"
                                 : "maintenance is over");
    return 0;
}

/* The timeout is read first: a mistyped option must not leave a host draining. */
static int drain(struct cli *cli, struct error *error)
{
    double timeout_s;

    if (option_duration_s(&cli->options, "--timeout", 0, &timeout_s, error) < 0)
        return -1;
    return follow_drain(cli, cli->word[0], timeout_s, error);
}

static const struct option maintenance_options[] = {
    {"--wait", NULL, "with on: until the host is empty, showing how far it is"},
    {"--power-off", NULL, "with on: switch it off by its fence devices once it is empty"},
    {"--move-home", NULL, "with off: VMs that left it go back, unless somebody moved them since"},
    {"--timeout", "DURATION", "with --wait: give up waiting after this long; the drain goes on"},
    {NULL, NULL, NULL},
};

static int run_maintenance(struct cli *cli, struct error *error)
{
    bool on;

    if (!scalar_boolean(cli->word[1], &on))
        return error_set(error, ERROR_USAGE, "maintenance %s: expected on or off, found \"%s\"",
                         cli->word[0], cli->word[1]);
    if (option_given(&cli->options, on ? "--move-home" : "--power-off"))
        return error_set(error, ERROR_USAGE, "%s goes with maintenance %s",
                         on ? "--move-home" : "--power-off", on ? "off" : "on");
    if (on && option_given(&cli->options, "--wait"))
        return drain(cli, error);
    return switch_maintenance(cli, on, error);
}

const struct command command_maintenance = {
    .name = "maintenance",
    .usage = "HOST on|off [--wait]",
    .summary = "empty a host and keep it empty, or take it back",
    .details = "on moves every VM away, live, to hosts that the policy chooses, and lets nothing "
               "start there. off takes it back, and switches it on first where drover has "
               "switched it off. With --wait the exit status is 0 once the host is empty; 3 where "
               "filters refuse every other host for some VM, which are shown; 1 where something "
               "else holds it.",
    .place = WITH_DAEMON,
    .least_words = 2,
    .most_words = 2,
    .options = maintenance_options,
    .run = run_maintenance,
};

static const struct option drain_options[] = {
    {"--timeout", "DURATION", "give up waiting after this long; the drain goes on"},
    {NULL, NULL, NULL},
};

const struct command command_drain = {
    .name = "drain",
    .usage = "HOST",
    .summary = "empty a host and wait until it is: maintenance HOST on --wait",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = drain_options,
    .run = drain,
};
