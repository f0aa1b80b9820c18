/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When, and whether at all, something is done about a host that does not answer: see grace.h. */
#include "engine/grace.h"
#include "engine/devices.h"
#include "engine/proof.h"

#include <math.h>
#include <string.h>

/*
 * RHV's: a fixed time, more for the SPM, and more for each VM. Counted once for each loss: many
 * hosts may be gone at a time, and their VMs do not come and go meanwhile. It begins anew with
 * each word of the host that comes by another way than libvirt.
 */
double failure_grace_ends(const struct engine *engine, struct watch *watch)
{
    if (watch->failure.grace_from == watch->lost_at && watch->failure.grace_ends > 0)
        return watch->failure.grace_ends;
    const struct fencing *fencing = &engine->settings.fencing;
    const struct host *host = fleet_host(engine->fleet, watch->name);
    double grace = engine->settings.limits.grace_s +
                   fencing->grace_per_vm_s * host_count_vms(engine, watch->name);
    for (uint32_t i = 0; i < host->roles.n; i++)
        if (strcmp(host->roles.item[i], "spm") == 0)
            grace += fencing->grace_spm_s;
    watch->failure.grace_from = watch->lost_at;
    watch->failure.grace_ends = fmax(watch->lost_at, watch->failure.spoke_at) + grace;
    return watch->failure.grace_ends;
}

/* All hosts are gone when droverd starts: that is worth a word only if it lasts. */
static void tell_own_connection(struct engine *engine, uint32_t gone, uint32_t total)
{
    double from = engine->started_at + engine->settings.limits.grace_s;
    bool tell = engine->cut_off && engine->started_at > 0 && engine->now >= from;
    if (engine->cut_off && engine->now < from)
        wake_at(engine, from);
    if (tell == engine->cut_off_told)
        return;
    engine->cut_off_told = tell;
    if (tell)
        notice(engine, NOTICE_ERROR, "controller.cut_off", NULL, NULL,
               "%u of %u hosts do not answer: drover takes itself to be cut off, and fences and "
               "starts nothing until that is over", gone, total);
    else
        notice(engine, NOTICE_INFO, "controller.connected", NULL, NULL,
               "%u of %u hosts answer: drover does not take itself to be cut off any more",
               total - gone, total);
}

/*
 * Hosts in maintenance may well be off, and those that are proven dead, or that drover itself
 * switches, are no riddle: the others count. One host alone that is gone is that host, as long as
 * another one is heard.
 */
void judge_own_connection(struct engine *engine)
{
    uint32_t total = 0, gone = 0;
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        const struct watch *watch = engine->watches[i];
        if (proof_of_host(watch) || watch->power.phase >= POWER_OFF ||
            (!watch->connected && watch_wants_maintenance(watch)))
            continue;
        total++;
        gone += !watch->connected;
    }
    bool cut_off = gone > 0 && gone * 100.0 >= engine->settings.fencing.cut_off_pct * total &&
                   (gone > 1 || total == 1);
    if (engine->cut_off && !cut_off)
        engine->heard_again_at = engine->now;
    engine->cut_off = cut_off;
    tell_own_connection(engine, gone, total);
}

/* Why nothing is done about this host now; NULL: go on. */
const char *failure_holds_back(struct engine *engine, struct watch *watch)
{
    const struct fencing *fencing = &engine->settings.fencing;
    double quiet_until = engine->started_at + fencing->quiet_start_s;
    double calm_until = engine->heard_again_at + engine->settings.limits.grace_s +
                        engine->settings.connect_retry_s;
    uint32_t n;
    devices_of(engine, watch, &n);
    if (watch_wants_maintenance(watch) && host_count_vms(engine, watch->name) == 0)
        return "it is in maintenance";
    if (!fencing->enabled)
        return "fencing is not enabled; if the host is off for certain: drover evacuate";
    if (n == 0)
        return "it has no fence device; if it is off for certain: drover evacuate";
    if (engine->cut_off)
        return "too many hosts are gone: drover itself seems to be cut off";
    if (engine->now < quiet_until) {
        wake_at(engine, quiet_until);
        return "droverd has just started";
    }
    if (engine->now < calm_until) {
        wake_at(engine, calm_until);
        return "drover itself was cut off until a moment ago";
    }
    return NULL;
}
