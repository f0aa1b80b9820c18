/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What plugin.h shows to units in C, Lua shows as well: the header is read here, and each member of
 * its structs and each word of its enums is looked for in Lua, and in drover-lua(7). Whoever adds a
 * column and forgets Lua is told so by name.
 */
#include "unit/plug_helper.h"

#include <ctype.h>

/* --- the header ---------------------------------------------------------------------------- */

static char *read_source(const char *name)
{
    const char *tree = getenv("DROVER_SRC");
    char path[512];
    snprintf(path, sizeof path, "%s/%s", tree ? tree : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot read %s", path);
    char *text = calloc(1, 1 << 20);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* Comments become blanks. */
static char *read_header(void)
{
    char *text = read_source("core/plugin.h");
    for (char *begin = text; (begin = strstr(begin, "/*"));) {
        char *end = strstr(begin, "*/");
        assert_non_null(end);
        memset(begin, ' ', (size_t)(end + 2 - begin));
    }
    return text;
}

/* What stands between the braces behind "struct drover_hosts {". */
static char *body_of(const char *header, const char *what)
{
    char opening[128];
    snprintf(opening, sizeof opening, "%s {", what);
    const char *begin = strstr(header, opening);
    if (!begin) {
        fail_msg("plugin.h has no %s", what);
        return NULL;
    }
    begin += strlen(opening);
    const char *end = strchr(begin, '}');
    assert_non_null(end);
    if (!end)
        return NULL;
    return strndup(begin, (size_t)(end - begin));
}

/* The name that a declaration declares: "(*idle)(struct ...)" and "const double *cpus" alike. */
static const char *declared(char *declaration)
{
    char *function = strstr(declaration, "(*");
    if (function) {
        declaration = function + 2;
        declaration[strcspn(declaration, ")")] = '\0';
    }
    declaration[strcspn(declaration, "[=")] = '\0';
    size_t end = strlen(declaration);
    while (end > 0 && isspace((unsigned char)declaration[end - 1]))
        declaration[--end] = '\0';
    while (end > 0 && (isalnum((unsigned char)declaration[end - 1]) || declaration[end - 1] == '_'))
        end--;
    return declaration + end;
}

/* --- what Lua calls otherwise -------------------------------------------------------------- */

struct otherwise {
    const char *of, *name;
    const char *words; /* what stands for it in Lua; "": nothing does, and need not */
};

static const struct otherwise otherwise[] = {
    {"", "size", ""},          /* Lua has the length of lists */
    {"", "n", ""},
    {"", "start", ""},         /* parts of rows are lists of their own */
    {"hosts", "roles", "spm controller"},
    {"hosts", "power", "power_managed power_by_policy"},
    {"hosts", "networks", "networks networks_known"},
    {"hosts", "storage", "storage storage_known"},
    {"hosts", "machines", "machines machines_known"},
    {"hosts", "cpu_features", "cpu_features cpu_features_known"},
    {"hosts", "cpu_models", "cpu_models cpu_models_known"},
    {"clusters", "name", "name hosts vms"},
    {"vms", "host", "host runs_on goes_to"},
    {"ask", "n_with", ""},     /* #ask.with */
    {"ask", "waived", "vm_rules_waived storage_waived"},
    {"step", "n_hosts", ""},   /* #hosts */
    {"how", "flags",
     "auto_converge postcopy compress tls zerocopy auto_connections auto_parallel"},
    {"how", "n_stalls", ""},
    {"answer", "verdict", "allow"},
    {"answer", "code", "deny"}, /* answer:deny(code, text) */
    {"answer", "text", "deny"},
    {"answer", "set_xml", "rewrite"},
};

static const char *words_for(const char *of, const char *name)
{
    for (size_t i = 0; i < sizeof otherwise / sizeof *otherwise; i++) {
        const struct otherwise *o = &otherwise[i];
        if ((!*o->of || strcmp(o->of, of) == 0) && strcmp(o->name, name) == 0)
            return o->words;
    }
    return name;
}

/* As a word, not within another. */
static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at++) {
        bool begins = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        char next = at[length];
        if (begins && !(isalnum((unsigned char)next) || next == '_'))
            return true;
    }
    return false;
}

/* --- asking Lua ---------------------------------------------------------------------------- */

/* small_fleet(), with something in every list. */
static struct fleet *full_fleet(void)
{
    struct fleet *fleet = small_fleet();
    struct host host = *fleet_host(fleet, "kvm1");
    struct vm vm = *fleet_vm(fleet, "db1");
    struct pair page = {.key = "2048", .value = "7"};
    struct numa_node node = {.id = 0, .memory_mib = 4096, .memory_free_mib = 1, .cpus = "0-7"};
    struct device device = {.kind = DROVER_DEVICE_VF, .id = "blue", .free = true};
    double nodes[] = {4, 1};
    struct vnuma_node vnode = {512, {nodes, 2}, DROVER_NUMA_INTERLEAVE};
    const char *models[] = {"Skylake-Server"};
    struct error error = ERROR_INIT;
    host.hugepages = (struct pairs){&page, 1, true};
    host.numa = (struct rows){&node, 1};
    host.devices = (struct rows){&device, 1};
    host.devices_known = host.power_managed = true;
    host.cpu_models = (struct texts){models, 1, true};
    vm.numa = (struct rows){&vnode, 1};
    vm.devices = (struct rows){&device, 1};
    fleet_put_host(fleet, &host);
    fleet_put_vm(fleet, &vm);
    if (fleet_check(fleet, &error) != 0)
        fail_msg("%s", error.text);
    return fleet;
}

static char steps[256]; /* "kind:vm:host " of what was proposed */

static int take_step(struct drover_plan *plan, const struct drover_step *step)
{
    (void)plan;
    size_t used = strlen(steps);
    snprintf(steps + used, sizeof steps - used, "%u:%u:%d ", step->kind, step->vm,
             (int)step->host);
    return 0;
}

static int odd_hosts(struct drover_plan *plan, uint32_t vm, const uint32_t *hosts, uint32_t n,
                     uint8_t *allowed)
{
    (void)plan;
    for (uint32_t i = 0; i < n; i++)
        allowed[i] = hosts[i] != vm;
    return 0;
}

/* What is asked about, where it matters. */
static uint32_t trouble_kind = DROVER_TROUBLE_DEAD, purpose = DROVER_TO_MIGRATE;
static uint32_t budget = 5;
static bool was_whole;

static int call_filter(struct bench *b, const struct bound_unit *u)
{
    (void)u;
    const uint32_t with[] = {1};
    b->ask.purpose = purpose;
    b->ask.with = with;
    b->ask.n_with = 1;
    b->ask.waived = DROVER_WAIVE_VM_TO_VM;
    return bench_filter(b);
}

static int call_balance(struct bench *b, const struct bound_unit *u)
{
    struct drover_plan plan = {.size = sizeof plan, .propose = take_step, .filter = odd_hosts,
                               .budget = budget, .cooldown_s = 900};
    int result = u->unit->balance(u->self, &b->columns->fleet, 0, &plan);
    was_whole = plan.whole;
    return result;
}

static int call_resilience(struct bench *b, const struct bound_unit *u)
{
    struct drover_plan plan = {.size = sizeof plan, .propose = take_step};
    struct drover_trouble trouble = {sizeof trouble, trouble_kind, 1};
    return u->unit->resilience(u->self, &b->columns->fleet, &trouble, &plan);
}

static int call_migrate(struct bench *b, const struct bound_unit *u)
{
    struct drover_stall stalls[DROVER_STALLS_MAX];
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_move move = {.size = sizeof move, .fleet = &b->columns->fleet, .from = 1,
                               .purpose = DROVER_TO_DRAIN};
    return u->unit->migrate(u->self, &move, &how);
}

static int call_admit(struct bench *b, const struct bound_unit *u)
{
    struct drover_admit_ask ask = {sizeof ask, &b->columns->fleet, 0, 0, "", "", "", "", "", ""};
    struct drover_answer answer = {.size = sizeof answer};
    return u->unit->admit(u->self, &ask, &answer);
}

/* By kind: what the function is given, and how it is called. */
static const struct {
    const char *kind, *arguments;
    int (*call)(struct bench *b, const struct bound_unit *u);
} callbacks[] = {
    {"filter", "self, ask, host", call_filter},
    {"balance", "self, fleet, plan, cluster", call_balance},
    {"resilience", "self, fleet, trouble, plan", call_resilience},
    {"migrate", "self, move, how", call_migrate},
    {"admit", "self, ask, answer", call_admit},
};

static const struct bound_unit *bound(const struct bench *b, const char *kind)
{
    return strcmp(kind, "filter") == 0       ? &b->rules->filters[0]
           : strcmp(kind, "balance") == 0    ? &b->rules->balance
           : strcmp(kind, "resilience") == 0 ? &b->rules->resilience
           : strcmp(kind, "migrate") == 0    ? &b->rules->migrate
                                             : &b->rules->admits[0];
}

/* Run this body in a unit of that kind. NULL where it went well, else what the unit says. */
static const char *run(const char *kind, const char *body)
{
    static char text[4096], said[1024];
    struct bench b;
    size_t i = 0;
    while (strcmp(callbacks[i].kind, kind) != 0)
        assert_true(++i < sizeof callbacks / sizeof *callbacks);
    snprintf(text, sizeof text,
             "return {abi = 1, kind = '%s', name = 't', summary = 's',\n"
             "%s = function(%s)\n%s\nreturn true end}",
             kind, kind, callbacks[i].arguments, body);
    bench_begin(&b, plug_with(write_file("probe.lua", text), ""), full_fleet());
    const struct bound_unit *u = bound(&b, kind);
    int result = callbacks[i].call(&b, u);
    snprintf(said, sizeof said, "%s", result ? u->unit->failure(u->self) : "");
    bench_end(&b);
    return result ? said : NULL;
}

static void must_run(const char *kind, const char *body)
{
    const char *said = run(kind, body);
    if (said)
        fail_msg("said: %s\n    by:\n%s", said, body);
}

/* --- members ------------------------------------------------------------------------------- */

/* A struct of the header, and how a callback gets at it. */
static const struct {
    const char *of, *kind, *expression;
} givens[] = {
    {"clusters", "filter", "ask.fleet.clusters[1]"},
    {"hosts", "filter", "ask.fleet.hosts[1]"},
    {"vms", "filter", "ask.vm"},
    {"groups", "filter", "ask.vm.groups[1]"},
    {"fleet", "filter", "ask.fleet"},
    {"pages", "filter", "ask.fleet.hosts[1].hugepages[1]"},
    {"host_nodes", "filter", "ask.fleet.hosts[1].numa[1]"},
    {"vm_nodes", "filter", "ask.vm.numa[1]"},
    {"devices", "filter", "ask.fleet.hosts[1].devices[1]"},
    {"ask", "filter", "ask"},
    {"plan", "balance", "plan"},
    {"trouble", "resilience", "trouble"},
    {"move", "migrate", "move"},
    {"how", "migrate", "how"},
    {"admit_ask", "admit", "ask"},
    {"answer", "admit", "answer"},
};

static void must_be_told(const char *manual, const char *of, const char *word)
{
    if (!has_word(manual, word))
        fail_msg("drover-lua(7) does not name '%s', which stands for a member of struct drover_%s",
                 word, of);
}

static void check_member(const char *manual, size_t given, const char *name)
{
    char *words = strdup(words_for(givens[given].of, name)), *rest = words, body[256];
    for (const char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        snprintf(body, sizeof body, "local _ = (%s).%s", givens[given].expression, word);
        const char *said = run(givens[given].kind, body);
        if (said)
            fail_msg("struct drover_%s has '%s', and Lua does not: %s", givens[given].of, name,
                     said);
        must_be_told(manual, givens[given].of, word);
    }
    free(words);
}

static void every_member_is_seen(void **state)
{
    (void)state;
    char *header = read_header(), *manual = read_source("docs/man/drover-lua.7");
    uint32_t members = 0;
    for (size_t g = 0; g < sizeof givens / sizeof *givens; g++) {
        char what[64], *rest;
        snprintf(what, sizeof what, "struct drover_%s", givens[g].of);
        char *body = body_of(header, what);
        for (char *d = strtok_r(body, ";", &rest); d; d = strtok_r(NULL, ";", &rest)) {
            const char *name = declared(d);
            if (*name)
                check_member(manual, g, name);
            members += *name != '\0';
        }
        free(body);
    }
    assert_in_range(members, 150, 1000); /* or the header was not understood */
    free(header);
    free(manual);
}

static void every_member_of_a_step_can_be_proposed(void **state)
{
    (void)state;
    char *header = read_header(), *manual = read_source("docs/man/drover-lua.7");
    char *body = body_of(header, "struct drover_step"), *rest, lua[256];
    for (char *d = strtok_r(body, ";", &rest); d; d = strtok_r(NULL, ";", &rest)) {
        const char *name = declared(d), *word = words_for("step", name);
        if (!*name || !*word)
            continue;
        snprintf(lua, sizeof lua,
                 "local _, why = pcall(plan.propose, plan, {%s = {}})\n"
                 "if why:find('has no field', 1, true) then error(why) end", word);
        must_run("balance", lua);
        must_be_told(manual, "step", word);
    }
    free(body);
    free(header);
    free(manual);
}

/* --- words of enums ------------------------------------------------------------------------ */

/* Calls `check` with each name of the enum in small letters without its prefix, and its value. */
static void each_word(const char *of, const char *prefix,
                      void (*check)(const char *word, uint32_t value))
{
    char *header = read_header(), what[64], *rest;
    snprintf(what, sizeof what, "enum drover_%s", of);
    char *body = body_of(header, what), *manual = read_source("docs/man/drover-lua.7");
    uint32_t value = 0, n = 0;
    for (char *d = strtok_r(body, ",", &rest); d; d = strtok_r(NULL, ",", &rest), value++) {
        char *equals = strchr(d, '='), *name = strstr(d, prefix);
        if (!name)
            continue; /* blanks behind the last */
        if (equals)
            value = (uint32_t)strtoul(equals + 1, NULL, 10);
        name += strlen(prefix);
        name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] = '\0';
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        check(name, value);
        must_be_told(manual, of, name);
        n++;
    }
    assert_in_range(n, 2, 64);
    free(body);
    free(header);
    free(manual);
}

static void check_trouble(const char *word, uint32_t value)
{
    char body[128];
    trouble_kind = value;
    snprintf(body, sizeof body, "assert(trouble.kind == '%s', trouble.kind)", word);
    must_run("resilience", body);
}

static void check_purpose(const char *word, uint32_t value)
{
    char body[128];
    purpose = value;
    snprintf(body, sizeof body, "assert(ask.purpose == '%s', ask.purpose)", word);
    must_run("filter", body);
}

static void check_step(const char *word, uint32_t value)
{
    char body[160], expected[64];
    bool moves = value == DROVER_STEP_MOVE || value == DROVER_STEP_START;
    steps[0] = '\0';
    snprintf(body, sizeof body, "assert(plan:propose{kind = '%s', %s host = 'kvm2'})", word,
             moves ? "vm = 'web1'," : "");
    must_run("balance", body);
    snprintf(expected, sizeof expected, moves ? "%u:1:-1 " : "%u:0:1 ", value);
    assert_string_equal(steps, expected);
}

static void every_word_is_known(void **state)
{
    (void)state;
    each_word("trouble_kind", "DROVER_TROUBLE_", check_trouble);
    each_word("purpose", "DROVER_TO_", check_purpose);
    each_word("step_kind", "DROVER_STEP_", check_step);
}

/* --- what they say ------------------------------------------------------------------------- */

static void parts_of_rows(void **state)
{
    (void)state;
    must_run("filter",
        "local host, vm = ask.fleet.hosts.kvm1, ask.vm\n"
        "assert(#host.hugepages == 1 and host.hugepages[1].size_kib == 2048)\n"
        "assert(host.hugepages[1].free == 7 and host.hugepages[2] == nil)\n"
        "assert(#ask.fleet.hosts.kvm2.hugepages == 0)\n"
        "local node = host.numa[1]\n"
        "assert(node.id == 0 and node.memory_mib == 4096 and node.memory_free_mib == 1)\n"
        "assert(node.cpus == 8 and node.cpu_list == '0-7')\n"
        "assert(host.devices[1].kind == 'vf' and host.devices[1].id == 'blue')\n"
        "assert(host.devices[1].free and host.devices_known)\n"
        "assert(vm.devices[1].kind == 'vf')\n"
        "assert(not pcall(function() return vm.devices[1].free end))\n"
        "assert(vm.numa[1].mode == 'interleave' and vm.numa[1].memory_mib == 512)\n"
        "assert(table.concat(vm.numa[1].nodes, ' ') == '4 1' and #vm.numa[1].nodes == 2)\n"
        "local n = 0\n"
        "for i, part in pairs(host.numa) do assert(part == host.numa[i]) n = n + 1 end\n"
        "assert(n == 1 and not pcall(function() return host.numa.first end))\n"
        "assert(not pcall(function() return vm.numa[1].nodes.first end))\n"
        "assert(host.cpu_models['Skylake-Server'] and not host.cpu_models.other)\n"
        "assert(host.cpu_models_known and not ask.fleet.hosts.kvm2.cpu_models_known)\n"
        "assert(host.power_managed and not host.power_by_policy)\n"
        "assert(vm.goes_to == vm.host and vm.runs_on == vm.host)");
}

static void asks_with_company(void **state)
{
    (void)state;
    must_run("filter",
        "assert(#ask.with == 1 and ask.with[1] == ask.fleet.vms.web1)\n"
        "assert(ask.vm_rules_waived)\n"
        "for i, vm in ipairs(ask.with) do assert(i == 1 and vm == ask.fleet.vms.web1) end");
}

static void plans_are_read_and_made_whole(void **state)
{
    (void)state;
    must_run("balance",
        "assert(plan.budget == 5 and plan.cooldown_s == 900)\n"
        "plan:whole()\n"
        "assert(not pcall(function() plan.budget = 7 end))\n"
        "local open = plan:filter('web1', fleet.hosts)\n"
        "assert(#open == 2 and open[1].name == 'kvm1' and open[2].name == 'kvm3')\n"
        "assert(#plan:filter('web1', {'kvm2'}) == 0 and #plan:filter('web1', {}) == 0)\n"
        "assert(not pcall(plan.filter, plan, 'web1', 'kvm1'))");
    assert_true(was_whole);
    budget = UINT32_MAX;
    must_run("balance", "assert(plan.budget == math.huge)");
    assert_false(was_whole);
}

static void steps_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"{kind = 'power_of', host = 'kvm1'}", "did you mean 'power_off'?"},
        {"{kind = 'power_off', host = 'kvm1', vm = 'db1'}", "is about its host"},
        {"{kind = 'activate', hosts = {'kvm1'}}", "is about its host"},
        {"{kind = 'power_on'}", "propose: host: a host or its name was expected"},
        {"{kind = 'start', host = 'kvm1'}", "propose: vm: a vm or its name was expected"},
        {"{kind = 5, vm = 'db1'}", "propose: kind: a text was expected"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[128];
        snprintf(body, sizeof body, "plan:propose%s", wrong[i][0]);
        const char *said = run("balance", body);
        if (!said || !strstr(said, wrong[i][1]))
            fail_msg("%s: expected \"%s\" in \"%s\"", body, wrong[i][1], said ? said : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_seen),
        cmocka_unit_test(every_member_of_a_step_can_be_proposed),
        cmocka_unit_test(every_word_is_known),
        cmocka_unit_test(parts_of_rows),
        cmocka_unit_test(asks_with_company),
        cmocka_unit_test(plans_are_read_and_made_whole),
        cmocka_unit_test(steps_that_make_no_sense),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
