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

/*
 * Where the last known definitions of VMs are kept, for EFFECT_START: domain XML as libvirt takes
 * it, with secrets, so it goes from the world to the journal's file and back, and nowhere else.
 * Called on the main loop's thread.
 */
struct definition_keeper {
    void *self;
    void (*keep)(void *self, const char *vm, const char *host, const char *xml);
    char *(*find)(void *self, const char *vm); /* free() it; NULL: there is none */
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
