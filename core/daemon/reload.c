/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new set beside the old one: loaded, checked, and swapped whole, or refused whole. */
#include "daemon/daemon.h"
#include "set/controller.h"
#include "set/manifest.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

void daemon_plugin_problem(void *self, const char *path, const struct error *error)
{
    struct daemon *daemon = self;
    bool named = strstr(error->text, path) != NULL; /* most messages begin with the file */
    log_line(NOTICE_WARNING, "%s%s%s; it is left out", named ? "" : path, named ? "" : ": ",
             error->text);
    if (daemon->problem.kind == ERROR_NONE)
        error_set(&daemon->problem, error->kind, "%s%s%s", named ? "" : path, named ? "" : ": ",
                  error->text);
}

/*
 * Why a set is refused. A plugin that could not be loaded is mostly why a policy does not find its
 * unit, so the first of them is told, too.
 */
static void tell_why(const struct daemon *daemon, struct error *error)
{
    struct error whole = ERROR_INIT;
    if (daemon->problem.kind == ERROR_NONE)
        return;
    error_set(&whole, error->kind, "%.480s; left out before: %.480s", error->text,
              daemon->problem.text);
    *error = whole;
}

static void keep_text(void *self, const char *hash, const char *name, const char *text)
{
    struct daemon *daemon = self;
    store_text(daemon->store, hash, name, text);
}

void daemon_keep_texts(struct daemon *daemon)
{
    manifest_tell(daemon->set, keep_text, daemon);
}

struct event *daemon_set_event(const struct set *set)
{
    struct event *event = set_event(set, daemon_now());
    char machine[HOST_NAME_MAX + 1] = "";
    if (gethostname(machine, sizeof machine - 1) == 0)
        controller_mark(event->settings.item, machine, &event->arena);
    return event;
}

static void put_in_force(struct daemon *daemon, struct set *set)
{
    struct set *old = daemon->set;
    daemon->set = set;
    daemon_keep_texts(daemon);
    daemon->world.configure(daemon->world.self, set->settings);
    daemon_take(daemon, daemon_set_event(set));
    set_free(old); /* the engine has let go of it */
    if (daemon->ctl)
        daemon_open_hook_doors(daemon);
    if (daemon->watcher)
        watcher_update(daemon->watcher);
}

/* What was read once at the start and cannot change while it runs. */
static void tell_fixed(const struct settings *old, const struct settings *new)
{
    if (strcmp(old->socket, new->socket) != 0 || strcmp(old->hook_socket, new->hook_socket) != 0 ||
        strcmp(old->hook_dir, new->hook_dir) != 0 ||
        strcmp(old->database, new->database) != 0)
        log_line(NOTICE_WARNING, "socket, hook_socket, hook_dir and database take effect at the "
                                 "next start");
}

int daemon_reload(struct daemon *daemon, struct error *error)
{
    supervise_tell("RELOADING=1");
    error_clear(&daemon->problem);
    struct set *set =
        set_load(daemon->config, daemon->trust, daemon_plugin_problem, daemon, error);
    supervise_tell("READY=1");
    if (!set) {
        tell_why(daemon, error);
        log_line(NOTICE_ERROR, "%s; the set that was in force stays", error->text);
        return -1;
    }
    if (strcmp(set->hash, daemon->set->hash) == 0 &&
        strcmp(fences_hash(set->fences), fences_hash(daemon->set->fences)) == 0) {
        set_free(set);
        return 0;
    }
    tell_fixed(daemon->set->settings, set->settings);
    put_in_force(daemon, set);
    return 0;
}
