/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover abort: stop a migration; the VM runs on where it is. */
#include "command.h"
#include "view.h"

#include "base/scalar.h"

#include <glib.h>
#include <math.h>
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

static int run(struct cli *cli, struct error *error)
{
    int64_t id;
    json_t *answer;

    /* A VM may be called 17: then its UUID, or the migration's number, says which is meant. */
    if (!scalar_integer(cli->word[0], &id) || id <= 0)
        id = (int64_t)find_by_vm(cli, cli->word[0], error);
    if (id == 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/v1/migrations/%lld", (long long)id);
    answer = source_call(&cli->source, "DELETE", path, NULL, error);
    if (!answer)
        return -1;
    print_answer(cli, answer, "stopping; the VM runs on where it is");
    return 0;
}

const struct command command_abort = {
    .name = "abort",
    .usage = "ID|VM",
    .summary = "stop a migration; the VM runs on where it is",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .run = run,
};
