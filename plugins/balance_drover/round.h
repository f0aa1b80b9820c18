/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the balancer `drover`: a round of balancing, while it is thought out. Who takes part and
 * what bounds hold (figures.c), who is to leave (leave.c), where they are to go (place.c), and
 * telling it (propose.c).
 */
#ifndef BALANCE_DROVER_ROUND_H
#define BALANCE_DROVER_ROUND_H

#include <drover/plugin.h>

struct self {
    double memory_target;
    double spread;
    double vcpu_floor;
    double high;
    double hold_s;
    double load_target;
    double vcpu_pct;
    double horizon_s;
    double min_gain;
    double slowdown;
    double link_mbps;
    double dirty_mib_s;
};

enum { MEMORY, VCPUS, LOAD, DIMENSIONS };

#define NEARLY (1 + 1e-9)   /* sums in another order differ in their last bits */
#define MOST 64             /* VMs of one host that are chosen together */

/* Bits of round.banned. */
#define NO_PLACE 1 /* none was found */
#define PLACED 2
#define PROPOSED 4

/* A host: what is used and what may be, in MiB, vCPUs, and percent of one CPU. */
struct place {
    double used[DIMENSIONS];
    double bound[DIMENSIONS];
    double vms;
    bool takes_part;
    bool source;   /* out of bounds, and not of late */
    bool pending;  /* its VMs are yet to be chosen or placed */
    bool hopeless; /* no set of its VMs cures it, or none that pays */
};

/* A VM that may leave its host, or is to. */
struct leaver {
    uint32_t vm, from, to;
    double amount[DIMENSIONS];
    double size;    /* share of the bounds of its host, by the largest */
    double cost;    /* VM-seconds */
    double urgency; /* of its host */
};

/* A host that has room for a VM. */
struct fit {
    uint32_t host;
    double fullness;
};

struct leavers {
    struct leaver *item;
    uint32_t n;
};

struct round {
    const struct self *self;
    const struct drover_fleet *fleet;
    struct drover_plan *plan;
    uint32_t cluster;
    struct place *places;    /* by host */
    uint32_t *at;            /* by VM: the host it is on, as planned */
    uint8_t *banned;         /* by VM: why it is not to be chosen */
    struct leavers movable;  /* of one host */
    struct leavers chosen;   /* of all hosts */
    struct fit *fits;        /* destinations of one VM */
    uint32_t *hosts;
    uint8_t *allowed;
    double *reach;           /* see struct search */
    uint32_t proposed, taken;
    uint32_t members, sources, young, worthless, stuck;
    double best_gain, best_cost; /* of what was not worth it */
};

/* --- figures.c --------------------------------------------------------------------------------- */

/* What is used, which bounds hold, and who is beyond them to stay. */
void join(struct round *round);

double vm_load(const struct round *round, uint32_t vm);
double link_of(const struct round *round, uint32_t host);
double move_cost(const struct round *round, uint32_t vm, double mbps);
double beyond(const struct place *place);
double degradation(const struct round *round, const struct place *place);
void take(struct round *round, const struct leaver *leaver, uint32_t host, double sign);
/* A host as it is when these n have left it. */
struct place without(const struct round *round, uint32_t host, const struct leaver *leavers,
                     uint32_t n);

/* --- leave.c ----------------------------------------------------------------------------------- */

/* VMs of a host that may move, the largest first: round->movable. */
void list_movable(struct round *round, uint32_t host);
int by_size(const void *left, const void *right);
/* Add the VMs that are to leave a host to those chosen. False: no set cures it, or none pays. */
bool choose(struct round *round, uint32_t host);

/* --- place.c ----------------------------------------------------------------------------------- */

/* Choose VMs of all hosts that are out of bounds, and a place for each: round->chosen. */
void choose_all(struct round *round);
void put(struct round *round, const struct leaver *leaver);
void put_back(struct round *round, const struct leaver *leaver);

/* --- propose.c --------------------------------------------------------------------------------- */

/* Propose what was chosen, the worst host first. Returns whether more may be wanted. */
bool propose_all(struct round *round);

#endif
