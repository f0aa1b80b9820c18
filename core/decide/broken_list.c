/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rules are broken, and by whom, in the order in which they are to be mended. */
#include "decide/broken.h"

#include "base/memory.h"

#include <stdlib.h>

struct listing {
    const struct columns *columns;
    uint32_t cluster;
    uint8_t *listed; /* by VM */
    struct broken *list;
    uint32_t n, room;
    struct spread spread;
};

bool broken_may_move(const struct columns *columns, uint32_t vm)
{
    uint8_t state = columns->vms.state[vm];
    return columns->vms.host[vm] != DROVER_NONE && columns->vms.to[vm] == DROVER_NONE &&
           (state == DROVER_VM_RUNNING || state == DROVER_VM_PAUSED) &&
           columns->vms.migratable[vm] == DROVER_MIGRATABLE_YES;
}

static void add(struct listing *listing, uint32_t vm, uint32_t group, enum broken_kind kind)
{
    if (listing->listed[vm] || !broken_may_move(listing->columns, vm))
        return;
    listing->listed[vm] = 1;
    listing->list =
        memory_grow(listing->list, &listing->room, listing->n + 1, sizeof *listing->list);
    listing->list[listing->n++] = (struct broken){.vm = vm, .group = group, .kind = kind};
}

/* --- rules of VMs and hosts -------------------------------------------------------------------- */

struct offender {
    uint32_t vm;
    uint32_t group; /* the first that it breaks */
    uint32_t rules; /* how many it breaks */
};

static int by_rules(const void *a, const void *b)
{
    const struct offender *one = a, *other = b;
    if (one->rules != other->rules)
        return one->rules < other->rules ? -1 : 1;
    return (one->vm > other->vm) - (one->vm < other->vm);
}

static struct offender offences_of(const struct columns *columns, uint32_t vm, bool hard)
{
    const struct drover_lists *mine = &columns->vms.groups;
    uint32_t host = drover_vm_goes_to(&columns->vms, vm);
    struct offender offender = {.vm = vm};
    for (uint32_t g = mine->start[vm]; host != DROVER_NONE && g < mine->start[vm + 1]; g++) {
        uint32_t group = mine->item[g];
        if (columns->groups.host_enforcing[group] != hard ||
            !affinity_host_broken(columns, group, host))
            continue;
        if (offender.rules++ == 0)
            offender.group = group;
    }
    return offender;
}

static void list_hosts_rules(struct listing *listing, bool hard)
{
    const struct columns *columns = listing->columns;
    struct offender *offenders = NULL;
    uint32_t n = 0, room = 0;
    for (uint32_t v = 0; v < columns->vms.n; v++) {
        if (columns->vms.cluster[v] != listing->cluster)
            continue;
        struct offender offender = offences_of(columns, v, hard);
        if (offender.rules == 0)
            continue;
        offenders = memory_grow(offenders, &room, n + 1, sizeof *offenders);
        offenders[n++] = offender;
    }
    if (n > 0)
        qsort(offenders, n, sizeof *offenders, by_rules);
    for (uint32_t i = 0; i < n; i++)
        add(listing, offenders[i].vm, offenders[i].group,
            hard ? BROKEN_HARD_HOST : BROKEN_SOFT_HOST);
    free(offenders);
}

/* --- rules between VMs ------------------------------------------------------------------------- */

struct quarrel {
    uint32_t group;
    double priority; /* of soft groups; hard ones are all equal */
    uint32_t size;
    uint32_t first; /* VM */
};

static int by_urgency(const void *a, const void *b)
{
    const struct quarrel *one = a, *other = b;
    if (one->priority < other->priority || one->priority > other->priority)
        return one->priority > other->priority ? -1 : 1;
    if (one->size != other->size)
        return one->size > other->size ? -1 : 1;
    if (one->first != other->first)
        return one->first > other->first ? -1 : 1;
    return (one->group > other->group) - (one->group < other->group);
}

/* The group's VMs on one host. */
struct bucket {
    uint32_t host;
    uint32_t n;
    bool positive;
};

static int by_turn(const void *a, const void *b)
{
    const struct bucket *one = a, *other = b;
    if (one->n != other->n)
        return (one->n < other->n) == one->positive ? -1 : 1;
    return (one->host > other->host) - (one->host < other->host);
}

static bool is_there(const struct columns *columns, uint32_t cluster, uint32_t vm, uint32_t host)
{
    return columns->vms.cluster[vm] == cluster && drover_vm_goes_to(&columns->vms, vm) == host;
}

static bool somebody_stays(const struct listing *listing, uint32_t group, uint32_t host)
{
    const struct drover_lists *members = &listing->columns->groups.vms;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++)
        if (is_there(listing->columns, listing->cluster, members->item[i], host) &&
            listing->columns->vms.migratable[members->item[i]] != DROVER_MIGRATABLE_YES)
            return true;
    return false;
}

/* Hosts with members on them; in a negative group those with more than one. Returns how many. */
static uint32_t list_buckets(struct listing *listing, uint32_t group, struct bucket *buckets)
{
    const struct columns *columns = listing->columns;
    const struct drover_lists *members = &columns->groups.vms;
    bool positive = columns->groups.vm_rule[group] == DROVER_RULE_POSITIVE;
    uint32_t n = 0;
    affinity_count(columns, group, listing->cluster, DROVER_NONE, &listing->spread);
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t host = drover_vm_goes_to(&columns->vms, members->item[i]);
        if (host == DROVER_NONE || listing->spread.on[host] < (positive ? 1 : 2))
            continue;
        buckets[n] =
            (struct bucket){.host = host, .n = listing->spread.on[host], .positive = positive};
        n++;
        listing->spread.on[host] = 0; /* once */
    }
    affinity_clear(columns, group, &listing->spread);
    if (n > 0)
        qsort(buckets, n, sizeof *buckets, by_turn);
    return n;
}

static void list_quarrel(struct listing *listing, uint32_t group, enum broken_kind kind)
{
    const struct columns *columns = listing->columns;
    const struct drover_lists *members = &columns->groups.vms;
    uint32_t size = members->start[group + 1] - members->start[group];
    struct bucket *buckets = memory_array(size, sizeof *buckets);
    uint32_t n = list_buckets(listing, group, buckets);
    for (uint32_t b = 0; b < n; b++) {
        if (somebody_stays(listing, group, buckets[b].host))
            continue;
        for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++)
            if (is_there(columns, listing->cluster, members->item[i], buckets[b].host))
                add(listing, members->item[i], group, kind);
    }
    free(buckets);
}

static void list_vms_rules(struct listing *listing, bool hard)
{
    const struct columns *columns = listing->columns;
    const struct drover_groups *groups = &columns->groups;
    struct quarrel *quarrels = memory_array(groups->n, sizeof *quarrels);
    uint32_t n = 0;
    for (uint32_t g = 0; g < groups->n; g++) {
        uint32_t first = groups->vms.start[g], end = groups->vms.start[g + 1];
        if (groups->vm_rule[g] == DROVER_RULE_DISABLED || groups->vm_enforcing[g] != hard ||
            affinity_pairs_at_odds(columns, g, listing->cluster, &listing->spread) <= 0)
            continue;
        quarrels[n++] = (struct quarrel){
            .group = g, .priority = hard ? 0 : groups->priority[g], .size = end - first,
            .first = groups->vms.item[first],
        };
    }
    if (n > 0)
        qsort(quarrels, n, sizeof *quarrels, by_urgency);
    for (uint32_t i = 0; i < n; i++)
        list_quarrel(listing, quarrels[i].group, hard ? BROKEN_HARD_VM : BROKEN_SOFT_VM);
    free(quarrels);
}

uint32_t broken_list(const struct columns *columns, uint32_t cluster, struct broken **list)
{
    struct listing listing = {
        .columns = columns, .cluster = cluster, .listed = memory_array(columns->vms.n, 1),
        .spread = {.on = memory_array(columns->hosts.n, sizeof(uint32_t))},
    };
    list_hosts_rules(&listing, true);
    list_vms_rules(&listing, true);
    list_hosts_rules(&listing, false);
    list_vms_rules(&listing, false);
    free(listing.listed);
    free(listing.spread.on);
    *list = listing.list;
    return listing.n;
}
