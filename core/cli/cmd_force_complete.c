/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover force-complete: make an end of a migration that does not converge. */
#include "command.h"
#include "find_migration.h"
#include "follow.h"

#include <glib.h>

static const struct option options[] = {
    {"--wait", NULL, "until it has ended, showing how far it is"},
    {"--timeout", "DURATION", "with --wait: give up waiting after this long; the move goes on"},
    {NULL, NULL, NULL},
};

static int run(struct cli *cli, struct error *error)
{
    double timeout_s;
    if (option_duration_s(&cli->options, "--timeout", 0, &timeout_s, error) < 0)
        return -1;
    int64_t id = find_migration(cli, cli->word[0], error);
    if (id == 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld/force_complete", (long long)id);
    json_t *answer = source_call(&cli->source, "POST", path, NULL, error);
    if (!answer)
        return -1;
    if (!option_given(&cli->options, "--wait")) {
        print_answer(cli, answer, "it ends soon; drover migrations shows how");
        return 0;
    }
    json_decref(answer);
    return follow_migration(cli, (double)id, timeout_s, error);
}

const struct command command_force_complete = {
    .name = "force-complete",
    .usage = "ID|VM [--wait]",
    .summary = "make an end of a migration that does not converge",
    .details = "Where it began with post-copy allowed it is switched to that: the guest runs on "
               "at its destination at once, and gets the rest of its memory there. Else the guest "
               "is paused, so that what is left can be sent, and it runs on where the migration "
               "ends: at the destination or, should it fail, at the source.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
