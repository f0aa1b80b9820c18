/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover plugin list, show, check. */
#include "library.h"
#include "set/describe.h"
#include "plug/plug.h"
#include "policy/paths.h"
#include "render.h"
#include "set/describe.h"

static int run_list(struct cli *cli, struct error *error)
{
    json_t *list = library_get(cli, "/v1/units", error);

    if (!list)
        return -1;
    if (cli->json)
        print_json(cli, list);
    else
        render_units(&cli->screen, list);
    json_decref(list);
    return 0;
}

const struct command command_plugin_list = {
    .name = "plugin list",
    .usage = "",
    .summary = "the units that policies may name",
    .place = ALONE,
    .run = run_list,
};

static void print_units(struct cli *cli, json_t *list)
{
    size_t i;
    json_t *unit;

    if (cli->json) {
        print_json(cli, list);
        return;
    }
    json_array_foreach(list, i, unit) {
        if (i > 0)
            screen_print(&cli->screen, STYLE_PLAIN, "\n");
        render_unit(&cli->screen, unit);
    }
}

static int run_show(struct cli *cli, struct error *error)
{
    json_t *list = library_get(cli, "/v1/units", error);

    list = list ? library_pick(list, "unit", cli->word[0], error) : NULL;
    if (!list)
        return -1;
    print_units(cli, list);
    json_decref(list);
    return 0;
}

const struct command command_plugin_show = {
    .name = "plugin show",
    .usage = "NAME",
    .summary = "a unit's parameters, their bounds and defaults, and its reasons to refuse",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .run = run_show,
};

static int run_check(struct cli *cli, struct error *error)
{
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    int status;

    plug_set_lua_dir(plug, paths_get()->shipped_lua);
    status = plug_load_file(plug, cli->word[0], "site", false, error);

    if (status == 0) {
        json_t *list = describe_units(plug);
        print_units(cli, list);
        json_decref(list);
    }
    plug_unref(plug);
    return status;
}

const struct command command_plugin_check = {
    .name = "plugin check",
    .usage = "FILE",
    .summary = "whether a plugin (.so or .lua) can be loaded, and what is in it",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .run = run_check,
};
