/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside model/: the columns of what a host or VM has several of: huge pages, NUMA nodes, devices. */
#ifndef DROVER_MODEL_COLUMNS_PARTS_H
#define DROVER_MODEL_COLUMNS_PARTS_H

#include "model/columns.h"

void columns_fill_parts(struct columns *columns);

/* A VM backed by huge pages will take those of its size on the host. */
void columns_take_pages(struct columns *columns, uint32_t vm, uint32_t host);

/* It gives them back. */
void columns_give_pages(struct columns *columns, uint32_t vm, uint32_t host);

#endif
