/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of a migration: how fast it is, when it will end, and how it ended.
 *
 * The expected end is what remains, of memory and of disks, divided by how fast that becomes less:
 * throughput less what the guest dirties meanwhile. Both jump from one report to the next (a
 * guest writes in bursts, QEMU counts dirty pages once an iteration), so each is smoothed: a
 * report counts for more the longer it speaks for, with a time constant of SMOOTH_S.
 */
#include "engine/internal.h"

#include <math.h>
#include <string.h>

#define SMOOTH_S 5.0
/* Slower than that it is not on its way to an end, and no time is told. */
#define LEAST_NET_MIB_S 0.05

static double smooth(double before, double now, double passed_s)
{
    double share = 1 - exp(-passed_s / SMOOTH_S);
    return before + share * (now - before);
}

void figures_begin(struct move *move)
{
    move->figures_at = NAN;
    move->record.carried_mib_s = 0;
    move->record.net_mib_s = 0;
    move->record.expected_end = NAN;
    move->record.arrival = "";
    move->record.waits = "";
}

static double remaining_mib(const struct progress *progress)
{
    return progress->memory_remaining_mib + progress->disk_remaining_mib;
}

void figures_take(struct move *move, double now)
{
    struct migration *record = &move->record;
    const struct progress *progress = &record->progress;
    double carried = progress->throughput_mib_s + progress->disk_mib_s;
    double net = progress->postcopy ? carried : carried - progress->dirty_mib_s;
    if (isnan(move->figures_at)) {
        record->carried_mib_s = carried;
        record->net_mib_s = net;
    } else {
        record->carried_mib_s = smooth(record->carried_mib_s, carried, now - move->figures_at);
        record->net_mib_s = smooth(record->net_mib_s, net, now - move->figures_at);
    }
    move->figures_at = now;
    record->expected_end = record->net_mib_s < LEAST_NET_MIB_S
                               ? NAN
                               : now + remaining_mib(progress) / record->net_mib_s;
}

void figures_end(struct move *move)
{
    move->record.progress.memory_remaining_mib = 0;
    move->record.progress.disk_remaining_mib = 0;
    move->record.expected_end = NAN;
}

/* What libvirt kept of the job replaces what was seen of it on its way, where it kept anything. */
static void take_last(struct progress *record, const struct progress *last)
{
    if (last->memory_total_mib <= 0)
        return;
    uint32_t iteration = record->iteration;
    *record = *last;
    record->memory_remaining_mib = record->disk_remaining_mib = 0;
    if (record->iteration < iteration)
        record->iteration = iteration;
}

/* What the VM's interfaces need and the host has not; NULL: nothing, or it is not known. */
static const char *missing_networks(struct engine *engine, const struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    const struct host *host = fleet_host(engine->fleet, move->record.to);
    const char *all = NULL;
    for (uint32_t i = 0; vm && host && host->networks.known && i < vm->networks.n; i++) {
        bool there = false;
        for (uint32_t k = 0; k < host->networks.n; k++)
            there |= strcmp(vm->networks.item[i], host->networks.item[k]) == 0;
        if (!there)
            all = emit_printf(engine, "%s%s%s", all ? all : "", all ? ", " : "",
                              vm->networks.item[i]);
    }
    return all;
}

/* "its networks a, b are not active there: ..." */
static const char *complaint(struct engine *engine, const struct move *move,
                             const struct event *event)
{
    const char *networks = missing_networks(engine, move);
    if (!networks)
        return event->ok ? NULL : event->text;
    return emit_printf(engine, "%s%sof its networks these are not active there: %s; virsh "
                       "net-start starts them", event->ok ? "" : event->text,
                       event->ok ? "" : "; ", networks);
}

void on_migration_checked(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (!move || move->record.state != MIGRATION_COMPLETED)
        return;
    take_last(&move->record.progress, &event->progress);
    const char *wrong = complaint(engine, move, event);
    if (wrong) {
        move_text(move, &move->record.arrival, wrong);
        notice(engine, NOTICE_WARNING, "migration.arrival", move->record.to, move->record.name,
               "VM %s has arrived on host %s, but %s", move->record.name, move->record.to,
               wrong)
            ->move = move->record.id;
    }
    move_tell(engine, move);
}
