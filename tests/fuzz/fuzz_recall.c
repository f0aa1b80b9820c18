/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine remembered, come back after a restart: entries parted by form feeds, each a
 * line with its name and then its text. Somebody may have edited the database: whatever it says,
 * the engine starts, hears of its hosts, and goes on.
 */
#include "fuzz/fuzz.h"

#include "engine/engine.h"

#include <math.h>

#define N_HOSTS 3
#define ROUNDS 24

static struct engine *engine;
static struct effects effects;
static double now;

static void take(struct event *event)
{
    event->at = now;
    effects_clear(&effects);
    engine_step(engine, event, &effects);
    event_free(event);
}

static struct event *event_of(enum event_kind kind, uint32_t host)
{
    struct event *event = event_new(kind, now);
    if (host) {
        char name[16];
        snprintf(name, sizeof name, "kvm%u", host);
        event_set(event, &event->host, name);
    }
    return event;
}

/* A policy without units: every host accepts every VM. */
static void configure(struct ruleset *rules)
{
    struct event *event = event_of(EVENT_SET_CHANGED, 0);
    struct settings *settings = arena_new(&event->arena, sizeof *settings);
    struct host_setting *hosts = arena_array(&event->arena, N_HOSTS, sizeof *hosts);
    struct cluster_rules *cluster = arena_new(&event->arena, sizeof *cluster);
    field_defaults(settings_fields, settings);
    for (uint32_t i = 0; i < N_HOSTS; i++) {
        field_defaults(host_setting_fields, &hosts[i]);
        hosts[i].name = arena_printf(&event->arena, "kvm%u", i + 1);
        hosts[i].uri = arena_printf(&event->arena, "qemu+tls://kvm%u/system", i + 1);
    }
    settings->hosts = (struct rows){hosts, N_HOSTS};
    event->settings = (struct rows){settings, 1};
    *cluster = (struct cluster_rules){.cluster = "default", .ruleset = rules};
    event->rules = cluster;
    event->n_rules = 1;
    event_set(event, &event->text, "hash");
    take(event);
}

static void recall(const char *name, const char *text)
{
    struct event *event = event_of(EVENT_RECALLED, 0);
    event_set(event, &event->name, name);
    event_set(event, &event->text, text);
    take(event);
}

/* The text is cut up. */
static void recall_all(char *text)
{
    char *entry;
    while ((entry = strsep(&text, "\f"))) {
        char *line = strchr(entry, '\n');
        if (line)
            *line++ = '\0';
        recall(entry, line ? line : "");
    }
}

/* kvm1 runs the VM web1, the others none. */
static void report(uint32_t i)
{
    struct event *event = event_of(EVENT_HOST_REPORT, i);
    struct host host;
    struct vm vm;
    field_defaults(host_fields, &host);
    host.name = event->host;
    host.memory_mib = 8192;
    event_add_host(event, &host);
    field_defaults(vm_fields, &vm);
    vm.name = vm.uuid = "web1";
    if (i == 1)
        event_add_vm(event, &vm);
    take(event);
}

/* The clock goes from wish to wish, as the daemon's does. */
static void go_on(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        double wake = engine_next_wake(engine);
        if (isinf(wake))
            return;
        if (wake > now)
            now = wake;
        take(event_of(EVENT_TICK, 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct ruleset rules = {.name = "fuzz", .hash = "hash",
                            .parameters = {.high_utilization = 80, .low_utilization = 0,
                                           .cpu_overcommit_duration = 120,
                                           .vcpu_consumption_percentage = 10}};
    char *text = fuzz_text(bytes, length);
    now = 1768996800;
    engine = engine_new();
    configure(&rules);
    recall_all(text);
    take(event_of(EVENT_STARTED, 0));
    for (uint32_t i = 1; i <= N_HOSTS; i++) {
        take(event_of(EVENT_HOST_CONNECTED, i));
        report(i);
    }
    go_on();
    effects_free(&effects);
    engine_free(engine);
    free(text);
    return 0;
}
