/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which migration is meant: commands take its number, or its VM. */
#ifndef DROVER_CLI_FIND_MIGRATION_H
#define DROVER_CLI_FIND_MIGRATION_H

#include "command.h"

/* Its number: the word itself, or that of the VM's migration that is not over. 0: error is set. */
int64_t find_migration(struct cli *cli, const char *word, struct error *error);

#endif
