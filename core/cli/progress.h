/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves as they go on: on a terminal a bar for each VM and one for the whole, redrawn in place,
 * with what was decided written above them; elsewhere a line for each change; with --json a JSON
 * object for each change.
 */
#ifndef DROVER_CLI_PROGRESS_H
#define DROVER_CLI_PROGRESS_H

#include "command.h"

struct progress_row {
    char *key;  /* of the VM */
    char *name; /* safe */
    char state[24]; /* "" : nothing has been heard of it */
    char to[256];   /* safe */
    double migration; /* its number; 0: none yet */
    double decision;
    double percentage;
    double iteration;
    char figures[160]; /* "36 of 48 MiB left, 10.0 MiB/s, iteration 2, ends in 4 s"; "" */
    bool left;     /* it is on the host no more */
    bool told_why; /* the decision was shown, or cannot be had */
    unsigned asked; /* so many times for the decision */
};

struct progress_list {
    struct progress_row *row;
    unsigned n;
    const char *what; /* of the whole: "kvm1" */
    unsigned drawn;   /* lines on the terminal that the next drawing replaces */
};

/* What is found out at each look is thrown away after it. */
struct progress_row *progress_add(struct progress_list *list, const char *key, const char *name);
void progress_free(struct progress_list *list);

/*
 * Take over what is known of a row's migration; tells whether its state, its destination or the
 * iteration of its copying changed.
 */
bool progress_update(struct progress_row *row, struct screen *look, const json_t *migration);

/* A row changed: the line that says so, where lines are written; JSON with --json. */
void progress_changed(struct cli *cli, struct progress_list *list, const struct progress_row *row,
                      const json_t *migration);

/* Why the VM goes where it goes: written once for each decision. */
void progress_tell_why(struct cli *cli, struct progress_list *list, struct progress_row *row);

/* On a terminal: draw all bars. */
void progress_draw(struct cli *cli, struct progress_list *list);

/* On a terminal: take the bars away, so that something else can be written. */
void progress_wipe(struct cli *cli, struct progress_list *list);

#endif
