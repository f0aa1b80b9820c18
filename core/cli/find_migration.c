/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migrations by number or VM: see find_migration.h. */
#include "find_migration.h"
#include "view.h"

#include "base/scalar.h"

#include <string.h>

static bool is_over(const char *state)
{
    static const char *const over[] = {"completed", "failed", "aborted", "cancelled"};

    for (unsigned i = 0; i < sizeof over / sizeof *over; i++)
        if (strcmp(state, over[i]) == 0)
            return true;
    return false;
}

/* The number of the VM's migration that is not over; 0 with the error set. */
static double find_by_vm(struct cli *cli, const char *vm, struct error *error)
{
    json_t *list = source_get(&cli->source, "/v1/migrations", NULL, error);
    double id = 0;
    size_t i;
    json_t *one;

    if (!list)
        return 0;
    json_array_foreach(list, i, one) {
        const char *name = json_string_value(json_object_get(one, "vm"));
        const char *key = json_string_value(json_object_get(one, "key"));
        const char *state = json_string_value(json_object_get(one, "state"));
        bool its = (name && strcmp(name, vm) == 0) || (key && strcmp(key, vm) == 0);
        if (its && state && !is_over(state))
            id = view_number(one, "id");
    }
    json_decref(list);
    if (id == 0)
        error_set(error, ERROR_NOT_FOUND,
                  "no migration of \"%s\" is under way; drover migrations lists what is", vm);
    return id;
}

/* A VM may be called 17: then its UUID, or the migration's number, says which is meant. */
int64_t find_migration(struct cli *cli, const char *word, struct error *error)
{
    int64_t id;

    if (scalar_integer(word, &id) && id > 0)
        return id;
    return (int64_t)find_by_vm(cli, word, error);
}
