/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The room against libvirt's own test driver, which lives in this process: connecting, the
 * inventory, what happens to VMs, networks and pools, hosts that come late, hang or are taken
 * away. What the driver lacks (migration, keepalive, statistics of VMs) is tried in the lab.
 */
#include "unit/virt_bench.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static bool has(const struct texts *texts, const char *text)
{
    for (uint32_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->item[i], text) == 0)
            return true;
    }
    return false;
}

static const struct vm *vm_of(const struct event *event, const char *name)
{
    const struct vm *vms = event->vms.item;
    for (uint32_t i = 0; i < event->vms.n; i++) {
        if (strcmp(vms[i].name, name) == 0)
            return &vms[i];
    }
    return NULL;
}

static virDomainPtr direct_vm(struct room *room)
{
    virDomainPtr domain = virDomainLookupByUUIDString(room->direct, TEST_UUID);
    assert_non_null(domain);
    return domain;
}

/* A host of the test driver with VM alpha, which runs or is off. Returns its URI. */
static char *write_host(struct room *room, const char *file, bool runs)
{
    char *path = g_build_filename(room->dir, file, NULL);
    char *uri = g_strdup_printf("test://%s", path);
    char *xml = g_strdup_printf(
        "<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
        "<cpu><mhz>2000</mhz><model>i686</model><active>8</active><nodes>1</nodes>"
        "<sockets>2</sockets><cores>4</cores><threads>1</threads></cpu>"
        "<memory>8388608</memory>"
        "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
        "<test:runstate>%d</test:runstate>"
        "<name>alpha</name><uuid>" ALPHA "</uuid><memory>1048576</memory><vcpu>3</vcpu>"
        "<os><type>hvm</type></os></domain>"
        "<network><name>green</name><bridge name='br-green'/></network>"
        "<pool type='dir'><name>shelf</name><target><path>/srv/shelf</path></target></pool>"
        "</node>",
        runs ? VIR_DOMAIN_RUNNING : VIR_DOMAIN_SHUTOFF);
    assert_true(g_file_set_contents(path, xml, -1, NULL));
    g_free(xml);
    g_free(path);
    return uri;
}

static void remove_host(struct room *room, const char *file)
{
    char *path = g_build_filename(room->dir, file, NULL);
    g_unlink(path);
    g_free(path);
}

/* ------------------------------------------------------------------ tests */

static void host_is_connected_then_reported(void **state)
{
    struct room *room = *state;
    char *uri = write_host(room, "kvm1.xml", true);
    FOLLOW(room, "kvm1", uri);
    const struct event *report = WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    const struct event *first = g_ptr_array_index(room->events, 0);
    assert_int_equal(EVENT_HOST_CONNECTED, first->kind);
    assert_string_equal("kvm1", first->host);
    assert_int_equal(1, report->hosts.n);
    const struct host *host = report->hosts.item;
    assert_string_equal("kvm1", host->name);
    assert_true(host->networks.known && has(&host->networks, "green"));
    assert_true(has(&host->networks, "br-green"));
    assert_true(host->storage.known && has(&host->storage, "shelf"));
    assert_true(has(&host->storage, "/srv/shelf"));
    assert_int_equal(8192, (int)host->memory_mib);
    const struct vm *vm = vm_of(report, "alpha");
    assert_non_null(vm);
    assert_string_equal(ALPHA, vm->uuid);
    assert_string_equal("kvm1", vm->host);
    assert_int_equal(DROVER_VM_RUNNING, vm->state);
    assert_int_equal(3, vm->vcpus);
    assert_int_equal(1024, (int)vm->memory_mib);
    remove_host(room, "kvm1.xml");
    g_free(uri);
}

static void samples_keep_coming(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    const struct event *sample = WAIT(room, 0, .kind = EVENT_SAMPLE, .host = "kvm1");
    assert_true(has(&sample->sample.vms, TEST_UUID));
    assert_int_equal(sample->sample.vms.n, sample->sample.vm_cpu_usage_pct.n);
    assert_int_equal(sample->sample.vms.n, sample->sample.vm_memory_used_mib.n);
    WAIT(room, room->events->len, .kind = EVENT_SAMPLE, .host = "kvm1");
}

static void vm_is_followed_through_its_life(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    virDomainPtr vm = direct_vm(room);
    const struct {
        int (*act)(virDomainPtr domain);
        struct wanted wanted;
    } steps[] = {
        {virDomainSuspend, {.kind = EVENT_VM_CHANGED, .vm_state = 1 + DROVER_VM_PAUSED}},
        {virDomainResume, {.kind = EVENT_VM_CHANGED, .vm_state = 1 + DROVER_VM_RUNNING}},
        {virDomainDestroy, {.kind = EVENT_VM_GONE, .name = "destroyed"}},
        {virDomainCreate, {.kind = EVENT_VM_CHANGED, .vm_state = 1 + DROVER_VM_RUNNING}},
        {virDomainShutdown, {.kind = EVENT_VM_GONE, .name = "shutdown"}},
        {virDomainCreate, {.kind = EVENT_VM_CHANGED, .vm_state = 1 + DROVER_VM_RUNNING}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        guint from = room->events->len;
        assert_int_equal(0, steps[i].act(vm));
        struct wanted wanted = steps[i].wanted;
        wanted.vm = TEST_UUID;
        wait_from(room, from, wanted);
        /* It is defined, so it is still there, and off. */
        if (wanted.kind == EVENT_VM_GONE)
            WAIT(room, from, .kind = EVENT_VM_CHANGED, .vm_state = 1 + DROVER_VM_DOWN);
    }
    virDomainFree(vm);
}

static void transient_vm_goes_for_good(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    virDomainPtr vm = virDomainCreateXML(
        room->direct, "<domain type='test'><name>beta</name><uuid>" ALPHA "</uuid>"
        "<memory>8192</memory><os><type>hvm</type></os></domain>", 0);
    assert_non_null(vm);
    WAIT(room, 0, .kind = EVENT_VM_CHANGED, .vm = ALPHA, .vm_state = 1 + DROVER_VM_RUNNING);
    assert_int_equal(0, virDomainDestroy(vm));
    WAIT(room, 0, .kind = EVENT_VM_GONE, .vm = ALPHA, .name = "destroyed");
    WAIT(room, room->events->len, .kind = EVENT_SAMPLE);
    assert_int_equal(0, COUNT(room, .kind = EVENT_VM_CHANGED, .vm = ALPHA,
                              .vm_state = 1 + DROVER_VM_DOWN));
    virDomainFree(vm);
}

static void defined_vm_is_down_until_undefined(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    virDomainPtr vm = define_alpha(room, "gamma", "");
    WAIT(room, 0, .kind = EVENT_VM_CHANGED, .vm = ALPHA, .vm_state = 1 + DROVER_VM_DOWN);
    assert_int_equal(0, virDomainUndefine(vm));
    WAIT(room, 0, .kind = EVENT_VM_GONE, .vm = ALPHA, .name = "undefined");
    virDomainFree(vm);
}

static void a_highly_available_vm_says_whether_it_starts_by_itself(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    virDomainPtr vm = define_alpha(
        room, "delta", "<metadata><drover:vm xmlns:drover='https://drover.dev/xmlns/domain/1' "
        "ha='yes'/></metadata>");
    const struct event *seen = WAIT(room, 0, .kind = EVENT_VM_CHANGED, .vm = ALPHA);
    assert_true(vm_of(seen, "delta")->ha);
    assert_false(vm_of(seen, "delta")->autostart);
    guint from = room->events->len;
    assert_int_equal(0, virDomainSetAutostart(vm, 1)); /* no event tells */
    assert_int_equal(0, virDomainCreate(vm));
    seen = WAIT(room, from, .kind = EVENT_VM_CHANGED, .vm = ALPHA);
    assert_true(vm_of(seen, "delta")->autostart);
    assert_int_equal(0, virDomainDestroy(vm));
    assert_int_equal(0, virDomainUndefine(vm));
    virDomainFree(vm);
}

static void lost_network_makes_a_new_report(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    const struct event *report = WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    assert_true(has(&((struct host *)report->hosts.item)->networks, "default"));
    guint from = room->events->len;
    virNetworkPtr network = virNetworkLookupByName(room->direct, "default");
    assert_int_equal(0, virNetworkDestroy(network));
    report = WAIT(room, from, .kind = EVENT_HOST_REPORT);
    assert_false(has(&((struct host *)report->hosts.item)->networks, "default"));
    assert_int_equal(0, virNetworkCreate(network));
    virNetworkFree(network);
}

static void lost_pool_makes_a_new_report(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    const struct event *report = WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    assert_true(has(&((struct host *)report->hosts.item)->storage, "default-pool"));
    guint from = room->events->len;
    virStoragePoolPtr pool = virStoragePoolLookupByName(room->direct, "default-pool");
    assert_int_equal(0, virStoragePoolDestroy(pool));
    report = WAIT(room, from, .kind = EVENT_HOST_REPORT);
    assert_false(has(&((struct host *)report->hosts.item)->storage, "default-pool"));
    assert_int_equal(0, virStoragePoolCreate(pool, 0));
    virStoragePoolFree(pool);
}

/* One word about it, not one per try; and when it is well, it is taken up. */
static void broken_host_is_tried_again(void **state)
{
    struct room *room = *state;
    char *uri = write_host(room, "late.xml", true);
    assert_true(g_file_set_contents(uri + strlen("test://"), "<node", -1, NULL));
    FOLLOW(room, "late", uri, "kvm1", "test:///default");
    const struct event *lost = WAIT(room, 0, .kind = EVENT_HOST_LOST, .host = "late");
    assert_string_equal("connect", lost->name);
    assert_non_null(strstr(lost->text, uri));
    for (int i = 0; i < 8; i++) /* time for more tries */
        WAIT(room, room->events->len, .kind = EVENT_SAMPLE, .host = "kvm1");
    assert_int_equal(1, COUNT(room, .kind = EVENT_HOST_LOST, .host = "late"));
    g_free(write_host(room, "late.xml", true));
    WAIT(room, 0, .kind = EVENT_HOST_CONNECTED, .host = "late");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "late");
    remove_host(room, "late.xml");
    g_free(uri);
}

/* A socket on loopback that takes connections and never says a word. */
static int silent_server(char *uri, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(fd, 16));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
    snprintf(uri, size, "qemu+tcp://127.0.0.1:%d/system", ntohs(address.sin_port));
    return fd;
}

/* Nor does closing wait for it: tear_down would not come back. */
static void hanging_host_delays_nobody(void **state)
{
    struct room *room = *state;
    char uri[100];
    int server = silent_server(uri, sizeof uri);
    FOLLOW(room, "hangs", uri, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    assert_int_equal(0, COUNT(room, .kind = EVENT_HOST_LOST));
    const struct event *lost = WAIT(room, 0, .kind = EVENT_HOST_LOST, .host = "hangs");
    assert_string_equal("connect", lost->name);
    assert_non_null(strstr(lost->text, uri));
    for (int i = 0; i < 20; i++)
        WAIT(room, room->events->len, .kind = EVENT_SAMPLE, .host = "kvm1");
    assert_int_equal(1, COUNT(room, .kind = EVENT_HOST_LOST));
    close(server); /* its clients hang on for as long as the backlog does: now they may go */
}

static void removed_host_is_heard_no_more(void **state)
{
    struct room *room = *state;
    char *uri = write_host(room, "kvm2.xml", true);
    FOLLOW(room, "kvm1", "test:///default", "kvm2", uri);
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    WAIT(room, 0, .kind = EVENT_SAMPLE, .host = "kvm2");
    FOLLOW(room, "kvm1", "test:///default");
    guint from = room->events->len;
    for (int i = 0; i < 8; i++)
        WAIT(room, room->events->len, .kind = EVENT_SAMPLE, .host = "kvm1");
    for (guint i = from; i < room->events->len; i++) {
        const struct event *event = g_ptr_array_index(room->events, i);
        assert_string_equal("kvm1", event->host);
    }
    remove_host(room, "kvm2.xml");
    g_free(uri);
}

static void another_uri_is_another_host(void **state)
{
    struct room *room = *state;
    char *uri = write_host(room, "other.xml", true);
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    guint from = room->events->len;
    FOLLOW(room, "kvm1", uri);
    WAIT(room, from, .kind = EVENT_HOST_CONNECTED, .host = "kvm1");
    const struct event *report = WAIT(room, from, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    assert_non_null(vm_of(report, "alpha"));
    assert_null(vm_of(report, "test"));
    remove_host(room, "other.xml");
    g_free(uri);
}

/* A definition left behind is told of, as one that is off: whoever left it there has to know. */
static void definition_left_behind_is_told(void **state)
{
    struct room *room = *state;
    char *runs = write_host(room, "runs.xml", true);
    char *off = write_host(room, "off.xml", false);
    FOLLOW(room, "kvm1", runs);
    const struct event *report = WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    assert_int_equal(DROVER_VM_RUNNING, vm_of(report, "alpha")->state);
    FOLLOW(room, "kvm1", runs, "kvm2", off);
    report = WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm2");
    assert_int_equal(DROVER_VM_DOWN, vm_of(report, "alpha")->state);
    remove_host(room, "runs.xml");
    remove_host(room, "off.xml");
    g_free(runs);
    g_free(off);
}

static void refresh_reads_all_again(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    guint from = room->events->len;
    struct effect effect = {.id = 7, .kind = EFFECT_REFRESH, .host = "kvm1"};
    room->world.perform(room->world.self, &effect);
    WAIT(room, from, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    effect = (struct effect){.id = 8, .kind = EFFECT_REFRESH, .host = "nobody"};
    room->world.perform(room->world.self, &effect);
    const struct event *failed = WAIT(room, from, .kind = EVENT_EFFECT_FAILED, .id = 8);
    assert_non_null(strstr(failed->text, "nobody"));
}

static struct effect migrate_effect(uint64_t move, const char *vm, const char *from)
{
    return (struct effect){.id = 100 + move, .kind = EFFECT_MIGRATE, .move = move, .vm = vm,
                           .host = from, .to = "kvm2",
                           .how = {.peer_uri = "qemu+tcp://127.0.0.1:1/system"}};
}

/* The test driver cannot migrate: so it shows how a failure is told. */
static void failed_migration_names_vm_and_hosts(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect effect = migrate_effect(1, TEST_UUID, "kvm1");
    room->world.perform(room->world.self, &effect);
    const struct event *done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 1);
    assert_false(done->ok);
    assert_string_equal(TEST_UUID, done->vm);
    assert_string_equal("kvm1", done->host);
    assert_non_null(strstr(done->text, "test could not be moved from kvm1 to kvm2: "));
}

static void migration_that_cannot_begin_says_why(void **state)
{
    struct room *room = *state;
    static const struct {
        const char *vm, *from, *text;
    } cases[] = {
        {ALPHA, "kvm1", "from kvm1 to kvm2: it is not there"},
        {TEST_UUID, "nobody", "from nobody to kvm2: nobody is not connected"},
        {"no such name", "kvm1", "no such name could not be moved from kvm1 to kvm2"},
    };
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct effect effect = migrate_effect(10 + i, cases[i].vm, cases[i].from);
        room->world.perform(room->world.self, &effect);
        const struct event *done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 10 + i);
        assert_false(done->ok);
        if (!strstr(done->text, cases[i].text))
            fail_msg("expected \"...%s...\", found \"%s\"", cases[i].text, done->text);
    }
}

static void repeated_effect_does_no_harm(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect effect = migrate_effect(1, TEST_UUID, "kvm1");
    room->world.perform(room->world.self, &effect);
    room->world.perform(room->world.self, &effect);
    WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 1);
    room->world.perform(room->world.self, &effect);
    effect.kind = EFFECT_WATCH;
    room->world.perform(room->world.self, &effect);
    effect.kind = EFFECT_ABORT;
    room->world.perform(room->world.self, &effect);
    effect = migrate_effect(2, TEST_UUID, "kvm1");
    room->world.perform(room->world.self, &effect);
    WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 2);
    for (int i = 0; i < 4; i++)
        WAIT(room, room->events->len, .kind = EVENT_SAMPLE);
    assert_int_equal(1, COUNT(room, .kind = EVENT_MIGRATION_DONE, .id = 1));
    assert_int_equal(2, COUNT(room, .kind = EVENT_MIGRATION_DONE));
}

/* The same move, to another host, by another effect: no repetition. */
static void failed_migration_is_tried_again(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect effect = migrate_effect(1, TEST_UUID, "kvm1");
    room->world.perform(room->world.self, &effect);
    WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 1);
    guint from = room->events->len;
    effect.id++;
    effect.to = "kvm3";
    room->world.perform(room->world.self, &effect);
    const struct event *done = WAIT(room, from, .kind = EVENT_MIGRATION_DONE, .id = 1);
    assert_string_equal("kvm3", done->to);
}

/* The engine answers an event with effects while it is being told. */
static void listener_may_perform_at_once(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect second = migrate_effect(2, TEST_UUID, "nobody");
    struct effect first = migrate_effect(1, TEST_UUID, "nobody");
    room->when_done = &second;
    room->world.perform(room->world.self, &first);
    assert_int_equal(0, COUNT(room, .kind = EVENT_MIGRATION_DONE));
    WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 1);
    WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 2);
}

/* After a restart of the controller: the job it is to watch has ended long ago. */
static void watched_vm_that_stayed(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect effect = {.id = 1, .kind = EFFECT_WATCH, .move = 5, .vm = TEST_UUID,
                            .host = "kvm1", .to = "kvm2"};
    room->world.perform(room->world.self, &effect);
    const struct event *done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 5);
    assert_false(done->ok);
    assert_non_null(strstr(done->text, "test stayed on kvm1"));
}

static void watched_vm_that_arrived(void **state)
{
    struct room *room = *state;
    char *uri = write_host(room, "kvm2.xml", true);
    FOLLOW(room, "kvm1", "test:///default", "kvm2", uri);
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm1");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT, .host = "kvm2");
    struct effect effect = {.id = 1, .kind = EFFECT_WATCH, .move = 5, .vm = ALPHA,
                            .host = "kvm1", .to = "kvm2"};
    room->world.perform(room->world.self, &effect);
    assert_true(WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 5)->ok);
    effect.id = 2;
    effect.move = 6;
    effect.to = "kvm3";
    room->world.perform(room->world.self, &effect);
    const struct event *done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 6);
    assert_false(done->ok);
    assert_non_null(strstr(done->text, "alpha is on kvm2 now"));
    remove_host(room, "kvm2.xml");
    g_free(uri);
}

static void watched_vm_of_a_removed_host(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    struct effect effect = {.id = 1, .kind = EFFECT_WATCH, .move = 5, .vm = TEST_UUID,
                            .host = "nobody", .to = "kvm2"};
    room->world.perform(room->world.self, &effect);
    const struct event *done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 5);
    /* It is known to run on another host than the one it was to go to. */
    assert_false(done->ok);
    assert_non_null(strstr(done->text, "test is on kvm1 now"));
    effect.id = 2;
    effect.move = 6;
    effect.vm = ALPHA;
    room->world.perform(room->world.self, &effect);
    done = WAIT(room, 0, .kind = EVENT_MIGRATION_DONE, .id = 6);
    assert_false(done->ok);
    assert_non_null(strstr(done->text, "nobody is not configured any more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(host_is_connected_then_reported),
        TEST(samples_keep_coming),
        TEST(vm_is_followed_through_its_life),
        TEST(transient_vm_goes_for_good),
        TEST(defined_vm_is_down_until_undefined),
        TEST(a_highly_available_vm_says_whether_it_starts_by_itself),
        TEST(lost_network_makes_a_new_report),
        TEST(lost_pool_makes_a_new_report),
        TEST(broken_host_is_tried_again),
        TEST(hanging_host_delays_nobody),
        TEST(removed_host_is_heard_no_more),
        TEST(another_uri_is_another_host),
        TEST(definition_left_behind_is_told),
        TEST(refresh_reads_all_again),
        TEST(failed_migration_names_vm_and_hosts),
        TEST(migration_that_cannot_begin_says_why),
        TEST(repeated_effect_does_no_harm),
        TEST(failed_migration_is_tried_again),
        TEST(listener_may_perform_at_once),
        TEST(watched_vm_that_stayed),
        TEST(watched_vm_that_arrived),
        TEST(watched_vm_of_a_removed_host),
    };
    struct error error = ERROR_INIT;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (virt_initialise(&error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
