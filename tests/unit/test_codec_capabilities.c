/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities of hosts, as libvirt prints them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/domain_xml.h"
#include "codec/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two sockets of two cores of two threads, as libvirt's QEMU driver prints them, shortened. */
static const char two_sockets[] =
    "<capabilities>\n"
    "  <host>\n"
    "    <uuid>515effd5-893b-43a6-8955-5084976b8483</uuid>\n"
    "    <cpu>\n"
    "      <arch>x86_64</arch><model>Skylake-Server-IBRS</model><vendor>Intel</vendor>\n"
    "      <counter name='tsc' frequency='2596122000' scaling='yes'/>\n"
    "      <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
    "      <feature name='vme'/><feature name='ht'/><feature name='vme'/>\n"
    "      <pages unit='KiB' size='4'/><pages unit='KiB' size='2048'/>\n"
    "    </cpu>\n"
    "    <topology><cells num='2'>\n"
    "      <cell id='0'><memory unit='KiB'>2097152</memory>"
    "<pages unit='KiB' size='4'>500000</pages><pages unit='KiB' size='2048'>100</pages>"
    "<cpus num='4'>\n"
    "        <cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>\n"
    "        <cpu id='1' socket_id='0' die_id='0' core_id='1' siblings='1,5'/>\n"
    "        <cpu id='4' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>\n"
    "        <cpu id='5' socket_id='0' die_id='0' core_id='1' siblings='1,5'/>\n"
    "      </cpus></cell>\n"
    "      <cell id='1'><memory unit='KiB'>4194304</memory>"
    "<pages unit='KiB' size='4'>1000000</pages><pages unit='KiB' size='2048'>28</pages>"
    "<pages unit='KiB' size='1048576'>1</pages><pages unit='KiB' size='64'>some</pages>"
    "<cpus num='4'>\n"
    "        <cpu id='2' socket_id='1' die_id='0' core_id='0' siblings='2,6'/>\n"
    "        <cpu id='3' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "        <cpu id='6' socket_id='1' die_id='0' core_id='0' siblings='2,6'/>\n"
    "        <cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "      </cpus></cell>\n"
    "    </cells></topology>\n"
    "  </host>\n"
    "  <guest><os_type>hvm</os_type><arch name='i686'>\n"
    "    <machine maxCpus='255'>pc-i686</machine></arch></guest>\n"
    "  <guest><os_type>hvm</os_type><arch name='x86_64'>\n"
    "    <machine maxCpus='255'>pc-i440fx-7.2</machine>\n"
    "    <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>\n"
    "    <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>\n"
    "  </arch></guest>\n"
    "</capabilities>\n";

static int read_host(const char *xml, struct host *host, struct arena *arena, struct error *error)
{
    field_defaults(host_fields, host);
    return capabilities_xml_read(xml, strlen(xml), host, arena, error);
}

static void check_texts(const struct texts *texts, const char *const *expected)
{
    uint32_t n = 0;
    for (; expected[n]; n++) {
        assert_true(n < texts->n);
        assert_string_equal(texts->item[n], expected[n]);
    }
    assert_int_equal(texts->n, n);
}

static void a_host_of_two_sockets_is_read(void **state)
{
    static const char *const features[] = {"vme", "ht", NULL};
    static const char *const machines[] = {"pc-i440fx-7.2", "pc", "q35", "pc-q35-7.2", NULL};
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    assert_int_equal(read_host(two_sockets, &host, &arena, &error), 0);
    assert_string_equal(host.arch, "x86_64");
    assert_true(host.threads == 8 && host.cores == 4 && host.sockets == 2);
    assert_true(host.memory_mib == 6144 && host.tsc_khz == 2596122 && host.tsc_scaling);
    assert_string_equal(host.cpu_model, "Skylake-Server-IBRS");
    check_texts(&host.cpu_features, features);
    check_texts(&host.machines, machines);
    assert_string_equal(host.uuid, "515effd5-893b-43a6-8955-5084976b8483");
    assert_int_equal(host.hugepages.n, 2);
    assert_string_equal(host.hugepages.item[0].key, "2048");
    assert_string_equal(host.hugepages.item[0].value, "128");
    assert_string_equal(host.hugepages.item[1].key, "1048576");
    assert_string_equal(host.hugepages.item[1].value, "1");
    const struct numa_node *nodes = host.numa.item;
    assert_int_equal(host.numa.n, 2);
    assert_string_equal(nodes[0].cpus, "0-1,4-5");
    assert_string_equal(nodes[1].cpus, "2-3,6-7");
    assert_true(nodes[1].id == 1 && nodes[1].memory_mib == 4096 && isnan(nodes[1].memory_free_mib));
    arena_free(&arena);
}

static void what_is_not_told_keeps_its_default(void **state)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    assert_int_equal(read_host("<capabilities><host><cpu><arch>aarch64</arch></cpu></host>"
                               "</capabilities>", &host, &arena, &error), 0);
    assert_string_equal(host.arch, "aarch64");
    assert_true(host.threads == 1 && host.memory_mib == 1024 && host.tsc_khz == 0);
    assert_int_equal(host.numa.n, 0);
    arena_free(&arena);
}

/* Without socket and core of its own, each CPU is a core. */
static void cpus_without_a_place_are_counted(void **state)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    assert_int_equal(read_host("<capabilities><host><cpu><arch>x86_64</arch></cpu><topology><cells>"
                               "<cell id='0'><cpus><cpu id='0'/><cpu id='1'/><cpu id='x'/></cpus>"
                               "</cell></cells></topology></host></capabilities>",
                               &host, &arena, &error), 0);
    assert_true(host.threads == 3 && host.cores == 3 && host.sockets == 1);
    assert_string_equal(((struct numa_node *)host.numa.item)->cpus, "0-1");
    assert_true(host.memory_mib == 1024);
    arena_free(&arena);
}

static void a_machine_type_is_appended_once(void **state)
{
    static const char xml[] = "<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path>"
                              "<domain>kvm</domain><machine>pc-i440fx-9.0</machine>"
                              "<arch>x86_64</arch></domainCapabilities>";
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    assert_int_equal(read_host(two_sockets, &host, &arena, &error), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(domain_capabilities_xml_read(xml, strlen(xml), &host, &arena, &error), 0);
    assert_int_equal(host.machines.n, 5);
    assert_string_equal(host.machines.item[4], "pc-i440fx-9.0");
    arena_free(&arena);
}

static const char emulator[] =
    "<domainCapabilities><machine>pc-q35-7.2</machine><cpu>"
    "<mode name='host-passthrough' supported='yes'/>"
    "<mode name='host-model' supported='yes'><model fallback='forbid'>Haswell</model>"
    "<feature policy='require' name='vmx'/></mode>"
    "<mode name='custom' supported='yes'><model usable='yes'>Haswell</model>"
    "<model usable='no'>Icelake</model><model usable='unknown'>Nehalem</model></mode>"
    "</cpu></domainCapabilities>";

static void models_that_guests_may_have_are_read(void **state)
{
    static const char *const models[] = {"Haswell", "Nehalem", NULL};
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    field_defaults(host_fields, &host);
    assert_int_equal(domain_capabilities_xml_read(emulator, strlen(emulator), &host, &arena,
                                                  &error), 0);
    check_texts(&host.cpu_models, models);
    assert_true(host.cpu_models.known);
    field_defaults(host_fields, &host);
    static const char none[] = "<domainCapabilities><cpu><mode name='custom' supported='no'/></cpu>"
                               "</domainCapabilities>";
    assert_int_equal(domain_capabilities_xml_read(none, strlen(none), &host, &arena, &error), 0);
    assert_false(host.cpu_models.known);
    arena_free(&arena);
}

static void the_cpu_of_host_model_is_handed_on(void **state)
{
    (void)state;
    char *cpu = domain_capabilities_host_model(emulator, strlen(emulator));
    assert_non_null(cpu);
    assert_int_equal(strncmp(cpu, "<cpu ", 5), 0);
    assert_non_null(strstr(cpu, "<feature policy=\"require\" name=\"vmx\"/>"));
    free(cpu);
    assert_null(domain_capabilities_host_model("", 0));
    assert_null(domain_capabilities_host_model("<domainCapabilities/>", 21));
}

static void its_full_list_of_features_replaces_the_short_one(void **state)
{
    static const char xml[] = "<cpu><model>Haswell</model><feature policy='require' name='aes'/>"
                              "<feature policy='disable' name='hle'/><feature name='avx2'/></cpu>";
    static const char *const features[] = {"aes", "avx2", NULL};
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    (void)state;
    field_defaults(host_fields, &host);
    assert_int_equal(cpu_xml_read(xml, sizeof xml - 1, &host, &arena, &error), 0);
    check_texts(&host.cpu_features, features);
    assert_int_equal(cpu_xml_read("<cpus/>", 7, &host, &arena, &error), -1);
    assert_string_equal(error.text, "cpu XML: expected <cpu>, found another root element");
    arena_free(&arena);
}

static void wrong_capabilities_are_told_why(void **state)
{
    static const char *const cases[][2] = {
        {"<domain/>", "capabilities XML: expected <capabilities>, found another root element"},
        {"<capabilities/>", "capabilities XML: expected <arch> in <cpu>"},
        {"<capabilities><host><cpu><arch/></cpu></host></capabilities>",
         "capabilities XML: expected <arch> in <cpu>"},
        {"<!DOCTYPE c><capabilities/>", "capabilities XML: a DOCTYPE is not accepted"},
        {"<capabilities>", "capabilities XML, line 1: not well-formed: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        struct host host;
        assert_int_equal(read_host(cases[i][0], &host, &arena, &error), -1);
        error.text[strlen(cases[i][1])] = '\0';
        assert_string_equal(error.text, cases[i][1]);
        arena_free(&arena);
    }
}

static void cpus_and_cells_are_bounded(void **state)
{
    static const char head[] = "<capabilities><host><cpu><arch>x</arch></cpu><topology><cells>";
    static const char tail[] = "</cells></topology></host></capabilities>";
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct text text = TEXT_INIT;
    struct host host;
    (void)state;
    text_add(&text, head);
    for (int i = 0; i < 1025; i++)
        text_add(&text, "<cell/>");
    text_add(&text, tail);
    char *cells = text_take(&text);
    assert_int_equal(read_host(cells, &host, &arena, &error), -1);
    assert_string_equal(error.text, "capabilities XML: more than 1024 NUMA cells");
    free(cells);
    error_clear(&error);
    text_add(&text, head);
    text_add(&text, "<cell><cpus>");
    for (int i = 0; i < 65537; i++)
        text_add(&text, "<cpu/>");
    text_add(&text, "</cpus></cell>");
    text_add(&text, tail);
    char *cpus = text_take(&text);
    assert_int_equal(read_host(cpus, &host, &arena, &error), -1);
    assert_string_equal(error.text, "capabilities XML: more than 65536 CPUs");
    free(cpus);
    arena_free(&arena);
}

static void assert_path(const char *xml, const char *expected)
{
    struct arena arena = ARENA_INIT;
    const char *path = pool_xml_path(xml, strlen(xml), &arena);
    if (expected)
        assert_string_equal(path, expected);
    else
        assert_null(path);
    arena_free(&arena);
}

static void a_pool_tells_its_directory(void **state)
{
    (void)state;
    assert_path("<pool type='netfs'><source><dir path='/vol'/><path>/no</path></source>"
                "<target>\n  <path>\n/srv/a &amp; b</path></target></pool>", "/srv/a & b");
    assert_path("<pool type='rbd'><name>x</name></pool>", NULL);
    assert_path("<pool><target><path/></target></pool>", NULL);
    assert_path("<pool><target><path>/srv</path>", NULL);
    assert_path("<network><target><path>/srv</path></target></network>", NULL);
    assert_path("<!DOCTYPE pool [<!ENTITY a '/srv'>]><pool><target><path>&a;</path></target></pool>",
                NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_of_two_sockets_is_read),
        cmocka_unit_test(what_is_not_told_keeps_its_default),
        cmocka_unit_test(cpus_without_a_place_are_counted),
        cmocka_unit_test(a_machine_type_is_appended_once),
        cmocka_unit_test(models_that_guests_may_have_are_read),
        cmocka_unit_test(the_cpu_of_host_model_is_handed_on),
        cmocka_unit_test(its_full_list_of_features_replaces_the_short_one),
        cmocka_unit_test(wrong_capabilities_are_told_why),
        cmocka_unit_test(cpus_and_cells_are_bounded),
        cmocka_unit_test(a_pool_tells_its_directory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("capabilities", tests, NULL, NULL);
}
