/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API's resources, apart from HTTP: what GET /v1/... answers. The HTTP server (server.h) and
 * the offline commands (drover --fleet) both ask here, so both give the same JSON.
 */
#ifndef DROVER_CTL_API_H
#define DROVER_CTL_API_H

#include "base/error.h"
#include "model/decision.h"
#include "model/event.h"
#include "model/fleet.h"
#include "model/forecast.h"
#include "model/migration.h"
#include "model/plan.h"

#include <jansson.h>

/* Where answers come from. A NULL function: not to be had here. Returned values are the caller's to free. */
struct api_source {
    void *self;
    const struct fleet *(*fleet)(void *self);
    json_t *(*hosts)(void *self); /* array of host_status objects */
    const struct migration *const *(*migrations)(void *self, uint32_t *n);
    struct decision *(*explain)(void *self, const char *vm, const char *to, struct error *error);
    struct plan *(*plan)(void *self, const struct plan_question *question, struct error *error);
    struct move_plan *(*plan_move)(void *self, const char *vm, const char *to,
                                   struct error *error);
    json_t *(*decision)(void *self, uint64_t id, struct error *error);
    json_t *(*decisions)(void *self, const char *vm, struct error *error);
    json_t *(*history)(void *self, struct error *error);
    json_t *(*notices)(void *self, struct error *error);
    json_t *(*shadows)(void *self); /* array of shadow_status objects */
    json_t *(*shadow_differences)(void *self, struct error *error); /* the journal's effects */
    json_t *(*policies)(void *self, struct error *error);
    json_t *(*units)(void *self, struct error *error);
    json_t *(*daemon)(void *self); /* version, since, set hash, leader, counters */
};

/* One argument of the query string. */
struct api_query {
    const char *(*get)(void *self, const char *key); /* NULL: absent */
    void *self;
};

/* path: "/v1/fleet", ... NULL with the error set (ERROR_NOT_FOUND for unknown paths). */
json_t *api_get(const struct api_source *source, const char *path, const struct api_query *query,
                struct error *error);

/* Prometheus text of GET /metrics. free() it. */
char *api_metrics(const struct api_source *source);

/*
 * A request that changes something: method, path and body -> EVENT_OPERATOR_REQUEST (without id,
 * time and who). Everything is checked here: types, names, bounds. NULL with the error set.
 *   POST /v1/maintenance {host, on: true|false, power_off?, move_home?} -> verb maintenance_on | maintenance_off
 *   POST /v1/migrations {vm, to?}                     -> migrate
 *   DELETE /v1/migrations/ID                          -> abort (arguments: id)
 *   POST /v1/rebalance {cluster?}                     -> rebalance
 *   POST /v1/measure {vm}                             -> measure
 *   POST /v1/fence {host, action: off|on|status, force?} -> fence
 *   POST /v1/evacuate {host, confirm?, all?}          -> evacuate
 *   POST /v1/alarm {host, on, reason?}                -> alarm_on, alarm_off
 *   POST /v1/reload {}                                -> reload (handled by the daemon, not the engine)
 */
struct event *api_request(const char *method, const char *path, const char *body, size_t length,
                          struct error *error);

/* HTTP status of an error kind. */
unsigned api_status(enum error_kind kind);

#endif
