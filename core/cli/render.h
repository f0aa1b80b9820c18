/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API's JSON for people. Each function takes what one path answered, and prints it; the same
 * for the daemon's answers, a fleet file's, and the journal's.
 */
#ifndef DROVER_CLI_RENDER_H
#define DROVER_CLI_RENDER_H

#include "screen.h"

#include <jansson.h>

void render_status(struct screen *screen, const json_t *status);

/* Of the hosts, those that are not up, with why, and the VMs that cannot leave them. */
void render_trouble(struct screen *screen, const json_t *hosts);

void render_hosts(struct screen *screen, const json_t *hosts);
void render_vms(struct screen *screen, const json_t *vms);
void render_groups(struct screen *screen, const json_t *groups);

/* What is wrong with them; nothing where all is well. */
void render_group_problems(struct screen *screen, const json_t *groups);

void render_migrations(struct screen *screen, const json_t *migrations);
void render_migration(struct screen *screen, const json_t *migration);
void render_decision(struct screen *screen, const json_t *decision);
void render_decisions(struct screen *screen, const json_t *decisions);
void render_plan(struct screen *screen, const json_t *plan);
void render_move_plan(struct screen *screen, const json_t *plan);
void render_notice(struct screen *screen, const json_t *notice);
void render_notices(struct screen *screen, const json_t *notices);
void render_shadow(struct screen *screen, const json_t *answer);
void render_policies(struct screen *screen, const json_t *policies);
void render_units(struct screen *screen, const json_t *units);
void render_unit(struct screen *screen, const json_t *unit);

/* VMs that no host takes (an array of them), host by host with what would help. */
void render_unplaced(struct screen *screen, const json_t *unplaced);

/* What each host that refuses says, first refusals first; `indent` blanks before each line. */
void render_refusals(struct screen *screen, unsigned indent, const json_t *hosts);

/* What stands in the way of live moves whatever the host; nothing where there is nothing. */
void render_blockers(struct screen *screen, const json_t *blockers);

/* Units that failed while this was decided; nothing where there are none. */
void render_failures(struct screen *screen, const json_t *failures);

/* Of a simulation. */
struct figures;
void render_figures(struct screen *screen, const struct figures *figures);

enum style style_of_host_state(const char *state);
enum style style_of_migration_state(const char *state);

#endif
