/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of the command line, by tables: the same rows are parsed, checked and shown by --help.
 * Options may stand before or after the command and its words; "--" ends them.
 */
#ifndef DROVER_CLI_OPTION_H
#define DROVER_CLI_OPTION_H

#include "base/error.h"

#include <stdbool.h>

struct option {
    const char *name;     /* "--to"; NULL ends a table */
    const char *argument; /* "HOST"; "[=HOST]": a switch that may have a value; NULL: a switch */
    const char *help;     /* one line */
};

struct option_value {
    const struct option *option;
    const char *value; /* NULL of a switch */
};

/* What was given, in order. Texts are argv's. */
struct options {
    struct option_value *item;
    unsigned n;
};

/* The option called name (without its "=value") in a table, or NULL. */
const struct option *option_find(const struct option *table, const char *name);

/*
 * Take argv[*i], which begins with '-', as an option of one of the tables; moves *i over its
 * value. -1 with the error set.
 */
int option_take(struct options *options, const struct option *const *tables, char **argv,
                int argc, int *i, struct error *error);

bool option_given(const struct options *options, const char *name);

/* The last value given, or NULL. */
const char *option_text(const struct options *options, const char *name);

/* A duration in seconds; `otherwise` where it was not given. -1 with the error set. */
int option_duration_s(const struct options *options, const char *name, double otherwise,
                      double *seconds, struct error *error);

void options_free(struct options *options);

#endif
