/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of paths, for the test that compares them with docs/openapi.yaml. */
#ifndef DROVER_CTL_API_ROUTES_H
#define DROVER_CTL_API_ROUTES_H

#include <stddef.h>

/* The i-th path that can be read, as OpenAPI writes it; NULL behind the last. */
const char *api_route(size_t i);

/* The i-th request that changes something: its method and path. NULL behind the last. */
const char *api_request_route(size_t i, const char **method);

#endif
