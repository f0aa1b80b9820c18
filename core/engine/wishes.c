/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one VM wishes of its migrations, over what its cluster's policy says: by the labels
 * migration.policy (a migrate unit), migration.downtime_ms, migration.auto_converge,
 * migration.compress and migration.encryption. Whoever may edit the VM writes them, so a value that
 * makes no sense is left out and said, as what a host cannot do is; and none makes a move go in the
 * clear that the cluster wants encrypted.
 */
#include "engine/internal.h"

#include "base/scalar.h"

#include <string.h>

#define DOWNTIME_MOST_MS 2000000.0 /* what QEMU takes at most */

static const char *wish(const struct how_ask *ask, const char *key)
{
    return drover_label(&ask->columns->vms.labels, ask->vm, key);
}

static void refuse(const struct how_ask *ask, struct how_answer *answer, const char *key,
                   const char *expected)
{
    how_leave_out(ask, answer, "migration.without_wish",
                  arena_printf(ask->arena, "what its label %s says: expected %s, found \"%.64s\"",
                               key, expected, wish(ask, key)));
}

const struct bound_unit *wished_unit(const struct how_ask *ask, struct how_answer *answer)
{
    const struct ruleset *rules = ask->rules;
    const char *name = wish(ask, "migration.policy");
    if (!name || (rules->migrate.unit && strcmp(rules->migrate.name, name) == 0))
        return &rules->migrate;
    for (uint32_t i = 0; i < rules->n_migrates; i++)
        if (strcmp(rules->migrates[i].name, name) == 0)
            return &rules->migrates[i];
    refuse(ask, answer, "migration.policy", "a migrate unit");
    return &rules->migrate;
}

static void wish_downtime(const struct how_ask *ask, struct how_answer *answer)
{
    const char *text = wish(ask, "migration.downtime_ms");
    double ms;
    if (text && scalar_number(text, &ms) && ms > 0 && ms <= DOWNTIME_MOST_MS)
        answer->how.downtime_ms = ms;
    else if (text)
        refuse(ask, answer, "migration.downtime_ms", "a number of milliseconds");
}

void how_by_wishes(const struct how_ask *ask, struct drover_how *how, struct how_answer *answer)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } flags[] = {
        {"migration.auto_converge", DROVER_HOW_AUTO_CONVERGE},
        {"migration.compress", DROVER_HOW_COMPRESS},
        {"migration.encryption", DROVER_HOW_TLS},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const char *text = wish(ask, flags[i].key);
        bool on, clear = flags[i].flag == DROVER_HOW_TLS && how->flags & DROVER_HOW_TLS;
        if (text && clear && scalar_boolean(text, &on) && !on)
            refuse(ask, answer, flags[i].key, "yes, as the policy of its cluster says");
        else if (text && scalar_boolean(text, &on))
            how->flags = on ? how->flags | flags[i].flag : how->flags & ~flags[i].flag;
        else if (text)
            refuse(ask, answer, flags[i].key, "yes or no");
    }
    wish_downtime(ask, answer);
}
