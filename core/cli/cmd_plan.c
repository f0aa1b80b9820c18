/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover plan: what drover would do now, in order, with reasons. Does nothing. */
#include "command.h"
#include "render.h"
#include "walk.h"

static int show_plan(struct cli *cli, const char *what, bool whole, struct error *error)
{
    const char *target = cli->word ? cli->word[0] : NULL;
    const struct query query[] = {
        {"what", what}, {"target", target}, {"all", whole ? "yes" : NULL}, {NULL, NULL}};

    return show(cli, "/v1/plan", query, render_plan, error);
}

static const struct option balance_options[] = {
    {"--all", NULL, "the whole plan, past the number of moves of one round"},
    {NULL, NULL, NULL},
};

static int run_balance(struct cli *cli, struct error *error)
{
    return show_plan(cli, "balance", option_given(&cli->options, "--all"), error);
}

const struct command command_plan_balance = {
    .name = "plan balance",
    .usage = "[CLUSTER] [--all]",
    .summary = "what the next round of balancing would move",
    .place = ANYWHERE,
    .most_words = 1,
    .options = balance_options,
    .run = run_balance,
};

static const struct option enforce_options[] = {
    {"--all", NULL, "the whole plan, past the number of moves of one round"},
    {NULL, NULL, NULL},
};

static int run_enforce(struct cli *cli, struct error *error)
{
    return show_plan(cli, "enforce", option_given(&cli->options, "--all"), error);
}

const struct command command_plan_enforce = {
    .name = "plan enforce",
    .usage = "[CLUSTER] [--all]",
    .summary = "what would be moved to mend broken rules of affinity groups",
    .place = ANYWHERE,
    .most_words = 1,
    .options = enforce_options,
    .run = run_enforce,
};

static int run_drain(struct cli *cli, struct error *error)
{
    return show_plan(cli, "drain", false, error);
}

const struct command command_plan_drain = {
    .name = "plan drain",
    .usage = "HOST",
    .summary = "where a host's VMs would go if it were drained, and which would have to stay",
    .place = ANYWHERE,
    .least_words = 1,
    .most_words = 1,
    .run = run_drain,
};

static int run_fail(struct cli *cli, struct error *error)
{
    return show_plan(cli, "fail", false, error);
}

const struct command command_plan_fail = {
    .name = "plan fail",
    .usage = "HOST",
    .summary = "what would be started where if this host died now, and what would stay down",
    .place = ANYWHERE,
    .least_words = 1,
    .most_words = 1,
    .run = run_fail,
};

static const struct option migrate_options[] = {
    {"--to", "HOST", "to this host, not to the best one"},
    {"--measure", NULL, "measure first how fast the guest dirties its memory"},
    {"--progress", "FILE", "at which of these reports what would be done (drover-policy(5))"},
    {NULL, NULL, NULL},
};

/* Waits until the figure is there. */
static int measure(struct cli *cli, struct error *error)
{
    json_t *body = json_pack("{s:s}", "vm", cli->word[0]);
    json_t *answer = source_call(&cli->source, "POST", "/v1/measure", body, error);

    json_decref(answer);
    return answer ? 0 : -1;
}

static int run_migrate(struct cli *cli, struct error *error)
{
    const struct query query[] = {{"what", "migrate"},
                                  {"target", cli->word[0]},
                                  {"to", option_text(&cli->options, "--to")},
                                  {NULL, NULL}};
    const char *recording = option_text(&cli->options, "--progress");

    if (option_given(&cli->options, "--measure") && measure(cli, error) < 0)
        return -1;
    if (!recording)
        return show(cli, "/v1/plan", query, render_move_plan, error);
    json_t *plan = source_get(&cli->source, "/v1/plan", query, error);
    if (!plan || walk_recording(plan, recording, error) < 0) {
        json_decref(plan);
        return -1;
    }
    if (cli->json)
        print_json(cli, plan);
    else
        render_move_plan(&cli->screen, plan);
    json_decref(plan);
    return 0;
}

const struct command command_plan_migrate = {
    .name = "plan migrate",
    .usage = "VM [--to HOST] [--measure] [--progress FILE]",
    .summary = "how a VM would be moved, and whether that would converge, how fast",
    .details = "The host, flags, bandwidth and schedule that the policy gives, and a forecast from "
               "the guest's memory, its dirty rate and the link: how long it takes, how long the "
               "guest stands still, how far the schedule gets. What nobody has measured is not "
               "guessed. VM is a name or a UUID. Nothing is moved.",
    .place = ANYWHERE,
    .least_words = 1,
    .most_words = 1,
    .options = migrate_options,
    .run = run_migrate,
};
