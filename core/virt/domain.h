/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One VM as a host's libvirt knows it. During a migration two hosts know the same VM, so
 * this is the rule by which exactly one of them reports it:
 *
 *   before, and while memory is copied   the source: migrating. The destination's is an empty
 *                                        shell: it says nothing of it.
 *   post-copy                            the source: migrating, although the guest runs on the
 *                                        destination already. The VM needs both hosts, nothing
 *                                        may touch it, and the job is still the source's; the
 *                                        destination says nothing until the job has ended.
 *   ended well                           the destination: running, as soon as the guest runs there;
 *                                        the source: gone, migrated. The two may be heard in
 *                                        either order; the guest runs on the destination only.
 *   ended badly                          the source: as it was. The destination: nothing.
 *   post-copy broke                      the destination: paused, as its memory cannot be
 *                                        completed without help. The source says nothing.
 */
#ifndef DROVER_VIRT_DOMAIN_H
#define DROVER_VIRT_DOMAIN_H

#include "virt/worker.h"

/* What the worker last saw of a VM: to notice what no event told. */
struct seen {
    int state, reason;  /* libvirt's */
    int reported;       /* enum drover_vm_state, or DOMAIN_SILENT */
    uint32_t round;     /* of the last list that had it */
    uint32_t missed;    /* samples in a row that did not have it */
    struct cpu_clock clock;
    uint64_t kept;      /* what its XML was like when its definition was last kept; 0: never */
};

/* Reported by another host, or by none yet. */
#define DOMAIN_SILENT (-1)

/* What a job on a VM means for us. */
enum domain_job {
    DOMAIN_JOB_NONE,     /* or one that is nothing to us: a backup, a snapshot */
    DOMAIN_JOB_OUTGOING, /* it is being migrated away */
    DOMAIN_JOB_INCOMING, /* it is being migrated to here */
    DOMAIN_JOB_UNKNOWN,  /* the VM was too busy to say: it is taken as it looks */
};

/* By the rule above: enum drover_vm_state, or DOMAIN_SILENT. Pure. */
int domain_state(bool active, int state, int reason, enum domain_job job);

/*
 * Which job runs on an active VM; parameters (may be NULL) receive its figures where it is an
 * outgoing one; then free them with virTypedParamsFree. -1: the VM is gone.
 */
int domain_job(virDomainPtr domain, virTypedParameterPtr *parameters, int *n);

/* Jobs: read one VM again; all that the host has, into a report. */
void domain_reread(struct worker *worker, struct job *job);

/* Put the VM into the event, unless another host reports it. -1: it is gone, or no answer. */
int domain_add(struct worker *worker, virDomainPtr domain, struct event *event);

#endif
