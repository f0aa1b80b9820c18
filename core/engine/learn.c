/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecast against outcome: see learn.h. */
#include "engine/internal.h"

#include "base/memory.h"
#include "base/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MOST 512u
/* A shorter move says more of what is around the copying than of the link. */
#define SAID_BY_S 2.0
#define SAID_BY_MIB 32.0
/* What was at the limit of its policy says nothing of the link. */
#define NEAR_LIMIT 0.9
#define SHARE_LEAST 0.01
#define SHARE_MOST 2.0
#define RATE_MOST_MIB_S 1e6

static struct learnt_link *find(const struct links *links, const char *from, const char *to)
{
    for (uint32_t i = 0; links && i < links->n; i++)
        if (strcmp(links->item[i].from, from) == 0 && strcmp(links->item[i].to, to) == 0)
            return &links->item[i];
    return NULL;
}

static void drop(struct links *links, uint32_t i)
{
    free(links->item[i].from);
    free(links->item[i].to);
    links->item[i] = links->item[--links->n];
}

void links_free(struct links *links)
{
    while (links->n > 0)
        drop(links, links->n - 1);
    free(links->item);
    *links = (struct links){0};
}

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double median(const double *samples, uint32_t n)
{
    double sorted[LEARN_SAMPLES];
    memcpy(sorted, samples, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

struct learnt links_learnt(const struct links *links, const char *from, const char *to)
{
    struct learnt learnt = {.factor = NAN, .rate_mib_s = NAN};
    const struct learnt_link *link = find(links, from, to);
    if (!link || link->n == 0)
        return learnt;
    if (link->shares)
        learnt.factor = median(link->sample, link->n);
    else
        learnt.rate_mib_s = median(link->sample, link->n);
    return learnt;
}

static const char *name_of(struct engine *engine, const char *from, const char *to)
{
    return emit_printf(engine, "link/%s/%s", from, to);
}

/* Room for one more: who was not used for the longest time goes. */
static void make_room(struct engine *engine)
{
    struct links *links = &engine->links;
    uint32_t oldest = 0;
    if (links->n < LINKS_MOST)
        return;
    for (uint32_t i = 1; i < links->n; i++)
        if (links->item[i].used < links->item[oldest].used)
            oldest = i;
    forget(engine, name_of(engine, links->item[oldest].from, links->item[oldest].to));
    drop(links, oldest);
}

static struct learnt_link *get(struct engine *engine, const char *from, const char *to)
{
    struct links *links = &engine->links;
    struct learnt_link *link = find(links, from, to);
    if (!link) {
        make_room(engine);
        links->item = memory_grow(links->item, &links->room, links->n + 1, sizeof *links->item);
        link = &links->item[links->n++];
        *link = (struct learnt_link){.from = memory_copy_text(from), .to = memory_copy_text(to)};
    }
    link->used = ++links->uses;
    return link;
}

static void add_sample(struct learnt_link *link, bool shares, double sample)
{
    double most = shares ? SHARE_MOST : RATE_MOST_MIB_S;
    if (link->shares != shares)
        link->n = 0; /* somebody has said, or does not say any more, how fast the links are */
    link->shares = shares;
    if (link->n == LEARN_SAMPLES)
        memmove(link->sample, link->sample + 1, --link->n * sizeof *link->sample);
    link->sample[link->n++] = fmin(fmax(sample, SHARE_LEAST), most);
}

/* "share 0.93 0.91 ..." or "rate 94 95 ..." */
static void remember_link(struct engine *engine, const struct learnt_link *link)
{
    const char *text = link->shares ? "share" : "rate";
    for (uint32_t i = 0; i < link->n; i++)
        text = emit_printf(engine, "%s %.6g", text, link->sample[i]);
    remember(engine, name_of(engine, link->from, link->to), text);
}

/* link/FROM/TO: names of hosts have no slash. What cannot be read is forgotten. */
void learn_recall(struct engine *engine, const char *rest, const char *text)
{
    struct arena *arena = &engine->out->arena;
    const char *slash = strchr(rest, '/'), *word = text;
    bool shares = strncmp(text, "share ", 6) == 0;
    size_t length;
    if (!slash || (!shares && strncmp(text, "rate ", 5) != 0)) {
        forget(engine, emit_printf(engine, "link/%s", rest));
        return;
    }
    const char *from = arena_bytes(arena, rest, (size_t)(slash - rest));
    struct learnt_link *link = get(engine, from, slash + 1);
    drover_next_word(&word, &length);
    for (const char *next = drover_next_word(&word, &length); next;
         next = drover_next_word(&word, &length)) {
        double sample;
        if (scalar_number(arena_bytes(arena, next, length), &sample) && sample > 0)
            add_sample(link, shares, sample);
    }
}

/* --- of one move ------------------------------------------------------------------------- */

void learn_begin(struct engine *engine, struct move *move, const struct columns *columns,
                 uint32_t vm, uint32_t to)
{
    struct migration *record = &move->record;
    struct learnt learnt = links_learnt(&engine->links, record->from, record->to);
    struct forecast forecast =
        forecast_of(columns, vm, to, &move->how, &learnt, &move->arena);
    record->forecast_s = forecast.duration_s;
    record->forecast_downtime_ms = forecast.downtime_ms;
    record->forecast_mib_s = forecast.rate_mib_s;
    move->link_mib_s = strcmp(forecast.rate_by, "learnt") == 0 ? NAN : forecast.link_mib_s;
}

void learn_end(struct engine *engine, const struct move *move)
{
    const struct migration *record = &move->record;
    const struct progress *progress = &record->progress;
    double limit = move->how.bandwidth_mib_s;
    if (record->kind != MIGRATION_LIVE || move->link_mib_s == 0 || !(progress->elapsed_s >= SAID_BY_S) ||
        !(progress->memory_processed_mib >= SAID_BY_MIB))
        return;
    double rate = progress->memory_processed_mib / progress->elapsed_s;
    if (limit > 0 && rate > NEAR_LIMIT * limit)
        return;
    struct learnt_link *link = get(engine, record->from, record->to);
    bool shares = move->link_mib_s > 0;
    add_sample(link, shares, shares ? rate / move->link_mib_s : rate);
    remember_link(engine, link);
}
