/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's figures in drover's units, in one place. libvirt counts in bytes, pages, KiB,
 * milliseconds and nanoseconds, and changes the C types of its parameters between releases.
 */
#ifndef DROVER_VIRT_UNITS_H
#define DROVER_VIRT_UNITS_H

#include "model/effect.h"
#include "model/migration.h"

#include <libvirt/libvirt.h>

/* A parameter as a number, whatever its type; NAN where it is absent or no number. */
double units_number(const virTypedParameter *parameters, int n, const char *name);

/* The figures of an outgoing migration job. */
void units_progress(virTypedParameterPtr parameters, int n, struct progress *progress);

/* Memory that a guest uses, in MiB, from the statistics of one VM; -1: not known. */
double units_memory_used_mib(virTypedParameterPtr parameters, int n);

/* Load of `cpus` CPUs, busy for busy_s within passed_s, in percent, 0..100; -1: not known. */
double units_load_pct(double busy_s, double passed_s, double cpus);

/* The flags of virDomainMigrateToURI3 for this way to move. */
unsigned units_migrate_flags(const struct how *how, bool persistent);

/*
 * Its parameters; free them with virTypedParamsFree. The downtime is not among them: it is
 * set when the job runs. -1: out of memory, or a text that libvirt does not take.
 */
int units_migrate_parameters(const struct how *how, virTypedParameterPtr *parameters, int *n);

/* Whether this is libvirt's or QEMU's word that the source got no connection to that address. */
bool units_is_out_of_reach(const char *message, const char *address);

/* Whether this is libvirt's word that it may not let QEMU lock memory, which zero-copy needs. */
bool units_is_unlockable(const char *message);

#endif
