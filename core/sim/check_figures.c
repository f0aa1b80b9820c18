/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted and not judged. */
#include "sim/check.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void count_ended(struct run *run, const struct migration *migration)
{
    struct figures *figures = &run->result->figures;
    uint64_t *const counters[] = {
        [MIGRATION_COMPLETED] = &figures->completed, [MIGRATION_FAILED] = &figures->failed,
        [MIGRATION_ABORTED] = &figures->aborted, [MIGRATION_CANCELLED] = &figures->cancelled,
    };
    uint32_t vm = sim_find_vm(run->sim, migration->vm);
    if (!migration_ended(migration))
        return;
    if (migration->kind == MIGRATION_RESTART) {
        figures->restarts += migration->state == MIGRATION_COMPLETED;
        return;
    }
    ++*counters[migration->state];
    if (!run->checks->kept || vm == UINT32_MAX || migration->state != MIGRATION_COMPLETED ||
        migration->kind == MIGRATION_OFFLINE) /* what does not run need not rest */
        return;
    run->checks->moved_at[vm] = migration->ended_at;
    run->checks->moved_truly_at[vm] = sim_now(run->sim);
}

static void count_order(struct run *run, const struct effect *effect)
{
    const struct migration *migration = migration_of(run, effect->move);
    run->result->figures.ordered++;
    run->result->figures.balanced += migration && migration->purpose == DROVER_TO_BALANCE;
}

void figures_step(struct run *run)
{
    struct figures *figures = &run->result->figures;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind == EFFECT_MIGRATE)
            count_order(run, effect);
        else if (effect->kind == EFFECT_MIGRATION)
            count_ended(run, effect->migration);
        if (effect->kind != EFFECT_NOTICE)
            continue;
        figures->adopted += strcmp(effect->name, "migration.adopted") == 0;
        figures->retried += strcmp(effect->name, "migration.retry") == 0;
    }
}

static double deviation(const double *values, uint32_t n)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += values[i];
    for (uint32_t i = 0; i < n; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    return n ? sqrt(squares / n) : 0;
}

void figures_minute(struct run *run)
{
    struct figures *figures = &run->result->figures;
    uint32_t n = 0;
    double *cpu = memory_array(sim_n_hosts(run->sim), sizeof *cpu);
    double *memory = memory_array(sim_n_hosts(run->sim), sizeof *memory);
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++) {
        if (!sim_host_alive(run->sim, h))
            continue;
        cpu[n] = sim_host_cpu_pct(run->sim, h);
        memory[n++] = sim_host_memory_pct(run->sim, h);
    }
    figures->cpu_imbalance_end_pct = deviation(cpu, n);
    figures->memory_imbalance_end_pct = deviation(memory, n);
    run->checks->cpu_sum += figures->cpu_imbalance_end_pct;
    run->checks->memory_sum += figures->memory_imbalance_end_pct;
    run->checks->samples++;
    figures->cpu_imbalance_pct = run->checks->cpu_sum / run->checks->samples;
    figures->memory_imbalance_pct = run->checks->memory_sum / run->checks->samples;
    free(cpu);
    free(memory);
}
