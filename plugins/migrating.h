/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What migrate units have in common: their parameters, and a schedule as a text of a policy.
 *
 *     schedule: 1=150, 2=200, 3=postcopy, 4=abort
 *
 * reads: when memory has been walked once more than the first full time and that was not the end,
 * a pause of 150 ms is allowed; and so on. The numbers are RHV's "limits".
 */
#ifndef DROVER_PLUGINS_MIGRATING_H
#define DROVER_PLUGINS_MIGRATING_H

#include <drover/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#define DOWNTIME_MOST_MS 2000000 /* what QEMU takes at most */
#define STALL_MOST 1000000

struct migrating {
    double downtime_ms; /* allowed at first */
    double seconds_per_gib;
    int64_t max_concurrent;
};

#define MIGRATING_PARAMETERS(downtime, concurrent, per_gib)                                        \
    {"downtime_ms", DROVER_NUMBER, "ms", 1, DOWNTIME_MOST_MS, downtime, NULL,                      \
     "the pause at the end may last so long at first", offsetof(struct migrating, downtime_ms)},   \
        MIGRATING_LIMITS(concurrent, per_gib)

#define MIGRATING_LIMITS(concurrent, per_gib)                                                      \
    {"max_concurrent", DROVER_INTEGER, "moves", 1, 1000, concurrent, NULL,                         \
     "so many at a time leave a host, and arrive at one",                                          \
     offsetof(struct migrating, max_concurrent)},                                                  \
    {                                                                                              \
        "seconds_per_gib", DROVER_NUMBER, "s", 0, 86400, per_gib, NULL,                            \
            "a move may take so long for each GiB of memory; 0: as long as it takes",              \
            offsetof(struct migrating, seconds_per_gib)                                            \
    }

static inline void migrating_how(const struct migrating *self, struct drover_how *how)
{
    how->downtime_ms = self->downtime_ms;
    how->max_concurrent = (uint32_t)self->max_concurrent;
    how->seconds_per_gib = self->seconds_per_gib;
}

static inline void migrating_step(struct drover_how *how, uint32_t stall, uint32_t action,
                                  double downtime_ms)
{
    if (how->n_stalls < DROVER_STALLS_MAX)
        how->stalls[how->n_stalls++] = (struct drover_stall){stall, action, downtime_ms};
}

/* ------------------------------------------------------------------ a schedule as a text */

/* Units whose whole schedule is a parameter: the text, and what open() has made of it. */
struct scheduled {
    struct migrating base; /* first: the parameters above are stored in it */
    const char *schedule;
    struct drover_stall stall[DROVER_STALLS_MAX];
    uint32_t n;
};

#define SCHEDULED_PARAMETER(ladder)                                                                \
    {"schedule", DROVER_TEXT, NULL, 0, 0, ladder, NULL,                                            \
     "what is done when memory was walked so many times more: ms of pause, postcopy or abort",     \
     offsetof(struct scheduled, schedule)}

#define MIGRATING_END {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0}

/* "150", "postcopy", "abort" of that length. False where it is none of these. */
static inline bool scheduled_action(const char *word, size_t length, struct drover_stall *stall)
{
    char *end;
    if (length == 8 && memcmp(word, "postcopy", 8) == 0) {
        stall->action = DROVER_STALL_POSTCOPY;
        return true;
    }
    if (length == 5 && memcmp(word, "abort", 5) == 0) {
        stall->action = DROVER_STALL_ABORT;
        return true;
    }
    stall->action = DROVER_STALL_DOWNTIME;
    stall->downtime_ms = length > 0 && *word >= '0' && *word <= '9' ? strtod(word, &end) : 0;
    return stall->downtime_ms > 0 && stall->downtime_ms <= DOWNTIME_MOST_MS && end == word + length;
}

/* "1=150" of that length. */
static inline bool scheduled_step(const char *word, size_t length, struct drover_stall *stall)
{
    char *end;
    *stall = (struct drover_stall){0};
    if (length == 0 || *word < '0' || *word > '9')
        return false;
    unsigned long at = strtoul(word, &end, 10);
    size_t used = (size_t)(end - word);
    if (at > STALL_MOST || used + 1 >= length || *end != '=')
        return false;
    stall->stall = (uint32_t)at;
    return scheduled_action(end + 1, length - used - 1, stall);
}

/* What is wrong with a step behind another; NULL: nothing. */
static inline const char *scheduled_disorder(const struct scheduled *self,
                                             const struct drover_stall *next)
{
    if (self->n == DROVER_STALLS_MAX)
        return "there are more than 16 steps";
    if (self->n > 0 && self->stall[self->n - 1].action == DROVER_STALL_ABORT)
        return "nothing comes after abort";
    if (self->n > 0 && next->stall <= self->stall[self->n - 1].stall)
        return "steps come in ascending order";
    return NULL;
}

static inline int scheduled_open(void *data, char *error, size_t size)
{
    struct scheduled *self = data;
    const char *list = self->schedule;
    size_t length;
    for (const char *word = drover_next_word(&list, &length); word;
         word = drover_next_word(&list, &length)) {
        struct drover_stall next;
        if (!scheduled_step(word, length, &next)) {
            snprintf(error, size,
                     "schedule: steps like 1=150 (ms of pause), 3=postcopy, 4=abort were expected, "
                     "found \"%.*s\"", (int)(length < 40 ? length : 40), word);
            return -1;
        }
        const char *disorder = scheduled_disorder(self, &next);
        if (disorder) {
            snprintf(error, size, "schedule: %.*s: %s", (int)(length < 40 ? length : 40), word,
                     disorder);
            return -1;
        }
        self->stall[self->n++] = next;
    }
    return 0;
}

static inline void scheduled_how(const struct scheduled *self, struct drover_how *how)
{
    migrating_how(&self->base, how);
    how->n_stalls = self->n;
    memcpy(how->stalls, self->stall, self->n * sizeof *self->stall);
}

#endif
