/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that change. Directories are watched, not files: editors and package managers replace
 * files by renaming. After the last change of a burst the whole set is loaded again; what is in
 * the maintenance directory is compared with what was there, so a lost notification loses nothing.
 */
#include "daemon/daemon.h"

#include "base/memory.h"
#include "base/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <inotifytools/inotify.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS 300 /* no change for so long: the burst is over */

/* The inotify-tools headers lack a few constants of the kernel's own. */
#ifndef IN_CLOEXEC
#define IN_CLOEXEC O_CLOEXEC
#endif

struct watcher {
    struct daemon *daemon;
    int fd;
    guint source;
    guint settle;
    int maintenance_watch;
    int *watches; /* the set's directories */
    uint32_t n_watches, room;
    char **wished; /* names of files in the maintenance directory, sorted */
    uint32_t n_wished;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that could be hosts'; anything else in the maintenance directory is not ours. */
static int could_be_host(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && field_is_name(entry->d_name);
}

/* Not alphasort: names are looked up by by_text, whatever the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_names(char **names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* Sorted. A directory that is not there or cannot be read holds no names. */
static char **list_wished(const char *dir, uint32_t *n)
{
    struct dirent **entry = NULL;
    int found = scandir(dir, &entry, could_be_host, by_name);
    *n = found > 0 ? (uint32_t)found : 0;
    char **names = memory_array(*n, sizeof *names);
    for (uint32_t i = 0; i < *n; i++) {
        names[i] = memory_copy_text(entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return names;
}

static bool holds(char **names, uint32_t n, const char *name)
{
    return n > 0 && bsearch(&name, names, n, sizeof *names, by_text);
}

static void tell_wish(struct watcher *watcher, const char *host, bool there)
{
    struct event *event = daemon_event(EVENT_MAINTENANCE_FILE);
    event_set(event, &event->host, host);
    event->ok = there;
    daemon_take(watcher->daemon, event);
}

static void compare_wished(struct watcher *watcher)
{
    uint32_t n;
    char **now = list_wished(watcher->daemon->set->settings->maintenance_dir, &n);
    for (uint32_t i = 0; i < watcher->n_wished; i++)
        if (!holds(now, n, watcher->wished[i]))
            tell_wish(watcher, watcher->wished[i], false);
    for (uint32_t i = 0; i < n; i++)
        if (!holds(watcher->wished, watcher->n_wished, now[i]))
            tell_wish(watcher, now[i], true);
    free_names(watcher->wished, watcher->n_wished);
    watcher->wished = now;
    watcher->n_wished = n;
}

static gboolean on_settled(gpointer data)
{
    struct watcher *watcher = data;
    struct error error = ERROR_INIT;
    watcher->settle = 0;
    daemon_reload(watcher->daemon, &error); /* says itself what is wrong */
    return G_SOURCE_REMOVE;
}

static void reload_when_settled(struct watcher *watcher)
{
    if (watcher->settle)
        g_source_remove(watcher->settle);
    watcher->settle = g_timeout_add(SETTLE_MS, on_settled, watcher);
}

/* Swap files and backups of editors come and go without meaning anything. */
static bool means_something(const struct inotify_event *event)
{
    static const char *const endings[] = {".yaml", ".lua", ".so", NULL};
    size_t length = event->len ? strlen(event->name) : 0;
    for (int i = 0; endings[i]; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(event->name + length - ending, endings[i]) == 0 &&
            event->name[0] != '.')
            return true;
    }
    return event->mask & IN_Q_OVERFLOW;
}

static void read_changes(struct watcher *watcher, bool *wished, bool *set)
{
    union {
        char bytes[16384];
        struct inotify_event align;
    } buffer;
    ssize_t length;
    while ((length = read(watcher->fd, buffer.bytes, sizeof buffer.bytes)) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(buffer.bytes + at);
            *wished |= event->wd == watcher->maintenance_watch || event->mask & IN_Q_OVERFLOW;
            *set |= event->wd != watcher->maintenance_watch && means_something(event);
            at += (ssize_t)sizeof *event + event->len;
        }
    }
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    struct watcher *watcher = data;
    bool wished = false, set = false;
    read_changes(watcher, &wished, &set);
    if (wished)
        compare_wished(watcher);
    if (set)
        reload_when_settled(watcher);
    return G_SOURCE_CONTINUE;
}

static void watch_dir(struct watcher *watcher, const char *dir)
{
    int watch = inotify_add_watch(watcher->fd, dir,
                                  IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    if (watch < 0)
        return; /* not there: it is not watched, and a reload by hand finds it later */
    for (uint32_t i = 0; i < watcher->n_watches; i++)
        if (watcher->watches[i] == watch)
            return;
    watcher->watches = memory_grow(watcher->watches, &watcher->room, watcher->n_watches + 1,
                                   sizeof *watcher->watches);
    watcher->watches[watcher->n_watches++] = watch;
}

static void watch_dirs(struct watcher *watcher, const struct texts *dirs)
{
    for (uint32_t i = 0; i < dirs->n; i++)
        watch_dir(watcher, dirs->item[i]);
}

void watcher_update(struct watcher *watcher)
{
    const struct settings *settings = watcher->daemon->set->settings;
    for (uint32_t i = 0; i < watcher->n_watches; i++)
        inotify_rm_watch(watcher->fd, watcher->watches[i]);
    watcher->n_watches = 0;
    if (watcher->daemon->config) {
        char *dir = g_path_get_dirname(watcher->daemon->config);
        char *parts = g_build_filename(dir, "conf.d", NULL);
        watch_dir(watcher, dir);
        watch_dir(watcher, parts);
        g_free(parts);
        g_free(dir);
    }
    watch_dirs(watcher, &settings->policy_dirs);
    watch_dirs(watcher, &settings->lua_dirs);
    watch_dirs(watcher, &settings->plugin_dirs);
}

struct watcher *watcher_new(struct daemon *daemon, struct error *error)
{
    const char *dir = daemon->set->settings->maintenance_dir;
    struct watcher *watcher = memory_new(sizeof *watcher);
    watcher->daemon = daemon;
    watcher->fd = inotify_init();
    if (watcher->fd >= 0) {
        fcntl(watcher->fd, F_SETFL, O_NONBLOCK);
        fcntl(watcher->fd, F_SETFD, FD_CLOEXEC);
    }
    g_mkdir_with_parents(dir, 0755);
    watcher->maintenance_watch = inotify_add_watch(
        watcher->fd, dir, IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    if (watcher->fd < 0 || watcher->maintenance_watch < 0) {
        error_set(error, ERROR_FAILED, "%s: cannot be watched for files: %s", dir,
                  strerror(errno));
        watcher_free(watcher);
        return NULL;
    }
    watcher->source = g_unix_fd_add(watcher->fd, G_IO_IN, on_readable, watcher);
    watcher_update(watcher);
    compare_wished(watcher);
    return watcher;
}

void watcher_free(struct watcher *watcher)
{
    if (!watcher)
        return;
    if (watcher->source)
        g_source_remove(watcher->source);
    if (watcher->settle)
        g_source_remove(watcher->settle);
    if (watcher->fd >= 0)
        close(watcher->fd);
    free_names(watcher->wished, watcher->n_wished);
    free(watcher->watches);
    free(watcher);
}
