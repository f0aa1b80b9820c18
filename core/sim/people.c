/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everybody else: hooks that ask, operators who contradict themselves, and virsh. */
#include "sim/private.h"

#include "base/memory.h"

#define HOOK_DEADLINE_S 2.0

/* ------------------------------------------------------------------ hooks */

static void answered(struct sim *sim, const struct question *question, enum hook_verdict verdict)
{
    if (question->job)
        job_hook_answered(sim, question->job, verdict != HOOK_REFUSES);
    else if (question->start)
        start_answered(sim, question->start, verdict);
    else if (question->autostart)
        autostart_answered(sim, question->vm, question->host, verdict);
    else
        guest_start_answered(sim, question->vm, verdict);
}

static void settle(struct sim *sim, uint32_t i, enum hook_verdict verdict)
{
    struct question question = sim->questions[i];
    sim->questions[i] = sim->questions[--sim->n_questions];
    answered(sim, &question, verdict);
}

void sim_hook_answered(struct sim *sim, uint64_t id, bool ok)
{
    for (uint32_t i = 0; i < sim->n_questions; i++) {
        if (sim->questions[i].id != id)
            continue;
        if (!sim->hosts[sim->questions[i].host].deaf)
            settle(sim, i, ok ? HOOK_ALLOWS : HOOK_REFUSES);
        return;
    }
}

/* drover-hook waits no longer than its deadline. */
static void deadline(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    for (uint32_t i = 0; i < sim->n_questions; i++) {
        if (sim->questions[i].id != timer->a)
            continue;
        settle(sim, i, HOOK_IS_SILENT);
        return;
    }
}

void ask_nobody(struct sim *sim)
{
    while (sim->n_questions)
        settle(sim, 0, HOOK_IS_SILENT);
}

static void post_question(struct sim *sim, uint64_t id, uint32_t host, const struct sim_vm *vm,
                          const char *operation)
{
    struct event *event = sim_event(sim, EVENT_HOOK_ASK);
    struct vm record = vm->record;
    record.host = sim_host_name(sim, host);
    event->id = id;
    event_set(event, &event->host, record.host);
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.object, record.name);
    event_set(event, &event->hook.operation, operation);
    event_set(event, &event->hook.sub_operation, "begin");
    event_set(event, &event->hook.extra, "-");
    event_add_vm(event, &record);
    sim_post(sim, event, 0.002);
}

void ask_hook(struct sim *sim, const struct question *asked, const char *operation)
{
    struct question question = *asked;
    question.id = ++sim->last_question;
    if (!sim->controller || sim->hosts[question.host].cut || sim->hosts[question.host].mute) {
        answered(sim, &question, HOOK_IS_SILENT);
        return;
    }
    sim->questions = memory_grow(sim->questions, &sim->question_room, sim->n_questions + 1,
                                 sizeof *sim->questions);
    sim->questions[sim->n_questions++] = question;
    post_question(sim, question.id, question.host, &sim->vms[question.vm], operation);
    sim_after(sim, HOOK_DEADLINE_S, deadline, question.id, 0);
}

/* A question that nothing hangs on. Migrations are announced by those that there are. */
void people_hook(struct sim *sim)
{
    static const char *const operations[] = {"start", "prepare", "restore", "reconnect",
                                             "release"};
    if (!sim->controller || sim->n_vms == 0)
        return;
    uint32_t vm = random_below(&sim->chance, sim->n_vms);
    uint32_t host = random_below(&sim->chance, sim->n_hosts);
    const char *operation = operations[random_below(&sim->chance, 5)];
    if (sim->hosts[host].alive && !sim->hosts[host].cut && !sim->hosts[host].mute &&
        !host_is_frozen(sim, host))
        post_question(sim, ++sim->last_question, host, &sim->vms[vm], operation);
}

/* ------------------------------------------------------------------ operators */

struct asked {
    const char *verb, *host;
};

void sim_ask(struct sim *sim, const char *verb, const char *host, const char *vm, const char *to)
{
    if (!sim->controller)
        return; /* "cannot reach droverd" */
    struct event *event = sim_event(sim, EVENT_OPERATOR_REQUEST);
    event->id = ++sim->last_question;
    event_set(event, &event->name, verb);
    event_set(event, &event->host, host);
    event_set(event, &event->vm, vm);
    event_set(event, &event->to, to);
    event_set(event, &event->who, "operator");
    sim_say(sim, "operator: %s%s%s%s%s%s%s", verb, host[0] ? " " : "", host, vm[0] ? " " : "", vm,
            to[0] ? " to " : "", to);
    sim_post(sim, event, 0.001);
}

static void ask_now(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    const struct asked *asked = (const struct asked *)(uintptr_t)timer->a;
    if (sim->controller)
        sim_ask(sim, asked->verb, asked->host, "", "");
    else /* whoever asks tries again when somebody answers */
        sim_after(sim, 10, ask_now, timer->a, 0);
}

void sim_ask_at(struct sim *sim, double at, const char *verb, const char *host)
{
    struct asked *asked = arena_new(&sim->arena, sizeof *asked);
    *asked = (struct asked){verb, host};
    sim_after(sim, at - sim->now, ask_now, (uintptr_t)asked, 0);
}

/* People keep most of a fleet in service: when a third is out of it, they take something back. */
static bool enough_are_out(const struct sim *sim)
{
    uint32_t out = 0;
    for (uint32_t h = 0; h < sim->n_hosts; h++)
        out += sim->hosts[h].asked || sim->hosts[h].file;
    return out > 0 && out >= sim->n_hosts / 3;
}

static struct sim_host *pick(struct sim *sim, bool asked, bool file)
{
    uint32_t first = random_below(&sim->chance, sim->n_hosts);
    for (uint32_t i = 0; i < sim->n_hosts; i++) {
        struct sim_host *host = &sim->hosts[(first + i) % sim->n_hosts];
        if ((asked && host->asked) || (file && host->file))
            return host;
    }
    return &sim->hosts[first];
}

static void ask_for_maintenance(struct sim *sim)
{
    bool on = !enough_are_out(sim) && random_chance(&sim->chance, 0.7);
    struct sim_host *host = pick(sim, !on, false);
    host->asked = on;
    sim_ask(sim, on ? "maintenance_on" : "maintenance_off", host->record.name, "", "");
}

static void ask_for_move(struct sim *sim)
{
    bool named = random_chance(&sim->chance, 0.5);
    const char *to = named ? sim_host_name(sim, random_below(&sim->chance, sim->n_hosts)) : "";
    if (sim->n_vms > 0)
        sim_ask(sim, "migrate", "",
                sim->vms[random_below(&sim->chance, sim->n_vms)].record.name, to);
}

/* Rather of one that moves. */
static void ask_for_abort(struct sim *sim)
{
    uint32_t vm = sim->n_jobs > 0
                      ? sim->jobs[random_below(&sim->chance, sim->n_jobs)]->vm
                      : random_below(&sim->chance, sim->n_vms);
    if (sim->n_vms > 0)
        sim_ask(sim, "abort", "", sim->vms[vm].record.name, "");
}

static void ask_for_end(struct sim *sim)
{
    if (sim->n_jobs > 0)
        sim_ask(sim, "force_complete", "",
                sim->vms[sim->jobs[random_below(&sim->chance, sim->n_jobs)]->vm].record.name, "");
}

static void ask_for_balance(struct sim *sim)
{
    sim_ask(sim, "rebalance", "", "", "");
}

void people_operator(struct sim *sim)
{
    static void (*const wishes[])(struct sim *) = {
        ask_for_maintenance, ask_for_maintenance, ask_for_move, ask_for_move, ask_for_move,
        ask_for_abort, ask_for_end, ask_for_balance,
    };
    wishes[random_below(&sim->chance, sizeof wishes / sizeof *wishes)](sim);
}

static void ask_with(struct sim *sim, const char *verb, uint32_t vm, const struct pair *arguments,
                     uint32_t n)
{
    struct event *event = sim_event(sim, EVENT_OPERATOR_REQUEST);
    struct pair *copy = arena_array(&event->arena, n, sizeof *copy);
    event->id = ++sim->last_question;
    event_set(event, &event->name, verb);
    event_set(event, &event->vm, sim->vms[vm].record.name);
    event_set(event, &event->who, "operator");
    for (uint32_t i = 0; i < n; i++)
        copy[i] = arguments[i];
    event->arguments = (struct pairs){.item = copy, .n = n, .known = true};
    sim_say(sim, "operator: %s %s%s%s", verb, sim->vms[vm].record.name, n ? " " : "",
            n ? arguments[0].value : "");
    sim_post(sim, event, 0.001);
}

/* Sooner or later somebody looks whether all is well; asking what was not asked for does no harm. */
static void judge(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    if (sim->controller)
        ask_with(sim, random_chance(&sim->cold, 0.5) ? "confirm" : "revert", (uint32_t)timer->a,
                 NULL, 0);
    if (random_chance(&sim->cold, 0.7)) /* a controller that was away may have to be told again */
        sim_after(sim, random_between(&sim->cold, 60, 900), judge, timer->a, 0);
}

void people_cold(struct sim *sim)
{
    static const struct pair cold[] = {
        {.key = "kind", .value = "cold"}, {.key = "verify", .value = "yes"}};
    static const struct pair offline[] = {{.key = "kind", .value = "offline"}};
    if (!sim->controller || sim->n_vms == 0)
        return;
    uint32_t vm = random_below(&sim->cold, sim->n_vms);
    bool verify = random_chance(&sim->cold, 0.4);
    if (sim->vms[vm].n_processes == 0) {
        ask_with(sim, "migrate", vm, offline, 1);
        return;
    }
    ask_with(sim, "migrate", vm, cold, verify ? 2 : 1);
    if (verify)
        sim_after(sim, random_between(&sim->cold, 120, 1200), judge, vm, 0);
    if (random_chance(&sim->cold, 0.15))
        sim_ask(sim, "abort", "", sim->vms[vm].record.name, "");
}

static void post_file(struct sim *sim, const struct sim_host *host)
{
    struct event *event = sim_event(sim, EVENT_MAINTENANCE_FILE);
    event_set(event, &event->host, host->record.name);
    event->ok = host->file;
    sim_post(sim, event, 0.001);
}

void people_file(struct sim *sim)
{
    bool on = !enough_are_out(sim);
    struct sim_host *host = pick(sim, false, !on);
    host->file = on && !host->file;
    sim_say(sim, "a file for host %s %s in maintenance.d", host->record.name,
            host->file ? "appears" : "is removed");
    post_file(sim, host);
}

void sim_tell_files(struct sim *sim)
{
    for (uint32_t h = 0; h < sim->n_hosts; h++)
        if (sim->hosts[h].file)
            post_file(sim, &sim->hosts[h]);
}

/* ------------------------------------------------------------------ virsh */

void people_virsh(struct sim *sim)
{
    if (sim->n_vms == 0)
        return;
    uint32_t vm = random_below(&sim->chance, sim->n_vms);
    uint32_t to = random_below(&sim->chance, sim->n_hosts);
    uint32_t from = guest_executes_at(&sim->vms[vm]);
    if (from == SIM_NONE || from == to || sim->vms[vm].job || !host_works(sim, from) ||
        !host_works(sim, to) || !hosts_reach(sim, from, to))
        return;
    struct how how;
    field_defaults(how_fields, &how);
    sim_say(sim, "virsh moves VM %s from host %s to host %s", sim->vms[vm].record.name,
            sim_host_name(sim, from), sim_host_name(sim, to));
    job_begin(sim, vm, from, to, &how, false);
}
