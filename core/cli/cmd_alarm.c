/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover alarm: somebody or something says that a host is about to fail. */
#include "command.h"

#include "base/scalar.h"

static int run_alarm(struct cli *cli, struct error *error)
{
    const char *reason = option_text(&cli->options, "--reason");
    json_t *body, *answer;
    bool on;

    if (!scalar_boolean(cli->word[1], &on))
        return error_set(error, ERROR_USAGE, "alarm %s: expected on or off, found \"%s\"",
                         cli->word[0], cli->word[1]);
    if (reason && !on)
        return error_set(error, ERROR_USAGE, "alarm %s off: --reason is for on", cli->word[0]);
    body = json_pack("{s:s, s:b, s:s*}", "host", cli->word[0], "on", on, "reason", reason);
    if (!body)
        return error_set(error, ERROR_USAGE, "--reason: expected a line of UTF-8");
    answer = source_call(&cli->source, "POST", "/v1/alarm", body, error);
    if (!answer)
        return -1;
    print_answer(cli, answer, on ? "told" : "the alarm is over");
    return 0;
}

static const struct option alarm_options[] = {
    {"--reason", "TEXT", "with on: what is wrong, in one line"},
    {NULL, NULL, NULL},
};

const struct command command_alarm = {
    .name = "alarm",
    .usage = "HOST on|off [--reason TEXT]",
    .summary = "announce trouble of a host that still works, or its end",
    .details = "For scripts that see memory errors, heat, or a UPS on battery. Meanwhile nothing "
               "goes to the host, and the policy's resilience unit says which of its VMs leave "
               "it, by live moves. The daemon remembers it over a restart.",
    .place = WITH_DAEMON,
    .least_words = 2,
    .most_words = 2,
    .options = alarm_options,
    .run = run_alarm,
};
