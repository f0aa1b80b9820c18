/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON for people; see view.h. */
#include "view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *view_text(struct screen *screen, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? screen_safe(screen, text) : "";
}

double view_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

bool view_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

const json_t *view_object(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

const json_t *view_array(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_array(value) ? value : NULL;
}

const char *view_list(struct screen *screen, const json_t *object, const char *key)
{
    const char *joined = "";
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)view_array(object, key), i, item) {
        const char *text = json_string_value(item);
        joined = arena_printf(&screen->arena, "%s%s%s", joined, i ? ", " : "",
                              text ? screen_safe(screen, text) : "?");
    }
    return joined;
}

const char *view_show_number(struct screen *screen, double number, int digits)
{
    if (!isfinite(number))
        return "-";
    char *text = arena_printf(&screen->arena, "%.*f", digits, number);
    if (strchr(text, '.')) {
        size_t length = strlen(text);
        while (text[length - 1] == '0')
            text[--length] = '\0';
        if (text[length - 1] == '.')
            text[--length] = '\0';
    }
    return strcmp(text, "-0") == 0 ? "0" : text;
}

const char *view_show_duration(struct screen *screen, double seconds)
{
    if (!isfinite(seconds))
        return "-";
    if (seconds < 0)
        seconds = 0;
    double minutes = floor(seconds / 60), hours = floor(seconds / 3600);
    if (seconds < 100)
        return arena_printf(&screen->arena, "%.0f s", seconds);
    if (minutes < 100)
        return arena_printf(&screen->arena, "%.0f min", minutes);
    if (hours < 48)
        return arena_printf(&screen->arena, "%.0f h %02.0f", hours, fmod(minutes, 60));
    return arena_printf(&screen->arena, "%.0f d %.0f h", floor(hours / 24), fmod(hours, 24));
}

const char *view_show_time(struct screen *screen, double at)
{
    char text[64];
    struct tm when;
    time_t seconds = isfinite(at) ? (time_t)at : 0;

    if (!isfinite(at) || !localtime_r(&seconds, &when) ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &when) == 0)
        return "-";
    return arena_text(&screen->arena, text);
}
