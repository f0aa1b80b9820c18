/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files *.test.yaml: a fleet, a policy, what is expected of them, and properties that are to hold
 * of fleets by chance. See drover-test(5).
 *
 * What stands in such a file is checked as it is read: keys, types, and that every host and VM
 * that is named is in the fleet. So a test that runs says something.
 */
#ifndef DROVER_CLI_TEST_FILE_H
#define DROVER_CLI_TEST_FILE_H

#include "base/error.h"
#include "model/fleet.h"
#include "model/settings.h"

/* One entry of `expect`. One of explain, drain, balance is not NULL. */
struct expectation {
    const char *explain; /* a VM */
    const char *drain;   /* a host */
    const char *balance; /* a cluster, or "all" */
    const char *because; /* for whoever reads it; "" */
    const char *goes_to; /* explain: the host that is chosen; NULL: not said */
    bool goes_nowhere;   /* explain: no host takes it */
    struct texts may;    /* explain: hosts that accept it */
    struct pairs may_not; /* explain: host -> code or unit of a refusal */
    struct pairs moves;  /* plans: VM -> host, these and no others */
    struct pairs unplaced; /* drain: VM -> code, these and no others */
    struct texts stay;   /* plans: VMs that are not moved */
    bool in_order;       /* plans: moves, in this order */
    bool whole;          /* balance: all rounds of it */
    struct mark mark;    /* not in the document */
};

/* One entry of `never`: no move of drover's makes this so. */
struct never {
    struct texts vms;
    struct texts on;  /* hosts that none of them is moved to */
    bool together;    /* or: none is moved to where another one is */
    const char *because;
    struct mark mark;
};

struct test_file {
    const char *path; /* as people are to see it */
    const char *name; /* `test` */
    const char *policy; /* a name, or a file or folder beside this file; NULL: the clusters' own */
    struct limits limits;
    struct texts properties;
    uint32_t seeds;
    struct fleet *fleet; /* NULL: none is given */
    struct expectation *expectations;
    uint32_t n_expectations, expectation_room;
    struct never *nevers;
    uint32_t n_nevers, never_room;
    struct arena arena;
};

extern const struct field expectation_fields[], never_fields[];

/* NULL with the error set, with file:line:column. test_file_free() it. */
struct test_file *test_file_read(const char *path, struct error *error);
void test_file_free(struct test_file *file);

#endif
