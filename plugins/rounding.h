/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * round() for loops over hosts. Without SSE 4.1, which a distribution's compiler may not assume,
 * round() is a call of the library for each host; this one is a few instructions.
 */
#ifndef DROVER_PLUGINS_ROUNDING_H
#define DROVER_PLUGINS_ROUNDING_H

#include <math.h>
#include <stdint.h>

/* Halves away from zero, as round() has it. */
static inline double to_whole(double x)
{
    if (!(fabs(x) < INT32_MAX))
        return round(x); /* and NAN stays what it is */
    double whole = (int32_t)x, rest = x - whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

/* The same for x from 0 to INT32_MAX, without a branch: several of them are done at once. */
static inline double to_whole_positive(double x)
{
    double whole = (int32_t)x;
    return whole + (x - whole >= 0.5 ? 1.0 : 0.0);
}

#endif
