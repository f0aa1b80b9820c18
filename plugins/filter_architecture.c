/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `architecture`: the host's CPUs run the VM's instruction set. A 32-bit guest runs on the
 * 64-bit host of its family, ppc64 on either byte order, and what a host only emulates is named by
 * its label `architectures`. Mandatory; where the VM runs already, it evidently runs.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { OTHER = 1 };

static const struct drover_reason reasons[] = {
    {"architecture.other", "its CPUs are not of the VM's architecture: {subject}",
     "on a host of the VM's architecture, or with it in the label architectures of this one"},
    {NULL, NULL, NULL},
};

/* Beside its own, a host of this architecture runs guests of that. */
static const struct {
    const char *host, *guest;
} also[] = {
    {"x86_64", "i686"},   {"x86_64", "i386"},  {"aarch64", "armv7l"}, {"aarch64", "armv6l"},
    {"ppc64le", "ppc64"}, {"ppc64", "ppc64le"}, {"s390x", "s390"},     {"mips64el", "mipsel"},
};

static bool runs(const char *host, const char *guest)
{
    if (!*host || !*guest || strcmp(host, guest) == 0)
        return true;
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (strcmp(also[i].host, host) == 0 && strcmp(also[i].guest, guest) == 0)
            return true;
    return false;
}

static bool emulates(const struct drover_hosts *hosts, uint32_t host, const char *guest)
{
    const char *list = drover_label(&hosts->labels, host, "architectures");
    return list && drover_list_has(list, guest, strlen(guest));
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_hosts *column = ask->fleet->hosts;
    const char *guest = ask->fleet->vms->arch[ask->vm];
    /* Hosts are mostly of one architecture, which is compared once. */
    const char *last = "";
    bool good = true;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = hosts[i];
        if (column->arch[h] != last)
            good = runs(last = column->arch[h], guest);
        verdicts[i] = good || h == ask->from || emulates(column, h, guest) ? 0 : OTHER;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    snprintf(because->subject, sizeof because->subject, "%s there, %s wanted",
             ask->fleet->hosts->arch[host], ask->fleet->vms->arch[ask->vm]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "architecture",
    .summary = "hosts that run the VM's instruction set",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("architecture", "1.0", &unit)
