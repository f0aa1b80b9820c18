/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens between two calls of libvirt: a VM that was found goes before it is read. The calls
 * of this file stand in front of libvirt's own, and let something happen first.
 */
#include "unit/virt_bench.h"

#include <dlfcn.h>
#include <stdatomic.h>

static _Atomic(virDomainPtr) goes; /* at the next look at any VM's state */

int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    int (*own)(virDomainPtr, int *, int *, unsigned int) =
        (int (*)(virDomainPtr, int *, int *, unsigned int))dlsym(RTLD_NEXT, "virDomainGetState");
    virDomainPtr gone = atomic_exchange(&goes, NULL);
    if (gone)
        virDomainUndefine(gone);
    return own(domain, state, reason, flags);
}

/* The event tells why it ended; when it is looked up it is there, and when it is read it is not. */
static void why_it_ended_is_told_though_it_goes_meanwhile(void **state)
{
    struct room *room = *state;
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    virDomainPtr vm = virDomainDefineXML(
        room->direct, "<domain type='test'><name>beta</name><uuid>" ALPHA "</uuid>"
        "<memory>8192</memory><os><type>hvm</type></os></domain>");
    assert_non_null(vm);
    assert_int_equal(0, virDomainCreate(vm));
    WAIT(room, 0, .kind = EVENT_VM_CHANGED, .vm = ALPHA, .vm_state = 1 + DROVER_VM_RUNNING);
    WAIT(room, room->events->len, .kind = EVENT_SAMPLE);
    guint from = room->events->len;
    atomic_store(&goes, vm);
    assert_int_equal(0, virDomainDestroy(vm));
    const struct event *gone = WAIT(room, from, .kind = EVENT_VM_GONE, .vm = ALPHA);
    assert_null(atomic_load(&goes));
    assert_string_equal("destroyed", gone->name);
    virDomainFree(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(why_it_ended_is_told_though_it_goes_meanwhile),
    };
    struct error error = ERROR_INIT;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (virt_initialise(&error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
