/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that drover itself runs on, where it runs on one of its hosts: it gets the role
 * `controller`, as if the configuration said so, so that it is never switched off by drover.
 */
#ifndef DROVER_SET_CONTROLLER_H
#define DROVER_SET_CONTROLLER_H

#include "model/settings.h"

/* Whether a libvirt URI means the machine of that name. A forwarded socket may be anybody's. */
bool controller_is_at(const char *uri, const char *machine);

/* What is added to settings is in the arena. */
void controller_mark(struct settings *settings, const char *machine, struct arena *arena);

#endif
