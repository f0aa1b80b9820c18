/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bench for engine tests: an engine with hosts kvm1..kvmN, a policy of small units made here,
 * a clock, and words for what happens and what is expected. What a step returned stays to be
 * looked at until the next one.
 */
#ifndef TESTS_ENGINE_BENCH_H
#define TESTS_ENGINE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

#define BENCH_HOSTS_MAX 16

struct bench {
    struct engine *engine;
    struct ruleset *rules;
    struct effects effects;
    double now;
    uint32_t n_hosts;
    struct limits limits;
    uint32_t n_fence;     /* fence devices of each host, of one level */
    bool soft;            /* the first of them is soft */
    bool listens;         /* the first of them only listens */
    struct rows groups; /* struct group */
    bool power_management; /* of each host */
    /* By host, for how moves travel; 0 and NULL: as a host has it that says nothing. */
    double link_mbps[BENCH_HOSTS_MAX], migration_limit_mbps[BENCH_HOSTS_MAX];
    const char *migration_address[BENCH_HOSTS_MAX], *tls_name[BENCH_HOSTS_MAX];
    const char *libvirt[BENCH_HOSTS_MAX], *qemu[BENCH_HOSTS_MAX];
};

/* ------------------------------------------------------------------ units */

/* Only hosts that are up, with room for the VM's memory. */
static inline int bench_filter(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                               uint32_t n, uint8_t *verdicts)
{
    (void)self;
    const struct drover_hosts *h = ask->fleet->hosts;
    double need = ask->fleet->vms->memory_mib[ask->vm];
    for (uint32_t i = 0; i < n; i++) {
        bool here = hosts[i] == ask->from;
        if (h->state[hosts[i]] != DROVER_HOST_UP)
            verdicts[i] = 1;
        else if (!here && h->memory_schedulable_mib[hosts[i]] < need)
            verdicts[i] = 2;
    }
    return 0;
}

static inline int bench_weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                              uint32_t n, double *weights)
{
    (void)self;
    const struct drover_hosts *h = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = h->vm_count[hosts[i]] + h->vm_pending[hosts[i]];
    return 0;
}

static double bench_seconds_per_gib; /* what the migrate unit allows a move */

static inline int bench_migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)self;
    (void)move;
    how->flags = DROVER_HOW_AUTO_CONVERGE;
    how->downtime_ms = 100;
    how->stalls[0] = (struct drover_stall){1, DROVER_STALL_DOWNTIME, 150};
    how->stalls[1] = (struct drover_stall){2, DROVER_STALL_DOWNTIME, 200};
    how->stalls[2] = (struct drover_stall){4, DROVER_STALL_ABORT, 0};
    how->n_stalls = 3;
    how->seconds_per_gib = bench_seconds_per_gib;
    return 0;
}

/* From each host with load over 80 for long enough, its first VM to all others. */
static inline int bench_balance(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                                struct drover_plan *plan)
{
    (void)self;
    const struct drover_hosts *h = fleet->hosts;
    for (uint32_t i = 0; i < h->n; i++) {
        if (h->cluster[i] != cluster || isnan(h->cpu_over_s[i]) || h->cpu_over_s[i] < 120 ||
            h->cpu_usage_pct[i] < 80)
            continue;
        for (uint32_t v = h->vms.start[i]; v < h->vms.start[i + 1]; v++) {
            uint32_t hosts[BENCH_HOSTS_MAX], n = 0;
            for (uint32_t k = 0; k < h->n && n < BENCH_HOSTS_MAX; k++)
                if (k != i)
                    hosts[n++] = k;
            struct drover_step step = {.size = sizeof step, .kind = DROVER_STEP_MOVE,
                                       .vm = h->vms.item[v], .hosts = hosts, .n_hosts = n,
                                       .code = "cpu.over", .reason = "its host is overloaded"};
            plan->propose(plan, &step);
        }
    }
    return 0;
}

static inline int bench_resilience(void *self, const struct drover_fleet *fleet,
                                   const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self;
    const struct drover_lists *vms = &fleet->hosts->vms;
    for (uint32_t v = vms->start[trouble->host]; v < vms->start[trouble->host + 1]; v++) {
        bool dead = trouble->kind == DROVER_TROUBLE_DEAD;
        if (dead && (!fleet->vms->lost[vms->item[v]] || !fleet->vms->ha[vms->item[v]]))
            continue;
        struct drover_step step = {.size = sizeof step,
                                   .kind = dead ? DROVER_STEP_START : DROVER_STEP_MOVE,
                                   .vm = vms->item[v], .reason = "its host is in trouble"};
        plan->propose(plan, &step);
    }
    return 0;
}

static const struct drover_reason bench_reasons[] = {
    {"bench.not_up", "the host is not up", NULL},
    {"bench.short", "the host is short of memory", NULL},
    {NULL, NULL, NULL},
};
static const struct drover_unit bench_filter_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_FILTER, .name = "bench",
    .reasons = bench_reasons, .filter = bench_filter,
};
static const struct drover_unit bench_weight_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_WEIGHT, .name = "fewest",
    .weigh = bench_weigh,
};
static const struct drover_unit bench_migrate_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_MIGRATE, .name = "ladder",
    .migrate = bench_migrate,
};
static const struct drover_unit bench_balance_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_BALANCE, .name = "over",
    .balance = bench_balance,
};
static const struct drover_unit bench_resilience_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_RESILIENCE, .name = "away",
    .resilience = bench_resilience,
};

static inline struct ruleset *bench_rules(void)
{
    struct ruleset *rules = calloc(1, sizeof *rules);
    rules->name = "bench";
    rules->hash = "0123456789abcdef";
    rules->filters = calloc(1, sizeof *rules->filters);
    rules->filters[0] = (struct bound_unit){.unit = &bench_filter_unit, .name = "bench"};
    rules->n_filters = 1;
    rules->weights = calloc(1, sizeof *rules->weights);
    rules->weights[0] = (struct bound_unit){
        .unit = &bench_weight_unit, .name = "fewest", .factor = 1, .on_error = ON_ERROR_NEUTRAL};
    rules->n_weights = 1;
    rules->migrate = (struct bound_unit){.unit = &bench_migrate_unit, .name = "ladder"};
    rules->balance = (struct bound_unit){.unit = &bench_balance_unit, .name = "over"};
    rules->resilience = (struct bound_unit){.unit = &bench_resilience_unit, .name = "away"};
    rules->parameters = (struct rule_parameters){80, 0, 120, 10, true};
    return rules;
}

static inline void bench_rules_free(struct ruleset *rules)
{
    free(rules->filters);
    free(rules->weights);
    free(rules);
}

/* ----------------------------------------------------------------- events */

static inline void bench_take(struct bench *bench, struct event *event)
{
    effects_clear(&bench->effects);
    event->at = bench->now;
    engine_step(bench->engine, event, &bench->effects);
    event_free(event);
}

static inline struct event *bench_event(struct bench *bench, enum event_kind kind, const char *host)
{
    struct event *event = event_new(kind, bench->now);
    if (host)
        event_set(event, &event->host, host);
    return event;
}

static inline struct rows bench_fences(struct bench *bench, struct arena *arena)
{
    struct fence_setting *devices = arena_array(arena, bench->n_fence, sizeof *devices);
    for (uint32_t i = 0; i < bench->n_fence; i++) {
        field_defaults(fence_setting_fields, &devices[i]);
        devices[i].unit = arena_printf(arena, "device%u", i);
        devices[i].soft = bench->soft && i == 0;
        devices[i].listens = bench->listens && i == 0;
    }
    return (struct rows){.item = devices, .n = bench->n_fence};
}

static inline void bench_configure(struct bench *bench)
{
    struct event *event = bench_event(bench, EVENT_SET_CHANGED, NULL);
    struct settings *settings = arena_new(&event->arena, sizeof *settings);
    field_defaults(settings_fields, settings);
    settings->limits = bench->limits;
    settings->groups = bench->groups;
    struct host_setting *hosts = arena_array(&event->arena, bench->n_hosts, sizeof *hosts);
    for (uint32_t i = 0; i < bench->n_hosts; i++) {
        field_defaults(host_setting_fields, &hosts[i]);
        hosts[i].name = arena_printf(&event->arena, "kvm%u", i + 1);
        hosts[i].uri = arena_printf(&event->arena, "qemu+tcp://kvm%u/system", i + 1);
        hosts[i].fence = bench_fences(bench, &event->arena);
        hosts[i].power_management = bench->power_management;
        hosts[i].link_mbps = bench->link_mbps[i];
        hosts[i].migration_limit_mbps = bench->migration_limit_mbps[i];
        hosts[i].migration_address = bench->migration_address[i];
        if (bench->tls_name[i])
            hosts[i].tls_name = bench->tls_name[i];
    }
    settings->hosts = (struct rows){.item = hosts, .n = bench->n_hosts};
    event->settings = (struct rows){.item = settings, .n = 1};
    struct cluster_rules *rules = arena_new(&event->arena, sizeof *rules);
    *rules = (struct cluster_rules){.cluster = "default", .ruleset = bench->rules};
    event->rules = rules;
    event->n_rules = 1;
    event_set(event, &event->text, "hash");
    bench_take(bench, event);
}

static inline struct vm bench_vm(const char *name)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.uuid = name; /* good enough for a key */
    vm.memory_mib = 100;
    vm.memory_overhead_mib = 0;
    vm.ha = strncmp(name, "ha", 2) == 0; /* "ha9": of priority 9 */
    if (vm.ha)
        vm.priority = strtod(name + 2, NULL);
    return vm;
}

/* A report of a host and all its VMs: names, then NULL. "x!" is migrating, "x-" is down. */
#define bench_report(bench, host, ...) \
    bench_report_vms(bench, host, (const char *const[]){__VA_ARGS__})

static inline void bench_report_vms(struct bench *bench, const char *host,
                                    const char *const *names)
{
    struct event *event = bench_event(bench, EVENT_HOST_REPORT, host);
    struct host record;
    field_defaults(host_fields, &record);
    record.name = host;
    record.threads = 8;
    record.memory_mib = 10321;
    record.cpu_usage_pct = NAN;
    unsigned long number = strtoul(host + strlen("kvm"), NULL, 10);
    if (number >= 1 && number <= BENCH_HOSTS_MAX) {
        record.libvirt_version = bench->libvirt[number - 1];
        record.hypervisor_version = bench->qemu[number - 1];
    }
    if (!record.libvirt_version)
        record.libvirt_version = "";
    if (!record.hypervisor_version)
        record.hypervisor_version = "";
    event_add_host(event, &record);
    for (; *names; names++) {
        char *plain = arena_text(&event->arena, *names);
        struct vm vm = bench_vm(plain);
        char *last = plain + strlen(plain) - 1;
        if (*last == '!' || *last == '-') {
            vm.state = *last == '!' ? DROVER_VM_MIGRATING : DROVER_VM_DOWN;
            *last = '\0';
        }
        event_add_vm(event, &vm);
    }
    bench_take(bench, event);
}

static inline void bench_connect(struct bench *bench, const char *host)
{
    bench_take(bench, bench_event(bench, EVENT_HOST_CONNECTED, host));
}

static inline void bench_lose(struct bench *bench, const char *host, const char *why)
{
    struct event *event = bench_event(bench, EVENT_HOST_LOST, host);
    event_set(event, &event->name, why);
    bench_take(bench, event);
}

static inline void bench_runs(struct bench *bench, const char *host, const char *name)
{
    struct event *event = bench_event(bench, EVENT_VM_CHANGED, host);
    struct vm vm = bench_vm(name);
    event_add_vm(event, &vm);
    bench_take(bench, event);
}

static inline void bench_gone(struct bench *bench, const char *host, const char *name,
                              const char *why)
{
    struct event *event = bench_event(bench, EVENT_VM_GONE, host);
    event_set(event, &event->vm, name);
    event_set(event, &event->name, why);
    bench_take(bench, event);
}

static inline void bench_done(struct bench *bench, uint64_t id, bool ok, const char *text)
{
    struct event *event = bench_event(bench, EVENT_MIGRATION_DONE, NULL);
    event->id = id;
    event->ok = ok;
    event_set(event, &event->text, text);
    bench_take(bench, event);
}

static inline void bench_progress(struct bench *bench, uint64_t id, uint32_t iteration)
{
    struct event *event = bench_event(bench, EVENT_MIGRATION_PROGRESS, NULL);
    event->id = id;
    event->progress.iteration = iteration;
    event->progress.memory_total_mib = 100;
    event->progress.memory_remaining_mib = 50;
    bench_take(bench, event);
}

static inline void bench_request(struct bench *bench, const char *verb, const char *host,
                                 const char *vm, const char *to)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, host);
    event->id = 4711;
    event_set(event, &event->name, verb);
    event_set(event, &event->who, "tester");
    event_set(event, &event->vm, vm ? vm : "");
    event_set(event, &event->to, to ? to : "");
    bench_take(bench, event);
}

static inline void bench_tick(struct bench *bench, double seconds)
{
    bench->now += seconds;
    bench_take(bench, bench_event(bench, EVENT_TICK, NULL));
}

static inline void bench_sample(struct bench *bench, const char *host, double cpu_pct)
{
    struct event *event = bench_event(bench, EVENT_SAMPLE, host);
    event->sample.cpu_usage_pct = cpu_pct;
    bench_take(bench, event);
}

static inline void bench_start(struct bench *bench)
{
    bench_configure(bench);
    bench_take(bench, bench_event(bench, EVENT_STARTED, NULL));
}

/* An engine that has its set, and whose hosts are not connected yet. */
static inline struct bench bench_new(uint32_t n_hosts)
{
    struct bench bench = {.engine = engine_new(), .rules = bench_rules(), .now = 1000,
                          .n_hosts = n_hosts};
    field_defaults(limits_fields, &bench.limits);
    return bench;
}

/* One that has started, and whose hosts are up: kvm1 runs these VMs (names, then NULL). */
#define bench_up(n_hosts, ...) bench_up_vms(n_hosts, (const char *const[]){__VA_ARGS__})

static inline struct bench bench_up_vms(uint32_t n_hosts, const char *const *names)
{
    static const char *const none[] = {NULL};
    struct bench bench = bench_new(n_hosts);
    bench_start(&bench);
    for (uint32_t i = 1; i <= n_hosts; i++) {
        char host[16];
        snprintf(host, sizeof host, "kvm%u", i);
        bench_connect(&bench, host);
        bench_report_vms(&bench, host, i == 1 ? names : none);
    }
    return bench;
}

static inline void bench_free(struct bench *bench)
{
    effects_free(&bench->effects);
    engine_free(bench->engine);
    bench_rules_free(bench->rules);
}

/* -------------------------------------------------------------- what came */

/* The n-th effect (from 0) of a kind in the last step, or NULL. */
static inline const struct effect *bench_effect(const struct bench *bench, enum effect_kind kind,
                                                uint32_t nth)
{
    for (uint32_t i = 0; i < bench->effects.n; i++)
        if (bench->effects.item[i].kind == (int)kind && nth-- == 0)
            return &bench->effects.item[i];
    return NULL;
}

static inline uint32_t bench_count(const struct bench *bench, enum effect_kind kind)
{
    uint32_t n = 0;
    while (bench_effect(bench, kind, n))
        n++;
    return n;
}

/* The notice of this code in the last step, or NULL. */
static inline const struct effect *bench_notice(const struct bench *bench, const char *code)
{
    const struct effect *effect;
    for (uint32_t i = 0; (effect = bench_effect(bench, EFFECT_NOTICE, i)); i++)
        if (strcmp(effect->name, code) == 0)
            return effect;
    return NULL;
}

static inline const char *bench_state(const struct bench *bench, const char *host)
{
    return host_state_names[fleet_host(engine_fleet(bench->engine), host)->state];
}

static inline const struct migration *bench_migration(const struct bench *bench, uint64_t id)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->id == id)
            return all[i];
    return NULL;
}

static inline const char *bench_migration_state(const struct bench *bench, uint64_t id)
{
    const struct migration *migration = bench_migration(bench, id);
    return migration ? migration_state_names[migration->state] : "none";
}

#endif
