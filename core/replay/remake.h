/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside replay/: a set made again from what the journal kept of it. */
#ifndef DROVER_REPLAY_REMAKE_H
#define DROVER_REPLAY_REMAKE_H

#include "model/event.h"
#include "replay/replay.h"
#include "store/store.h"

struct remade {
    char hash[80]; /* of the set that plug was loaded for; "": none */
    struct plug *plug;
    struct cluster_rules *rules;
    uint32_t n_rules;
    bool other_units;  /* some of its rules are bound to others than they were: by their hashes */
    struct arena arena; /* names of clusters */
};

/*
 * Bind the rules of the set called hash anew; its files are loaded where that is another set than
 * before. What is not as it was is told to `note`. -1 with the error set.
 */
typedef void remake_note(void *self, const char *text);
int remake_set(struct remade *remade, struct store_reader *reader,
               const struct replay_options *options, const char *hash, remake_note *note,
               void *self, struct error *error);
void remade_free(struct remade *remade);

#endif
