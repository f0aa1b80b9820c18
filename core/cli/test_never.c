/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test says must never happen, tried with everything that drover can be asked. */
#include "test_expect.h"

#include "codec/json.h"
#include "codec/text.h"
#include "ctl/api.h"
#include "property.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct watch {
    const struct never *never;
    char asked[300]; /* "drain kvm1" */
    char found[700];   /* "": nothing yet */
};

static bool is_in(const struct texts *texts, const char *name)
{
    for (uint32_t i = 0; i < texts->n; i++)
        if (strcmp(texts->item[i], name) == 0)
            return true;
    return false;
}

static bool is_meant(const struct never *never, const struct vm *vm)
{
    return is_in(&never->vms, vm->name) || (vm->uuid && is_in(&never->vms, vm->uuid));
}

/* Another one of the VMs, on that host. */
static const struct vm *other_on(const struct never *never, const struct fleet *fleet,
                                 const struct vm *vm, const char *host)
{
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        const struct vm *other = fleet->vms[i];
        const char *place = other->to ? other->to : other->host;
        if (other != vm && place && strcmp(place, host) == 0 && other->state != DROVER_VM_DOWN &&
            is_meant(never, other))
            return other;
    }
    return NULL;
}

/* Returns false where this VM on that host is what must never be. */
static bool look(struct watch *watch, const struct fleet *fleet, const struct vm *vm,
                 const char *host)
{
    const struct vm *other = NULL;
    if (!is_meant(watch->never, vm))
        return true;
    if (watch->never->together)
        other = other_on(watch->never, fleet, vm, host);
    if (!other && !is_in(&watch->never->on, host))
        return true;
    snprintf(watch->found, sizeof watch->found, "%s: %s goes from %s to %s%s%s", watch->asked,
             vm->name, vm->host ? vm->host : "nowhere", host, other ? ", beside " : "",
             other ? other->name : "");
    return false;
}

static bool look_at_move(void *self, struct offline *offline, const struct planned_move *move)
{
    const struct fleet *fleet = offline_columns(offline)->source;
    return look(self, fleet, fleet_vm(fleet, move->key), move->to);
}

static bool look_at_choices(struct watch *watch, struct offline *offline, struct error *error)
{
    const struct api_source *api = offline_api(offline);
    const struct fleet *fleet = api->fleet(api->self);
    bool fine = true;
    for (uint32_t i = 0; fine && i < watch->never->vms.n; i++) {
        snprintf(watch->asked, sizeof watch->asked, "explain %s", watch->never->vms.item[i]);
        const struct vm *vm = fleet_find_vm(fleet, watch->never->vms.item[i], error);
        struct decision *decision = vm ? api->explain(api->self, vm_key(vm), NULL, error) : NULL;
        fine = decision != NULL;
        if (decision && decision->chosen && (!vm->host || strcmp(decision->chosen, vm->host) != 0))
            fine = look(watch, fleet, vm, decision->chosen);
        if (decision)
            decision_free(decision);
    }
    return fine;
}

static bool look_at_drain(struct watch *watch, struct offline *offline, const char *host,
                          struct error *error)
{
    struct plan_question question = {.what = "drain", .target = host};
    snprintf(watch->asked, sizeof watch->asked, "drain %s", host);
    return property_walk(offline, &question, look_at_move, watch, error);
}

/* Each from the same beginning. */
static bool look_at_plans(struct watch *watch, struct offline *offline, const char *only,
                          struct error *error)
{
    struct fleet *kept = fleet_copy(offline_columns(offline)->source);
    bool fine = true;
    for (uint32_t i = 0; fine && i < kept->n_hosts; i++) {
        if (only && strcmp(only, kept->hosts[i]->name) != 0)
            continue;
        fine = look_at_drain(watch, offline, kept->hosts[i]->name, error);
        offline_use(offline, fleet_copy(kept));
    }
    snprintf(watch->asked, sizeof watch->asked, "balance");
    struct plan_question question = {.what = "balance", .whole = true};
    fine = fine && property_walk(offline, &question, look_at_move, watch, error);
    fleet_free(kept);
    return fine;
}

int never_check(const struct never *never, struct offline *offline, const char *host,
                json_t **told, struct error *error)
{
    struct watch watch = {.never = never};
    bool fine = look_at_choices(&watch, offline, error) &&
                look_at_plans(&watch, offline, host, error);
    *told = NULL;
    if (fine)
        return 1;
    if (!watch.found[0])
        return -1;
    json_t *written = json_from_record(never_fields, never, NAN, JSON_SKIP_DEFAULTS);
    json_object_del(written, "because"); /* it is told elsewhere */
    *told = json_pack("{s:o, s:o}", "never", written, "found", json_from_text(watch.found));
    return 0;
}
