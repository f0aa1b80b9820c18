/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One move of one VM, from the queue to its end: what `drover migrations` shows. */
#ifndef DROVER_MODEL_MIGRATION_H
#define DROVER_MODEL_MIGRATION_H

#include "base/field.h"

#include <stdbool.h>

enum migration_state {
    MIGRATION_QUEUED,
    MIGRATION_PREPARING,      /* asked of libvirt, no sign of life yet */
    MIGRATION_RUNNING,
    MIGRATION_POST_MIGRATING, /* in post-copy, or handed over and being checked */
    MIGRATION_VERIFY,         /* cold, with --verify: started there, and a person is to say whether it is well */
    MIGRATION_COMPLETED,
    MIGRATION_FAILED,
    MIGRATION_ABORTED,        /* stopped on request, or by its schedule */
    MIGRATION_CANCELLED,      /* before it started */
};

extern const char *const migration_state_names[];

enum migration_kind {
    MIGRATION_LIVE,
    MIGRATION_COLD,    /* shut down here, started there */
    MIGRATION_OFFLINE, /* it does not run: its definition moves */
    MIGRATION_RESTART, /* its host is dead, or it crashed: started from its last known definition */
};

extern const char *const migration_kind_names[];

/* How drover force-complete makes an end of it. */
enum migration_forced { MIGRATION_UNFORCED, MIGRATION_FORCED_POSTCOPY, MIGRATION_FORCED_PAUSE };

extern const char *const migration_forced_names[];
/*
 * How far a cold move has come, or an offline one. What is true at each, and what is done when it
 * is the last thing that anybody knows, stands in docs/safety.md.
 */
enum migration_stage {
    STAGE_NONE,
    STAGE_SHUTDOWN, /* the guest was asked to shut down at the source */
    STAGE_DEFINE,   /* it is off; its definition is taken to the destination */
    STAGE_START,    /* defined at both, off at the source; it is started at the destination */
    STAGE_REVERT,   /* it ran at the destination, and a person wants it back: it is shut down there */
    STAGE_CLEAR,    /* the destination's definition is removed, so that nothing can start it there */
    STAGE_BACK,     /* it is started at the source again */
};

extern const char *const migration_stage_names[]; /* [0] is "" */

/* Disks that only the source has. */
enum copy_storage { COPY_NO_STORAGE, COPY_STORAGE_FULL, COPY_STORAGE_INCREMENTAL };

extern const char *const copy_storage_names[];

/* What libvirt says of a running job. */
struct progress {
    double memory_total_mib;
    double memory_processed_mib;
    double memory_remaining_mib;
    double dirty_mib_s;
    double throughput_mib_s;
    double downtime_ms;  /* NAN: not known */
    double elapsed_s;
    uint32_t iteration;
    uint32_t throttle_pct; /* of auto-converge */
    bool postcopy;
    double disk_total_mib; /* of disks that are copied along; 0: none are */
    double disk_processed_mib;
    double disk_remaining_mib;
    double disk_mib_s;
};

/* RHV's: 100 - 100 * remaining / total, never over 99 while something remains; with its disks. */
double progress_percentage(const struct progress *progress);

/* What is known of how a move comes along: see decide/schedule.h. */
struct convergence {
    double rate_mib_s;  /* of the link, smoothed; 0: not known */
    uint32_t iteration; /* the walk that is under way, by the last report */
    double walk_mib;    /* the most that was seen left in it */
    double lowest_mib;  /* the smallest walk that is over; 0: none is */
    double progress_at; /* when a walk was the smallest last, or a stall was counted */
    uint32_t stalls;
    double postcopy_at; /* when post-copy was ordered; 0: it was not */
    uint32_t stepped;   /* the walk during which the last step was taken; 0: none was */
    double stepped_at;  /* and when */
};

struct migration {
    uint64_t id;
    const char *vm;   /* key */
    const char *name; /* of the VM, for people */
    const char *from;
    const char *to;   /* "" while queued and not decided */
    int state;        /* enum migration_state */
    int kind;         /* enum migration_kind */
    int purpose;      /* enum drover_purpose */
    const char *who;  /* "drover", or the operator: uid and name */
    const char *reason;
    const char *wanted; /* the host asked for by name; "" : drover chooses */
    const char *policy; /* the set it began with: name and hash */
    uint64_t decision;
    double created_at, updated_at, started_at, ended_at;
    double not_before; /* back-off */
    double priority;
    uint32_t attempt;  /* 1 for the first */
    struct texts tried; /* hosts that failed */
    const char *error;  /* of the last try, in words a person can act on */
    struct progress progress;
    uint32_t base_iteration; /* convergence: first iteration seen */
    uint32_t next_stall;     /* convergence: index of the next step of the schedule */
    struct convergence convergence;
    struct texts breaks;     /* groups whose hard rules between VMs it may break */
    int forced;              /* enum migration_forced: a person wants it over */
    bool can_postcopy;       /* it began with post-copy allowed */
    double carried_mib_s;    /* throughput of memory and disks, smoothed */
    double net_mib_s;        /* less what the guest dirties meanwhile, smoothed */
    double expected_end;     /* from what remains and net_mib_s; NAN: not to be told */
    double forecast_s, forecast_downtime_ms; /* when it began; NAN: not known */
    double forecast_mib_s;   /* the rate that it was expected to get; NAN: not known */
    const char *waits;       /* why it is still in the queue; "" */
    const char *arrival;     /* what is not as it should be where it arrived; "" */
    int stage;               /* enum migration_stage */
    int copy_storage;        /* enum copy_storage */
    bool tunnelled;          /* its memory goes over libvirtd's own connection */
    bool verify;             /* cold: a person confirms that all is well, or has it brought back */
    bool aborting;           /* cold: a person wants it to end where it was */
    bool autostart;          /* cold: its host starts it when that starts; carried over with it */
    double shutdown_s;       /* cold: so long the guest may take to shut down */
    double step_until;       /* of this stage; 0: it has no end of its own */
};

extern const struct field progress_fields[];
extern const struct field convergence_fields[];
extern const struct field migration_fields[];

bool migration_ended(const struct migration *migration);

#endif
