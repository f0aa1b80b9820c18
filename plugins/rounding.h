/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * round() for loops over hosts. Without SSE 4.1, which a distribution's compiler may not assume,
 * round() is a call of the library for each host; this one is a few instructions.
 */
#ifndef DROVER_PLUGINS_ROUNDING_H
#define DROVER_PLUGINS_ROUNDING_H

#include <math.h>
#include <stdint.h>

/* The largest number below a half: added to one, what is cut off then is right to the last bit. */
#define NEARLY_HALF 0.49999999999999994

/* For |x| below INT32_MAX; halves away from zero, as round() has it. No branch, so many at once. */
static inline double to_whole_small(double x)
{
    return (int32_t)(x + copysign(NEARLY_HALF, x));
}

/* For any x; NAN stays what it is. */
static inline double to_whole(double x)
{
    return fabs(x) < INT32_MAX ? to_whole_small(x) : round(x);
}

#endif
