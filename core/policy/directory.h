/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The YAML files of a directory such as conf.d/ or policies/. Internal to policy/. */
#ifndef DROVER_POLICY_DIRECTORY_H
#define DROVER_POLICY_DIRECTORY_H

#include "base/error.h"
#include "base/field.h"

/*
 * Paths of all *.yaml files of dir, in order of name; hidden ones (editors' leftovers) are not
 * among them. A directory that is not there has none. 0, or -1 with the error set.
 */
int directory_yaml(const char *dir, struct texts *paths, struct arena *arena, struct error *error);

#endif
