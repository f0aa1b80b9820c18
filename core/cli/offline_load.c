/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What offline commands work with: settings, policies, plugins; see offline.h. */
#include "offline.h"
#include "policy/settings_file.h"
#include "screen.h"
#include "set/set.h"

#include <stdio.h>
#include <string.h>

struct settings *offline_settings(const struct options *options, struct error *error)
{
    const char *config = option_text(options, "--config");
    return config ? settings_read(config, error) : settings_default();
}

/* One file that cannot be loaded does not keep the others from working: say so, go on. */
static void tell(void *self, const char *path, const struct error *error)
{
    char text[sizeof error->text + 4096];
    const char *left_out = "is left out";

    (void)self;
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
