/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsing by tables of options; see option.h. */
#include "option.h"

#include "base/memory.h"
#include "base/scalar.h"

#include <stdlib.h>
#include <string.h>

const struct option *option_find(const struct option *table, const char *name)
{
    size_t length = strcspn(name, "=");
    if (!table)
        return NULL;
    for (; table->name; table++)
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

static const struct option *find_in(const struct option *const *tables, const char *name)
{
    for (; *tables; tables++) {
        const struct option *found = option_find(*tables, name);
        if (found)
            return found;
    }
    return NULL;
}

static void append(struct options *options, const struct option *option, const char *value)
{
    options->item = memory_resize(options->item, options->n + 1, sizeof *options->item);
    options->item[options->n++] = (struct option_value){option, value};
}

int option_take(struct options *options, const struct option *const *tables, char **argv,
                int argc, int *i, struct error *error)
{
    const char *given = argv[*i];
    const char *equals = strchr(given, '=');
    const struct option *option = find_in(tables, strcmp(given, "-h") == 0 ? "--help" : given);

    if (!option)
        return error_set(error, ERROR_USAGE, "unknown option \"%.*s\"; drover --help lists them",
                         (int)strcspn(given, "="), given);
    if (!option->argument) {
        if (equals)
            return error_set(error, ERROR_USAGE, "%s takes no value, found \"%s\"", option->name,
                             equals + 1);
        append(options, option, NULL);
        return 0;
    }
    if (option->argument[0] == '[') {
        append(options, option, equals ? equals + 1 : NULL);
        return 0;
    }
    if (!equals && *i + 1 >= argc)
        return error_set(error, ERROR_USAGE, "%s: expected %s after it, found nothing",
                         option->name, option->argument);
    append(options, option, equals ? equals + 1 : argv[++*i]);
    return 0;
}

bool option_given(const struct options *options, const char *name)
{
    for (unsigned i = 0; i < options->n; i++)
        if (strcmp(options->item[i].option->name, name) == 0)
            return true;
    return false;
}

const char *option_text(const struct options *options, const char *name)
{
    const char *value = NULL;
    for (unsigned i = 0; i < options->n; i++)
        if (strcmp(options->item[i].option->name, name) == 0)
            value = options->item[i].value;
    return value;
}

int option_duration_s(const struct options *options, const char *name, double otherwise,
                      double *seconds, struct error *error)
{
    const char *text = option_text(options, name);
    *seconds = otherwise;
    if (!text || (scalar_duration_s(text, seconds) && *seconds >= 0))
        return 0;
    return error_set(error, ERROR_USAGE,
                     "%s: expected a duration (90, 90s, 10m, 1h), found \"%s\"", name, text);
}

void options_free(struct options *options)
{
    free(options->item);
    *options = (struct options){NULL, 0};
}
