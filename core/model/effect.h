/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Effects: everything that drover does. The engine returns them, the daemon hands them to
 * whoever performs them (world.h), the journal keeps them. Each has an id; performing one twice
 * does no harm.
 */
#ifndef DROVER_MODEL_EFFECT_H
#define DROVER_MODEL_EFFECT_H

#include "base/arena.h"
#include "base/field.h"
#include "model/decision.h"
#include "model/migration.h"
#include "plugin.h"

enum effect_kind {
    /* for the world: virt/ or sim/ */
    EFFECT_MIGRATE,      /* move, vm, host (source), to, how */
    EFFECT_WATCH,        /* move, vm, host: a migration is running already; report it as if it were ours */
    EFFECT_SET_DOWNTIME, /* move, vm, host, number: ms */
    EFFECT_POSTCOPY,     /* move, vm, host */
    EFFECT_ABORT,        /* move, vm, host, text: why */
    EFFECT_RECOVER,      /* move, vm, host (source), to, how: take a broken post-copy up again */
    EFFECT_PAUSE,        /* move, vm, host: stop the guest, so that its migration completes */
    EFFECT_RESUME,       /* vm, host: let a guest run on that EFFECT_PAUSE has stopped */
    EFFECT_CHECK,        /* move, vm, host: it has arrived there: what is it like, and how long was the pause? */
    EFFECT_MEASURE,      /* vm, host, number: s; how fast does it dirty its memory? */
    EFFECT_REFRESH,      /* host: read everything again */
    EFFECT_PROBE,        /* host: does anything of it answer, by other ways than libvirt? */
    EFFECT_FENCE,        /* host, name: a fence_action_names, number: which of its devices */
    EFFECT_START,        /* move, vm, host: start it there, from its last known definition; name
                            "defined": from the one that is there, ok: with autostart on */
    EFFECT_SHUTDOWN,     /* move, vm, host: ask the guest to shut down, if it can be moved then */
    EFFECT_CARRY,        /* move, vm, host, to, name: a carry_names, what is done with its definition */
    EFFECT_UNDEFINE,     /* vm, host: a definition left behind there; the VM runs elsewhere */
    /* for who asked */
    EFFECT_ANSWER,       /* request, status (an enum error_kind; ERROR_NONE: done), text, value (JSON) */
    EFFECT_HOOK_ANSWER,  /* request, ok, name: code, text, value: new XML or NULL */
    /* for the journal and the log */
    EFFECT_REMEMBER,     /* name, value: a text, to be recalled after a restart as it is */
    EFFECT_FORGET,       /* name */
    EFFECT_DECISION,     /* decision */
    EFFECT_NOTICE,       /* level, name: code, text, host, vm, move: a thing a person may want to know */
    EFFECT_MIGRATION,    /* move, migration: the record as it now is, for the history */
    EFFECT_OVERRAN,      /* name: unit, text: error, number: which call of a unit in this step,
                            status: calls that it had made itself; see model/calls.h */
    EFFECT_SHADOW_AGREED,   /* vm, comparison: what a shadow says beside the policy in force */
    EFFECT_SHADOW_DIFFERED, /* the same */
    EFFECT_SET_BANDWIDTH, /* for the world: move, vm, host, number: MiB/s, 0: no limit; name: a
                             migration_phase_names: which bandwidth it is */
    EFFECT_KINDS /* how many there are: tables by kind are held against it */
};

extern const char *const effect_kind_names[];

enum migration_phase { PHASE_PRECOPY, PHASE_POSTCOPY };

enum notice_level { NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR };

extern const char *const migration_phase_names[]; /* by enum migration_phase */

/*
 * What is done with the definition of a VM that is off, of two hosts. It is refused where the VM
 * is active at `host`, and done twice is done once.
 */
enum carry {
    CARRY_COPY,   /* defined at `to` as it is at `host`, and not started by `host` itself any more */
    CARRY_MOVE,   /* the same, and then removed at `host` */
    CARRY_RETURN, /* removed at `host`, once `to` has it; what `to` has stays as it is */
};

extern const char *const carry_names[];

extern const char *const notice_level_names[];
extern const char *const fence_action_names[]; /* by enum drover_fence_action; [0] is "" */
extern const char *const fence_result_names[]; /* by enum drover_fence_result */

/* How to move, as plain values: from struct drover_how and the settings. */
struct how {
    bool auto_converge, postcopy, compress, tls, zerocopy;
    bool tunnelled;   /* over libvirtd's own connection */
    int copy_storage; /* enum copy_storage */
    double downtime_ms;
    double bandwidth_mib_s;
    uint32_t connections;
    const char *peer_uri;          /* of the destination, as the source reaches it */
    const char *migration_address; /* of the destination; "": libvirt chooses */
    struct rows stalls;            /* struct stall */
    double postcopy_bandwidth_mib_s;
    int compression;               /* enum drover_compression; where `compress` is set */
    uint32_t compression_level;    /* 0: QEMU's default; so for the next two, in percent */
    uint32_t auto_converge_initial_pct, auto_converge_increment_pct;
    const char *tls_destination;   /* the name in the destination's certificate */
    struct rows nodes_from, nodes_to; /* struct numa_node: fit its pinning from these to those; none:
                                         leave it as it is */
    int watch;           /* enum drover_watch: what counts as a stall */
    double stall_s;      /* DROVER_WATCH_REMAINING: so long without progress is one */
    double time_limit_s; /* since its start: then post-copy where that is enabled, else abort; 0: none */
};

struct stall {
    uint32_t stall;
    int action; /* enum drover_stall_action */
    double downtime_ms;
};

extern const char *const stall_action_names[]; /* [0] is "" */
extern const char *const compression_names[];  /* by enum drover_compression */
extern const char *const watch_names[];        /* by enum drover_watch */

struct effect {
    uint64_t id; /* 0: only noted, nothing is to be performed */
    int kind;  /* enum effect_kind */
    double at;
    uint64_t move;
    uint64_t request;
    const char *host;
    const char *vm;
    const char *to;
    const char *name;
    const char *text;
    const char *value;
    double number;
    int status;
    int level;
    bool ok;
    struct how how;
    struct rows comparison; /* struct comparison, one */
    const struct decision *decision;   /* lives as long as the effects */
    const struct migration *migration; /* the same; write it by migration_fields */
};

extern const struct field effect_fields[];
extern const struct field how_fields[];
extern const struct field stall_fields[];

/* The flags of libvirt's that a live move takes, by their names in lower case: for people. */
struct texts how_flags(const struct how *how, struct arena *arena);

/* What one step of the engine returned, in order. */
struct effects {
    struct effect *item;
    uint32_t n, capacity;
    struct decision **decisions; /* owned */
    uint32_t n_decisions, decision_capacity;
    struct arena arena;
};

/* Forget what they hold, keep the room; and give the room back, too. */
void effects_clear(struct effects *effects);
void effects_free(struct effects *effects);

#endif
