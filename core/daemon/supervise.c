/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling systemd how it goes. Without libsystemd, or without systemd, nothing is told. */
#include "config.h"
#include "daemon/daemon.h"

#if HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

void supervise_tell(const char *state)
{
    sd_notify(0, state);
}
#else
void supervise_tell(const char *state)
{
    (void)state;
}
#endif
