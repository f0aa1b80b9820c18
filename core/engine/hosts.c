/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts: what is known of each, and the state that follows from it. The state is never set by an
 * event directly; hosts_pump() works it out from connection, wishes and VMs, in one place.
 */
#include "engine/proof.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct watch *watch_find(const struct engine *engine, const char *host)
{
    uint32_t low = 0, high = engine->n_watches;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(engine->watches[middle]->name, host);
        if (order == 0)
            return engine->watches[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct watch *watch_add(struct engine *engine, const char *host)
{
    struct watch *watch = memory_new(sizeof *watch);
    watch->name = memory_copy_text(host);
    watch->failure.off_said_at = NAN;
    lost_init(&watch->lost);
    engine->watches = memory_grow(engine->watches, &engine->watch_room, engine->n_watches + 1,
                                  sizeof *engine->watches);
    uint32_t i = engine->n_watches++;
    for (; i > 0 && strcmp(engine->watches[i - 1]->name, host) > 0; i--)
        engine->watches[i] = engine->watches[i - 1];
    engine->watches[i] = watch;
    return watch;
}

void watch_free(struct watch *watch)
{
    free(watch->name);
    free(watch->lost_reason);
    free(watch->maintenance.who);
    free(watch->lack);
    free(watch->state_reason);
    for (int i = 0; i < ALARM_SOURCES; i++)
        free(watch->alarm[i]);
    power_free(&watch->power);
    failure_free(&watch->failure);
    spare_free(&watch->spare);
    lost_free(&watch->lost);
    plan_free(watch->held);
    free(watch);
}

bool watch_is_wanted_by_people(const struct watch *watch)
{
    return watch->maintenance.by_operator || watch->maintenance.by_file;
}

bool watch_wants_maintenance(const struct watch *watch)
{
    return watch_is_wanted_by_people(watch) || watch->maintenance.by_policy;
}

/* The watch of an event's host; unknown hosts are told about and change nothing. */
static struct watch *watch_of(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    if (!watch || !watch->configured) {
        notice(engine, NOTICE_WARNING, "host.unknown", event->host, NULL,
               "%s about host %s, which is not configured: ignored",
               event_kind_names[event->kind], event->host);
        return NULL;
    }
    return watch;
}

void on_host_connected(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch)
        return;
    watch->away_s = !watch->connected && watch->lost_reason ? engine->now - watch->lost_at : 0;
    watch->connected = true;
    watch->reported = false;
    failure_host_back(engine, watch);
}

void on_host_lost(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch)
        return;
    bool was_connected = watch->connected;
    watch->connected = false;
    watch->reported = false;
    if (was_connected || !watch->lost_reason)
        watch->lost_at = engine->now;
    set_text(&watch->lost_reason, event->text[0] ? event->text : event->name);
    notice(engine, power_covers(watch) ? NOTICE_INFO : NOTICE_WARNING, "host.lost", event->host,
           NULL, "host %s: %s (%s)",
           event->host, was_connected ? "connection lost" : "cannot be reached",
           watch->lost_reason);
    leftovers_lost_host(engine, watch->name);
    if (was_connected)
        failure_host_lost(engine, watch);
    engine->dirty = true;
}

/* What libvirt measured, under what the configuration says. */
static void merge_host(struct engine *engine, const struct host *reported)
{
    const struct host *old = fleet_host(engine->fleet, reported->name);
    struct host merged = *reported;
    merged.cluster = old->cluster;
    merged.state = old->state;
    merged.state_since = old->state_since;
    merged.cpu_over_since = old->cpu_over_since;
    merged.memory_reserved_mib = old->memory_reserved_mib;
    merged.memory_committed_mib = NAN;
    merged.memory_pending_mib = 0;
    merged.roles = old->roles;
    merged.labels = old->labels;
    merged.power_managed = old->power_managed;
    merged.power_by_policy = old->power_by_policy;
    merged.moves_failed = old->moves_failed;
    const struct host_setting *setting = host_setting(engine, reported->name);
    if (setting && setting->link_mbps > 0)
        merged.link_mbps = setting->link_mbps;
    if (setting && setting->os_version[0])
        merged.os_version = setting->os_version;
    if (isnan(reported->cpu_usage_pct))
        merged.cpu_usage_pct = old->cpu_usage_pct;
    if (isnan(reported->memory_free_mib))
        merged.memory_free_mib = old->memory_free_mib;
    if (merged.cores == 0)
        merged.cores = merged.threads;
    lack_note(engine, watch_find(engine, reported->name), old, &merged);
    if (!field_equal(host_fields, old, &merged))
        fleet_put_host(engine->fleet, &merged);
}

static int by_vm_key(const void *a, const void *b)
{
    return strcmp(vm_key(*(const struct vm *const *)a), vm_key(*(const struct vm *const *)b));
}

/* A report's VMs by key: in whatever order a host lists them, the same follows. */
static const struct vm **sorted_vms(const struct event *event)
{
    const struct vm *vms = event->vms.item;
    const struct vm **sorted = memory_array(event->vms.n, sizeof *sorted);
    for (uint32_t i = 0; i < event->vms.n; i++)
        sorted[i] = &vms[i];
    if (event->vms.n > 0)
        qsort(sorted, event->vms.n, sizeof *sorted, by_vm_key);
    return sorted;
}

/* A host that does not list a VM does not claim it. */
static void end_doubts(struct engine *engine, const struct event *event,
                       const struct vm **reported)
{
    for (uint32_t i = engine->n_doubts; i-- > 0;) {
        struct vm claimed = {.name = engine->doubts[i].vm};
        const struct vm *key = &claimed;
        if (event->vms.n == 0 ||
            !bsearch(&key, reported, event->vms.n, sizeof *reported, by_vm_key))
            doubt_end(engine, engine->doubts[i].vm, event->host);
    }
}

/*
 * VMs that we thought to be here, and that are not. A report that was begun to be read before a VM
 * arrived says nothing of it.
 */
static void drop_missing(struct engine *engine, const struct event *event,
                         const struct vm **reported)
{
    double read_at = watch_find(engine, event->host)->report_at;
    const struct vm **missing = memory_array(engine->fleet->n_vms, sizeof *missing);
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        if (vm->host && strcmp(vm->host, event->host) == 0 && !vm_changed_since(vm, read_at) &&
            !(event->vms.n > 0 &&
              bsearch(&vm, reported, event->vms.n, sizeof *reported, by_vm_key)) &&
            (vm_occupies(vm) || !booking_of(engine, vm_key(vm), event->host)))
            missing[n++] = vm;
    }
    if (n > 0)
        qsort(missing, n, sizeof *missing, by_vm_key);
    for (uint32_t i = 0; i < n; i++)
        vm_gone(engine, event->host, vm_key(missing[i]), "unknown");
    free(missing);
    end_doubts(engine, event, reported);
}

/* A report may have been under way for a while. One of much longer ago: the clock was set back. */
#define READING_S 120

double word_at(const struct engine *engine, const struct event *event)
{
    return engine->now - event->at > READING_S ? engine->now : event->at;
}

/* It has started or ended there since the report was begun to be read: that says nothing of it. */
static bool is_outdated(const struct engine *engine, const struct watch *watch,
                        const struct vm *reported)
{
    const struct vm *known = fleet_vm(engine->fleet, vm_key(reported));
    return known && known->host && strcmp(known->host, watch->name) == 0 &&
           vm_occupies(known) != vm_occupies(reported) && vm_changed_since(known, watch->report_at);
}

void on_host_report(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch || event->hosts.n != 1)
        return;
    struct host host = *(const struct host *)event->hosts.item;
    host.name = event->host;
    merge_host(engine, &host);
    watch->report_step = engine->step;
    watch->report_at = word_at(engine, event);
    restart_missed(engine, watch, event);
    const struct vm **vms = sorted_vms(event);
    drop_missing(engine, event, vms);
    leftovers_of_report(engine, event);
    for (uint32_t i = 0; i < event->vms.n; i++)
        if (!is_outdated(engine, watch, vms[i]))
            vm_seen(engine, event->host, vms[i]);
    free(vms);
    watch->connected = true;
    watch->reported = true;
    failure_host_reported(engine, watch);
    power_host_reported(engine, watch);
    host_update_lack(engine, watch);
    drains_touch(engine);
}

static double number_at(const struct numbers *numbers, uint32_t i)
{
    return i < numbers->n && numbers->item[i] >= 0 ? numbers->item[i] : NAN;
}

static void sample_vms(struct engine *engine, const struct event *event)
{
    const struct sample *sample = &event->sample;
    for (uint32_t i = 0; i < sample->vms.n; i++) {
        struct vm *vm = fleet_vm(engine->fleet, sample->vms.item[i]);
        if (!vm || !vm->host || strcmp(vm->host, event->host) != 0)
            continue;
        vm->cpu_usage_pct = number_at(&sample->vm_cpu_usage_pct, i);
        vm->memory_used_mib = number_at(&sample->vm_memory_used_mib, i);
    }
}

/* Since when the load is outside its policy's band: RHV's cpuOverCommitTimestamp. */
static void sample_band(struct engine *engine, struct host *host)
{
    const struct ruleset *rules = ruleset_of_cluster(engine, host->cluster);
    if (!rules || isnan(host->cpu_usage_pct) ||
        !load_is_out_of_band(rules, host->cpu_usage_pct))
        host->cpu_over_since = NAN;
    else if (isnan(host->cpu_over_since))
        host->cpu_over_since = engine->now;
}

void on_sample(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_of(engine, event);
    if (!watch || !watch->connected)
        return;
    struct host *host = fleet_host(engine->fleet, event->host);
    host->cpu_usage_pct = event->sample.cpu_usage_pct;
    if (!isnan(event->sample.memory_free_mib))
        host->memory_free_mib = event->sample.memory_free_mib;
    if (!isnan(event->sample.swap_free_mib))
        host->swap_free_mib = event->sample.swap_free_mib;
    sample_band(engine, host);
    sample_vms(engine, event);
}

uint32_t host_count_vms(const struct engine *engine, const char *host)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        n += vm->host && strcmp(vm->host, host) == 0 && vm_occupies(vm);
    }
    return n;
}

bool host_has_vms(const struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        if (vm->host && strcmp(vm->host, host) == 0 && vm_occupies(vm))
            return true;
    }
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct move *move = engine->moves[i];
        if (move_is_active(move) && (strcmp(move->record.from, host) == 0 ||
                                     strcmp(move->record.to, host) == 0))
            return true;
    }
    return false;
}

/* What follows from what is known. Sets *reason to a sentence or "". */
static enum drover_host_state state_of(struct engine *engine, struct watch *watch,
                                       const char **reason)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    struct arena *arena = &engine->out->arena;
    *reason = "";
    bool wanted = watch_wants_maintenance(watch);
    bool empty = wanted && !host_has_vms(engine, watch->name); /* a walk: only where it matters */
    enum drover_host_state state;
    if (power_state(engine, watch, &state, reason))
        return state;
    if (!watch->connected) {
        if (wanted && empty && host->state == DROVER_HOST_MAINTENANCE)
            return DROVER_HOST_MAINTENANCE; /* it may well be switched off: that is what it is for */
        return failure_state(engine, watch, reason);
    }
    if (watch->failure.phase == FAILURE_LATE) {
        *reason = "it is back, but a device was told to switch it off, and may still do so";
        return DROVER_HOST_FENCING;
    }
    if (!watch->reported)
        return DROVER_HOST_CONNECTING;
    if (host->state != DROVER_HOST_UP && leftovers_hold(engine, watch->name)) {
        *reason = "it is back; definitions of VMs that were restarted elsewhere are being removed";
        return DROVER_HOST_CONNECTING;
    }
    if (wanted) {
        if (empty && !watch_is_wanted_by_people(watch))
            *reason = "its policy keeps it empty";
        if (empty)
            return DROVER_HOST_MAINTENANCE;
        if (watch->held && watch->held->unplaced.n > 0)
            *reason = arena_printf(arena, "%u VMs cannot leave", watch->held->unplaced.n);
        return DROVER_HOST_PREPARING_FOR_MAINTENANCE;
    }
    const char *alarm = watch_alarm(watch);
    if (watch->lack || alarm) {
        *reason = watch->lack ? watch->lack : alarm;
        return DROVER_HOST_NON_OPERATIONAL;
    }
    return DROVER_HOST_UP;
}

/* The host's own trouble: its resilience policy may move its VMs while it still answers. */
static void react_to_trouble(struct engine *engine, struct watch *watch)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    uint32_t index = columns_host(columns, watch->name);
    enum drover_trouble_kind kind =
        watch->lack ? DROVER_TROUBLE_NON_OPERATIONAL : DROVER_TROUBLE_ANNOUNCED;
    struct plan *plan = plan_trouble(columns, &rules, kind, index);
    breakers_note(engine, &plan->failures);
    const struct planned_move *moves = plan->moves.item;
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct vm *vm = fleet_vm(engine->fleet, moves[i].key);
        if (vm && !move_of_vm(engine, moves[i].key) && !vm_rests(engine, moves[i].key))
            move_queue(engine, vm, DROVER_TO_EVACUATE, "drover", moves[i].reason, "");
    }
    plan_free(plan);
    columns_free(columns);
    arena_free(&arena);
    watch->trouble_at = engine->now + engine->settings.limits.retry_limit_s;
}

/* What its trouble wanted moved, and has not begun: it may stay. */
static void end_of_trouble(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (move->record.state == MIGRATION_QUEUED && !move_is_restart(move) &&
            move->record.purpose == DROVER_TO_EVACUATE && strcmp(move->record.from, host) == 0)
            move_end(engine, move, MIGRATION_CANCELLED, "its host is well again");
    }
}

static void change_state(struct engine *engine, struct watch *watch, struct host *host,
                         enum drover_host_state state, const char *reason)
{
    bool dead = state == DROVER_HOST_NON_RESPONSIVE || state == DROVER_HOST_DOWN;
    enum notice_level level = dead && !power_covers(watch) ? NOTICE_ERROR
                              : state == DROVER_HOST_NON_OPERATIONAL ? NOTICE_WARNING
                                                                     : NOTICE_INFO;
    notice(engine, level, "host.state", watch->name, NULL, "host %s is %s (was %s)%s%s",
           watch->name, host_state_names[state], host_state_names[host->state],
           reason[0] ? ": " : "", reason);
    host->state = state;
    host->state_since = engine->now;
    drain_begin(engine, watch);
    watch->trouble_at = engine->now;
    if (state != DROVER_HOST_PREPARING_FOR_MAINTENANCE) {
        plan_free(watch->held);
        watch->held = NULL;
    }
    if (state == DROVER_HOST_UP) {
        end_of_trouble(engine, watch->name);
        drains_wake(engine);
    }
}

void hosts_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        struct host *host = fleet_host(engine->fleet, watch->name);
        const char *reason;
        enum drover_host_state state = state_of(engine, watch, &reason);
        if ((int)state != host->state)
            change_state(engine, watch, host, state, reason);
        if (!watch->state_reason || strcmp(watch->state_reason, reason) != 0)
            set_text(&watch->state_reason, reason);
        if (state != DROVER_HOST_NON_OPERATIONAL)
            continue;
        if (engine->now >= watch->trouble_at)
            react_to_trouble(engine, watch);
        wake_at(engine, watch->trouble_at);
    }
}
