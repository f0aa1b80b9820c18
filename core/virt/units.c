/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units, flags and parameters of libvirt: see units.h. Pure. */
#include "virt/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MIB (1024.0 * 1024.0)

static double value_of(const virTypedParameter *parameter)
{
    switch (parameter->type) {
    case VIR_TYPED_PARAM_INT:
        return parameter->value.i;
    case VIR_TYPED_PARAM_UINT:
        return parameter->value.ui;
    case VIR_TYPED_PARAM_LLONG:
        return (double)parameter->value.l;
    case VIR_TYPED_PARAM_ULLONG:
        return (double)parameter->value.ul;
    case VIR_TYPED_PARAM_DOUBLE:
        return parameter->value.d;
    case VIR_TYPED_PARAM_BOOLEAN:
        return parameter->value.b ? 1 : 0;
    }
    return NAN;
}

double units_number(const virTypedParameter *parameters, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(parameters[i].field, name) == 0)
            return value_of(&parameters[i]);
    }
    return NAN;
}

static double number_or_0(virTypedParameterPtr parameters, int n, const char *name)
{
    double value = units_number(parameters, n, name);
    return isnan(value) ? 0 : value;
}

void units_progress(virTypedParameterPtr parameters, int n, struct progress *progress)
{
    const struct {
        const char *name;
        double *place;
        double divisor;
    } figures[] = {
        {VIR_DOMAIN_JOB_MEMORY_TOTAL, &progress->memory_total_mib, MIB},
        {VIR_DOMAIN_JOB_MEMORY_PROCESSED, &progress->memory_processed_mib, MIB},
        {VIR_DOMAIN_JOB_MEMORY_REMAINING, &progress->memory_remaining_mib, MIB},
        {VIR_DOMAIN_JOB_MEMORY_BPS, &progress->throughput_mib_s, MIB},
        {VIR_DOMAIN_JOB_DISK_TOTAL, &progress->disk_total_mib, MIB},
        {VIR_DOMAIN_JOB_DISK_PROCESSED, &progress->disk_processed_mib, MIB},
        {VIR_DOMAIN_JOB_DISK_REMAINING, &progress->disk_remaining_mib, MIB},
        {VIR_DOMAIN_JOB_DISK_BPS, &progress->disk_mib_s, MIB},
        {VIR_DOMAIN_JOB_TIME_ELAPSED, &progress->elapsed_s, 1000},
    };
    *progress = (struct progress){0};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        *figures[i].place = number_or_0(parameters, n, figures[i].name) / figures[i].divisor;
    /* The one figure in pages. QEMU says their size since 2.10; before it was always 4 KiB. */
    double page_bytes = number_or_0(parameters, n, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE);
    progress->dirty_mib_s = number_or_0(parameters, n, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE) *
                            (page_bytes > 0 ? page_bytes : 4096) / MIB;
    progress->downtime_ms = units_number(parameters, n, VIR_DOMAIN_JOB_DOWNTIME);
    progress->iteration =
        (uint32_t)number_or_0(parameters, n, VIR_DOMAIN_JOB_MEMORY_ITERATION);
    progress->throttle_pct =
        (uint32_t)number_or_0(parameters, n, VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE);
}

/*
 * By the guest's own account where its balloon driver reports one; else what QEMU occupies on
 * the host, which is at least what it cost there.
 */
double units_memory_used_mib(virTypedParameterPtr parameters, int n)
{
    double available = units_number(parameters, n, "balloon.available");
    double usable = units_number(parameters, n, "balloon.usable");
    if (isnan(usable))
        usable = units_number(parameters, n, "balloon.unused");
    if (!isnan(available) && !isnan(usable) && available >= usable)
        return (available - usable) / 1024;
    double resident = units_number(parameters, n, "balloon.rss");
    return isnan(resident) ? -1 : resident / 1024;
}

double units_load_pct(double busy_s, double passed_s, double cpus)
{
    if (!(passed_s > 0) || !(cpus > 0) || !(busy_s >= 0))
        return -1;
    double load = 100 * busy_s / (passed_s * cpus);
    return load > 100 ? 100 : load;
}

/* QEMU's page cache (xbzrle) works with one connection only, the others with several. */
static bool is_streamed(const struct how *how)
{
    return how->compression != DROVER_COMPRESSION_XBZRLE;
}

unsigned units_migrate_flags(const struct how *how, bool persistent)
{
    bool parallel = how->connections > 1;
    const struct {
        bool wanted;
        unsigned flag;
    } flags[] = {
        {true, VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_ABORT_ON_ERROR},
        /* Both or neither: else its definition stays behind, and could be started there. */
        {persistent, VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE},
        {how->auto_converge, VIR_MIGRATE_AUTO_CONVERGE},
        {how->postcopy, VIR_MIGRATE_POSTCOPY},
        {how->compress && parallel == is_streamed(how), VIR_MIGRATE_COMPRESSED},
        {how->tls, VIR_MIGRATE_TLS},
        {how->tunnelled, VIR_MIGRATE_TUNNELLED},
        {how->copy_storage == COPY_STORAGE_FULL, VIR_MIGRATE_NON_SHARED_DISK},
        {how->copy_storage == COPY_STORAGE_INCREMENTAL, VIR_MIGRATE_NON_SHARED_INC},
        {parallel, VIR_MIGRATE_PARALLEL},
        /* ... and sending without copying with several. */
        {how->zerocopy && parallel, VIR_MIGRATE_ZEROCOPY},
    };
    unsigned all = 0;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        all |= flags[i].wanted ? flags[i].flag : 0;
    return all;
}

/* An IPv6 address stands in brackets in a URI. */
static void migration_uri(const char *address, char *uri, size_t size)
{
    bool bare_ipv6 = strchr(address, ':') && address[0] != '[';
    snprintf(uri, size, bare_ipv6 ? "tcp://[%s]" : "tcp://%s", address);
}

struct parameters {
    virTypedParameterPtr item;
    int n, room, status;
};

static void add_text(struct parameters *parameters, const char *name, const char *value)
{
    if (value && *value)
        parameters->status |= virTypedParamsAddString(&parameters->item, &parameters->n,
                                                      &parameters->room, name, value);
}

/* libvirt takes whole ones; a limit is never rounded to none. */
static void add_speed(struct parameters *parameters, const char *name, double mib_s)
{
    if (mib_s > 0)
        parameters->status |=
            virTypedParamsAddULLong(&parameters->item, &parameters->n, &parameters->room, name,
                                    (unsigned long long)ceil(mib_s));
}

static void add_count(struct parameters *parameters, const char *name, uint32_t count)
{
    if (count > 0)
        parameters->status |= virTypedParamsAddInt(&parameters->item, &parameters->n,
                                                   &parameters->room, name, (int)count);
}

/* Texts of libvirt 9.4 and later, which knows them; features.c sees to it that both sides are. */
#define ZLIB_LEVEL "compression.zlib.level"
#define ZSTD_LEVEL "compression.zstd.level"
#define ZLIB_LEVEL_MAX 9

static void add_compression(struct parameters *parameters, const struct how *how)
{
    bool zlib = how->compression == DROVER_COMPRESSION_ZLIB;
    uint32_t level = how->compression_level;
    if (!how->compress || (how->connections > 1) != is_streamed(how))
        return;
    add_text(parameters, VIR_MIGRATE_PARAM_COMPRESSION, compression_names[how->compression]);
    if (is_streamed(how))
        add_count(parameters, zlib ? ZLIB_LEVEL : ZSTD_LEVEL,
                  zlib && level > ZLIB_LEVEL_MAX ? ZLIB_LEVEL_MAX : level);
}

int units_migrate_parameters(const struct how *how, virTypedParameterPtr *parameters, int *n)
{
    struct parameters all = {0};
    char uri[300];
    if (how->migration_address && *how->migration_address) {
        migration_uri(how->migration_address, uri, sizeof uri);
        add_text(&all, VIR_MIGRATE_PARAM_URI, uri);
    }
    add_speed(&all, VIR_MIGRATE_PARAM_BANDWIDTH, how->bandwidth_mib_s);
    if (how->postcopy)
        add_speed(&all, VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY, how->postcopy_bandwidth_mib_s);
    if (how->connections > 1)
        add_count(&all, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, how->connections);
    add_compression(&all, how);
    if (how->auto_converge) {
        add_count(&all, VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL, how->auto_converge_initial_pct);
        add_count(&all, VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT,
                  how->auto_converge_increment_pct);
    }
    if (how->tls)
        add_text(&all, VIR_MIGRATE_PARAM_TLS_DESTINATION, how->tls_destination);
    *parameters = all.item;
    *n = all.n;
    return all.status;
}

/* libvirt's words (it connects), and QEMU's (which does where there are several connections). */
bool units_is_out_of_reach(const char *message, const char *address)
{
    static const char *const words[] = {"unable to connect to server at", "ailed to connect to",
                                        "nable to connect to"};
    if (!message || !address || !*address || !strstr(message, address))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(message, words[i]))
            return true;
    }
    return false;
}

/* libvirt's words where it may not raise the limit that pages which are sent as they are count to. */
bool units_is_unlockable(const char *message)
{
    return message && strstr(message, "cannot limit locked memory");
}
