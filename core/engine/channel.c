/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Channel: how the bytes of a move travel. What the migrate unit asks for and what the policy says
 * make it: bandwidth, connections, compression, encryption, network; features.c then leaves out
 * what a side cannot do.
 *
 * Bandwidth is written in Mbps, 10^6 bits a second, as link speeds are, and libvirt takes MiB/s,
 * 2^20 bytes: 1 MiB/s is 8.388608 Mbps. (RHV divides by 8, and so exceeds its limit by 4.9 %.)
 * While moves run, the limit of each follows the policy, the operator, and, with bandwidth_share:
 * running, the number of moves.
 */
#include "engine/internal.h"

#include "base/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MBPS_PER_MIB_S 8.388608
/* RHV's: a connection more for each 10 Gbps, as one CPU does not fill more than that. */
#define MBPS_PER_CONNECTION 10240.0
#define CONNECTIONS_MAX 255

static double mib_s_of(double mbps)
{
    return mbps / MBPS_PER_MIB_S;
}

/* libvirt takes whole ones: never more than was said, and never none. */
static double whole_mib_s(double mib_s)
{
    return mib_s > 0 ? fmax(1, floor(mib_s)) : 0;
}

/*
 * MiB/s; 0: no limit. What a person says goes over what the unit says, and that over the policy's,
 * which the moves share: as many as may run, or as many as do.
 */
static double speed_of(const struct channel_share *share, uint32_t running)
{
    if (!isnan(share->asked_mbps))
        return mib_s_of(share->asked_mbps);
    if (share->fixed_mib_s > 0)
        return share->fixed_mib_s;
    return mib_s_of(share->mbps) / (share->running ? running : share->concurrent);
}

/* Whether the policy says that word; "unit", or nothing, leaves it to the migrate unit. */
static bool says(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* A number of the policy's, or what the unit said. */
static double number_or(const char *text, double otherwise)
{
    double number;
    return text && scalar_number(text, &number) ? number : otherwise;
}

/* What a host has for migrations; 0: not known. */
static double host_mbps(const struct how_ask *ask, uint32_t host)
{
    const char *name = ask->columns->hosts.name[host];
    const struct host_setting *setting = settings_host(ask->settings, name);
    if (setting && setting->migration_limit_mbps > 0)
        return setting->migration_limit_mbps;
    double link = ask->columns->hosts.link_mbps[host];
    return isfinite(link) && link > 0 ? link : 0;
}

/* The smaller of both, of those that are known. */
static double auto_mbps(const struct how_ask *ask)
{
    uint32_t sides[] = {ask->columns->vms.host[ask->vm], ask->to};
    double smaller = 0;
    for (int i = 0; i < 2; i++) {
        double mbps = sides[i] == DROVER_NONE ? 0 : host_mbps(ask, sides[i]);
        if (mbps > 0 && (smaller <= 0 || mbps < smaller))
            smaller = mbps;
    }
    return smaller;
}

static double policy_mbps(const struct how_ask *ask)
{
    const char *text = ask->rules->migration.bandwidth;
    double number = number_or(text, 0);
    if (says(text, "auto"))
        return auto_mbps(ask);
    return isfinite(number) && number > 0 ? number : 0;
}

/* The fewer connections, the better a guest with few CPUs can follow. */
static uint32_t auto_connections(const struct how_ask *ask, double mbps, bool parallel)
{
    double n = fmin(floor(mbps / MBPS_PER_CONNECTION), ask->columns->vms.vcpus[ask->vm]);
    if (n < 2)
        return parallel ? 2 : 0;
    return (uint32_t)fmin(n, CONNECTIONS_MAX);
}

static uint32_t count_connections(const struct how_ask *ask, const struct drover_how *how,
                                  double mbps)
{
    const char *text = ask->rules->migration.connections;
    bool unit = !text || strcmp(text, "unit") == 0;
    bool parallel = says(text, "auto_parallel") || (unit && how->flags & DROVER_HOW_AUTO_PARALLEL);
    bool automatic = says(text, "auto") || (unit && how->flags & DROVER_HOW_AUTO_CONNECTIONS);
    double n = number_or(text, unit ? how->connections : 0);
    if (how->flags & DROVER_HOW_ZEROCOPY && n < 2 && (unit || automatic))
        parallel = true;
    if (parallel || automatic)
        return auto_connections(ask, mbps, parallel);
    if (n < 2)
        return 0;
    double most = fmax(2, ask->columns->vms.vcpus[ask->vm]);
    return (uint32_t)fmin(fmin(n, most), CONNECTIONS_MAX);
}

static void set_flag(struct drover_how *how, uint32_t flag, const char *text)
{
    if (says(text, "yes"))
        how->flags |= flag;
    else if (says(text, "no"))
        how->flags &= ~flag;
}

static void choose_compression(const struct policy_migration *policy, struct drover_how *how)
{
    int method = policy->compression ? field_choice(compression_names, policy->compression) : -1;
    if (method >= 0) {
        how->flags |= DROVER_HOW_COMPRESS;
        how->compression = (uint32_t)method;
    }
    set_flag(how, DROVER_HOW_COMPRESS, policy->compression);
    how->compression_level =
        (uint32_t)number_or(policy->compression_level, how->compression_level);
}

/* The policy's word over the unit's. */
static void take_policy(const struct policy_migration *policy, struct drover_how *how)
{
    set_flag(how, DROVER_HOW_TLS, says(policy->encryption, "yes") ? "yes" : NULL);
    set_flag(how, DROVER_HOW_ZEROCOPY, policy->zero_copy);
    set_flag(how, DROVER_HOW_AUTO_CONVERGE, policy->auto_converge);
    choose_compression(policy, how);
    how->auto_converge_initial_pct =
        (uint32_t)number_or(policy->auto_converge_initial, how->auto_converge_initial_pct);
    how->auto_converge_increment_pct =
        (uint32_t)number_or(policy->auto_converge_increment, how->auto_converge_increment_pct);
    if (says(policy->postcopy_bandwidth, "hypervisor_default"))
        how->postcopy_bandwidth_mib_s = 0;
    else
        how->postcopy_bandwidth_mib_s =
            number_or(policy->postcopy_bandwidth,
                      how->postcopy_bandwidth_mib_s * MBPS_PER_MIB_S) / MBPS_PER_MIB_S;
}

/* A unit of somebody else's filled it in: nothing of it is believed unseen. */
static void sanitise(struct drover_how *how)
{
    if (!isfinite(how->bandwidth_mib_s) || how->bandwidth_mib_s < 0)
        how->bandwidth_mib_s = 0;
    if (!isfinite(how->postcopy_bandwidth_mib_s) || how->postcopy_bandwidth_mib_s < 0)
        how->postcopy_bandwidth_mib_s = 0;
    if (how->compression > DROVER_COMPRESSION_ZSTD)
        how->flags &= ~DROVER_HOW_COMPRESS;
    if (how->auto_converge_initial_pct > 99)
        how->auto_converge_initial_pct = 99;
    if (how->auto_converge_increment_pct > 99)
        how->auto_converge_increment_pct = 99;
}

static void take_flags(const struct drover_how *how, struct how *taken)
{
    taken->auto_converge = how->flags & DROVER_HOW_AUTO_CONVERGE;
    taken->postcopy = how->flags & DROVER_HOW_POSTCOPY;
    taken->compress = how->flags & DROVER_HOW_COMPRESS;
    taken->tls = how->flags & DROVER_HOW_TLS;
    taken->zerocopy = how->flags & DROVER_HOW_ZEROCOPY;
    taken->compression = taken->compress ? (int)how->compression : 0;
    taken->compression_level = taken->compress ? how->compression_level : 0;
    taken->postcopy_bandwidth_mib_s = taken->postcopy ? how->postcopy_bandwidth_mib_s : 0;
    taken->auto_converge_initial_pct = taken->auto_converge ? how->auto_converge_initial_pct : 0;
    taken->auto_converge_increment_pct =
        taken->auto_converge ? how->auto_converge_increment_pct : 0;
}

/* The host's part of "qemu+tls://kvm2.example.org:16514/system"; empty where there is none. */
static const char *host_of_uri(struct arena *arena, const char *uri)
{
    const char *host = strstr(uri, "://");
    host = host ? host + 3 : "";
    size_t length = strcspn(host, "/?");
    for (size_t i = 0; i < length; i++) {
        if (host[i] == '@') { /* behind whoever logs in */
            host += i + 1;
            length -= i + 1;
            break;
        }
    }
    if (*host == '[') /* IPv6 */
        return arena_bytes(arena, host + 1, strcspn(host + 1, "]/?"));
    size_t name = strcspn(host, ":/?");
    return arena_bytes(arena, host, name < length ? name : length);
}

static void take_destination(const struct how_ask *ask, const char *to, struct how_answer *answer)
{
    bool management = says(ask->rules->migration.network, "management");
    const struct host_setting *setting = settings_host(ask->settings, to);
    struct how *how = &answer->how;
    const char *uri = !setting            ? ""
                      : setting->peer_uri ? setting->peer_uri
                                          : setting->uri;
    const char *address = setting && setting->migration_address ? setting->migration_address : "";
    how->peer_uri = arena_text(ask->arena, uri);
    how->migration_address = arena_text(ask->arena, management ? "" : address);
    if (!how->tls)
        return;
    const char *name = host_of_uri(ask->arena, uri);
    how->tls_destination = setting && setting->tls_name[0] ? arena_text(ask->arena, setting->tls_name)
                           : name[0]                       ? name
                                                           : arena_text(ask->arena, to);
}

void channel_choose(const struct how_ask *ask, const struct drover_how *asked,
                    struct how_answer *answer)
{
    struct drover_how how = *asked;
    double mbps = policy_mbps(ask);
    take_policy(&ask->rules->migration, &how);
    how_by_wishes(ask, &how, answer);
    sanitise(&how);
    take_flags(&how, &answer->how);
    answer->how.connections = count_connections(ask, &how, mbps);
    answer->max_concurrent = how.max_concurrent;
    features_leave_out(ask, answer);
    if (answer->how.connections > 1)
        answer->max_concurrent = 1; /* RHV's: it has all CPUs that it wants, and the whole link */
    uint32_t limit = ask->settings->limits.outgoing_per_host;
    answer->share = (struct channel_share){
        .known = true,
        .fixed_mib_s = how.bandwidth_mib_s,
        .mbps = mbps,
        .concurrent = answer->max_concurrent ? answer->max_concurrent : limit > 0 ? limit : 1,
        .running = says(ask->rules->migration.bandwidth_share, "running"),
        .asked_mbps = NAN,
    };
    answer->how.bandwidth_mib_s = whole_mib_s(speed_of(&answer->share, 1));
    if (ask->to != DROVER_NONE)
        take_destination(ask, ask->columns->hosts.name[ask->to], answer);
}

/* ------------------------------------------------------------------ while it runs */

static bool takes_bandwidth(const struct move *move)
{
    return move_is_active(move) && !move_is_restart(move) && !move->call_done && !move->arrived;
}

/* Moves that go through the busier of its two hosts; itself is one of them. */
static uint32_t count_running(const struct engine *engine, const struct move *move)
{
    uint32_t out = 0, in = 0;
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct move *other = engine->moves[i];
        bool counts = other == move || takes_bandwidth(other);
        out += counts && strcmp(other->record.from, move->record.from) == 0;
        in += counts && strcmp(other->record.to, move->record.to) == 0;
    }
    return out > in ? out : in > 0 ? in : 1;
}

void channel_begin(struct engine *engine, struct move *move)
{
    uint32_t running = count_running(engine, move);
    move->how.bandwidth_mib_s = whole_mib_s(speed_of(&move->share, running));
    const struct left_out *out = move->left_out.item;
    for (uint32_t i = 0; i < move->left_out.n; i++)
        notice(engine, NOTICE_INFO, out[i].code, move->record.to, move->record.name,
               "VM %s moves from host %s to host %s without %s", move->record.name,
               move->record.from, move->record.to, out[i].text)
            ->move = move->record.id;
}

static void set_speed(struct engine *engine, struct move *move, enum migration_phase phase,
                      double mib_s)
{
    struct effect *effect = emit(engine, EFFECT_SET_BANDWIDTH);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    effect->name = migration_phase_names[phase];
    effect->number = mib_s;
    *(phase == PHASE_POSTCOPY ? &move->how.postcopy_bandwidth_mib_s
                              : &move->how.bandwidth_mib_s) = mib_s;
    notice(engine, NOTICE_INFO, "migration.bandwidth", move->record.to, move->record.name,
           mib_s > 0 ? "VM %s moves at %.0f MiB/s at most from now on"
                     : "VM %s moves without a limit of its speed from now on",
           move->record.name, mib_s)
        ->move = move->record.id;
}

void channel_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (!takes_bandwidth(move) || !move->share.known || move->abort_sent ||
            move->record.progress.postcopy)
            continue;
        double mib_s = whole_mib_s(speed_of(&move->share, count_running(engine, move)));
        if (mib_s < move->how.bandwidth_mib_s || mib_s > move->how.bandwidth_mib_s)
            set_speed(engine, move, PHASE_PRECOPY, mib_s);
    }
}

/*
 * A person wants so much, 0: no limit, NAN: the policy's. False where nothing is copied now. Of a
 * move that was adopted nothing is known but that it runs: it gets a limit as soon as a person
 * names one. Post-copy has a limit of its own, which nothing but this changes.
 */
static bool ask(struct engine *engine, struct move *move, double mbps)
{
    if (!takes_bandwidth(move) || move->abort_sent)
        return false;
    if (move->record.progress.postcopy) {
        set_speed(engine, move, PHASE_POSTCOPY, isnan(mbps) ? 0 : whole_mib_s(mib_s_of(mbps)));
        return true;
    }
    if (!move->share.known)
        move->share = (struct channel_share){.known = true, .concurrent = 1};
    move->share.asked_mbps = mbps;
    engine->dirty = true;
    return true;
}

/* What a person asked for stays. What a unit fails to say now stays as it was. */
static void share_anew(struct engine *engine, const struct columns *columns,
                       const struct rules *rules, struct move *move)
{
    struct arena arena = ARENA_INIT;
    struct how_ask ask = {
        .settings = &engine->settings, .columns = columns, .arena = &arena,
        .vm = columns_vm(columns, move->record.vm), .to = columns_host(columns, move->record.to),
        .purpose = (enum drover_purpose)move->record.purpose,
    };
    if (ask.vm != DROVER_NONE && ask.to != DROVER_NONE)
        ask.rules = rules_of(rules, columns, ask.vm);
    if (ask.rules) {
        struct how_answer answer = how_asked(&ask);
        if (answer.failure.times == 0) {
            answer.share.asked_mbps = move->share.asked_mbps;
            move->share = answer.share;
        }
    }
    arena_free(&arena);
}

void channel_set_changed(struct engine *engine)
{
    struct columns *columns = NULL;
    struct arena arena = ARENA_INIT;
    struct rules rules = {0};
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        if (!takes_bandwidth(engine->moves[i]) || !engine->moves[i]->share.known)
            continue;
        if (!columns) {
            columns = engine_columns(engine);
            rules = engine_rules(engine, columns, &arena);
        }
        share_anew(engine, columns, &rules, engine->moves[i]);
    }
    columns_free(columns);
    arena_free(&arena);
}

/* Another speed for one move: Mbps, 0 for no limit, or "policy": what its policy gives it. */
void do_set_bandwidth(struct engine *engine, const struct event *event)
{
    struct move *move = move_of_request(engine, event);
    const char *text = request_argument(event, "bandwidth");
    bool by_policy = text && strcmp(text, "policy") == 0;
    double mbps = NAN;
    if (!by_policy && (!text || !scalar_number(text, &mbps) || !(mbps >= 0 && mbps <= 1e9)))
        answer(engine, event, ERROR_INPUT, NULL,
               "bandwidth: expected Mbps, 0 for no limit, or policy, found \"%s\"",
               text ? text : "");
    else if (!move)
        answer(engine, event, ERROR_NOT_FOUND, NULL,
               "there is no such migration; drover migrations lists them");
    else if (!ask(engine, move, mbps))
        answer(engine, event, ERROR_REFUSED, NULL,
               "migration %llu of VM %s copies nothing now: it is %s",
               (unsigned long long)move->record.id, move->record.name,
               migration_state_names[move->record.state]);
    else
        answer(engine, event, ERROR_NONE, NULL,
               "migration %llu of VM %s: its speed is being changed",
               (unsigned long long)move->record.id, move->record.name);
}
