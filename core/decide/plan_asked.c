/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans as people ask for them: by a word and a name. */
#include "decide/decide.h"

#include "base/memory.h"

#include <string.h>

typedef struct plan *host_plan(struct columns *columns, const struct rules *rules, uint32_t host);

static struct plan *of_host(host_plan *plan, struct columns *columns, const struct rules *rules,
                            const struct plan_question *question, struct error *error)
{
    const char *host = question->target;
    uint32_t index = host ? columns_host(columns, host) : DROVER_NONE;
    if (index != DROVER_NONE)
        return plan(columns, rules, index);
    if (host)
        error_set(error, ERROR_NOT_FOUND, "host %s: there is none of this name", host);
    else
        error_set(error, ERROR_USAGE, "plan %s: of which host?", question->what);
    return NULL;
}

typedef struct plan *cluster_plan(struct columns *columns, const struct rules *rules,
                                  uint32_t cluster, uint32_t budget, double cooldown_s);

/* The plans of one cluster, or of all, as one. */
static struct plan *by_cluster(cluster_plan *plan, struct columns *columns,
                               const struct rules *rules, const char *cluster, uint32_t budget,
                               double cooldown_s, struct error *error)
{
    struct plan *all = memory_new(sizeof *all);
    field_defaults(plan_fields, all);
    bool found = !cluster;
    for (uint32_t c = 0; c < columns->clusters.n; c++) {
        if (cluster && strcmp(columns->clusters.name[c], cluster) != 0)
            continue;
        struct plan *one = plan(columns, rules, c, budget, cooldown_s);
        plan_join(all, one);
        plan_free(one);
        found = true;
    }
    if (found)
        return all;
    error_set(error, ERROR_NOT_FOUND, "cluster %s: there is none of this name", cluster);
    plan_free(all);
    return NULL;
}

/* Plans of clusters, and how many moves a round may make. */
static const struct {
    const char *what;
    cluster_plan *plan;
    size_t budget; /* where in struct limits */
} cluster_plans[] = {
    {"balance", plan_balance, offsetof(struct limits, balance_moves_per_round)},
    {"enforce", plan_enforce, offsetof(struct limits, enforce_moves_per_round)},
};

struct plan *plan_asked(struct columns *columns, const struct rules *rules,
                        const struct plan_question *question, const struct limits *limits,
                        struct error *error)
{
    if (strcmp(question->what, "drain") == 0)
        return of_host(plan_drain, columns, rules, question, error);
    if (strcmp(question->what, "fail") == 0)
        return of_host(plan_fail, columns, rules, question, error);
    for (size_t i = 0; i < sizeof cluster_plans / sizeof *cluster_plans; i++) {
        uint32_t budget =
            *(const uint32_t *)(const void *)((const char *)limits + cluster_plans[i].budget);
        if (strcmp(question->what, cluster_plans[i].what) == 0)
            return by_cluster(cluster_plans[i].plan, columns, rules, question->target,
                              question->whole ? UINT32_MAX : budget, limits->cooldown_s, error);
    }
    error_set(error, ERROR_USAGE,
              "plan: expected balance, enforce, drain HOST, fail HOST or migrate VM, found \"%.64s\"",
              question->what);
    return NULL;
}
