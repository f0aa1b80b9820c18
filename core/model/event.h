/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events: everything that happens, with its time. They come from virt/ or sim/, from operators
 * (ctl/), from hooks, from files and from the clock (tick); the engine learns of the world by
 * nothing else, and the journal keeps them all.
 *
 * One flat record; which members a kind uses stands beside it. An event owns its texts.
 */
#ifndef DROVER_MODEL_EVENT_H
#define DROVER_MODEL_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "model/fleet.h"
#include "model/migration.h"
#include "model/settings.h"

struct ruleset;

enum event_kind {
    EVENT_TICK,            /* engine_next_wake() has come */
    EVENT_SET_CHANGED,     /* settings, rules: a new checked set; text: its hash; ok: a controller
                              begins with it; who: the version of drover */
    EVENT_RECALLED,        /* name, text: one thing remembered before a restart; after the first set */
    EVENT_STARTED,         /* all that was remembered has been recalled; id: the highest id so far */
    EVENT_HOST_CONNECTED,  /* host */
    EVENT_HOST_LOST,       /* host, name: error|eof|keepalive|timeout|connect, text */
    EVENT_HOST_REPORT,     /* host, hosts[1], vms: everything; `at`: when reading it began */
    EVENT_SAMPLE,          /* host, sample */
    EVENT_VM_CHANGED,      /* host, vms[1]: as re-read after a lifecycle event */
    EVENT_VM_GONE,         /* host, vm, name: shutdown|destroyed|crashed|migrated|saved|failed|undefined */
    EVENT_MIGRATION_PROGRESS, /* id, vm, host, progress */
    EVENT_MIGRATION_DONE,  /* id, vm, host, ok, text: the call returned, or an adopted job ended */
    EVENT_MIGRATION_CHECKED, /* id, vm, host, progress: as it ended; ok: all is well there, else text */
    EVENT_OPERATOR_REQUEST, /* id: to be answered; name: verb; host, vm, to, who, arguments */
    EVENT_HOOK_ASK,        /* id: to be answered; host, hook */
    EVENT_MAINTENANCE_FILE, /* host, ok: is there */
    EVENT_EFFECT_FAILED,   /* id of the effect, text; name: not failed, but it goes another way: the
                              code of the notice that says so */
    EVENT_MEASURED,        /* vm, host, ok, progress: dirty_mib_s; else text */
    EVENT_PROBED,          /* host, name: answers|refuses|silent|unknown, text: what was seen;
                              refuses: it lives, but no service of it took the connection */
    EVENT_FENCED,          /* id: of the effect; host, name: a fence_result_names, text */
    EVENT_STEP_DONE,       /* id: of the move; vm, host, name: "shutdown" (it was asked) or a
                              carry_names, ok, text: why not; of a copy: "autostart", if it was on */
    EVENT_START_DONE,      /* id: of the move; vm, host, ok, text: the call to start it returned */
    EVENT_HOST_ALARM,      /* host, name: what announces trouble, ok: it does so now, text */
    EVENT_KINDS /* how many there are: tables by kind are held against it */
};

extern const char *const event_kind_names[];

/* Statistics of one host at one moment, as columns. */
struct sample {
    double cpu_usage_pct;
    double memory_free_mib;
    double swap_free_mib;
    struct texts vms;               /* keys */
    struct numbers vm_cpu_usage_pct; /* by position in vms; -1: not known */
    struct numbers vm_memory_used_mib;
};

/* What drover-hook sent. vms[0] of the event is the VM as parsed from its XML, if it could be. */
struct hook_ask {
    const char *driver;
    const char *object;
    const char *operation;
    const char *sub_operation;
    const char *extra;
    const char *xml; /* without secrets; "" where none came */
    bool xml_redacted; /* there were secrets: markers stand for them; see model/secrets.h */
    const char *xml_error; /* why it could not be parsed; "" */
    const char *marker; /* what markers of secrets begin with; "": there were none */
};

struct event {
    uint64_t seq; /* given by the journal */
    int kind;     /* enum event_kind */
    double at;
    uint64_t id;
    const char *host;
    const char *vm; /* key */
    const char *to;
    const char *name;
    const char *text;
    const char *who;
    bool ok;
    struct pairs arguments;
    struct rows hosts; /* struct host */
    struct rows vms;   /* struct vm */
    struct sample sample;
    struct progress progress;
    struct hook_ask hook;
    struct rows settings; /* struct settings, one */
    /* not in the journal: rulesets by cluster, for EVENT_SET_CHANGED */
    const struct cluster_rules *rules;
    uint32_t n_rules;
    struct rows overruns; /* struct overrun: in a replay, what is to be repeated in this step */
    void (*release)(struct event *event); /* called by event_free: gives rules back */
    void *release_data;
    struct arena arena;
};

struct policy;

struct cluster_rules {
    const char *cluster;
    struct ruleset *ruleset;
    const struct policy *policy; /* resolved, what the ruleset was bound from: for the journal */
    struct ruleset *shadow;      /* what decides beside it; NULL: none */
    const struct policy *shadow_policy;
};

extern const struct field event_fields[];
extern const struct field sample_fields[];
extern const struct field hook_ask_fields[];

struct event *event_new(enum event_kind kind, double at);
void event_free(struct event *event);

/* The same, with the defaults out of an event that nobody has touched: for those who make many. */
struct event *event_like(const struct event *blank, enum event_kind kind, double at);

/*
 * Whether an event has what its kind needs. One that virt/ or sim/ made always does; one that was
 * read from a file may not. -1 with the error set.
 */
int event_check(const struct event *event, struct error *error);

/* Texts set on an event are copied into its arena by these. */
void event_set(struct event *event, const char **place, const char *text);

/* Append a copy of a record. */
void event_add_vm(struct event *event, const struct vm *vm);
void event_add_host(struct event *event, const struct host *host);

#endif
