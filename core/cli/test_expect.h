/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what a test expects is so; and where not, what is different, for people. */
#ifndef DROVER_CLI_TEST_EXPECT_H
#define DROVER_CLI_TEST_EXPECT_H

#include "test_file.h"
#include "offline.h"

#include <jansson.h>

/*
 * Ask about the fleet that `offline` has, which may be left with another one. 1: it is so; 0: it
 * is not, and *told is an object: expected, found, difference, why; -1: the error is set.
 */
int expectation_check(const struct expectation *expectation, struct offline *offline,
                      json_t **told, struct error *error);

/*
 * Try everything that drover may do by itself or be asked: each VM of it explained, hosts drained
 * (host NULL: each host, from the same beginning), balancing. As above.
 */
int never_check(const struct never *never, struct offline *offline, const char *host,
                json_t **told, struct error *error);

#endif
