/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover policy list, show, check. */
#include "library.h"
#include "plug/plug.h"
#include "policy/policy_file.h"
#include "policy/settings_file.h"
#include "render.h"
#include "set/set.h"
#include "view.h"

#include <string.h>

static int run_list(struct cli *cli, struct error *error)
{
    json_t *list = library_get(cli, "/v1/policies", error);

    if (!list)
        return -1;
    if (cli->json)
        print_json(cli, list);
    else
        render_policies(&cli->screen, list);
    json_decref(list);
    return 0;
}

const struct command command_policy_list = {
    .name = "policy list",
    .usage = "",
    .summary = "the policies that clusters may use",
    .place = ALONE,
    .run = run_list,
};

static int run_show(struct cli *cli, struct error *error)
{
    json_t *list = library_get(cli, "/v1/policies", error);

    list = list ? library_pick(list, "policy", cli->word[0], error) : NULL;
    if (!list)
        return -1;
    const json_t *policy = json_array_get(list, 0);
    if (cli->json) {
        print_json(cli, json_array_get(list, 0));
    } else {
        /* YAML of several lines, made of checked names and values. */
        const char *text = json_string_value(json_object_get(policy, "text"));
        screen_lines(&cli->screen, text ? text : "");
    }
    json_decref(list);
    return 0;
}

const struct command command_policy_show = {
    .name = "policy show",
    .usage = "NAME",
    .summary = "a policy as it works, with everything that it inherits",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .run = run_show,
};

static void print_checked(struct cli *cli, const char *file, const struct ruleset *rules)
{
    if (cli->json) {
        json_t *result = json_pack("{s:s, s:b, s:s, s:i, s:i}", "file", file, "ok", 1, "policy",
                                   rules->name, "filters", (int)rules->n_filters, "weights",
                                   (int)rules->n_weights);
        print_json(cli, result);
        json_decref(result);
        return;
    }
    screen_print(&cli->screen, STYLE_GOOD, "ok");
    screen_print(&cli->screen, STYLE_PLAIN, ": policy %s: %u filters, %u weights\n",
                 screen_safe(&cli->screen, rules->name), rules->n_filters, rules->n_weights);
}

/* Bound to the units, too: that they exist and what their parameters allow is half of it. */
static int check(struct cli *cli, struct policies *policies, const struct settings *settings,
                 struct error *error)
{
    const char *file = cli->word[0];
    const struct policy *policy;
    const char *name;
    struct ruleset *rules = NULL;
    struct plug *plug = offline_plug(settings, &cli->options, error);

    if (!plug)
        return -1;
    name = offline_policy_name(policies, strchr(file, '/') ? file
                               : arena_printf(&cli->screen.arena, "./%s", file), error);
    policy = name ? policies_resolve(policies, name, error) : NULL;
    rules = policy ? plug_bind(plug, policy, error) : NULL;
    if (rules) {
        print_checked(cli, file, rules);
        ruleset_free(rules);
    }
    plug_unref(plug);
    return rules ? 0 : -1;
}

static int run_check(struct cli *cli, struct error *error)
{
    struct settings *settings = offline_settings(&cli->options, error);
    struct policies *policies = settings ? offline_policies(settings, error) : NULL;
    int status = policies ? check(cli, policies, settings, error) : -1;

    if (policies)
        policies_free(policies);
    if (settings)
        settings_free(settings);
    return status;
}

const struct command command_policy_check = {
    .name = "policy check",
    .usage = "FILE",
    .summary = "whether a policy is right: names, units, parameters, bounds",
    .details = "What is wrong is told with file, line and column. Nothing is loaded into the "
               "daemon.",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .run = run_check,
};
