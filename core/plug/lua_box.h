/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A box: one Lua state with limits of memory, work and time, for one Lua file.
 *
 * Theory of operation. The allocator holds the memory down. A count hook takes instructions off
 * the call's budget and looks at the clock; library functions whose work depends on their
 * arguments take theirs off with box_charge(). Once something has run out, box->stop stays set
 * and the hook comes at every instruction, so a pcall in a loop catches the error, and gets the
 * next one at once. The state is then thrown away; the next call has a new one, made from the
 * same text.
 */
#ifndef DROVER_PLUG_LUA_BOX_H
#define DROVER_PLUG_LUA_BOX_H

#include "plug/plug.h"

#include <lauxlib.h>
#include <lua.h>

enum box_stop { BOX_GOES_ON, BOX_OUT_OF_WORK, BOX_OUT_OF_TIME, BOX_OUT_OF_MEMORY };

/*
 * One callback at work: what its views look at. Callbacks nest: a balancer asks
 * plan:allows(), and the core runs filters, maybe of the same file.
 */
struct box_call {
    struct box_call *outer;
    uint32_t generation; /* views carry it: those of other calls are refused */
    const struct drover_fleet *fleet;
    const struct drover_ask *ask;
    const uint32_t *hosts; /* the candidates */
    uint32_t n_hosts;
    const struct drover_trouble *trouble;
    struct drover_plan *plan;
    const struct drover_move *move;
    struct drover_how *how;
    const struct drover_admit_ask *admit;
    struct drover_answer *answer;
};

struct box {
    lua_State *L;
    struct plug_lua_limits limits;
    size_t memory;
    int64_t work_left;
    int64_t work_until_clock;
    int64_t deadline_ns;
    enum box_stop stop;
    bool loading; /* globals may be set */
    bool spoiled; /* something ran out in it */
    uint32_t depth;
    uint32_t generation;
    struct box_call *call;
    void *owner; /* struct lua_file */
};

/* NULL where the memory limit does not even hold an empty state. */
struct box *box_new(const struct plug_lua_limits *limits, void *owner);
void box_free(struct box *box);

struct box *box_of(lua_State *L);

/* Take work off the budget: about one unit per 64 bytes moved or per byte looked at hard. */
void box_charge(lua_State *L, int64_t work);

/*
 * Run body(argument) with a full budget (times `factor`), protected: whatever happens, it comes
 * back here. Returns 0, DROVER_FAILED or DROVER_OVERRAN with a sentence in failure.
 */
int box_run(struct box *box, lua_CFunction body, void *argument, struct box_call *call,
            uint32_t factor, char *failure, size_t failure_size);

#endif
