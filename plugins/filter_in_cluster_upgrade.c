/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `in_cluster_upgrade`: while a cluster is upgraded host by host, VMs never go back to an
 * operating system of an older major version than the one they run on, nor to another family.
 * RHV's InClusterUpgrade. A VM that does not run, or whose host tells no version, goes anywhere.
 */
#include <drover/plugin.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNKNOWN = 1, FAMILY, OLDER };

static const struct drover_reason reasons[] = {
    {"in_cluster_upgrade.unknown", "the version of its operating system is not known: {subject}",
     "once its os_version is \"family major.minor\""},
    {"in_cluster_upgrade.family", "its operating system is of another family: {subject}", NULL},
    {"in_cluster_upgrade.older",
     "its operating system is older than that of the VM's host: {subject}",
     "once it has been upgraded"},
    {NULL, NULL, NULL},
};

struct version {
    const char *family;
    size_t length; /* 0: no version */
    unsigned long major;
};

/* "Debian 12.4": the family is all before the last word, the major what stands before its dot. */
static struct version parse(const char *text)
{
    const char *space = strrchr(text, ' ');
    if (!space || space == text || !isdigit((unsigned char)space[1]))
        return (struct version){"", 0, 0};
    return (struct version){text, (size_t)(space - text), strtoul(space + 1, NULL, 10)};
}

static uint8_t judge(const struct version *ours, const struct version *theirs)
{
    if (theirs->length == 0)
        return UNKNOWN;
    if (ours->length != theirs->length || memcmp(ours->family, theirs->family, ours->length) != 0)
        return FAMILY;
    return theirs->major < ours->major ? OLDER : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const char *const *os = ask->fleet->hosts->os_version;
    memset(verdicts, 0, n);
    if (ask->from == DROVER_NONE)
        return 0;
    struct version ours = parse(os[ask->from]);
    for (uint32_t i = 0; ours.length > 0 && i < n; i++) {
        struct version theirs = parse(os[hosts[i]]);
        verdicts[i] = judge(&ours, &theirs);
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const char *const *os = ask->fleet->hosts->os_version;
    if (verdict == UNKNOWN)
        snprintf(because->subject, sizeof because->subject, "\"%s\"", os[host]);
    else
        snprintf(because->subject, sizeof because->subject, "%s there, %s here", os[host],
                 os[ask->from]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "in_cluster_upgrade",
    .summary = "hosts whose operating system is not older than that of the VM's host",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("in_cluster_upgrade", "1.0", &unit)
