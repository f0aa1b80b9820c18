/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of the same question, asked in other words: again, of the same fleet written in
 * another order, and of the same fleet with other names.
 */
#include "property_private.h"

#include "base/memory.h"
#include "sim/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_ORDER 96

/* What drover says of a fleet: of each VM, of a drain, and of balancing. */
struct said {
    struct decision **decision; /* in the order of the keys asked for */
    uint32_t n;
    struct plan *drain, *balance;
};

/* Keys of a fleet's VMs. free() the array. */
static char **keys_of(const struct fleet *fleet)
{
    char **keys = memory_array(fleet->n_vms, sizeof *keys);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        keys[i] = memory_copy_text(vm_key(fleet->vms[i]));
    return keys;
}

static void keys_free(char **keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(keys[i]);
    free(keys);
}

static bool ask_all(const struct property_trial *trial, char **keys, uint32_t n, const char *host,
                    struct said *answers)
{
    const struct api_source *api = offline_api(trial->offline);
    *answers = (struct said){.decision = memory_array(n, sizeof *answers->decision), .n = n};
    for (uint32_t i = 0; i < n; i++) {
        answers->decision[i] = api->explain(api->self, keys[i], NULL, trial->error);
        if (!answers->decision[i])
            return false;
    }
    answers->drain = property_drain(trial, host);
    answers->balance = answers->drain ? property_balance(trial, true) : NULL;
    return answers->balance != NULL;
}

static void said_free(struct said *answers)
{
    for (uint32_t i = 0; i < answers->n; i++)
        if (answers->decision[i])
            decision_free(answers->decision[i]);
    free(answers->decision);
    if (answers->drain)
        plan_free(answers->drain);
    if (answers->balance)
        plan_free(answers->balance);
}

/* ------------------------------------------------------------------ the same answers */

static const char *chosen_of(const struct decision *decision)
{
    return decision->chosen ? decision->chosen : "no host";
}

static bool tell_host(struct property_trial *trial, const char *vm, const struct host_verdict *a,
                      const struct host_verdict *b, const char *what)
{
    if (a->accepted && b->accepted)
        return property_broken(trial, "explain %s: host %s has the score %g; %s, %g", vm, a->name,
                               a->score, what, b->score);
    return property_broken(trial, "explain %s: host %s is %s \"%.200s\"; %s, %s \"%.200s\"", vm,
                           a->name, a->accepted ? "accepted" : "refused:", a->reason, what,
                           b->accepted ? "accepted" : "refused:", b->reason);
}

static bool tell_decision(struct property_trial *trial, const struct decision *a,
                          const struct decision *b, const char *what)
{
    const struct host_verdict *one = a->hosts.item, *other = b->hosts.item;
    if (strcmp(chosen_of(a), chosen_of(b)) != 0)
        return property_broken(trial, "explain %s: %s is chosen; %s, %s is", a->vm, chosen_of(a),
                               what, chosen_of(b));
    for (uint32_t i = 0; i < a->hosts.n && i < b->hosts.n; i++)
        if (!field_equal(host_verdict_fields, &one[i], &other[i]))
            return tell_host(trial, a->vm, &one[i], &other[i], what);
    return property_broken(trial, "explain %s: the answer is another one %s", a->vm, what);
}

static bool tell_plan(struct property_trial *trial, const struct plan *a, const struct plan *b,
                      const char *plan, const char *what)
{
    const struct planned_move *one = a->moves.item, *other = b->moves.item;
    for (uint32_t i = 0; i < a->moves.n && i < b->moves.n; i++)
        if (strcmp(one[i].key, other[i].key) != 0 || strcmp(one[i].to, other[i].to) != 0)
            return property_broken(trial, "%s: move %u is %s to %s; %s, %s to %s", plan, i + 1,
                                   one[i].vm, one[i].to, what, other[i].vm, other[i].to);
    return property_broken(trial, "%s: %u moves, %u VMs without a host; %s, %u and %u, or other "
                           "reasons", plan, a->moves.n, a->unplaced.n, what, b->moves.n,
                           b->unplaced.n);
}

static bool same(struct property_trial *trial, const struct said *a, const struct said *b,
                 const char *what)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (!field_equal(decision_fields, a->decision[i], b->decision[i]))
            return tell_decision(trial, a->decision[i], b->decision[i], what);
    if (!field_equal(plan_fields, a->drain, b->drain))
        return tell_plan(trial, a->drain, b->drain, "drain", what);
    return field_equal(plan_fields, a->balance, b->balance) ||
           tell_plan(trial, a->balance, b->balance, "balance", what);
}

/* Ask, do something that must not matter (NULL: nothing), and ask again. */
static bool ask_twice(struct property_trial *trial, struct fleet *other, const char *what)
{
    struct fleet *kept = fleet_copy(property_fleet(trial)); /* its names outlive the first */
    char **keys = keys_of(kept);
    char *host = memory_copy_text(property_host(trial));
    struct said first, second = {.decision = NULL};
    bool holds = ask_all(trial, keys, kept->n_vms, host, &first);
    if (other)
        offline_use(trial->offline, other);
    holds = holds && ask_all(trial, keys, kept->n_vms, host, &second) &&
            same(trial, &first, &second, what);
    said_free(&first);
    said_free(&second);
    keys_free(keys, kept->n_vms);
    free(host);
    fleet_free(kept);
    return holds;
}

bool property_repeatable(struct property_trial *trial)
{
    return ask_twice(trial, NULL, "asked again");
}

/* -------------------------------------------------------------------- another order */

/* Of 0 .. n - 1. free() it. */
static uint32_t *shuffled(struct random *random, uint32_t n)
{
    uint32_t *order = memory_array(n, sizeof *order);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = random_below(random, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    return order;
}

/* Each list by numbers of its own: what becomes of it does not depend on other records. */
static struct random chance_of(uint64_t seed, const char *record, const char *list)
{
    uint64_t stream = STREAM_ORDER;
    for (; *record; record++)
        stream = stream * 31 + (unsigned char)*record;
    for (; *list; list++)
        stream = stream * 31 + (unsigned char)*list;
    return random_new(seed, stream);
}

static void shuffle_texts(uint64_t seed, const char *record, struct texts *texts,
                          struct arena *arena)
{
    struct random random = chance_of(seed, record, "texts");
    uint32_t *order = shuffled(&random, texts->n);
    const char **item = arena_array(arena, texts->n, sizeof *item);
    for (uint32_t i = 0; i < texts->n; i++)
        item[i] = texts->item[order[i]];
    texts->item = item;
    free(order);
}

static void shuffle_labels(uint64_t seed, const char *record, struct pairs *pairs,
                           struct arena *arena)
{
    struct random random = chance_of(seed, record, "labels");
    uint32_t *order = shuffled(&random, pairs->n);
    struct pair *item = arena_array(arena, pairs->n, sizeof *item);
    for (uint32_t i = 0; i < pairs->n; i++)
        item[i] = pairs->item[order[i]];
    pairs->item = item;
    free(order);
}

/* Rows, and within them what is a set: labels, networks, pins, members. */
static void put_shuffled(struct fleet *to, const struct fleet *from, uint64_t seed)
{
    struct random random = chance_of(seed, "", "hosts");
    uint32_t *order = shuffled(&random, from->n_hosts);
    for (uint32_t i = 0; i < from->n_hosts; i++) {
        struct host *host = fleet_put_host(to, from->hosts[order[i]]);
        shuffle_labels(seed, host->name, &host->labels, &to->arena);
        shuffle_texts(seed, host->name, &host->networks, &to->arena);
        shuffle_texts(seed, host->name, &host->storage, &to->arena);
    }
    free(order);
    random = chance_of(seed, "", "vms");
    order = shuffled(&random, from->n_vms);
    for (uint32_t i = 0; i < from->n_vms; i++) {
        struct vm *vm = fleet_put_vm(to, from->vms[order[i]]);
        shuffle_labels(seed, vm->name, &vm->labels, &to->arena);
        shuffle_texts(seed, vm->name, &vm->networks, &to->arena);
        shuffle_texts(seed, vm->name, &vm->storage, &to->arena);
        shuffle_texts(seed, vm->name, &vm->pinned_hosts, &to->arena);
        shuffle_texts(seed, vm->name, &vm->preferred_hosts, &to->arena);
    }
    free(order);
    random = chance_of(seed, "", "groups");
    order = shuffled(&random, from->n_groups);
    for (uint32_t i = 0; i < from->n_groups; i++) {
        struct group *group = fleet_put_group(to, from->groups[order[i]]);
        shuffle_texts(seed, group->name, &group->vms, &to->arena);
        shuffle_texts(seed, group->name, &group->hosts, &to->arena);
    }
    free(order);
}

static struct fleet *fleet_like(const struct fleet *fleet)
{
    struct fleet *copy = fleet_new();
    copy->now = fleet->now;
    for (uint32_t i = 0; i < fleet->n_clusters; i++)
        fleet_put_cluster(copy, fleet->clusters[i]);
    return copy;
}

bool property_permutation(struct property_trial *trial)
{
    struct fleet *other = fleet_like(property_fleet(trial));
    put_shuffled(other, property_fleet(trial), trial->seed);
    return ask_twice(trial, other, "with the fleet in another order");
}

/* ---------------------------------------------------------------------- other names */

/* New names: of host i "n07" and of VM i "m19", in no relation to the old ones' order. */
struct names {
    const struct fleet *old;
    uint32_t *host, *vm; /* the numbers */
    struct arena arena;
};

static const char *new_host(struct names *names, const char *old)
{
    for (uint32_t i = 0; old && i < names->old->n_hosts; i++)
        if (strcmp(names->old->hosts[i]->name, old) == 0)
            return arena_printf(&names->arena, "n%05u", names->host[i]);
    return old;
}

static void rename_hosts(struct names *names, struct texts *texts)
{
    const char **item = arena_array(&names->arena, texts->n, sizeof *item);
    for (uint32_t i = 0; i < texts->n; i++)
        item[i] = new_host(names, texts->item[i]);
    texts->item = item;
}

/* Members stand there by name or by UUID; the latter stay. */
static void rename_vms(struct names *names, struct texts *texts)
{
    const char **item = arena_array(&names->arena, texts->n, sizeof *item);
    for (uint32_t k = 0; k < texts->n; k++) {
        item[k] = texts->item[k];
        for (uint32_t i = 0; i < names->old->n_vms; i++)
            if (strcmp(names->old->vms[i]->name, texts->item[k]) == 0)
                item[k] = arena_printf(&names->arena, "m%05u", names->vm[i]);
    }
    texts->item = item;
}

static struct fleet *renamed(struct names *names)
{
    const struct fleet *old = names->old;
    struct fleet *fleet = fleet_like(old);
    for (uint32_t i = 0; i < old->n_hosts; i++) {
        struct host host = *old->hosts[i];
        host.name = new_host(names, host.name);
        fleet_put_host(fleet, &host);
    }
    for (uint32_t i = 0; i < old->n_vms; i++) {
        struct vm vm = *old->vms[i];
        vm.name = arena_printf(&names->arena, "m%05u", names->vm[i]);
        vm.host = new_host(names, vm.host);
        rename_hosts(names, &vm.pinned_hosts);
        rename_hosts(names, &vm.preferred_hosts);
        fleet_put_vm(fleet, &vm);
    }
    for (uint32_t i = 0; i < old->n_groups; i++) {
        struct group group = *old->groups[i];
        rename_hosts(names, &group.hosts);
        rename_vms(names, &group.vms);
        fleet_put_group(fleet, &group);
    }
    return fleet;
}

static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(1, fmax(fabs(a), fabs(b)));
}

/* The verdicts on one VM. Who is chosen among equals goes by name, so that may change. */
static bool same_but_names(struct property_trial *trial, struct names *names,
                           const struct decision *a, const struct decision *b)
{
    const struct host_verdict *one = a->hosts.item, *other = b->hosts.item;
    for (uint32_t i = 0; i < a->hosts.n; i++) {
        const char *name = new_host(names, one[i].name);
        for (uint32_t k = 0; k < b->hosts.n; k++) {
            if (strcmp(other[k].name, name) != 0)
                continue;
            if (one[i].accepted != other[k].accepted || strcmp(one[i].code, other[k].code) != 0)
                return property_broken(trial, "explain %s: host %s is %s %s, and %s %s when it is "
                                       "called %s", a->vm, one[i].name,
                                       one[i].accepted ? "accepted" : "refused:", one[i].code,
                                       other[k].accepted ? "accepted" : "refused:", other[k].code,
                                       name);
            if (!near(one[i].score, other[k].score))
                return property_broken(trial, "explain %s: the score of host %s is %g, and %g "
                                       "when it is called %s", a->vm, one[i].name, one[i].score,
                                       other[k].score, name);
        }
    }
    return true;
}

static struct decision *explain(const struct property_trial *trial, const char *vm)
{
    const struct api_source *api = offline_api(trial->offline);
    return api->explain(api->self, vm, NULL, trial->error);
}

/* ------------------------------------------------------ other names in the same order */

static uint32_t *host_places(const struct fleet *fleet)
{
    uint32_t *place = memory_array(fleet->n_hosts, sizeof *place);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        for (uint32_t k = 0; k < fleet->n_hosts; k++)
            place[i] += strcmp(fleet->hosts[k]->name, fleet->hosts[i]->name) < 0;
    return place;
}

/* VMs stand in order of name, those of one name in order of key. */
static uint32_t *vm_places(const struct fleet *fleet)
{
    uint32_t *place = memory_array(fleet->n_vms, sizeof *place);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        for (uint32_t k = 0; k < fleet->n_vms; k++) {
            int order = strcmp(fleet->vms[k]->name, fleet->vms[i]->name);
            if (order == 0)
                order = strcmp(vm_key(fleet->vms[k]), vm_key(fleet->vms[i]));
            place[i] += order < 0;
        }
    return place;
}

/* The new name of the VM with that key. */
static const char *new_vm(struct names *names, const char *key)
{
    for (uint32_t i = 0; i < names->old->n_vms; i++)
        if (strcmp(vm_key(names->old->vms[i]), key) == 0)
            return arena_printf(&names->arena, "m%05u", names->vm[i]);
    return key;
}

static bool same_moves(struct property_trial *trial, struct names *names, const struct plan *a,
                       const struct plan *b)
{
    const struct planned_move *one = property_moves(a), *other = property_moves(b);
    if (a->moves.n != b->moves.n)
        return property_broken(trial, "balance: %u moves, and %u with other names in the same "
                               "order", a->moves.n, b->moves.n);
    for (uint32_t i = 0; i < a->moves.n; i++)
        if (strcmp(new_vm(names, one[i].key), other[i].vm) != 0 ||
            strcmp(new_host(names, one[i].to), other[i].to) != 0)
            return property_broken(trial, "balance: move %u is %s to %s; with other names in the "
                                   "same order, %s to %s, which are %s to %s", i + 1, one[i].vm,
                                   one[i].to, other[i].vm, other[i].to,
                                   new_vm(names, one[i].key), new_host(names, one[i].to));
    return true;
}

/* Plans break ties by name: where the order of names stays, so do all of a plan's moves. */
static bool balances_alike(struct property_trial *trial, const struct fleet *old)
{
    struct names names = {.old = old, .host = host_places(old), .vm = vm_places(old)};
    struct plan *before = property_balance(trial, true), *after = NULL;
    if (before) {
        offline_use(trial->offline, renamed(&names));
        after = property_balance(trial, true);
    }
    bool holds = after && same_moves(trial, &names, before, after);
    if (before)
        plan_free(before);
    if (after)
        plan_free(after);
    free(names.host);
    free(names.vm);
    arena_free(&names.arena);
    return holds;
}

bool property_renaming(struct property_trial *trial)
{
    struct random random = random_new(trial->seed, STREAM_ORDER);
    struct fleet *old = fleet_copy(property_fleet(trial));
    struct names names = {.old = old, .host = shuffled(&random, old->n_hosts),
                          .vm = shuffled(&random, old->n_vms)};
    struct decision **before = memory_array(old->n_vms, sizeof *before);
    bool holds = true;
    for (uint32_t i = 0; holds && i < old->n_vms; i++)
        holds = (before[i] = explain(trial, vm_key(old->vms[i]))) != NULL;
    holds = holds && balances_alike(trial, old);
    if (holds)
        offline_use(trial->offline, renamed(&names));
    for (uint32_t i = 0; holds && i < old->n_vms; i++) {
        const char *name = arena_printf(&names.arena, "m%05u", names.vm[i]);
        struct decision *after = explain(trial, old->vms[i]->uuid ? old->vms[i]->uuid : name);
        holds = after && same_but_names(trial, &names, before[i], after);
        if (after)
            decision_free(after);
    }
    for (uint32_t i = 0; i < old->n_vms; i++)
        if (before[i])
            decision_free(before[i]);
    free(before);
    free(names.host);
    free(names.vm);
    arena_free(&names.arena);
    fleet_free(old);
    return holds;
}
