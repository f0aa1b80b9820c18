/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results of tests: TAP 13 with YAML beneath what failed, as they come; or one JSON object. */
#ifndef DROVER_CLI_TEST_REPORT_H
#define DROVER_CLI_TEST_REPORT_H

#include "command.h"

struct report {
    struct cli *cli;
    json_t *tests; /* with --json */
    uint32_t n, failed;
};

/* How many tests there will be, and where chance begins. */
struct report report_begin(struct cli *cli, uint32_t tests, uint64_t seed);

/* told: what went wrong, an object, taken over; NULL: nothing did. */
void report_test(struct report *report, const char *name, json_t *told);

/* Returns the exit status: 1 where one failed. */
int report_end(struct report *report, uint64_t seed);

#endif
