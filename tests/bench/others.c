/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/others.h"
void others_write_hbal(const struct fleet *fleet, FILE *file){(void)fleet;(void)file;}
void others_write_cib(const struct fleet *fleet, FILE *file){(void)fleet;(void)file;}
