/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Features of a migration that not every libvirt and QEMU has, or that do not go together. What a
 * side cannot do is left out and told, never failed; a version that is not known stands in nobody's
 * way, since libvirt says no by itself. Encryption is not among them: a move that was to be
 * encrypted does not go in the clear.
 *
 * Versions are those of libvirt's and QEMU's own release notes.
 */
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

#define VERSION(major, minor) ((major)*1000000u + (minor)*1000u)

struct feature {
    const char *code; /* of the notice */
    const char *name;
    unsigned libvirt, qemu; /* needed on both sides */
    bool (*wanted)(const struct how *how);
    const char *(*conflict)(const struct how *how); /* why not beside the others; NULL: fits */
    const char *(*barred)(const struct how_ask *ask); /* why not with this VM now; NULL: it may */
    void (*leave)(struct how *how);
};

static bool is_parallel(const struct how *how)
{
    return how->connections > 1;
}

static void leave_parallel(struct how *how)
{
    how->connections = 0;
}

static bool wants_zerocopy(const struct how *how)
{
    return how->zerocopy;
}

static const char *against_zerocopy(const struct how *how)
{
    return how->tls            ? "what is encrypted has to be copied"
           : !is_parallel(how) ? "it needs several connections"
                               : NULL;
}

static void leave_zerocopy(struct how *how)
{
    how->zerocopy = false;
}

static bool wants_xbzrle(const struct how *how)
{
    return how->compress && how->compression == DROVER_COMPRESSION_XBZRLE;
}

static const char *against_xbzrle(const struct how *how)
{
    return is_parallel(how) ? "xbzrle works over one connection only" : NULL;
}

static bool wants_stream(const struct how *how)
{
    return how->compress && how->compression != DROVER_COMPRESSION_XBZRLE;
}

static const char *against_stream(const struct how *how)
{
    return !is_parallel(how) ? "zlib and zstd need several connections"
           : how->zerocopy   ? "what is compressed has to be copied"
                             : NULL;
}

static void leave_compression(struct how *how)
{
    how->compress = false;
    how->compression = 0;
    how->compression_level = 0;
}

static bool wants_postcopy(const struct how *how)
{
    return how->postcopy;
}

static const char *against_postcopy(const struct how *how)
{
    return is_parallel(how) ? "it works over one connection only" : NULL;
}

/* Pages of a guest that stands still are not fetched; a host in trouble would take it along. */
static const char *bars_postcopy(const struct how_ask *ask)
{
    const struct drover_vms *vms = &ask->columns->vms;
    return vms->hugepages_kib[ask->vm] > 0                  ? "its memory is in huge pages"
           : vms->state[ask->vm] == DROVER_VM_PAUSED        ? "it is paused"
           : ask->purpose == DROVER_TO_EVACUATE             ? "its host is in trouble"
                                                            : NULL;
}

/* With the steps of the schedule that would have switched. */
static void leave_postcopy(struct how *how)
{
    struct stall *stalls = how->stalls.item;
    uint32_t left = 0;
    for (uint32_t i = 0; i < how->stalls.n; i++)
        if (stalls[i].action != DROVER_STALL_POSTCOPY)
            stalls[left++] = stalls[i];
    how->stalls.n = left;
    how->postcopy = false;
    how->postcopy_bandwidth_mib_s = 0;
}

static bool wants_postcopy_bandwidth(const struct how *how)
{
    return how->postcopy_bandwidth_mib_s > 0;
}

static void leave_postcopy_bandwidth(struct how *how)
{
    how->postcopy_bandwidth_mib_s = 0;
}

static bool wants_converge_steps(const struct how *how)
{
    return how->auto_converge_initial_pct > 0 || how->auto_converge_increment_pct > 0;
}

static void leave_converge_steps(struct how *how)
{
    how->auto_converge_initial_pct = how->auto_converge_increment_pct = 0;
}

/* In this order: whether there are several connections decides about the others. */
static const struct feature features[] = {
    {"migration.without_parallel", "several connections", VERSION(5, 2), VERSION(4, 0),
     is_parallel, NULL, NULL, leave_parallel},
    {"migration.without_zero_copy", "zero-copy", VERSION(8, 5), VERSION(7, 1), wants_zerocopy,
     against_zerocopy, NULL, leave_zerocopy},
    {"migration.without_compression", "compression", VERSION(1, 3), VERSION(1, 2), wants_xbzrle,
     against_xbzrle, NULL, leave_compression},
    {"migration.without_compression", "compression", VERSION(9, 4), VERSION(5, 0), wants_stream,
     against_stream, NULL, leave_compression},
    {"migration.without_postcopy", "post-copy", VERSION(1, 3), VERSION(2, 6), wants_postcopy,
     against_postcopy, bars_postcopy, leave_postcopy},
    {"migration.without_postcopy_bandwidth", "a limit of post-copy's speed", VERSION(5, 1),
     VERSION(3, 0), wants_postcopy_bandwidth, NULL, NULL, leave_postcopy_bandwidth},
    {"migration.without_converge_steps", "auto-converge's own steps", VERSION(2, 0),
     VERSION(2, 6), wants_converge_steps, NULL, NULL, leave_converge_steps},
};

/* "7.2.19" in numbers that compare; 0: not known. */
static unsigned version_of(const char *text)
{
    unsigned version = 0, factor = 1000000;
    for (const char *at = text ? text : ""; *at >= '0' && *at <= '9' && factor > 0;
         factor /= 1000) {
        char *end;
        unsigned long part = strtoul(at, &end, 10);
        version += (unsigned)(part < 999 ? part : 999) * factor;
        at = *end == '.' ? end + 1 : "";
    }
    return version;
}

/* Whose version is too old; NULL: nobody's. */
static const char *too_old(const struct how_ask *ask, const struct feature *feature)
{
    uint32_t sides[] = {ask->columns->vms.host[ask->vm], ask->to};
    for (int i = 0; i < 2; i++) {
        if (sides[i] == DROVER_NONE)
            continue;
        const struct host *host = ask->columns->host_record[sides[i]];
        const struct {
            const char *what, *has;
            unsigned needed;
        } parts[] = {
            {"libvirt", host->libvirt_version, feature->libvirt},
            {"QEMU", host->hypervisor_version, feature->qemu},
        };
        for (int j = 0; j < 2; j++) {
            unsigned has = version_of(parts[j].has);
            if (has > 0 && has < parts[j].needed)
                return arena_printf(ask->arena, "host %s has %s %s, and %u.%u is needed",
                                    host->name, parts[j].what, parts[j].has,
                                    parts[j].needed / 1000000, parts[j].needed / 1000 % 1000);
        }
    }
    return NULL;
}

void left_out_add(struct rows *left_out, struct arena *arena, const char *code, const char *text)
{
    uint32_t n = left_out->n;
    struct left_out *out = arena_array(arena, n + 1, sizeof *out);
    if (n > 0)
        memcpy(out, left_out->item, n * sizeof *out);
    out[n] = (struct left_out){.code = code, .text = text};
    *left_out = (struct rows){.item = out, .n = n + 1};
}

void how_leave_out(const struct how_ask *ask, struct how_answer *answer, const char *code,
                   const char *text)
{
    left_out_add(&answer->left_out, ask->arena, code, text);
}

void features_leave_out(const struct how_ask *ask, struct how_answer *answer)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const struct feature *feature = &features[i];
        if (!feature->wanted(&answer->how))
            continue;
        const char *why = too_old(ask, feature);
        if (!why && feature->conflict)
            why = feature->conflict(&answer->how);
        if (!why && feature->barred)
            why = feature->barred(ask);
        if (!why)
            continue;
        feature->leave(&answer->how);
        how_leave_out(ask, answer, feature->code,
                      arena_printf(ask->arena, "%s: %s", feature->name, why));
    }
}
