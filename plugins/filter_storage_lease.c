/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `storage_lease`: a VM that holds a lease on a storage (so that it never runs twice) goes
 * to hosts that hold that storage's lockspace. VMs name the lockspaces they need, hosts those they
 * have joined, both in the label `lease`. Mandatory; but in a cluster of which no host has that
 * label nobody keeps account of lockspaces, and libvirt's lock manager has the last word.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { NOT_JOINED = 1 };

static const struct drover_reason reasons[] = {
    {"storage_lease.not_joined", "has not joined lockspace {subject}, where the VM has its lease",
     "once it has joined lockspace {subject}"},
    {NULL, NULL, NULL},
};

static bool is_kept(const struct drover_ask *ask)
{
    const struct drover_hosts *hosts = ask->fleet->hosts;
    for (uint32_t h = 0; h < hosts->n; h++)
        if (hosts->cluster[h] == ask->fleet->vms->cluster[ask->vm] &&
            drover_label(&hosts->labels, h, "lease"))
            return true;
    return false;
}

/* The first lockspace that the host lacks, NULL: none. */
static const char *lacking(const struct drover_hosts *hosts, uint32_t host, const char *wanted,
                           size_t *length)
{
    const char *joined = drover_label(&hosts->labels, host, "lease");
    const char *word = drover_next_word(&wanted, length);
    while (word && joined && drover_list_has(joined, word, *length))
        word = drover_next_word(&wanted, length);
    return word;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const char *wanted = drover_label(&ask->fleet->vms->labels, ask->vm, "lease");
    size_t length;
    memset(verdicts, 0, n);
    if (!wanted || !is_kept(ask))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (hosts[i] != ask->from && lacking(ask->fleet->hosts, hosts[i], wanted, &length))
            verdicts[i] = NOT_JOINED;
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    const char *wanted = drover_label(&ask->fleet->vms->labels, ask->vm, "lease");
    size_t length = 0;
    const char *word = lacking(ask->fleet->hosts, host, wanted ? wanted : "", &length);
    if (word)
        snprintf(because->subject, sizeof because->subject, "%.*s",
                 (int)(length < sizeof because->subject ? length : sizeof because->subject), word);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "storage_lease",
    .summary = "hosts that have joined the lockspaces of the VM's leases",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("storage_lease", "1.0", &unit)
