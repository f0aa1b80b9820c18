/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * droverd, from start to end, in named stages:
 *
 *   set      configuration, policies, units: wrong ones end it here, with exit status 2
 *   journal  open the database, recall what was remembered
 *   world    libvirt; hosts are connected from now on
 *   doors    API and hook sockets, watched files
 *   loop     until SIGTERM or SIGINT; migrations that run go on without us
 */
#include "config.h"
#include "daemon/daemon.h"

#include "base/memory.h"
#include "policy/paths.h"
#include "virt/virt.h"

#include <getopt.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "Usage: droverd [--config FILE] [--check]\n"
    "Move virtual machines between libvirt hosts by policy.\n"
    "\n"
    "  -c, --config FILE  the configuration; default %s\n"
    "      --check        load and check configuration, policies and plugins, then end\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "It runs in the foreground and logs to standard error. SIGHUP loads the\n"
    "configuration again; SIGTERM ends it, and leaves running migrations alone.\n"
    "See droverd(8) and drover.yaml(5).\n";

struct arguments {
    const char *config;
    bool check;
};

/* 0: go on; else exit with *status. */
static int read_arguments(int argc, char **argv, struct arguments *arguments, int *status)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    *status = 0;
    for (int option; (option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            arguments->config = optarg;
            break;
        case 'k':
            arguments->check = true;
            break;
        case 'h':
            printf(usage, paths_get()->config);
            return -1;
        case 'V':
            puts("droverd " DROVER_VERSION);
            return -1;
        default:
            *status = 2;
            return -1;
        }
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "droverd: %s: unexpected argument; see droverd --help\n", argv[optind]);
    *status = 2;
    return -1;
}

static void post(void *self, struct event *event)
{
    daemon_take(self, event);
}

static double now(void *self)
{
    (void)self;
    return daemon_now();
}

static void answer_reload(struct daemon *daemon, const struct event *event)
{
    struct error error = ERROR_INIT;
    struct effect answer;
    memset(&answer, 0, sizeof answer);
    field_defaults(effect_fields, &answer);
    answer.kind = EFFECT_ANSWER;
    answer.request = event->id;
    answer.text = "the configuration is in force";
    if (daemon_reload(daemon, &error) < 0) {
        answer.status = (int)error.kind;
        answer.text = error.text;
    }
    ctl_answer(daemon->ctl, &answer);
}

static void take_request(void *self, struct event *event)
{
    struct daemon *daemon = self;
    if (strcmp(event->name, "reload") == 0) {
        answer_reload(daemon, event);
        event_free(event);
        return;
    }
    daemon_take(daemon, event);
}

static void journal_notice(void *self, bool failing, const char *text)
{
    (void)self;
    log_line(failing ? NOTICE_ERROR : NOTICE_INFO, "%s", text);
}

static int open_journal(struct daemon *daemon, struct error *error)
{
    const struct settings *settings = daemon->set->settings;
    char *dir = g_path_get_dirname(settings->database);
    g_mkdir_with_parents(dir, 0700);
    g_free(dir);
    daemon->store = store_open(settings->database, settings->journal_days, settings->journal_mib,
                               journal_notice, daemon, error);
    return daemon->store ? 0 : -1;
}

/* The set first, then memory, then "go": recalled things are about hosts that the set names. */
static int start_engine(struct daemon *daemon, struct error *error)
{
    uint32_t n;
    struct event **recalled = store_recall(daemon->store, daemon_now(), &n, error);
    if (!recalled)
        return -1;
    daemon_keep_texts(daemon);
    struct event *first = daemon_set_event(daemon->set);
    first->ok = true;
    event_set(first, &first->who, DROVER_VERSION);
    daemon_take(daemon, first);
    for (uint32_t i = 0; i < n; i++)
        daemon_take(daemon, recalled[i]);
    free(recalled);
    struct event *started = daemon_event(EVENT_STARTED);
    started->id = store_last_id(daemon->store);
    daemon_take(daemon, started);
    return 0;
}

static void keep_definition(void *self, const char *vm, const char *host, const char *xml)
{
    struct daemon *daemon = self;
    store_definition(daemon->store, vm, host, daemon_now(), xml);
}

static char *find_definition(void *self, const char *vm)
{
    return store_definition_find(((struct daemon *)self)->store, vm);
}

static int open_world(struct daemon *daemon, struct error *error)
{
    if (virt_initialise(error) < 0)
        return -1;
    struct world_listener listener = {.self = daemon, .post = post};
    struct definition_keeper definitions = {daemon, keep_definition, find_definition};
    daemon->world = virt_world(virt_new(&listener, &definitions));
    return 0;
}

static void make_dir_of(const char *path)
{
    char *dir = g_path_get_dirname(path);
    g_mkdir_with_parents(dir, 0755);
    g_free(dir);
}

static int open_doors(struct daemon *daemon, struct error *error)
{
    const struct settings *settings = daemon->set->settings;
    struct ctl_options options = {
        .socket = settings->socket,
        .group = settings->socket_group,
        .hook_socket = settings->hook_socket,
        .source = daemon_source(daemon),
        .self = daemon,
        .request = take_request,
        .hook = post,
        .now = now,
    };
    make_dir_of(settings->socket);
    make_dir_of(settings->hook_socket);
    daemon->ctl = ctl_new(&options, error);
    if (daemon->ctl)
        daemon_open_hook_doors(daemon);
    if (daemon->ctl)
        daemon->watcher = watcher_new(daemon, error);
    return daemon->watcher ? 0 : -1;
}

static int start(struct daemon *daemon, struct error *error)
{
    daemon->started_at = daemon_now();
    daemon->loop = g_main_loop_new(NULL, FALSE);
    daemon->events = g_queue_new();
    daemon->engine = engine_new();
    daemon->orders = orders_new(daemon);
    daemon->fencer = fencer_new(daemon);
    daemon->prober = prober_new(daemon);
    if (open_journal(daemon, error) < 0 || open_world(daemon, error) < 0 ||
        start_engine(daemon, error) < 0 || open_doors(daemon, error) < 0)
        return -1;
    daemon->world.configure(daemon->world.self, daemon->set->settings);
    return 0;
}

static void end(struct daemon *daemon)
{
    watcher_free(daemon->watcher);
    if (daemon->ctl)
        ctl_free(daemon->ctl);
    daemon->ctl = NULL;
    if (daemon->timer)
        g_source_remove(daemon->timer);
    fencer_free(daemon->fencer);
    prober_free(daemon->prober);
    if (daemon->world.close)
        daemon->world.close(daemon->world.self);
    orders_free(daemon->orders);
    if (daemon->store)
        store_close(daemon->store);
    engine_free(daemon->engine);
    effects_free(&daemon->effects);
    if (daemon->events)
        g_queue_free_full(daemon->events, (GDestroyNotify)event_free);
    if (daemon->loop)
        g_main_loop_unref(daemon->loop);
    set_free(daemon->set);
    g_free(daemon->hook_dir);
}

static gboolean on_end_signal(gpointer data)
{
    struct daemon *daemon = data;
    supervise_tell("STOPPING=1");
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_reload_signal(gpointer data)
{
    struct error error = ERROR_INIT;
    daemon_reload(data, &error); /* says itself what is wrong */
    return G_SOURCE_CONTINUE;
}

static void run(struct daemon *daemon)
{
    g_unix_signal_add(SIGTERM, on_end_signal, daemon);
    g_unix_signal_add(SIGINT, on_end_signal, daemon);
    g_unix_signal_add(SIGHUP, on_reload_signal, daemon);
    log_line(NOTICE_INFO, "droverd %s runs: %u hosts, API at %s", DROVER_VERSION,
             daemon->set->settings->hosts.n, daemon->set->settings->socket);
    supervise_tell("READY=1");
    g_main_loop_run(daemon->loop);
    log_line(NOTICE_INFO, "droverd ends; migrations that run go on");
}

/* What libraries complain of through GLib goes the same way as the rest of the log. */
static void log_of_glib(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer self)
{
    (void)self;
    bool serious = level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
    log_line(serious ? NOTICE_ERROR : NOTICE_WARNING, "%s%s%s", domain ? domain : "",
             domain ? ": " : "", text);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.config = NULL};
    struct daemon daemon = {.trust = PLUG_TRUST_CHECKED};
    struct error error = ERROR_INIT;
    int status;
    if (read_arguments(argc, argv, &arguments, &status) < 0)
        return status;
    g_log_set_handler(NULL, G_LOG_LEVEL_MASK & ~(G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO),
                      log_of_glib, NULL);
    setvbuf(stderr, NULL, _IOLBF, 4096);
    umask(0027);
    daemon.config = arguments.config ? arguments.config : paths_get()->config;
    daemon.set =
        set_load(daemon.config, daemon.trust, daemon_plugin_problem, &daemon, &error);
    if (daemon.set && arguments.check) {
        puts("configuration, policies and plugins are in order");
        set_free(daemon.set);
        return 0;
    }
    if (daemon.set && start(&daemon, &error) == 0)
        run(&daemon);
    else
        log_line(NOTICE_ERROR, "%s", error.text);
    end(&daemon);
    return error_exit_status(error.kind);
}
