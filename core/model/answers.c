/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Last good answers: see answers.h. */
#include "model/answers.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWERS_MAX 65536u
#define KEY_MAX 2048

struct answers {
    struct table index; /* "vm\nhost" -> position in answer */
    double *answer;
    uint32_t n, capacity;
    struct arena keys;
};

struct answers *answers_new(void)
{
    return memory_new(sizeof(struct answers));
}

void answers_clear(struct answers *answers)
{
    if (!answers)
        return;
    table_free(&answers->index);
    arena_free(&answers->keys);
    answers->n = 0;
}

void answers_free(struct answers *answers)
{
    if (!answers)
        return;
    answers_clear(answers);
    free(answers->answer);
    free(answers);
}

/* False where the names are too long to be kept: then there is no last good answer for them. */
static bool make_key(char key[KEY_MAX], const char *vm, const char *host)
{
    int length = snprintf(key, KEY_MAX, "%s\n%s", vm, host);
    return length > 0 && length < KEY_MAX;
}

void answers_put(struct answers *answers, const char *vm, const char *host, double answer)
{
    char key[KEY_MAX];
    if (!make_key(key, vm, host))
        return;
    uint32_t i = table_get(&answers->index, key);
    if (i == TABLE_NONE) {
        if (answers->n == ANSWERS_MAX)
            answers_clear(answers);
        answers->answer = memory_grow(answers->answer, &answers->capacity, answers->n + 1,
                                      sizeof *answers->answer);
        i = answers->n++;
        table_put(&answers->index, arena_text(&answers->keys, key), i);
    }
    answers->answer[i] = answer;
}

bool answers_get(const struct answers *answers, const char *vm, const char *host, double *answer)
{
    char key[KEY_MAX];
    if (!make_key(key, vm, host))
        return false;
    uint32_t i = table_get(&answers->index, key);
    if (i == TABLE_NONE)
        return false;
    *answer = answers->answer[i];
    return true;
}
