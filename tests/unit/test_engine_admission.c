/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of the hook: what is let in, what is refused, and the room that is kept for the first. */
#include "unit/engine_bench.h"

/* Of the driver that was set last. */
static const char *driver = "qemu";

static const struct effect *hook_asks(struct bench *bench, const char *host,
                                      const char *operation, const char *vm, double memory_mib)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, host);
    event->id = 99;
    event_set(event, &event->hook.driver, driver);
    event_set(event, &event->hook.operation, operation);
    event_set(event, &event->hook.object, vm ? vm : "?");
    if (vm) {
        struct vm record = bench_vm(vm);
        record.memory_mib = memory_mib;
        event_add_vm(event, &record);
    }
    bench_take(bench, event);
    return bench_effect(bench, EFFECT_HOOK_ANSWER, 0);
}

static const struct effect *ask(struct bench *bench, const char *host, const char *operation,
                                const char *vm)
{
    return hook_asks(bench, host, operation, vm, 100);
}

static void the_hook_closes_a_host_in_maintenance(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_report(&bench, "kvm1", NULL);
    bench_report(&bench, "kvm2", "a", NULL);
    bench_report(&bench, "kvm3", NULL);
    assert_true(ask(&bench, "kvm1", "start", "other")->ok);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    static const char *const closed[] = {"prepare", "start", "migrate", "restore"};
    for (int i = 0; i < 4; i++) {
        const struct effect *answer = ask(&bench, "kvm1", closed[i], "new");
        assert_int_equal(answer->request, 99);
        assert_false(answer->ok);
        assert_string_equal(answer->name, "host.closed");
        assert_non_null(strstr(answer->text, "host kvm1 is in maintenance (asked for by tester)"));
        assert_non_null(strstr(answer->text, "the best other host is kvm3"));
    }
    assert_null(fleet_vm(engine_fleet(bench.engine), "new")); /* asking leaves no trace */
    static const char *const open[] = {"reconnect", "started", "stopped", "release", "attach",
                                       "nonsense", ""};
    for (int i = 0; i < 7; i++)
        assert_true(ask(&bench, "kvm1", open[i], "new")->ok);
    assert_true(ask(&bench, "kvm2", "migrate", "new")->ok);
    assert_true(ask(&bench, "elsewhere", "start", "new")->ok); /* not a host of ours */
    assert_false(ask(&bench, "kvm1", "start", NULL)->ok); /* no XML that could be read */
    assert_false(ask(&bench, "kvm1.example.org", "start", "new")->ok);
    bench_free(&bench);
}

/* Nothing is refused where too little is known. */
static void the_hook_judges_what_others_start(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    assert_true(hook_asks(&bench, "kvm1", "start", "early", 99999)->ok); /* no report of it yet */
    assert_true(ask(&bench, "kvm1", "release", "early")->ok);
    bench_report(&bench, "kvm1", "off-", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    static const char *const judged[] = {"prepare", "start", "migrate", "restore"};
    static const char *const doing[] = {"start on", "start on", "migrate to", "be restored on"};
    for (int i = 0; i < 4; i++) {
        char expected[128];
        const struct effect *answer = hook_asks(&bench, "kvm1", judged[i], "new", 99999);
        assert_false(answer->ok);
        assert_string_equal(answer->name, "bench.short");
        snprintf(expected, sizeof expected, "VM new may not %s host kvm1: the host is short of "
                 "memory; no other host of its cluster takes it at the moment", doing[i]);
        assert_string_equal(answer->text, expected);
        assert_true(hook_asks(&bench, "kvm1", judged[i], "small", 100)->ok);
    }
    static const char *const not_judged[] = {"reconnect", "started", "stopped", "release",
                                             "attach"};
    for (int i = 0; i < 5; i++)
        assert_true(hook_asks(&bench, "kvm1", not_judged[i], "new", 99999)->ok);
    assert_true(ask(&bench, "kvm1", "start", NULL)->ok);     /* XML that nobody understands */
    assert_true(ask(&bench, "kvm2", "prepare", "off")->ok); /* off, and defined elsewhere */
    bench_lose(&bench, "kvm1", "io");
    assert_true(hook_asks(&bench, "kvm1", "start", "new", 99999)->ok);
    bench_free(&bench);
}

static void the_hook_starts_no_vm_twice(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "a", "moving!", "off-", NULL);
    static const char *const starts[] = {"prepare", "start", "restore"};
    for (int i = 0; i < 3; i++) {
        const struct effect *answer = ask(&bench, "kvm2", starts[i], "a");
        assert_false(answer->ok);
        assert_string_equal(answer->name, "vm.runs_elsewhere");
        assert_non_null(strstr(answer->text, "host kvm2: it runs on host kvm1 already"));
        assert_true(ask(&bench, "kvm1", starts[i], "a")->ok);
        assert_true(ask(&bench, "kvm2", starts[i], "moving")->ok);
        assert_true(ask(&bench, "kvm2", starts[i], "off")->ok);
    }
    bench_free(&bench);
}

/* Which of two is right is being asked; a third would be one too many whoever is. */
static void nor_one_that_two_hosts_claim(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "a", NULL);
    bench_lose(&bench, "kvm1", "io");
    bench_runs(&bench, "kvm3", "a");
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 2);
    assert_true(ask(&bench, "kvm3", "start", "a")->ok); /* what kvm1 said is of before */
    assert_non_null(strstr(ask(&bench, "kvm2", "start", "a")->text, "it runs on host kvm3"));
    assert_non_null(strstr(ask(&bench, "kvm1", "start", "a")->text, "it runs on host kvm3"));
    bench_report(&bench, "kvm1", NULL); /* it is back, without it */
    assert_false(ask(&bench, "kvm1", "start", "a")->ok);
    bench_gone(&bench, "kvm3", "a", "shutdown");
    assert_true(ask(&bench, "kvm1", "start", "a")->ok);
    bench_free(&bench);
}

/* Both answer, and say so: neither is to start it anew. */
static void nor_where_one_of_two_has_it_still(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "a", NULL);
    bench_runs(&bench, "kvm3", "a");
    static const char *const hosts[] = {"kvm1", "kvm2", "kvm3"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(ask(&bench, hosts[i], "start", "a")->name, "vm.runs_elsewhere");
    bench_free(&bench);
}

static void the_hook_knows_what_arrives(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a", "b", NULL);
    /* By somebody else: its start is part of the migration that was let in, for a while. */
    assert_true(ask(&bench, "kvm2", "migrate", "a")->ok);
    assert_true(ask(&bench, "kvm2", "prepare", "a")->ok);
    assert_true(ask(&bench, "kvm2", "start", "a")->ok);
    assert_false(ask(&bench, "kvm2", "start", "b")->ok);
    bench_tick(&bench, 121);
    assert_false(ask(&bench, "kvm2", "start", "a")->ok);
    /* By drover: decided already, and not to be judged again on what it has itself promised. */
    bench_request(&bench, "migrate", NULL, "b", "kvm2");
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_true(hook_asks(&bench, "kvm2", "migrate", "b", 99999)->ok);
    assert_true(hook_asks(&bench, "kvm2", "start", "b", 99999)->ok);
    bench_free(&bench);
}

/* A host that does not answer may be off, and whoever starts its VMs may know. */
static void the_hook_does_not_hold_vms_on_silent_hosts(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "a", NULL);
    assert_false(ask(&bench, "kvm2", "start", "a")->ok);
    bench_lose(&bench, "kvm1", "io");
    assert_true(ask(&bench, "kvm2", "start", "a")->ok);
    bench_free(&bench);
}

/* Each driver has operations that libvirt lets a hook refuse; all others only inform. */
static void each_driver_has_operations_that_may_be_refused(void **state)
{
    static const char *const drivers[] = {"qemu", "libxl", "lxc", "bhyve", "network", "daemon",
                                          "unheard-of"};
    static const char *const operations[] = {
        "prepare", "start", "migrate", "restore", "started", "stopped", "release", "reconnect",
        "attach", "updated", "plugged", "unplugged", "port-created", "port-deleted", "reload",
        "shutdown",
    };
    static const uint32_t refused[] = {4, 3, 2, 2, 0, 0, 0}; /* so many from the first on */
    (void)state;
    struct bench bench = bench_up(2, NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    for (uint32_t d = 0; d < 7; d++) {
        driver = drivers[d];
        for (uint32_t i = 0; i < 16; i++)
            assert_int_equal(ask(&bench, "kvm1", operations[i], "new")->ok, i >= refused[d]);
    }
    driver = "qemu";
    bench_free(&bench);
}

static const struct vm *known(struct bench *bench, const char *vm)
{
    return fleet_vm(engine_fleet(bench->engine), vm);
}

/* Two who ask at the same moment do not both get the last room. */
static void what_was_let_in_takes_its_room_at_once(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "off-", NULL);
    assert_true(hook_asks(&bench, "kvm1", "prepare", "one", 6000)->ok);
    assert_string_equal(known(&bench, "one")->to, "kvm1");
    assert_int_equal(known(&bench, "one")->state, DROVER_VM_DOWN);
    const struct effect *answer = hook_asks(&bench, "kvm1", "prepare", "two", 6000);
    assert_false(answer->ok);
    assert_string_equal(answer->name, "bench.short");
    assert_true(hook_asks(&bench, "kvm1", "start", "one", 6000)->ok); /* its own is not in its way */
    assert_true(hook_asks(&bench, "kvm2", "prepare", "two", 6000)->ok);
    assert_true(hook_asks(&bench, "kvm1", "start", "off", 100)->ok); /* one that is known, too */
    assert_false(hook_asks(&bench, "kvm1", "start", "three", 3950)->ok);
    assert_true(hook_asks(&bench, "kvm1", "start", "three", 3850)->ok);
    bench_free(&bench);
}

static void a_booking_ends_when_the_vm_is_seen_and_when_its_start_is_over(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, NULL);
    assert_true(hook_asks(&bench, "kvm1", "start", "seen", 6000)->ok);
    bench_report(&bench, "kvm1", NULL); /* not there yet: that says nothing */
    assert_string_equal(known(&bench, "seen")->to, "kvm1");
    bench_runs(&bench, "kvm1", "seen"); /* it has 100 MiB, says its host */
    assert_null(known(&bench, "seen")->to);
    assert_int_equal(known(&bench, "seen")->state, DROVER_VM_RUNNING);
    assert_int_equal(bench_count(&bench, EFFECT_FORGET), 1);
    assert_true(hook_asks(&bench, "kvm1", "start", "failed", 6000)->ok);
    assert_false(hook_asks(&bench, "kvm1", "start", "next", 6000)->ok);
    assert_true(ask(&bench, "kvm1", "release", "failed")->ok);
    assert_null(known(&bench, "failed"));
    assert_true(hook_asks(&bench, "kvm1", "start", "next", 6000)->ok);
    bench_gone(&bench, "kvm1", "next", "failed");
    assert_null(known(&bench, "next"));
    assert_true(hook_asks(&bench, "kvm1", "start", "never", 6000)->ok);
    bench_tick(&bench, 119);
    assert_non_null(known(&bench, "never"));
    assert_true(engine_next_wake(bench.engine) <= bench.now + 10);
    bench_tick(&bench, 7);
    assert_null(known(&bench, "never"));
    bench_free(&bench);
}

/* Of those that are known only the place is given back. */
static void who_was_known_before_stays_known(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "off-", "a", NULL);
    assert_true(ask(&bench, "kvm1", "start", "off")->ok);
    assert_string_equal(known(&bench, "off")->to, "kvm1");
    assert_true(ask(&bench, "kvm2", "migrate", "a")->ok);
    assert_string_equal(known(&bench, "a")->to, "kvm2");
    bench_tick(&bench, 130);
    assert_null(known(&bench, "off")->to);
    assert_string_equal(known(&bench, "off")->host, "kvm1");
    assert_null(known(&bench, "a")->to);
    assert_string_equal(known(&bench, "a")->host, "kvm1");
    bench_free(&bench);
}

/* Migrations of others may take long: their room is kept while their source says that they go on. */
static void a_long_migration_keeps_its_room(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a", NULL);
    assert_true(ask(&bench, "kvm2", "migrate", "a")->ok);
    bench_report(&bench, "kvm1", "a!", NULL);
    bench_tick(&bench, 130);
    bench_tick(&bench, 130);
    assert_string_equal(known(&bench, "a")->to, "kvm2");
    bench_runs(&bench, "kvm2", "a");
    assert_string_equal(known(&bench, "a")->host, "kvm2");
    assert_null(known(&bench, "a")->to);
    bench_free(&bench);
}

static void no_vm_is_let_start_on_two_hosts(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    for (int i = 1; i <= 3; i++) {
        char host[8];
        snprintf(host, sizeof host, "kvm%d", i);
        bench_connect(&bench, host);
        bench_report(&bench, host, NULL);
    }
    assert_true(ask(&bench, "kvm1", "prepare", "new")->ok);
    const struct effect *answer = ask(&bench, "kvm2", "prepare", "new");
    assert_false(answer->ok);
    assert_string_equal(answer->name, "vm.runs_elsewhere");
    assert_non_null(strstr(answer->text, "host kvm2: it is about to start on host kvm1"));
    assert_true(ask(&bench, "kvm1", "release", "new")->ok);
    assert_true(ask(&bench, "kvm2", "prepare", "new")->ok);
    bench_lose(&bench, "kvm2", "io"); /* whoever starts it elsewhere may know that it is off */
    assert_true(ask(&bench, "kvm3", "prepare", "new")->ok);
    bench_free(&bench);
}

/* Two hosts come back, and start what they have defined, before droverd has reached the first. */
static void nor_where_only_the_hook_of_the_first_is_heard(void **state)
{
    (void)state;
    struct bench bench = bench_up(3, "other", NULL);
    bench_lose(&bench, "kvm2", "keepalive");
    bench_tick(&bench, 600);
    assert_true(ask(&bench, "kvm2", "prepare", "new")->ok);
    bench_tick(&bench, 7);
    const struct effect *answer = ask(&bench, "kvm3", "prepare", "new");
    assert_false(answer->ok);
    assert_non_null(strstr(answer->text, "it is about to start on host kvm2"));
    bench_tick(&bench, 120);
    assert_true(ask(&bench, "kvm3", "prepare", "new")->ok);
    bench_free(&bench);
}

/* What the engine asked to be remembered goes to a new one, which has no other memory. */
static struct bench restarted(struct bench *old)
{
    struct bench bench = bench_new(2);
    bench.now = old->now + 1;
    bench_configure(&bench);
    for (uint32_t i = 0; i < old->effects.n; i++) {
        const struct effect *effect = &old->effects.item[i];
        if (effect->kind != EFFECT_REMEMBER)
            continue;
        struct event *event = bench_event(&bench, EVENT_RECALLED, NULL);
        event_set(event, &event->name, effect->name);
        event_set(event, &event->text, effect->value);
        bench_take(&bench, event);
    }
    bench_take(&bench, bench_event(&bench, EVENT_STARTED, NULL));
    return bench;
}

static void a_restart_between_migrate_and_prepare_is_no_matter(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a", NULL);
    assert_true(ask(&bench, "kvm2", "migrate", "a")->ok);
    struct bench again = restarted(&bench);
    bench_connect(&again, "kvm1");
    bench_report(&again, "kvm1", "a", NULL);
    bench_connect(&again, "kvm2");
    bench_report(&again, "kvm2", NULL);
    assert_string_equal(known(&again, "a")->to, "kvm2"); /* its room is kept, too */
    assert_true(ask(&again, "kvm2", "prepare", "a")->ok);
    assert_true(ask(&again, "kvm2", "start", "a")->ok);
    bench_tick(&again, 130);
    assert_false(ask(&again, "kvm2", "prepare", "a")->ok);
    bench_free(&again);
    bench_free(&bench);
}

static void a_restart_while_a_vm_starts_is_no_matter(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, NULL);
    assert_true(hook_asks(&bench, "kvm1", "prepare", "new", 6000)->ok);
    struct bench again = restarted(&bench);
    bench_connect(&again, "kvm1");
    bench_report(&again, "kvm1", NULL);
    bench_connect(&again, "kvm2");
    bench_report(&again, "kvm2", NULL);
    assert_false(hook_asks(&again, "kvm2", "prepare", "new", 6000)->ok);
    assert_false(hook_asks(&again, "kvm1", "prepare", "big", 6000)->ok);
    assert_true(hook_asks(&again, "kvm1", "start", "new", 6000)->ok);
    bench_tick(&again, 130);
    assert_null(known(&again, "new"));
    assert_true(hook_asks(&again, "kvm2", "prepare", "new", 6000)->ok);
    bench_free(&again);
    bench_free(&bench);
}

/* Rewrites by what is set here, and says which XML it was given. */
struct rewriter {
    const char *xml;
    char given[256];
};

static int rewrite(void *self, const struct drover_admit_ask *ask, struct drover_answer *answer)
{
    struct rewriter *rewriter = self;
    snprintf(rewriter->given, sizeof rewriter->given, "%s", ask->xml);
    answer->verdict = DROVER_ADMIT_REWRITE;
    return rewriter->xml ? answer->set_xml(answer, rewriter->xml, strlen(rewriter->xml)) : 0;
}

static const struct drover_unit rewriter_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_ADMIT, .name = "rewriter", .admit = rewrite,
};

static const struct effect *rewritten(struct bench *bench, const char *xml)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, "kvm1");
    struct vm record = bench_vm("new");
    event->id = 99;
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, "migrate");
    event_set(event, &event->hook.object, "new");
    event_set(event, &event->hook.xml, xml);
    event_set(event, &event->hook.marker, "m-");
    event->hook.xml_redacted = strstr(xml, "m-") != NULL;
    event_add_vm(event, &record);
    bench_take(bench, event);
    return bench_effect(bench, EFFECT_HOOK_ANSWER, 0);
}

static void units_rewrite_one_after_another_and_keep_markers(void **state)
{
    struct rewriter selves[2] = {{.xml = "<b>m-0.</b>"}, {.xml = "<c>m-0.</c>"}};
    struct bound_unit units[2] = {
        {.unit = &rewriter_unit, .name = "first", .self = &selves[0]},
        {.unit = &rewriter_unit, .name = "second", .self = &selves[1]},
    };
    (void)state;
    struct bench bench = bench_new(1);
    bench.rules->admits = units;
    bench.rules->n_admits = 2;
    bench_start(&bench);
    bench_report(&bench, "kvm1", NULL);
    const struct effect *answer = rewritten(&bench, "<a>m-0.</a>");
    assert_true(answer->ok);
    assert_string_equal(answer->value, "<c>m-0.</c>");
    assert_string_equal(selves[0].given, "<a>m-0.</a>");
    assert_string_equal(selves[1].given, "<b>m-0.</b>");
    selves[1].xml = NULL; /* has nothing to add */
    assert_string_equal(rewritten(&bench, "<a>m-0.</a>")->value, "<b>m-0.</b>");
    selves[0].xml = "<b/>"; /* an element went with its secret */
    assert_string_equal(rewritten(&bench, "<a>m-0.</a>")->value, "<b/>");
    selves[0].xml = "<b>m-0.m-0.</b>";
    answer = rewritten(&bench, "<a>m-0.</a>");
    assert_false(answer->ok);
    assert_string_equal(answer->name, "hook.secrets");
    assert_string_equal(answer->text, "VM new may not migrate to host kvm1: what unit first made of "
                                      "its XML cannot be used: the marker of a secret stands in it "
                                      "twice");
    selves[0].xml = "<b>m-1.</b>";
    assert_false(rewritten(&bench, "<a>m-0.</a>")->ok);
    assert_true(rewritten(&bench, "<a/>")->ok); /* no secrets, no markers */
    bench_free(&bench);
}

static void what_is_recalled_must_make_sense(void **state)
{
    static const char *const names[] = {"come/kvm9/new", "come/new", "come/kvm1/new"};
    static const char *const texts[] = {"until=9e99\n", "", "moves=true\nvm=name=x\n", "garbage"};
    (void)state;
    struct bench bench = bench_new(2);
    bench_configure(&bench);
    for (int n = 0; n < 3; n++)
        for (int t = 0; t < 4; t++) {
            struct event *event = bench_event(&bench, EVENT_RECALLED, NULL);
            event_set(event, &event->name, names[n]);
            event_set(event, &event->text, texts[t]);
            bench_take(&bench, event);
            assert_string_equal(bench_effect(&bench, EFFECT_FORGET, 0)->name, names[n]);
        }
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hook_closes_a_host_in_maintenance),
        cmocka_unit_test(the_hook_judges_what_others_start),
        cmocka_unit_test(the_hook_starts_no_vm_twice),
        cmocka_unit_test(nor_one_that_two_hosts_claim),
        cmocka_unit_test(nor_where_one_of_two_has_it_still),
        cmocka_unit_test(the_hook_knows_what_arrives),
        cmocka_unit_test(the_hook_does_not_hold_vms_on_silent_hosts),
        cmocka_unit_test(each_driver_has_operations_that_may_be_refused),
        cmocka_unit_test(what_was_let_in_takes_its_room_at_once),
        cmocka_unit_test(a_booking_ends_when_the_vm_is_seen_and_when_its_start_is_over),
        cmocka_unit_test(who_was_known_before_stays_known),
        cmocka_unit_test(a_long_migration_keeps_its_room),
        cmocka_unit_test(no_vm_is_let_start_on_two_hosts),
        cmocka_unit_test(nor_where_only_the_hook_of_the_first_is_heard),
        cmocka_unit_test(a_restart_between_migrate_and_prepare_is_no_matter),
        cmocka_unit_test(a_restart_while_a_vm_starts_is_no_matter),
        cmocka_unit_test(units_rewrite_one_after_another_and_keep_markers),
        cmocka_unit_test(what_is_recalled_must_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
