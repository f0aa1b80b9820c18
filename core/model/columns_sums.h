/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside model/: the columns of hosts that are sums over their VMs, and those on their way. */
#ifndef DROVER_MODEL_COLUMNS_SUMS_H
#define DROVER_MODEL_COLUMNS_SUMS_H

#include "model/columns.h"

/* Which VMs are on which host, and what they take there. */
void columns_fill_sums(struct columns *columns);

/* Book the VMs that are on their way already. */
void columns_book_moving(struct columns *columns);

#endif
