/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that announce trouble: memory errors, heat, a UPS on battery, a site's own check. A host
 * works on meanwhile, so what follows are live moves, as its policy's resilience unit says; it is
 * non-operational until the alarm is over. There are two sources, and each ends its own alarm
 * alone: a file in the alarm directory, which is there or not, and a person or script that asks
 * through the API, which is remembered over a restart.
 */
#include "engine/internal.h"

#include <string.h>

const char *watch_alarm(const struct watch *watch)
{
    for (int i = 0; i < ALARM_SOURCES; i++)
        if (watch->alarm[i])
            return watch->alarm[i];
    return NULL;
}

/* text NULL: it is over. */
static void set_alarm(struct engine *engine, struct watch *watch, enum alarm_source source,
                      const char *text)
{
    const char *before = watch->alarm[source];
    if (text ? before && strcmp(before, text) == 0 : !before)
        return;
    notice(engine, text ? NOTICE_WARNING : NOTICE_INFO, "host.alarm", watch->name, NULL,
           "host %s %s: %s", watch->name,
           text ? "announces trouble" : "does not announce trouble any more", text ? text : before);
    set_text(&watch->alarm[source], text);
    watch->trouble_at = engine->now;
    engine->dirty = true;
}

/* What came while drover did not know the host is told again when the set changes. */
void on_host_alarm(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    const char *text = event->text[0] ? event->text : event->name;
    if (watch && watch->configured)
        set_alarm(engine, watch, ALARM_BY_FILE, event->ok ? text : NULL);
    else if (event->ok)
        notice(engine, NOTICE_WARNING, "host.unknown", NULL, NULL,
               "an alarm of host %s, which is not configured: ignored", event->host);
}

static void remember_alarm(struct engine *engine, const struct watch *watch)
{
    const char *name = emit_printf(engine, "alarm/%s", watch->name);
    if (watch->alarm[ALARM_ASKED])
        remember(engine, name, watch->alarm[ALARM_ASKED]);
    else
        forget(engine, name);
}

void alarm_on(struct engine *engine, struct watch *watch, const char *reason, const char *who)
{
    set_alarm(engine, watch, ALARM_ASKED,
              emit_printf(engine, "%s (%s)", reason ? reason : "no reason was given", who));
    remember_alarm(engine, watch);
}

void alarm_off(struct engine *engine, struct watch *watch)
{
    set_alarm(engine, watch, ALARM_ASKED, NULL);
    remember_alarm(engine, watch);
}

void alarm_recall(struct engine *engine, const char *host, const char *text)
{
    struct watch *watch = watch_find(engine, host);
    if (watch && text[0])
        set_text(&watch->alarm[ALARM_ASKED], text);
    else
        forget(engine, emit_printf(engine, "alarm/%s", host));
}
