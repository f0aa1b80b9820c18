/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cold and offline moves ask of libvirt: to have a guest shut down, and to take a definition
 * from one host to another. On an errand's thread; all of it may block.
 *
 * A definition is the XML for the next start with its secrets: it goes from the one connection to
 * the other, is wiped, and stands in no log and in no error.
 */
#ifndef DROVER_VIRT_CARRY_H
#define DROVER_VIRT_CARRY_H

#include "model/effect.h"

#include <libvirt/libvirt.h>

/*
 * Asks the guest (its agent where there is one, else by ACPI) to shut down, once it is sure that
 * it could be moved then. -1: it was not asked, and the text says why.
 */
int carry_shutdown(virConnectPtr connection, const char *vm, char *text, size_t size);

/*
 * Does `what` (model/effect.h) with the definition: from `host` to `other`. autostart: whether it
 * was on where it came from. -1 with the text; then nothing is defined anew at `other`.
 */
int carry_definition(virConnectPtr host, virConnectPtr other, const char *vm, enum carry what,
                     bool *autostart, char *text, size_t size);

#endif
