/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy as plain data: names of units, factors, parameters. policy/ reads and resolves it
 * (extends), plug/ binds it to loaded units; see ruleset.h.
 */
#ifndef DROVER_MODEL_POLICY_H
#define DROVER_MODEL_POLICY_H

#include "base/field.h"

struct policy_migration {
    const char *policy;     /* a migrate unit; NULL: inherited, else minimal_downtime */
    const char *bandwidth;  /* "auto", "hypervisor_default", or Mbps; NULL: inherited */
    const char *encryption; /* "yes" or "no"; NULL: inherited */
    const char *network;    /* NULL: inherited */
    /* How memory travels; NULL: inherited, else "unit": what the migrate unit says. */
    const char *bandwidth_share;    /* "concurrent" or "running"; NULL: inherited, else concurrent */
    const char *postcopy_bandwidth; /* "unit", "hypervisor_default", or Mbps */
    const char *connections;        /* "unit", "auto", "auto_parallel", "disabled", or 2..255 */
    const char *compression;        /* "unit", "no", "xbzrle", "zlib" or "zstd" */
    const char *compression_level;  /* "unit", or 1..20 */
    const char *zero_copy;          /* "unit", "yes" or "no" */
    const char *auto_converge;      /* "unit", "yes" or "no" */
    const char *auto_converge_initial, *auto_converge_increment; /* "unit", or percent */
};

struct policy {
    const char *name;
    const char *summary;
    const char *extends;   /* NULL: nothing */
    struct texts filters;  /* known = false: inherited */
    struct pairs weights;  /* unit -> factor; known = false: inherited */
    const char *selector;  /* NULL: inherited, else rank */
    const char *balance;   /* NULL: inherited, else none */
    struct pairs parameters; /* "key" or "unit.key" */
    struct policy_migration migration;
    const char *resilience; /* NULL: inherited, else migrate */
    struct pairs on_error;  /* unit -> deny | neutral | last_good */
    /* not in the document */
    const char *file;       /* where it came from, for messages; NULL: inline */
};

extern const struct field policy_fields[];
extern const struct field policy_migration_fields[];

#endif
