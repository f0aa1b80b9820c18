/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world: what performs effects and reports events. virt/ is the real one, sim/ a made one;
 * the engine cannot tell.
 */
#ifndef DROVER_MODEL_WORLD_H
#define DROVER_MODEL_WORLD_H

#include "model/effect.h"
#include "model/event.h"
#include "model/settings.h"

/* Where a world posts what happened. Takes the event over; called on the main loop's thread. */
struct world_listener {
    void *self;
    void (*post)(void *self, struct event *event);
};

struct world {
    void *self;
    /* Follow these hosts from now on: connect to new ones, leave the others. Copies what it keeps. */
    void (*configure)(void *self, const struct settings *settings);
    /* Perform; never blocks. What comes of it arrives as events. The effect is copied. */
    void (*perform)(void *self, const struct effect *effect);
    void (*close)(void *self);
};

#endif
