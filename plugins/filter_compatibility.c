/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `compatibility`: the host's hypervisor is one that the VM can live with. A VM may ask for
 * a level of compatibility (label `compatibility`) that hosts declare (their label of that name, a
 * list), or for a hypervisor of at least some version (label `hypervisor.min`); and a machine type
 * with a version in it, pc-q35-7.2, needs a QEMU that is not older. Mandatory. What a host does
 * not tell is not held against it.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { LEVEL = 1, HYPERVISOR, MACHINE };

static const struct drover_reason reasons[] = {
    {"compatibility.level", "does not support the VM's compatibility level {subject}",
     "with {subject} in its label compatibility"},
    {"compatibility.hypervisor", "its hypervisor is older than the VM asks for: {subject}",
     "with a newer hypervisor"},
    {"compatibility.machine", "its hypervisor is older than the VM's machine type: {subject}",
     "with a newer hypervisor"},
    {NULL, NULL, NULL},
};

/* What the VM asks for; "" where it does not. */
struct wish {
    const char *level;
    const char *hypervisor;
    const char *machine; /* the version at the end of its machine type */
};

static bool is_version(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == '.' && strspn(text, "0123456789.") == strlen(text);
}

/* "pc-q35-7.2": 7.2. Distributions' own numbers (pc-q35-rhel9.2.0) say nothing of QEMU's. */
static const char *machine_version(const char *machine)
{
    const char *dash = strrchr(machine, '-');
    return dash && is_version(dash + 1) ? dash + 1 : "";
}

static const char *label(const struct drover_ask *ask, const char *key)
{
    const char *value = drover_label(&ask->fleet->vms->labels, ask->vm, key);
    return value ? value : "";
}

static struct wish wish_of(const struct drover_ask *ask)
{
    return (struct wish){label(ask, "compatibility"), label(ask, "hypervisor.min"),
                         machine_version(ask->fleet->vms->machine[ask->vm])};
}

/* By numbers, part by part: 7.10 is newer than 7.9, and 7.2 is as good as 7.2.0. */
static bool is_older(const char *one, const char *other)
{
    one += strcspn(one, "0123456789");
    if (!*one || !*other)
        return false;
    while (*one || *other) {
        char *one_end, *other_end;
        unsigned long a = strtoul(one, &one_end, 10), b = strtoul(other, &other_end, 10);
        if (a != b)
            return a < b;
        one = *one_end == '.' ? one_end + 1 : "";
        other = *other_end == '.' ? other_end + 1 : "";
    }
    return false;
}

static bool lacks_level(const struct drover_hosts *hosts, uint32_t host, const struct wish *wish)
{
    const char *levels = *wish->level ? drover_label(&hosts->labels, host, "compatibility") : NULL;
    return levels && !drover_list_has(levels, wish->level, strlen(wish->level));
}

static uint8_t judge_version(const char *version, const struct wish *wish)
{
    if (is_older(version, wish->hypervisor))
        return HYPERVISOR;
    return is_older(version, wish->machine) ? MACHINE : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    struct wish wish = wish_of(ask);
    memset(verdicts, 0, n);
    if (!*wish.level && !*wish.hypervisor && !*wish.machine)
        return 0;
    /* Hosts mostly have the same version, which need not be taken apart for each of them. */
    const char *last = "";
    uint8_t verdict = judge_version(last, &wish);
    for (uint32_t i = 0; i < n; i++) {
        const char *version = ask->fleet->hosts->hypervisor_version[hosts[i]];
        if (version != last && strcmp(version, last) != 0)
            verdict = judge_version(last = version, &wish);
        verdicts[i] = lacks_level(ask->fleet->hosts, hosts[i], &wish) ? LEVEL : verdict;
        if (hosts[i] == ask->from)
            verdicts[i] = 0;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    struct wish wish = wish_of(ask);
    if (verdict == LEVEL)
        snprintf(because->subject, sizeof because->subject, "%s", wish.level);
    else
        snprintf(because->subject, sizeof because->subject, "%s there, %s wanted",
                 ask->fleet->hosts->hypervisor_version[host],
                 verdict == HYPERVISOR ? wish.hypervisor : ask->fleet->vms->machine[ask->vm]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "compatibility",
    .summary = "hosts whose hypervisor supports the VM's level and machine version",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("compatibility", "1.0", &unit)
