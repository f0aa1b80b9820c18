/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shapes of the API that are not records field by field: decisions, plans, errors. The same
 * for the daemon and for offline commands. Internal to ctl/.
 */
#ifndef DROVER_CTL_API_JSON_H
#define DROVER_CTL_API_JSON_H

#include "ctl/api.h"

json_t *api_json_decision(const struct decision *decision);
json_t *api_json_plan(const struct plan *plan);
json_t *api_json_move_plan(const struct move_plan *plan);

/* A decision as the journal keeps it, in the shape of api_json_decision(). Takes `kept` over. */
json_t *api_json_kept_decision(json_t *kept, struct error *error);

/* {"error": {"kind": "refused", "text": "..."}} */
json_t *api_json_error(const struct error *error);

/* The other way, for the client: sets *error. ERROR_FAILED where it is of another shape. */
void api_json_to_error(json_t *json, struct error *error);

/* Affinity groups, with what is wrong with them. */
struct fleet;
json_t *api_json_groups(const struct fleet *fleet);

#endif
