/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Admission: libvirtd on a host asks, through the hook, whether something may happen there. The
 * answer comes from memory alone. Whatever cannot be judged is allowed: a question that makes no
 * sense must never cost a VM.
 *
 * In this order: a host in maintenance is closed; a VM that runs elsewhere is not started twice,
 * nor one that drover is about to start; what somebody else starts or sends must pass the filters of
 * the cluster's policy, as what drover sends has done already; then admit units have their say. An
 * arriving VM is started, too, for libvirt: with `prepare` and `start` after its `migrate`. What was
 * let in is booked until its host has said that it runs there: see booking.c.
 */
#include "engine/proof.h"

#include "model/secrets.h"

#include <string.h>

/* Operations that can still be refused. The others inform, or a refusal would kill a guest. */
static bool may_refuse(const struct hook_ask *hook)
{
    static const struct {
        const char *driver;
        const char *operations[5];
    } refusable[] = {
        {"qemu", {"prepare", "start", "migrate", "restore", NULL}},
        {"libxl", {"prepare", "start", "migrate", NULL}},
        {"lxc", {"prepare", "start", NULL}},
        {"bhyve", {"prepare", "start", NULL}},
    };
    for (size_t i = 0; i < sizeof refusable / sizeof *refusable; i++)
        if (strcmp(refusable[i].driver, hook->driver) == 0)
            return field_choice(refusable[i].operations, hook->operation) >= 0;
    return false;
}

/* Hosts call themselves by short or by full names. */
static struct watch *watch_of_hook(struct engine *engine, const char *name)
{
    struct watch *watch = watch_find(engine, name);
    if (watch)
        return watch;
    size_t length = strcspn(name, ".");
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        const char *own = engine->watches[i]->name;
        if (strcspn(own, ".") == length && strncmp(own, name, length) == 0)
            return engine->watches[i];
    }
    return NULL;
}

static void allow(struct engine *engine, const struct event *event, const char *xml)
{
    struct effect *effect = emit(engine, EFFECT_HOOK_ANSWER);
    effect->request = event->id;
    effect->ok = true;
    effect->value = xml ? emit_text(engine, xml) : NULL;
}

static void refuse(struct engine *engine, const struct event *event, const char *code,
                   const char *text)
{
    struct effect *effect = emit(engine, EFFECT_HOOK_ANSWER);
    effect->request = event->id;
    effect->ok = false;
    effect->name = emit_text(engine, code);
    effect->text = emit_text(engine, text);
    notice(engine, NOTICE_WARNING, "hook.refused", event->host, event->hook.object, "%s", text);
}

/* The fleet with the asked-for VM in it, as it would be: not running yet, if nobody knows it. */
struct asking {
    struct columns *columns;
    struct arena arena;
    struct rules rules;
    uint32_t vm;
    bool added;
    const char *key;
};

static struct asking ask_begin(struct engine *engine, const struct event *event,
                               const struct watch *watch)
{
    struct asking asking = {.vm = DROVER_NONE};
    const struct vm *sent = event->vms.n == 1 ? event->vms.item : NULL;
    if (sent) {
        asking.key = vm_key(sent);
        if (!fleet_vm(engine->fleet, asking.key)) {
            struct vm fresh = *sent;
            fresh.host = watch->name; /* so that it belongs to that host's cluster */
            fresh.state = DROVER_VM_DOWN;
            fleet_put_vm(engine->fleet, &fresh);
            asking.added = true;
        }
    }
    asking.columns = engine_columns(engine);
    asking.rules = engine_rules(engine, asking.columns, &asking.arena);
    if (asking.key)
        asking.vm = columns_vm(asking.columns, asking.key);
    if (asking.vm != DROVER_NONE && !move_of_vm(engine, asking.key))
        columns_release(asking.columns, asking.vm); /* its own booking is not in its way */
    return asking;
}

static void ask_end(struct engine *engine, struct asking *asking)
{
    if (asking->added)
        fleet_remove_vm(engine->fleet, asking->key);
    columns_free(asking->columns);
    arena_free(&asking->arena);
}

/* Where it could go instead; "" where nothing is known. */
static const char *best_other(struct engine *engine, const struct asking *asking,
                              const struct watch *watch)
{
    if (asking->vm == DROVER_NONE)
        return "";
    const struct ruleset *rules = rules_of(&asking->rules, asking->columns, asking->vm);
    if (!rules)
        return "";
    uint32_t here = columns_host(asking->columns, watch->name);
    struct question question = {
        .vm = asking->vm, .purpose = DROVER_TO_ADMIT, .without = &here, .n_without = 1,
        .stay_allowed = true,
    };
    struct arena scratch = ARENA_INIT;
    uint32_t best = decide_host(asking->columns, rules, &question, &scratch);
    arena_free(&scratch);
    return best == DROVER_NONE
               ? "; no other host of its cluster takes it at the moment"
               : emit_printf(engine, "; the best other host is %s",
                             asking->columns->hosts.name[best]);
}

static const char *doing(const char *operation)
{
    if (strcmp(operation, "migrate") == 0)
        return "migrate to";
    if (strcmp(operation, "restore") == 0)
        return "be restored on";
    return "start on";
}

static const char *why_closed(struct engine *engine, const struct watch *watch)
{
    const struct wish *wish = &watch->maintenance;
    const struct host *host = fleet_host(engine->fleet, watch->name);
    if (host->state == DROVER_HOST_FENCING)
        return "is being fenced";
    if (!watch_wants_maintenance(watch))
        return NULL;
    return emit_printf(engine, "is in maintenance (asked for by %s)",
                       wish->by_operator && wish->who ? wish->who : "a file in maintenance.d");
}

/* --- starts and moves of others ------------------------------------------------------------ */

/* What drover itself has ordered was decided with these very filters. */
static bool drover_sent(const struct engine *engine, const struct asking *asking,
                        const struct watch *watch)
{
    const struct move *move = move_of_vm(engine, asking->key);
    if (move && move_is_cold(move) && move->record.stage != STAGE_START)
        return staged_comes_back(engine, asking->key, watch->name);
    return move && move_is_active(move) && move->record.to &&
           strcmp(move->record.to, watch->name) == 0;
}

/*
 * Whether what is known of a VM on that host stands: it does as long as the host answers. Of one
 * that does not nothing is known: whoever starts its VMs elsewhere may have made sure that it is
 * off. But an HA VM is drover's to restart, and that waits for proof; so does everybody else.
 */
static bool stands(const struct engine *engine, const char *host, bool waits_for_proof)
{
    const struct watch *watch = watch_find(engine, host);
    if (!watch || (watch->connected && watch->reported))
        return watch != NULL;
    return waits_for_proof && !proof_of_host(watch);
}

/*
 * The host on which it runs, as that host itself says; else NULL. Of two that say so either counts:
 * which of them is right is being asked. And what a cold move keeps here to go back to, until
 * somebody has judged it, waits for proof whatever the VM is.
 */
static const char *runs_elsewhere(const struct engine *engine, const struct asking *asking,
                                  const struct watch *watch)
{
    const struct vm *vm = fleet_vm(engine->fleet, asking->key);
    const char *there = staged_keeps_for(engine, asking->key, watch->name);
    if (there && !proof_of_vm(engine, asking->key, there))
        return there;
    if (!vm || !vm->host || !vm_occupies(vm) || vm->state == DROVER_VM_MIGRATING)
        return NULL;
    const char *hosts[] = {vm->host, doubt_other(engine, asking->key, vm->host)};
    for (int i = 0; i < 2; i++)
        if (hosts[i] && strcmp(hosts[i], watch->name) != 0 && stands(engine, hosts[i], vm->ha))
            return hosts[i];
    return NULL;
}

/* It was let start on another host, which has not been lost since: its hook alone may be heard. */
static const struct booking *starts_elsewhere(const struct engine *engine,
                                              const struct asking *asking,
                                              const struct watch *watch)
{
    const struct booking *booking = booking_elsewhere(engine, asking->key, watch->name);
    const struct watch *other = booking ? watch_find(engine, booking->host) : NULL;
    return other && (other->connected || other->lost_at < booking->at) ? booking : NULL;
}

/* Why a start here would be a second one; NULL: it would not, as far as is known. */
static const char *would_be_twice(struct engine *engine, const struct asking *asking,
                                  const struct watch *watch)
{
    const char *elsewhere = runs_elsewhere(engine, asking, watch);
    const struct watch *there = elsewhere ? watch_find(engine, elsewhere) : NULL;
    if (there && !(there->connected && there->reported))
        return emit_printf(engine, "it was last heard of on host %s, which does not answer and is "
                           "not known to be off; if it is: drover evacuate %s "
                           "--confirm-host-is-off", elsewhere, elsewhere);
    if (elsewhere)
        return emit_printf(engine, "it runs on host %s already", elsewhere);
    const struct booking *booking = starts_elsewhere(engine, asking, watch);
    if (!booking)
        return NULL;
    return emit_printf(engine, "it is about to start on host %s; if that has failed, try again in "
                       "two minutes", booking->host);
}

/*
 * Why nobody else may start it: a restart is about to, or has done so elsewhere, and what is defined
 * here is left over; NULL: that is not so. Of a VM that is known to be off nothing is left over.
 */
static const char *is_drovers_to_start(struct engine *engine, const struct asking *asking,
                                       const struct watch *watch)
{
    const struct move *move = move_of_vm(engine, asking->key);
    const struct vm *vm = asking->added ? NULL : fleet_vm(engine->fleet, asking->key);
    if (move && move_is_restart(move))
        return emit_printf(engine, "drover is about to start it (%s); to start it by hand, stop "
                           "that first: drover abort %s", move->record.reason, move->record.name);
    if (vm && !vm_occupies(vm) && move && move_is_cold(move) && move_is_active(move))
        return emit_printf(engine, "drover has shut it down to start it on host %s (drover "
                           "migrations shows how far it is)", move->record.to);
    if (leftover_is_at(engine, asking->key, watch->name) && (!vm || vm_occupies(vm)))
        return "drover has started it on another host since, and this definition is left over";
    return NULL;
}

/* What the policy has against the VM on this host: NULL, or a refusal in the decision. */
static const struct host_verdict *judge(struct engine *engine, const struct asking *asking,
                                        const struct watch *watch, struct decision **decision)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    const struct ruleset *rules = ruleset_of_cluster(engine, host->cluster);
    uint32_t here = columns_host(asking->columns, watch->name);
    const struct question question = {
        .vm = asking->vm, .purpose = DROVER_TO_ADMIT, .hosts = &here, .n_hosts = 1,
        .stay_allowed = true,
    };
    if (!rules || !watch->connected || !watch->reported)
        return NULL; /* not known well enough */
    *decision = decide_explain(asking->columns, rules, &question);
    breakers_note(engine, &(*decision)->failures);
    const struct host_verdict *verdict = (*decision)->hosts.item;
    return (*decision)->hosts.n == 1 && !verdict->accepted ? verdict : NULL;
}

/* Whether somebody else's start or move may go on to the admit units; if not, it was refused. */
static bool may_come(struct engine *engine, const struct event *event, const struct watch *watch,
                     const struct asking *asking)
{
    const struct hook_ask *hook = &event->hook;
    bool moves = strcmp(hook->operation, "migrate") == 0;
    if (asking->vm == DROVER_NONE || drover_sent(engine, asking, watch))
        return true;
    const char *drovers = is_drovers_to_start(engine, asking, watch);
    if (drovers) {
        refuse(engine, event, "vm.restarts",
               emit_printf(engine, "VM %s may not %s host %s: %s", hook->object,
                           doing(hook->operation), watch->name, drovers));
        return false;
    }
    const struct booking *booking = moves ? NULL : booking_of(engine, asking->key, watch->name);
    if (booking && booking->moves)
        return true;
    const char *twice = moves ? NULL : would_be_twice(engine, asking, watch);
    if (twice) {
        refuse(engine, event, "vm.runs_elsewhere",
               emit_printf(engine, "VM %s may not %s host %s: %s", hook->object,
                           doing(hook->operation), watch->name, twice));
        return false;
    }
    if (booking)
        return true; /* judged at its `prepare` */
    struct decision *decision = NULL;
    const struct host_verdict *verdict = judge(engine, asking, watch, &decision);
    if (verdict)
        refuse(engine, event, verdict->code,
               emit_printf(engine, "VM %s may not %s host %s: %s%s", hook->object,
                           doing(hook->operation), watch->name, verdict->reason,
                           best_other(engine, asking, watch)));
    decision_free(decision);
    return !verdict;
}

/* --- admit units --------------------------------------------------------------------------- */

struct rewriting {
    struct drover_answer base;
    struct engine *engine;
    const char *xml;
};

static int take_xml(struct drover_answer *answer, const char *xml, size_t length)
{
    struct rewriting *rewriting = (struct rewriting *)answer;
    rewriting->xml = arena_bytes(&rewriting->engine->out->arena, xml, length);
    return 0;
}

/* One admit unit. Returns false where it refuses; a unit that fails has no say unless on_error denies. */
static bool ask_unit(struct engine *engine, const struct event *event, struct bound_unit *unit,
                     const struct drover_admit_ask *ask, struct rewriting *rewriting)
{
    const char *before = rewriting->xml;
    rewriting->base.verdict = DROVER_ADMIT_ALLOW;
    struct unit_failure failure = {.unit = unit->name, .error = "it failed while admitting",
                                   .treated = on_error_names[unit->on_error], .times = 1};
    int result = DROVER_FAILED;
    if (!unit->open) {
        struct unit_call call = unit_call_begin(&engine->calls, unit);
        result = call.again ? DROVER_OVERRAN
                            : unit->unit->admit(unit->self, ask, &rewriting->base);
        unit_call_end(&call, unit, result);
    }
    rewriting->base.code[sizeof rewriting->base.code - 1] = '\0';
    rewriting->base.text[sizeof rewriting->base.text - 1] = '\0';
    if (result == 0 && rewriting->base.verdict != DROVER_ADMIT_DENY)
        return true;
    if (result == 0) {
        refuse(engine, event, rewriting->base.code, rewriting->base.text);
        return false;
    }
    struct rows failures = {.item = &failure, .n = 1};
    breakers_note(engine, &failures);
    rewriting->xml = before;
    if (unit->on_error != ON_ERROR_DENY)
        return true;
    refuse(engine, event, "unit.failed",
           emit_printf(engine, "unit %s failed, and its policy then says deny", unit->name));
    return false;
}

/* New XML goes to libvirt with the secrets in place of their markers: so these must be in order. */
static bool secrets_are_whole(struct engine *engine, const struct event *event,
                              const struct bound_unit *unit, const char *xml)
{
    const struct hook_ask *hook = &event->hook;
    const char *wrong = xml && hook->xml_redacted
                            ? secret_markers_wrong(hook->xml, xml, hook->marker)
                            : NULL;
    if (wrong)
        refuse(engine, event, "hook.secrets",
               emit_printf(engine, "VM %s may not %s host %s: what unit %s made of its XML cannot be "
                           "used: %s", hook->object, doing(hook->operation), event->host,
                           unit->name, wrong));
    return !wrong;
}

/* Whether they let it happen. */
static bool ask_units(struct engine *engine, const struct event *event, const struct watch *watch,
                      const struct asking *asking)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    const struct ruleset *rules = ruleset_of_cluster(engine, host->cluster);
    struct rewriting rewriting = {
        .base = {.size = sizeof rewriting.base, .set_xml = take_xml}, .engine = engine,
    };
    const struct hook_ask *hook = &event->hook;
    struct drover_admit_ask ask = {
        .size = sizeof ask, .fleet = &asking->columns->fleet,
        .host = columns_host(asking->columns, watch->name), .vm = asking->vm,
        .vm_name = hook->object, .vm_uuid = asking->key ? asking->key : "",
        .driver = hook->driver, .operation = hook->operation,
        .sub_operation = hook->sub_operation, .xml = hook->xml,
    };
    for (uint32_t i = 0; rules && i < rules->n_admits; i++) {
        if (!ask_unit(engine, event, &rules->admits[i], &ask, &rewriting) ||
            !secrets_are_whole(engine, event, &rules->admits[i], rewriting.xml))
            return false;
        if (rewriting.xml)
            ask.xml = rewriting.xml; /* the next one goes on from there */
    }
    allow(engine, event, rewriting.xml);
    return true;
}

/*
 * What only informs is in the journal, and libvirt's own events say the same to drover. But of a start
 * that failed nobody else tells at once: such a guest needs its place no more.
 */
static void take_note(struct engine *engine, const struct event *event, const struct watch *watch)
{
    static const char *const ends[] = {"stopped", "release", NULL};
    if (event->vms.n == 1 && field_choice(ends, event->hook.operation) >= 0)
        booking_end(engine, vm_key(event->vms.item), watch->name);
}

/* Whether it may happen; answers. */
static bool admit(struct engine *engine, const struct event *event, const struct watch *watch,
                  struct asking *asking)
{
    const struct hook_ask *hook = &event->hook;
    const char *closed = why_closed(engine, watch);
    if (asking->key && staged_comes_back(engine, asking->key, watch->name)) {
        allow(engine, event, NULL); /* where it was before it may be again, closed or not */
        return true;
    }
    if (!closed)
        return may_come(engine, event, watch, asking) && ask_units(engine, event, watch, asking);
    refuse(engine, event, "host.closed",
           emit_printf(engine, "host %s %s: VM %s may not %s it%s", watch->name, closed,
                       hook->object, doing(hook->operation), best_other(engine, asking, watch)));
    return false;
}

void on_hook_ask(struct engine *engine, const struct event *event)
{
    const struct hook_ask *hook = &event->hook;
    struct watch *watch = watch_of_hook(engine, event->host);
    if (watch && engine->configured)
        failure_host_spoke(engine, watch);
    if (!may_refuse(hook) || !watch || !engine->configured) {
        allow(engine, event, NULL);
        if (watch && engine->configured)
            take_note(engine, event, watch);
        return;
    }
    struct asking asking = ask_begin(engine, event, watch);
    bool book = admit(engine, event, watch, &asking) && asking.key &&
                !drover_sent(engine, &asking, watch);
    ask_end(engine, &asking);
    if (book)
        booking_add(engine, event->vms.item, watch->name, strcmp(hook->operation, "migrate") == 0);
}
