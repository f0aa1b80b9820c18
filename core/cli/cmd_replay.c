/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover replay: a journal through the engine again. The same comes out, or it says what the first
 * thing is that does not, and which unit said what then and now.
 */
#include "base/memory.h"
#include "codec/json.h"
#include "command.h"
#include "offline.h"
#include "policy/settings_file.h"
#include "render.h"
#include "replay/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ as JSON */

static json_t *decision_json(const struct replay_decision *decision)
{
    if (!decision->there)
        return json_null();
    return json_pack("{s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "event",
                     (json_int_t)decision->event, "id", (json_int_t)decision->id, "at",
                     decision->at, "vm", json_from_text(decision->vm), "before",
                     json_from_text(decision->before), "now", json_from_text(decision->now),
                     "policy_before", json_from_text(decision->policy_before), "policy_now",
                     json_from_text(decision->policy_now), "differences",
                     json_from_rows(difference_fields, sizeof(struct difference),
                                    &decision->differences, NAN, 0));
}

static json_t *effect_json(const struct replay_effect *effect)
{
    if (!effect->there)
        return json_null();
    return json_pack("{s:I, s:I, s:o}", "event", (json_int_t)effect->event, "n",
                     (json_int_t)effect->n, "where", json_from_text(effect->where));
}

static json_t *notes_json(const struct texts *notes)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < notes->n; i++)
        json_array_append_new(list, json_from_text(notes->item[i]));
    return list;
}

static json_t *report_json(const struct replay_report *report)
{
    json_t *json = json_object();
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {
        {"runs", report->runs},
        {"first_event", report->first_event},
        {"last_event", report->last_event},
        {"events", report->events},
        {"effects", report->effects},
        {"decisions", report->decisions},
        {"migrations", report->migrations},
        {"skipped", report->skipped},
        {"uncompared", report->uncompared},
        {"overruns", report->overruns},
    };
    json_object_set_new(json, "same", json_boolean(report->same));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(json, counts[i].key, json_integer((json_int_t)counts[i].value));
    json_object_set_new(json, "effect", effect_json(&report->effect));
    json_object_set_new(json, "decision", decision_json(&report->decision));
    json_object_set_new(json, "state_known", json_boolean(report->state_known));
    json_object_set_new(json, "state_where", json_from_text(report->state_where));
    json_object_set_new(json, "notes", notes_json(&report->notes));
    return json;
}

/* ------------------------------------------------------------------ for people */

static void print_counts(struct screen *screen, const struct replay_report *report)
{
    screen_print(screen, STYLE_PLAIN, "Replayed: %u %s of a controller, events %llu to %llu.\n",
                 report->runs, report->runs == 1 ? "run" : "runs",
                 (unsigned long long)report->first_event, (unsigned long long)report->last_event);
    screen_print(screen, STYLE_PLAIN,
                 "The same: %llu events, %llu effects, %llu decisions, %llu migrations.\n",
                 (unsigned long long)report->events, (unsigned long long)report->effects,
                 (unsigned long long)report->decisions, (unsigned long long)report->migrations);
    if (report->overruns > 0)
        screen_print(screen, STYLE_PLAIN, "Overruns of units that were repeated: %llu.\n",
                     (unsigned long long)report->overruns);
    if (report->skipped > 0)
        screen_print(screen, STYLE_CAREFUL,
                     "Not replayed: %llu events without a start of their controller before them.\n",
                     (unsigned long long)report->skipped);
    if (report->uncompared > 0)
        screen_print(screen, STYLE_CAREFUL,
                     "Not compared: %llu events whose effects the journal has no more.\n",
                     (unsigned long long)report->uncompared);
    for (uint32_t i = 0; i < report->notes.n; i++)
        screen_wrap(screen, STYLE_CAREFUL, 0,
                    arena_printf(&screen->arena, "Note: %s.",
                                 screen_safe(screen, report->notes.item[i])));
}

static void print_difference(struct screen *screen, const struct difference *row)
{
    const char *where = row->host[0] && row->unit[0]
                            ? arena_printf(&screen->arena, "%s on %s", row->unit, row->host)
                        : row->host[0] ? row->host
                                       : row->unit;
    screen_wrap(screen, STYLE_PLAIN, 4,
                arena_printf(&screen->arena, "%s: %s; now %s", screen_safe(screen, where),
                             screen_safe(screen, row->one), screen_safe(screen, row->other)));
}

static void print_decision(struct screen *screen, const struct replay_decision *decision)
{
    const struct difference *rows = decision->differences.item;
    screen_print(screen, STYLE_BAD, "First decision that differs: %llu (event %llu), VM %s\n",
                 (unsigned long long)decision->id, (unsigned long long)decision->event,
                 screen_safe(screen, decision->vm));
    screen_print(screen, STYLE_PLAIN, "    then %s (policy %s); now %s (policy %s)\n",
                 screen_safe(screen, decision->before),
                 screen_safe(screen, decision->policy_before), screen_safe(screen, decision->now),
                 screen_safe(screen, decision->policy_now));
    for (uint32_t i = 0; i < decision->differences.n; i++)
        print_difference(screen, &rows[i]);
}

static void print_report(struct screen *screen, const struct replay_report *report)
{
    print_counts(screen, report);
    if (report->effect.there) {
        screen_print(screen, STYLE_BAD, "First effect that differs: event %llu\n",
                     (unsigned long long)report->effect.event);
        screen_wrap(screen, STYLE_PLAIN, 4, screen_safe(screen, report->effect.where));
    }
    if (report->decision.there)
        print_decision(screen, &report->decision);
    if (report->state_where)
        screen_wrap(screen, STYLE_BAD, 0,
                    arena_printf(&screen->arena, "The state at the end is another: %s",
                                 screen_safe(screen, report->state_where)));
    else if (report->state_known)
        screen_print(screen, STYLE_PLAIN, "The state at the end is the same.\n");
    if (report->same)
        screen_print(screen, STYLE_GOOD, "Nothing differs.\n");
}

/* ------------------------------------------------------------------ the command */

/*
 * Files named on the command line stand in for the journal's units of the same names; the other
 * options, which `rest` gets, say what is installed.
 */
static void take_plugins(struct cli *cli, struct replay_options *options, struct options *rest)
{
    const char **paths = arena_array(&cli->screen.arena, cli->options.n, sizeof *paths);
    rest->item = arena_array(&cli->screen.arena, cli->options.n, sizeof *rest->item);
    for (unsigned i = 0; i < cli->options.n; i++) {
        if (strcmp(cli->options.item[i].option->name, "--plugin") == 0)
            paths[options->n_plugins++] = cli->options.item[i].value;
        else
            rest->item[rest->n++] = cli->options.item[i];
    }
    options->plugins = paths;
}

static int replay(struct cli *cli, const struct replay_options *options, struct error *error)
{
    struct replay_report report;
    int status = replay_journal(options, &report, error);
    if (status == 0) {
        status = report.same ? 0 : 1;
        if (cli->json) {
            json_t *json = report_json(&report);
            print_json(cli, json);
            json_decref(json);
        } else {
            print_report(&cli->screen, &report);
        }
    }
    replay_report_free(&report);
    return status;
}

static int replay_with(struct cli *cli, struct settings *settings, struct error *error)
{
    struct replay_options options = {.journal = cli->word[0]};
    const char *policy = option_text(&cli->options, "--policy");
    struct options rest = {0};
    take_plugins(cli, &options, &rest);
    struct plug *here = offline_plug(settings, &rest, error);
    int status = -1;
    if (here)
        options.policies = offline_policies(settings, error);
    if (options.policies && policy)
        options.policy = offline_policy_name(options.policies, policy, error);
    if (options.policies && (options.policy || !policy)) {
        options.here = here;
        status = replay(cli, &options, error);
    }
    if (options.policies)
        policies_free(options.policies);
    plug_unref(here);
    return status;
}

static int run(struct cli *cli, struct error *error)
{
    struct settings *settings = offline_settings(&cli->options, error);
    int status = settings ? replay_with(cli, settings, error) : -1;
    if (settings)
        settings_free(settings);
    return status;
}

const struct command command_replay = {
    .name = "replay",
    .usage = "JOURNAL [--policy NAME|FILE] [--plugin FILE]",
    .summary = "decide a recorded time again, and say what comes out another way",
    .details = "Every event of the journal goes through the engine again, and every effect is "
               "compared, to the byte: what decided then comes from the journal, except for shared "
               "objects, which are those that are installed. With --policy another policy decides "
               "in every cluster, and with --plugin units from this file take the place of the "
               "journal's; then the first decision that differs is named, with what each unit said "
               "then and now. The exit status is 1 where something differs. A journal may be "
               "replayed while droverd writes it; drover simulate --journal makes one.",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .run = run,
};
