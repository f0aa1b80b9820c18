/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon or a file; see source.h. */
#include "source.h"

#include "ctl/api.h"
#include "policy/settings_file.h"

#include <glib.h>
#include <string.h>

/* Options that say what an offline command works with. */
static const char *const offline_options[] = {"--policy", "--plugin", "--plugin-dir", NULL};

/* The configuration may not be readable for who asks; so it is read only where it is named. */
static int open_client(struct source *source, const struct options *options, struct error *error)
{
    const char *socket = option_text(options, "--socket");
    const char *config = option_text(options, "--config");
    struct settings *settings = NULL;

    for (const char *const *name = offline_options; *name; name++)
        if (option_given(options, *name))
            return error_set(error, ERROR_USAGE,
                             "%s is for work on a fleet file: it needs --fleet FILE", *name);
    if (!socket) {
        settings = config ? settings_read(config, error) : settings_default();
        if (!settings)
            return -1;
        socket = settings->socket;
    }
    source->client = client_new(socket);
    if (settings)
        settings_free(settings);
    return 0;
}

int source_open(struct source *source, const struct options *options, struct error *error)
{
    if (!option_given(options, "--fleet"))
        return open_client(source, options, error);
    if (option_given(options, "--socket"))
        return error_set(error, ERROR_USAGE,
                         "--fleet asks a file and --socket a daemon: give one of them");
    source->offline = offline_open(options, error);
    return source->offline ? 0 : -1;
}

void source_close(struct source *source)
{
    if (source->client)
        client_free(source->client);
    if (source->offline)
        offline_close(source->offline);
    *source = (struct source){NULL, NULL};
}

/* The path with its arguments, percent-encoded. */
static char *path_with(const char *path, const struct query *query)
{
    GString *text = g_string_new(path);
    char separator = '?';

    for (; query && query->key; query++) {
        if (!query->value)
            continue;
        g_string_append_c(text, separator);
        g_string_append(text, query->key);
        g_string_append_c(text, '=');
        g_string_append_uri_escaped(text, query->value, NULL, FALSE);
        separator = '&';
    }
    return g_string_free(text, FALSE);
}

static const char *query_get(void *self, const char *key)
{
    for (const struct query *query = self; query && query->key; query++)
        if (query->value && strcmp(query->key, key) == 0)
            return query->value;
    return NULL;
}

json_t *source_get(struct source *source, const char *path, const struct query *query,
                   struct error *error)
{
    if (source->offline) {
        struct api_query arguments = {query_get, (void *)query};
        return api_get(offline_api(source->offline), path, &arguments, error);
    }
    g_autofree char *whole = path_with(path, query);
    return client_call(source->client, "GET", whole, NULL, error);
}

json_t *source_get_item(struct source *source, const char *collection, const char *name,
                        struct error *error)
{
    g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
    g_autofree char *path =
        g_strconcat(collection, "/", source->offline ? name : escaped, NULL);
    return source_get(source, path, NULL, error);
}

json_t *source_call(struct source *source, const char *method, const char *path, json_t *body,
                    struct error *error)
{
    json_t *answer = NULL;
    if (source->client)
        answer = client_call(source->client, method, path, body, error);
    else
        error_set(error, ERROR_USAGE, "a fleet file cannot be acted upon: leave --fleet out");
    json_decref(body);
    return answer;
}
