/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of blockers: see blockers.h. */
#include "model/blockers.h"

#include "plugin.h"

#include <string.h>

/* In the order of told[]. */
const char *const blocker_codes[] = {
    "virtiofs", "filesystem", "shmem", "vtpm", "transient_disk", "nvme_disk", "vdpa", "scsi_device",
    "invtsc",   "block_job",  NULL,
};

static const struct blocker told[] = {
    {"virtiofs", "a directory of its host is shared with it by virtiofs, whose state QEMU cannot move "
     "before libvirt 11",
     "detach the filesystem for the move, or shut the VM down and move it cold"},
    {"filesystem", "a directory of its host is shared with it (9p): QEMU refuses while it is mounted",
     "unmount it in the guest, or move the VM cold"},
    {"shmem", "it shares memory with others of its host (shmem with role peer)",
     "detach the shmem device, or move the VM cold"},
    {"vtpm", "its TPM's state lies on its host", "keep the state of swtpm on storage that both hosts "
     "see, or move the VM cold"},
    {"transient_disk", "what it writes to a transient disk is nowhere else",
     "detach the disk, or shut the VM down: then it is lost"},
    {"nvme_disk", "an NVMe device of its host is its disk", "move the data to shared storage, or copy "
     "the disk along (--copy-storage) to a file"},
    {"vdpa", "a vDPA device of its host is its network card",
     "detach the card for the move, or use QEMU 8.2 or newer on both hosts"},
    {"scsi_device", "a SCSI device of its host is passed through to it",
     "detach it for the move, or give the VM the disk by its path on both hosts"},
    {"invtsc", "it has an invariant TSC without a frequency", "name the frequency: <timer name='tsc' "
     "frequency='...'/>"},
    {"block_job", "a block job runs on one of its disks: a backup, a copy or a commit",
     "wait until that has ended, or abort it (virsh blockjob DOMAIN DISK --abort)"},
};
#define N_TOLD (sizeof told / sizeof *told)

static bool has_device(const struct vm *vm, int kind)
{
    const struct device *devices = vm->devices.item;
    for (uint32_t i = 0; i < vm->devices.n; i++)
        if (devices[i].kind == kind)
            return true;
    return false;
}

static bool has_pci(const struct vm *vm)
{
    return has_device(vm, DROVER_DEVICE_PCI);
}

static bool has_usb(const struct vm *vm)
{
    return has_device(vm, DROVER_DEVICE_USB);
}

static bool has_mdev(const struct vm *vm)
{
    return has_device(vm, DROVER_DEVICE_MDEV);
}

static bool has_local_medium(const struct vm *vm)
{
    return vm->readonly_local_disk;
}

static bool caches_writes(const struct vm *vm)
{
    static const char *const safe[] = {"none", "directsync", NULL};
    return field_choice(safe, vm_caches[vm->cache]) < 0;
}

static bool is_pinned(const struct vm *vm)
{
    return vm->migratable == DROVER_MIGRATABLE_NO;
}

static bool shows_its_cpu(const struct vm *vm)
{
    return strcmp(vm_cpu_modes[vm->cpu_mode], "host-passthrough") == 0;
}

/* What the record's other fields tell. */
static const struct {
    bool (*holds)(const struct vm *vm);
    struct blocker blocker;
} seen[] = {
    {has_pci, {"pci_device", "a PCI device of its host is passed through to it",
               "detach it for the move, or put a standby NIC before a card (<teaming>)"}},
    {has_usb, {"usb_device", "a USB device of its host is passed through to it: the guest loses it",
               "detach it for the move"}},
    {has_mdev, {"mdev_device", "a mediated device of its host is passed through to it",
                "detach it for the move, or use a driver that migrates on both hosts"}},
    {has_local_medium, {"local_medium", "a read-only disk or CD image lies on its host",
                        "eject it, or put it where both hosts see it"}},
    {caches_writes, {"disk_cache", "a disk writes through its host's cache: libvirt calls the move "
                                   "unsafe unless QEMU can drop that",
                     "set cache='none' for its disks"}},
    {shows_its_cpu, {"cpu_passthrough", "it sees its host's CPU as it is: only the same CPU, microcode "
                                        "and kernel are safe",
                     "use host-model or a named CPU model"}},
    {is_pinned, {"pinned", "it is marked as not to be moved", "set migratable to yes or manual"}},
};
#define N_SEEN (sizeof seen / sizeof *seen)

static bool is_told(const struct vm *vm, const char *code)
{
    for (uint32_t i = 0; i < vm->blockers.n; i++)
        if (strcmp(vm->blockers.item[i], code) == 0)
            return true;
    return false;
}

struct rows blockers_of(const struct vm *vm, struct arena *arena)
{
    struct blocker *found = arena_array(arena, N_TOLD + N_SEEN, sizeof *found);
    uint32_t n = 0;
    for (size_t i = 0; i < N_SEEN; i++)
        if (seen[i].holds(vm))
            found[n++] = seen[i].blocker;
    for (size_t i = 0; i < N_TOLD; i++)
        if (is_told(vm, told[i].code))
            found[n++] = told[i];
    return (struct rows){.item = found, .n = n};
}

#define BLOCKER(member) offsetof(struct blocker, member)
const struct field blocker_fields[] = {
    {.key = "code", .type = FIELD_TEXT, .offset = BLOCKER(code)},
    {.key = "reason", .type = FIELD_TEXT, .offset = BLOCKER(reason)},
    {.key = "remedy", .type = FIELD_TEXT, .offset = BLOCKER(remedy)},
    {0},
};
