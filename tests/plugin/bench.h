/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bench for one unit: its .so is loaded as it is built, with no core around it but the columns
 * of a small fleet, and its callbacks are called directly. So a test speaks of the unit alone.
 */
#ifndef TESTS_PLUGIN_BENCH_H
#define TESTS_PLUGIN_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scalar.h"
#include "model/columns.h"
#include "model/fleet.h"

#define BENCH_NOW 1768996800.0
#define BENCH_HOSTS 16

struct bench {
    void *library;
    const struct drover_unit *unit;
    void *self;
    struct fleet *fleet;
    struct columns *columns;
};

/* ----------------------------------------------------------------------- the unit */

static inline void bench_parameter(struct bench *bench, const struct drover_parameter *parameter,
                                   const char *text)
{
    void *place = (char *)bench->self + parameter->offset;
    bool good = false;
    switch (parameter->type) {
    case DROVER_INTEGER:
        good = scalar_integer(text, place);
        break;
    case DROVER_NUMBER:
        good = scalar_number(text, place);
        break;
    case DROVER_PERCENT:
        good = scalar_percent(text, place);
        break;
    case DROVER_DURATION_S:
        good = scalar_duration_s(text, place);
        break;
    case DROVER_MEMORY_MIB:
        good = scalar_memory_mib(text, place);
        break;
    case DROVER_BOOLEAN:
        good = scalar_boolean(text, place);
        break;
    case DROVER_TEXT:
    case DROVER_CHOICE:
        *(const char **)place = text;
        good = true;
        break;
    default:
        fail_msg("there is no parameter of type %u", parameter->type);
    }
    if (!good)
        fail_msg("%s: cannot read %s", parameter->key, text);
}

/* Set a parameter as a policy would. */
static inline void bench_set(struct bench *bench, const char *key, const char *text)
{
    for (const struct drover_parameter *p = bench->unit->parameters; p && p->key; p++)
        if (strcmp(p->key, key) == 0) {
            bench_parameter(bench, p, text);
            return;
        }
    fail_msg("unit %s has no parameter %s", bench->unit->name, key);
}

/* Load plugins/NAME.so: its unit of that place, with the parameters' defaults, and an empty fleet. */
static inline struct bench *bench_new_of(const char *name, uint32_t place)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    const char *build = getenv("DROVER_BUILD");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/plugins/%s.so", build ? build : "build", name);
    bench->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!bench->library)
        fail_msg("%s", dlerror());
    drover_plugin_function *get = NULL;
    *(void **)&get = dlsym(bench->library, "drover_plugin");
    assert_non_null(get);
    for (uint32_t i = 0; i <= place; i++)
        assert_non_null(get()->units[i]);
    bench->unit = get()->units[place];
    bench->self = calloc(1, bench->unit->self_size + 1);
    for (const struct drover_parameter *p = bench->unit->parameters; p && p->key; p++)
        bench_parameter(bench, p, p->default_text);
    bench->fleet = fleet_new();
    bench->fleet->now = BENCH_NOW;
    return bench;
}

/* Let the unit check its parameters, as a policy would; "" or what it has against them. */
static inline const char *bench_open(struct bench *bench, char error[256])
{
    error[0] = '\0';
    if (bench->unit->open && bench->unit->open(bench->self, error, 256) == 0)
        error[0] = '\0';
    return error;
}

/* The same for a plugin of one unit. */
static inline struct bench *bench_new(const char *name)
{
    return bench_new_of(name, 0);
}

static inline void bench_free(struct bench *bench)
{
    columns_free(bench->columns);
    fleet_free(bench->fleet);
    free(bench->self);
    dlclose(bench->library);
    free(bench);
}

/* ---------------------------------------------------------------------- the fleet */

/* Lists and labels of a record that is about to be put: the fleet copies them. */
#define BENCH_TEXTS(...)                                                                           \
    ((struct texts){(const char *[]){__VA_ARGS__},                                                 \
                    sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), true})
#define BENCH_LABEL(key, value)                                                                    \
    ((struct pairs){(struct pair[]){{(key), (value), {0, 0}}}, 1, true})
#define BENCH_ROWS(type, ...)                                                                      \
    ((struct rows){(type[]){__VA_ARGS__}, sizeof((type[]){__VA_ARGS__}) / sizeof(type)})

/* A host as a fleet file would have it; change it and put it. 4 CPUs, 16 GiB, nothing reserved. */
static inline struct host bench_host(const char *name)
{
    struct host host;
    memset(&host, 0, sizeof host);
    field_defaults(host_fields, &host);
    host.name = name;
    host.threads = 4;
    host.memory_mib = 16384;
    host.memory_reserved_mib = 0;
    host.cpu_usage_pct = 0;
    host.state_since = BENCH_NOW;
    return host;
}

/* A VM of 1 vCPU and 1 GiB; host NULL: it does not run. */
static inline struct vm bench_vm(const char *name, const char *host)
{
    struct vm vm;
    memset(&vm, 0, sizeof vm);
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.host = host;
    vm.vcpus = 1;
    vm.memory_mib = 1024;
    vm.memory_overhead_mib = 0;
    vm.state = host ? DROVER_VM_RUNNING : DROVER_VM_DOWN;
    return vm;
}

static inline void bench_put_host(struct bench *bench, struct host host)
{
    fleet_put_host(bench->fleet, &host);
}

static inline void bench_put_vm(struct bench *bench, struct vm vm)
{
    fleet_put_vm(bench->fleet, &vm);
}

/* Make columns of the fleet as it now is. */
static inline void bench_ready(struct bench *bench)
{
    struct error error = ERROR_INIT;
    assert_int_equal(fleet_check(bench->fleet, &error), 0);
    columns_free(bench->columns);
    bench->columns = columns_new(bench->fleet);
}

static inline uint32_t bench_find_host(const struct bench *bench, const char *name)
{
    uint32_t host = columns_host(bench->columns, name);
    assert_int_not_equal(host, DROVER_NONE);
    return host;
}

static inline uint32_t bench_find_vm(const struct bench *bench, const char *name)
{
    uint32_t vm = columns_vm(bench->columns, name);
    assert_int_not_equal(vm, DROVER_NONE);
    return vm;
}

static inline struct drover_ask bench_ask(const struct bench *bench, const char *vm)
{
    uint32_t index = bench_find_vm(bench, vm);
    return (struct drover_ask){
        .size = sizeof(struct drover_ask),
        .fleet = &bench->columns->fleet,
        .vm = index,
        .from = bench->columns->vms.host[index],
        .purpose = DROVER_TO_MIGRATE,
    };
}

/* -------------------------------------------------------------------- what it says */

static inline void bench_all_hosts(const struct bench *bench, uint32_t *hosts)
{
    assert_true(bench->columns->hosts.n <= BENCH_HOSTS);
    for (uint32_t i = 0; i < bench->columns->hosts.n; i++)
        hosts[i] = i;
}

/* The code of the refusal, or "" where the host is accepted. */
static inline const char *bench_refusal(struct bench *bench, const char *vm, const char *host)
{
    struct drover_ask ask = bench_ask(bench, vm);
    uint32_t hosts[BENCH_HOSTS], wanted = bench_find_host(bench, host);
    uint8_t verdicts[BENCH_HOSTS], alone = 0;
    bench_all_hosts(bench, hosts);
    memset(verdicts, 0xaa, sizeof verdicts);
    assert_int_equal(
        bench->unit->filter(bench->self, &ask, hosts, bench->columns->hosts.n, verdicts), 0);
    /* One host at a time or all of them: the same answer. */
    assert_int_equal(bench->unit->filter(bench->self, &ask, &wanted, 1, &alone), 0);
    assert_int_equal(alone, verdicts[wanted]);
    return alone ? bench->unit->reasons[alone - 1].code : "";
}

static inline void bench_expect(struct bench *bench, const char *vm, const char *host,
                                const char *code)
{
    const char *found = bench_refusal(bench, vm, host);
    if (strcmp(found, code) != 0)
        fail_msg("%s on %s: expected \"%s\", found \"%s\"", vm, host, code, found);
}

/* The figures of a refusal. */
static inline struct drover_why bench_why(struct bench *bench, const char *vm, const char *host)
{
    struct drover_ask ask = bench_ask(bench, vm);
    uint32_t wanted = bench_find_host(bench, host);
    uint8_t verdict = 0;
    assert_int_equal(bench->unit->filter(bench->self, &ask, &wanted, 1, &verdict), 0);
    assert_int_not_equal(verdict, 0);
    struct drover_why why = {.size = sizeof why};
    assert_int_equal(bench->unit->why(bench->self, &ask, wanted, verdict, &why), 0);
    return why;
}

/* Weights of all hosts, in order of name. */
static inline void bench_weigh(struct bench *bench, const char *vm, double *weights)
{
    struct drover_ask ask = bench_ask(bench, vm);
    uint32_t hosts[BENCH_HOSTS];
    bench_all_hosts(bench, hosts);
    assert_int_equal(
        bench->unit->weigh(bench->self, &ask, hosts, bench->columns->hosts.n, weights), 0);
    for (uint32_t i = 0; i < bench->columns->hosts.n; i++)
        assert_false(isnan(weights[i]));
}

/* Weights of all hosts, which are these. */
static inline void bench_expect_weights(struct bench *bench, const char *vm, uint32_t n,
                                        const double *expected)
{
    double weights[BENCH_HOSTS];
    bench_weigh(bench, vm, weights);
    assert_int_equal(bench->columns->hosts.n, n);
    for (uint32_t i = 0; i < n; i++)
        if (fabs(weights[i] - expected[i]) > 1e-9)
            fail_msg("%s weighs %g, not %g", bench->columns->hosts.name[i], weights[i],
                     expected[i]);
}

#define EXPECT_WEIGHTS(bench, vm, ...)                                                             \
    do {                                                                                           \
        const double expected_[] = {__VA_ARGS__};                                                  \
        bench_expect_weights(bench, vm, sizeof expected_ / sizeof *expected_, expected_);          \
    } while (0)

/* The host with the lowest weight, the first by name among equals. */
static inline const char *bench_best(struct bench *bench, const char *vm)
{
    double weights[BENCH_HOSTS];
    bench_weigh(bench, vm, weights);
    uint32_t best = 0;
    for (uint32_t i = 1; i < bench->columns->hosts.n; i++)
        if (weights[i] < weights[best])
            best = i;
    return bench->columns->hosts.name[best];
}

/* ------------------------------------------------------------------------ a plan */

/* What was proposed, as text: "VM1A: A B\n" for each step, or "idle: ...\n". */
struct bench_plan {
    struct drover_plan plan; /* first: the unit sees this */
    struct columns *columns;
    const char *refused; /* name of a host that the filters refuse; NULL: none */
    char text[4096];
    char reason[512]; /* of the first step */
};

static inline void bench_plan_add(struct bench_plan *plan, const char *text)
{
    size_t used = strlen(plan->text);
    snprintf(plan->text + used, sizeof plan->text - used, "%s", text);
}

/* "maintenance kvm1\n", where the step is one that switches a host. */
static inline bool bench_switches(struct bench_plan *plan, const struct drover_step *step)
{
    static const char *const words[] = {[DROVER_STEP_POWER_OFF] = "power_off ",
                                        [DROVER_STEP_POWER_ON] = "power_on ",
                                        [DROVER_STEP_MAINTENANCE] = "maintenance ",
                                        [DROVER_STEP_ACTIVATE] = "activate "};
    if (step->kind >= sizeof words / sizeof *words || !words[step->kind])
        return false;
    bench_plan_add(plan, words[step->kind]);
    bench_plan_add(plan, plan->columns->hosts.name[step->host]);
    bench_plan_add(plan, "\n");
    return true;
}

static inline int bench_propose(struct drover_plan *to, const struct drover_step *step)
{
    struct bench_plan *plan = (struct bench_plan *)(void *)to;
    assert_int_equal(step->size, sizeof *step);
    assert_non_null(step->code);
    if (!plan->text[0])
        snprintf(plan->reason, sizeof plan->reason, "%s: %s", step->code, step->reason);
    if (bench_switches(plan, step))
        return 0;
    assert_true(step->kind == DROVER_STEP_MOVE || step->kind == DROVER_STEP_START);
    bench_plan_add(plan, plan->columns->vms.name[step->vm]);
    bench_plan_add(plan, ":");
    for (uint32_t i = 0; i < step->n_hosts; i++) {
        bench_plan_add(plan, " ");
        bench_plan_add(plan, plan->columns->hosts.name[step->hosts[i]]);
    }
    bench_plan_add(plan, "\n");
    if (to->whole)
        columns_arrive(plan->columns, step->vm, step->hosts[0]);
    return 0;
}

static inline int bench_filter(struct drover_plan *from, uint32_t vm, const uint32_t *hosts,
                               uint32_t n, uint8_t *allowed)
{
    const struct bench_plan *plan = (struct bench_plan *)(void *)from;
    (void)vm;
    for (uint32_t i = 0; i < n; i++)
        allowed[i] = !plan->refused ||
                     strcmp(plan->columns->hosts.name[hosts[i]], plan->refused) != 0;
    return 0;
}

static inline void bench_idle(struct drover_plan *to, const char *reason)
{
    struct bench_plan *plan = (struct bench_plan *)(void *)to;
    bench_plan_add(plan, "idle: ");
    bench_plan_add(plan, reason);
    bench_plan_add(plan, "\n");
}

static inline void bench_plan_begin(const struct bench *bench, struct bench_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->plan = (struct drover_plan){.size = sizeof(struct drover_plan),
                                      .propose = bench_propose,
                                      .idle = bench_idle,
                                      .budget = UINT32_MAX,
                                      .filter = bench_filter};
    plan->columns = bench->columns;
}

static inline void bench_balance(struct bench *bench, struct bench_plan *plan)
{
    bench_plan_begin(bench, plan);
    assert_int_equal(
        bench->unit->balance(bench->self, &bench->columns->fleet, 0, &plan->plan), 0);
}

/* ------------------------------------------------------------------------ running */

/* What holds for every unit: its tables are complete, and its codes are its own. */
static inline void bench_check_tables(const struct bench *bench)
{
    const struct drover_unit *unit = bench->unit;
    assert_true(unit->summary && *unit->summary);
    for (const struct drover_parameter *p = unit->parameters; p && p->key; p++) {
        assert_true(p->help && *p->help && p->default_text);
        assert_true(p->offset < unit->self_size);
        assert_true(p->min <= p->max);
    }
    for (const struct drover_reason *r = unit->reasons; r && r->code; r++) {
        assert_true(strncmp(r->code, unit->name, strlen(unit->name)) == 0);
        assert_int_equal(r->code[strlen(unit->name)], '.');
        assert_true(r->text && *r->text);
    }
}

#define BENCH_MAIN(name, ...)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                           \
        cmocka_set_message_output(CM_OUTPUT_TAP);                                                  \
        return cmocka_run_group_tests_name(name, tests, NULL, NULL);                               \
    }

#endif
