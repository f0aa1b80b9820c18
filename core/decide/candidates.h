/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside decide/: which hosts a question is about. */
#ifndef DROVER_DECIDE_CANDIDATES_H
#define DROVER_DECIDE_CANDIDATES_H

#include "decide/decide.h"

/*
 * Fill in hosts (room for all) in order of name: the hosts of the VM's cluster that the question
 * names or does not rule out, without the VM's own unless it may stay. Returns how many.
 */
uint32_t candidates_list(const struct columns *columns, const struct question *question,
                         uint32_t *hosts);

#endif
