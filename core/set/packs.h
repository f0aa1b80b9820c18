/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packs: a vendor's folder of plugins and policies. DIR/NAME/pack.yaml says what it is; plugins/,
 * lua/ and policies/ lie beneath it. Its units are called NAME/UNIT.
 *
 * What is wrong with a pack is told to `problem` and left out; the others go on.
 */
#ifndef DROVER_SET_PACKS_H
#define DROVER_SET_PACKS_H

#include "plug/plug.h"
#include "policy/policy_file.h"

struct pack {
    const char *name;    /* prefix of its units */
    const char *vendor;
    const char *version;
    uint32_t abi;        /* DROVER_ABI_MAJOR it was made for */
    struct texts units;    /* that it promises: what is not there is told */
    struct texts policies; /* the same */
    const char *dir;     /* not in the document */
};

struct packs {
    struct pack *item;
    uint32_t n;
    struct arena arena;
};

/*
 * Read the pack.yaml of every folder of these directories, in order of name; a directory that has
 * one of its own is a pack, and its folders are not. packs_free() them.
 */
struct packs *packs_read(const struct texts *dirs, plug_problem *problem, void *self);
void packs_free(struct packs *packs);

/* Load their policies, their units. What is wrong is told, and the others go on. */
void packs_load_policies(const struct packs *packs, struct policies *policies,
                         plug_problem *problem, void *self);
void packs_load_units(const struct packs *packs, struct plug *plug, plug_problem *problem,
                      void *self);

#endif
