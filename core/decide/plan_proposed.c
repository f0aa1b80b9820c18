/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans that units propose: a round of balancing, a host in trouble. The unit proposes steps in
 * its order; the core keeps them as candidates, and takes each through filters and weights. It
 * moves what passes, up to the budget, and never on a unit's word alone.
 */
#include "decide/planning.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct proposed {
    uint32_t vm;
    uint32_t *hosts;
    uint32_t n_hosts;
    const char *reason;
    bool refused; /* by the filters, on all its hosts */
};

/*
 * A round of balancing. Most balancers look at measured loads, so their steps are good one at a
 * time: after each move they are asked again, with the fleet as it will be then. One that thinks
 * in whole plans (plan->whole) is asked once, and each of its steps is taken or refused as it
 * comes, on the fleet as it will be when those before have arrived. Nothing moves twice.
 */
struct round {
    struct planning *planning; /* its columns: the fleet as it will be when what is planned is done */
    const struct ruleset *set;
    uint32_t cluster;
    uint32_t budget; /* of moves; 0: nothing but candidates */
    double cooldown_s;
    uint8_t *moved; /* by VM */
    struct undo {
        uint32_t vm, from;
        double moved_s;
    } *undo; /* what has arrived, in order */
    uint32_t n_moves, undo_room;
};

/* What a unit is handed as struct drover_plan; `base` must stay first. */
struct gathering {
    struct drover_plan base;
    struct planning *planning;
    const struct ruleset *rules;
    struct round *round; /* NULL: not a round of balancing */
    uint32_t cluster;    /* whose rules these are: VMs of others are judged by their own */
    struct proposed *steps;
    uint32_t n_steps, room;
    bool later; /* after a first move: candidates are told of the fleet as it is */
    struct arena scratch; /* of one question */
};

static int take_whole(struct gathering *gathering, struct proposed *step);

/* What a step must carry to be read up to a field: a plugin may be older than the field. */
#define HAS(step, field)                                                                           \
    ((step)->size >= offsetof(struct drover_step, field) + sizeof(step)->field)

/* By kind of step: the state that the host must be in, and the bits of drover_hosts.power. */
static const struct {
    uint8_t state;
    uint32_t power;
} switchable[] = {
    [DROVER_STEP_POWER_OFF] = {DROVER_HOST_MAINTENANCE,
                               DROVER_POWER_MANAGED | DROVER_POWER_BY_POLICY},
    [DROVER_STEP_POWER_ON] = {DROVER_HOST_DOWN, DROVER_POWER_MANAGED | DROVER_POWER_BY_POLICY},
    [DROVER_STEP_MAINTENANCE] = {DROVER_HOST_UP, DROVER_POWER_MANAGED},
    [DROVER_STEP_ACTIVATE] = {DROVER_HOST_MAINTENANCE,
                              DROVER_POWER_MANAGED | DROVER_POWER_BY_POLICY},
};

/* A host of people, or one with VMs, is never switched, whatever a unit says. */
static bool may_switch(const struct gathering *gathering, const struct drover_step *step)
{
    const struct drover_hosts *hosts = &gathering->planning->columns->hosts;
    if (gathering->planning->purpose != DROVER_TO_BALANCE || !HAS(step, host))
        return false;
    uint32_t host = step->host;
    if (host >= hosts->n || hosts->cluster[host] != gathering->cluster)
        return false;
    uint32_t power = switchable[step->kind].power;
    return hosts->state[host] == switchable[step->kind].state &&
           (hosts->power[host] & power) == power && hosts->vm_count[host] == 0 &&
           hosts->vm_pending[host] == 0;
}

static int gather_power(struct gathering *gathering, const struct drover_step *step)
{
    if (!may_switch(gathering, step))
        return -1;
    if (!gathering->later)
        planning_power(gathering->planning, step->host, step->kind,
                       step->reason ? step->reason : "");
    return 0;
}

static bool step_is_usable(const struct gathering *gathering, const struct drover_step *step)
{
    const struct columns *columns = gathering->planning->columns;
    if (step->vm >= columns->vms.n)
        return false;
    if (step->kind != DROVER_STEP_MOVE &&
        (step->kind != DROVER_STEP_START || gathering->planning->purpose != DROVER_TO_EVACUATE))
        return false;
    if (gathering->planning->purpose == DROVER_TO_EVACUATE &&
        (step->kind == DROVER_STEP_START) == planning_occupies(columns, step->vm))
        return false; /* what runs is moved, what does not is started */
    if (columns->vms.cluster[step->vm] != gathering->cluster)
        return false;
    for (uint32_t i = 0; i < step->n_hosts; i++)
        if (step->hosts[i] >= columns->hosts.n)
            return false;
    return true;
}

static int gather_step(struct drover_plan *plan, const struct drover_step *step)
{
    struct gathering *gathering = (struct gathering *)plan;
    if (HAS(step, kind) && step->kind > DROVER_STEP_MOVE && step->kind <= DROVER_STEP_ACTIVATE)
        return gather_power(gathering, step);
    if (!HAS(step, reason) || !step_is_usable(gathering, step))
        return -1;
    struct arena *arena = &gathering->planning->plan->arena;
    gathering->steps = memory_grow(gathering->steps, &gathering->room, gathering->n_steps + 1,
                                   sizeof *gathering->steps);
    struct proposed *kept = &gathering->steps[gathering->n_steps++];
    kept->vm = step->vm;
    kept->n_hosts = step->n_hosts;
    kept->hosts = arena_array(arena, step->n_hosts, sizeof *kept->hosts);
    if (step->n_hosts > 0)
        memcpy(kept->hosts, step->hosts, step->n_hosts * sizeof *kept->hosts);
    kept->reason = step->reason ? arena_text(arena, step->reason) : "";
    if (!gathering->later)
        planning_candidate(gathering->planning, kept->vm, kept->hosts, kept->n_hosts,
                           kept->reason);
    return plan->whole && gathering->round ? take_whole(gathering, kept) : 0;
}

static bool knows_vm(const struct gathering *gathering, uint32_t vm)
{
    const struct drover_vms *vms = &gathering->planning->columns->vms;
    return vm < vms->n && vms->cluster[vm] == gathering->cluster;
}

static struct call begin_question(struct gathering *gathering, uint32_t vm,
                                  struct failures *failures)
{
    struct call call = call_new(gathering->planning->columns, gathering->rules, vm,
                                gathering->planning->purpose, &gathering->scratch);
    call.failures = failures;
    return call;
}

static void end_question(struct gathering *gathering, const struct failures *failures)
{
    planning_failures(gathering->planning, failures->item, failures->n);
    arena_clear(&gathering->scratch);
}

static bool gather_allows(struct drover_plan *plan, uint32_t vm, uint32_t host)
{
    struct gathering *gathering = (struct gathering *)plan;
    struct failures failures = {0};
    if (!knows_vm(gathering, vm) || host >= gathering->planning->columns->hosts.n)
        return false;
    struct call call = begin_question(gathering, vm, &failures);
    bool allows = call_allows(&call, host);
    end_question(gathering, &failures);
    return allows;
}

/* What is left after the filters stands in the order of what was asked. */
static int gather_filter(struct drover_plan *plan, uint32_t vm, const uint32_t *hosts, uint32_t n,
                         uint8_t *allowed)
{
    struct gathering *gathering = (struct gathering *)plan;
    struct failures failures = {0};
    if (!knows_vm(gathering, vm))
        return -1;
    for (uint32_t i = 0; i < n; i++)
        if (hosts[i] >= gathering->planning->columns->hosts.n)
            return -1;
    struct call call = begin_question(gathering, vm, &failures);
    uint32_t *left = arena_array(&gathering->scratch, n, sizeof *left);
    if (n > 0)
        memcpy(left, hosts, n * sizeof *left);
    uint32_t n_left = call_narrow(&call, left, n), next = 0;
    for (uint32_t i = 0; i < n; i++) {
        allowed[i] = next < n_left && left[next] == hosts[i];
        next += allowed[i];
    }
    end_question(gathering, &failures);
    return 0;
}

static void gather_idle(struct drover_plan *plan, const char *reason)
{
    struct gathering *gathering = (struct gathering *)plan;
    gathering->planning->plan->idle = arena_text(&gathering->planning->plan->arena, reason);
}

static struct gathering gathering_new(struct planning *planning, const struct ruleset *rules,
                                      uint32_t cluster)
{
    return (struct gathering){
        .base = {.size = sizeof(struct drover_plan), .propose = gather_step,
                 .allows = gather_allows, .idle = gather_idle, .budget = UINT32_MAX,
                 .filter = gather_filter},
        .planning = planning,
        .rules = rules,
        .cluster = cluster,
    };
}

static void gathering_end(struct gathering *gathering)
{
    free(gathering->steps);
    arena_free(&gathering->scratch);
}

/* trouble NULL: a round of balancing. */
static int propose(struct gathering *gathering, const struct bound_unit *unit,
                   const struct drover_trouble *trouble)
{
    const struct drover_fleet *fleet = &gathering->planning->columns->fleet;
    if (trouble)
        return unit->unit->resilience(unit->self, fleet, trouble, &gathering->base);
    return unit->unit->balance(unit->self, fleet, gathering->cluster, &gathering->base);
}

/* Call the unit; what it proposed before it failed is not used. */
static bool gather(struct gathering *gathering, const struct bound_unit *unit,
                   const struct drover_trouble *trouble)
{
    struct planning *planning = gathering->planning;
    const char *error = "its circuit breaker is open: it failed too often";
    if (!unit->open) {
        struct unit_call call = unit_call_begin(planning->columns->calls, unit);
        int result = call.again ? DROVER_OVERRAN : propose(gathering, unit, trouble);
        unit_call_end(&call, unit, result);
        if (result == 0)
            return true;
        error = unit_call_error(&call, unit, result);
    }
    failures_add(&planning->failures, &planning->plan->arena, unit, error, 1);
    planning->plan->candidates.n = 0;
    planning->plan->powers.n = 0;
    planning->plan->idle = arena_printf(&planning->plan->arena, "%s failed", unit->name);
    return false;
}

/* A VM that may be moved without being asked for: it is there, not on its way, and not held. */
static bool may_move(const struct columns *columns, uint32_t vm)
{
    uint8_t state = columns->vms.state[vm];
    return (state == DROVER_VM_RUNNING || state == DROVER_VM_PAUSED) &&
           columns->vms.to[vm] == DROVER_NONE &&
           columns->vms.migratable[vm] == DROVER_MIGRATABLE_YES;
}

/* A balancer leaves paused VMs alone, and those that have not rested since their last move. */
static bool may_balance(const struct round *round, uint32_t vm)
{
    const struct columns *columns = round->planning->columns;
    if (!may_move(columns, vm) || columns->vms.state[vm] != DROVER_VM_RUNNING || round->moved[vm])
        return false;
    return isnan(columns->vms.moved_s[vm]) || columns->vms.moved_s[vm] >= round->cooldown_s;
}

/* Returns whether the step became a move. Its own host may win: then nothing moves. */
static bool take_step(struct gathering *gathering, struct proposed *step)
{
    struct columns *columns = gathering->planning->columns;
    uint32_t from = columns->vms.host[step->vm];
    struct question question = {
        .vm = step->vm,
        .purpose = gathering->planning->purpose,
        .hosts = step->hosts,
        .n_hosts = step->n_hosts,
        .stay_allowed = true,
    };
    struct failures failures = {0};
    struct call call = begin_question(gathering, step->vm, &failures);
    uint32_t to = call_choose(&call, &question);
    end_question(gathering, &failures);
    step->refused = to == DROVER_NONE;
    if (to == DROVER_NONE || to == from)
        return false;
    planning_move(gathering->planning, step->vm, to, step->reason);
    columns_promise(columns, step->vm, to);
    return true;
}

/* A promised move is carried out. Moves of a unit that fails later are taken back. */
static bool arrive(struct round *round, uint32_t vm)
{
    struct columns *columns = round->planning->columns;
    round->undo = memory_grow(round->undo, &round->undo_room, round->n_moves + 1,
                              sizeof *round->undo);
    round->undo[round->n_moves++] =
        (struct undo){vm, columns->vms.host[vm], columns->vms.moved_s[vm]};
    round->moved[vm] = 1;
    columns_arrive(columns, vm, columns->vms.to[vm]);
    return true;
}

static void take_back(struct round *round)
{
    struct columns *columns = round->planning->columns;
    for (; round->n_moves > 0; round->n_moves--) {
        const struct undo *last = &round->undo[round->n_moves - 1];
        columns_arrive(columns, last->vm, last->from);
        columns->moved_s[last->vm] = last->moved_s;
    }
    round->planning->plan->moves.n = 0;
    round->planning->plan->unplaced.n = 0;
}

/* A unit that plans as a whole has looked at the filters; what they refuse all the same is told. */
static void tell_refused(struct gathering *gathering, const struct proposed *step)
{
    struct planning *planning = gathering->planning;
    struct question question = {
        .vm = step->vm, .purpose = planning->purpose, .hosts = step->hosts,
        .n_hosts = step->n_hosts, .stay_allowed = true,
    };
    struct decision *decision = decide_explain(planning->columns, gathering->rules, &question);
    planning_refused(planning, step->vm, decision);
    decision_free(decision);
    failures_add(&planning->failures, &planning->plan->arena, &gathering->rules->balance,
                 "it proposed moves that filters of its own policy refuse; they are left out", 1);
}

static int take_whole(struct gathering *gathering, struct proposed *step)
{
    struct round *round = gathering->round;
    if (round->n_moves >= round->budget || !may_balance(round, step->vm))
        return DROVER_NOT_TAKEN;
    if (take_step(gathering, step)) {
        arrive(round, step->vm);
        return 0;
    }
    if (step->refused)
        tell_refused(gathering, step);
    return DROVER_NOT_TAKEN;
}

static void tell_idle(struct planning *planning, const struct gathering *gathering,
                      const char *nothing_proposed)
{
    const struct plan *plan = planning->plan;
    if (plan->moves.n + plan->powers.n + plan->starts.n + plan->unplaced.n > 0 || plan->idle[0])
        return;
    planning->plan->idle = gathering->n_steps == 0
                               ? nothing_proposed
                               : "no proposed move passes filters and weights, or its VM rests";
}

/*
 * Ask the balancer, and take the first of its steps that passes, unless it planned as a whole.
 * Returns whether it is to be asked again.
 */
static bool balance_once(struct round *round)
{
    const struct bound_unit *unit = &round->set->balance;
    struct planning *planning = round->planning;
    struct gathering gathering = gathering_new(planning, round->set, round->cluster);
    gathering.round = round;
    gathering.later = round->n_moves > 0;
    gathering.base.budget = round->budget;
    gathering.base.cooldown_s = round->cooldown_s;
    bool again = false;
    if (!gather(&gathering, unit, NULL)) {
        if (gathering.base.whole)
            take_back(round);
    } else if (!gathering.base.whole) {
        for (uint32_t i = 0; i < gathering.n_steps && !again && round->budget; i++)
            again = may_balance(round, gathering.steps[i].vm) &&
                    take_step(&gathering, &gathering.steps[i]) &&
                    arrive(round, gathering.steps[i].vm);
        again = again && round->n_moves < round->budget;
    }
    tell_idle(planning, &gathering, "no host is out of bounds");
    gathering_end(&gathering);
    return again;
}

struct plan *plan_balance(struct columns *columns, const struct rules *rules, uint32_t cluster,
                          uint32_t budget, double cooldown_s)
{
    struct planning planning = planning_new(columns, rules, DROVER_TO_BALANCE);
    const struct ruleset *set = cluster < rules->n ? rules->by_cluster[cluster] : NULL;
    if (!set || !set->balance.unit) {
        planning.plan->idle = "the policy has no balancer";
        return planning_done(&planning);
    }
    struct round round = {
        .planning = &planning, .set = set, .cluster = cluster, .budget = budget,
        .cooldown_s = cooldown_s, .moved = memory_array(columns->vms.n, 1),
    };
    while (balance_once(&round))
        ;
    free(round.moved);
    free(round.undo);
    return planning_done(&planning);
}

static struct plan *plan_leaving(struct columns *columns, const struct rules *rules,
                                 enum drover_trouble_kind kind, uint32_t host, bool brief)
{
    struct planning planning = planning_new(columns, rules, DROVER_TO_EVACUATE);
    planning.brief = brief;
    uint32_t cluster = columns->hosts.cluster[host];
    const struct ruleset *set = cluster < rules->n ? rules->by_cluster[cluster] : NULL;
    if (!set || !set->resilience.unit) {
        planning.plan->idle = "the policy does not move VMs off a host in trouble";
        return planning_done(&planning);
    }
    struct gathering gathering = gathering_new(&planning, set, cluster);
    struct drover_trouble trouble = {.size = sizeof trouble, .kind = kind, .host = host};
    if (gather(&gathering, &set->resilience, &trouble))
        for (uint32_t i = 0; i < gathering.n_steps; i++)
            if (may_move(columns, gathering.steps[i].vm) ||
                !planning_occupies(columns, gathering.steps[i].vm))
                planning_place(&planning, gathering.steps[i].vm, gathering.steps[i].hosts,
                               gathering.steps[i].n_hosts, gathering.steps[i].reason);
    tell_idle(&planning, &gathering, "no VM is to leave it");
    gathering_end(&gathering);
    return planning_done(&planning);
}

struct plan *plan_trouble(struct columns *columns, const struct rules *rules,
                          enum drover_trouble_kind kind, uint32_t host)
{
    return plan_leaving(columns, rules, kind, host, false);
}

struct plan *plan_fail(struct columns *columns, const struct rules *rules, uint32_t host)
{
    columns_fail(columns, host);
    return plan_leaving(columns, rules, DROVER_TROUBLE_DEAD, host, false);
}

struct plan *plan_fail_brief(struct columns *columns, const struct rules *rules, uint32_t host)
{
    columns_fail(columns, host);
    return plan_leaving(columns, rules, DROVER_TROUBLE_DEAD, host, true);
}
