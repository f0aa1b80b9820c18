/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A forecast of one move, and what is asked when one is planned alone: `drover plan migrate`.
 * Plain records; how the figures come about stands in decide/forecast.h.
 */
#ifndef DROVER_MODEL_FORECAST_H
#define DROVER_MODEL_FORECAST_H

#include "base/arena.h"
#include "base/field.h"
#include "model/blockers.h"
#include "model/decision.h"
#include "model/effect.h"

enum forecast_end {
    FORECAST_UNKNOWN,  /* figures are missing: `missing` says which */
    FORECAST_PRECOPY,  /* what is left fits into the allowed pause */
    FORECAST_POSTCOPY, /* its schedule switches to post-copy before that */
    FORECAST_ABORT,    /* its schedule gives up before that */
    FORECAST_NEVER,    /* no step is left, and it goes on and on */
};

extern const char *const forecast_end_names[];

struct forecast {
    int ends;            /* enum forecast_end */
    bool converges;      /* pre-copy ends by itself; says nothing where ends is unknown */
    double duration_s;   /* to its end, or to where it is given up; NAN: not known, or never */
    double downtime_ms;  /* the pause that the guest sees; NAN: the same */
    uint32_t passes;     /* walks over the memory; 1: only the first */
    double sent_mib;     /* NAN: not known */
    uint32_t steps;      /* of the schedule, that are taken on the way */
    uint32_t throttle_pct; /* of auto-converge, at the end */
    double least_s;      /* not faster than this, however idle the guest is; NAN: not known */
    /* what it was made from */
    double memory_mib;   /* that the guest has touched, else all of it */
    double dirty_mib_s;  /* NAN: not measured */
    double dirty_age_s;  /* so long ago; NAN: not known */
    double working_set_mib; /* where it writes */
    double rate_mib_s;   /* that the move gets; NAN: neither link nor limit is known */
    const char *rate_by; /* what bounds it: "link", "limit", "learnt"; "": not known */
    double link_mib_s;   /* the links' share for it, before anything was learnt; NAN: not known */
    double link_factor;  /* what moves between the two hosts got of that so far; 1: nothing learnt */
    const char *missing; /* a sentence; "": nothing */
};

extern const struct field forecast_fields[];

/* How one VM would be moved now. move_plan_free() it. */
struct move_plan {
    const char *vm; /* name */
    const char *key;
    const char *from;
    const char *to; /* "": no host takes it, and the decision says why */
    const char *kind; /* of migration_kind_names */
    const char *policy;
    const char *unit; /* the migrate unit; "": none, QEMU's defaults */
    struct texts flags; /* libvirt's, by their names in lower case */
    struct texts without; /* "zero-copy: host kvm2 has ...": wanted, and cannot be had */
    struct how how;
    uint32_t max_concurrent;
    double wait_s; /* the migrate unit would let it wait; 0: it would start */
    const char *wait_why;
    struct forecast forecast;
    struct rows blockers; /* struct blocker */
    struct rows failures; /* struct unit_failure: of the migrate unit */
    struct decision *decision;
    struct arena arena;
};

void move_plan_free(struct move_plan *plan);

#endif
