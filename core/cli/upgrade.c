/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts through the stages of a rolling upgrade; see upgrade.h. */
#include "upgrade.h"

#include "base/memory.h"
#include "render.h"
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_MS 300
#define HELD_LOOKS 30 /* a host that cannot be emptied says so at so many looks in a row */

const char *const upgrade_stage_names[] = {
    "not_begun", "draining", "running", "settling", "returning", "done", "skipped", "failed", NULL,
};

static double now_s(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* ------------------------------------------------------------------ the list */

int upgrade_add(struct upgrade *upgrade, const char *host, bool skip, struct error *error)
{
    for (unsigned i = 0; i < upgrade->n_hosts; i++)
        if (strcmp(upgrade->hosts[i].name, host) == 0)
            return error_set(error, ERROR_USAGE, "--hosts: %s is there twice", host);
    upgrade->hosts = memory_grow(upgrade->hosts, &upgrade->room, upgrade->n_hosts + 1,
                                 sizeof *upgrade->hosts);
    upgrade->hosts[upgrade->n_hosts++] = (struct upgrade_host){
        .name = memory_copy_text(host), .stage = skip ? UPGRADE_SKIPPED : UPGRADE_WAITS};
    return 0;
}

void upgrade_free(struct upgrade *upgrade)
{
    for (unsigned i = 0; i < upgrade->n_hosts; i++) {
        free(upgrade->hosts[i].name);
        g_free(upgrade->hosts[i].uri);
        g_free(upgrade->hosts[i].why);
    }
    free(upgrade->hosts);
    g_strfreev(upgrade->argv);
}

/* ------------------------------------------------------------------ telling */

static void __attribute__((format(printf, 3, 4)))
tell(struct upgrade *upgrade, const struct upgrade_host *host, const char *format, ...)
{
    if (upgrade->cli->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    screen_print(&upgrade->cli->screen, STYLE_STRONG, "%s", host->name);
    screen_print(&upgrade->cli->screen, STYLE_PLAIN, ": %s\n", text);
    fflush(stdout);
}

static void __attribute__((format(printf, 3, 4)))
fail(struct upgrade *upgrade, struct upgrade_host *host, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    host->why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    host->stage = UPGRADE_FAILED;
    if (!upgrade->failed)
        upgrade->failed = host;
    tell(upgrade, host, "failed: %s", host->why);
}

static void enter(struct upgrade_host *host, enum upgrade_stage stage)
{
    host->stage = stage;
    host->since_s = now_s();
    host->answers_s = 0;
    host->held = 0;
}

static bool is_overdue(const struct upgrade *upgrade, const struct upgrade_host *host)
{
    return upgrade->timeout_s > 0 && now_s() - host->since_s >= upgrade->timeout_s;
}

/* ------------------------------------------------------------------ asking */

/* A daemon that is away for a moment is no end: NULL without an error, and later again. */
static json_t *answered(struct upgrade *upgrade, json_t *json, struct error *error)
{
    if (json) {
        upgrade->away = false;
    } else if (error->kind == ERROR_NO_DAEMON) {
        if (!upgrade->away)
            screen_complain("note: droverd does not answer; waiting until it is back");
        upgrade->away = true;
        error_clear(error);
    }
    return json;
}

static json_t *look_at(struct upgrade *upgrade, const char *host, struct error *error)
{
    return answered(upgrade, source_get_item(&upgrade->cli->source, "/v1/hosts", host, error),
                    error);
}

static json_t *plan_of(struct upgrade *upgrade, const char *host, struct error *error)
{
    const struct query query[] = {{"what", "drain"}, {"target", host}, {NULL, NULL}};
    return answered(upgrade, source_get(&upgrade->cli->source, "/v1/plan", query, error), error);
}

/* Whether it was asked for; an answer that refuses it fails the host. */
static bool switch_maintenance(struct upgrade *upgrade, struct upgrade_host *host, bool on)
{
    struct error error = ERROR_INIT;
    json_t *body = json_pack("{s:s, s:b}", "host", host->name, "on", on);
    if (!on && upgrade->move_home)
        json_object_set_new(body, "move_home", json_true());
    json_t *answer = answered(
        upgrade, source_call(&upgrade->cli->source, "POST", "/v1/maintenance", body, &error),
        &error);
    if (!answer && error.kind != ERROR_NONE)
        fail(upgrade, host, "%s", error.text);
    json_decref(answer);
    return answer != NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_in(const json_t *record, const char *state)
{
    return strcmp(text_of(record, "state"), state) == 0;
}

int upgrade_check(struct upgrade *upgrade, struct error *error)
{
    for (unsigned i = 0; i < upgrade->n_hosts; i++) {
        struct upgrade_host *host = &upgrade->hosts[i];
        json_t *record = source_get_item(&upgrade->cli->source, "/v1/hosts", host->name, error);
        if (!record)
            return -1;
        bool ready = host->stage == UPGRADE_SKIPPED || is_in(record, "up") ||
                     (view_flag(record, "maintenance_wanted") && view_flag(record, "connected"));
        if (!ready)
            error_set(error, ERROR_FAILED, "%s is %s (%s): an upgrade begins with hosts that "
                      "answer; nothing was done", host->name, text_of(record, "state"),
                      text_of(record, "state_reason"));
        host->uri = g_strdup(text_of(record, "uri"));
        json_decref(record);
        if (!ready)
            return -1;
    }
    return 0;
}

int upgrade_show(struct upgrade *upgrade, struct error *error)
{
    for (unsigned i = 0; i < upgrade->n_hosts; i++) {
        struct upgrade_host *host = &upgrade->hosts[i];
        const struct query query[] = {{"what", "drain"}, {"target", host->name}, {NULL, NULL}};
        if (host->stage == UPGRADE_SKIPPED)
            continue;
        json_t *plan = source_get(&upgrade->cli->source, "/v1/plan", query, error);
        if (!plan)
            return -1;
        size_t moves = json_array_size(json_object_get(plan, "moves"));
        size_t stay = json_array_size(json_object_get(plan, "unplaced"));
        tell(upgrade, host, "%zu VM%s would be moved", moves, moves == 1 ? "" : "s");
        if (!upgrade->cli->json)
            render_plan(&upgrade->cli->screen, plan);
        if (stay > 0) {
            host->refused = true;
            fail(upgrade, host, "%zu VM%s would have no place", stay, stay == 1 ? "" : "s");
        }
        json_decref(plan);
    }
    return 0;
}

/* ------------------------------------------------------------------ the command */

/* With --json standard output is the report's alone. */
static void to_stderr(gpointer data)
{
    (void)data;
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

static void run_command(struct upgrade *upgrade, struct upgrade_host *host)
{
    g_auto(GStrv) environment = g_get_environ();
    g_autoptr(GError) wrong = NULL;
    environment = g_environ_setenv(environment, "DROVER_HOST", host->name, TRUE);
    environment = g_environ_setenv(environment, "DROVER_HOST_URI", host->uri, TRUE);
    host->ended = false;
    if (!g_spawn_async(NULL, upgrade->argv, environment,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                       upgrade->cli->json ? to_stderr : NULL, NULL, &host->child, &wrong)) {
        fail(upgrade, host, "%s", wrong->message);
        return;
    }
    enter(host, UPGRADE_RUNS);
    tell(upgrade, host, "empty; %s runs", upgrade->argv[0]);
}

static void look_at_command(struct upgrade *upgrade, struct upgrade_host *host)
{
    int status;
    if (waitpid(host->child, &status, WNOHANG) != host->child)
        return;
    host->child = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        enter(host, UPGRADE_SETTLES);
    else if (WIFEXITED(status))
        fail(upgrade, host, "%s ended with status %d", upgrade->argv[0], WEXITSTATUS(status));
    else
        fail(upgrade, host, "%s was ended by signal %d", upgrade->argv[0], WTERMSIG(status));
}

/* ------------------------------------------------------------------ stages */

static unsigned count_out(const struct upgrade *upgrade)
{
    unsigned n = 0;
    for (unsigned i = 0; i < upgrade->n_hosts; i++)
        n += upgrade->hosts[i].stage > UPGRADE_WAITS && upgrade->hosts[i].stage < UPGRADE_DONE;
    return n;
}

static void drain(struct upgrade *upgrade, struct upgrade_host *host, const json_t *record)
{
    json_t *held = json_object_get(record, "held");
    host->held = json_array_size(held) > 0 ? host->held + 1 : 0;
    if (is_in(record, "maintenance")) {
        run_command(upgrade, host);
    } else if (upgrade->failed) { /* its command has not begun, and will not */
        if (switch_maintenance(upgrade, host, false)) {
            host->out = false;
            enter(host, UPGRADE_WAITS);
        }
    } else if (host->held >= HELD_LOOKS && count_out(upgrade) == 1) {
        host->refused = true;
        fail(upgrade, host, "VM %s cannot leave it: %s",
             text_of(json_array_get(held, 0), "vm"), text_of(json_array_get(held, 0), "reason"));
    } else if (is_overdue(upgrade, host)) {
        fail(upgrade, host, "it is not empty after %.0f s", upgrade->timeout_s);
    }
}

/* One that is about to reboot still answers for a moment: hence the while. */
static void settle(struct upgrade *upgrade, struct upgrade_host *host, const json_t *record)
{
    bool answers = view_flag(record, "connected") && is_in(record, "maintenance");
    if (!answers)
        host->answers_s = 0;
    else if (host->answers_s <= 0)
        host->answers_s = now_s();
    if (answers && now_s() - host->answers_s >= upgrade->settle_s) {
        if (switch_maintenance(upgrade, host, false)) {
            host->out = false;
            enter(host, UPGRADE_RETURNS);
            tell(upgrade, host, "answers, and is taken back");
        }
    } else if (is_overdue(upgrade, host)) {
        fail(upgrade, host, "it does not answer, %.0f s after the command has ended",
             upgrade->timeout_s);
    }
}

static void come_back(struct upgrade *upgrade, struct upgrade_host *host, const json_t *record)
{
    if (is_in(record, "up")) {
        enter(host, UPGRADE_DONE);
        tell(upgrade, host, "done");
    } else if (is_overdue(upgrade, host)) {
        fail(upgrade, host, "it was taken back, and is %s after %.0f s: %s",
             text_of(record, "state"), upgrade->timeout_s, text_of(record, "state_reason"));
    }
}

static void step(struct upgrade *upgrade, struct upgrade_host *host, struct error *error)
{
    static void (*const steps[])(struct upgrade *, struct upgrade_host *, const json_t *) = {
        [UPGRADE_DRAINS] = drain, [UPGRADE_SETTLES] = settle, [UPGRADE_RETURNS] = come_back,
    };
    if (host->stage == UPGRADE_RUNS) {
        look_at_command(upgrade, host);
        return;
    }
    if (host->stage >= sizeof steps / sizeof *steps || !steps[host->stage])
        return;
    json_t *record = look_at(upgrade, host->name, error);
    if (record)
        steps[host->stage](upgrade, host, record);
    json_decref(record);
}

/* ------------------------------------------------------------------ beginning */

static struct upgrade_host *next_of(struct upgrade *upgrade)
{
    struct upgrade_host *next = NULL;
    for (unsigned i = upgrade->n_hosts; i-- > 0;) {
        if (upgrade->hosts[i].stage == UPGRADE_DRAINS)
            return NULL; /* one after the other, so that the next plan sees what this one took */
        if (upgrade->hosts[i].stage == UPGRADE_WAITS)
            next = &upgrade->hosts[i];
    }
    return next;
}

static void begin(struct upgrade *upgrade, struct error *error)
{
    unsigned out = count_out(upgrade);
    struct upgrade_host *host = next_of(upgrade);
    if (upgrade->failed || !host || out >= upgrade->at_once)
        return;
    json_t *plan = plan_of(upgrade, host->name, error);
    const json_t *stays = json_array_get(json_object_get(plan, "unplaced"), 0);
    if (stays && out == 0) { /* else there may be room when one of the others is back */
        host->refused = true;
        fail(upgrade, host, "VM %s has no other place: %s", text_of(stays, "vm"),
             text_of(stays, "reason"));
    } else if (plan && !stays && switch_maintenance(upgrade, host, true)) {
        host->out = true;
        enter(host, UPGRADE_DRAINS);
        tell(upgrade, host, "is being emptied");
    }
    json_decref(plan);
}

int upgrade_run(struct upgrade *upgrade, struct error *error)
{
    while (error->kind == ERROR_NONE) {
        begin(upgrade, error);
        for (unsigned i = 0; i < upgrade->n_hosts && error->kind == ERROR_NONE; i++)
            step(upgrade, &upgrade->hosts[i], error);
        if (count_out(upgrade) == 0 && (upgrade->failed || !next_of(upgrade)))
            return 0;
        g_usleep(LOOK_EVERY_MS * 1000);
    }
    return -1;
}
