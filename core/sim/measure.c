/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty rates that are measured: what the guest writes, seen through a sample of its pages. */
#include "sim/private.h"

#define STREAM_MEASURE 95
#define NOISE 0.15 /* a sample of pages is off by so much */

static void answer(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a, host = (uint32_t)timer->b;
    struct sim_vm *vm = &sim->vms[index];
    if (!link_works(sim, host))
        return;
    struct event *event = sim_event(sim, EVENT_MEASURED);
    event_set(event, &event->host, sim_host_name(sim, host));
    event_set(event, &event->vm, vm->key);
    event->ok = !vm->job && guest_executes_at(vm) == host;
    struct random noise = random_new(sim->options.seed, STREAM_MEASURE +
                                     (((uint64_t)index + 1) << 40) + (uint64_t)(sim->now * 1000));
    if (event->ok)
        event->progress.dirty_mib_s =
            guest_dirty_mib_s(sim, vm) * random_between(&noise, 1 - NOISE, 1 + NOISE);
    else
        event_set(event, &event->text, "the domain is not running there, or it has a job");
    sim_post(sim, event, 0.01);
}

void measure_perform(struct sim *sim, const struct effect *effect)
{
    uint32_t host = table_get(&sim->host_index, effect->host);
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    if (host == TABLE_NONE || vm == TABLE_NONE || !link_works(sim, host))
        return; /* no answer: who waits does not wait for ever */
    sim_after(sim, effect->number + 0.05, answer, vm, host);
}
