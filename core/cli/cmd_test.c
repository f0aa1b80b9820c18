/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover test: fleets and expectations that lie beside a site's units and policies, and properties
 * over fleets by chance. All files are read and checked before the first test runs.
 */
#include "base/memory.h"
#include "base/scalar.h"
#include "codec/json.h"
#include "command.h"
#include "model/settings.h"
#include "policy/policy_file.h"
#include "property.h"
#include "sim/varied.h"
#include "test_expect.h"
#include "test_file.h"
#include "test_report.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct option options[] = {
    {"--seed", "N", "chance begins with this number (1); the same number, the same fleets"},
    {"--seeds", "N", "so many fleets by chance for each property, and not as many as files say"},
    {NULL, NULL, NULL},
};

struct suite {
    struct cli *cli;
    const char *dir;
    struct test_file **file;
    uint32_t n_files, file_room;
    struct offline_parts parts;
    uint64_t seed, seeds; /* seeds 0: as the files say */
    struct report report;
    struct arena arena;
};

/* A file under one policy; NULL: that of the fleet's clusters. */
struct round {
    struct suite *suite;
    const struct test_file *file;
    const char *policy;
    bool of_many; /* policies: its name is told */
    struct offline *offline;
};

/* ----------------------------------------------------------------------- files */

static int is_test(const struct dirent *entry)
{
    static const char suffix[] = ".test.yaml";
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > strlen(suffix) &&
           strcmp(entry->d_name + length - strlen(suffix), suffix) == 0;
}

/* Not alphasort: the order must not depend on the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dir(struct suite *suite, const char *dir, bool must_be, struct error *error)
{
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, is_test, by_name), result = 0;
    if (n < 0 && (must_be || errno != ENOENT))
        return error_set(error, ERROR_NOT_FOUND, "%s: cannot read the folder: %s", dir,
                         strerror(errno));
    for (int i = 0; i < n; i++) {
        bool here = strcmp(dir, ".") == 0;
        const char *path = arena_printf(&suite->arena, "%s%s%s", here ? "" : dir, here ? "" : "/",
                                        entry[i]->d_name);
        struct test_file *file = result == 0 ? test_file_read(path, error) : NULL;
        free(entry[i]);
        if (!file) {
            result = -1;
            continue;
        }
        suite->file = memory_grow(suite->file, &suite->file_room, suite->n_files + 1,
                                  sizeof *suite->file);
        suite->file[suite->n_files++] = file;
    }
    free(entry);
    return result;
}

static int read_files(struct suite *suite, struct error *error)
{
    if (read_dir(suite, suite->dir, true, error) < 0 ||
        read_dir(suite, arena_printf(&suite->arena, "%s/tests", suite->dir), false, error) < 0)
        return -1;
    if (suite->n_files == 0)
        return error_set(error, ERROR_NOT_FOUND,
                         "%s: expected tests, files *.test.yaml, here or in tests/; found none",
                         suite->dir);
    return 0;
}

/* -------------------------------------------------------------------- policies */

static bool is_folder(const char *path)
{
    struct stat status;
    return path && strchr(path, '/') && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Which policies a file is about: a folder's, or one. */
static int policies_of(struct suite *suite, const struct test_file *file, struct texts *names,
                       struct error *error)
{
    const char *given = option_text(&suite->cli->options, "--policy");
    const char *one = given ? given : file->policy;
    struct policies *all;
    int result;
    if (!is_folder(one)) {
        names->item = arena_array(&suite->arena, 1, sizeof *names->item);
        names->item[names->n++] = one;
        return 0;
    }
    all = policies_new();
    result = policies_read_dir(all, one, error);
    if (result == 0)
        result = policies_read_dir(suite->parts.policies, one, error);
    names->item = arena_array(&suite->arena, policies_count(all), sizeof *names->item);
    for (uint32_t i = 0; result == 0 && i < policies_count(all); i++)
        names->item[names->n++] = arena_text(&suite->arena, policies_get(all, i)->name);
    policies_free(all);
    if (result == 0 && names->n == 0)
        return error_set(error, ERROR_NOT_FOUND, "%s: policy: no policy lies in %s", file->path,
                         one);
    return result;
}

/* ----------------------------------------------------------------------- tests */

static void report_result(struct round *round, const char *what, struct mark mark,
                          const char *because, json_t *told)
{
    struct suite *suite = round->suite;
    const char *name = arena_printf(&suite->arena, "%s: %s%s%s", round->file->name, what,
                                    round->of_many ? ", policy " : "",
                                    round->of_many ? round->policy : "");
    if (told) {
        json_t *all = json_object();
        json_object_set_new(all, "at", json_from_text(mark.line ? arena_printf(&suite->arena,
                            "%s:%u:%u", round->file->path, mark.line, mark.column)
                            : round->file->path));
        if (round->policy)
            json_object_set_new(all, "policy", json_from_text(round->policy));
        if (because && because[0])
            json_object_set_new(all, "because", json_from_text(because));
        json_object_update_missing(all, told);
        json_decref(told);
        told = all;
    }
    report_test(&suite->report, name, told);
}

static int run_expectation(struct round *round, const struct expectation *e, struct error *error)
{
    const char *subject = e->explain ? e->explain : e->drain ? e->drain : e->balance;
    const char *verb = e->explain ? "explain" : e->drain ? "drain" : "balance";
    json_t *told = NULL;
    offline_use(round->offline, fleet_copy(round->file->fleet));
    if (expectation_check(e, round->offline, &told, error) < 0)
        return error_prefix(error, "%s:%u:%u", round->file->path, e->mark.line, e->mark.column);
    report_result(round, arena_printf(&round->suite->arena, "%s %s", verb, subject), e->mark,
                  e->because, told);
    return 0;
}

static uint64_t seeds_of(const struct round *round)
{
    return round->suite->seeds ? round->suite->seeds : round->file->seeds;
}

static void add_seed(struct round *round, json_t *told, uint64_t seed)
{
    json_object_set_new(told, "seed", json_integer((json_int_t)seed));
    json_object_set_new(told, "again",
                        json_from_text(arena_printf(&round->suite->arena,
                                                    "drover test --seed %llu --seeds 1 %s",
                                                    (unsigned long long)seed,
                                                    round->suite->dir)));
}

/* On the fleet as it is given, with every host drained; then with other loads and places. */
static int run_never(struct round *round, const struct never *never, struct error *error)
{
    json_t *told = NULL;
    offline_use(round->offline, fleet_copy(round->file->fleet));
    int fine = never_check(never, round->offline, NULL, &told, error);
    for (uint64_t i = 0; fine == 1 && i < seeds_of(round); i++) {
        uint64_t seed = round->suite->seed + i;
        struct fleet *fleet = varied_fleet(round->file->fleet, seed);
        const char *host =
            fleet->n_hosts ? round->file->fleet->hosts[seed % fleet->n_hosts]->name : "";
        offline_use(round->offline, fleet);
        fine = never_check(never, round->offline, host, &told, error);
        if (fine == 0)
            add_seed(round, told, seed);
    }
    if (fine < 0)
        return error_prefix(error, "%s:%u:%u", round->file->path, never->mark.line,
                            never->mark.column);
    report_result(round, never->together ? "never together" : "never there", never->mark,
                  never->because, told);
    return 0;
}

/* With the smallest fleet that shows it: it can be put into a test as it stands. */
static json_t *tell_property(struct round *round, const struct property *property,
                             struct property_trial *trial)
{
    struct fleet *fleet =
        property_shrink(property, trial, varied_fleet(round->file->fleet, trial->seed));
    json_t *told = json_pack("{s:s, s:o}", "expected", property->summary, "found",
                             json_from_text(trial->what));
    add_seed(round, told, trial->seed);
    property_show_fleet(fleet, told);
    fleet_free(fleet);
    return told;
}

static int run_property(struct round *round, const char *name, struct error *error)
{
    const struct property *property = property_find(name);
    json_t *told = NULL;
    for (uint64_t i = 0; !told && i < seeds_of(round); i++) {
        struct property_trial trial = {.offline = round->offline, .seed = round->suite->seed + i,
                                       .error = error};
        offline_use(round->offline, varied_fleet(round->file->fleet, trial.seed));
        if (property->holds(&trial))
            continue;
        if (!trial.what[0])
            return error_prefix(error, "%s: %s", round->file->path, name);
        told = tell_property(round, property, &trial);
    }
    report_result(round, arena_printf(&round->suite->arena, "property %s, %llu fleets", name,
                                      (unsigned long long)seeds_of(round)),
                  (struct mark){0}, NULL, told);
    return 0;
}

static int run_tests(struct round *round, struct error *error)
{
    const struct test_file *file = round->file;
    *offline_limits(round->offline) = file->limits;
    for (uint32_t i = 0; i < file->n_expectations; i++)
        if (run_expectation(round, &file->expectations[i], error) < 0)
            return -1;
    for (uint32_t i = 0; i < file->n_nevers; i++)
        if (run_never(round, &file->nevers[i], error) < 0)
            return -1;
    for (uint32_t i = 0; i < file->properties.n; i++)
        if (run_property(round, file->properties.item[i], error) < 0)
            return -1;
    return 0;
}

/* Bind the policy; and run what is to be run with it (NULL: nothing yet). */
static int with_policy(struct round *round, int (*run)(struct round *round, struct error *error),
                       struct error *error)
{
    const struct test_file *file = round->file;
    struct fleet *fleet = file->fleet ? fleet_copy(file->fleet) : varied_fleet(NULL, 1);
    round->offline = offline_new(&round->suite->parts, fleet, round->policy, error);
    if (!round->offline)
        return error_prefix(error, "%s", file->path);
    int result = run ? run(round, error) : 0;
    offline_close(round->offline);
    return result;
}

static int each_round(struct suite *suite, const struct texts *policies,
                      int (*run)(struct round *round, struct error *error), struct error *error)
{
    for (uint32_t f = 0; f < suite->n_files; f++)
        for (uint32_t p = 0; p < policies[f].n; p++) {
            struct round round = {.suite = suite, .file = suite->file[f],
                                  .policy = policies[f].item[p], .of_many = policies[f].n > 1};
            if (with_policy(&round, run, error) < 0)
                return -1;
        }
    return 0;
}

static uint32_t count(const struct test_file *file)
{
    return file->n_expectations + file->n_nevers + file->properties.n;
}

/* All that can be wrong is looked at before the first line is written. */
static int run_files(struct suite *suite, struct error *error)
{
    struct texts *policies = arena_array(&suite->arena, suite->n_files, sizeof *policies);
    uint32_t tests = 0;
    for (uint32_t f = 0; f < suite->n_files; f++) {
        if (policies_of(suite, suite->file[f], &policies[f], error) < 0)
            return -1;
        tests += count(suite->file[f]) * policies[f].n;
    }
    if (each_round(suite, policies, NULL, error) < 0)
        return -1;
    suite->report = report_begin(suite->cli, tests, suite->seed);
    if (each_round(suite, policies, run_tests, error) < 0) {
        json_decref(suite->report.tests);
        return -1;
    }
    return report_end(&suite->report, suite->seed);
}

/* Whole numbers from least to most. */
static int take_number(const struct cli *cli, const char *name, uint64_t otherwise, int64_t least,
                       int64_t most, uint64_t *value, struct error *error)
{
    const char *text = option_text(&cli->options, name);
    int64_t number;
    *value = otherwise;
    if (!text)
        return 0;
    if (!scalar_integer(text, &number) || number < least || number > most)
        return error_set(error, ERROR_USAGE, "%s: expected a whole number from %lld to %lld, "
                         "found \"%s\"", name, (long long)least, (long long)most, text);
    *value = (uint64_t)number;
    return 0;
}

/* "DIR/" as "DIR", so that messages have one slash. */
static const char *without_slash(struct arena *arena, const char *dir)
{
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/')
        length--;
    return arena_bytes(arena, dir, length);
}

static int run(struct cli *cli, struct error *error)
{
    struct suite suite = {.cli = cli};
    int status = -1;
    if (option_given(&cli->options, "--fleet"))
        return error_set(error, ERROR_USAGE, "test: the fleets are in the test files; --fleet is "
                         "for explain and plan");
    if (take_number(cli, "--seed", 1, 0, INT64_MAX / 2, &suite.seed, error) < 0 ||
        take_number(cli, "--seeds", 0, 1, 1000000, &suite.seeds, error) < 0)
        return -1;
    suite.dir = without_slash(&suite.arena, cli->word[0]);
    if (read_files(&suite, error) == 0 &&
        offline_parts_load(&suite.parts, &cli->options, suite.dir, error) == 0)
        status = run_files(&suite, error);
    offline_parts_free(&suite.parts);
    for (uint32_t i = 0; i < suite.n_files; i++)
        test_file_free(suite.file[i]);
    free(suite.file);
    arena_free(&suite.arena);
    return status;
}

const struct command command_test = {
    .name = "test",
    .usage = "DIR [--seed N] [--seeds N]",
    .summary = "try units and policies on fleets: what is expected, and what always holds",
    .details = "Runs every DIR/*.test.yaml and DIR/tests/*.test.yaml, with the units and policies of "
               "DIR/lua, DIR/plugins and DIR/policies (and DIR/pack.yaml, where DIR is a pack) "
               "before those that are installed. Prints TAP, with what was expected and found, "
               "and which unit refused why, beneath each test that failed. The format is in "
               "drover-test(5). The exit status is 0 where all passed, 1 where one failed, 2 where "
               "a file is wrong: then nothing runs.",
    .place = ALONE,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
