/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a connection, and libvirt's errors as sentences. All of it may block. */
#ifndef DROVER_VIRT_CONNECT_H
#define DROVER_VIRT_CONNECT_H

#include "base/error.h"
#include "virt/worker.h"

/* A connection with keepalive, or NULL with the error set. Close it with virConnectClose. */
virConnectPtr connect_open(const struct dial *dial, struct error *error);

/* The last error of libvirt on this thread, on one line. */
void connect_error_text(char *text, size_t size);

/* The VM of this key (UUID, or name), or NULL: libvirt's last error says why. */
virDomainPtr connect_find_vm(virConnectPtr connection, const char *key);

#endif
