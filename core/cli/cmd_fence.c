/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover fence, drover evacuate: a host's power switch, and what ran on a host that is dead. */
#include "command.h"

#include <string.h>

static int run_fence(struct cli *cli, struct error *error)
{
    const char *action = cli->word[1];
    bool force = option_given(&cli->options, "--force");
    json_t *answer;

    if (strcmp(action, "off") != 0 && strcmp(action, "on") != 0 && strcmp(action, "status") != 0)
        return error_set(error, ERROR_USAGE, "fence %s: expected off, on or status, found \"%s\"",
                         cli->word[0], action);
    answer = source_call(&cli->source, "POST", "/v1/fence",
                         json_pack("{s:s, s:s, s:b}", "host", cli->word[0], "action", action,
                                   "force", force),
                         error);
    if (!answer)
        return -1;
    print_answer(cli, answer, "the device is asked; drover log tells what it says");
    return 0;
}

static const struct option fence_options[] = {
    {"--force", NULL, "with off: also while VMs run there; they die"},
    {NULL, NULL, NULL},
};

const struct command command_fence = {
    .name = "fence",
    .usage = "HOST off|on|status [--force]",
    .summary = "switch a host off or on by its fence device, or ask that",
    .details = "Asking for the status does no harm, and is how a new device is tried. A host that "
               "answers and has VMs is not switched off without --force. What the device says is "
               "in drover log.",
    .place = WITH_DAEMON,
    .least_words = 2,
    .most_words = 2,
    .options = fence_options,
    .run = run_fence,
};

static int run_evacuate(struct cli *cli, struct error *error)
{
    json_t *answer = source_call(
        &cli->source, "POST", "/v1/evacuate",
        json_pack("{s:s, s:b, s:b}", "host", cli->word[0], "confirm",
                  option_given(&cli->options, "--confirm-host-is-off"), "all",
                  option_given(&cli->options, "--all")),
        error);

    if (!answer)
        return -1;
    print_answer(cli, answer, "starting them elsewhere; drover migrations shows how far it is");
    return 0;
}

static const struct option evacuate_options[] = {
    {"--confirm-host-is-off", NULL, "you have made sure of it, and your name stands for it"},
    {"--all", NULL, "also VMs that the policy would leave off"},
    {NULL, NULL, NULL},
};

const struct command command_evacuate = {
    .name = "evacuate",
    .usage = "HOST [--confirm-host-is-off] [--all]",
    .summary = "start the VMs of a dead host on others",
    .details = "It takes proof that the host is off: from its fence device, or from you. A host "
               "that cannot be reached may still run its VMs, and a VM that runs twice destroys "
               "its disks: look before you vouch.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = evacuate_options,
    .run = run_evacuate,
};
