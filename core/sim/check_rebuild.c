/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is remembered alone rebuilds the state: a second engine gets the set and the remembered
 * texts, as after a restart. It must know the same moves, wishes and cool-downs; and when all is
 * calm and every host has reported to it, the same hosts in the same states, and the same VMs.
 */
#include "sim/check.h"

#include <math.h>
#include <string.h>

#define MINUTES 30 /* between two looks */

struct rebuilt {
    struct run *run;
    struct engine *engine;
    struct effects effects; /* of the last step; nobody performs them */
};

static void feed(struct rebuilt *rebuilt, struct event *event)
{
    event->at = engine_fleet(rebuilt->run->engine)->now;
    effects_clear(&rebuilt->effects);
    engine_step(rebuilt->engine, event, &rebuilt->effects);
    event_free(event);
}

static void begin(struct rebuilt *rebuilt, struct run *run)
{
    *rebuilt = (struct rebuilt){.run = run, .engine = engine_new()};
    feed(rebuilt, run_set_changed(run));
    for (uint32_t i = 0; i < run->store.n; i++)
        feed(rebuilt, run_recalled(run, &run->store.item[i]));
}

static void end(struct rebuilt *rebuilt)
{
    effects_free(&rebuilt->effects);
    engine_free(rebuilt->engine);
}

/* ------------------------------------------------------------------ moves and wishes */

static const struct migration *find_move(const struct engine *engine, uint64_t id)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->id == id && !migration_ended(all[i]))
            return all[i];
    return NULL;
}

static bool same_move(const struct migration *a, const struct migration *b)
{
    return strcmp(a->vm, b->vm) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0 && a->state == b->state &&
           a->purpose == b->purpose && strcmp(a->who, b->who) == 0 &&
           strcmp(a->reason, b->reason) == 0 && strcmp(a->wanted, b->wanted) == 0 &&
           a->attempt == b->attempt && a->decision == b->decision;
}

static void compare_moves(struct run *run, const struct engine *rebuilt)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct migration *found = find_move(rebuilt, all[i]->id);
        if (migration_ended(all[i]))
            continue;
        if (!found)
            run_broken(run, "move %llu of VM %s is %s, and after a restart it would be forgotten",
                       (unsigned long long)all[i]->id, all[i]->name,
                       migration_state_names[all[i]->state]);
        else if (!same_move(all[i], found))
            run_broken(run, "move %llu of VM %s from host %s to host %s is %s (try %u), and after "
                       "a restart it would be one from host %s to host %s that is %s (try %u)",
                       (unsigned long long)all[i]->id, all[i]->name, all[i]->from, all[i]->to,
                       migration_state_names[all[i]->state], all[i]->attempt, found->from,
                       found->to, migration_state_names[found->state], found->attempt);
    }
    all = engine_migrations(rebuilt, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!find_move(run->engine, all[i]->id))
            run_broken(run, "move %llu of VM %s has ended, and after a restart it would be %s",
                       (unsigned long long)all[i]->id, all[i]->name,
                       migration_state_names[all[i]->state]);
}

/* Files are told anew; what operators asked for is remembered, and by whom. */
static void compare_wishes(struct run *run, const struct engine *rebuilt)
{
    uint32_t n, m;
    const struct host_status *is = engine_host_status(run->engine, &n);
    const struct host_status *would = engine_host_status(rebuilt, &m);
    for (uint32_t i = 0; i < n && i < m; i++) {
        bool by_operator = strcmp(is[i].maintenance_by, "file") != 0 && is[i].maintenance_wanted;
        if (by_operator != would[i].maintenance_wanted)
            run_broken(run, "host %s is%s wanted empty by an operator, and after a restart it "
                       "would%s be", is[i].name, by_operator ? "" : " not",
                       by_operator ? " not" : "");
    }
}

void check_rebuild(struct run *run)
{
    struct rebuilt rebuilt;
    begin(&rebuilt, run);
    compare_moves(run, rebuilt.engine);
    compare_wishes(run, rebuilt.engine);
    end(&rebuilt);
}

void check_rebuild_sometimes(struct run *run)
{
    if (run->checks->minutes % MINUTES == 0)
        check_rebuild(run);
}

/* ------------------------------------------------------------------ with the hosts' reports */

static void start(struct rebuilt *rebuilt)
{
    struct run *run = rebuilt->run;
    feed(rebuilt, event_new(EVENT_STARTED, 0));
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++) {
        struct event *file = event_new(EVENT_MAINTENANCE_FILE, 0);
        event_set(file, &file->host, sim_host_name(run->sim, h));
        file->ok = sim_host_file(run->sim, h);
        feed(rebuilt, file);
    }
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++) {
        struct event *connected = event_new(EVENT_HOST_CONNECTED, 0);
        event_set(connected, &connected->host, sim_host_name(run->sim, h));
        feed(rebuilt, connected);
        feed(rebuilt, sim_host_report(run->sim, h));
    }
}

static void compare_vms(struct run *run, const struct engine *rebuilt)
{
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++) {
        const char *key = sim_vm_key(run->sim, v);
        const struct vm *is = fleet_vm(engine_fleet(run->engine), key);
        const struct vm *would = fleet_vm(engine_fleet(rebuilt), key);
        if (sim_vm_truth(run->sim, v).place != SIM_RUNS || !is || is->to ||
            is->state == DROVER_VM_MIGRATING)
            continue;
        if (!would || strcmp(is->host, would->host) != 0)
            run_broken(run, "VM %s is on host %s, and after a restart drover would see it on "
                       "host %s", key, is->host, would ? would->host : "none");
        else if (isnan(is->moved_at) != isnan(would->moved_at) &&
                 engine_fleet(run->engine)->now - is->moved_at < run->settings.limits.cooldown_s)
            run_broken(run, "VM %s moved %.0f s ago, and after a restart it would not rest", key,
                       engine_fleet(run->engine)->now - is->moved_at);
    }
}

/* It has a definition that is to go: a host that is back waits for that, one that is up does not. */
static bool has_leftovers(const struct run *run, const char *host)
{
    size_t length = strlen(host);
    for (uint32_t i = 0; i < run->store.n; i++) {
        const char *name = run->store.item[i].name;
        if (strncmp(name, "left/", 5) == 0 && strncmp(name + 5, host, length) == 0 &&
            name[5 + length] == '/')
            return true;
    }
    return false;
}

/* Where a host is being emptied, one step more may be done here or there. */
static void compare_states(struct run *run, const struct engine *rebuilt)
{
    uint32_t n, m;
    const struct host_status *is = engine_host_status(run->engine, &n);
    const struct host_status *would = engine_host_status(rebuilt, &m);
    for (uint32_t i = 0; i < n && i < m; i++)
        if (is[i].maintenance_wanted != would[i].maintenance_wanted ||
            (is[i].state != would[i].state && !is[i].maintenance_wanted &&
             !has_leftovers(run, is[i].name)))
            run_broken(run, "host %s is %s, and after a restart it would be %s", is[i].name,
                       host_state_names[is[i].state], host_state_names[would[i].state]);
}

void check_rebuild_world(struct run *run)
{
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        if (!sim_host_prompt(run->sim, h))
            return;
    check_rebuild(run);
    struct rebuilt rebuilt;
    begin(&rebuilt, run);
    start(&rebuilt);
    compare_vms(run, rebuilt.engine);
    compare_states(run, rebuilt.engine);
    end(&rebuilt);
}
