/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `disk_cache`: a guest whose disks are cached by its host does not move while it runs: the
 * other host might read what the first has not written yet, or hold older data itself. Unless the
 * storage is coherent: then both see the same, and the policy says so by its name.
 */
#include <drover/plugin.h>

#include <stdio.h>

struct self {
    const char *coherent;
};

enum { CACHED = 1 };

static const struct drover_reason reasons[] = {
    {"disk_cache.cached", "the running VM's disks are cached by its host ({subject})",
     "with cache: none for its disks, or its storage in coherent_storage"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"coherent_storage", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "storage that all hosts see alike whatever they cache, by name; *: all of it",
     offsetof(struct self, coherent)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static bool is_coherent(const struct self *self, const struct drover_ask *ask)
{
    const struct drover_lists *storage = &ask->fleet->vms->storage;
    const char *const *name = ask->fleet->hosts->storage.symbol;
    uint32_t first = storage->start[ask->vm], last = storage->start[ask->vm + 1];
    if (drover_list_has(self->coherent, "*", 1))
        return true;
    for (uint32_t i = first; i < last; i++) {
        const char *own = name[storage->item[i]];
        if (!drover_list_has(self->coherent, own, strlen(own)))
            return false;
    }
    return last > first;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    const char *cache = ask->fleet->vms->cache[ask->vm];
    bool cached = strcmp(cache, "none") != 0 && strcmp(cache, "directsync") != 0;
    bool stays = ask->from != DROVER_NONE && cached && !is_coherent(data, ask) &&
                 !drover_is_waived(ask, DROVER_WAIVE_STORAGE); /* copied by the one QEMU to the other */
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = stays && hosts[i] != ask->from ? CACHED : 0;
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)host;
    (void)verdict;
    snprintf(because->subject, sizeof because->subject, "%s", ask->fleet->vms->cache[ask->vm]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "disk_cache",
    .summary = "no live move of a VM whose disks are cached by its host",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("disk_cache", "1.0", &unit)
