/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu_pinning`: the CPUs that the VM is pinned to are there, online, and not another VM's
 * own; and a VM that wants CPUs to itself finds as many that nobody has. VMs on their way to a host
 * count as being there. RHV's rule; mandatory.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { OFFLINE = 1, TAKEN, SHORT };

static const struct drover_reason reasons[] = {
    {"cpu_pinning.offline", "the VM is pinned to CPUs that are not online there: {subject}",
     "with CPUs {subject} online, or another pinning of the VM"},
    {"cpu_pinning.taken", "the VM is pinned to CPUs that another VM has for itself: {subject}",
     "with CPUs {subject} free, or another pinning of the VM"},
    {"cpu_pinning.short",
     "the VM wants {need} CPUs for itself, {have} are nobody's own; {short} short",
     "with {short} CPUs more that are nobody's own"},
    {NULL, NULL, NULL},
};

#define CPUS_MAX 65536u

/* A set of CPUs, by number. */
struct cpus {
    uint64_t bits[CPUS_MAX / 64];
    uint32_t end; /* behind the last that is in it */
};

static bool has(const struct cpus *cpus, uint32_t cpu)
{
    return cpu < cpus->end && cpus->bits[cpu / 64] >> (cpu % 64) & 1;
}

static void clear(struct cpus *cpus)
{
    memset(cpus->bits, 0, (cpus->end + 63) / 64 * sizeof *cpus->bits);
    cpus->end = 0;
}

static void add_range(struct cpus *cpus, unsigned long first, unsigned long last)
{
    for (unsigned long cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++) {
        cpus->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
        cpus->end = cpus->end > cpu ? cpus->end : (uint32_t)cpu + 1;
    }
}

/* Add "0-3,8"; what is no such list counts up to where it is one. */
static void add_list(struct cpus *cpus, const char *list)
{
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        add_range(cpus, first, last);
        if (*end != ',')
            return;
        list = end + 1;
    }
}

static void online_of(const struct drover_hosts *hosts, uint32_t host, struct cpus *cpus)
{
    if (*hosts->cpus_online[host])
        add_list(cpus, hosts->cpus_online[host]);
    else if (hosts->threads[host] > 0)
        add_range(cpus, 0, hosts->threads[host] - 1ul);
}

static bool owns_cpus(const struct drover_vms *vms, uint32_t vm)
{
    return vms->cpu_dedicated[vm] && *vms->cpu_pins[vm] && vms->state[vm] != DROVER_VM_DOWN;
}

/* VMs that have CPUs of their own and are on their way to somewhere: few, so looked for once. */
struct coming {
    uint32_t *vm;
    uint32_t n;
};

static int find_coming(const struct drover_vms *vms, struct coming *coming)
{
    for (int pass = 0; pass < 2; pass++) {
        coming->n = 0;
        for (uint32_t v = 0; v < vms->n; v++)
            if (vms->to[v] != DROVER_NONE && vms->cpu_dedicated[v] && *vms->cpu_pins[v]) {
                if (pass == 1)
                    coming->vm[coming->n] = v;
                coming->n++;
            }
        if (pass == 0 && !(coming->vm = calloc(coming->n + 1, sizeof *coming->vm)))
            return -1;
    }
    return 0;
}

/* CPUs that other VMs on the host, or on their way there, have for themselves. */
static void taken_of(const struct drover_ask *ask, uint32_t host, const struct coming *coming,
                     struct cpus *cpus)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const struct drover_lists *there = &ask->fleet->hosts->vms;
    for (uint32_t i = there->start[host]; i < there->start[host + 1]; i++)
        if (there->item[i] != ask->vm && owns_cpus(vms, there->item[i]))
            add_list(cpus, vms->cpu_pins[there->item[i]]);
    for (uint32_t i = 0; i < coming->n; i++)
        if (coming->vm[i] != ask->vm && vms->to[coming->vm[i]] == host)
            add_list(cpus, vms->cpu_pins[coming->vm[i]]);
}

/* The VM's own share is counted where it is, and where it is expected. */
static double left_for_itself(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    bool counted = (host == ask->from || host == vms->to[ask->vm]) && vms->cpu_dedicated[ask->vm];
    double own = counted ? vms->vcpus[ask->vm] : 0;
    return ask->fleet->hosts->threads[host] - ask->fleet->hosts->cpus_dedicated[host] + own;
}

struct look {
    struct cpus pins, online, taken;
    struct coming coming;
};

static bool outside(const struct cpus *pins, const struct cpus *online)
{
    for (uint32_t w = 0; w < (pins->end + 63) / 64; w++)
        if (pins->bits[w] & ~online->bits[w])
            return true;
    return false;
}

static bool overlap(const struct cpus *one, const struct cpus *other)
{
    for (uint32_t w = 0; w < (one->end + 63) / 64; w++)
        if (one->bits[w] & other->bits[w])
            return true;
    return false;
}

static uint8_t judge(const struct drover_ask *ask, struct look *look, uint32_t host)
{
    const struct drover_vms *vms = ask->fleet->vms;
    clear(&look->online);
    clear(&look->taken);
    online_of(ask->fleet->hosts, host, &look->online);
    if (outside(&look->pins, &look->online))
        return OFFLINE;
    taken_of(ask, host, &look->coming, &look->taken);
    if (overlap(&look->pins, &look->taken))
        return TAKEN;
    bool small = vms->cpu_dedicated[ask->vm] && vms->vcpus[ask->vm] > left_for_itself(ask, host);
    return small ? SHORT : 0;
}

static struct look *look_new(const struct drover_ask *ask)
{
    struct look *look = calloc(1, sizeof *look);
    if (!look)
        return NULL;
    if (find_coming(ask->fleet->vms, &look->coming) < 0) {
        free(look);
        return NULL;
    }
    add_list(&look->pins, ask->fleet->vms->cpu_pins[ask->vm]);
    return look;
}

static void look_free(struct look *look)
{
    free(look->coming.vm);
    free(look);
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    memset(verdicts, 0, n);
    if (!*vms->cpu_pins[ask->vm] && !vms->cpu_dedicated[ask->vm])
        return 0;
    struct look *look = look_new(ask);
    if (!look)
        return DROVER_FAILED;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == ask->from ? 0 : judge(ask, look, hosts[i]);
    look_free(look);
    return 0;
}

/* "2-3,7": those of `pins` that are (or are not) in `others`. */
static void name_cpus(const struct cpus *pins, const struct cpus *others, bool in, char *text,
                      size_t size)
{
    size_t used = 0;
    for (uint32_t cpu = 0; cpu < pins->end && used + 1 < size; cpu++) {
        uint32_t first = cpu;
        while (cpu < pins->end && has(pins, cpu) && has(others, cpu) == in)
            cpu++;
        if (cpu == first)
            continue;
        int length = snprintf(text + used, size - used, "%s%u", used ? "," : "", first);
        if (cpu - first > 1 && length > 0 && used + (size_t)length < size)
            length += snprintf(text + used + length, size - used - (size_t)length, "-%u", cpu - 1);
        used += length > 0 ? (size_t)length : 0;
    }
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    struct look *look = look_new(ask);
    if (!look)
        return DROVER_FAILED;
    because->need = ask->fleet->vms->vcpus[ask->vm];
    because->have = fmax(0, left_for_itself(ask, host));
    online_of(ask->fleet->hosts, host, &look->online);
    taken_of(ask, host, &look->coming, &look->taken);
    if (verdict != SHORT)
        name_cpus(&look->pins, verdict == OFFLINE ? &look->online : &look->taken, verdict == TAKEN,
                  because->subject, sizeof because->subject);
    look_free(look);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "cpu_pinning",
    .summary = "hosts where the VM's CPUs are online and nobody else's",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu_pinning", "1.0", &unit)
