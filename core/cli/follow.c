/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Following a drain or a migration until it ends; see follow.h. */
#include "follow.h"

#include "base/memory.h"
#include "progress.h"
#include "render.h"
#include "view.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 300
/* A host is held where two looks in a row say so: between a failure and its retry one may. */
#define HELD_LOOKS 2

struct drain {
    struct cli *cli;
    const char *host;
    double last_id; /* of migrations before this drain */
    double deadline_s; /* on the monotonic clock; 0: none */
    unsigned held_looks;
    bool away; /* the daemon did not answer at the last look */
    char state[40];
    struct progress_list list;
};

static double monotonic_s(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

static bool has_ended(const char *state)
{
    return strcmp(state, "completed") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "aborted") == 0 || strcmp(state, "cancelled") == 0;
}

static bool text_is(const json_t *object, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, value) == 0;
}

/* --------------------------------------------------------------- looking */

/* A daemon that is away for a moment (restarted, upgraded) is no end: the drain goes on. */
static json_t *look_at(struct drain *drain, const char *path, const char *item,
                       struct error *error)
{
    struct cli *cli = drain->cli;
    json_t *json = item ? source_get_item(&cli->source, path, item, error)
                        : source_get(&cli->source, path, NULL, error);

    if (json) {
        drain->away = false;
    } else if (error->kind == ERROR_NO_DAEMON) {
        if (!drain->away) {
            progress_wipe(cli, &drain->list);
            screen_complain("note: droverd does not answer; waiting until it is back");
        }
        drain->away = true;
        error_clear(error);
    }
    return json;
}

static struct progress_row *find_row(struct drain *drain, const char *key)
{
    for (unsigned i = 0; i < drain->list.n; i++)
        if (strcmp(drain->list.row[i].key, key) == 0)
            return &drain->list.row[i];
    return NULL;
}

static const char *key_of(const json_t *vm)
{
    const char *uuid = json_string_value(json_object_get(vm, "uuid"));
    const char *name = json_string_value(json_object_get(vm, "name"));
    return uuid && *uuid ? uuid : name ? name : "";
}

/* What is there before the drain begins: the VMs to wait for, and migrations that are not its. */
static int begin(struct drain *drain, struct error *error)
{
    json_t *vms = source_get(&drain->cli->source, "/v1/vms", NULL, error);
    json_t *migrations =
        vms ? source_get(&drain->cli->source, "/v1/migrations", NULL, error) : NULL;
    size_t i;
    json_t *one;

    json_array_foreach(vms, i, one) {
        if (text_is(one, "host", drain->host) && !text_is(one, "state", "down")) {
            struct screen look = {.terminal = false};
            progress_add(&drain->list, key_of(one), view_text(&look, one, "name"));
            arena_free(&look.arena);
        }
    }
    json_array_foreach(migrations, i, one) {
        const char *state = json_string_value(json_object_get(one, "state"));
        double id = view_number(one, "id");
        if (state && has_ended(state) && id > drain->last_id)
            drain->last_id = id;
    }
    json_decref(vms);
    json_decref(migrations);
    return migrations ? 0 : -1;
}

/* Newer migrations of a VM replace older ones. Returns how many from this host are not over. */
static unsigned take_migrations(struct drain *drain, const json_t *migrations)
{
    struct screen look = {.terminal = false};
    unsigned busy = 0;
    size_t i;
    json_t *one;

    json_array_foreach((json_t *)migrations, i, one) {
        const char *key = json_string_value(json_object_get(one, "key"));
        const char *state = view_text(&look, one, "state");
        struct progress_row *row = key ? find_row(drain, key) : NULL;
        double id = view_number(one, "id");
        bool over = has_ended(state);
        if (!text_is(one, "from", drain->host) || (over && id <= drain->last_id))
            continue;
        busy += !over;
        if (!row && key)
            row = progress_add(&drain->list, key, view_text(&look, one, "vm"));
        if (row && id >= row->migration && progress_update(row, &look, one))
            progress_changed(drain->cli, &drain->list, row, one);
        if (row && strcmp(row->state, "completed") == 0)
            row->left = true;
    }
    arena_free(&look.arena);
    return busy;
}

static void take_host(struct drain *drain, const json_t *host)
{
    struct screen look = drain->cli->screen;
    const char *state;

    look.arena = (struct arena)ARENA_INIT;
    state = view_text(&look, host, "state");
    if (strcmp(state, drain->state) != 0) {
        snprintf(drain->state, sizeof drain->state, "%s", state);
        if (!drain->cli->json) {
            progress_wipe(drain->cli, &drain->list);
            screen_print(&look, STYLE_STRONG, "%s", drain->host);
            screen_print(&look, STYLE_PLAIN, ": ");
            screen_print(&look, style_of_host_state(state), "%s\n", state);
            fflush(stdout);
        }
    }
    arena_free(&look.arena);
}

/* ---------------------------------------------------------------- ending */

static int end_held(struct drain *drain, json_t *host, struct error *error)
{
    json_t *held = json_object_get(host, "held");
    enum error_kind kind = ERROR_REFUSED;
    size_t n = json_array_size(held), i;
    json_t *one;

    /* Hosts that refuse it: the filters hold it. None were asked: something else does. */
    json_array_foreach(held, i, one)
        if (json_array_size(json_object_get(one, "hosts")) == 0)
            kind = ERROR_FAILED;
    progress_wipe(drain->cli, &drain->list);
    if (drain->cli->json)
        print_json(drain->cli, host);
    else
        render_unplaced(&drain->cli->screen, held);
    return error_set(error, kind,
                     "%s is not empty: %zu VM%s cannot leave it; it stays in preparation for "
                     "maintenance, and drover goes on trying",
                     drain->host, n, n == 1 ? "" : "s");
}

static int end_done(struct drain *drain, json_t *host)
{
    for (unsigned i = 0; i < drain->list.n; i++)
        drain->list.row[i].left = true;
    progress_draw(drain->cli, &drain->list);
    if (drain->cli->json)
        print_json(drain->cli, host);
    else
        screen_print(&drain->cli->screen, STYLE_GOOD, "%s is in maintenance\n", drain->host);
    return 0;
}

static int end_otherwise(struct drain *drain, const json_t *host, struct error *error)
{
    const char *why = json_string_value(json_object_get(host, "state_reason"));

    progress_wipe(drain->cli, &drain->list);
    return error_set(error, ERROR_FAILED, "%s is %s, not in maintenance%s%s", drain->host,
                     drain->state, why && *why ? ": " : "", why ? why : "");
}

static bool is_lost(const char *state)
{
    return strcmp(state, "non_responsive") == 0 || strcmp(state, "down") == 0 ||
           strcmp(state, "non_operational") == 0;
}

#define GO_ON (-2)

/* One look. The exit status, GO_ON, or -1 with the error set. */
static int step(struct drain *drain, struct error *error)
{
    json_t *host = look_at(drain, "/v1/hosts", drain->host, error);
    json_t *migrations = host ? look_at(drain, "/v1/migrations", NULL, error) : NULL;
    int status = error->kind != ERROR_NONE ? -1 : GO_ON;

    if (host && migrations) {
        unsigned busy = take_migrations(drain, migrations);
        take_host(drain, host);
        for (unsigned i = 0; i < drain->list.n; i++)
            progress_tell_why(drain->cli, &drain->list, &drain->list.row[i]);
        bool held = busy == 0 && json_array_size(json_object_get(host, "held")) > 0;
        drain->held_looks = held ? drain->held_looks + 1 : 0;
        if (strcmp(drain->state, "maintenance") == 0)
            status = end_done(drain, host);
        else if (drain->held_looks >= HELD_LOOKS)
            status = end_held(drain, host, error);
        else if (is_lost(drain->state) || !view_flag(host, "maintenance_wanted"))
            status = end_otherwise(drain, host, error);
        else
            progress_draw(drain->cli, &drain->list);
    }
    json_decref(host);
    json_decref(migrations);
    return status;
}

static int wait_for_end(struct drain *drain, struct error *error)
{
    int status;

    while ((status = step(drain, error)) == GO_ON) {
        if (drain->deadline_s > 0 && monotonic_s() >= drain->deadline_s) {
            progress_wipe(drain->cli, &drain->list);
            return error_set(error, ERROR_FAILED,
                             "%s is not empty yet; no longer waiting, but the drain goes on "
                             "(drover maintenance %s off ends it)",
                             drain->host, drain->host);
        }
        g_usleep(LOOK_EVERY_MS * 1000);
    }
    return status;
}

int follow_drain(struct cli *cli, const char *host, double timeout_s, struct error *error)
{
    struct drain drain = {.cli = cli, .host = host, .list = {.what = host}};
    json_t *answer = NULL;
    int status = begin(&drain, error);

    if (status == 0) {
        json_t *body = json_pack("{s:s, s:b}", "host", host, "on", 1);
        if (option_given(&cli->options, "--power-off"))
            json_object_set_new(body, "power_off", json_true());
        answer = source_call(&cli->source, "POST", "/v1/maintenance", body, error);
        status = answer ? 0 : -1;
        json_decref(answer);
    }
    if (status == 0) {
        drain.deadline_s = timeout_s > 0 ? monotonic_s() + timeout_s : 0;
        status = wait_for_end(&drain, error);
    }
    progress_free(&drain.list);
    return status;
}

/* ----------------------------------------------------------- one migration */

/* It has ended, or waits for a person; back: that it is where it came from is what was wanted. */
static int judge_state(const json_t *one, const struct progress_row *row, bool back,
                       struct error *error)
{
    const char *why = json_string_value(json_object_get(one, "error"));
    bool verify = strcmp(row->state, "verify") == 0;
    if (strcmp(row->state, "completed") == 0 || (verify && !back) ||
        (back && strcmp(row->state, "aborted") == 0))
        return 0;
    if (verify)
        return error_set(error, ERROR_FAILED, "%s did not shut down: it stays where it is, and "
                         "waits to be judged", row->name);
    if (!has_ended(row->state))
        return GO_ON;
    return error_set(error, ERROR_FAILED, "the migration of %s is %s%s%s", row->name, row->state,
                     why && *why ? ": " : "", why ? why : "");
}

static int migration_step(struct cli *cli, struct progress_list *list, const char *id, bool back,
                          struct error *error)
{
    struct screen look = {.terminal = false};
    json_t *one = source_get_item(&cli->source, "/v1/migrations", id, error);
    int status;

    if (!one && error->kind == ERROR_NO_DAEMON) {
        error_clear(error);
        return GO_ON;
    }
    if (!one)
        return -1;
    if (list->n == 0)
        progress_add(list, "", view_text(&look, one, "vm"));
    if (progress_update(&list->row[0], &look, one))
        progress_changed(cli, list, &list->row[0], one);
    progress_tell_why(cli, list, &list->row[0]);
    list->what = list->row[0].name;
    progress_draw(cli, list);
    status = judge_state(one, &list->row[0], back, error);
    arena_free(&look.arena);
    json_decref(one);
    return status;
}

static int follow_one(struct cli *cli, double id, double timeout_s, bool back,
                      struct error *error)
{
    struct progress_list list = {.what = ""};
    double deadline_s = timeout_s > 0 ? monotonic_s() + timeout_s : INFINITY;
    char text[32];
    int status;

    snprintf(text, sizeof text, "%.0f", id);
    while ((status = migration_step(cli, &list, text, back, error)) == GO_ON) {
        if (monotonic_s() >= deadline_s) {
            status = error_set(error, ERROR_FAILED,
                               "the migration has not ended yet; no longer waiting, but it goes on "
                               "(drover abort %s stops it)",
                               text);
            break;
        }
        g_usleep(LOOK_EVERY_MS * 1000);
    }
    progress_free(&list);
    return status;
}

int follow_migration(struct cli *cli, double id, double timeout_s, struct error *error)
{
    return follow_one(cli, id, timeout_s, false, error);
}

int follow_revert(struct cli *cli, double id, double timeout_s, struct error *error)
{
    return follow_one(cli, id, timeout_s, true, error);
}
