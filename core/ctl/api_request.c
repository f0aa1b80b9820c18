/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests that change something, checked at this one door: known keys, types, names, bounds.
 * What comes out is an event for the engine; what it means is decided there.
 */
#include "ctl/api.h"

#include "base/scalar.h"
#include "codec/json.h"
#include "ctl/api_routes.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define NUMBER_LIMIT 1e6 /* of priorities */
#define NAME_LIMIT 1024 /* bytes of a VM's name: libvirt has no limit of its own */
#define WORDS_LIMIT 200 /* characters of a reason that somebody gives */

enum key_kind {
    KEY_HOST,
    KEY_VM,
    KEY_BOOL, /* which of two verbs: VERB_on, VERB_off */
    KEY_FLAG, /* an argument, "yes", where it is true */
    KEY_WORDS, /* a sentence for people */
    KEY_NUMBER, /* an argument, as text */
};

struct key {
    const char *name; /* NULL ends the list */
    enum key_kind kind;
    bool required;
    size_t offset; /* of the event's text it goes to; 0: an argument */
};

struct route {
    const char *method;
    const char *path; /* ends with a slash: an id follows */
    const char *action; /* behind the id: "/force_complete"; NULL: nothing */
    const char *documented;
    const char *verb; /* completed by a KEY_BOOL, where there is one */
    struct key keys[8];
};

static const struct route routes[] = {
    {"POST", "/v1/maintenance", NULL, "/v1/maintenance", "maintenance",
     {{"host", KEY_HOST, true, offsetof(struct event, host)}, {"on", KEY_BOOL, true, 0},
      {"power_off", KEY_FLAG, false, 0},
      {"move_home", KEY_FLAG, false, 0}}},
    {"POST", "/v1/migrations", NULL, "/v1/migrations", "migrate",
     {{"vm", KEY_VM, true, offsetof(struct event, vm)},
      {"to", KEY_HOST, false, offsetof(struct event, to)},
      {"kind", KEY_HOST, false, 0},
      {"copy_storage", KEY_HOST, false, 0},
      {"tunnelled", KEY_FLAG, false, 0},
      {"verify", KEY_FLAG, false, 0},
      {"shutdown_timeout_s", KEY_NUMBER, false, 0}}},
    {"DELETE", "/v1/migrations/", NULL, "/v1/migrations/{id}", "abort", {{0}}},
    {"PATCH", "/v1/migrations/", NULL, "/v1/migrations/{id}", "set_priority",
     {{"priority", KEY_NUMBER, true, 0}}},
    {"POST", "/v1/migrations/", "/force_complete", "/v1/migrations/{id}/force_complete",
     "force_complete", {{0}}},
    {"POST", "/v1/migrations/", "/bandwidth", "/v1/migrations/{id}/bandwidth", "set_bandwidth",
     {{"bandwidth", KEY_HOST, true, 0}}},
    {"POST", "/v1/migrations/", "/confirm", "/v1/migrations/{id}/confirm", "confirm", {{0}}},
    {"POST", "/v1/migrations/", "/revert", "/v1/migrations/{id}/revert", "revert", {{0}}},
    {"POST", "/v1/rebalance", NULL, "/v1/rebalance", "rebalance", {{"cluster", KEY_HOST, false, 0}}},
    {"POST", "/v1/measure", NULL, "/v1/measure", "measure",
     {{"vm", KEY_VM, true, offsetof(struct event, vm)}}},
    {"POST", "/v1/fence", NULL, "/v1/fence", "fence",
     {{"host", KEY_HOST, true, offsetof(struct event, host)},
      {"action", KEY_HOST, true, 0},
      {"force", KEY_FLAG, false, 0}}},
    {"POST", "/v1/evacuate", NULL, "/v1/evacuate", "evacuate",
     {{"host", KEY_HOST, true, offsetof(struct event, host)},
      {"confirm", KEY_FLAG, false, 0},
      {"all", KEY_FLAG, false, 0}}},
    {"POST", "/v1/alarm", NULL, "/v1/alarm", "alarm",
     {{"host", KEY_HOST, true, offsetof(struct event, host)},
      {"on", KEY_BOOL, true, 0},
      {"reason", KEY_WORDS, false, 0}}},
    {"POST", "/v1/reload", NULL, "/v1/reload", "reload", {{0}}},
};
#define N_ROUTES (sizeof routes / sizeof routes[0])

const char *api_request_route(size_t i, const char **method)
{
    if (i >= N_ROUTES)
        return NULL;
    *method = routes[i].method;
    return routes[i].documented;
}

static bool path_fits(const struct route *route, const char *path)
{
    size_t length = strlen(route->path);
    if (route->path[length - 1] != '/')
        return strcmp(route->path, path) == 0;
    if (strncmp(route->path, path, length) != 0 || !path[length])
        return false;
    const char *behind = strchr(path + length, '/');
    return route->action ? behind && strcmp(behind, route->action) == 0 : !behind;
}

static const struct route *find_route(const char *method, const char *path, struct error *error)
{
    const struct route *other = NULL;
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (!path_fits(&routes[i], path))
            continue;
        other = &routes[i];
        if (strcmp(other->method, method) == 0)
            return other;
    }
    if (other)
        error_set(error, ERROR_USAGE, "%s is for %s, not for %.20s", other->documented,
                  other->method, method);
    else
        error_set(error, ERROR_NOT_FOUND, "nothing can be changed at %.200s: see docs/openapi.yaml",
                  path);
    return NULL;
}

static void add_argument(struct event *event, const char *key, const char *value)
{
    struct pair *more = arena_array(&event->arena, event->arguments.n + 1, sizeof *more);
    if (event->arguments.n)
        memcpy(more, event->arguments.item, event->arguments.n * sizeof *more);
    more[event->arguments.n].key = arena_text(&event->arena, key);
    more[event->arguments.n].value = arena_text(&event->arena, value);
    event->arguments.item = more;
    event->arguments.n++;
    event->arguments.known = true;
}

/* It is told to people as it is: one line, without what a terminal obeys. */
static int check_words(const struct key *key, const char *text, struct error *error)
{
    if (g_utf8_strlen(text, -1) > WORDS_LIMIT)
        return error_set(error, ERROR_INPUT, "%s: at most %d characters, found %ld", key->name,
                         WORDS_LIMIT, g_utf8_strlen(text, -1));
    for (const char *c = text; *c; c = g_utf8_next_char(c))
        if (!g_unichar_isprint(g_utf8_get_char(c)))
            return error_set(error, ERROR_INPUT, "%s: one line of text, without control characters",
                             key->name);
    return 0;
}

static int check_text(const struct key *key, json_t *value, struct error *error)
{
    const char *text = json_string_value(value);
    if (!text || !*text)
        return error_set(error, ERROR_INPUT, "%s: expected a text, found something else or nothing",
                         key->name);
    if (key->kind == KEY_HOST && !field_is_name(text))
        return error_set(error, ERROR_INPUT,
                         "%s: expected a name of letters, digits and . _ : @ - (at most 253), "
                         "found \"%.100s\"",
                         key->name, text);
    if (json_string_length(value) > NAME_LIMIT)
        return error_set(error, ERROR_INPUT, "%s: at most %d bytes, found %zu", key->name,
                         NAME_LIMIT, json_string_length(value));
    return key->kind == KEY_WORDS ? check_words(key, text, error) : 0;
}

static int take_truth(struct event *event, const struct key *key, json_t *value,
                      struct error *error)
{
    if (!json_is_boolean(value))
        return error_set(error, ERROR_INPUT, "%s: expected true or false", key->name);
    if (key->kind == KEY_BOOL)
        event->name = arena_printf(&event->arena, "%s_%s", event->name,
                                   json_is_true(value) ? "on" : "off");
    else if (json_is_true(value))
        add_argument(event, key->name, "yes");
    return 0;
}

static int take_number(struct event *event, const struct key *key, json_t *value,
                       struct error *error)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(fabs(number) <= NUMBER_LIMIT))
        return error_set(error, ERROR_INPUT, "%s: expected a number of at most %g", key->name,
                         NUMBER_LIMIT);
    add_argument(event, key->name, arena_printf(&event->arena, "%.17g", number));
    return 0;
}

static int take_key(struct event *event, const struct key *key, json_t *value, struct error *error)
{
    if (!value || json_is_null(value)) {
        if (key->required)
            return error_set(error, ERROR_INPUT, "%s is missing", key->name);
        return 0;
    }
    if (key->kind == KEY_BOOL || key->kind == KEY_FLAG)
        return take_truth(event, key, value, error);
    if (key->kind == KEY_NUMBER)
        return take_number(event, key, value, error);
    if (check_text(key, value, error) < 0)
        return -1;
    if (key->offset)
        event_set(event, (const char **)((char *)event + key->offset), json_string_value(value));
    else
        add_argument(event, key->name, json_string_value(value));
    return 0;
}

static int check_known(const struct route *route, json_t *body, struct error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value) {
        bool known = false;
        for (const struct key *key = route->keys; key->name; key++)
            known = known || strcmp(key->name, name) == 0;
        if (!known)
            return error_set(error, ERROR_INPUT, "unknown key \"%.100s\" for %s %s", name,
                             route->method, route->documented);
    }
    return 0;
}

static int take_body(struct event *event, const struct route *route, json_t *body,
                     struct error *error)
{
    if (!json_is_object(body))
        return error_set(error, ERROR_INPUT, "expected a JSON object as body of %s %s",
                         route->method, route->documented);
    if (check_known(route, body, error) < 0)
        return -1;
    for (const struct key *key = route->keys; key->name; key++)
        if (take_key(event, key, json_object_get(body, key->name), error) < 0)
            return -1;
    return 0;
}

/* "17", or "17/force_complete": what is behind the number was looked at already. */
static int take_id(struct event *event, const char *rest, struct error *error)
{
    int64_t id;
    const char *text = arena_bytes(&event->arena, rest, strcspn(rest, "/"));
    if (!scalar_integer(text, &id) || id < 1)
        return error_set(error, ERROR_USAGE, "expected a migration's number, found \"%.100s\"",
                         text);
    add_argument(event, "id", text);
    return 0;
}

static int fill(struct event *event, const struct route *route, const char *path, const char *body,
                size_t length, struct error *error)
{
    size_t fixed = strlen(route->path);
    if (route->path[fixed - 1] == '/' && take_id(event, path + fixed, error) < 0)
        return -1;
    json_t *json = length ? json_parse(body, length, "body", error) : json_object();
    int status = json ? take_body(event, route, json, error) : -1;
    json_decref(json);
    return status;
}

struct event *api_request(const char *method, const char *path, const char *body, size_t length,
                          struct error *error)
{
    const struct route *route = find_route(method, path, error);
    if (!route)
        return NULL;
    struct event *event = event_new(EVENT_OPERATOR_REQUEST, 0);
    event->name = route->verb;
    if (fill(event, route, path, body, length, error) == 0)
        return event;
    event_free(event);
    return NULL;
}
