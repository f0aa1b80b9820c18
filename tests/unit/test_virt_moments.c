/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens between two calls of libvirt: a VM that was found goes before it is read. The calls
 * of this file stand in front of libvirt's own, and let something happen first.
 */
#include "unit/virt_bench.h"

#include <dlfcn.h>
#include <stdatomic.h>

/* What happens to `subject` before the next look at any VM's state. */
static int (*_Atomic happens)(virDomainPtr domain);
static virDomainPtr subject;

int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    int (*own)(virDomainPtr, int *, int *, unsigned int) =
        (int (*)(virDomainPtr, int *, int *, unsigned int))dlsym(RTLD_NEXT, "virDomainGetState");
    int (*act)(virDomainPtr) = atomic_exchange(&happens, NULL);
    if (act)
        act(subject);
    return own(domain, state, reason, flags);
}

/* VM beta runs on kvm1, and nothing is left to be read. Returns how many events there are. */
static guint beta_runs(struct room *room)
{
    FOLLOW(room, "kvm1", "test:///default");
    WAIT(room, 0, .kind = EVENT_HOST_REPORT);
    subject = define_alpha(room, "beta", "");
    assert_int_equal(0, virDomainCreate(subject));
    WAIT(room, 0, .kind = EVENT_VM_CHANGED, .vm = ALPHA, .vm_state = 1 + DROVER_VM_RUNNING);
    WAIT(room, room->events->len, .kind = EVENT_SAMPLE);
    return room->events->len;
}

/* The event tells why it ended; when it is looked up it is there, and when it is read it is not. */
static void why_it_ended_is_told_though_it_goes_meanwhile(void **state)
{
    struct room *room = *state;
    guint from = beta_runs(room);
    atomic_store(&happens, virDomainUndefine);
    assert_int_equal(0, virDomainDestroy(subject));
    const struct event *gone = WAIT(room, from, .kind = EVENT_VM_GONE, .vm = ALPHA);
    assert_null(atomic_load(&happens));
    assert_string_equal("destroyed", gone->name);
    virDomainFree(subject);
}

/* A whole report finds it off; only then comes the event. */
static void why_it_ended_is_told_though_a_report_was_faster(void **state)
{
    struct room *room = *state;
    guint from = beta_runs(room);
    const struct effect refresh = {.kind = EFFECT_REFRESH, .host = "kvm1"};
    atomic_store(&happens, virDomainDestroy);
    room->world.perform(room->world.self, &refresh);
    const struct event *gone = WAIT(room, from, .kind = EVENT_VM_GONE, .vm = ALPHA);
    assert_string_equal("destroyed", gone->name);
    assert_int_equal(0, virDomainUndefine(subject));
    virDomainFree(subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(why_it_ended_is_told_though_it_goes_meanwhile),
        TEST(why_it_ended_is_told_though_a_report_was_faster),
    };
    struct error error = ERROR_INIT;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (virt_initialise(&error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
