/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover abort: stop a migration; the VM runs on where it is. */
#include "command.h"
#include "find_migration.h"

#include <glib.h>

static int run(struct cli *cli, struct error *error)
{
    int64_t id = find_migration(cli, cli->word[0], error);
    if (id == 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld", (long long)id);
    json_t *answer = source_call(&cli->source, "DELETE", path, NULL, error);
    if (!answer)
        return -1;
    print_answer(cli, answer, "stopping; the VM runs on where it is");
    return 0;
}

const struct command command_abort = {
    .name = "abort",
    .usage = "ID|VM",
    .summary = "stop a migration, or take it out of the queue",
    .details = "The VM runs on where it is. In post-copy the VM is at its destination already, "
               "and an abort is refused (exit status 3): to stop then would lose it.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .run = run,
};
