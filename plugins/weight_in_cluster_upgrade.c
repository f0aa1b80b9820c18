/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `in_cluster_upgrade`: while the hosts of a cluster are upgraded one after another, a VM
 * goes to those with a newer major version of the operating system. RHV's InClusterUpgrade: what
 * is compared is the host that the VM runs on; of a VM that starts, the newest of the candidates.
 */
#include <drover/plugin.h>

#include <stdlib.h>
#include <string.h>

#define NEWER 0.0
#define SAME 100000.0
#define OLDER 1000000.0

/* "family major.minor": the family is all that stands before the last word. */
struct os {
    const char *family;
    size_t family_length; /* 0: not known */
    unsigned long major;
};

static struct os os_of(const char *text)
{
    const char *space = strrchr(text, ' ');
    if (!space || space == text || space[1] < '0' || space[1] > '9')
        return (struct os){0};
    return (struct os){text, (size_t)(space - text), strtoul(space + 1, NULL, 10)};
}

static bool same_family(struct os one, struct os other)
{
    return one.family_length == other.family_length &&
           memcmp(one.family, other.family, one.family_length) == 0;
}

/* The newest of the candidates; nothing where none is known, or they are of several families. */
static struct os newest(const char *const *versions, const uint32_t *hosts, uint32_t n)
{
    struct os best = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct os os = os_of(versions[hosts[i]]);
        if (os.family_length == 0)
            continue;
        if (best.family_length > 0 && !same_family(os, best))
            return (struct os){0};
        if (best.family_length == 0 || os.major > best.major)
            best = os;
    }
    return best;
}

static double weight_of(struct os os, struct os reference, bool starts)
{
    if (os.family_length == 0 || !same_family(os, reference) || os.major < reference.major)
        return OLDER;
    return os.major == reference.major && !starts ? SAME : NEWER;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const char *const *versions = ask->fleet->hosts->os_version;
    bool starts = ask->from == DROVER_NONE;
    struct os reference = starts ? newest(versions, hosts, n) : os_of(versions[ask->from]);
    for (uint32_t i = 0; i < n; i++)
        weights[i] = reference.family_length == 0
                         ? NEWER
                         : weight_of(os_of(versions[hosts[i]]), reference, starts);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "in_cluster_upgrade",
    .summary = "hosts with a newer operating system",
    .weigh = weigh,
};

DROVER_PLUGIN("in_cluster_upgrade", "1.0", &unit)
