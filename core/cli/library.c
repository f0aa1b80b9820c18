/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units and policies, from the daemon or from files; see library.h. */
#include "library.h"

#include "set/describe.h"
#include "plug/plug.h"
#include "policy/policy_file.h"
#include "policy/settings_file.h"
#include "set/describe.h"
#include "set/set.h"

#include <stdio.h>
#include <string.h>

static bool files_are_named(const struct options *options)
{
    static const char *const names[] = {"--fleet", "--config", "--plugin", "--plugin-dir"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (option_given(options, names[i]))
            return true;
    return false;
}

static json_t *policies_here(const struct settings *settings, struct error *error)
{
    struct policies *policies = offline_policies(settings, error);
    json_t *list = policies ? describe_policies(policies, error) : NULL;

    if (policies)
        policies_free(policies);
    return list;
}

static json_t *units_here(const struct settings *settings, const struct options *options,
                          struct error *error)
{
    struct plug *plug = offline_plug(settings, options, error);
    json_t *list = plug ? describe_units(plug) : NULL;

    if (plug)
        plug_unref(plug);
    return list;
}

static json_t *from_files(struct cli *cli, const char *path, struct error *error)
{
    struct settings *settings = offline_settings(&cli->options, error);
    json_t *list;

    if (!settings)
        return NULL;
    list = strcmp(path, "/v1/units") == 0 ? units_here(settings, &cli->options, error)
                                          : policies_here(settings, error);
    settings_free(settings);
    return list;
}

json_t *library_get(struct cli *cli, const char *path, struct error *error)
{
    json_t *list;

    if (files_are_named(&cli->options))
        return from_files(cli, path, error);
    if (source_open(&cli->source, &cli->options, error) < 0)
        return NULL;
    list = source_get(&cli->source, path, NULL, error);
    if (list || error->kind != ERROR_NO_DAEMON || option_given(&cli->options, "--socket"))
        return list;
    screen_complain("note: no droverd answers; this is what is installed, not what runs");
    error_clear(error);
    return from_files(cli, path, error);
}

static void list_names(char *text, size_t size, const json_t *list)
{
    size_t i;
    json_t *item;

    *text = '\0';
    json_array_foreach((json_t *)list, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", used ? ", " : "", name ? name : "?");
    }
}

json_t *library_pick(json_t *list, const char *what, const char *name, struct error *error)
{
    json_t *picked = json_array();
    char names[600];
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item) {
        const char *its = json_string_value(json_object_get(item, "name"));
        if (its && strcmp(its, name) == 0)
            json_array_append(picked, item);
    }
    if (json_array_size(picked) == 0) {
        list_names(names, sizeof names, list);
        error_set(error, ERROR_NOT_FOUND, "no %s \"%s\"; there are: %s", what, name, names);
        json_decref(picked);
        picked = NULL;
    }
    json_decref(list);
    return picked;
}
