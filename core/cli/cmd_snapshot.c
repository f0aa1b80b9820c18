/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover snapshot: the fleet as a fleet file, for every offline command, and for bug reports. */
#include "codec/fleet_file.h"
#include "codec/json.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* JSON is YAML, so the answer is a fleet file already; YAML is what people read and change. */
static int run(struct cli *cli, struct error *error)
{
    json_t *json = source_get(&cli->source, "/v1/fleet", NULL, error);
    struct fleet *fleet;
    char *text;

    if (!json)
        return -1;
    if (cli->json) {
        print_json(cli, json);
        json_decref(json);
        return 0;
    }
    text = json_text(json);
    json_decref(json);
    fleet = fleet_file_read("the daemon's fleet", text, strlen(text), error);
    free(text);
    if (!fleet)
        return -1;
    text = fleet_file_write(fleet);
    fputs(text, stdout);
    free(text);
    fleet_free(fleet);
    return 0;
}

const struct command command_snapshot = {
    .name = "snapshot",
    .usage = "",
    .summary = "the fleet as it is now, as a fleet file",
    .details = "What it prints can be given to --fleet: to plan, to explain, to report a bug.",
    .place = ANYWHERE,
    .run = run,
};
