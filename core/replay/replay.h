/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A journal's events through a fresh engine again: every effect must come out the same, in the
 * same order, to the byte.
 *
 * What the engine takes beside events comes from the journal, too: settings, policies, Lua files
 * with their modules, overruns of units. Shared objects are not in it, but their hashes: those
 * that are installed here are taken, never one that a journal names by path, and where they are
 * others it is said. So the same journal shows what another version would have decided.
 *
 * Each controller's run begins with a fresh engine (an EVENT_SET_CHANGED that says so). What lies
 * before the first such event that is still there cannot be replayed, nor what comes after a
 * record that was lost, up to the next run.
 */
#ifndef DROVER_REPLAY_REPLAY_H
#define DROVER_REPLAY_REPLAY_H

#include "model/difference.h"
#include "plug/plug.h"
#include "policy/policy_file.h"

#include <jansson.h>

struct replay_options {
    const char *journal;
    const struct plug *here; /* what is installed, for shared objects */
    const char *const *plugins; /* files whose units take the place of the journal's */
    uint32_t n_plugins;
    struct policies *policies;
    const char *policy; /* of `policies`, for every cluster; NULL: the journal's own */
};

/* The first decision that comes out another way. */
struct replay_decision {
    bool there;
    uint64_t event, id;  /* id: the journal's, 0 where it has none there */
    double at;
    const char *vm;
    const char *before, *now; /* the host; "no host"; "no decision" */
    const char *policy_before, *policy_now;
    struct rows differences;  /* struct difference; one: before, other: now */
};

struct replay_effect {
    bool there;
    uint64_t event, n; /* n: the effect's number in the journal; 0: there is none */
    const char *where; /* "effect.to: "kvm1" before, "kvm2" now" */
};

struct replay_report {
    uint32_t runs;
    uint64_t first_event, last_event; /* that were replayed; 0: none */
    uint64_t events, effects, decisions, migrations; /* that came out the same */
    uint64_t skipped;    /* events that could not be replayed */
    uint64_t uncompared; /* events whose effects have passed the journal's limits */
    uint64_t overruns;   /* that were repeated */
    struct replay_effect effect;
    struct replay_decision decision;
    bool state_known; /* the journal has the state at its end */
    const char *state_where; /* how that differs; NULL: it is the same */
    struct texts notes;  /* what is to be known beside */
    bool same;
    struct arena arena;
};

/*
 * -1 with the error set: it cannot be replayed at all. 0 also where something differs: see
 * report->same. replay_report_free() it in either case.
 */
int replay_journal(const struct replay_options *options, struct replay_report *report,
                   struct error *error);
void replay_report_free(struct replay_report *report);

#endif
