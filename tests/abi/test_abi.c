/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plugins of tests/abi/so, as they were built when ABI 1.0 was made (tests/abi/1.0) and as they
 * are built today, are asked about one fleet, and must answer what stands here. A change that
 * makes an answer here another one breaks plugins that are out there: then it is the change that
 * is wrong, or DROVER_ABI_MAJOR.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/fleet_file.h"
#include "model/columns.h"
#include "plug/plug.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kept binaries are for one machine; sources are for all. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__linux__)
#define KEPT_FOR_THIS_MACHINE true
#else
#define KEPT_FOR_THIS_MACHINE false
#endif

static const char *plugin_dir; /* of the plugins that are asked now */
static struct fleet *fleet;
static struct columns *columns;

/* ------------------------------------------------------------------ one plugin, bound */

struct bound {
    struct plug *plug;
    struct ruleset *rules;
};

static struct ruleset *bind(struct plug *plug, const struct policy *policy)
{
    struct error error = ERROR_INIT;
    struct ruleset *rules = plug_bind(plug, policy, &error);
    if (!rules) {
        fail_msg("%s", error.text);
        abort(); /* fail_msg() does not come back, which not every checker knows */
    }
    return rules;
}

/* Load NAME.so of plugin_dir and bind it to the policy. */
static struct bound bound_new(const char *name, const struct policy *policy)
{
    if (!plugin_dir) {
        print_message("# the kept plugins are for Linux on x86_64\n");
        skip();
    }
    char path[PATH_MAX];
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    snprintf(path, sizeof path, "%s/%s.so", plugin_dir, name);
    if (plug_load_file(plug, path, "", false, &error) != 0)
        fail_msg("%s", error.text);
    assert_true(plug_count(plug) > 0);
    return (struct bound){plug, bind(plug, policy)};
}

static void bound_free(struct bound *bound)
{
    ruleset_free(bound->rules);
    plug_unref(bound->plug);
}

static uint32_t host(const char *name)
{
    uint32_t index = columns_host(columns, name);
    assert_int_not_equal(index, DROVER_NONE);
    return index;
}

static uint32_t vm(const char *name)
{
    for (uint32_t i = 0; i < columns->vms.n; i++)
        if (strcmp(columns->vms.name[i], name) == 0)
            return i;
    fail_msg("the fleet has no VM %s", name);
    return DROVER_NONE;
}

static struct drover_ask ask_about(const char *name)
{
    return (struct drover_ask){.size = sizeof(struct drover_ask),
                               .fleet = &columns->fleet,
                               .vm = vm(name),
                               .from = columns->vms.host[vm(name)],
                               .purpose = DROVER_TO_DRAIN};
}

static const uint32_t all_hosts[] = {0, 1, 2, 3, 4, 5};

#define ALL_HOSTS (sizeof all_hosts / sizeof all_hosts[0])

/* ------------------------------------------------------------------------ readings */

static void test_every_column_is_read(void **state)
{
    static const struct {
        const char *vm, *host, *text;
    } chapter[] = {
        {"db1", "kvm1", "n=2 name=east overcommit=150 threads_as_cores=0"},
        {"db1", "kvm1", "n=6 name=kvm1 cluster=0 state=0 state_s=3600 roles=3 threads=16 cores=8 "
                        "sockets=2 cpus=8 usage=85 over_s=240 pending=0 vcpus=6 largest=4"},
        {"db1", "kvm1", "memory=32768 free=20000 committed=9500 reserved=768 pending=0 "
                        "schedulable=38884 swap=4096 swap_free=4000 vm_count=2 vm_pending=0 "
                        "vms=2 =db1 =web1"},
        {"db1", "kvm1", "arch=x86_64 model=Icelake-Server tsc=2400000 scaling=1 link=10000 "
                        "hypervisor=8.2.1 os=debian 12.5 boot_s=86400"},
        {"db1", "kvm1", "networks=known =blue =green storage=known =pool1 machines=known "
                        "=pc-i440fx-8.2 =pc-q35-8.2 features=known =aes =avx2 rack=r1 row=a"},
        {"db1", "kvm1", "n=5 host=0 to=none cluster=0 state=0 migratable=1 ha=1 priority=50 "
                        "vcpus=4 usage=75 load=300 memory=8192 used=6000 overhead=208 "
                        "hugepages=2048 dirty=12.5 moved_s=120 tsc=2400000 local_disk=1"},
        {"db1", "kvm1", "name=db1 uuid=6fe2f2b9-4b7a-4b4c-9d8f-1c7f0f2a9e11 arch=x86_64 "
                        "machine=pc-q35-8.2 mode=host-model model=Icelake-Server cache=unsafe "
                        "app=shop tier=db"},
        {"db1", "kvm1", "networks=1 =blue storage=1 =pool1 features=1 =aes pinned=2 =kvm1 =kvm2 "
                        "preferred=1 =kvm2 groups=1 =apart"},
        {"db1", "kvm1", "n=2 name=apart priority=2.5 vm_rule=2 vm_enforcing=1 host_rule=0 "
                        "host_enforcing=0 vms=2 =db1 =db2 hosts=0 name=home priority=1 vm_rule=0 "
                        "vm_enforcing=0 host_rule=1 host_enforcing=1 vms=1 =web1 hosts=2 =kvm1 "
                        "=kvm3"},
        {"idle", "kvm6", "now=1768996800 vm=2 from=none purpose=3 host=5"},
        /* What is on its way, and what is not known. */
        {"web2", "kvm3", "n=2 name=east overcommit=150 threads_as_cores=0"},
        {"web2", "kvm3", "n=6 name=kvm3 cluster=0 state=0 state_s=7200 roles=0 threads=8 cores=8 "
                         "sockets=1 cpus=8 usage=30 over_s=unknown pending=60 vcpus=2 largest=2"},
        {"web2", "kvm3", "memory=2048 free=2000 committed=0 reserved=48 pending=1100 "
                         "schedulable=1924 swap=0 swap_free=0 vm_count=0 vm_pending=1 vms=0"},
        {"web2", "kvm3", "arch=x86_64 model= tsc=0 scaling=0 link=0 hypervisor= os= "
                         "boot_s=unknown"},
        {"web2", "kvm3", "networks=unknown storage=unknown machines=unknown features=known"},
        {"web2", "kvm3", "n=5 host=1 to=2 cluster=0 state=3 migratable=0 ha=0 priority=1 vcpus=2 "
                         "usage=30 load=60 memory=1024 used=unknown overhead=76 hugepages=0 "
                         "dirty=unknown moved_s=unknown tsc=0 local_disk=0"},
    };
    (void)state;
    const char *filter = "readings";
    struct policy policy = {.name = "test", .filters = {&filter, 1, true}};
    struct bound b = bound_new("readings", &policy);
    const struct bound_unit *u = &b.rules->filters[0];
    for (uint32_t i = 0; i < sizeof chapter / sizeof chapter[0]; i++) {
        struct drover_ask ask = ask_about(chapter[i].vm);
        struct drover_why why = {.size = sizeof why};
        uint8_t verdict = (uint8_t)(1 + i % 10);
        assert_int_equal(
            u->unit->why(u->self, &ask, host(chapter[i].host), verdict, &why), 0);
        assert_string_equal(why.text, chapter[i].text);
        assert_string_equal(why.subject, u->unit->reasons[verdict - 1].code);
        assert_true(why.need == verdict && why.have == (double)strlen(why.text));
    }
    bound_free(&b);
}

/* ---------------------------------------------------------------- a filter, a weight */

struct refusal {
    const char *vm, *host, *code;
    double need, have;
    const char *subject;
};

static void check_refusals(const struct bound_unit *u, const struct refusal *refusals, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct refusal *r = &refusals[i];
        struct drover_ask ask = ask_about(r->vm);
        struct drover_why why = {.size = sizeof why};
        uint8_t verdicts[ALL_HOSTS];
        uint32_t at = host(r->host);
        memset(verdicts, 0xaa, sizeof verdicts);
        assert_int_equal(u->unit->filter(u->self, &ask, all_hosts, ALL_HOSTS, verdicts), 0);
        if (!r->code) {
            assert_int_equal(verdicts[at], 0);
            continue;
        }
        assert_in_range(verdicts[at], 1, 5);
        assert_string_equal(u->unit->reasons[verdicts[at] - 1].code, r->code);
        assert_int_equal(u->unit->why(u->self, &ask, at, verdicts[at], &why), 0);
        if (why.need != r->need || why.have != r->have || strcmp(why.subject, r->subject) != 0)
            fail_msg("%s on %s: need %g, have %g, subject \"%s\"", r->vm, r->host, why.need,
                     why.have, why.subject);
    }
}

static void test_verdicts_and_whys(void **state)
{
    static const struct refusal usual[] = {
        {"db1", "kvm1", NULL, 0, 0, ""},
        {"db1", "kvm2", "place.closed", 0, 0, "rack"},
        {"db1", "kvm3", "place.short", 8912, 1924, ""},
        {"db1", "kvm4", "place.network", 0, 0, "blue"},
        {"db1", "kvm5", "place.short", 8912, 7871, ""},
        {"db1", "kvm6", "place.group", 0, 0, "apart"},
        {"web1", "kvm3", NULL, 0, 0, ""},
        {"web1", "kvm4", NULL, 0, 0, ""},
        {"db2", "kvm1", "place.group", 0, 0, "apart"},
    };
    static const struct refusal with_parameters[] = {
        {"web1", "kvm1", "place.full", 1, 2, ""},
        {"web1", "kvm2", "place.full", 1, 1, ""},
        {"web1", "kvm3", "place.short", 2124, 1924, ""},
        {"web1", "kvm4", NULL, 0, 0, ""},
    };
    (void)state;
    const char *filter = "place";
    struct pair set[] = {{.key = "most_vms", .value = "1"}, {.key = "place.spare", .value = "1GiB"},
                         {.key = "label", .value = "hall"}};
    struct policy policy = {.name = "test", .filters = {&filter, 1, true}};
    struct bound b = bound_new("place", &policy);
    check_refusals(&b.rules->filters[0], usual, sizeof usual / sizeof usual[0]);
    bound_free(&b);
    policy.parameters = (struct pairs){set, 3, true};
    b = bound_new("place", &policy);
    check_refusals(&b.rules->filters[0], with_parameters,
                   sizeof with_parameters / sizeof with_parameters[0]);
    bound_free(&b);
}

static void check_weights(struct pairs parameters, const double *expected)
{
    struct pair weight = {.key = "calm", .value = "1"};
    struct policy policy = {.name = "test", .weights = {&weight, 1, true},
                            .parameters = parameters};
    struct bound b = bound_new("place", &policy);
    const struct bound_unit *u = &b.rules->weights[0];
    struct drover_ask ask = ask_about("web1");
    double weights[ALL_HOSTS];
    assert_int_equal(u->unit->weigh(u->self, &ask, all_hosts, ALL_HOSTS, weights), 0);
    for (uint32_t i = 0; i < ALL_HOSTS; i++)
        if (weights[i] != expected[i])
            fail_msg("host %u: expected a weight of %g, got %g", i, expected[i], weights[i]);
    assert_string_equal(u->unit->failure(u->self), "a host has no statistics of its CPUs");
    bound_free(&b);
}

static void test_weights(void **state)
{
    static const double usual[] = {142.5, 1010, 15, 1020, 1149.5, 25};
    static const double by_vcpus[] = {224, 2008, 8, 2000, 2000, 8};
    (void)state;
    struct pair set[] = {{.key = "by", .value = "vcpus"}, {.key = "slope", .value = "2"},
                         {.key = "load", .value = "5%"},  {.key = "settled", .value = "7m"},
                         {.key = "twice", .value = "yes"}};
    check_weights((struct pairs){NULL, 0, false}, usual);
    check_weights((struct pairs){set, 5, true}, by_vcpus);
}

static void test_open_may_refuse(void **state)
{
    (void)state;
    struct pair weight = {.key = "calm", .value = "1"}, set = {.key = "slope", .value = "-2"};
    struct policy none = {.name = "none"}, policy = {.name = "test"};
    policy.weights = (struct pairs){&weight, 1, true};
    policy.parameters = (struct pairs){&set, 1, true};
    struct bound b = bound_new("place", &none);
    struct error error = ERROR_INIT;
    assert_null(plug_bind(b.plug, &policy, &error));
    if (!strstr(error.text, "slope (-2) must be above 0"))
        fail_msg("%s", error.text);
    bound_free(&b);
}

/* --------------------------------------------------------------------------- plans */

/* What a unit proposed, as text. kvm2 takes nothing, as allows() says. */
struct noted {
    struct drover_plan plan; /* first: the unit sees this */
    char text[1024];
};

static void note(struct noted *noted, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(struct noted *noted, const char *format, ...)
{
    size_t used = strlen(noted->text);
    va_list list;
    va_start(list, format);
    vsnprintf(noted->text + used, sizeof noted->text - used, format, list);
    va_end(list);
}

static int note_step(struct drover_plan *plan, const struct drover_step *step)
{
    struct noted *noted = (struct noted *)(void *)plan;
    assert_true(step->size >= offsetof(struct drover_step, reason) + sizeof step->reason);
    note(noted, "%u %s ->", step->kind, columns->vms.name[step->vm]);
    for (uint32_t i = 0; i < step->n_hosts; i++)
        note(noted, " %s", columns->hosts.name[step->hosts[i]]);
    note(noted, "; gain %g, cost %g; %s: %s\n", step->gain, step->cost, step->code, step->reason);
    return 0;
}

static bool allow_all_but_kvm2(struct drover_plan *plan, uint32_t moved, uint32_t to)
{
    struct noted *noted = (struct noted *)(void *)plan;
    note(noted, "%s on %s?\n", columns->vms.name[moved], columns->hosts.name[to]);
    return to != host("kvm2");
}

static void note_idle(struct drover_plan *plan, const char *reason)
{
    note((struct noted *)(void *)plan, "idle: %s\n", reason);
}

static struct noted noted_new(void)
{
    return (struct noted){.plan = {.size = sizeof(struct drover_plan), .propose = note_step,
                                   .allows = allow_all_but_kvm2, .idle = note_idle}};
}

static struct bound bind_move(const char *high)
{
    struct pair set = {.key = "high", .value = high};
    struct policy policy = {.name = "test", .balance = "level", .resilience = "rescue"};
    policy.parameters = (struct pairs){&set, 1, true};
    policy.migration.policy = "gentle";
    return bound_new("move", &policy);
}

static void check_balance(const char *high, const char *expected)
{
    struct bound b = bind_move(high);
    const struct bound_unit *u = &b.rules->balance;
    struct noted noted = noted_new();
    assert_int_equal(u->unit->balance(u->self, &columns->fleet, 0, &noted.plan), 0);
    assert_string_equal(noted.text, expected);
    bound_free(&b);
}

static void test_proposals(void **state)
{
    (void)state;
    check_balance("70%",
                  "db1 on kvm2?\ndb1 on kvm3?\ndb1 on kvm4?\ndb1 on kvm6?\n"
                  "1 db1 -> kvm3 kvm4 kvm6; gain 300, cost 8; "
                  "level.high: kvm1 has a load of 85 %\n"
                  "web1 on kvm2?\nweb1 on kvm3?\nweb1 on kvm4?\nweb1 on kvm6?\n"
                  "1 web1 -> kvm3 kvm4 kvm6; gain 20, cost 1; "
                  "level.high: kvm1 has a load of 85 %\n");
    check_balance("90%", "idle: no host is above the limit\n");
}

static void test_trouble(void **state)
{
    (void)state;
    struct bound b = bind_move("70%");
    const struct bound_unit *u = &b.rules->resilience;
    struct drover_trouble trouble = {sizeof trouble, DROVER_TROUBLE_NON_OPERATIONAL,
                                     host("kvm1")};
    struct noted noted = noted_new();
    assert_int_equal(u->unit->resilience(u->self, &columns->fleet, &trouble, &noted.plan), 0);
    assert_string_equal(noted.text,
                        "1 db1 ->; gain 0, cost 0; rescue.ha: its host lacks something\n"
                        "1 web1 ->; gain 0, cost 0; rescue.ha: its host lacks something\n");
    trouble.kind = 99;
    assert_int_equal(u->unit->resilience(u->self, &columns->fleet, &trouble, &noted.plan),
                     DROVER_FAILED);
    bound_free(&b);
}

static void check_how(const struct bound_unit *u, const char *name, const char *to,
                      uint32_t purpose, const char *expected)
{
    struct drover_stall stalls[DROVER_STALLS_MAX] = {{0, 0, 0}};
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_move move = {.size = sizeof move, .fleet = &columns->fleet, .vm = vm(name),
                               .from = columns->vms.host[vm(name)], .to = host(to),
                               .purpose = purpose};
    char text[512];
    assert_int_equal(u->unit->migrate(u->self, &move, &how), 0);
    assert_in_range(how.n_stalls, 1, DROVER_STALLS_MAX);
    int used = snprintf(text, sizeof text,
                        "flags %u, pause %g ms, %g MiB/s over %u, %u at once; ", how.flags,
                        how.downtime_ms, how.bandwidth_mib_s, how.connections, how.max_concurrent);
    for (uint32_t i = 0; i < how.n_stalls; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%u: %u %g", i ? ", " : "",
                         stalls[i].stall, stalls[i].action, stalls[i].downtime_ms);
    assert_string_equal(text, expected);
}

static void test_how_to_move(void **state)
{
    (void)state;
    struct bound b = bind_move("70%");
    const struct bound_unit *u = &b.rules->migrate;
    check_how(u, "db1", "kvm2", DROVER_TO_EVACUATE,
              "flags 11, pause 100 ms, 125 MiB/s over 4, 3 at once; 1: 1 150, 3: 1 400, 6: 2 0");
    check_how(u, "web1", "kvm2", DROVER_TO_BALANCE,
              "flags 9, pause 100 ms, 125 MiB/s over 1, 3 at once; 1: 1 150, 3: 1 400, 6: 3 0");
    bound_free(&b);
}

/* ----------------------------------------------------------------------- admission */

static char rewritten[256];

static int take_xml(struct drover_answer *answer, const char *xml, size_t length)
{
    assert_true(answer->size >= sizeof(struct drover_answer));
    snprintf(rewritten, sizeof rewritten, "%.*s", (int)length, xml);
    return 0;
}

static struct drover_answer admit(const struct bound_unit *u, const char *at, uint32_t index,
                                  const char *operation)
{
    struct drover_admit_ask ask = {
        .size = sizeof ask, .fleet = &columns->fleet, .host = at ? host(at) : DROVER_NONE,
        .vm = index, .vm_name = "db1", .vm_uuid = "6fe2", .driver = "qemu",
        .operation = operation, .sub_operation = "begin", .xml = "<domain/>",
    };
    struct drover_answer answer = {.size = sizeof answer, .verdict = 99, .set_xml = take_xml};
    rewritten[0] = '\0';
    assert_int_equal(u->unit->admit(u->self, &ask, &answer), 0);
    return answer;
}

static void test_admission(void **state)
{
    (void)state;
    struct policy policy = {.name = "test"};
    struct bound b = bound_new("admit", &policy);
    assert_int_equal(b.rules->n_admits, 1);
    const struct bound_unit *u = &b.rules->admits[0];
    struct drover_answer answer = admit(u, "kvm4", 3, "start");
    assert_int_equal(answer.verdict, DROVER_ADMIT_DENY);
    assert_string_equal(answer.code, "gate.state");
    assert_string_equal(answer.text, "qemu/<domain/>: db1 (6fe2, index 3) may not start/begin on "
                                     "kvm4, which is in state 2");
    assert_int_equal(admit(u, "kvm1", 0, "start").verdict, DROVER_ADMIT_ALLOW);
    assert_int_equal(admit(u, NULL, 0, "migrate").verdict, DROVER_ADMIT_ALLOW);
    assert_string_equal(rewritten, "");
    assert_int_equal(admit(u, NULL, DROVER_NONE, "migrate").verdict, DROVER_ADMIT_REWRITE);
    assert_string_equal(rewritten, "<domain type='kvm'><name>renamed</name></domain>");
    bound_free(&b);
}

/* ------------------------------------------------------------------------- running */

/* Every test twice: `state` is a directory of plugins, NULL where there is none. */
static int choose_plugins(void **state)
{
    plugin_dir = *state;
    return 0;
}

static int begin(void **state)
{
    (void)state;
    const char *source = getenv("DROVER_SRC");
    char path[PATH_MAX];
    struct error error = ERROR_INIT;
    snprintf(path, sizeof path, "%s/tests/abi/1.0/fleet.yaml", source ? source : ".");
    fleet = fleet_file_load(path, &error);
    if (!fleet) {
        print_error("%s\n", error.text);
        return -1;
    }
    struct vm *moving = fleet_find_vm(fleet, "web2", &error);
    if (!moving)
        return -1;
    fleet_set_text(fleet, &moving->to, "kvm3");
    columns = columns_new(fleet);
    return 0;
}

static int end(void **state)
{
    (void)state;
    columns_free(columns);
    fleet_free(fleet);
    return 0;
}

#define EVERY_TEST(WITH)                                                                           \
    WITH(test_every_column_is_read), WITH(test_verdicts_and_whys), WITH(test_weights),             \
        WITH(test_open_may_refuse), WITH(test_proposals), WITH(test_trouble),                      \
        WITH(test_how_to_move), WITH(test_admission)
#define OF_1_0(test) {"ABI 1.0, " #test, test, choose_plugins, NULL, kept_dir}
#define OF_TODAY(test) {"built today, " #test, test, choose_plugins, NULL, built_dir}

int main(void)
{
    const char *source = getenv("DROVER_SRC"), *build = getenv("DROVER_BUILD");
    char kept[PATH_MAX], built_dir[PATH_MAX];
    char *kept_dir = KEPT_FOR_THIS_MACHINE ? kept : NULL;
    snprintf(kept, sizeof kept, "%s/tests/abi/1.0/x86_64", source ? source : ".");
    snprintf(built_dir, sizeof built_dir, "%s/tests/abi/so", build ? build : "build");
    const struct CMUnitTest tests[] = {EVERY_TEST(OF_1_0), EVERY_TEST(OF_TODAY)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("plugins of other days", tests, begin, end);
}
