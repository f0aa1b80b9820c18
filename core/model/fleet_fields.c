/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The field tables of clusters, hosts, VMs and groups: fleet format 1, as data. */
#include "model/fleet.h"

#include "model/blockers.h"
#include "model/policy.h"

const char *const host_state_names[] = {
    "up",         "preparing_for_maintenance", "maintenance", "non_operational",
    "connecting", "non_responsive",            "fencing",     "down",
    NULL,
};
const char *const vm_state_names[] = {"running", "paused", "down", "migrating", NULL};
const char *const migratable_names[] = {"yes", "manual", "no", NULL};
const char *const rule_names[] = {"disabled", "positive", "negative", NULL};
const char *const device_kinds[] = {"pci", "usb", "mdev", "vf", NULL};
const char *const numa_modes[] = {"strict", "interleave", "preferred", NULL};
const char *const vm_cpu_modes[] = {"custom", "host-model", "host-passthrough", "maximum", NULL};
const char *const vm_caches[] = {"none", "unsafe", "writeback", "writethrough", "directsync", NULL};

#define CLUSTER(member) offsetof(struct cluster, member)
const struct field cluster_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = CLUSTER(name), .flags = FIELD_REQUIRED},
    {.key = "policy", .type = FIELD_TEXT_OR_RECORD, .offset = CLUSTER(policy),
     .default_text = "none", .rows = policy_fields, .row_size = sizeof(struct policy)},
    {.key = "shadow", .type = FIELD_TEXT, .offset = CLUSTER(shadow), .flags = FIELD_NULLABLE},
    {.key = "memory_overcommit_pct", .type = FIELD_NUMBER, .offset = CLUSTER(memory_overcommit_pct),
     .default_text = "100", .min = 1, .max = 1000},
    {.key = "threads_as_cores", .type = FIELD_BOOL, .offset = CLUSTER(threads_as_cores),
     .default_text = "true"},
    {0},
};

#define NUMA(member) offsetof(struct numa_node, member)
const struct field numa_node_fields[] = {
    {.key = "id", .type = FIELD_U32, .offset = NUMA(id), .flags = FIELD_REQUIRED, .max = 4095},
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = NUMA(memory_mib), .max = 1e12},
    {.key = "memory_free_mib", .type = FIELD_OPTIONAL, .offset = NUMA(memory_free_mib), .max = 1e12},
    {.key = "cpus", .type = FIELD_TEXT, .offset = NUMA(cpus)},
    {0},
};

#define DEVICE(member) offsetof(struct device, member)
static const struct field device_fields[] = {
    {.key = "kind", .type = FIELD_CHOICE, .offset = DEVICE(kind), .choices = device_kinds,
     .flags = FIELD_REQUIRED},
    {.key = "id", .type = FIELD_TEXT, .offset = DEVICE(id), .flags = FIELD_REQUIRED},
    {.key = "free", .type = FIELD_BOOL, .offset = DEVICE(free), .default_text = "true"},
    {0},
};

#define VNUMA(member) offsetof(struct vnuma_node, member)
static const struct field vnuma_fields[] = {
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = VNUMA(memory_mib), .max = 1e12},
    {.key = "nodes", .type = FIELD_NUMBERS, .offset = VNUMA(nodes), .max = 4095},
    {.key = "mode", .type = FIELD_CHOICE, .offset = VNUMA(mode), .choices = numa_modes},
    {0},
};

#define HOST(member) offsetof(struct host, member)
const struct field host_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = HOST(name), .flags = FIELD_REQUIRED},
    {.key = "cluster", .type = FIELD_NAME, .offset = HOST(cluster), .default_text = "default"},
    {.key = "state", .type = FIELD_CHOICE, .offset = HOST(state), .choices = host_state_names},
    {.key = "state_s", .type = FIELD_AGE, .offset = HOST(state_since), .default_text = "0",
     .max = 1e12},
    {.key = "arch", .type = FIELD_TEXT, .offset = HOST(arch), .default_text = "x86_64"},
    {.key = "threads", .type = FIELD_U32, .offset = HOST(threads), .default_text = "1", .min = 1,
     .max = 65536},
    {.key = "cores", .type = FIELD_U32, .offset = HOST(cores), .max = 65536},
    {.key = "sockets", .type = FIELD_U32, .offset = HOST(sockets), .default_text = "1", .min = 1,
     .max = 1024},
    {.key = "cpu_usage_pct", .type = FIELD_OPTIONAL, .offset = HOST(cpu_usage_pct),
     .default_text = "0", .max = 100},
    {.key = "cpu_over_s", .type = FIELD_AGE, .offset = HOST(cpu_over_since), .max = 1e12},
    {.key = "cpu_model", .type = FIELD_TEXT, .offset = HOST(cpu_model)},
    {.key = "cpu_features", .type = FIELD_TEXTS, .offset = HOST(cpu_features), .default_text = ""},
    {.key = "tsc_khz", .type = FIELD_NUMBER, .offset = HOST(tsc_khz), .max = 1e12},
    {.key = "tsc_scaling", .type = FIELD_BOOL, .offset = HOST(tsc_scaling)},
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = HOST(memory_mib), .default_text = "1024",
     .max = 1e12},
    {.key = "memory_free_mib", .type = FIELD_OPTIONAL, .offset = HOST(memory_free_mib), .max = 1e12},
    {.key = "memory_reserved_mib", .type = FIELD_NUMBER, .offset = HOST(memory_reserved_mib),
     .default_text = "321", .max = 1e12},
    {.key = "memory_committed_mib", .type = FIELD_OPTIONAL, .offset = HOST(memory_committed_mib),
     .max = 1e12},
    {.key = "memory_pending_mib", .type = FIELD_NUMBER, .offset = HOST(memory_pending_mib),
     .max = 1e12},
    {.key = "swap_total_mib", .type = FIELD_NUMBER, .offset = HOST(swap_total_mib), .max = 1e12},
    {.key = "swap_free_mib", .type = FIELD_NUMBER, .offset = HOST(swap_free_mib), .max = 1e12},
    {.key = "hugepages", .type = FIELD_PAIRS, .offset = HOST(hugepages)},
    {.key = "numa", .type = FIELD_ROWS, .offset = HOST(numa), .rows = numa_node_fields,
     .row_size = sizeof(struct numa_node)},
    {.key = "machines", .type = FIELD_TEXTS, .offset = HOST(machines), .default_text = ""},
    {.key = "networks", .type = FIELD_TEXTS, .offset = HOST(networks)},
    {.key = "storage", .type = FIELD_TEXTS, .offset = HOST(storage)},
    {.key = "devices", .type = FIELD_ROWS, .offset = HOST(devices), .rows = device_fields,
     .row_size = sizeof(struct device)},
    {.key = "link_mbps", .type = FIELD_NUMBER, .offset = HOST(link_mbps), .max = 1e9},
    {.key = "hypervisor_version", .type = FIELD_TEXT, .offset = HOST(hypervisor_version)},
    {.key = "os_version", .type = FIELD_TEXT, .offset = HOST(os_version)},
    {.key = "boot_s", .type = FIELD_AGE, .offset = HOST(boot_at), .max = 1e12},
    {.key = "roles", .type = FIELD_TEXTS, .offset = HOST(roles), .default_text = ""},
    {.key = "labels", .type = FIELD_PAIRS, .offset = HOST(labels)},
    {.key = "cpus_online", .type = FIELD_TEXT, .offset = HOST(cpus_online)},
    {.key = "moves_failed", .type = FIELD_U32, .offset = HOST(moves_failed), .max = 1e9},
    {.key = "power_managed", .type = FIELD_BOOL, .offset = HOST(power_managed)},
    {.key = "power_by_policy", .type = FIELD_BOOL, .offset = HOST(power_by_policy)},
    {.key = "uuid", .type = FIELD_TEXT, .offset = HOST(uuid)},
    {.key = "cpu_models", .type = FIELD_TEXTS, .offset = HOST(cpu_models)},
    {.key = "devices_known", .type = FIELD_BOOL, .offset = HOST(devices_known),
     .default_text = "true"},
    {.key = "libvirt_version", .type = FIELD_TEXT, .offset = HOST(libvirt_version)},
    {0},
};

#define VM(member) offsetof(struct vm, member)
const struct field vm_fields[] = {
    {.key = "name", .type = FIELD_TEXT, .offset = VM(name), .flags = FIELD_REQUIRED},
    {.key = "uuid", .type = FIELD_TEXT, .offset = VM(uuid), .flags = FIELD_NULLABLE},
    {.key = "host", .type = FIELD_NAME, .offset = VM(host), .flags = FIELD_NULLABLE},
    {.key = "to", .type = FIELD_NAME, .offset = VM(to), .flags = FIELD_NULLABLE | FIELD_INTERNAL},
    {.key = "state", .type = FIELD_CHOICE, .offset = VM(state), .choices = vm_state_names},
    {.key = "vcpus", .type = FIELD_U32, .offset = VM(vcpus), .default_text = "1", .min = 1,
     .max = 65536},
    {.key = "memory_mib", .type = FIELD_NUMBER, .offset = VM(memory_mib), .default_text = "1024",
     .max = 1e12},
    {.key = "memory_used_mib", .type = FIELD_OPTIONAL, .offset = VM(memory_used_mib), .max = 1e12},
    {.key = "memory_overhead_mib", .type = FIELD_OPTIONAL, .offset = VM(memory_overhead_mib),
     .max = 1e12},
    {.key = "cpu_usage_pct", .type = FIELD_OPTIONAL, .offset = VM(cpu_usage_pct),
     .default_text = "0", .max = 100},
    {.key = "dirty_mib_s", .type = FIELD_OPTIONAL, .offset = VM(dirty_mib_s), .max = 1e9},
    {.key = "dirty_age_s", .type = FIELD_AGE, .offset = VM(dirty_at), .max = 1e12},
    {.key = "hugepages_kib", .type = FIELD_NUMBER, .offset = VM(hugepages_kib), .max = 1e9},
    {.key = "migratable", .type = FIELD_CHOICE, .offset = VM(migratable),
     .choices = migratable_names},
    {.key = "pinned_hosts", .type = FIELD_TEXTS, .offset = VM(pinned_hosts), .default_text = ""},
    {.key = "preferred_hosts", .type = FIELD_TEXTS, .offset = VM(preferred_hosts),
     .default_text = ""},
    {.key = "ha", .type = FIELD_BOOL, .offset = VM(ha)},
    {.key = "priority", .type = FIELD_NUMBER, .offset = VM(priority), .default_text = "1",
     .max = 100},
    {.key = "arch", .type = FIELD_TEXT, .offset = VM(arch), .default_text = "x86_64"},
    {.key = "machine", .type = FIELD_TEXT, .offset = VM(machine)},
    {.key = "cpu_mode", .type = FIELD_CHOICE, .offset = VM(cpu_mode), .choices = vm_cpu_modes},
    {.key = "cpu_model", .type = FIELD_TEXT, .offset = VM(cpu_model)},
    {.key = "cpu_features", .type = FIELD_TEXTS, .offset = VM(cpu_features), .default_text = ""},
    {.key = "tsc_khz", .type = FIELD_NUMBER, .offset = VM(tsc_khz), .max = 1e12},
    {.key = "networks", .type = FIELD_TEXTS, .offset = VM(networks), .default_text = ""},
    {.key = "storage", .type = FIELD_TEXTS, .offset = VM(storage), .default_text = ""},
    {.key = "devices", .type = FIELD_ROWS, .offset = VM(devices), .rows = device_fields,
     .row_size = sizeof(struct device)},
    {.key = "numa", .type = FIELD_ROWS, .offset = VM(numa), .rows = vnuma_fields,
     .row_size = sizeof(struct vnuma_node)},
    {.key = "cache", .type = FIELD_CHOICE, .offset = VM(cache), .choices = vm_caches},
    {.key = "readonly_local_disk", .type = FIELD_BOOL, .offset = VM(readonly_local_disk)},
    {.key = "moved_s", .type = FIELD_AGE, .offset = VM(moved_at), .max = 1e12},
    {.key = "labels", .type = FIELD_PAIRS, .offset = VM(labels)},
    {.key = "cpu_sockets", .type = FIELD_U32, .offset = VM(cpu_sockets), .max = 65536},
    {.key = "cpu_cores", .type = FIELD_U32, .offset = VM(cpu_cores), .max = 65536},
    {.key = "cpu_threads", .type = FIELD_U32, .offset = VM(cpu_threads), .max = 65536},
    {.key = "cpu_pins", .type = FIELD_TEXT, .offset = VM(cpu_pins)},
    {.key = "cpu_dedicated", .type = FIELD_BOOL, .offset = VM(cpu_dedicated)},
    {.key = "blockers", .type = FIELD_TEXTS, .offset = VM(blockers), .default_text = "",
     .choices = blocker_codes},
    {.key = "autostart", .type = FIELD_BOOL, .offset = VM(autostart)},
    {.key = "lost", .type = FIELD_BOOL, .offset = VM(lost)},
    {.key = "postcopy_failed", .type = FIELD_BOOL, .offset = VM(postcopy_failed)},
    {0},
};

#define GROUP(member) offsetof(struct group, member)
const struct field group_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = GROUP(name), .flags = FIELD_REQUIRED},
    {.key = "priority", .type = FIELD_NUMBER, .offset = GROUP(priority), .default_text = "1.0",
     .max = 1e9},
    {.key = "vms", .type = FIELD_TEXTS, .offset = GROUP(vms), .default_text = ""},
    {.key = "vm_labels", .type = FIELD_TEXTS, .offset = GROUP(vm_labels), .default_text = ""},
    {.key = "vm_rule", .type = FIELD_CHOICE, .offset = GROUP(vm_rule), .choices = rule_names},
    {.key = "vm_enforcing", .type = FIELD_BOOL, .offset = GROUP(vm_enforcing)},
    {.key = "hosts", .type = FIELD_TEXTS, .offset = GROUP(hosts), .default_text = ""},
    {.key = "host_labels", .type = FIELD_TEXTS, .offset = GROUP(host_labels), .default_text = ""},
    {.key = "host_rule", .type = FIELD_CHOICE, .offset = GROUP(host_rule), .choices = rule_names},
    {.key = "host_enforcing", .type = FIELD_BOOL, .offset = GROUP(host_enforcing)},
    {0},
};
