/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking into JSON for renderers. Every text that reaches a person comes through here and is made
 * safe on the way (screen.h): the one door. What is absent or of another type is "", NAN, false.
 */
#ifndef DROVER_CLI_VIEW_H
#define DROVER_CLI_VIEW_H

#include "screen.h"

#include <jansson.h>
#include <stdbool.h>

const char *view_text(struct screen *screen, const json_t *object, const char *key);
double view_number(const json_t *object, const char *key);
bool view_flag(const json_t *object, const char *key);
const json_t *view_object(const json_t *object, const char *key);

/* An array's items, and an empty array where there is none: for json_array_foreach. */
const json_t *view_array(const json_t *object, const char *key);

/* A list of texts, joined by ", ". */
const char *view_list(struct screen *screen, const json_t *object, const char *key);

/* A number for a table: "-" for NAN; at most `digits` behind the point, no zeros at the end. */
const char *view_show_number(struct screen *screen, double number, int digits);

/* Seconds as people say them: "12 s", "4 min", "3 h 05", "2 d 4 h"; "-" for NAN. */
const char *view_show_duration(struct screen *screen, double seconds);

/* A moment, in the time zone of who looks: "2026-01-21 06:40:00"; "-" for NAN. */
const char *view_show_time(struct screen *screen, double at);

#endif
