/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrations set: let a queued move begin sooner or later, or one that copies go faster. */
#include "command.h"
#include "find_migration.h"

#include "base/scalar.h"

#include <glib.h>
#include <string.h>

static const struct option options[] = {
    {"--priority", "N", "moves of higher priority begin first; of the same, the older ones"},
    {"--bandwidth", "MBPS", "so much it may take from now on; 0: no limit; policy: as its policy says"},
    {NULL, NULL, NULL},
};

static json_t *call(struct cli *cli, const char *method, int64_t id, const char *action,
                    json_t *body, struct error *error)
{
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld%s", (long long)id, action);
    return source_call(&cli->source, method, path, body, error);
}

static int run(struct cli *cli, struct error *error)
{
    const char *text = option_text(&cli->options, "--priority");
    const char *bandwidth = option_text(&cli->options, "--bandwidth");
    double priority = 0, mbps;
    if (!text && !bandwidth)
        return error_set(error, ERROR_USAGE, "expected --priority N or --bandwidth MBPS");
    if (text && !scalar_number(text, &priority))
        return error_set(error, ERROR_USAGE, "--priority: expected a number, found \"%s\"", text);
    if (bandwidth && strcmp(bandwidth, "policy") != 0 &&
        (!scalar_number(bandwidth, &mbps) || mbps < 0))
        return error_set(error, ERROR_USAGE,
                         "--bandwidth: expected Mbps, 0 or policy, found \"%s\"", bandwidth);
    int64_t id = find_migration(cli, cli->word[0], error);
    if (id == 0)
        return -1;
    json_t *answer = NULL;
    if (text)
        answer = call(cli, "PATCH", id, "", json_pack("{s:f}", "priority", priority), error);
    if (text && !answer)
        return -1;
    if (bandwidth) {
        json_decref(answer);
        answer = call(cli, "POST", id, "/bandwidth", json_pack("{s:s}", "bandwidth", bandwidth),
                      error);
    }
    if (!answer)
        return -1;
    print_answer(cli, answer, "done");
    return 0;
}

const struct command command_migrations_set = {
    .name = "migrations set",
    .usage = "ID|VM [--priority N] [--bandwidth MBPS|policy]",
    .summary = "let a queued move begin sooner or later, or one that copies go faster",
    .details = "A move begins with its VM's own priority. One that has begun does not change it, and "
               "one that copies nothing has no speed: exit status 3.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
