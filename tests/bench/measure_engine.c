/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine with a whole fleet: what it holds in memory, and how long it takes from an event to
 * the first order to migrate. Events: an operator asks for one VM to move, for a host to be
 * emptied; a host reports that it has been overloaded for long enough.
 */
#include "bench/bench.h"

#include "base/memory.h"
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS 40 /* of each kind; the median is told */

struct daemon {
    const struct bench *bench;
    struct engine *engine;
    struct effects effects;
    struct cluster_rules rules;
    double now;
};

/* VmRSS, MiB. */
static double resident_mib(void)
{
    char line[128] = "", *resident, *end;
    FILE *file = fopen("/proc/self/statm", "re");
    bool read = file && fgets(line, sizeof line, file);
    if (file)
        fclose(file);
    strtoul(line, &resident, 10); /* its whole size comes first */
    double pages = (double)strtoul(resident, &end, 10);
    return read && end > resident ? pages * (double)sysconf(_SC_PAGESIZE) / 1048576 : NAN;
}

static bool orders_a_move(const struct effects *effects)
{
    for (uint32_t i = 0; i < effects->n; i++)
        if (effects->item[i].kind == EFFECT_MIGRATE)
            return true;
    return false;
}

/* Seconds of CPU time that the step took. */
static double take(struct daemon *daemon, struct event *event, bool *moved)
{
    effects_clear(&daemon->effects);
    event->at = daemon->now;
    double began = bench_now_s();
    engine_step(daemon->engine, event, &daemon->effects);
    double took = bench_now_s() - began;
    if (moved)
        *moved = orders_a_move(&daemon->effects);
    event_free(event);
    return took;
}

static void configure(struct daemon *daemon)
{
    const struct fleet *fleet = daemon->bench->fleet;
    struct event *event = event_new(EVENT_SET_CHANGED, daemon->now);
    struct settings *settings = arena_new(&event->arena, sizeof *settings);
    struct host_setting *hosts = arena_array(&event->arena, fleet->n_hosts, sizeof *hosts);
    field_defaults(settings_fields, settings);
    for (uint32_t i = 0; i < fleet->n_hosts; i++) {
        field_defaults(host_setting_fields, &hosts[i]);
        hosts[i].name = fleet->hosts[i]->name;
        hosts[i].uri = arena_printf(&event->arena, "qemu+tls://%s/system", hosts[i].name);
    }
    settings->limits.per_cluster = fleet->n_hosts;
    settings->hosts = (struct rows){.item = hosts, .n = fleet->n_hosts};
    event->settings = (struct rows){.item = settings, .n = 1};
    daemon->rules = (struct cluster_rules){.cluster = "default", .ruleset = daemon->bench->set};
    event->rules = &daemon->rules;
    event->n_rules = 1;
    event_set(event, &event->text, "measured");
    take(daemon, event, NULL);
}

static void connect_hosts(struct daemon *daemon)
{
    const struct columns *columns = daemon->bench->columns;
    for (uint32_t h = 0; h < columns->hosts.n; h++) {
        struct event *connected = event_new(EVENT_HOST_CONNECTED, daemon->now);
        event_set(connected, &connected->host, columns->hosts.name[h]);
        take(daemon, connected, NULL);
    }
    for (uint32_t h = 0; h < columns->hosts.n; h++) {
        struct event *report = event_new(EVENT_HOST_REPORT, daemon->now);
        event_set(report, &report->host, columns->hosts.name[h]);
        event_add_host(report, columns->host_record[h]);
        for (uint32_t i = columns->hosts.vms.start[h]; i < columns->hosts.vms.start[h + 1]; i++)
            event_add_vm(report, columns->vm_record[columns->hosts.vms.item[i]]);
        take(daemon, report, NULL);
    }
}

static struct daemon begin(const struct bench *bench)
{
    struct daemon daemon = {.bench = bench, .engine = engine_new(), .now = bench->fleet->now};
    configure(&daemon);
    take(&daemon, event_new(EVENT_STARTED, daemon.now), NULL);
    connect_hosts(&daemon);
    daemon.now += 1;
    take(&daemon, event_new(EVENT_TICK, daemon.now), NULL);
    return daemon;
}

static void end(struct daemon *daemon)
{
    effects_free(&daemon->effects);
    engine_free(daemon->engine);
}

static struct event *request(struct daemon *daemon, const char *verb)
{
    struct event *event = event_new(EVENT_OPERATOR_REQUEST, daemon->now);
    event->id = 1;
    event_set(event, &event->name, verb);
    event_set(event, &event->who, "bench");
    event_set(event, &event->vm, "");
    event_set(event, &event->to, "");
    return event;
}

static int by_number(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* The median over those that led to an order, in milliseconds; NAN: none did. */
static double median_ms(double *took, uint32_t n)
{
    qsort(took, n, sizeof *took, by_number);
    return n > 0 ? took[n / 2] * 1000 : NAN;
}

/* "drover migrate VM", each of another VM, while the moves of those before are under way. */
static double measure_migrate(struct daemon *daemon)
{
    const struct columns *columns = daemon->bench->columns;
    double took[REQUESTS] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        struct event *event = request(daemon, "migrate");
        bool moved;
        daemon->now += 1;
        event_set(event, &event->vm, vm_key(columns->vm_record[i * 7919 % columns->vms.n]));
        double seconds = take(daemon, event, &moved);
        if (moved)
            took[n++] = seconds;
    }
    return median_ms(took, n);
}

/* "drover maintenance HOST on": all its VMs are decided and the first of them leave. */
static double measure_maintenance(struct daemon *daemon)
{
    const struct columns *columns = daemon->bench->columns;
    double took[REQUESTS] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < REQUESTS / 4; i++) {
        struct event *event = request(daemon, "maintenance_on");
        bool moved;
        daemon->now += 1;
        event_set(event, &event->host,
                  columns->hosts.name[(i * 31 + 1) % columns->hosts.n]);
        event_set(event, &event->text, "");
        double seconds = take(daemon, event, &moved);
        if (moved)
            took[n++] = seconds;
    }
    return median_ms(took, n);
}

static void print_ms(double ms)
{
    if (isnan(ms))
        printf(" - |"); /* no request of that kind found anything to move */
    else
        printf(" %.3f |", ms);
}

void measure_engine(uint32_t hosts, uint32_t vms)
{
    struct bench bench = bench_open(hosts, vms, "drover");
    double before = resident_mib();
    struct daemon daemon = begin(&bench);
    double after = resident_mib();
    double migrate = measure_migrate(&daemon);
    double maintenance = measure_maintenance(&daemon);
    end(&daemon);
    printf("| %u / %u | %.1f |", hosts, vms, after - before);
    print_ms(migrate);
    print_ms(maintenance);
    putchar('\n');
    bench_close(&bench);
}
