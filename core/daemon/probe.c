/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does anything of a host answer? See daemon.h. All addresses are tried at once, and its heartbeat
 * is looked at meanwhile, for three beats, and other machines are asked whether they reach it,
 * unless an address answers. What cannot be tried (a name that is not found, no route from here,
 * storage that hangs, a machine that is not reached itself) says nothing about the host.
 */
#include "daemon/daemon.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_S 5
#define OPINIONS_MAX 8
#define HEARTBEAT_S 16 /* three beats of drover-heartbeat, and a little */

static const struct {
    const char *transport;
    guint16 port;
} transports[] = {
    {"", 16514}, {"tls", 16514}, {"tcp", 16509}, {"ssh", 22}, {"libssh", 22}, {"libssh2", 22},
};

struct prober {
    struct daemon *daemon;
    GPtrArray *probes; /* that are under way */
    struct heartbeats *heartbeats;
};

struct probe {
    struct prober *prober; /* NULL: nobody wants to know any more */
    char *host;
    GCancellable *cancellable;
    guint timer;
    unsigned attempts; /* that are under way */
    unsigned answered, refused, silent;
    char *file;                  /* its heartbeat */
    struct heartbeat *heartbeat; /* NULL: is not looked at, or not any more */
    const struct texts *from;    /* who is asked, while it begins */
    GPtrArray *opinions;         /* struct opinion: of others, that are awaited */
    GString *seen;
};

struct attempt {
    struct probe *probe;
    char *address;
};

struct opinion {
    struct probe *probe;
    struct witness *witness;
    char *name; /* "kvm1:22 from kvm2" */
};

static void opinion_free(gpointer data)
{
    struct opinion *opinion = data;
    g_free(opinion->name);
    free(opinion);
}

static void probe_free(struct probe *probe)
{
    if (probe->timer)
        g_source_remove(probe->timer);
    g_object_unref(probe->cancellable);
    g_string_free(probe->seen, TRUE);
    g_free(probe->host);
    g_free(probe->file);
    g_ptr_array_unref(probe->opinions);
    free(probe);
}

static void finish(struct probe *probe)
{
    struct prober *prober = probe->prober;
    if (prober) {
        struct event *event = daemon_event(EVENT_PROBED);
        event_set(event, &event->host, probe->host);
        event_set(event, &event->name,
                  probe->answered  ? "answers"
                  : probe->refused ? "refuses"
                  : probe->silent  ? "silent" : "unknown");
        event_set(event, &event->text,
                  probe->seen->len ? probe->seen->str : "no address of it can be tried");
        g_ptr_array_remove_fast(prober->probes, probe);
        daemon_take(prober->daemon, event);
    }
    probe_free(probe);
}

static void note(struct probe *probe, const char *address, const char *what)
{
    g_string_append_printf(probe->seen, "%s%s %s", probe->seen->len ? ", " : "", address, what);
}

static void leave_others(struct probe *probe)
{
    if (probe->heartbeat)
        heartbeat_leave(probe->heartbeat);
    probe->heartbeat = NULL;
    for (guint i = 0; i < probe->opinions->len; i++)
        witness_leave(((struct opinion *)g_ptr_array_index(probe->opinions, i))->witness);
    g_ptr_array_set_size(probe->opinions, 0);
}

/* Whether all is known; then it ends. What answers here needs no one else's word. */
static void settle(struct probe *probe)
{
    if (probe->attempts > 0 ||
        (!probe->answered && (probe->heartbeat || probe->opinions->len > 0)))
        return;
    leave_others(probe);
    finish(probe);
}

static void on_heartbeat(void *self, enum heartbeat_result result, const char *text)
{
    struct probe *probe = self;
    probe->heartbeat = NULL;
    probe->answered += result == HEARTBEAT_BEATS;
    probe->silent += result == HEARTBEAT_STILL;
    note(probe, probe->file, text);
    settle(probe);
}

static void on_witness(void *self, enum witness_result result, const char *words)
{
    struct opinion *opinion = self;
    struct probe *probe = opinion->probe;
    probe->answered += result == WITNESS_REACHES;
    probe->refused += result == WITNESS_REFUSED;
    note(probe, opinion->name, result == WITNESS_REACHES ? "answers" : words);
    g_ptr_array_remove_fast(probe->opinions, opinion);
    settle(probe);
}

/* The same address, by others: one of them may have another way there. */
static void ask_others(struct probe *probe, const char *address)
{
    for (uint32_t i = 0; i < probe->from->n && probe->opinions->len < OPINIONS_MAX; i++) {
        struct opinion *opinion = memory_new(sizeof *opinion);
        opinion->probe = probe;
        opinion->name = g_strdup_printf("%s from %s", address, probe->from->item[i]);
        opinion->witness = witness_ask(probe->from->item[i], address, on_witness, opinion);
        if (opinion->witness) {
            g_ptr_array_add(probe->opinions, opinion);
            continue;
        }
        note(probe, opinion->name, "cannot be asked: there is no ssh");
        opinion_free(opinion);
    }
}

static void look_at_heartbeat(struct probe *probe, const char *file)
{
    probe->file = g_strdup(file);
    probe->heartbeat =
        heartbeat_watch(probe->prober->heartbeats, file, HEARTBEAT_S, on_heartbeat, probe);
    if (!probe->heartbeat)
        note(probe, file, "cannot be looked at: earlier looks have not come back");
}

static void on_knock(void *self, enum knock_result result, const char *why)
{
    static const char *const words[] = {
        [KNOCK_ANSWERS] = "answers",
        [KNOCK_REFUSED] = "refuses, so something of it lives",
        [KNOCK_SILENT] = "does not answer",
        [KNOCK_NOT_TRIED] = "could not be tried: ",
    };
    struct attempt *attempt = self;
    struct probe *probe = attempt->probe;
    probe->answered += result == KNOCK_ANSWERS;
    probe->refused += result == KNOCK_REFUSED;
    probe->silent += result == KNOCK_SILENT;
    note(probe, attempt->address, words[result]);
    if (result == KNOCK_NOT_TRIED)
        g_string_append(probe->seen, why);
    g_free(attempt->address);
    free(attempt);
    probe->attempts--;
    settle(probe);
}

static void try_address(struct probe *probe, GSocketConnectable *address, char *name)
{
    struct attempt *attempt = memory_new(sizeof *attempt);
    attempt->probe = probe;
    attempt->address = name;
    probe->attempts++;
    ask_others(probe, name);
    knock_at(address, probe->cancellable, on_knock, attempt);
    g_object_unref(address);
}

static void try_host(struct probe *probe, const char *host, guint16 port)
{
    bool v6 = strchr(host, ':');
    try_address(probe, g_network_address_new(host, port),
                g_strdup_printf("%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port));
}

static void try_probe(struct probe *probe, const char *text)
{
    GSocketConnectable *address = g_network_address_parse(text, 0, NULL);
    if (address)
        try_address(probe, address, g_strdup(text));
    else
        note(probe, text, "is no address");
}

/* Where its libvirt listens: of the URI what it says, else what is usual. 0: nowhere by TCP. */
static guint16 port_of(GUri *uri)
{
    const char *scheme = g_uri_get_scheme(uri), *plus = strchr(scheme, '+');
    int port = g_uri_get_port(uri);
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++)
        if (strcmp(transports[i].transport, plus ? plus + 1 : "") == 0)
            return port > 0 ? (guint16)port : transports[i].port;
    return 0;
}

static void try_all(struct probe *probe, const struct host_setting *setting)
{
    probe->from = &setting->probe_from;
    g_autoptr(GUri) uri = g_uri_parse(setting->uri, G_URI_FLAGS_NON_DNS, NULL);
    guint16 port = uri ? port_of(uri) : 0;
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    if (host && host[0] && port)
        try_host(probe, host, port);
    if (setting->migration_address && setting->migration_address[0] &&
        (!host || strcmp(host, setting->migration_address) != 0))
        try_host(probe, setting->migration_address, port ? port : transports[0].port);
    if (setting->heartbeat)
        look_at_heartbeat(probe, setting->heartbeat);
    for (uint32_t i = 0; i < setting->probe.n; i++)
        try_probe(probe, setting->probe.item[i]);
}

static gboolean on_time_over(gpointer data)
{
    struct probe *probe = data;
    probe->timer = 0;
    g_cancellable_cancel(probe->cancellable);
    return G_SOURCE_REMOVE;
}

static const struct host_setting *find_setting(const struct settings *settings, const char *host)
{
    const struct host_setting *hosts = settings->hosts.item;
    for (uint32_t i = 0; i < settings->hosts.n; i++)
        if (strcmp(hosts[i].name, host) == 0)
            return &hosts[i];
    return NULL;
}

void prober_begin(struct prober *prober, const struct effect *effect)
{
    struct probe *probe = memory_new(sizeof *probe);
    const struct host_setting *setting =
        find_setting(prober->daemon->set->settings, effect->host);
    probe->prober = prober;
    probe->host = g_strdup(effect->host);
    probe->cancellable = g_cancellable_new();
    probe->seen = g_string_new(NULL);
    probe->timer = g_timeout_add_seconds(PROBE_S, on_time_over, probe);
    g_ptr_array_add(prober->probes, probe);
    probe->opinions = g_ptr_array_new_with_free_func(opinion_free);
    probe->attempts = 1; /* ours, so that it does not end before all have begun */
    if (setting)
        try_all(probe, setting);
    probe->attempts--;
    settle(probe);
}

struct prober *prober_new(struct daemon *daemon)
{
    struct prober *prober = memory_new(sizeof *prober);
    prober->daemon = daemon;
    prober->probes = g_ptr_array_new();
    prober->heartbeats = heartbeats_new();
    return prober;
}

/* Nobody wants to know any more. */
static void abandon(struct probe *probe)
{
    probe->prober = NULL;
    leave_others(probe);
    g_cancellable_cancel(probe->cancellable);
    settle(probe);
}

/* They end once the loop turns again, which it does while the world is closed. */
void prober_free(struct prober *prober)
{
    if (!prober)
        return;
    for (guint i = 0; i < prober->probes->len; i++) {
        struct probe *probe = g_ptr_array_index(prober->probes, i);
        abandon(probe);
    }
    g_ptr_array_unref(prober->probes);
    heartbeats_free(prober->heartbeats);
    free(prober);
}
