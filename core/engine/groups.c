/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is wrong with affinity groups is told when it begins, not at each look: a quiet night is a
 * quiet log. VMs come and go, so it is looked at with each round, too. What is not there is told
 * only once all hosts have reported: until then it may be on one of those.
 */
#include "engine/internal.h"

#include "base/memory.h"
#include "model/group_rules.h"

#include <stdlib.h>
#include <string.h>

static bool all_have_reported(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++)
        if (!engine->watches[i]->reported)
            return false;
    return true;
}

static bool was_told(const struct engine *engine, const char *text)
{
    for (uint32_t i = 0; i < engine->n_group_problems; i++)
        if (strcmp(engine->group_problems[i], text) == 0)
            return true;
    return false;
}

void group_problems_free(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_group_problems; i++)
        free(engine->group_problems[i]);
    free(engine->group_problems);
    engine->group_problems = NULL;
    engine->n_group_problems = 0;
}

void groups_tell(struct engine *engine)
{
    if (engine->fleet->n_groups == 0 && engine->n_group_problems == 0)
        return;
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rows rows = group_problems(columns, all_have_reported(engine), &arena);
    const struct group_problem *problems = rows.item;
    char **now = memory_array(rows.n, sizeof *now);
    for (uint32_t i = 0; i < rows.n; i++) {
        now[i] = memory_copy_text(problems[i].text);
        if (!was_told(engine, problems[i].text))
            notice(engine, problems[i].refused ? NOTICE_ERROR : NOTICE_WARNING, problems[i].code,
                   NULL, NULL, "%s", problems[i].text);
    }
    group_problems_free(engine);
    engine->group_problems = now;
    engine->n_group_problems = rows.n;
    columns_free(columns);
    arena_free(&arena);
}
