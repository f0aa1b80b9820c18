/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events that come from a file: what each kind must have. */
#include "model/event.h"

#include <math.h>

/* How many of a list there may be. */
struct count {
    uint32_t least, most;
};

static const struct {
    struct count hosts, vms, settings;
} needs[EVENT_KINDS] = {
    [EVENT_SET_CHANGED] = {.settings = {1, 1}},
    [EVENT_HOST_REPORT] = {.hosts = {1, 1}, .vms = {0, UINT32_MAX}},
    [EVENT_VM_CHANGED] = {.vms = {1, 1}},
    [EVENT_HOOK_ASK] = {.vms = {0, 1}},
};

static int check_count(const struct count *count, uint32_t n, const char *what,
                       const struct event *event, struct error *error)
{
    if (n >= count->least && n <= count->most)
        return 0;
    return error_set(error, ERROR_INPUT, "%s: %u %s, expected %s", event_kind_names[event->kind], n,
                     what, count->least ? "one" : count->most ? "at most one" : "none");
}

int event_check(const struct event *event, struct error *error)
{
    if (!isfinite(event->at))
        return error_set(error, ERROR_INPUT, "%s: it has no time", event_kind_names[event->kind]);
    if (check_count(&needs[event->kind].hosts, event->hosts.n, "hosts", event, error) < 0 ||
        check_count(&needs[event->kind].vms, event->vms.n, "VMs", event, error) < 0)
        return -1;
    return check_count(&needs[event->kind].settings, event->settings.n, "settings", event, error);
}
