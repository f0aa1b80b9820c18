/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `isolated_hosts`: hosts that are set apart take those VMs alone that are meant for them,
 * and these go nowhere else. Both have the label `isolated`, with the name of what is set apart: a
 * customer, a licence, a zone. Nova's isolation filters.
 */
#include <drover/plugin.h>

#include <stdio.h>

struct self {
    bool exclusive;
};

enum { ELSEWHERE = 1, RESERVED };

static const struct drover_reason reasons[] = {
    {"isolated_hosts.elsewhere", "the VM goes to hosts that are set apart for {subject} alone",
     "with the label isolated: {subject}"},
    {"isolated_hosts.reserved", "it is set apart for {subject}",
     "with the label isolated of the VM, or isolated_hosts_exclusive: no"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"isolated_hosts_exclusive", DROVER_BOOLEAN, NULL, 0, 0, "yes", NULL,
     "whether hosts that are set apart refuse all other VMs", offsetof(struct self, exclusive)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static const char *label(const struct drover_labels *labels, uint32_t row)
{
    const char *value = drover_label(labels, row, "isolated");
    return value ? value : "";
}

static bool share_a_name(const char *one, const char *other)
{
    size_t length;
    for (const char *word = drover_next_word(&one, &length); word;
         word = drover_next_word(&one, &length))
        if (drover_list_has(other, word, length))
            return true;
    return false;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    const struct self *self = data;
    const char *ours = label(&ask->fleet->vms->labels, ask->vm);
    for (uint32_t i = 0; i < n; i++) {
        const char *theirs = label(&ask->fleet->hosts->labels, hosts[i]);
        bool meant = share_a_name(ours, theirs);
        uint8_t verdict = *ours ? ELSEWHERE : *theirs && self->exclusive ? RESERVED : 0;
        verdicts[i] = meant || hosts[i] == ask->from ? 0 : verdict;
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const char *name = verdict == ELSEWHERE ? label(&ask->fleet->vms->labels, ask->vm)
                                            : label(&ask->fleet->hosts->labels, host);
    snprintf(because->subject, sizeof because->subject, "%.200s", name);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "isolated_hosts",
    .summary = "hosts that are set apart take the VMs that are meant for them",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("isolated_hosts", "1.0", &unit)
