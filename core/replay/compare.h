/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside replay/: what a step gave now beside what the journal has of it. */
#ifndef DROVER_REPLAY_COMPARE_H
#define DROVER_REPLAY_COMPARE_H

#include "model/effect.h"
#include "replay/replay.h"
#include "store/store.h"

/* An effect as the journal has it. */
struct recorded {
    const char *json;
    size_t length;
    uint64_t n;
    struct effect effect; /* the same, read */
};

struct step {
    uint64_t event;
    const struct recorded *recorded;
    uint32_t n_recorded;
    const struct effects *now;
    bool last;  /* of its run: the controller may have died before all was written */
    bool other_units; /* the same policy with other versions of units: hashes are not compared */
    bool loose; /* another policy: only what is done counts, not how it is told */
    struct store_reader *reader;
    struct replay_report *report;
    struct error *error;
};

/* A record as the journal writes it; free() it. */
char *record_json(const struct field *table, const void *record);

/*
 * Compare effects, and decisions with them, up to the first difference, which goes into the
 * report; counts what is the same. Returns whether all was.
 */
bool compare_step(const struct step *step);

/* Look for a decision that differs and nothing else: the runs have parted already. */
void compare_decisions(const struct step *step);

#endif
