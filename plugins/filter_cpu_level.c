/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu_level`: the host's CPU offers what the guest counts on. A guest with a named model
 * needs that model to be usable there, and every feature that it requires. A guest that was given
 * the host's own CPU (host-passthrough, maximum) has seen all of it: a host to which it moves must
 * have the same features, or at least those, as `passthrough_cpu` says. Mandatory.
 */
#include <drover/plugin.h>

#include <stdio.h>

struct self {
    const char *passthrough;
};

enum { FEATURE = 1, MODEL, DIFFERENT };

static const struct drover_reason reasons[] = {
    {"cpu_level.feature", "its CPU lacks what the guest has: {subject}",
     "with a CPU that has {subject}, or once the guest is started anew without"},
    {"cpu_level.model", "guests cannot have the CPU model {subject} there",
     "with a CPU that offers {subject}, or once the guest is started anew with an older model"},
    {"cpu_level.different",
     "its CPU is not the same as the one that the guest was started with: {subject}",
     "with passthrough_cpu: superset in the policy, if its CPU has all that the guest's has"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"passthrough_cpu", DROVER_CHOICE, NULL, 0, 0, "identical", "identical|superset",
     "what the CPU of another host must be for a guest that was given its host's own",
     offsetof(struct self, passthrough)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static bool is_passthrough(const struct drover_vms *vms, uint32_t vm)
{
    const char *mode = vms->cpu_mode[vm];
    return strcmp(mode, "host-passthrough") == 0 || strcmp(mode, "maximum") == 0;
}

static bool has_features(const struct drover_vms *vms, uint32_t vm)
{
    return vms->cpu_features.start[vm + 1] > vms->cpu_features.start[vm];
}

/*
 * The features that the guest was started with are those of its own list; where it has none, they
 * are those of the host on which it runs. `from` is that host then, else DROVER_NONE.
 */
static uint32_t model_host(const struct drover_ask *ask)
{
    bool from_host = ask->from != DROVER_NONE && !has_features(ask->fleet->vms, ask->vm) &&
                     ask->fleet->hosts->cpu_features.known[ask->from];
    return from_host ? ask->from : DROVER_NONE;
}

static uint64_t word_of(const struct drover_sets *sets, uint32_t row, uint32_t w)
{
    return sets->bits[(size_t)row * sets->words + w];
}

/* Is anything of `wanted` not there; or, where the same is asked for, anything there not wanted? */
static uint8_t compare_hosts(const struct drover_sets *sets, uint32_t from, uint32_t host,
                             bool same)
{
    uint64_t lacking = 0, more = 0;
    for (uint32_t w = 0; w < sets->words; w++) {
        lacking |= word_of(sets, from, w) & ~word_of(sets, host, w);
        more |= word_of(sets, host, w) & ~word_of(sets, from, w);
    }
    return lacking ? FEATURE : same && more ? DIFFERENT : 0;
}

/* The same with the guest's own list, which holds what the host had when it was started. */
static bool has_more(const struct drover_ask *ask, uint32_t host)
{
    const struct drover_sets *sets = &ask->fleet->hosts->cpu_features;
    const struct drover_lists *own = &ask->fleet->vms->cpu_features;
    uint32_t n = 0;
    for (uint32_t w = 0; w < sets->words; w++)
        n += (uint32_t)__builtin_popcountll(word_of(sets, host, w));
    return n > own->start[ask->vm + 1] - own->start[ask->vm];
}

/* A guest that is not running yet takes whatever CPU it gets. */
static void judge_passthrough(const struct self *self, const struct drover_ask *ask,
                              const uint32_t *hosts, uint32_t n, uint8_t *verdicts)
{
    const struct drover_hosts *column = ask->fleet->hosts;
    bool same = strcmp(self->passthrough, "identical") == 0;
    uint32_t from = model_host(ask);
    bool listed = from == DROVER_NONE && has_features(ask->fleet->vms, ask->vm);
    if (listed)
        drover_sets_refuse(&column->cpu_features, &ask->fleet->vms->cpu_features, ask->vm, hosts, n,
                           FEATURE, verdicts);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = hosts[i];
        if (verdicts[i] || !column->cpu_features.known[h])
            continue;
        if (from != DROVER_NONE)
            verdicts[i] = compare_hosts(&column->cpu_features, from, h, same);
        else if (listed && same && has_more(ask, h))
            verdicts[i] = DIFFERENT;
        const char *theirs = column->cpu_model[h], *ours = column->cpu_model[ask->from];
        if (!verdicts[i] && same && *theirs && *ours && strcmp(theirs, ours) != 0)
            verdicts[i] = DIFFERENT;
    }
}

static bool lacks_model(const struct drover_sets *models, uint32_t host, uint32_t model)
{
    return models->known[host] && (model == DROVER_NONE || !drover_sets_has(models, host, model));
}

/*
 * Emulators run some models with less than the model says, and call them unusable all the same. A
 * guest that runs with such a one where it is can do so elsewhere.
 */
static void judge_model(const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                        uint8_t *restrict verdicts)
{
    const struct drover_sets *models = &ask->fleet->hosts->cpu_models;
    const char *wanted = ask->fleet->vms->cpu_model[ask->vm];
    uint32_t model = drover_sets_find(models, wanted);
    if (!*wanted || (ask->from != DROVER_NONE && lacks_model(models, ask->from, model)))
        return;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = lacks_model(models, hosts[i], model) ? MODEL : 0;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    const struct drover_vms *vms = ask->fleet->vms;
    memset(verdicts, 0, n);
    if (!is_passthrough(vms, ask->vm)) {
        judge_model(ask, hosts, n, verdicts);
        drover_sets_refuse(&ask->fleet->hosts->cpu_features, &vms->cpu_features, ask->vm, hosts, n,
                           FEATURE, verdicts);
    } else if (ask->from != DROVER_NONE) {
        judge_passthrough(data, ask, hosts, n, verdicts);
    }
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == ask->from ? 0 : verdicts[i];
    return 0;
}

/* What `wanted` has and `host` has not, by name. */
static void name_difference(const struct drover_sets *sets, uint32_t wanted, uint32_t host,
                            char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t s = 0; s < sets->n_symbols && used + 1 < size; s++)
        if (drover_sets_has(sets, wanted, s) && !drover_sets_has(sets, host, s)) {
            int length = snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                  sets->symbol[s]);
            used += length > 0 ? (size_t)length : 0;
        }
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    const struct drover_vms *vms = ask->fleet->vms;
    char *subject = because->subject;
    size_t size = sizeof because->subject;
    if (verdict == MODEL)
        snprintf(subject, size, "%s", vms->cpu_model[ask->vm]);
    else if (verdict == DIFFERENT &&
             strcmp(hosts->cpu_model[host], hosts->cpu_model[ask->from]) != 0)
        snprintf(subject, size, "%s there, %s here", hosts->cpu_model[host],
                 hosts->cpu_model[ask->from]);
    else if (verdict == DIFFERENT && model_host(ask) != DROVER_NONE)
        name_difference(&hosts->cpu_features, host, ask->from, subject, size);
    else if (verdict == DIFFERENT)
        snprintf(subject, size, "it has more features");
    else if (is_passthrough(vms, ask->vm) && model_host(ask) != DROVER_NONE)
        name_difference(&hosts->cpu_features, ask->from, host, subject, size);
    else
        drover_sets_name_lacking(&hosts->cpu_features, &vms->cpu_features, ask->vm, host, subject,
                                 size);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "cpu_level",
    .summary = "hosts whose CPU offers what the guest has",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu_level", "1.0", &unit)
