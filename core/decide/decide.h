/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deciding, pure: filter -> weigh -> select for one VM; plans for a drain, a round of balancing,
 * trouble of a host. No I/O, no clock, no globals: the same columns and ruleset give the same
 * bytes.
 *
 * Theory of operation. A decision looks at every host of the VM's cluster. Filters run in the
 * policy's order over the hosts that are left (decide_host), or, where somebody will read why,
 * each over all hosts (decide_explain). Weights run over what is left; the selector turns raw
 * weights into a score; ties go to the lower index, that is, by name. A plan makes decisions one
 * after another on its own columns and promises each chosen host (columns_promise), so that the
 * next decision sees what was taken.
 */
#ifndef DROVER_DECIDE_DECIDE_H
#define DROVER_DECIDE_DECIDE_H

#include "model/columns.h"
#include "model/decision.h"
#include "model/plan.h"
#include "model/ruleset.h"
#include "model/settings.h"

struct question {
    uint32_t vm;
    enum drover_purpose purpose;
    const uint32_t *hosts; /* only these, where n_hosts > 0 */
    uint32_t n_hosts;
    const uint32_t *without; /* not these */
    uint32_t n_without;
    bool stay_allowed;     /* its own host is a candidate: it may win, and nothing moves */
    const uint32_t *with;  /* VMs that go along, to the same host; see decide_together() */
    uint32_t n_with;
    uint32_t waived;       /* DROVER_WAIVE_... */
};

/* The chosen host or DROVER_NONE; as fast as it goes. */
uint32_t decide_host(const struct columns *columns, const struct ruleset *rules,
                     const struct question *question, struct arena *scratch);

/* The same choice with everything told. decision_free() it. */
struct decision *decide_explain(const struct columns *columns, const struct ruleset *rules,
                                const struct question *question);

/*
 * The same where others go along (question.with): the best host that takes all of them, one after
 * another. A host that takes the first and not all is refused, and says who is in the way. The
 * columns are as they were, afterwards.
 */
struct decision *decide_together(struct columns *columns, const struct ruleset *rules,
                                 const struct question *question);

/*
 * What a person asks: where would this VM go (`to` DROVER_NONE), or may it go to that host. A VM
 * that runs may stay. NULL with the error set where its cluster has no policy, or `to` is not in
 * its cluster.
 */
struct rules;
struct decision *explain_vm(const struct columns *columns, const struct rules *rules, uint32_t vm,
                            uint32_t to, struct error *error);

/* Whether all filters accept the VM on this host. */
bool decide_allows(const struct columns *columns, const struct ruleset *rules, uint32_t vm,
                   uint32_t host, enum drover_purpose purpose, struct arena *scratch);

/* The same for a question: with those who go along, and without rules that are waived. */
bool decide_accepts(const struct columns *columns, const struct ruleset *rules,
                    const struct question *question, uint32_t host, struct arena *scratch);

/* Rules by cluster index of the columns. */
struct rules {
    const struct ruleset *const *by_cluster;
    uint32_t n;
};

const struct ruleset *rules_of(const struct rules *rules, const struct columns *columns,
                               uint32_t vm);

/*
 * Plans. Each promises on `columns` as it goes, and may be shown or carried out.
 * plan_free() them.
 */

/* Empty a host: all its VMs by priority; who may not leave is in `unplaced` with reasons. */
struct plan *plan_drain(struct columns *columns, const struct rules *rules, uint32_t host);

/*
 * One round of balancing of one cluster: at most `budget` moves, each decided on the fleet as it
 * is when those before it have arrived; so the columns show it afterwards. Candidates are the
 * balancer's list as it is now.
 */
struct plan *plan_balance(struct columns *columns, const struct rules *rules, uint32_t cluster,
                          uint32_t budget, double cooldown_s);

/*
 * Moves that mend broken rules of affinity groups in one cluster, in RHV's order: hard rules of VMs
 * and hosts, hard rules between VMs, soft ones of VMs and hosts, soft ones between VMs. At most
 * `budget` moves, but VMs that go together all go. Each move leaves the rules better kept than
 * before, so there is an end to them. Candidates are all VMs whose move would mend a rule.
 */
struct plan *plan_enforce(struct columns *columns, const struct rules *rules, uint32_t cluster,
                          uint32_t budget, double cooldown_s);

/* What the resilience unit proposes for a host in trouble. */
struct plan *plan_trouble(struct columns *columns, const struct rules *rules,
                          enum drover_trouble_kind kind, uint32_t host);

/*
 * What would be started where if the host died now: the same unit and the same placing as when it
 * has really died. The columns show it dead afterwards. Brief: who finds no place is named, and
 * not why, which is most of the work.
 */
struct plan *plan_fail(struct columns *columns, const struct rules *rules, uint32_t host);
struct plan *plan_fail_brief(struct columns *columns, const struct rules *rules, uint32_t host);

/*
 * The plan that was asked for, as far as the limits of one round go. NULL with the error set for an
 * unknown word, host or cluster.
 */
struct plan *plan_asked(struct columns *columns, const struct rules *rules,
                        const struct plan_question *question, const struct limits *limits,
                        struct error *error);

/* The host's load is outside the band low..high of its policy: for cpu_over_since. RHV's test. */
bool load_is_out_of_band(const struct ruleset *rules, double cpu_usage_pct);

#endif
