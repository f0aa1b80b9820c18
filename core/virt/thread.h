/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thread for what may hang: a call to libvirt, a fence device, a file on storage that is gone. It
 * is detached, since nobody may wait for it; what it comes to goes by an outbox (outbox.h).
 */
#ifndef DROVER_VIRT_THREAD_H
#define DROVER_VIRT_THREAD_H

/* Returns 0, or the errno for which there is none to be had; then `run` is not called. */
int thread_begin(void *(*run)(void *data), void *data);

#endif
