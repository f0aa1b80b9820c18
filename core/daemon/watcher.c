/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that change. Directories are watched, not files: editors and package managers replace
 * files by renaming. After the last change of a burst the whole set is loaded again. In the
 * directories of maintenance and of alarms files that are named like hosts come and go (touched.h).
 */
#include "daemon/daemon.h"
#include "daemon/touched.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <inotifytools/inotify.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS 300 /* no change for so long: the burst is over */

/* The inotify-tools headers lack a few constants of the kernel's own. */
#ifndef IN_CLOEXEC
#define IN_CLOEXEC O_CLOEXEC
#endif

enum { MAINTENANCE, ALARM, TOUCHED };

struct watcher {
    struct daemon *daemon;
    int fd;
    guint source;
    guint settle;
    int *watches; /* the set's directories */
    uint32_t n_watches, room;
    struct touched touched[TOUCHED];
};

static void tell(void *self, const struct touched *touched, const char *host, const char *reason)
{
    struct watcher *watcher = self;
    struct event *event = daemon_event(touched->kind);
    event_set(event, &event->host, host);
    event->ok = reason;
    if (touched->kind == EVENT_HOST_ALARM) {
        event_set(event, &event->name, "file");
        event_set(event, &event->text, reason && reason[0] ? reason : "a file says so");
    }
    daemon_take(watcher->daemon, event);
}

/* By position in watcher->touched. */
static const char *dir_of(const struct watcher *watcher, int which)
{
    const struct settings *settings = watcher->daemon->set->settings;
    return which == MAINTENANCE ? settings->maintenance_dir : settings->alarm_dir;
}

static void compare_touched(struct watcher *watcher, int which)
{
    touched_compare(&watcher->touched[which], dir_of(watcher, which), tell, watcher);
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

/* Which of the touched directories that change is in; TOUCHED: none of them. */
static int which_touched(const struct watcher *watcher, const struct inotify_event *event)
{
    int which = 0;
    while (which < TOUCHED && event->wd != watcher->touched[which].watch)
        which++;
    return which;
}

/* changed[which] is set for the touched directories, changed[TOUCHED] for the set. */
static void read_changes(struct watcher *watcher, bool *changed)
{
    union {
        char bytes[16384];
        struct inotify_event align;
    } buffer;
    ssize_t length;
    while ((length = read(watcher->fd, buffer.bytes, sizeof buffer.bytes)) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(buffer.bytes + at);
            int which = which_touched(watcher, event);
            changed[which] |= which < TOUCHED || means_something(event);
            for (int i = 0; event->mask & IN_Q_OVERFLOW && i < TOUCHED; i++)
                changed[i] = true;
            at += (ssize_t)sizeof *event + event->len;
        }
    }
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    struct watcher *watcher = data;
    bool changed[TOUCHED + 1] = {false};
    read_changes(watcher, changed);
    for (int i = 0; i < TOUCHED; i++)
        if (changed[i])
            compare_touched(watcher, i);
    if (changed[TOUCHED])
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
    for (int i = 0; i < TOUCHED; i++)
        touched_tell_again(&watcher->touched[i], tell, watcher);
}

/* A file of alarms is read once it is written, one of maintenance means something when it is there. */
static int watch_touched(struct watcher *watcher, int which, struct error *error)
{
    static const enum event_kind kinds[] = {EVENT_MAINTENANCE_FILE, EVENT_HOST_ALARM};
    uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
    struct touched *touched = &watcher->touched[which];
    const char *dir = dir_of(watcher, which);
    touched->kind = kinds[which];
    touched->reasons = which == ALARM;
    g_mkdir_with_parents(dir, 0755);
    touched->watch =
        inotify_add_watch(watcher->fd, dir, touched->reasons ? changes : changes | IN_CREATE);
    if (watcher->fd < 0 || touched->watch < 0)
        return error_set(error, ERROR_FAILED, "%s: cannot be watched for files: %s", dir,
                         strerror(errno));
    return 0;
}

struct watcher *watcher_new(struct daemon *daemon, struct error *error)
{
    struct watcher *watcher = memory_new(sizeof *watcher);
    watcher->daemon = daemon;
    watcher->fd = inotify_init();
    if (watcher->fd >= 0) {
        fcntl(watcher->fd, F_SETFL, O_NONBLOCK);
        fcntl(watcher->fd, F_SETFD, FD_CLOEXEC);
    }
    for (int i = 0; i < TOUCHED; i++) {
        if (watch_touched(watcher, i, error) < 0) {
            watcher_free(watcher);
            return NULL;
        }
    }
    watcher->source = g_unix_fd_add(watcher->fd, G_IO_IN, on_readable, watcher);
    watcher_update(watcher);
    for (int i = 0; i < TOUCHED; i++)
        compare_touched(watcher, i);
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
    for (int i = 0; i < TOUCHED; i++)
        touched_free(&watcher->touched[i]);
    free(watcher->watches);
    free(watcher);
}
