/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this controller has been told, by whom: the evidence that its orders have to rest upon. It
 * is kept apart from the engine, which could be wrong.
 */
#include "sim/check.h"

#include <math.h>
#include <string.h>

struct word *word_of(struct run *run, uint32_t vm, uint32_t host)
{
    return &run->checks->words[(size_t)vm * sim_n_hosts(run->sim) + host];
}

/* A controller that has just started has been told nothing. */
void words_begin(struct run *run)
{
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
            *word_of(run, v, h) = (struct word){NAN, NAN, false};
}

/* A report that was begun before the VM started there does not take that back. */
static bool is_older(const struct word *word, const struct event *event)
{
    return event->kind == EVENT_HOST_REPORT && word->claims && event->at < word->said_at;
}

static void hear_vm(struct run *run, uint32_t host, const struct event *event, const struct vm *vm)
{
    uint32_t index = sim_find_vm(run->sim, vm_key(vm));
    if (index == UINT32_MAX || is_older(word_of(run, index, host), event))
        return;
    struct word *word = word_of(run, index, host);
    bool runs = vm->state != DROVER_VM_DOWN; /* or it is about to leave for somewhere else */
    word->claims = runs && vm->state != DROVER_VM_MIGRATING;
    if (!runs)
        return;
    word->at = sim_now(run->sim);
    word->said_at = event->at;
}

/* What a report does not list is not there. */
static void hear_report(struct run *run, uint32_t host, const struct event *event)
{
    const struct vm *vms = event->vms.item;
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        if (!is_older(word_of(run, v, host), event))
            word_of(run, v, host)->claims = false;
    for (uint32_t i = 0; i < event->vms.n; i++)
        hear_vm(run, host, event, &vms[i]);
}

void words_hear(struct run *run, const struct event *event)
{
    if (event->kind != EVENT_HOST_REPORT && event->kind != EVENT_VM_CHANGED &&
        event->kind != EVENT_VM_GONE)
        return;
    uint32_t host = sim_find_host(run->sim, event->host);
    if (host == UINT32_MAX)
        return;
    if (event->kind == EVENT_HOST_REPORT) {
        hear_report(run, host, event);
    } else if (event->kind == EVENT_VM_CHANGED) {
        hear_vm(run, host, event, event->vms.item);
    } else {
        uint32_t vm = sim_find_vm(run->sim, event->vm);
        if (vm != UINT32_MAX)
            word_of(run, vm, host)->claims = false;
    }
}
