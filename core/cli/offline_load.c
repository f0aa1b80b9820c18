/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What offline commands work with: settings, policies, plugins; see offline.h. */
#include "offline.h"
#include "policy/settings_file.h"
#include "screen.h"
#include "set/set.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct settings *offline_settings(const struct options *options, struct error *error)
{
    const char *config = option_text(options, "--config");
    return config ? settings_read(config, error) : settings_default();
}

/* A folder whose units somebody works on: nothing in it may be left out. NULL: there is none. */
struct strict {
    const char *dir;
    struct error *error;
};

static bool is_within(const char *path, const char *dir)
{
    size_t length = strlen(dir);
    return strncmp(path, dir, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* One file that cannot be loaded does not keep the others from working: say so, go on. */
static void tell(void *self, const char *path, const struct error *error)
{
    const struct strict *strict = self;
    char text[sizeof error->text + 4096];
    const char *left_out = "is left out";

    if (strict && is_within(path, strict->dir)) {
        if (strict->error->kind == ERROR_NONE)
            *strict->error = *error;
        return;
    }
    /* Most messages begin with the file already. */
    if (strstr(error->text, path))
        snprintf(text, sizeof text, "warning: %s; it %s", error->text, left_out);
    else
        snprintf(text, sizeof text, "warning: %s: %s; it %s", path, error->text, left_out);
    screen_complain(text);
}

struct policies *offline_policies(const struct settings *settings, struct error *error)
{
    return set_policies(settings, tell, NULL, error);
}

struct problems {
    struct error *error;
};

static void keep_first(void *self, const char *path, const struct error *error)
{
    struct problems *problems = self;
    (void)path;
    if (problems->error && problems->error->kind == ERROR_NONE)
        *problems->error = *error;
}

static int load_named(struct plug *plug, const struct options *options, struct error *error)
{
    struct problems problems = {error};

    for (unsigned i = 0; i < options->n; i++) {
        const char *name = options->item[i].option->name;
        const char *path = options->item[i].value;
        if (strcmp(name, "--plugin-dir") == 0 &&
            plug_load_dir(plug, path, "site", false, keep_first, &problems) > 0)
            return -1;
        if (strcmp(name, "--plugin") == 0 &&
            plug_load_file(plug, path, "site", false, error) < 0)
            return -1;
    }
    return 0;
}

struct plug *offline_plug(const struct settings *settings, const struct options *options,
                          struct error *error)
{
    struct plug *plug = set_plug(settings, PLUG_TRUST_ANY, tell, NULL);

    if (load_named(plug, options, error) < 0) {
        plug_unref(plug);
        return NULL;
    }
    return plug;
}

/* ------------------------------------------------------------ a folder's own first */

static void put_first(struct texts *texts, const char *text, struct arena *arena)
{
    const char **item = arena_array(arena, (size_t)texts->n + 1, sizeof *item);
    item[0] = text;
    if (texts->n)
        memcpy(item + 1, texts->item, texts->n * sizeof *item);
    *texts = (struct texts){.item = item, .n = texts->n + 1, .known = true};
}

/* Of two units of one name the first counts, of two policies the last. */
static int load_with(struct offline_parts *parts, const struct options *options, const char *dir,
                     struct error *error)
{
    struct settings *settings = parts->settings;
    struct strict strict = {dir, error};
    const char *pack = arena_printf(&settings->arena, "%s/pack.yaml", dir);
    if (access(pack, F_OK) == 0) {
        put_first(&settings->pack_dirs, dir, &settings->arena);
    } else {
        put_first(&settings->plugin_dirs, arena_printf(&settings->arena, "%s/plugins", dir),
                  &settings->arena);
        put_first(&settings->lua_dirs, arena_printf(&settings->arena, "%s/lua", dir),
                  &settings->arena);
    }
    parts->policies = set_policies(settings, tell, &strict, error);
    if (!parts->policies || error->kind != ERROR_NONE ||
        policies_read_dir(parts->policies, arena_printf(&settings->arena, "%s/policies", dir),
                          error) < 0)
        return -1;
    parts->plug = set_plug(settings, PLUG_TRUST_ANY, tell, &strict);
    return error->kind != ERROR_NONE ? -1 : load_named(parts->plug, options, error);
}

int offline_parts_load(struct offline_parts *parts, const struct options *options, const char *dir,
                       struct error *error)
{
    *parts = (struct offline_parts){.settings = offline_settings(options, error)};
    if (parts->settings && load_with(parts, options, dir, error) == 0)
        return 0;
    offline_parts_free(parts);
    return -1;
}
