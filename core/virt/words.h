/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's own words for why a migration failed say what libvirt met, and not always what is to be
 * done about it. Here is what is known about the commonest ones. Pure.
 */
#ifndef DROVER_VIRT_WORDS_H
#define DROVER_VIRT_WORDS_H

/* What it means, and what to do: a clause, static. NULL: the message stands for itself. */
const char *words_remedy(const char *message);

#endif
