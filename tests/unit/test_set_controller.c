/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host drover runs on: the one that it must never switch off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "set/controller.h"

static void uris_that_mean_this_machine(void **state)
{
    (void)state;
    static const char *const here[] = {
        "qemu:///system", "qemu+unix:///system", "qemu+tls://kvm1/system", "qemu+ssh://root@kvm1/system",
        "qemu+tcp://kvm1.example.org:16509/system", "qemu+tls://KVM1.example.org/system",
        "qemu+tcp://localhost/system", "qemu+tcp://127.0.0.1:5/system", "qemu+tcp://[::1]/system",
    };
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        assert_true(controller_is_at(here[i], "kvm1.example.org"));
    assert_true(controller_is_at("qemu+tls://kvm1.example.org/system", "kvm1"));
}

static void uris_that_do_not(void **state)
{
    (void)state;
    static const char *const elsewhere[] = {
        "qemu+tls://kvm2/system", "qemu+tls://kvm10/system", "qemu+tls://kvm/system",
        "qemu+tls://kvm1.other.org/system", "qemu+tcp://10.0.0.1/system",
        "qemu+unix:///system?socket=/run/forwarded/kvm2", "qemu+tcp://[fe80::1]/system",
    };
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_false(controller_is_at(elsewhere[i], "kvm1.example.org"));
}

static void it_gets_the_role_beside_its_own(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *own[] = {"spm"};
    struct host_setting hosts[] = {
        {.name = "a", .uri = "qemu:///system", .roles = {.item = own, .n = 1, .known = true}},
        {.name = "b", .uri = "qemu+tls://b/system"},
    };
    struct settings settings = {.hosts = {.item = hosts, .n = 2}};
    controller_mark(&settings, "a", &arena);
    controller_mark(&settings, "a", &arena); /* once is enough */
    assert_int_equal(hosts[0].roles.n, 2);
    assert_string_equal(hosts[0].roles.item[0], "spm");
    assert_string_equal(hosts[0].roles.item[1], "controller");
    assert_int_equal(hosts[1].roles.n, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_that_mean_this_machine),
        cmocka_unit_test(uris_that_do_not),
        cmocka_unit_test(it_gets_the_role_beside_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
