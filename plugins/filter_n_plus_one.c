/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `n_plus_one`: refuses a host where, with the VM there, the failure of some host could not
 * be absorbed any more: the others would have no room for its highly available VMs. What cannot
 * be absorbed already is held against a host only where it would become worse. A VM whose own host
 * is in trouble or dead goes wherever there is room: then the reserve is what it was kept for.
 *
 * Room is memory, and it is bounded, not packed. Where a host fails whose largest VM has L MiB and
 * all of them D, the others can take them in whatever order they come if
 *
 *     D <= L + sum of max(0, schedulable - L) over the other hosts, and one of them has L free:
 *
 * a VM that did not fit would find each host with less than its own size left. The bound errs to
 * the safe side. Hosts are sorted by their room once for a decision, so that it is cheap in a
 * large fleet, too; only hosts whose failure this VM could make too much are looked at one by one.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { LOST = 1 };

#define EPSILON_MIB 1e-6 /* of sums in another order */

static const struct drover_reason reasons[] = {
    {"n_plus_one.lost",
     "with it here the failure of host {subject} could not be absorbed: its highly available VMs "
     "need {need} MiB, and there would be room for {have}",
     "with {short} MiB more free on the other hosts"},
    {NULL, NULL, NULL},
};

/* A cluster's hosts that take VMs, the one with most room first; sums over the first of them. */
struct room {
    const struct drover_fleet *fleet;
    uint32_t n;
    uint32_t *host;
    double *sum; /* sum[i]: of the first i */
};

/* What comes: one VM, and those that go along with it. */
struct load {
    double all_mib;
    double ha_mib;
    double largest_ha_mib;
    uint32_t from; /* leaves this one, which takes VMs itself; DROVER_NONE */
};

static const double *free_of(const struct drover_fleet *fleet)
{
    return fleet->hosts->memory_schedulable_mib;
}

struct place {
    double free_mib;
    uint32_t host;
};

static int by_free(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    if (one->free_mib != other->free_mib)
        return one->free_mib > other->free_mib ? -1 : 1;
    return (one->host > other->host) - (one->host < other->host);
}

static void room_close(struct room *room)
{
    free(room->host);
    free(room->sum);
}

static int room_open(struct room *room, const struct drover_fleet *fleet, uint32_t cluster)
{
    const struct drover_hosts *hosts = fleet->hosts;
    struct place *places = calloc((size_t)hosts->n + 1, sizeof *places);
    *room = (struct room){.fleet = fleet,
                          .host = calloc((size_t)hosts->n + 1, sizeof *room->host),
                          .sum = calloc((size_t)hosts->n + 1, sizeof *room->sum)};
    if (!places || !room->host || !room->sum) {
        free(places);
        room_close(room);
        return DROVER_FAILED;
    }
    for (uint32_t h = 0; h < hosts->n; h++)
        if (hosts->cluster[h] == cluster && hosts->state[h] == DROVER_HOST_UP)
            places[room->n++] = (struct place){free_of(fleet)[h], h};
    qsort(places, room->n, sizeof *places, by_free);
    for (uint32_t i = 0; i < room->n; i++) {
        room->host[i] = places[i].host;
        room->sum[i + 1] = room->sum[i] + places[i].free_mib;
    }
    free(places);
    return 0;
}

static double above(double free_mib, double largest)
{
    return fmax(0, free_mib - largest);
}

/* The hosts that have more than so much free: the first ones. */
static uint32_t roomy(const struct room *room, double largest)
{
    uint32_t low = 0, high = room->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (free_of(room->fleet)[room->host[middle]] > largest)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool takes_vms(const struct drover_fleet *fleet, uint32_t host)
{
    return host != DROVER_NONE && fleet->hosts->state[host] == DROVER_HOST_UP;
}

/* What is free on a host with the load on `to` (DROVER_NONE: without it anywhere). */
static double free_with(const struct drover_fleet *fleet, const struct load *load, uint32_t host,
                        uint32_t to)
{
    double free_mib = free_of(fleet)[host];
    if (to != DROVER_NONE && host == to)
        return fmax(0, free_mib - load->all_mib);
    if (to != DROVER_NONE && host == load->from)
        return free_mib + load->all_mib;
    return free_mib;
}

/* Whether one host beside the one that dies has that much free: of the roomiest three at most two
 * are not to be counted as they stand. */
static bool some_has(const struct room *room, const struct load *load, uint32_t dies, uint32_t to,
                     double largest)
{
    const uint32_t changed[] = {to, load->from};
    for (uint32_t i = 0; i < room->n && i < 4; i++)
        if (room->host[i] != dies &&
            free_with(room->fleet, load, room->host[i], to) >= largest - EPSILON_MIB)
            return true;
    for (int i = 0; i < 2; i++)
        if (takes_vms(room->fleet, changed[i]) && changed[i] != dies &&
            free_with(room->fleet, load, changed[i], to) >= largest - EPSILON_MIB)
            return true;
    return false;
}

struct absorbed {
    double need_mib;
    double room_mib; /* at least so much of it finds a place */
};

/* The failure of that host, with the load on `to`. */
static struct absorbed absorb(const struct room *room, const struct load *load, uint32_t dies,
                              uint32_t to)
{
    const struct drover_hosts *hosts = room->fleet->hosts;
    bool comes = to != DROVER_NONE && dies == to;
    bool leaves = to != DROVER_NONE && dies == load->from;
    double largest = fmax(hosts->largest_ha_mib[dies], comes ? load->largest_ha_mib : 0);
    double need = hosts->ha_memory_mib[dies] + (comes ? load->ha_mib : 0) -
                  (leaves ? load->ha_mib : 0);
    uint32_t n = roomy(room, largest);
    double sum = room->sum[n] - n * largest;
    const uint32_t counted_otherwise[] = {dies, to, load->from};
    for (int i = 0; i < 3; i++) {
        uint32_t host = counted_otherwise[i];
        if (!takes_vms(room->fleet, host) || (i > 0 && (to == DROVER_NONE || host == dies)))
            continue;
        sum -= above(free_of(room->fleet)[host], largest);
        if (i > 0)
            sum += above(free_with(room->fleet, load, host, to), largest);
    }
    bool fits = need > 0 && some_has(room, load, dies, to, largest);
    return (struct absorbed){need, fits ? fmax(0, sum) + largest : 0};
}

static bool is_lost(const struct absorbed *now)
{
    return now->need_mib > now->room_mib + EPSILON_MIB;
}

/* Not absorbed with the load there, and less so than without it. */
static bool becomes_worse(const struct absorbed *before, const struct absorbed *after)
{
    return is_lost(after) &&
           after->need_mib - after->room_mib >
               fmax(0, before->need_mib - before->room_mib) + EPSILON_MIB;
}

/* Hosts, one of them `to`, whose failure the load could make too much. Returns the first; NONE. */
static uint32_t broken_by(const struct room *room, const struct load *load, uint32_t to,
                          const uint32_t *tight, uint32_t n_tight, struct absorbed *after)
{
    struct absorbed before = absorb(room, load, to, DROVER_NONE);
    *after = absorb(room, load, to, to);
    if (becomes_worse(&before, after))
        return to;
    for (uint32_t i = 0; i < n_tight; i++) {
        before = absorb(room, load, tight[i], DROVER_NONE);
        *after = absorb(room, load, tight[i], to);
        if (tight[i] != to && becomes_worse(&before, after))
            return tight[i];
    }
    return DROVER_NONE;
}

/* Hosts whose failure could not be absorbed if the others had as much less as the load takes. */
static uint32_t find_tight(const struct room *room, const struct load *load, uint32_t cluster,
                           uint32_t *tight)
{
    const struct drover_hosts *hosts = room->fleet->hosts;
    uint32_t n = 0;
    for (uint32_t h = 0; h < hosts->n; h++) {
        if (hosts->cluster[h] != cluster || !(hosts->ha_memory_mib[h] > 0))
            continue;
        struct absorbed now = absorb(room, load, h, DROVER_NONE);
        double widest = room->n > 0 ? free_of(room->fleet)[room->host[0]] : 0;
        bool second = room->n > 1 && free_of(room->fleet)[room->host[1]] >=
                                         hosts->largest_ha_mib[h] + load->all_mib;
        if (now.room_mib - now.need_mib < load->all_mib || !second ||
            widest < hosts->largest_ha_mib[h] + load->all_mib)
            tight[n++] = h;
    }
    return n;
}

static void add(struct load *load, const struct drover_vms *vms, uint32_t vm)
{
    double mib = vms->memory_mib[vm] + vms->memory_overhead_mib[vm];
    load->all_mib += mib;
    if (!vms->ha[vm])
        return;
    load->ha_mib += mib;
    load->largest_ha_mib = fmax(load->largest_ha_mib, mib);
}

static struct load load_of(const struct drover_ask *ask)
{
    struct load load = {.from = ask->from};
    add(&load, ask->fleet->vms, ask->vm);
    if (ask->size >= offsetof(struct drover_ask, n_with) + sizeof ask->n_with)
        for (uint32_t i = 0; i < ask->n_with; i++)
            add(&load, ask->fleet->vms, ask->with[i]);
    return load;
}

/* Where it runs, or is booked already, nothing changes. */
static bool is_there(const struct drover_ask *ask, uint32_t host)
{
    return host == ask->from || host == ask->fleet->vms->to[ask->vm];
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    memset(verdicts, 0, n);
    if (ask->purpose == DROVER_TO_EVACUATE || n == 0)
        return 0;
    uint32_t cluster = ask->fleet->hosts->cluster[hosts[0]];
    struct load load = load_of(ask);
    struct absorbed lost;
    struct room room;
    if (room_open(&room, ask->fleet, cluster) != 0)
        return DROVER_FAILED;
    uint32_t *tight = calloc((size_t)ask->fleet->hosts->n + 1, sizeof *tight);
    uint32_t n_tight = tight ? find_tight(&room, &load, cluster, tight) : 0;
    for (uint32_t i = 0; tight && i < n; i++)
        if (!is_there(ask, hosts[i]) &&
            broken_by(&room, &load, hosts[i], tight, n_tight, &lost) != DROVER_NONE)
            verdicts[i] = LOST;
    bool failed = !tight;
    free(tight);
    room_close(&room);
    return failed ? DROVER_FAILED : 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    uint32_t cluster = ask->fleet->hosts->cluster[host];
    struct load load = load_of(ask);
    struct absorbed absorbed = {0};
    struct room room;
    if (room_open(&room, ask->fleet, cluster) != 0)
        return DROVER_FAILED;
    uint32_t *tight = calloc((size_t)ask->fleet->hosts->n + 1, sizeof *tight);
    uint32_t dies = DROVER_NONE;
    if (tight)
        dies = broken_by(&room, &load, host, tight, find_tight(&room, &load, cluster, tight),
                         &absorbed);
    free(tight);
    room_close(&room);
    if (dies == DROVER_NONE)
        return DROVER_FAILED;
    because->need = absorbed.need_mib;
    because->have = absorbed.room_mib;
    snprintf(because->subject, sizeof because->subject, "%s", ask->fleet->hosts->name[dies]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "n_plus_one",
    .summary = "hosts with which the failure of any one host could still be absorbed",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("n_plus_one", "1.0", &unit)
