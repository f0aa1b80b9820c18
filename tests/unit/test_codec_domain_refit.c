/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pinning that is fitted to a host which numbers its CPUs and nodes otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/domain_refit.h"
#include "model/fleet.h"

/* One after the other; and by turns, as most machines with hyper-threads have them. */
static struct numa_node blocks[] = {{.id = 0, .cpus = "0-3"}, {.id = 1, .cpus = "4-7"}};
static struct numa_node turns[] = {{.id = 0, .cpus = "0,2,4,6"}, {.id = 1, .cpus = "1,3,5,7"}};
static struct numa_node wide[] = {{.id = 0, .cpus = "0-7"}, {.id = 1, .cpus = "8-15"}};
static struct numa_node single[] = {{.id = 0, .cpus = "0-1"}};
static struct numa_node others[] = {{.id = 4, .cpus = "0-3"}, {.id = 8, .cpus = "4-7"}};

#define ROWS(nodes) &(struct rows){.item = (nodes), .n = sizeof(nodes) / sizeof *(nodes)}

static const char pinned[] =
    "<domain type='kvm'><name>db</name><vcpu cpuset='4-7'>2</vcpu>"
    "<cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5,6'/>"
    "<emulatorpin cpuset='4-7'/></cputune>"
    "<numatune><memory mode='strict' nodeset='1'/><memnode cellid='0' mode='strict' nodeset='1'/>"
    "</numatune><metadata><x xmlns='urn:x' cpuset='4'/></metadata></domain>";

static char *fit(const char *xml, const struct rows *from, const struct rows *to)
{
    struct error error = ERROR_INIT;
    char *text = domain_refit(xml, from, to, &error);
    assert_int_equal(error.kind, ERROR_NONE);
    return text;
}

static void has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("expected %s in %s", what, text);
}

static void a_node_stays_one_node(void **state)
{
    (void)state;
    char *text = fit(pinned, ROWS(blocks), ROWS(turns));
    assert_non_null(text);
    has(text, "<vcpu cpuset=\"1,3,5,7\">2</vcpu>"); /* all of node 1 */
    has(text, "<vcpupin vcpu=\"0\" cpuset=\"1\"/>");
    has(text, "<vcpupin vcpu=\"1\" cpuset=\"3,5\"/>");
    has(text, "<memory mode=\"strict\" nodeset=\"1\"/>");
    has(text, "cpuset=\"4\"/></metadata>"); /* somebody else's */
    free(text);
}

static void a_whole_node_is_a_whole_node_of_any_size(void **state)
{
    (void)state;
    char *text = fit(pinned, ROWS(blocks), ROWS(wide));
    assert_non_null(text);
    has(text, "<emulatorpin cpuset=\"8-15\"/>");
    has(text, "<vcpupin vcpu=\"0\" cpuset=\"8\"/>");
    free(text);
}

static void fewer_nodes_and_fewer_cpus_count_round(void **state)
{
    (void)state;
    char *text = fit(pinned, ROWS(blocks), ROWS(single));
    assert_non_null(text);
    has(text, "<vcpupin vcpu=\"0\" cpuset=\"0\"/>");
    has(text, "<vcpupin vcpu=\"1\" cpuset=\"0-1\"/>");
    has(text, "<memory mode=\"strict\" nodeset=\"0\"/>");
    free(text);
    text = fit(pinned, ROWS(blocks), ROWS(others));
    assert_non_null(text); /* the CPUs are the same ones */
    has(text, "<memory mode=\"strict\" nodeset=\"8\"/>");
    has(text, "<memnode cellid=\"0\" mode=\"strict\" nodeset=\"8\"/>");
    has(text, "<vcpupin vcpu=\"0\" cpuset=\"4\"/>");
    free(text);
}

static void what_fits_is_left_alone(void **state)
{
    (void)state;
    assert_null(fit(pinned, ROWS(blocks), ROWS(blocks)));
    assert_null(fit("<domain><name>x</name></domain>", ROWS(blocks), ROWS(turns)));
    assert_null(fit("<domain><vcpu cpuset='0'>1</vcpu></domain>", ROWS(blocks), ROWS(turns)));
    assert_null(fit("<domain><vcpu cpuset='64'>1</vcpu></domain>", ROWS(blocks), ROWS(turns)));
    assert_null(fit("<domain><vcpu cpuset='x'>1</vcpu></domain>", ROWS(blocks), ROWS(turns)));
    struct numa_node unknown[] = {{.id = 0, .cpus = ""}};
    assert_null(fit(pinned, ROWS(blocks), ROWS(unknown)));
    assert_null(fit(pinned, ROWS(blocks), &(struct rows){.n = 0}));
}

static void what_is_no_domain_is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "<domain>", "<network/>",
                                        "<!DOCTYPE d [<!ENTITY e 'x'>]><domain/>"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error error = ERROR_INIT;
        assert_null(domain_refit(texts[i], ROWS(blocks), ROWS(turns), &error));
        assert_int_not_equal(error.kind, ERROR_NONE);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_stays_one_node),
        cmocka_unit_test(a_whole_node_is_a_whole_node_of_any_size),
        cmocka_unit_test(fewer_nodes_and_fewer_cpus_count_round),
        cmocka_unit_test(what_fits_is_left_alone),
        cmocka_unit_test(what_is_no_domain_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
