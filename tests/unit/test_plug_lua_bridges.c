/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The example that gives VMs the bridges of their new host, as it stands in contrib/. */
#include "unit/plug_helper.h"

#define DOMAIN(bridge, model)                                                                      \
    "<domain><devices><interface type=\"bridge\"><source bridge=\"" bridge "\"/>"                  \
    "<model type=\"" model "\"/></interface>"                                                      \
    "<interface type='bridge'><source bridge='other'/></interface>"                               \
    "<interface type='network'><source network='br0' bridge='br0'/></interface>"                  \
    "<graphics passwd=\"drover-secret-0-0.\"/></devices></domain>"

static char rewritten[2048];

static int keep_xml(struct drover_answer *answer, const char *xml, size_t length)
{
    (void)answer;
    snprintf(rewritten, sizeof rewritten, "%.*s", (int)length, xml);
    return 0;
}

static struct fleet *labelled_fleet(void)
{
    static struct pair labels[] = {{.key = "bridge.br0", .value = "br-office"},
                                   {.key = "rack", .value = "r1"}};
    struct fleet *fleet = fleet_new();
    add_host(fleet, "kvm1", 4096, "r1");
    struct host host = *fleet_host(fleet, "kvm1");
    host.name = "kvm2";
    host.labels = (struct pairs){.item = labels, .n = 2, .known = true};
    fleet_put_host(fleet, &host);
    add_vm(fleet, "web1", "kvm1", 100);
    return fleet;
}

static uint32_t asked(struct bench *b, const char *host, const char *operation, const char *xml)
{
    struct bound_unit *u = &b->rules->admits[0];
    struct drover_answer answer = {.size = sizeof answer, .set_xml = keep_xml};
    struct drover_admit_ask ask = {
        .size = sizeof ask, .fleet = &b->columns->fleet,
        .host = host ? columns_host(b->columns, host) : DROVER_NONE, .vm = DROVER_NONE,
        .vm_name = "web1", .vm_uuid = "", .driver = "qemu", .operation = operation,
        .sub_operation = "begin", .xml = xml,
    };
    rewritten[0] = '\0';
    assert_int_equal(u->unit->admit(u->self, &ask, &answer), 0);
    return answer.verdict;
}

static void bridges_are_those_of_the_new_host(void **state)
{
    (void)state;
    const char *tree = getenv("DROVER_SRC");
    char path[600];
    struct error error = ERROR_INIT;
    struct bench b;
    snprintf(path, sizeof path, "%s/contrib/examples/bridges/lua/bridges.lua", tree ? tree : ".");
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    if (plug_load_file(plug, path, "site", false, &error) != 0)
        fail_msg("%s", error.text);
    bench_begin(&b, plug, labelled_fleet());
    assert_int_equal(asked(&b, "kvm2", "migrate", DOMAIN("br0", "virtio")), DROVER_ADMIT_REWRITE);
    assert_string_equal(rewritten, DOMAIN("br-office", "virtio"));
    assert_int_equal(asked(&b, "kvm1", "migrate", DOMAIN("br0", "virtio")), DROVER_ADMIT_ALLOW);
    assert_int_equal(asked(&b, "kvm2", "migrate", DOMAIN("br1", "br0")), DROVER_ADMIT_ALLOW);
    assert_int_equal(asked(&b, "kvm2", "start", DOMAIN("br0", "virtio")), DROVER_ADMIT_ALLOW);
    assert_int_equal(asked(&b, NULL, "migrate", DOMAIN("br0", "virtio")), DROVER_ADMIT_ALLOW);
    assert_string_equal(rewritten, "");
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridges_are_those_of_the_new_host),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
