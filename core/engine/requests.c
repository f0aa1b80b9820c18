/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operators ask for: a table of verbs, each answered exactly once. */
#include "engine/devices.h"
#include "engine/proof.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Moves on their way to a host that is to be emptied look for another one. */
static void turn_back_incoming(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (move_is_active(move) && !move->arrived && !move->record.progress.postcopy &&
            strcmp(move->record.to, host) == 0)
            move_abort(engine, move, "its destination is to be emptied", true);
    }
}

static void cancel_queued_drain(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (move->record.state == MIGRATION_QUEUED && move->record.purpose == DROVER_TO_DRAIN &&
            strcmp(move->record.from, host) == 0)
            move_end(engine, move, MIGRATION_CANCELLED, "its host is not to be emptied any more");
    }
}

void maintenance_wish(struct engine *engine, struct watch *watch, bool on, bool by_file,
                      const char *who)
{
    bool wanted_before = watch_is_wanted_by_people(watch);
    struct wish *wish = &watch->maintenance;
    if (by_file) {
        wish->by_file = on;
    } else {
        wish->by_operator = on;
        set_text(&wish->who, on ? who : NULL);
        wish->since = engine->now;
        remember_wish(engine, watch);
    }
    bool wanted = watch_is_wanted_by_people(watch);
    if (wanted == wanted_before)
        return;
    if (wanted)
        power_hand_over(engine, watch);
    else
        power_want_off(engine, watch, false);
    notice(engine, NOTICE_INFO, wanted ? "maintenance.on" : "maintenance.off", watch->name, NULL,
           "host %s: maintenance %s, asked for by %s", watch->name, wanted ? "on" : "off",
           by_file ? "a file" : who);
    drain_begin(engine, watch);
    if (wanted)
        turn_back_incoming(engine, watch->name);
    else
        cancel_queued_drain(engine, watch->name);
    engine->dirty = true;
}

/* The host that a request names; answers and returns NULL where there is none. */
static struct watch *host_of_request(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    if (!watch || !watch->configured) {
        answer(engine, event, ERROR_NOT_FOUND, NULL,
               "host %s: there is none of this name; drover hosts lists them", event->host);
        return NULL;
    }
    return watch;
}

/* "yes" or nothing. */
static bool is_set(const struct event *event, const char *key)
{
    const char *value = request_argument(event, key);
    return value && strcmp(value, "yes") == 0;
}

/* Why this host cannot be switched off once it is empty; NULL: it can. */
static const char *cannot_go_off(const struct engine *engine, const struct watch *watch)
{
    const struct host_setting *setting = host_setting(engine, watch->name);
    return setting && devices_switch(setting)
               ? NULL
               : "it has no fence device that switches, or drover runs there";
}

static void do_maintenance_on(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    if (!watch)
        return;
    const char *why = cannot_go_off(engine, watch);
    bool asked = is_set(event, "power_off");
    if (asked && why) {
        answer(engine, event, ERROR_REFUSED, NULL, "host %s cannot be switched off: %s; nothing "
               "was begun", watch->name, why);
        return;
    }
    maintenance_wish(engine, watch, true, false, event->who);
    if (asked || (engine->settings.maintenance.power_off && !why))
        power_want_off(engine, watch, true);
    answer(engine, event, ERROR_NONE, NULL, "host %s is to be emptied%s: %u VMs are on it",
           watch->name, watch->power.wanted_off ? " and switched off" : "",
           host_count_vms(engine, watch->name));
}

static void do_maintenance_off(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    if (!watch)
        return;
    maintenance_wish(engine, watch, false, false, event->who);
    home_return(engine, watch->name,
                is_set(event, "move_home") || engine->settings.maintenance.move_home, event->who);
    if (watch->maintenance.by_policy)
        power_use(engine, watch, emit_printf(engine, "asked for by %s", event->who));
    if (watch->maintenance.by_file)
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s stays in maintenance: its file in %s still asks for it; remove the file",
               watch->name, engine->settings.maintenance_dir);
    else
        answer(engine, event, ERROR_NONE, NULL, "host %s is not to be emptied any more%s",
               watch->name, watch->power.phase == POWER_OFF ? ", and is switched on" : "");
}

static void do_alarm_on(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    if (!watch)
        return;
    alarm_on(engine, watch, request_argument(event, "reason"), event->who);
    answer(engine, event, ERROR_NONE, NULL,
           "host %s announces trouble; its policy says which of its %u VMs leave", watch->name,
           host_count_vms(engine, watch->name));
}

static void do_alarm_off(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    if (!watch)
        return;
    alarm_off(engine, watch);
    if (watch_alarm(watch))
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s still announces trouble: its file in %s says \"%s\"; remove the file",
               watch->name, engine->settings.alarm_dir, watch_alarm(watch));
    else
        answer(engine, event, ERROR_NONE, NULL, "host %s does not announce trouble any more",
               watch->name);
}

/* Start the VMs of a dead host elsewhere. A person may vouch for its being off. */
static void do_evacuate(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    if (!watch)
        return;
    if (watch->connected) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s answers: its VMs run; drover drain %s moves them", watch->name,
               watch->name);
        return;
    }
    if (!proof_of_host(watch) && !is_set(event, "confirm")) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s does not answer, but there is no proof that it is off, and its VMs may "
               "still run: drover fence %s off, or, if you know that it is off, "
               "--confirm-host-is-off", watch->name, watch->name);
        return;
    }
    uint32_t n = host_count_vms(engine, watch->name);
    if (!proof_of_host(watch))
        proof_by_person(engine, watch, event->who);
    watch->failure.phase = FAILURE_NONE;
    watch->failure.reviewed = false;
    watch->failure.all = is_set(event, "all");
    answer(engine, event, ERROR_NONE, NULL,
           "host %s is off (%s); of the %u VMs that ran there %s are started elsewhere",
           watch->name, proof_text(proof_of_host(watch)), n,
           watch->failure.all ? "all" : "those that the policy wants back");
}

/* A person's word goes over the policy's. Whether that was all there is to do. */
static bool overrule_policy(struct engine *engine, struct watch *watch, enum drover_fence_action action,
                            const char *who)
{
    if (action == DROVER_FENCE_OFF)
        power_hand_over(engine, watch);
    if (action != DROVER_FENCE_ON || watch->power.phase != POWER_OFF)
        return false;
    power_use(engine, watch, emit_printf(engine, "switched on by %s", who));
    return true;
}

static void do_fence(struct engine *engine, const struct event *event)
{
    struct watch *watch = host_of_request(engine, event);
    const char *action = request_argument(event, "action");
    int known = action ? field_choice(fence_action_names, action) : -1;
    if (!watch)
        return;
    if (known != DROVER_FENCE_OFF && known != DROVER_FENCE_ON && known != DROVER_FENCE_STATUS) {
        answer(engine, event, ERROR_USAGE, NULL, "fence %s: expected off, on or status, found %s",
               watch->name, action ? action : "nothing");
        return;
    }
    uint32_t n = host_count_vms(engine, watch->name);
    if (known == DROVER_FENCE_OFF && watch->connected && n > 0 && !is_set(event, "force"))
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s answers, and %u VMs are on it: drover drain %s moves them; --force "
               "switches it off all the same", watch->name, n, watch->name);
    else if (!overrule_policy(engine, watch, (enum drover_fence_action)known, event->who) &&
             !failure_order(engine, watch, action))
        answer(engine, event, ERROR_REFUSED, NULL,
               "host %s has no fence device that switches: see fence in drover.yaml(5)",
               watch->name);
    else
        answer(engine, event, ERROR_NONE, NULL,
               "host %s: its fence device is asked (%s); drover log tells what it says",
               watch->name, action);
}

static void do_rebalance(struct engine *engine, const struct event *event)
{
    const char *only = request_argument(event, "cluster");
    if (only && !fleet_cluster(engine->fleet, only)) {
        answer(engine, event, ERROR_NOT_FOUND, NULL, "cluster %s: there is none of this name",
               only);
        return;
    }
    uint32_t queued = 0;
    const char *idle = "";
    for (uint32_t i = 0; i < engine->fleet->n_clusters; i++) {
        const char *cluster = engine->fleet->clusters[i]->name;
        if (!only || strcmp(only, cluster) == 0)
            queued += balance_cluster(engine, cluster, event->who, &idle);
    }
    if (queued > 0)
        answer(engine, event, ERROR_NONE, NULL, "%u moves are queued", queued);
    else
        answer(engine, event, ERROR_NONE, NULL, "nothing to move: %s", idle);
}

void on_request(struct engine *engine, const struct event *event)
{
    static const struct {
        const char *name;
        void (*run)(struct engine *, const struct event *);
    } verbs[] = {
        {"maintenance_on", do_maintenance_on}, {"maintenance_off", do_maintenance_off},
        {"migrate", request_migrate},          {"abort", do_abort},
        {"confirm", request_confirm},          {"revert", request_revert},
        {"force_complete", do_force_complete}, {"set_priority", do_set_priority},
        {"rebalance", do_rebalance},           {"evacuate", do_evacuate},
        {"fence", do_fence},                   {"alarm_on", do_alarm_on},
        {"alarm_off", do_alarm_off},           {"set_bandwidth", do_set_bandwidth},
        {"measure", do_measure},
    };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, event->name) == 0) {
            verbs[i].run(engine, event);
            engine->dirty = true;
            return;
        }
    }
    answer(engine, event, ERROR_USAGE, NULL, "%s: there is no such request", event->name);
}

void on_maintenance_file(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    if (watch && watch->configured)
        maintenance_wish(engine, watch, event->ok, true, "file");
    else
        notice(engine, NOTICE_WARNING, "maintenance.unknown_host", NULL, NULL,
               "a file asks for maintenance of host %s, which is not configured: ignored",
               event->host);
}
