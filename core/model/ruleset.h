/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ruleset: a policy bound to units that are loaded, with their parameters filled in. This is
 * what decide/ runs. Whether a unit is C or Lua cannot be told from here.
 */
#ifndef DROVER_MODEL_RULESET_H
#define DROVER_MODEL_RULESET_H

#include "model/answers.h"
#include "model/policy.h"
#include "plugin.h"

enum on_error { ON_ERROR_DENY, ON_ERROR_NEUTRAL, ON_ERROR_LAST_GOOD };
enum selector { SELECTOR_RANK, SELECTOR_NORMALIZED, SELECTOR_RAW };

extern const char *const on_error_names[];
extern const char *const selector_names[];

struct bound_unit {
    const struct drover_unit *unit;
    void *self;
    const char *name; /* as the policy names it: "memory", "site/rack_limit" */
    double factor;    /* of weights */
    enum on_error on_error;
    bool mandatory;
    bool open; /* circuit breaker: true = not called any more. Set by the engine. */
    struct answers *last_good; /* its last good answers, where on_error is last_good; else NULL */
    const void *owner; /* plug's: the loaded plugin */
};

/* Parameters that the core itself reads, beside the units. RHV's names and defaults. */
struct rule_parameters {
    double high_utilization;        /* % */
    double low_utilization;         /* % */
    double cpu_overcommit_duration; /* s */
    double vcpu_consumption_percentage; /* load assumed per vCPU of a VM that does not run */
    bool ignore_vm_to_vm_affinity_for_host_maintenance; /* where a VM could not leave otherwise */
};

struct ruleset {
    const char *name;
    const char *hash; /* of the resolved policy and all its units' files */
    struct bound_unit *filters;
    uint32_t n_filters;
    struct bound_unit *weights;
    uint32_t n_weights;
    struct bound_unit *admits;
    uint32_t n_admits;
    enum selector selector;
    struct bound_unit balance;    /* unit NULL: none */
    struct bound_unit resilience; /* unit NULL: do nothing */
    struct bound_unit migrate;    /* unit NULL: QEMU's defaults */
    struct bound_unit *migrates;  /* the others that are loaded: a VM may wish for one */
    uint32_t n_migrates;
    struct policy_migration migration;
    struct rule_parameters parameters;
    void *owner; /* plug's: frees it */
};

#endif
