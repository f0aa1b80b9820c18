/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside engine/: the state, all that the engine knows. What is done with it: internal.h. */
#ifndef DROVER_ENGINE_STATE_H
#define DROVER_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/lack.h"
#include "engine/learn.h"
#include "model/calls.h"

/* Who wants a host empty. */
struct wish {
    bool by_operator;
    bool by_file;
    bool by_policy; /* it has no VMs, and its policy wants that to stay so: see power.c */
    char *who; /* of the operator's wish */
    double since;
};

/* How far drover has come with switching a host that nothing is wrong with: see power.c. */
enum power_phase {
    POWER_ON,       /* nothing is done about it */
    POWER_ASKING,   /* its libvirt is asked once more whether a VM runs there */
    POWER_TO_OFF,   /* a device was told to switch it off */
    POWER_VERIFY,   /* its devices say that it is off: its connection is to break, too */
    POWER_UNSURE,   /* they did not, or did not say so: it may be either, and may still go off */
    POWER_CHECKING, /* a device was asked how it is */
    POWER_OFF,
    POWER_TO_ON,    /* a device was told to switch it on */
    POWER_BOOTING,  /* its devices say that it is on: it is to be heard soon */
    POWER_STUCK,    /* it was to be on, and is not; tried again later */
};

struct power {
    enum power_phase phase;
    double until;      /* the phase lasts at most to then */
    uint64_t order;    /* id of the last fence effect */
    uint32_t device;   /* the one that was told, by position in its setting */
    uint64_t asked_step; /* asking, verifying: by a report later than this step ... */
    double asked_at;     /* ... that was begun to be read at this time or later */
    double not_before; /* the next try to switch it off */
    double left_alone_until; /* by policies: a person or a need has just taken it into use */
    bool wanted_off;
    bool remembered;
    char *said;        /* what its device said last, or why nothing is done */
};

/* How far drover has come with a host that does not answer: see failure.c. */
enum failure_phase {
    FAILURE_NONE,
    FAILURE_LISTENING, /* a device listens whether the host says itself that it runs nothing more */
    FAILURE_PROBING,   /* does anything of it answer? */
    FAILURE_SOFT,      /* a device was told to bring its libvirtd back */
    FAILURE_SOFT_WAIT, /* it says that it did: the host may come back */
    FAILURE_OFF,       /* a device was told to switch it off */
    FAILURE_VERIFY,    /* the devices say that it is off: is it silent, too? */
    FAILURE_STUCK,     /* none of the devices did it; they are tried again later */
    FAILURE_LATE,      /* it came back while a device worked: that may still switch it off */
};

struct proof;

/* Who says that a host is about to fail: see alarm.c. */
enum alarm_source { ALARM_BY_FILE, ALARM_ASKED, ALARM_SOURCES };

struct failure {
    enum failure_phase phase;
    double until;        /* the phase lasts at most to then */
    uint64_t order;      /* id of the fence effect whose answer is awaited; 0: none */
    uint32_t device;     /* the one that was told, by position in its setting */
    double grace_from, grace_ends; /* of the loss at that time; ends 0: not counted yet */
    bool listened;       /* that was done since it was lost, or since all devices failed */
    double spoke_at;     /* it was lost, and its hook asked all the same; 0: not so */
    double off_said_at;  /* devices said off while the host was connected; NAN: not so */
    char *said;          /* what the devices said last, or why none is asked */
    bool reviewed;       /* what was lost with it has been gone through */
    bool told_not_kept;  /* who of them does not come back was said, once */
    bool all;            /* a person wants all of it back, whatever the policy says */
    struct proof *proof; /* that it is off: see proof.h */
};

/* Whether its VMs would fit elsewhere if it died now: see spare.c. */
struct spare {
    double looked_at;    /* 0: never */
    struct texts unfit;  /* names of those that would not; not known: nobody has looked */
    bool lost;           /* there are some */
    uint32_t looks;      /* so many looks in a row have found that */
    bool told;           /* it was told that it is lost */
};

/* What the engine knows of a host beyond its record. */
struct watch {
    char *name;
    bool configured;
    bool connected;
    bool reported;       /* a full report since the connection was made */
    uint64_t report_step; /* the step of the last one */
    double report_at;     /* when reading it began */
    double away_s;       /* so long it was out of sight before this connection */
    double lost_at;      /* while not connected: since when */
    char *lost_reason;
    struct wish maintenance;
    struct lost lost;
    char *lack;          /* a network or storage that its VMs use and that is gone; NULL: none */
    double drain_at;     /* look at its drain again then */
    double looked_at;    /* the last look at it */
    uint32_t idle_looks; /* so many looks in a row set nothing going, as far as that is counted */
    double trouble_at;   /* the same for a non-operational host */
    struct plan *held;   /* the last plan of its drain: who cannot go, and why; NULL: none */
    char *state_reason;
    struct failure failure;
    char *alarm[ALARM_SOURCES]; /* what announces trouble of the host; NULL: nothing */
    struct power power;
    struct spare spare;
};

/* Who has how much of a move's bandwidth to say: see channel.c. */
struct channel_share {
    bool known;          /* false: the move was begun before a restart, or not by drover */
    bool running;        /* shared by the moves that run, not by those that may */
    uint32_t concurrent; /* those that may */
    double mbps;         /* what the policy gives to all of them; 0: no limit */
    double fixed_mib_s;  /* what the migrate unit wants for this one; 0: nothing */
    double asked_mbps;   /* what a person wants; 0: no limit; NAN: nothing */
};

/* A feature that a move goes without. */
struct left_out {
    const char *code; /* of the notice, stable */
    const char *text; /* "zero-copy: host kvm2 has ..." */
};

struct move {
    struct migration record; /* texts are in arena */
    struct how how;
    struct channel_share share;
    struct rows left_out; /* struct left_out */
    bool unsettled;    /* recalled, or its call failed: how it stands is to be found out */
    uint64_t settle_step; /* by reports later than this step ... */
    double settle_at;     /* ... that were begun to be read at this time or later */
    double missing_since; /* unsettled: neither host shows the VM since then; NAN: not so */
    bool call_done;
    bool followed;     /* live: ordered, or watched, by this droverd: its end will be told */
    bool call_ok;      /* cold, offline: and it was done */
    bool ordered;      /* the same: what this stage wants was ordered, by this droverd */
    bool arrived;      /* the destination says that the VM runs there */
    bool left;         /* the source says that it is gone */
    bool abort_sent;
    bool was_paused;   /* its guest stood still before: drover never wakes that */
    uint32_t recoveries; /* of its broken post-copy, so far */
    double recover_at;   /* the next one; NAN: none is waited for */
    uint64_t force_order; /* id of the effect that forces it; 0: none has been given */
    double figures_at; /* when its progress was last counted; NAN: not yet */
    bool retry_after_abort; /* aborted by drover for a better destination, not by a person */
    bool vm_ended;     /* the guest was shut down meanwhile */
    bool vm_failed;    /* its hypervisor ended on the source: unless the destination has it, it is over */
    bool unseen;       /* restarts, cold: nobody saw its end; all have to say that they have it not */
    bool told_short;   /* restarts: that no host takes it has been said */
    double check_at;   /* ask its hosts again then */
    double wait_s;     /* its migrate unit wants it to wait so long; 0: it may start */
    const char *wait_why;
    double link_mib_s; /* what its links should have carried for it; NAN: not known; 0: it did not
                          begin here, but before a restart */
    struct arena arena;
};

/* A unit that failed lately. */
struct breaker {
    char *unit;
    uint32_t failures; /* in a row */
    bool open;
    double retry_at;
};

struct breakers {
    struct breaker *item;
    uint32_t n, room;
    struct ruleset *const *ruleset; /* whose units they are */
    uint32_t n_rulesets;
};

enum breaker_what { BREAKER_COUNTS, BREAKER_OPENS, BREAKER_CLOSES };

struct breaker_change {
    enum breaker_what what;
    const char *unit, *error, *treated;
    uint32_t failures;
    int open_s;
};

typedef void breaker_tell(struct engine *engine, void *self, const struct breaker_change *change);

/* A policy that decides beside the one in force: see shadow.c. */
struct shadow {
    char *cluster, *active, *name, *hash;
    struct ruleset *rules;
    struct breakers breakers;
    struct shadow_status status; /* its texts are those above */
};

/* A VM and a moment. In `rests`: drains leave it alone until then, all its tries failed. */
struct rest {
    char *vm;
    double until;
};

/* A VM that somebody else starts or sends, and that the hook has let in: see booking.c. */
struct booking {
    char *vm; /* key */
    char *host;
    double at, until;
    double moving_at; /* when it was last possible that its source was sending it */
    bool moves; /* by a live migration; else it starts there */
    bool added; /* nobody knew it: it is in the fleet for the booking alone */
    bool over;  /* its place was given back, but its host has not told since what it has */
};

/* A VM that two hosts claim: see twice.c. */
struct doubt {
    char *vm;
    char *host[2];
    double since;     /* when it arose */
    bool seen[2];     /* each has said so in a report that was begun to be read after that */
    bool told;
};

/* The last known state of a VM that is remembered over a restart: see keep.c. */
struct kept {
    char *key;
    char *lines;    /* as remembered */
    bool confirmed; /* a host has spoken of it since droverd started */
};

/* A definition left behind on the host where the VM ran before it was restarted elsewhere. */
struct leftover {
    char *vm;
    char *host;
    double until; /* once the host is back it waits so long for it to be removed; NAN: not back */
    double ask_at; /* and is asked anew then, whether it is still there */
};

/* A VM that a drain for people has moved away from its host: see home.c. */
struct home {
    char *vm; /* key */
    char *host;
    char *at; /* where the drain has put it */
    char *who; /* asked for its return */
    bool due; /* as soon as its host is up */
};

/* A VM whose dirty rate was asked for lately: see measure.c. */
struct measuring {
    char *vm, *host;
    double at;
    bool answered;
    uint64_t request; /* a person waits for it; 0: nobody */
};

struct engine {
    double now;
    double started_at;
    uint64_t step; /* counts events */
    uint64_t last_id; /* of effects, moves and decisions */
    struct fleet *fleet;
    size_t fleet_bytes; /* of its arena, when it was last compacted */
    struct settings settings;
    bool configured; /* a set has come */
    bool started;
    struct ruleset **rulesets; /* by position in cluster_names */
    char **cluster_names;
    uint32_t n_rulesets;
    struct watch **watches; /* by name */
    uint32_t n_watches, watch_room;
    struct move **moves; /* by id */
    uint32_t n_moves, move_room;
    const struct migration **move_view;
    uint32_t move_view_room;
    struct breakers breakers;
    struct shadow **shadows; /* of the clusters that have one */
    uint32_t n_shadows;
    struct rest *rests;
    uint32_t n_rests, rest_room;
    struct rest *rested; /* VMs that moved lately, until they may be balanced again */
    uint32_t n_rested, rested_room;
    struct doubt *doubts;
    uint32_t n_doubts, doubt_room;
    struct booking *bookings;
    uint32_t n_bookings, booking_room;
    struct kept *kept; /* by key */
    uint32_t n_kept, kept_room;
    struct home *homes; /* in the order in which they left */
    uint32_t n_homes, home_room;
    struct links links;
    struct measuring *measuring;
    uint32_t n_measuring, measuring_room;
    struct leftover *leftovers;
    uint32_t n_leftovers, leftover_room;
    bool cut_off; /* so many hosts are gone that it must be drover */
    bool cut_off_told;
    double heard_again_at; /* that was over */
    double round_at;
    bool dirty;
    double wake_at;
    struct effects *out; /* during a step */
    struct calls calls;  /* of units, in this step */
    char **group_problems; /* what is wrong with groups, as it was told last */
    uint32_t n_group_problems;
    struct host_status *status_view;
    struct arena status_arena;
};

#endif
