/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * N+1, all the time: if this host died now, which of its VMs would find no place? Each round some
 * hosts are looked at, those longest ago first; the answer is a whole plan (plan_fail), with every
 * filter of the policy. How many hosts that are goes by the size of the fleet: all of a small one,
 * a few of a large one, whose filters may use the cheap bound of `n_plus_one` meanwhile.
 *
 * What is found is told when two looks in a row have found it, so that a VM on its way does not
 * make a notice; a host with something to tell is looked at again in the next round, the others
 * every five minutes. While hosts are connecting or being fenced nothing is looked at: what they
 * have is not known.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define WORK 100000 /* hosts looked at in a round, times hosts and VMs of the fleet */
#define AGAIN_S 300 /* an answer of which nothing is to be told is good for so long */
#define SHOWN 3     /* VMs of a host, and hosts, that a notice names */

/* ------------------------------------------------------------------ one host */

static void forget_names(struct spare *spare)
{
    for (uint32_t i = 0; i < spare->unfit.n; i++)
        free((char *)(uintptr_t)spare->unfit.item[i]);
    free(spare->unfit.item);
    spare->unfit = (struct texts){0};
}

void spare_free(struct spare *spare)
{
    forget_names(spare);
}

static void keep_names(struct spare *spare, const struct plan *plan)
{
    const struct unplaced *unplaced = plan->unplaced.item;
    forget_names(spare);
    spare->unfit.item = memory_array(plan->unplaced.n, sizeof *spare->unfit.item);
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        spare->unfit.item[spare->unfit.n++] = memory_copy_text(unplaced[i].vm);
    spare->unfit.known = true;
}

/* A host that is off, or is not known well enough, has no VMs to lose. */
static bool is_of_interest(const struct engine *engine, const struct watch *watch)
{
    int state = fleet_host(engine->fleet, watch->name)->state;
    return watch->connected && watch->reported &&
           (state == DROVER_HOST_UP || state == DROVER_HOST_PREPARING_FOR_MAINTENANCE ||
            state == DROVER_HOST_NON_OPERATIONAL);
}

static void found(struct spare *spare, bool lost)
{
    spare->looks = spare->lost == lost ? spare->looks + 1 : 1;
    spare->lost = lost;
}

static void look_at(struct engine *engine, struct watch *watch)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    columns->asking = true;
    struct plan *plan = plan_fail_brief(columns, &rules, columns_host(columns, watch->name));
    keep_names(&watch->spare, plan);
    found(&watch->spare, plan->unplaced.n > 0);
    watch->spare.looked_at = engine->now;
    plan_free(plan);
    columns_free(columns);
    arena_free(&arena);
}

/* ------------------------------------------------------------------ what is told */

static bool is_to_be_told(const struct watch *watch)
{
    return watch->spare.lost != watch->spare.told;
}

/* "kvm1 (db1, db2, db3 and 4 more)" */
static const char *describe(struct engine *engine, const struct watch *watch)
{
    const struct texts *unfit = &watch->spare.unfit;
    const char *text = "";
    for (uint32_t i = 0; i < unfit->n && i < SHOWN; i++)
        text = emit_printf(engine, "%s%s%s", text, i ? ", " : "", unfit->item[i]);
    if (unfit->n > SHOWN)
        text = emit_printf(engine, "%s and %u more", text, unfit->n - SHOWN);
    return unfit->n ? emit_printf(engine, "%s (%s)", watch->name, text) : watch->name;
}

/* Those of which that is to be told, and mark them as told. *n: how many. */
static const char *tell_of(struct engine *engine, bool lost, uint32_t *n)
{
    const char *text = "";
    *n = 0;
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (!is_to_be_told(watch) || watch->spare.lost != lost || watch->spare.looks < 2)
            continue;
        watch->spare.told = lost;
        if ((*n)++ < SHOWN)
            text = emit_printf(engine, "%s%s%s", text, *n > 1 ? "; " : "",
                               describe(engine, watch));
    }
    return *n > SHOWN ? emit_printf(engine, "%s and %u more hosts", text, *n - SHOWN) : text;
}

/*
 * Notices without an id: what they say depends on the policy, and in a replay with another one the
 * moves must keep their numbers.
 */
static void tell(struct engine *engine)
{
    uint32_t n, left = 0;
    const char *hosts = tell_of(engine, true, &n);
    if (n > 0)
        set_aside(engine,
                  notice(engine, NOTICE_WARNING, "n1.lost", NULL, NULL,
                         "if one of these hosts died now, VMs of it would not fit elsewhere: %s; "
                         "drover plan fail HOST tells why", hosts));
    hosts = tell_of(engine, false, &n);
    for (uint32_t i = 0; i < engine->n_watches; i++)
        left += engine->watches[i]->spare.told;
    if (n > 0)
        set_aside(engine,
                  notice(engine, NOTICE_INFO, "n1.regained", NULL, NULL,
                         "if one of these hosts died now, what runs there would fit elsewhere "
                         "again: %s; of %u others it would not", hosts, left));
}

/* ------------------------------------------------------------------ a round */

/* Before the other: one with something to tell, then the one that was looked at longer ago. */
static bool comes_before(const struct watch *one, const struct watch *other)
{
    if (is_to_be_told(one) != is_to_be_told(other))
        return is_to_be_told(one);
    return one->spare.looked_at < other->spare.looked_at;
}

/* A clock that was set back makes an answer old, too. */
static bool is_due(const struct engine *engine, const struct watch *watch)
{
    double age = engine->now - watch->spare.looked_at;
    return is_to_be_told(watch) ? age != 0 : !(age >= 0 && age < AGAIN_S);
}

static struct watch *next_to_look_at(const struct engine *engine)
{
    struct watch *next = NULL;
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (is_of_interest(engine, watch) && is_due(engine, watch) &&
            (!next || comes_before(watch, next)))
            next = watch;
    }
    return next;
}

static bool is_known(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        int state = fleet_host(engine->fleet, engine->watches[i]->name)->state;
        if (state == DROVER_HOST_CONNECTING || state == DROVER_HOST_FENCING)
            return false;
    }
    return !engine->cut_off;
}

void spare_review(struct engine *engine)
{
    if (!is_known(engine))
        return;
    uint32_t budget = WORK / (engine->fleet->n_vms + engine->fleet->n_hosts + 1) + 1;
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (is_of_interest(engine, watch))
            continue;
        forget_names(&watch->spare);
        found(&watch->spare, false);
    }
    struct watch *watch;
    while (budget-- > 0 && (watch = next_to_look_at(engine)))
        look_at(engine, watch);
    tell(engine);
}
