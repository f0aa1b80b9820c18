/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which hosts are in use. A balancer proposes to take a host out of use, to switch it off, or to
 * bring one back; here it is done, one step after the other, as far as that is safe. And where a VM
 * finds no host, though one that is out of use by its policy would take it, that one is brought
 * back without waiting for the balancer.
 *
 * One host of a cluster always stays in use, and while one is being switched on no other is.
 */
#include "engine/internal.h"

#include <math.h>
#include <string.h>

static bool is_in(const struct engine *engine, const struct watch *watch, const char *cluster)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    return host && strcmp(host->cluster, cluster) == 0;
}

static bool comes_up(const struct watch *watch)
{
    return watch->power.phase == POWER_TO_ON || watch->power.phase == POWER_BOOTING;
}

static bool one_comes_up(const struct engine *engine, const char *cluster)
{
    for (uint32_t i = 0; i < engine->n_watches; i++)
        if (comes_up(engine->watches[i]) && is_in(engine, engine->watches[i], cluster))
            return true;
    return false;
}

static bool another_is_up(const struct engine *engine, const struct watch *but,
                          const char *cluster)
{
    for (uint32_t i = 0; i < engine->fleet->n_hosts; i++) {
        const struct host *host = engine->fleet->hosts[i];
        if (host->state == DROVER_HOST_UP && strcmp(host->cluster, cluster) == 0 &&
            strcmp(host->name, but->name) != 0)
            return true;
    }
    return false;
}

/* Off by its policy, and not one that was told to come and did not. */
static struct watch *first_that_is_off(const struct engine *engine, const char *cluster)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (watch->maintenance.by_policy && watch->power.phase == POWER_OFF &&
            is_in(engine, watch, cluster))
            return watch;
    }
    return NULL;
}

/* ------------------------------------------------------------------ what a balancer proposes */

static void perform(struct engine *engine, const char *cluster, struct watch *watch,
                    const struct planned_power *power)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    bool by_policy = watch->maintenance.by_policy;
    if (strcmp(power->action, power_action_names[DROVER_STEP_MAINTENANCE]) == 0) {
        if (!watch_wants_maintenance(watch) && engine->now >= watch->power.left_alone_until &&
            host->power_managed && another_is_up(engine, watch, cluster))
            power_rest(engine, watch, power->reason);
    } else if (strcmp(power->action, power_action_names[DROVER_STEP_POWER_OFF]) == 0) {
        if (by_policy && host->power_managed)
            power_want_off(engine, watch, true);
    } else if (by_policy && !one_comes_up(engine, cluster)) {
        bool switched = strcmp(power->action, power_action_names[DROVER_STEP_POWER_ON]) == 0;
        struct watch *chosen = switched ? first_that_is_off(engine, cluster) : watch;
        if (chosen)
            power_use(engine, chosen, power->reason);
    }
}

void capacity_perform(struct engine *engine, const char *cluster, const struct plan *plan)
{
    const struct planned_power *powers = plan->powers.item;
    for (uint32_t i = 0; i < plan->powers.n; i++) {
        struct watch *watch = watch_find(engine, powers[i].host);
        if (watch && is_in(engine, watch, cluster))
            perform(engine, cluster, watch, &powers[i]);
    }
    if (plan->powers.n > 0)
        hosts_pump(engine); /* before the queue looks for destinations */
}

/* ------------------------------------------------------------------ what is needed at once */

/* Whether all filters would take the VM there if the host were up, and idle. */
static bool would_take(struct engine *engine, struct host *host, const char *vm)
{
    struct host was = *host;
    host->state = DROVER_HOST_UP;
    host->cpu_usage_pct = 0;
    host->cpu_over_since = NAN;
    struct columns *columns = engine_columns(engine);
    *host = was;
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    struct question question = {.vm = columns_vm(columns, vm), .purpose = DROVER_TO_EVACUATE};
    const struct ruleset *set =
        question.vm == DROVER_NONE ? NULL : rules_of(&rules, columns, question.vm);
    bool takes = set && decide_accepts(columns, set, &question, columns_host(columns, host->name),
                                       &arena);
    columns_free(columns);
    arena_free(&arena);
    return takes;
}

/* Out of use by its policy. One that was not heard since droverd started may be any size. */
static bool would_help(struct engine *engine, const struct watch *watch, const char *vm)
{
    struct host *host = fleet_host(engine->fleet, watch->name);
    bool out = watch->maintenance.by_policy &&
               (watch->power.phase == POWER_OFF || (watch->connected && !power_covers(watch)));
    return out && (!(host->memory_mib > 0) || would_take(engine, host, vm));
}

bool capacity_need(struct engine *engine, const char *vm)
{
    const struct vm *record = fleet_vm(engine->fleet, vm);
    const struct host *from = record && record->host ? fleet_host(engine->fleet, record->host)
                                                     : NULL;
    if (!from || engine->cut_off || one_comes_up(engine, from->cluster))
        return false;
    struct watch *chosen = NULL; /* rather one that is on */
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (is_in(engine, watch, from->cluster) && would_help(engine, watch, vm) &&
            (!chosen || (watch->connected && !chosen->connected)))
            chosen = watch;
    }
    if (chosen)
        power_use(engine, chosen,
                  emit_printf(engine, "VM %s finds no other host", record->name));
    return chosen != NULL;
}
