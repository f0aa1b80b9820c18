/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proofs; see proof.h. */
#include "engine/proof.h"

#include "base/field_lines.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct proof {
    const char *text; /* for people: what it rests on */
    double at;
    double goes_on_at; /* 0: it does not */
    struct arena arena;
};

#define PROOF(member) offsetof(struct proof, member)
static const struct field remembered_proof[] = {
    {.key = "text", .type = FIELD_TEXT, .offset = PROOF(text)},
    {.key = "at", .type = FIELD_NUMBER, .offset = PROOF(at)},
    {.key = "goes_on_at", .type = FIELD_NUMBER, .offset = PROOF(goes_on_at)},
    {0},
};

/* The host is there and has it not: nothing to be kept, so one for all. */
static const struct proof reported = {.text = "its host says that it does not run there"};

static const char *name_of(struct engine *engine, const struct watch *watch)
{
    return emit_printf(engine, "proof/%s", watch->name);
}

static void remember_proof(struct engine *engine, const struct watch *watch)
{
    remember(engine, name_of(engine, watch),
             field_lines_write(&engine->out->arena, remembered_proof, watch->failure.proof));
}

static void take(struct engine *engine, struct watch *watch, const char *how, const char *by)
{
    struct proof *proof = memory_new(sizeof *proof);
    proof->at = engine->now;
    proof->text = arena_printf(&proof->arena, "%s %s", how, by);
    proof_free(watch->failure.proof);
    watch->failure.proof = proof;
    remember_proof(engine, watch);
    engine->dirty = true;
}

void proof_by_fence(struct engine *engine, struct watch *watch, const char *by)
{
    take(engine, watch, "fenced by", by);
}

void proof_by_word(struct engine *engine, struct watch *watch, const char *by)
{
    take(engine, watch, "heard to run no guests any more, by", by);
}

void proof_by_person(struct engine *engine, struct watch *watch, const char *who)
{
    take(engine, watch, "confirmed to be off by", who);
}

void proof_end(struct engine *engine, struct watch *watch)
{
    if (!watch->failure.proof)
        return;
    forget(engine, name_of(engine, watch));
    proof_free(watch->failure.proof);
    watch->failure.proof = NULL;
    engine->dirty = true;
}

const struct proof *proof_of_host(const struct watch *watch)
{
    return watch->failure.proof;
}

const struct proof *proof_of_vm(const struct engine *engine, const char *vm, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    if (!watch)
        return NULL;
    if (!watch->connected)
        return watch->failure.proof;
    const struct vm *known = fleet_vm(engine->fleet, vm);
    bool runs = known && known->host && strcmp(known->host, host) == 0 && vm_occupies(known);
    return watch->reported && !runs ? &reported : NULL;
}

/* Of a cold move that goes back: see cold.c. */
static const struct proof cleared = {.text = "nothing can start it at the destination of its move"};

const struct proof *proof_of_stage(const struct move *move)
{
    return move->record.stage == STAGE_BACK ? &cleared : NULL;
}

const char *proof_text(const struct proof *proof)
{
    return proof->text;
}

double proof_at(const struct proof *proof)
{
    return proof->at;
}

void proof_goes_on(struct engine *engine, struct watch *watch)
{
    if (!watch->failure.proof)
        return;
    watch->failure.proof->goes_on_at = engine->now;
    remember_proof(engine, watch);
}

double proof_goes_on_at(const struct proof *proof)
{
    return proof->goes_on_at;
}

void proof_recall(struct engine *engine, struct watch *watch, const char *lines)
{
    struct proof *proof = memory_new(sizeof *proof);
    proof->text = "";
    field_lines_read(&proof->arena, remembered_proof, lines, proof);
    if (!proof->text[0]) { /* nothing that was once written: no proof */
        forget(engine, name_of(engine, watch));
        proof_free(proof);
        return;
    }
    proof_free(watch->failure.proof);
    watch->failure.proof = proof;
}

void proof_free(struct proof *proof)
{
    if (!proof || proof == &reported || proof == &cleared)
        return;
    arena_free(&proof->arena);
    free(proof);
}
