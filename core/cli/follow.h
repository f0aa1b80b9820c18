/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for what the daemon does, and showing it (progress.h). Both ask the daemon again and
 * again, so a daemon that is restarted meanwhile is waited for, too.
 */
#ifndef DROVER_CLI_FOLLOW_H
#define DROVER_CLI_FOLLOW_H

#include "command.h"

/*
 * Ask for maintenance of the host and wait until it is empty: 0. Where it cannot be: says which
 * VMs hold it, why and on which hosts, and returns 3 where the policy's filters refuse them all,
 * else 1. timeout_s 0: no limit. -1 with the error set.
 */
int follow_drain(struct cli *cli, const char *host, double timeout_s, struct error *error);

/* Until the migration of this number has ended, or waits to be verified: 0; 1 where it failed. */
int follow_migration(struct cli *cli, double id, double timeout_s, struct error *error);

/* Until a reverted one has ended: 0 where its VM is back, 1 where it stays. */
int follow_revert(struct cli *cli, double id, double timeout_s, struct error *error);

#endif
