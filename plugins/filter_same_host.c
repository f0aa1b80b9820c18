/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `same_host`: no move to the machine on which the VM runs already, under another name. One
 * host listed twice, or one name that resolves to the loopback address of the source, would make
 * libvirt migrate a guest onto itself. RHV's filter Migration, with what drover knows of a machine:
 * its UUID, and its labels `machine` and `address`. Mandatory. The VM's own host is accepted.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <strings.h>

enum { UUID = 1, MACHINE, ADDRESS, NAME, LOOPBACK };

static const struct drover_reason reasons[] = {
    {"same_host.uuid", "it is the machine on which the VM runs: both have the UUID {subject}",
     "as another machine; a UUID of its own goes into libvirtd.conf as host_uuid"},
    {"same_host.machine",
     "it is the machine on which the VM runs: both have the label machine: {subject}", NULL},
    {"same_host.address",
     "it is the machine on which the VM runs: both have the label address: {subject}", NULL},
    {"same_host.name",
     "it is the machine on which the VM runs: {subject} is another spelling of it", NULL},
    {"same_host.loopback", "its address is {subject}: from any host, that is the host itself",
     "with an address that others reach in its label address"},
    {NULL, NULL, NULL},
};

/*
 * Where two texts part, they are different unless that is a letter in two sizes. Names of hosts
 * begin alike and part soon, so the library is hardly ever asked.
 */
static bool equal(const char *one, const char *other)
{
    size_t same = 0;
    if (!*one)
        return false;
    while (one[same] && one[same] == other[same])
        same++;
    return ((one[same] ^ other[same]) & ~0x20) == 0 && strcasecmp(one + same, other + same) == 0;
}

static bool is_loopback(const char *address)
{
    return *address &&
           (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
            strcasecmp(address, "localhost") == 0);
}

/* What is known of the machine on which the VM runs. */
struct machine {
    const char *uuid, *machine, *address, *name;
};

/* Both labels in one walk: this runs for each host of each decision. */
static struct machine machine_of(const struct drover_hosts *hosts, uint32_t host)
{
    const struct drover_labels *labels = &hosts->labels;
    struct machine machine = {hosts->uuid[host], "", "", hosts->name[host]};
    for (uint32_t i = labels->start[host]; i < labels->start[host + 1]; i++) {
        const char *key = labels->key[i];
        if (key[0] == 'm' && strcmp(key, "machine") == 0)
            machine.machine = labels->value[i];
        else if (key[0] == 'a' && strcmp(key, "address") == 0)
            machine.address = labels->value[i];
    }
    return machine;
}

static uint8_t judge(const struct machine *source, const struct machine *other)
{
    if (is_loopback(other->address))
        return LOOPBACK;
    if (equal(source->uuid, other->uuid))
        return UUID;
    if (equal(source->machine, other->machine))
        return MACHINE;
    if (equal(source->address, other->address))
        return ADDRESS;
    return equal(source->name, other->name) ? NAME : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    memset(verdicts, 0, n);
    if (ask->from == DROVER_NONE)
        return 0;
    struct machine source = machine_of(ask->fleet->hosts, ask->from);
    for (uint32_t i = 0; i < n; i++) {
        struct machine other = machine_of(ask->fleet->hosts, hosts[i]);
        verdicts[i] = hosts[i] == ask->from ? 0 : judge(&source, &other);
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)ask;
    struct machine other = machine_of(ask->fleet->hosts, host);
    const char *const subject[] = {
        [UUID] = other.uuid,    [MACHINE] = other.machine,  [ADDRESS] = other.address,
        [NAME] = other.name,    [LOOPBACK] = other.address,
    };
    if (verdict >= UUID && verdict <= LOOPBACK)
        snprintf(because->subject, sizeof because->subject, "%s", subject[verdict]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "same_host",
    .summary = "hosts that are not the VM's own under another name",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("same_host", "1.0", &unit)
