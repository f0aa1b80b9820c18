/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `host_device`: what is passed through is there and free, and a live move unplugs it. */
#include "plugin/bench.h"

enum { PCI, USB, MDEV, VF }; /* as in device_kinds */

static struct bench *begin(const char *on, struct rows of_host, struct rows of_vm)
{
    struct bench *bench = bench_new("filter_host_device");
    struct host host = bench_host("a");
    host.devices = of_host;
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b"));
    struct host unknown = bench_host("c");
    unknown.devices_known = false;
    bench_put_host(bench, unknown);
    struct vm vm = bench_vm("vm", on);
    vm.devices = of_vm;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void a_device_must_be_there_and_free(void **state)
{
    (void)state;
    struct bench *bench =
        begin(NULL, BENCH_ROWS(struct device, {PCI, "gpu", true}, {PCI, "taken", false}),
              BENCH_ROWS(struct device, {PCI, "gpu", true}));
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", "host_device.missing");
    bench_expect(bench, "vm", "c", "");
    assert_string_equal(bench_why(bench, "vm", "b").subject, "PCI device gpu");
    fleet_vm(bench->fleet, "vm")->devices = BENCH_ROWS(struct device, {PCI, "taken", true});
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "host_device.busy");
    fleet_vm(bench->fleet, "vm")->devices = BENCH_ROWS(struct device, {USB, "gpu", true});
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "host_device.missing");
    bench_free(bench);
}

static void two_of_a_type_need_two(void **state)
{
    (void)state;
    struct rows two = BENCH_ROWS(struct device, {MDEV, "i915", true}, {MDEV, "i915", true});
    struct bench *bench = begin(NULL, two, two);
    bench_expect(bench, "vm", "a", "");
    ((struct device *)fleet_host(bench->fleet, "a")->devices.item)[1].free = false;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "host_device.busy");
    fleet_host(bench->fleet, "a")->devices.n = 1;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "host_device.missing");
    bench_free(bench);
}

static void a_running_vm_keeps_what_cannot_be_unplugged(void **state)
{
    (void)state;
    struct rows pci = BENCH_ROWS(struct device, {VF, "lan", true}, {MDEV, "i915", true});
    struct bench *bench = begin("b", pci, pci);
    bench_expect(bench, "vm", "a", "host_device.live");
    bench_expect(bench, "vm", "b", "");
    bench_expect(bench, "vm", "c", "host_device.live");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "mediated device i915");
    fleet_vm(bench->fleet, "vm")->devices.n = 1; /* the virtual function alone */
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void one_that_is_on_its_way_takes_its_share(void **state)
{
    (void)state;
    struct rows vf = BENCH_ROWS(struct device, {VF, "lan", true});
    struct bench *bench = begin("b", vf, vf);
    struct vm other = bench_vm("other", "b");
    other.devices = vf;
    other.to = "a";
    bench_put_vm(bench, other);
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "host_device.busy");
    bench_free(bench);
}

static void a_vm_without_devices_goes_anywhere(void **state)
{
    (void)state;
    struct bench *bench = begin("a", (struct rows){0}, (struct rows){0});
    bench_expect(bench, "vm", "b", "");
    bench_free(bench);
}

BENCH_MAIN("filter host_device", cmocka_unit_test(a_device_must_be_there_and_free),
           cmocka_unit_test(two_of_a_type_need_two),
           cmocka_unit_test(a_running_vm_keeps_what_cannot_be_unplugged),
           cmocka_unit_test(one_that_is_on_its_way_takes_its_share),
           cmocka_unit_test(a_vm_without_devices_goes_anywhere))
