/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A rolling upgrade, for cmd_upgrade.c. Each host goes through the stages in order: it waits until
 * it can be spared, is drained, the command runs, it has to answer for a while, and is taken back.
 * Hosts are drained one after the other, each only when the daemon's plan has a place for all its
 * VMs; so what several hosts out of use leave to the others always fits.
 */
#ifndef DROVER_CLI_UPGRADE_H
#define DROVER_CLI_UPGRADE_H

#include "command.h"

#include <glib.h>

enum upgrade_stage {
    UPGRADE_WAITS,
    UPGRADE_DRAINS,
    UPGRADE_RUNS,    /* the command */
    UPGRADE_SETTLES, /* the command is done: does the host answer, and go on doing so? */
    UPGRADE_RETURNS,
    UPGRADE_DONE,
    UPGRADE_SKIPPED,
    UPGRADE_FAILED,
};

extern const char *const upgrade_stage_names[];

struct upgrade_host {
    char *name;
    char *uri;
    enum upgrade_stage stage;
    bool out;      /* it was put into maintenance, and not taken back */
    bool refused;  /* it failed because filters refuse its VMs everywhere */
    char *why;     /* it failed; NULL: it has not */
    GPid child;    /* 0: none */
    int status;    /* how the child ended */
    bool ended;
    double since_s;   /* in this stage, on the monotonic clock */
    double answers_s; /* settling: without a break since then; 0: it does not */
    unsigned held;    /* looks at which it could not be emptied */
};

struct upgrade {
    struct cli *cli;
    struct upgrade_host *hosts;
    unsigned n_hosts, room;
    unsigned at_once;
    double timeout_s, settle_s;
    bool move_home;
    char **argv;
    const struct upgrade_host *failed; /* the first one */
    bool away; /* the daemon did not answer last time */
};

/* -1 with the error set where it is there already. */
int upgrade_add(struct upgrade *upgrade, const char *host, bool skip, struct error *error);
void upgrade_free(struct upgrade *upgrade);

/* All hosts are known and answer: they are up, or in maintenance as where this was begun before. */
int upgrade_check(struct upgrade *upgrade, struct error *error);

/* What would be moved; does nothing. Sets failed where something does not fit. */
int upgrade_show(struct upgrade *upgrade, struct error *error);

/* All of it. Sets failed where a host failed; -1 with the error set where nothing can be asked. */
int upgrade_run(struct upgrade *upgrade, struct error *error);

#endif
