/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: made, filled, freed, and as a table of fields for the journal. */
#include "model/event.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *const event_kind_names[] = {
    "tick",           "set_changed",       "recalled",         "started",
    "host_connected", "host_lost",         "host_report",      "sample",
    "vm_changed",     "vm_gone",           "migration_progress", "migration_done",
    "migration_checked",
    "operator_request", "hook_ask",        "maintenance_file", "effect_failed",
    "measured",
    "probed",         "fenced",            "step_done", "start_done",       "host_alarm",
    NULL,
};
_Static_assert(sizeof event_kind_names / sizeof *event_kind_names == EVENT_KINDS + 1,
               "each kind of event has a name");

#define SAMPLE(member) offsetof(struct sample, member)
const struct field sample_fields[] = {
    {.key = "cpu_usage_pct", .type = FIELD_OPTIONAL, .offset = SAMPLE(cpu_usage_pct)},
    {.key = "memory_free_mib", .type = FIELD_OPTIONAL, .offset = SAMPLE(memory_free_mib)},
    {.key = "swap_free_mib", .type = FIELD_OPTIONAL, .offset = SAMPLE(swap_free_mib)},
    {.key = "vms", .type = FIELD_TEXTS, .offset = SAMPLE(vms), .default_text = ""},
    {.key = "vm_cpu_usage_pct", .type = FIELD_NUMBERS, .offset = SAMPLE(vm_cpu_usage_pct)},
    {.key = "vm_memory_used_mib", .type = FIELD_NUMBERS, .offset = SAMPLE(vm_memory_used_mib)},
    {0},
};

#define HOOK(member) offsetof(struct hook_ask, member)
const struct field hook_ask_fields[] = {
    {.key = "driver", .type = FIELD_TEXT, .offset = HOOK(driver)},
    {.key = "object", .type = FIELD_TEXT, .offset = HOOK(object)},
    {.key = "operation", .type = FIELD_TEXT, .offset = HOOK(operation)},
    {.key = "sub_operation", .type = FIELD_TEXT, .offset = HOOK(sub_operation)},
    {.key = "extra", .type = FIELD_TEXT, .offset = HOOK(extra)},
    {.key = "xml", .type = FIELD_TEXT, .offset = HOOK(xml)},
    {.key = "xml_redacted", .type = FIELD_BOOL, .offset = HOOK(xml_redacted)},
    {.key = "xml_error", .type = FIELD_TEXT, .offset = HOOK(xml_error)},
    {.key = "marker", .type = FIELD_TEXT, .offset = HOOK(marker)},
    {0},
};

#define EVENT(member) offsetof(struct event, member)
const struct field event_fields[] = {
    {.key = "seq", .type = FIELD_U64, .offset = EVENT(seq)},
    {.key = "kind", .type = FIELD_CHOICE, .offset = EVENT(kind), .choices = event_kind_names,
     .flags = FIELD_REQUIRED},
    {.key = "at", .type = FIELD_NUMBER, .offset = EVENT(at)},
    {.key = "id", .type = FIELD_U64, .offset = EVENT(id)},
    {.key = "host", .type = FIELD_TEXT, .offset = EVENT(host)},
    {.key = "vm", .type = FIELD_TEXT, .offset = EVENT(vm)},
    {.key = "to", .type = FIELD_TEXT, .offset = EVENT(to)},
    {.key = "name", .type = FIELD_TEXT, .offset = EVENT(name)},
    {.key = "text", .type = FIELD_TEXT, .offset = EVENT(text)},
    {.key = "who", .type = FIELD_TEXT, .offset = EVENT(who)},
    {.key = "ok", .type = FIELD_BOOL, .offset = EVENT(ok)},
    {.key = "arguments", .type = FIELD_PAIRS, .offset = EVENT(arguments)},
    {.key = "hosts", .type = FIELD_ROWS, .offset = EVENT(hosts), .rows = host_fields,
     .row_size = sizeof(struct host)},
    {.key = "vms", .type = FIELD_ROWS, .offset = EVENT(vms), .rows = vm_fields,
     .row_size = sizeof(struct vm)},
    {.key = "sample", .type = FIELD_RECORD, .offset = EVENT(sample), .rows = sample_fields,
     .row_size = sizeof(struct sample)},
    {.key = "progress", .type = FIELD_RECORD, .offset = EVENT(progress), .rows = progress_fields,
     .row_size = sizeof(struct progress)},
    {.key = "hook", .type = FIELD_RECORD, .offset = EVENT(hook), .rows = hook_ask_fields,
     .row_size = sizeof(struct hook_ask)},
    {.key = "settings", .type = FIELD_ROWS, .offset = EVENT(settings), .rows = settings_fields,
     .row_size = sizeof(struct settings)},
    {0},
};

struct event *event_new(enum event_kind kind, double at)
{
    struct event *event = memory_new(sizeof *event);
    field_defaults(event_fields, event);
    event->kind = kind;
    event->at = at;
    return event;
}

struct event *event_like(const struct event *blank, enum event_kind kind, double at)
{
    struct event *event = memory_new(sizeof *event);
    *event = *blank;
    event->kind = kind;
    event->at = at;
    return event;
}

void event_free(struct event *event)
{
    if (!event)
        return;
    if (event->release)
        event->release(event);
    arena_free(&event->arena);
    free(event);
}

void event_set(struct event *event, const char **place, const char *text)
{
    *place = text ? arena_text(&event->arena, text) : "";
}

/* Room for one more row. Rows of events are few, but reports of big hosts are not: double. */
static void *append_row(struct event *event, struct rows *rows, size_t size)
{
    bool power_of_two = (rows->n & (rows->n - 1)) == 0;
    if (power_of_two) {
        void *larger = arena_array(&event->arena, rows->n ? rows->n * 2 : 1, size);
        if (rows->n)
            memcpy(larger, rows->item, rows->n * size);
        rows->item = larger;
    }
    return (char *)rows->item + rows->n++ * size;
}

void event_add_vm(struct event *event, const struct vm *vm)
{
    struct vm *copy = append_row(event, &event->vms, sizeof *copy);
    field_copy(vm_fields, copy, vm, &event->arena);
}

void event_add_host(struct event *event, const struct host *host)
{
    struct host *copy = append_row(event, &event->hosts, sizeof *copy);
    field_copy(host_fields, copy, host, &event->arena);
}
