/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain XML: what is read, drover's metadata, secrets, and hostile documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "codec/domain_xml.h"
#include "codec/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As libvirt's test driver prints it. */
static const char plain_domain[] =
    "<domain type='test' id='1'>\n"
    "  <name>test</name>\n"
    "  <uuid>6695EB01-f6a4-8304-79aa-97f2502e193f</uuid>\n"
    "  <memory unit='KiB'>8388608</memory>\n"
    "  <currentMemory unit='KiB'>2097152</currentMemory>\n"
    "  <vcpu placement='static'>2</vcpu>\n"
    "  <os><type arch='i686'>hvm</type><boot dev='hd'/></os>\n"
    "  <devices>\n"
    "    <disk type='file' device='disk'>\n"
    "      <source file='/guest/diskimage1'/><target dev='vda' bus='virtio'/>\n"
    "    </disk>\n"
    "    <interface type='network'><source network='default'/></interface>\n"
    "  </devices>\n"
    "</domain>\n";

static const char full_domain[] =
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <name>web &amp; co</name>\n"
    "  <metadata>\n"
    "    <other:vm xmlns:other='https://example.org/1' ha='yes'/>\n"
    "    <drover:vm xmlns:drover='https://drover.dev/xmlns/domain/1' ha='yes' priority='10'"
    " migratable='manual'>\n"
    "      <drover:label key='app' value='a &lt; b'/>\n"
    "      <drover:label key='app' value='again'/>\n"
    "      <drover:label key='' value='none'/>\n"
    "      <drover:pinned host='kvm1'/><drover:pinned host='not a name'/>\n"
    "      <drover:preferred host='kvm2'/><drover:preferred/>\n"
    "    </drover:vm>\n"
    "  </metadata>\n"
    "  <maxMemory slots='16' unit='GiB'>64</maxMemory>\n"
    "  <memory unit='GiB'>4</memory>\n"
    "  <memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>\n"
    "  <vcpu placement='static' current='3'>8</vcpu>\n"
    "  <numatune>\n"
    "    <memory mode='interleave' nodeset='0-2,^1'/>\n"
    "    <memnode cellid='1' mode='preferred' nodeset='3'/>\n"
    "  </numatune>\n"
    "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
    "  <cpu mode='custom' match='exact'>\n"
    "    <model fallback='forbid'>Skylake-Server</model>\n"
    "    <feature policy='require' name='vmx'/><feature policy='disable' name='hle'/>\n"
    "    <feature policy='force' name='avx2'/>\n"
    "    <numa>\n"
    "      <cell id='0' cpus='0-3' memory='2097152' unit='KiB'/>\n"
    "      <cell id='1' cpus='4-7' memory='2' unit='GiB'/>\n"
    "    </numa>\n"
    "  </cpu>\n"
    "  <clock offset='utc'><timer name='rtc'/><timer name='tsc' frequency='2600000000'/></clock>\n"
    "  <devices>\n"
    "    <disk type='file' device='disk'><driver name='qemu' cache='unsafe'/>"
    "<source file='/srv/images/a.qcow2'/></disk>\n"
    "    <disk type='file' device='disk'><source file='/srv/images/b.qcow2'/></disk>\n"
    "    <disk type='volume' device='disk'><source pool='fast' volume='v'/></disk>\n"
    "    <disk type='file' device='cdrom'><source file='/iso/x.iso'/><readonly/></disk>\n"
    "    <disk type='file' device='cdrom'><target dev='hdb'/><readonly/></disk>\n"
    "    <disk type='network' device='disk'><auth><secret type='ceph' uuid='x'/></auth>"
    "<source protocol='rbd' name='p/i'/></disk>\n"
    "    <interface type='network'><source network='lan' bridge='virbr0'/></interface>\n"
    "    <interface type='bridge'><source bridge='br0'/></interface>\n"
    "    <interface type='bridge'><source bridge='br0'/></interface>\n"
    "    <interface type='direct'><source dev='eth1' mode='bridge'/></interface>\n"
    "    <interface type='user'/>\n"
    "    <interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x06'"
    " slot='0x10' function='0x2'/></source></interface>\n"
    "    <hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x3b'"
    " slot='0x00' function='0x0'/></source></hostdev>\n"
    "    <hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/>"
    "<product id='0xbeef'/></source></hostdev>\n"
    "    <hostdev mode='subsystem' type='mdev'><source><address uuid='c0-ffee'/></source>"
    "</hostdev>\n"
    "    <graphics type='vnc' port='-1' passwd='hunter2'/>\n"
    "    <graphics type='spice' passwd='hunter3' passwdValidTo='2030-01-01T00:00:00'/>\n"
    "  </devices>\n"
    "  <sysinfo type='fwcfg'><entry name='opt/x'>hunter4</entry></sysinfo>\n"
    "  <sysinfo type='smbios'><oemStrings><entry>hunter5</entry></oemStrings>"
    "<system><entry name='serial'>kept</entry></system></sysinfo>\n"
    "  <qemu:commandline><qemu:arg value='hunter6'/><qemu:env name='K' value='hunter7'/>"
    "</qemu:commandline>\n"
    "</domain>\n";

static int read_domain(const char *xml, struct vm *vm, struct arena *arena, struct error *error)
{
    return domain_xml_read(xml, strlen(xml), vm, arena, error);
}

static void must_read(const char *xml, struct vm *vm, struct arena *arena)
{
    struct error error = ERROR_INIT;
    if (read_domain(xml, vm, arena, &error))
        fail_msg("%s", error.text);
}

static void a_plain_domain_is_read(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(plain_domain, &vm, &arena);
    assert_string_equal(vm.name, "test");
    assert_string_equal(vm.uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
    assert_string_equal(vm.arch, "i686");
    assert_string_equal(vm.machine, "");
    assert_true(vm.vcpus == 2 && vm.memory_mib == 8192 && vm.hugepages_kib == 0);
    assert_true(vm.networks.n == 1 && vm.storage.n == 1);
    assert_string_equal(vm.networks.item[0], "default");
    assert_string_equal(vm.storage.item[0], "/guest");
    assert_null(vm.host);
    assert_null(vm.to);
    assert_false(vm.ha || vm.readonly_local_disk || vm.labels.known);
    assert_true(vm.numa.n == 0 && vm.devices.n == 0 && vm.priority == 1);
    arena_free(&arena);
}

static void a_full_domain_is_read(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(full_domain, &vm, &arena);
    assert_string_equal(vm.name, "web & co");
    assert_null(vm.uuid);
    assert_true(vm.vcpus == 3 && vm.memory_mib == 4096 && vm.hugepages_kib == 1048576);
    assert_string_equal(vm.machine, "pc-q35-7.2");
    assert_string_equal(vm_cpu_modes[vm.cpu_mode], "custom");
    assert_string_equal(vm.cpu_model, ""); /* not without hle */
    assert_int_equal(vm.cpu_features.n, 2);
    assert_string_equal(vm.cpu_features.item[1], "avx2");
    assert_true(vm.tsc_khz == 2600000);
    assert_string_equal(vm_caches[vm.cache], "unsafe");
    assert_true(vm.readonly_local_disk);
    assert_int_equal(vm.storage.n, 2);
    assert_string_equal(vm.storage.item[0], "/srv/images");
    assert_string_equal(vm.storage.item[1], "fast");
    assert_int_equal(vm.networks.n, 3);
    assert_string_equal(vm.networks.item[0], "lan");
    assert_string_equal(vm.networks.item[1], "br0");
    assert_string_equal(vm.networks.item[2], "eth1");
    arena_free(&arena);
}

static void devices_and_nodes_are_read(void **state)
{
    static const char *const expected[][2] = {
        {"pci", "0000:06:10.2"}, {"pci", "0000:3b:00.0"}, {"usb", "1234:beef"}, {"mdev", "c0-ffee"},
    };
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(full_domain, &vm, &arena);
    const struct device *devices = vm.devices.item;
    assert_int_equal(vm.devices.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(device_kinds[devices[i].kind], expected[i][0]);
        assert_string_equal(devices[i].id, expected[i][1]);
    }
    const struct vnuma_node *nodes = vm.numa.item;
    assert_int_equal(vm.numa.n, 2);
    assert_true(nodes[0].memory_mib == 2048 && nodes[1].memory_mib == 2048);
    assert_string_equal(numa_modes[nodes[0].mode], "interleave");
    assert_true(nodes[0].nodes.n == 2 && nodes[0].nodes.item[1] == 2);
    assert_string_equal(numa_modes[nodes[1].mode], "preferred");
    assert_true(nodes[1].nodes.n == 1 && nodes[1].nodes.item[0] == 3);
    arena_free(&arena);
}

static void the_metadata_is_read(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(full_domain, &vm, &arena);
    assert_true(vm.ha && vm.priority == 10 && vm.migratable == DROVER_MIGRATABLE_MANUAL);
    assert_int_equal(vm.pinned_hosts.n, 1);
    assert_string_equal(vm.pinned_hosts.item[0], "kvm1");
    assert_int_equal(vm.preferred_hosts.n, 1);
    assert_int_equal(vm.labels.n, 1);
    assert_string_equal(vm.labels.item[0].value, "a < b");
    arena_free(&arena);
}

#define DOMAIN(inside)                                                                             \
    "<domain><name>n</name><memory>1024</memory>" inside "</domain>"
#define METADATA(inside)                                                                           \
    DOMAIN("<metadata><d:vm xmlns:d='https://drover.dev/xmlns/domain/1' " inside "</metadata>")

/* Whoever owns the guest must not be able to make it vanish, or take what is not his. */
static void wrong_metadata_keeps_the_defaults(void **state)
{
    static const char *const documents[] = {
        METADATA("ha='maybe' priority='1e9' migratable='never'/>"),
        METADATA("ha='' priority='-1' migratable=''/>"),
        METADATA("ha='1' priority='nan' migratable='YES'><d:pinned host='../x'/></d:vm>"),
        METADATA("priority='inf'><d:label key='a'/><d:label value='b'/><label/></d:vm>"),
        METADATA("><d:vm ha='yes'/><d:pinned><d:pinned host='x'/></d:pinned></d:vm>"),
        DOMAIN("<metadata><vm ha='yes' priority='9'/></metadata>"),
        DOMAIN("<vm xmlns='https://drover.dev/xmlns/domain/1' ha='yes'/>"),
        DOMAIN("<metadata><d:vm xmlns:d='https://drover.dev/xmlns/domain/2' ha='yes'/></metadata>"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct arena arena = ARENA_INIT;
        struct vm vm;
        must_read(documents[i], &vm, &arena);
        assert_true(!vm.ha && vm.priority == 1 && vm.migratable == DROVER_MIGRATABLE_YES);
        assert_true(vm.pinned_hosts.n == 0 && vm.labels.n == 0);
        arena_free(&arena);
    }
}

static void a_card_behind_a_standby_nic_is_a_function_of_its_network(void **state)
{
    static const char xml[] = DOMAIN(
        "<devices>"
        "<interface type='bridge'><source bridge='br7'/><alias name='ua-standby'/>"
        "<teaming type='persistent'/></interface>"
        "<interface type='hostdev'><source><address type='pci' bus='6' slot='0' function='1'/>"
        "</source><teaming type='transient' persistent='ua-standby'/></interface>"
        "<hostdev mode='subsystem' type='pci'><source><address bus='7' slot='0' function='1'/>"
        "</source><teaming type='transient' persistent='ua-standby'/></hostdev>"
        "<interface type='hostdev'><source><address type='pci' bus='8' slot='0' function='1'/>"
        "</source><teaming type='transient' persistent='ua-nobody'/></interface>"
        "</devices>");
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(xml, &vm, &arena);
    const struct device *devices = vm.devices.item;
    assert_int_equal(vm.devices.n, 3);
    assert_string_equal(device_kinds[devices[0].kind], "vf");
    assert_string_equal(devices[0].id, "br7");
    assert_string_equal(device_kinds[devices[1].kind], "pci");
    assert_string_equal(devices[1].id, "0000:08:00.1");
    assert_string_equal(device_kinds[devices[2].kind], "vf");
    assert_int_equal(vm.networks.n, 1);
    arena_free(&arena);
}

static void the_shape_and_place_of_its_cpus_are_read(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(DOMAIN("<vcpu cpuset='12'>4</vcpu>"
                     "<cputune><vcpupin vcpu='0' cpuset='0-3,^2'/><vcpupin vcpu='1' cpuset='8'/>"
                     "<emulatorpin cpuset='9'/><vcpupin vcpu='2' cpuset='all of them'/></cputune>"
                     "<cpu><topology sockets='2' dies='2' cores='4' threads='2'/></cpu>"),
              &vm, &arena);
    assert_string_equal(vm.cpu_pins, "0-1,3,8-9,12");
    assert_true(vm.cpu_sockets == 2 && vm.cpu_cores == 8 && vm.cpu_threads == 2);
    must_read(DOMAIN("<cpu><topology sockets='2' cores='99999999' threads='2'/></cpu>"), &vm,
              &arena);
    assert_string_equal(vm.cpu_pins, "");
    assert_int_equal(vm.cpu_sockets, 0);
    must_read(METADATA("cpu_dedicated='yes'/>"), &vm, &arena);
    assert_true(vm.cpu_dedicated);
    arena_free(&arena);
}

/* Where nobody compares it, and where it is the host's own, the list is no list of needs. */
static void only_what_is_checked_is_needed_of_a_cpu(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(DOMAIN("<cpu mode='custom' check='full'><model>Haswell</model>"
                     "<feature policy='require' name='vmx'/></cpu>"), &vm, &arena);
    assert_int_equal(vm.cpu_features.n, 1);
    assert_string_equal(vm.cpu_model, "Haswell");
    must_read(DOMAIN("<cpu mode='custom' check='none'><model>qemu64</model>"
                     "<feature policy='require' name='svm'/></cpu>"), &vm, &arena);
    assert_int_equal(vm.cpu_features.n, 0);
    assert_string_equal(vm.cpu_model, "");
    must_read(DOMAIN("<cpu mode='host-passthrough'><feature policy='require' name='vmx'/></cpu>"),
              &vm, &arena);
    assert_int_equal(vm.cpu_features.n, 0);
    arena_free(&arena);
}

#define DISK(type, driver) "<disk type='" type "' device='disk'><driver " driver "/></disk>"

static void the_worst_cache_counts(void **state)
{
    static const char *const cases[][2] = {
        {DOMAIN("<devices>" DISK("file", "name='qemu'") "</devices>"), "none"},
        {DOMAIN("<devices>" DISK("file", "cache='directsync'") "</devices>"), "directsync"},
        {DOMAIN("<devices>" DISK("file", "cache='writeback'") DISK("file", "cache='none'")
                "</devices>"), "writeback"},
        {DOMAIN("<devices>" DISK("file", "cache='writethrough'") DISK("file", "cache='unsafe'")
                "</devices>"), "unsafe"},
        {DOMAIN("<devices>" DISK("network", "cache='writeback'") "</devices>"), "none"},
        {DOMAIN("<devices>" DISK("file", "cache='of some kind'") "</devices>"), "none"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = ARENA_INIT;
        struct vm vm;
        must_read(cases[i][0], &vm, &arena);
        assert_string_equal(vm_caches[vm.cache], cases[i][1]);
        arena_free(&arena);
    }
}

#define LEASE(lockspace) "<lease><lockspace>" lockspace "</lockspace><key>k</key></lease>"
#define LEASES "<devices>" LEASE("fast") LEASE("slow") LEASE("") "</devices>"

static void leases_are_a_label_unless_there_is_one(void **state)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    must_read(DOMAIN(LEASES), &vm, &arena);
    assert_int_equal(vm.labels.n, 1);
    assert_string_equal(vm.labels.item[0].key, "lease");
    assert_string_equal(vm.labels.item[0].value, "fast,slow");
    must_read(METADATA("><d:label key='lease' value='mine'/></d:vm>"), &vm, &arena);
    must_read("<domain><name>n</name><memory>1</memory>" LEASES "<metadata>"
              "<d:vm xmlns:d='" DROVER_METADATA_URI "'><d:label key='lease' value='mine'/></d:vm>"
              "</metadata></domain>", &vm, &arena);
    assert_int_equal(vm.labels.n, 1);
    assert_string_equal(vm.labels.item[0].value, "mine");
    arena_free(&arena);
}

/* Neither many leases nor many cards without a partner cost more than they are worth. */
static void leases_and_teams_are_bounded(void **state)
{
    struct text text = TEXT_INIT;
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    text_add(&text, "<domain><name>n</name><memory>1</memory><devices>");
    for (int i = 0; i < 3000; i++)
        text_printf(&text, LEASE("lockspace%d"), i);
    for (int i = 0; i < 3000; i++)
        text_add(&text, "<interface type='user'><alias name='a'/>"
                        "<teaming type='transient' persistent='b'/></interface>");
    text_add(&text, "</devices></domain>");
    char *xml = text_take(&text);
    must_read(xml, &vm, &arena);
    assert_true(strlen(vm.labels.item[0].value) < 4096);
    assert_int_equal(vm.devices.n, 0);
    free(xml);
    arena_free(&arena);
}

static void many_labels_are_cut_short(void **state)
{
    struct text text = TEXT_INIT;
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    text_add(&text, "<domain><name>n</name><memory>1</memory><metadata>"
                    "<d:vm xmlns:d='" DROVER_METADATA_URI "' ha='yes'>");
    for (int i = 0; i < 5000; i++)
        text_printf(&text, "<d:label key='k%d' value=''/><d:pinned host='h%d'/>", i, i);
    text_add(&text, "</d:vm></metadata></domain>");
    char *xml = text_take(&text);
    must_read(xml, &vm, &arena);
    assert_true(vm.ha && vm.labels.n == 256 && vm.pinned_hosts.n == 256);
    free(xml);
    arena_free(&arena);
}

static void secrets_are_taken_out_and_nothing_else(void **state)
{
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    struct vm before, after;
    (void)state;
    char marker[SECRET_MARKER_ROOM];
    char *xml = domain_xml_redact(full_domain, strlen(full_domain), marker, &error);
    assert_non_null(xml);
    assert_string_equal(marker, "drover-secret-0-");
    assert_null(strstr(xml, "hunter"));
    assert_non_null(strstr(xml, "<entry name=\"serial\">kept</entry>"));
    assert_non_null(strstr(xml, "<secret type=\"ceph\" uuid=\"x\"/>"));
    assert_non_null(strstr(xml, " passwd=\"drover-secret-0-"));
    must_read(full_domain, &before, &arena);
    must_read(xml, &after, &arena);
    assert_true(field_equal(vm_fields, &before, &after));
    free(xml);
    xml = domain_xml_redact(plain_domain, strlen(plain_domain), marker, &error);
    assert_string_equal(marker, "");
    assert_null(strstr(xml, "drover-secret"));
    free(xml);
    arena_free(&arena);
}

struct wrong {
    const char *xml;
    const char *message;
};

static const struct wrong wrong_domains[] = {
    {"", "domain XML, line 1: not well-formed: Document is empty"},
    {"not XML", "domain XML, line 1: not well-formed: Start tag expected, '<' not found"},
    {"<domain><name>n</name>", "domain XML, line 1: not well-formed: "},
    {"<domain><name>\xff</name></domain>", "domain XML, line 1: not well-formed: "},
    {"<domain><name>\x01</name></domain>", "domain XML, line 1: not well-formed: "},
    {"<domain>&nope;</domain>", "domain XML, line 1: not well-formed: Entity 'nope' not defined"},
    {"<network/>", "domain XML: expected <domain>, found another root element"},
    {"<domain/>", "domain XML: expected a name of 1 to 1024 bytes, found one of 0"},
    {"<domain><name> </name></domain>",
     "domain XML: expected a name of 1 to 1024 bytes, found one of 0"},
    {"<domain xmlns='x'><name>n</name></domain>",
     "domain XML: expected a name of 1 to 1024 bytes, found one of 0"},
    {"<domain><name>n</name></domain>", "domain XML: expected a size in <memory>"},
    {"<domain><name>n</name><memory>-5</memory></domain>",
     "domain XML: expected a size in <memory>"},
    {"<domain><name>n</name><memory unit='acres'>5</memory></domain>",
     "domain XML: expected a size in <memory>"},
    {"<domain><name>n</name><memory>1e300</memory></domain>",
     "domain XML: expected a size in <memory>"},
    {DOMAIN("<vcpu>0</vcpu>"), "domain XML: expected 1 to 65536 vCPUs in <vcpu>"},
    {DOMAIN("<vcpu>many</vcpu>"), "domain XML: expected 1 to 65536 vCPUs in <vcpu>"},
    {DOMAIN("<vcpu>70000</vcpu>"), "domain XML: expected 1 to 65536 vCPUs in <vcpu>"},
    {DOMAIN("<uuid>x\x7f</uuid>"), "domain XML: expected a UUID, found \"x\\x7f\""},
    {DOMAIN("<uuid>6695eb01-f6a4-8304-79aa-97f2502e193f0</uuid>"),
     "domain XML: expected a UUID, found \"6695eb01-f6a4-8304-79aa-97f2502e193f0\""},
    {"<!DOCTYPE domain><domain><name>n</name><memory>1</memory></domain>",
     "domain XML: a DOCTYPE is not accepted"},
    {"<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
     "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><domain><name>&c;</name></domain>",
     "domain XML: a DOCTYPE is not accepted"},
    {"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain><name>&x;</name></domain>",
     "domain XML: a DOCTYPE is not accepted"},
    {"<!DOCTYPE d SYSTEM 'http://127.0.0.1:1/x.dtd'><domain/>",
     "domain XML: a DOCTYPE is not accepted"},
};

static void wrong_domains_are_told_why(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_domains / sizeof *wrong_domains; i++) {
        const struct wrong *wrong = &wrong_domains[i];
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        struct vm vm;
        int result = read_domain(wrong->xml, &vm, &arena, &error);
        arena_free(&arena);
        if (result == -1 && error.kind == ERROR_INPUT &&
            strncmp(error.text, wrong->message, strlen(wrong->message)) == 0)
            continue;
        print_error("expected %s\n   found %s\n", wrong->message, error.text);
        failures++;
    }
    assert_int_equal(failures, 0);
}

static void fill_text(struct text *text, const char *part, int times)
{
    for (int i = 0; i < times; i++)
        text_add(text, part);
}

static void size_depth_and_lists_are_bounded(void **state)
{
    struct text text = TEXT_INIT;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct vm vm;
    (void)state;
    assert_int_equal(domain_xml_read(plain_domain, DOMAIN_XML_LIMIT + 1, &vm, &arena, &error), -1);
    assert_string_equal(error.text, "domain XML: 4194305 bytes; at most 4194304 are accepted");
    error_clear(&error);
    fill_text(&text, "<domain>", 10000);
    char *deep = text_take(&text);
    assert_int_equal(read_domain(deep, &vm, &arena, &error), -1);
    assert_non_null(strstr(error.text, "not well-formed: Excessive depth in document"));
    free(deep);
    error_clear(&error);
    text_add(&text, "<domain><name>n</name><memory>1</memory><devices>");
    for (int i = 0; i < 5000; i++)
        text_printf(&text, "<interface type='bridge'><source bridge='b%d'/></interface>", i);
    text_add(&text, "</devices></domain>");
    char *wide = text_take(&text);
    assert_int_equal(read_domain(wide, &vm, &arena, &error), -1);
    assert_string_equal(error.text, "more than 4096 networks are not accepted");
    free(wide);
    arena_free(&arena);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof full_domain - 3; length++) {
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        struct vm vm;
        char *copy = memory_resize(NULL, length, 1);
        memcpy(copy, full_domain, length);
        assert_int_equal(domain_xml_read(copy, length, &vm, &arena, &error), -1);
        assert_int_equal(error.kind, ERROR_INPUT);
        char marker[SECRET_MARKER_ROOM];
        assert_null(domain_xml_redact(copy, length, marker, NULL));
        free(copy);
        arena_free(&arena);
    }
}

/* Odd values inside a well-formed domain: left out, never a crash. */
static void odd_values_are_left_out(void **state)
{
    static const char *const documents[] = {
        DOMAIN("<numatune><memory nodeset='0-'/></numatune>"),
        DOMAIN("<numatune><memory nodeset='5-2'/></numatune>"),
        DOMAIN("<numatune><memory nodeset='0-99999999999999999999'/></numatune>"),
        DOMAIN("<numatune><memory nodeset='0,,1'/></numatune>"),
        DOMAIN("<numatune><memory mode='odd'/></numatune>"),
    };
    struct arena arena = ARENA_INIT;
    struct vm vm;
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        must_read(documents[i], &vm, &arena);
        const struct vnuma_node *node = vm.numa.item;
        assert_true(vm.numa.n == 1 && node->nodes.n == 0 && node->mode == 0);
    }
    must_read(DOMAIN("<devices><hostdev type='pci'><source><address bus='zz' slot='-1'/></source>"
                     "</hostdev><hostdev type='usb'/><disk><source file='nodir'/></disk>"
                     "<interface/><disk/></devices><cpu mode='odd'/>"
                     "<memoryBacking><hugepages><page size='x'/></hugepages></memoryBacking>"),
              &vm, &arena);
    assert_true(vm.devices.n == 0 && vm.storage.n == 0 && vm.networks.n == 0 && vm.cpu_mode == 0);
    assert_true(vm.hugepages_kib == 2048);
    arena_free(&arena);
}

static bool is_blocked_by(const char *devices, const char *code)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    must_read(arena_printf(&arena, "<domain type='kvm'><name>a</name><memory>1024</memory>%s</domain>",
                           devices), &vm, &arena);
    bool found = vm.blockers.n == 1 && strcmp(vm.blockers.item[0], code) == 0;
    arena_free(&arena);
    return found;
}

static void what_stands_in_the_way_is_read(void **state)
{
    static const char *const cases[][2] = {
        {"<devices><filesystem type='mount'><driver type='virtiofs'/></filesystem></devices>",
         "virtiofs"},
        {"<devices><filesystem type='mount'><source dir='/x'/></filesystem></devices>",
         "filesystem"},
        {"<devices><shmem name='s' role='peer'/></devices>", "shmem"},
        {"<devices><tpm model='tpm-crb'><backend type='emulator'/></tpm></devices>", "vtpm"},
        {"<devices><disk type='block'/><disk type='file'><transient/></disk></devices>",
         "transient_disk"},
        {"<devices><disk type='nvme'/></devices>", "nvme_disk"},
        {"<devices><disk type='file'><mirror type='file' job='copy'/></disk></devices>",
         "block_job"},
        {"<devices><interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface></devices>",
         "vdpa"},
        {"<devices><hostdev mode='subsystem' type='scsi'/></devices>", "scsi_device"},
        {"<cpu><feature policy='require' name='invtsc'/></cpu>", "invtsc"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!is_blocked_by(cases[i][0], cases[i][1]))
            fail_msg("%s: %s", cases[i][1], cases[i][0]);
    assert_false(is_blocked_by("<devices><shmem name='s' role='master'/></devices>", "shmem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_domain_is_read),
        cmocka_unit_test(what_stands_in_the_way_is_read),
        cmocka_unit_test(a_full_domain_is_read),
        cmocka_unit_test(devices_and_nodes_are_read),
        cmocka_unit_test(the_metadata_is_read),
        cmocka_unit_test(a_card_behind_a_standby_nic_is_a_function_of_its_network),
        cmocka_unit_test(the_shape_and_place_of_its_cpus_are_read),
        cmocka_unit_test(only_what_is_checked_is_needed_of_a_cpu),
        cmocka_unit_test(the_worst_cache_counts),
        cmocka_unit_test(leases_are_a_label_unless_there_is_one),
        cmocka_unit_test(leases_and_teams_are_bounded),
        cmocka_unit_test(wrong_metadata_keeps_the_defaults),
        cmocka_unit_test(many_labels_are_cut_short),
        cmocka_unit_test(secrets_are_taken_out_and_nothing_else),
        cmocka_unit_test(wrong_domains_are_told_why),
        cmocka_unit_test(size_depth_and_lists_are_bounded),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(odd_values_are_left_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("domain XML", tests, NULL, NULL);
}
