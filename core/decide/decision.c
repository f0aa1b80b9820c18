/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One decision. decide_host answers, decide_explain answers and tells everything; both take the
 * same candidates through the same units and the same selector, so they choose the same.
 */
#include "decide/candidates.h"
#include "decide/select.h"
#include "decide/units.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool all_accepted(const uint8_t *verdicts, uint32_t n)
{
    uint8_t refused = 0;
    for (uint32_t i = 0; i < n; i++) /* without a way out: many at a time */
        refused |= verdicts[i];
    return refused == 0;
}

/* Keep the hosts that this filter accepts. Returns how many are left. */
static uint32_t narrow(const struct call *call, const struct bound_unit *unit, uint32_t *hosts,
                       uint32_t n, uint8_t *verdicts)
{
    unit_filter(call, unit, hosts, n, verdicts);
    if (all_accepted(verdicts, n)) /* most filters have nothing against anybody */
        return n;
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++) {
        hosts[left] = hosts[i];
        left += verdicts[i] == 0;
    }
    return left;
}

/* Weigh and select among hosts that passed; ballots are kept where somebody wants to read them. */
static uint32_t weigh_hosts(const struct call *call, const uint32_t *hosts, uint32_t n,
                            struct ballot *ballots, uint32_t *n_ballots, double *scores)
{
    *n_ballots = 0;
    for (uint32_t u = 0; u < call->rules->n_weights; u++) {
        struct ballot *ballot = &ballots[*n_ballots];
        ballot->unit = &call->rules->weights[u];
        ballot->weights = arena_array(call->arena, n, sizeof *ballot->weights);
        ballot->ranks = arena_array(call->arena, n, sizeof *ballot->ranks);
        if (unit_weigh(call, ballot->unit, hosts, n, ballot->weights))
            ++*n_ballots;
    }
    return select_host(call->rules->selector, ballots, *n_ballots, n, scores, call->arena);
}

uint32_t call_narrow(const struct call *call, uint32_t *hosts, uint32_t n)
{
    uint8_t *verdicts = arena_array(call->arena, n, 1);
    for (uint32_t f = 0; f < call->rules->n_filters && n > 0; f++)
        n = narrow(call, &call->rules->filters[f], hosts, n, verdicts);
    return n;
}

uint32_t call_choose(const struct call *call, const struct question *question)
{
    const struct ruleset *rules = call->rules;
    uint32_t *hosts = arena_array(call->arena, call->columns->hosts.n, sizeof *hosts);
    uint32_t n = call_narrow(call, hosts, candidates_list(call->columns, question, hosts));
    if (n == 0)
        return DROVER_NONE;
    if (n == 1)
        return hosts[0];
    double *scores = arena_array(call->arena, n, sizeof *scores);
    struct ballot *ballots = arena_array(call->arena, rules->n_weights, sizeof *ballots);
    uint32_t n_ballots;
    return hosts[weigh_hosts(call, hosts, n, ballots, &n_ballots, scores)];
}

bool call_allows(const struct call *call, uint32_t host)
{
    for (uint32_t f = 0; f < call->rules->n_filters; f++) {
        uint8_t verdict = 0;
        unit_filter(call, &call->rules->filters[f], &host, 1, &verdict);
        if (verdict != 0)
            return false;
    }
    return true;
}

uint32_t decide_host(const struct columns *columns, const struct ruleset *rules,
                     const struct question *question, struct arena *scratch)
{
    struct call call = call_for(columns, rules, question, scratch);
    return call_choose(&call, question);
}

bool decide_allows(const struct columns *columns, const struct ruleset *rules, uint32_t vm,
                   uint32_t host, enum drover_purpose purpose, struct arena *scratch)
{
    struct call call = call_new(columns, rules, vm, purpose, scratch);
    return call_allows(&call, host);
}

bool decide_accepts(const struct columns *columns, const struct ruleset *rules,
                    const struct question *question, uint32_t host, struct arena *scratch)
{
    struct call call = call_for(columns, rules, question, scratch);
    return call_allows(&call, host);
}

/* All that is found out about the candidates while explaining. */
struct trial {
    struct call call;
    struct failures failures;
    uint32_t *hosts; /* candidates */
    uint32_t n;
    uint8_t **verdicts; /* per filter, per candidate */
    uint32_t *passed;   /* positions of candidates that all filters accept */
    uint32_t n_passed;
    struct ballot *ballots;
    uint32_t n_ballots;
    double *scores;  /* by position in passed */
    uint32_t winner; /* position in passed */
};

static void try_filters(struct trial *trial)
{
    const struct ruleset *rules = trial->call.rules;
    struct arena *arena = trial->call.arena;
    trial->verdicts = arena_array(arena, rules->n_filters, sizeof *trial->verdicts);
    for (uint32_t f = 0; f < rules->n_filters; f++) {
        trial->verdicts[f] = arena_array(arena, trial->n, 1);
        unit_filter(&trial->call, &rules->filters[f], trial->hosts, trial->n, trial->verdicts[f]);
    }
    trial->passed = arena_array(arena, trial->n, sizeof *trial->passed);
    for (uint32_t i = 0; i < trial->n; i++) {
        bool accepted = true;
        for (uint32_t f = 0; f < rules->n_filters; f++)
            accepted &= trial->verdicts[f][i] == 0;
        if (accepted)
            trial->passed[trial->n_passed++] = i;
    }
}

static void try_weights(struct trial *trial)
{
    if (trial->n_passed == 0)
        return;
    struct arena *arena = trial->call.arena;
    uint32_t *hosts = arena_array(arena, trial->n_passed, sizeof *hosts);
    for (uint32_t i = 0; i < trial->n_passed; i++)
        hosts[i] = trial->hosts[trial->passed[i]];
    trial->scores = arena_array(arena, trial->n_passed, sizeof *trial->scores);
    trial->ballots = arena_array(arena, trial->call.rules->n_weights, sizeof *trial->ballots);
    trial->winner = weigh_hosts(&trial->call, hosts, trial->n_passed, trial->ballots,
                                &trial->n_ballots, trial->scores);
}

static bool is_told(const char *const *told, uint32_t n, const char *remedy)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(told[i], remedy) == 0)
            return true;
    return false;
}

/* What answers all refusals at once. Where one of them has no answer, the others help nobody. */
static const char *join_remedies(struct arena *arena, const struct refusal *refusals, uint32_t n)
{
    const char **remedy = arena_array(arena, n, sizeof *remedy);
    uint32_t n_remedies = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!refusals[i].remedy[0])
            return "";
        if (!is_told(remedy, n_remedies, refusals[i].remedy))
            remedy[n_remedies++] = refusals[i].remedy;
    }
    const char *all = n_remedies > 0 ? remedy[0] : "";
    for (uint32_t i = 1; i < n_remedies; i++)
        all = arena_printf(arena, "%s%s%s", all, i + 1 < n_remedies ? ", " : " and ", remedy[i]);
    return all;
}

static void tell_refusals(const struct trial *trial, uint32_t position, struct host_verdict *told)
{
    const struct ruleset *rules = trial->call.rules;
    struct arena *arena = trial->call.arena;
    uint32_t n = 0;
    for (uint32_t f = 0; f < rules->n_filters; f++)
        n += trial->verdicts[f][position] != 0;
    struct refusal *refusals = arena_array(arena, n, sizeof *refusals);
    n = 0;
    for (uint32_t f = 0; f < rules->n_filters; f++)
        if (trial->verdicts[f][position] != 0)
            refusals[n++] = unit_refusal(&trial->call, &rules->filters[f], trial->hosts[position],
                                         trial->verdicts[f][position]);
    for (uint32_t i = 0; i < n; i++)
        refusals[i].unit = arena_text(arena, refusals[i].unit);
    told->refusals = (struct rows){.item = refusals, .n = n};
    told->remedy = join_remedies(arena, refusals, n);
    if (n > 0) {
        told->refused_by = refusals[0].unit;
        told->code = refusals[0].code;
        told->reason = refusals[0].reason;
    }
}

static double place_of(const struct trial *trial, uint32_t i)
{
    uint32_t better = 0;
    for (uint32_t k = 0; k < trial->n_passed; k++)
        better += select_better(trial->call.rules->selector, trial->scores[k], trial->scores[i]) ||
                  (k < i && !select_better(trial->call.rules->selector, trial->scores[i],
                                           trial->scores[k]));
    return better + 1.0;
}

static void tell_weights(const struct trial *trial, uint32_t i, struct host_verdict *told)
{
    struct arena *arena = trial->call.arena;
    struct weighing *weighings = arena_array(arena, trial->n_ballots, sizeof *weighings);
    for (uint32_t u = 0; u < trial->n_ballots; u++)
        weighings[u] = (struct weighing){
            .unit = arena_text(arena, trial->ballots[u].unit->name),
            .raw = trial->ballots[u].weights[i],
            .rank = trial->ballots[u].ranks[i],
            .factor = trial->ballots[u].unit->factor,
        };
    told->weights = (struct rows){.item = weighings, .n = trial->n_ballots};
    told->score = trial->scores[i];
    told->place = place_of(trial, i);
    told->accepted = true;
}

static void tell_hosts(const struct trial *trial, struct decision *decision)
{
    struct arena *arena = trial->call.arena;
    struct host_verdict *told = arena_array(arena, trial->n, sizeof *told);
    for (uint32_t i = 0; i < trial->n; i++) {
        field_defaults(host_verdict_fields, &told[i]);
        told[i].name =
            arena_text(arena, trial->call.columns->hosts.name[trial->hosts[i]]);
        tell_refusals(trial, i, &told[i]);
    }
    for (uint32_t i = 0; i < trial->n_passed; i++)
        tell_weights(trial, i, &told[trial->passed[i]]);
    decision->hosts = (struct rows){.item = told, .n = trial->n};
    if (trial->n_passed > 0)
        decision->chosen = told[trial->passed[trial->winner]].name;
}

static void tell_question(const struct trial *trial, struct decision *decision)
{
    struct arena *arena = &decision->arena;
    const struct columns *columns = trial->call.columns;
    uint32_t vm = trial->call.ask.vm;
    uint32_t from = trial->call.ask.from;
    decision->at = columns->fleet.now;
    decision->vm = arena_text(arena, columns->vms.name[vm]);
    decision->uuid = arena_text(arena, columns->vms.uuid[vm]);
    decision->from = from == DROVER_NONE ? "" : arena_text(arena, columns->hosts.name[from]);
    decision->purpose = purpose_names[trial->call.ask.purpose];
    decision->policy = arena_text(arena, trial->call.rules->name);
    decision->policy_hash = arena_text(arena, trial->call.rules->hash);
}

struct decision *decide_explain(const struct columns *columns, const struct ruleset *rules,
                                const struct question *question)
{
    struct decision *decision = memory_new(sizeof *decision);
    field_defaults(decision_fields, decision);
    struct arena *arena = &decision->arena;
    struct trial trial = {
        .call = call_for(columns, rules, question, arena),
        .hosts = arena_array(arena, columns->hosts.n, sizeof(uint32_t)),
    };
    trial.call.failures = &trial.failures;
    trial.n = candidates_list(columns, question, trial.hosts);
    try_filters(&trial);
    try_weights(&trial);
    tell_question(&trial, decision);
    tell_hosts(&trial, decision);
    decision->failures = failures_rows(&trial.failures);
    return decision;
}

static const char *cluster_name(const struct columns *columns, uint32_t cluster)
{
    return cluster < columns->clusters.n ? columns->clusters.name[cluster] : "unknown";
}

struct decision *explain_vm(const struct columns *columns, const struct rules *rules, uint32_t vm,
                            uint32_t to, struct error *error)
{
    const struct ruleset *set = rules_of(rules, columns, vm);
    if (!set) {
        error_set(error, ERROR_FAILED, "VM %s: its cluster has no policy that could be loaded",
                  columns->vms.name[vm]);
        return NULL;
    }
    if (to != DROVER_NONE && columns->hosts.cluster[to] != columns->vms.cluster[vm]) {
        error_set(error, ERROR_USAGE,
                  "VM %s is of cluster %s, host %s of cluster %s: a VM moves within its cluster",
                  columns->vms.name[vm], cluster_name(columns, columns->vms.cluster[vm]),
                  columns->hosts.name[to], cluster_name(columns, columns->hosts.cluster[to]));
        return NULL;
    }
    bool runs = columns->vms.state[vm] != DROVER_VM_DOWN && columns->vms.host[vm] != DROVER_NONE;
    struct question question = {
        .vm = vm,
        .purpose = runs ? DROVER_TO_MIGRATE : DROVER_TO_START,
        .hosts = &to,
        .n_hosts = to == DROVER_NONE ? 0 : 1,
        .stay_allowed = true,
    };
    return decide_explain(columns, set, &question);
}
