/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's CPU: what it counts on, how it is shaped, and where on the host it may run. */
#include "codec/domain_xml_parts.h"
#include "codec/text.h"

#include <stdlib.h>
#include <string.h>

#define TOPOLOGY_LIMIT 65536u
#define PINS_LIMIT 4096u /* CPUs that xml_number_set() knows */

/*
 * With check='none' nobody compares what the guest asks for with what it gets. A guest that has its
 * host's own CPU lists what was added or left out, which says little of what it has.
 */
static bool is_binding(const xmlNode *cpu, const struct vm *vm)
{
    if (xml_attribute_is(cpu ? cpu->parent : NULL, "type", "qemu"))
        return false; /* emulated: its CPU is not the host's */
    const char *mode = vm_cpu_modes[vm->cpu_mode];
    return !xml_attribute_is(cpu, "check", "none") && strcmp(mode, "host-passthrough") != 0 &&
           strcmp(mode, "maximum") != 0;
}

/* A guest runs without features of its model that its host lacks: so it may elsewhere. */
static bool is_whole_model(const xmlNode *cpu)
{
    xml_each(feature, cpu, "feature")
        if (xml_attribute_is(feature, "policy", "disable"))
            return false;
    return true;
}

static int read_features(const xmlNode *cpu, struct vm *vm, struct arena *arena,
                         struct error *error)
{
    struct xml_names features = {0};
    xml_each(feature, cpu, "feature") {
        const char *policy = xml_attribute(feature, "policy", arena);
        if (!policy || strcmp(policy, "require") == 0 || strcmp(policy, "force") == 0)
            xml_names_add(&features, xml_attribute(feature, "name", arena));
    }
    return xml_names_done(&features, "CPU features", &vm->cpu_features, arena, error);
}

static void read_topology(const xmlNode *cpu, struct vm *vm)
{
    const xmlNode *topology = xml_child(cpu, "topology");
    uint64_t sockets, cores, threads, dies = 1;
    xml_attribute_number(topology, "dies", TOPOLOGY_LIMIT, &dies);
    if (!xml_attribute_number(topology, "sockets", TOPOLOGY_LIMIT, &sockets) ||
        !xml_attribute_number(topology, "cores", TOPOLOGY_LIMIT, &cores) ||
        !xml_attribute_number(topology, "threads", TOPOLOGY_LIMIT, &threads) ||
        dies * cores > TOPOLOGY_LIMIT)
        return;
    vm->cpu_sockets = (uint32_t)sockets;
    vm->cpu_cores = (uint32_t)(cores * dies);
    vm->cpu_threads = (uint32_t)threads;
}

static void add_pins(unsigned char *map, const xmlNode *node, struct arena *arena)
{
    struct numbers cpus = {0};
    const char *set = xml_attribute(node, "cpuset", arena);
    if (!set || !xml_number_set(set, &cpus, arena))
        return;
    for (uint32_t i = 0; i < cpus.n; i++) {
        uint32_t cpu = (uint32_t)cpus.item[i];
        map[cpu / 8] |= (unsigned char)(1u << (cpu % 8));
    }
}

/* The CPUs of the host that any part of it is bound to: all of them must be where it goes. */
static void read_pins(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    static const char *const names[] = {"vcpupin", "emulatorpin", "iothreadpin"};
    unsigned char map[PINS_LIMIT / 8] = {0};
    const xmlNode *tune = xml_child(domain, "cputune");
    add_pins(map, xml_child(domain, "vcpu"), arena);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        xml_each(pin, tune, names[i])
            add_pins(map, pin, arena);
    struct text list = TEXT_INIT;
    text_add_ranges(&list, map, PINS_LIMIT);
    if (list.bytes)
        vm->cpu_pins = arena_text(arena, list.bytes);
    free(list.bytes);
}

int domain_cpu_read(const xmlNode *domain, struct vm *vm, struct arena *arena, struct error *error)
{
    const xmlNode *cpu = xml_child(domain, "cpu");
    const char *mode = xml_attribute(cpu, "mode", arena);
    int index = mode ? field_choice(vm_cpu_modes, mode) : 0;
    vm->cpu_mode = index < 0 ? 0 : index;
    bool binding = is_binding(cpu, vm);
    vm->cpu_model = "";
    if (binding && is_whole_model(cpu))
        vm->cpu_model = xml_content(xml_child(cpu, "model"), arena);
    xml_each(timer, xml_child(domain, "clock"), "timer") {
        uint64_t hertz;
        if (xml_attribute_is(timer, "name", "tsc") &&
            xml_attribute_number(timer, "frequency", 1000000000000, &hertz))
            vm->tsc_khz = (double)hertz / 1000;
    }
    read_topology(cpu, vm);
    read_pins(domain, vm, arena);
    return binding ? read_features(cpu, vm, arena, error) : 0;
}
