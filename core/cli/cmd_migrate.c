/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrate: one VM, to the host that the policy chooses or to one that it accepts. */
#include "command.h"
#include "follow.h"
#include "view.h"

static const struct option options[] = {
    {"--to", "HOST", "to this host, if the policy's filters accept it"},
    {"--wait", NULL, "until it has ended, showing how far it is"},
    {"--timeout", "DURATION", "with --wait: give up waiting after this long; the move goes on"},
    {NULL, NULL, NULL},
};

static int run(struct cli *cli, struct error *error)
{
    double timeout_s;
    json_t *answer;

    if (option_duration_s(&cli->options, "--timeout", 0, &timeout_s, error) < 0)
        return -1;
    answer = source_call(&cli->source, "POST", "/v1/migrations",
                         json_pack("{s:s, s:s*}", "vm", cli->word[0], "to",
                                   option_text(&cli->options, "--to")),
                         error);
    if (!answer)
        return -1;
    if (!option_given(&cli->options, "--wait")) {
        print_answer(cli, answer, "queued; drover migrations shows how far it is");
        return 0;
    }
    double id = view_number(view_object(answer, "result"), "id");
    json_decref(answer);
    return follow_migration(cli, id, timeout_s, error);
}

const struct command command_migrate = {
    .name = "migrate",
    .usage = "VM [--to HOST] [--wait]",
    .summary = "move one VM live, to the best host or to the one named",
    .details = "A host that the policy refuses is refused with the filter's reason, and exit "
               "status 3.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
