/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same fleets in the words of others: Ganeti's text format for hbal, Pacemaker's CIB. */
#ifndef TESTS_BENCH_OTHERS_H
#define TESTS_BENCH_OTHERS_H

#include "model/fleet.h"

#include <stdio.h>

void others_write_hbal(const struct fleet *fleet, FILE *file);
void others_write_cib(const struct fleet *fleet, FILE *file);

#endif
