/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lua units at work: the contract of their files, what they see, what they answer. */
#include "plug_helper.h"

#include <math.h>

#define HEAD(kind) "return {abi = 1, kind = '" kind "', name = 'u', summary = 's', "

static void bench_text(struct bench *b, const char *text)
{
    bench_begin(b, plug_with(write_file("u.lua", text), "site"), small_fleet());
}

static void test_contract(void **state)
{
    (void)state;
    refused("return {", "bad.lua:1: ");
    refused("return {abi = 1, kind = 'filter'\n, name = }", "bad.lua:2: ");
    refused("return 5", "returns a number; a unit (a table), or a list of units was expected");
    refused("return {}", "returns an empty table");
    refused("return {kind = 'filter', name = 'u', summary = 's'}", "abi = 1 was expected");
    refused("return {abi = 2, kind = 'filter', name = 'u', summary = 's'}", "abi = 1 was expected");
    refused("return {abi = 1, kind = 'fliter', name = 'u', summary = 's'}", "did you mean "
        "'filter'?");
    refused("return {abi = 1, kind = 'filter', name = 'Big', summary = 's'}", "[a-z][a-z0-9_]*");
    refused("return {abi = 1, kind = 'filter', name = 'u', filter = print}", "has no summary");
    refused(HEAD("filter") "}", "unit u is a filter unit without a filter function");
    refused(HEAD("filter") "filter = 5}", "u.filter: a function was expected, found a number");
    refused(HEAD("filter") "filter = print, filter_all = print}", "has both filter and filter_all");
    refused(HEAD("filter") "filer = print}", "unit u has no field 'filer'; did you mean 'filter'?");
    refused(HEAD("weight") "filter = print}", "unit u has no field 'filter'");
    refused(HEAD("filter") "filter = print, parameters = 5}", "u.parameters: a table was expected");
    refused(HEAD("filter") "filter = print, parameters = {n = {type = 'interger'}}}",
            "did you mean 'integer'?");
    refused(HEAD("filter") "filter = print, parameters = {n = {type = 'integer', mn = 1}}}",
            "u.parameters.n has no field 'mn'; did you mean 'min'?");
    refused(HEAD("filter") "filter = print, parameters = {n = {type = 'integer', min = 'x'}}}",
            "u.parameters.n.min: a number was expected");
    refused(HEAD("filter") "filter = print, parameters = {n = {type = 'integer', min = 5, default "
        "= 2}}}",
            "default of parameter: n: expected a whole number, at least 5, found \"2\"");
    refused(HEAD("filter") "filter = print, parameters = {n = {type = 'choice', choices = {'a'}}}}",
            "a choice needs a default");
    refused(HEAD("filter") "filter = print, reasons = {['U.Full'] = {text = 'x'}}}", "a code is");
    refused(HEAD("filter") "filter = print, reasons = {['u.full'] = {}}}",
            "u.reasons['u.full'].text is missing");
    refused("while true do end", "used up its 20,000,000 instructions");
    refused("error('while loading')", "bad.lua:1: while loading");
    refused("return {{}}", "abi = 1 was expected");
    refused("return {'x'}", "unit 1 of its list is a string");
}

static void test_list_of_units(void **state)
{
    (void)state;
    struct plug *plug = plug_with(write_file("two.lua",
        "local function same() return true end\n"
        "return {{abi = 1, kind = 'filter', name = 'a', summary = 's', filter = same, version = "
        "'2.1'},\n"
        "{abi = 1, kind = 'weight', name = 'a', summary = 's', weigh = function() return 0 "
        "end}}"), "");
    assert_int_equal(plug_count(plug), 2);
    assert_string_equal(plug_get(plug, 0)->version, "2.1");
    assert_string_equal(plug_get(plug, 0)->plugin, "two");
    assert_string_equal(plug_get(plug, 0)->language, "lua");
    plug_unref(plug);
    refused("local u = {abi = 1, kind = 'filter', name = 'a', summary = 's', filter = print}\n"
            "return {u, u}", "has two filter units called a");
}

static const char *code_of(struct bench *b, uint32_t i)
{
    return b->rules->filters[0].unit->reasons[b->verdicts[i] - 1].code;
}

static void test_filter_one_by_one(void **state)
{
    (void)state;
    struct bench b;
    struct drover_why why = {.size = sizeof why};
    bench_text(&b, HEAD("filter")
        "parameters = {rack = {type = 'text', default = 'r1'}},\n"
        "reasons = {['u.rack'] = {text = 'in rack {subject}', remedy = 'move it'}},\n"
        "filter = function(self, ask, host)\n"
        "local rack = host.labels.rack\n"
        "if not rack then return false end\n"
        "if rack == self.rack then return false, 'u.rack', {subject = rack, need = 2, have = 1} "
        "end\n"
        "if host.name == 'kvm9' then return false, 'u.other', 'text' end\n"
        "return true end}");
    const struct drover_unit *unit = b.rules->filters[0].unit;
    assert_string_equal(b.rules->filters[0].name, "site/u");
    assert_int_equal(bench_filter(&b), 0);
    assert_string_equal(code_of(&b, 0), "u.rack");
    assert_string_equal(unit->reasons[0].remedy, "move it");
    assert_int_equal(b.verdicts[1], 0);
    assert_string_equal(code_of(&b, 2), "u.refused");
    assert_int_equal(unit->why(b.rules->filters[0].self, &b.ask, 0, b.verdicts[0], &why), 0);
    assert_string_equal(why.subject, "r1");
    assert_true(why.need == 2 && why.have == 1);
    assert_string_equal(why.text, "");
    bench_end(&b);
}

static void test_filter_all_at_once(void **state)
{
    (void)state;
    struct bench b;
    struct drover_why why = {.size = sizeof why};
    bench_text(&b, HEAD("filter")
        "filter_all = function(self, ask, hosts)\n"
        "assert(#hosts <= 3 and (not hosts[2] or hosts.kvm2 == hosts[2]) and not hosts.nobody)\n"
        "local answers = {}\n"
        "for i, host in ipairs(hosts) do\n"
        "if host.name == 'kvm1' then answers[i] = true\n"
        "elseif host.name == 'kvm2' then answers.kvm2 = {'u.two', 'it is ' .. host.name}\n"
        "else answers[host] = 'u.three' end end\n"
        "return answers end}");
    assert_int_equal(bench_filter(&b), 0);
    assert_int_equal(b.verdicts[0], 0);
    assert_string_equal(code_of(&b, 1), "u.two");
    assert_string_equal(code_of(&b, 2), "u.three");
    const struct bound_unit *u = &b.rules->filters[0];
    assert_int_equal(u->unit->why(u->self, &b.ask, 1, b.verdicts[1], &why), 0);
    assert_string_equal(why.text, "it is kvm2");
    bench_end(&b);
}

static void fails_with(const char *text, const char *expected)
{
    struct bench b;
    bench_text(&b, text);
    struct bound_unit *u = b.rules->n_filters ? &b.rules->filters[0] : &b.rules->weights[0];
    assert_int_equal(b.rules->n_filters ? bench_filter(&b) : bench_weigh(&b), DROVER_FAILED);
    const char *said = u->unit->failure(u->self);
    if (!said || !strstr(said, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, said);
    bench_end(&b);
}

static void test_wrong_answers(void **state)
{
    (void)state;
    fails_with(HEAD("filter") "filter = function() end}", "u: answered a nil for host kvm1");
    fails_with(HEAD("filter") "filter = function() return 1 end}", "answered a number for host "
        "kvm1");
    fails_with(HEAD("filter") "filter = function() return false, 'No Such' end}", "a reason's "
        "code is");
    fails_with(HEAD("filter") "filter_all = function() return {true} end}", "no answer for host "
        "kvm2");
    fails_with(HEAD("filter") "filter_all = function() return true end}", "answered a boolean");
    fails_with(HEAD("weight") "weigh = function() return '1' end}", "weighs host kvm1 1; a finite");
    fails_with(HEAD("weight") "weigh = function() return 0/0 end}", "nan; a finite number");
    fails_with(HEAD("weight") "weigh = function() return 1/0 end}", "weighs host kvm1 inf");
    fails_with(HEAD("weight") "weigh_all = function() return {1, 2} end}", "weighs host kvm3 nil");
}

/* Codes that are made up on the way are kept, but not without end. */
static void test_too_many_codes(void **state)
{
    (void)state;
    struct bench b;
    bench_text(&b, "local n = 0 " HEAD("filter")
               "filter = function() n = n + 1 return false, 'u.code_' .. n end}");
    struct bound_unit *u = &b.rules->filters[0];
    int result = 0;
    for (int i = 0; i < 66; i++)
        assert_int_equal(bench_filter(&b), 0);
    assert_string_equal(code_of(&b, 2), "u.code_198");
    result = bench_filter(&b);
    assert_int_equal(result, DROVER_FAILED);
    assert_non_null(strstr(u->unit->failure(u->self), "more than 200 different codes"));
    bench_end(&b);
}

static void test_weights(void **state)
{
    (void)state;
    struct bench b;
    bench_text(&b, HEAD("weight") "weigh = function(self, ask, host) return #host.vms + "
        "host.memory_mib end}");
    assert_int_equal(bench_weigh(&b), 0);
    assert_true(b.weights[0] == 4097 && b.weights[1] == 8193 && b.weights[2] == 16384);
    bench_end(&b);
    bench_text(&b, HEAD("weight") "weigh_all = function(self, ask, hosts) local w = {} "
               "for i in ipairs(hosts) do w[i] = -i end return w end}");
    assert_int_equal(bench_weigh(&b), 0);
    assert_true(b.weights[0] == -1 && b.weights[2] == -3);
    bench_end(&b);
}

static void test_what_is_seen(void **state)
{
    (void)state;
    says("return host.memory_mib .. ' ' .. host.threads .. ' ' .. host.state", "4096.0 8 up");
    says("return tostring(host.cpu_over_s)", "nil");
    says("return host.cluster.name .. #host.cluster.hosts .. #host.cluster.vms", "default32");
    says("return ask.purpose .. ' ' .. ask.vm.name .. ' ' .. ask.from.name", "migrate db1 kvm2");
    says("return ask.fleet.now", "1700000000.0");
    says("return #ask.fleet.hosts .. #ask.fleet.vms .. #ask.fleet.groups .. #ask.fleet.clusters",
        "3211");
    says("return ask.fleet.hosts.kvm2.vms[1].name .. tostring(ask.fleet.hosts.kvm7)", "db1nil");
    says("return ask.fleet.vms.web1.host == host", "true");
    says("return ask.vm.host == ask.from and ask.vm.host ~= host", "true");
    says("return ask.vm.groups[1].vms[1].name .. ask.vm.groups.pair.vm_rule", "db1negative");
    says("local s = '' for i, vm in ipairs(ask.vm.groups[1].vms) do s = s .. i .. vm.name end "
        "return s",
         "1db12web1");
    says("local s = '' for i, h in pairs(ask.fleet.hosts) do s = s .. i .. h.name end return s",
         "1kvm12kvm23kvm3");
    says("local s = '' for k, v in pairs(host.labels) do s = s .. k .. v end return s .. "
        "#host.labels",
         "rackr11");
    says("return tostring(host.labels.none)", "nil");
    says("return tostring(host.networks_known) .. tostring(host.networks.anything)", "falsetrue");
    says("return #host.networks .. tostring(ask.vm.networks.none)", "0false");
    says("return tostring(host.vms[0]) .. tostring(host.vms[2]) .. tostring(host.vms[-1])",
        "nilnilnil");
    says("return tostring(host.vms[1.5])", "nil");
    says("local seen = {} seen[host] = 1 return seen[ask.fleet.hosts[1]]", "1");
    says("local t = {} for _, h in ipairs(ask.fleet.hosts) do t[h] = true end local s = ''"
         " for h in pairs(t) do s = s .. h.name end return s", "kvm1kvm2kvm3");
    says("return host.vms.web1.name .. tostring(host.vms.db1)", "web1nil");
    says("return host.nothing", "host has no field 'nothing'");
    says("return ask.form", "ask has no field 'form'; did you mean 'from'?");
    says("return #host", "a host has no length");
    says("return host[1]", "host has no field");
    says("return host.spm", "false");
    says("return table.concat(ask.vm.networks, ',')", "");
}

/* Every field of every row can be read. */
static void test_all_fields(void **state)
{
    (void)state;
    says("local n = 0\n"
         "local fields = {'name cluster state state_s spm controller threads cores sockets cpus "
         "cpu_usage_pct cpu_over_s cpu_pending vcpus largest_vcpus memory_mib memory_free_mib "
         "memory_committed_mib memory_reserved_mib memory_pending_mib memory_schedulable_mib "
         "swap_total_mib swap_free_mib vm_count vm_pending vms arch cpu_model tsc_khz tsc_scaling "
         "link_mbps hypervisor_version os_version boot_s networks storage machines cpu_features "
         "networks_known storage_known machines_known cpu_features_known labels', 'name uuid host "
         "to "
         "cluster state migratable ha priority vcpus cpu_usage_pct cpu_load memory_mib "
         "memory_used_mib "
         "memory_overhead_mib hugepages_kib dirty_mib_s moved_s arch machine cpu_mode cpu_model "
         "tsc_khz "
         "cache readonly_local_disk networks storage cpu_features pinned_hosts preferred_hosts "
         "groups "
         "labels', 'name priority vm_rule vm_enforcing host_rule host_enforcing vms hosts',"
         " 'name memory_overcommit_pct threads_as_cores hosts vms'}\n"
         "local rows = {host, ask.vm, ask.vm.groups[1], host.cluster}\n"
         "for i, names in ipairs(fields) do for name in names:gmatch('%S+') do\n"
         "local value = rows[i][name] n = n + 1\n"
         "if type(value) == 'userdata' and name ~= 'cluster' and name ~= 'host' then\n"
         "for _ in pairs(value) do n = n + 0 end end end end return n", "88");
}

/* --- the other kinds ----------------------------------------------------------------------- */

struct steps {
    struct drover_plan plan; /* first: the callbacks get it */
    char text[1024];
};

static int on_propose(struct drover_plan *plan, const struct drover_step *step)
{
    struct steps *steps = (struct steps *)plan;
    size_t used = strlen(steps->text);
    snprintf(steps->text + used, sizeof steps->text - used, "vm%u:%u(%u..) %s %s %g %g|", step->vm,
             step->n_hosts, step->n_hosts ? step->hosts[0] : 0, step->code, step->reason,
                 step->gain, step->cost);
    return step->n_hosts == 1 ? -1 : 0;
}

static bool on_allows(struct drover_plan *plan, uint32_t vm, uint32_t host)
{
    (void)plan;
    return vm == 0 && host == 2;
}

static void on_idle(struct drover_plan *plan, const char *reason)
{
    struct steps *steps = (struct steps *)plan;
    size_t used = strlen(steps->text);
    snprintf(steps->text + used, sizeof steps->text - used, "idle: %s|", reason);
}

static int on_filter(struct drover_plan *plan, uint32_t vm, const uint32_t *hosts, uint32_t n,
                     uint8_t *allowed)
{
    for (uint32_t i = 0; i < n; i++)
        allowed[i] = on_allows(plan, vm, hosts[i]);
    return 0;
}

static const struct drover_plan plan_calls = {
    .size = sizeof plan_calls, .propose = on_propose, .allows = on_allows, .idle = on_idle,
    .budget = UINT32_MAX, .cooldown_s = 1800, .filter = on_filter,
};

static void test_balance(void **state)
{
    (void)state;
    struct bench b;
    struct steps steps = {.plan = plan_calls};
    bench_text(&b, HEAD("balance")
        "balance = function(self, fleet, plan, cluster)\n"
        "assert(cluster.name == 'default')\n"
        "local a = plan:propose{vm = fleet.vms.web1, hosts = fleet.hosts, code = 'u.over', "
        "reason = 'too full', gain = 2.5, cost = 1}\n"
        "local b = plan:propose{vm = 'db1', host = 'kvm3'}\n"
        "local c = plan:propose{vm = 'db1', hosts = {'kvm2', fleet.hosts.kvm1}}\n"
        "plan:idle(tostring(a) .. tostring(b) .. tostring(c) .. tostring(plan:allows('db1', "
        "'kvm3'))"
        " .. tostring(plan:allows('web1', 'kvm3'))) end}");
    struct bound_unit *u = &b.rules->balance;
    assert_int_equal(u->unit->balance(u->self, &b.columns->fleet, 0, &steps.plan), 0);
    assert_string_equal(steps.text, "vm1:3(0..) u.over too full 2.5 1|vm0:1(2..)   0 0|"
                                    "vm0:2(1..)   0 0|idle: truefalsetruetruefalse|");
    bench_end(&b);
}

static void test_balance_as_a_whole(void **state)
{
    (void)state;
    struct bench b;
    struct steps steps = {.plan = plan_calls};
    bench_text(&b, HEAD("balance")
        "balance = function(self, fleet, plan)\n"
        "assert(plan.budget == math.huge and plan.cooldown_s == 1800)\n"
        "local all, none = plan:filter('db1', fleet.hosts), plan:filter('web1', fleet.hosts)\n"
        "plan:whole()\n"
        "plan:idle(#all .. ' ' .. all[1].name .. ' ' .. #none .. ' ' .. #plan:filter('db1', {}))"
        " end}");
    struct bound_unit *u = &b.rules->balance;
    assert_int_equal(u->unit->balance(u->self, &b.columns->fleet, 0, &steps.plan), 0);
    assert_string_equal(steps.text, "idle: 1 kvm3 0 0|");
    assert_int_equal(steps.plan.whole, 1);
    bench_end(&b);
}

static void balance_fails(const char *body, const char *expected)
{
    struct bench b;
    struct steps steps = {.plan = plan_calls};
    char text[512];
    snprintf(text, sizeof text, HEAD("balance") "balance = function(self, fleet, plan) %s end}",
        body);
    bench_text(&b, text);
    struct bound_unit *u = &b.rules->balance;
    assert_int_equal(u->unit->balance(u->self, &b.columns->fleet, 0, &steps.plan), DROVER_FAILED);
    if (!strstr(u->unit->failure(u->self), expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, u->unit->failure(u->self));
    bench_end(&b);
}

static void test_balance_mistakes(void **state)
{
    (void)state;
    balance_fails("plan:propose{vm = 'nobody', host = 'kvm1'}", "propose: vm: there is no vm "
        "'nobody'");
    balance_fails("plan:propose{vm = 'db1', host = 5}", "propose: host: a host or its name was "
        "expected");
    balance_fails("plan:propose{vm = 'db1', hosts = {}}", "propose: hosts: the list is empty");
    balance_fails("plan:propose{vm = fleet.hosts[1], host = 'kvm1'}", "a vm was expected, found a "
        "host");
    balance_fails("plan:propose{vm = 'db1', hots = 'kvm1'}", "propose has no field 'hots'");
    balance_fails("plan:propose{vm = 'db1', host = 'kvm1', gain = 0/0}", "a finite number");
    balance_fails("plan.propose{vm = 'db1', host = 'kvm1'}", "call it as plan:propose{");
    balance_fails("plan:propse{}", "plan has no field 'propse'; did you mean 'propose'?");
    balance_fails("while true do plan:allows('db1', 'kvm1') end", "used up its 2,000,000");
}

/* The core, asked by a balancer, asks a filter of the same file: one call inside the other. */
struct nested {
    struct drover_plan plan;
    struct bench *bench;
    int filter_result;
};

static bool ask_filter(struct drover_plan *plan, uint32_t vm, uint32_t host)
{
    struct nested *nested = (struct nested *)plan;
    (void)vm;
    nested->bench->hosts[0] = host;
    nested->bench->n = 1;
    nested->filter_result = bench_filter(nested->bench);
    return nested->bench->verdicts[0] == 0;
}

static void test_calls_inside_calls(void **state)
{
    (void)state;
    struct bench b;
    struct nested nested = {.plan = plan_calls, .bench = &b};
    nested.plan.allows = ask_filter;
    bench_text(&b,
        "local outer\n"
        "return {{abi = 1, kind = 'filter', name = 'f', summary = 's', filter = function(self, "
        "ask, host)\n"
        "if host.name == 'kvm3' then while true do pcall(error) end end\n"
        "if outer then assert(not pcall(function() return outer.hosts end)) end\n"
        "return host.name == 'kvm1' end},\n"
        "{abi = 1, kind = 'balance', name = 'b', summary = 's', balance = function(self, fleet, "
        "plan)\n"
        "outer = fleet\n"
        "assert(plan:allows('db1', 'kvm1') and not plan:allows('db1', 'kvm2'))\n"
        "plan:allows('db1', 'kvm3')\n"
        "assert(fleet.hosts.kvm1.name == 'kvm1') end}}");
    struct bound_unit *u = &b.rules->balance;
    int result = u->unit->balance(u->self, &b.columns->fleet, 0, &nested.plan);
    if (result != 0)
        fail_msg("%s", u->unit->failure(u->self));
    assert_int_equal(nested.filter_result, DROVER_FAILED);
    b.n = 1;
    b.hosts[0] = 0;
    assert_int_equal(bench_filter(&b), 0);
    bench_end(&b);
}

static void test_resilience(void **state)
{
    (void)state;
    struct bench b;
    struct steps steps = {.plan = plan_calls};
    struct drover_trouble trouble = {sizeof trouble, DROVER_TROUBLE_NON_OPERATIONAL, 1};
    bench_text(&b, HEAD("resilience")
        "resilience = function(self, fleet, trouble, plan)\n"
        "for _, vm in ipairs(trouble.host.vms) do\n"
        "plan:propose{vm = vm, code = 'u.trouble', reason = trouble.kind} end end}");
    struct bound_unit *u = &b.rules->resilience;
    assert_int_equal(u->unit->resilience(u->self, &b.columns->fleet, &trouble, &steps.plan), 0);
    assert_string_equal(steps.text, "vm0:0(0..) u.trouble non_operational 0 0|");
    bench_end(&b);
}

static void test_migrate(void **state)
{
    (void)state;
    struct bench b;
    struct drover_stall stalls[DROVER_STALLS_MAX];
    struct drover_how how = {.size = sizeof how, .flags = DROVER_HOW_TLS, .stalls = stalls};
    bench_text(&b, HEAD("migrate")
        "parameters = {pause = {type = 'duration', default = '150ms'}},\n"
        "migrate = function(self, move, how)\n"
        "assert(how.tls and not how.postcopy and move.to.name == 'kvm1' and move.vm.name == "
        "'db1')\n"
        "how.tls = false how.postcopy = true how.auto_converge = true\n"
        "how.downtime_ms = self.pause * 1000 how.connections = 4\n"
        "how.stalls = {{stall = 1, action = 'downtime', downtime_ms = 300}, {stall = 2, action = "
        "'postcopy'}}\n"
        "assert(#how.stalls == 2 and how.stalls[1].action == 'downtime')\n"
        "assert(not pcall(function() how.connections = -1 end))\n"
        "assert(not pcall(function() how.downtime_ms = 0/0 end))\n"
        "assert(not pcall(function() how.stalls = {{stall = 1, action = 'wait'}} end))\n"
        "assert(move.converges == false and move.duration_s == nil and move.rate_mib_s == 119)\n"
        "assert(move.waited_s == 5 and how.wait_s == 0 and how.wait_why == '')\n"
        "how.wait_s = 60 how.wait_why = 'for the night'\n"
        "assert(not pcall(function() how.wait_s = -1 end))\n"
        "assert(not pcall(function() how.speed = 1 end)) end}");
    struct drover_move move = {.size = sizeof move, .fleet = &b.columns->fleet, .from = 1,
                               .purpose = DROVER_TO_DRAIN, .converges = DROVER_CONVERGES_NO,
                               .duration_s = NAN, .downtime_ms = NAN, .rate_mib_s = 119,
                               .waited_s = 5};
    struct bound_unit *u = &b.rules->migrate;
    int result = u->unit->migrate(u->self, &move, &how);
    if (result != 0)
        fail_msg("%s", u->unit->failure(u->self));
    assert_int_equal(how.flags, DROVER_HOW_POSTCOPY | DROVER_HOW_AUTO_CONVERGE);
    assert_true(how.downtime_ms == 150 && how.connections == 4 && how.n_stalls == 2);
    assert_int_equal(stalls[1].action, DROVER_STALL_POSTCOPY);
    assert_true(stalls[0].downtime_ms == 300);
    assert_true(how.wait_s == 60);
    assert_string_equal(how.wait_why, "for the night");
    bench_end(&b);
}

static char rewritten[64];

static int keep_xml(struct drover_answer *answer, const char *xml, size_t length)
{
    (void)answer;
    snprintf(rewritten, sizeof rewritten, "%.*s", (int)length, xml);
    return 0;
}

static void test_admit(void **state)
{
    (void)state;
    struct bench b;
    struct drover_answer answer = {.size = sizeof answer, .set_xml = keep_xml};
    bench_text(&b, HEAD("admit")
        "admit = function(self, ask, answer)\n"
        "if ask.operation == 'start' then return answer:deny('u.no', 'not ' .. ask.vm_name) end\n"
        "if ask.operation == 'restore' then return answer:rewrite((ask.xml:gsub('old', 'new'))) "
        "end\n"
        "assert(ask.vm == nil and ask.host.name == 'kvm1' and ask.driver == 'qemu')\n"
        "answer:allow() end}");
    assert_int_equal(b.rules->n_admits, 1);
    struct bound_unit *u = &b.rules->admits[0];
    struct drover_admit_ask ask = {sizeof ask, &b.columns->fleet, 0, DROVER_NONE, "new vm", "",
        "qemu",
                                   "start", "begin", "<old/>"};
    assert_int_equal(u->unit->admit(u->self, &ask, &answer), 0);
    assert_int_equal(answer.verdict, DROVER_ADMIT_DENY);
    assert_string_equal(answer.code, "u.no");
    assert_string_equal(answer.text, "not new vm");
    ask.operation = "restore";
    assert_int_equal(u->unit->admit(u->self, &ask, &answer), 0);
    assert_int_equal(answer.verdict, DROVER_ADMIT_REWRITE);
    assert_string_equal(rewritten, "<new/>");
    ask.operation = "migrate";
    assert_int_equal(u->unit->admit(u->self, &ask, &answer), 0);
    assert_int_equal(answer.verdict, DROVER_ADMIT_ALLOW);
    bench_end(&b);
}

/* --- the same rule in both languages ------------------------------------------------------- */

static uint64_t seed = 88172645463325252u;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 33) * n >> 31);
}

static struct fleet *random_fleet(void)
{
    struct fleet *fleet = fleet_new();
    struct error error = ERROR_INIT;
    uint32_t hosts = 1 + chance(20), vms = 1 + chance(50);
    char name[32], host[32], rack[8];
    fleet->now = 1700000000;
    for (uint32_t i = 0; i < hosts; i++) {
        snprintf(name, sizeof name, "h%u", i);
        snprintf(rack, sizeof rack, "r%u", 7 + chance(4));
        add_host(fleet, name, 2048 + 1024 * chance(8), chance(3) ? rack : NULL);
    }
    for (uint32_t i = 0; i < vms; i++) {
        snprintf(name, sizeof name, "v%u", i);
        snprintf(host, sizeof host, "h%u", chance(hosts));
        add_vm(fleet, name, host, 256 + 256 * chance(8));
    }
    assert_int_equal(fleet_check(fleet, &error), 0);
    return fleet;
}

static void test_same_as_in_c(void **state)
{
    (void)state;
    const char *lua = write_file("same.lua",
        "return {{abi = 1, kind = 'filter', name = 'roomy', summary = 's',\n"
        "parameters = {spare = {type = 'memory', default = '512MiB'}, most_vms = {type = "
        "'integer', "
        "default = 3}, avoid = {type = 'text', default = 'r9'}},\n"
        "filter = function(self, ask, host)\n"
        "local need = ask.vm.memory_mib + ask.vm.memory_overhead_mib + self.spare\n"
        "if host.memory_schedulable_mib < need then return false, 'roomy.short' end\n"
        "if host.vm_count >= self.most_vms then return false, 'roomy.full' end\n"
        "if (host.labels.rack or '') == self.avoid then return false, 'roomy.avoid' end\n"
        "return true end},\n"
        "{abi = 1, kind = 'weight', name = 'sparse', summary = 's',\n"
        "weigh = function(self, ask, host) return host.vm_count end}}");
    struct plug *in_lua = plug_with(lua, ""), *in_c = plug_with(fixture("good"), "");
    uint32_t refusals = 0, acceptances = 0;
    for (int round = 0; round < 300; round++) {
        struct bench a, b;
        uint64_t before = seed;
        bench_begin(&a, plug_ref(in_lua), random_fleet());
        seed = before;
        bench_begin(&b, plug_ref(in_c), random_fleet());
        a.ask.vm = b.ask.vm = chance(a.columns->vms.n);
        assert_int_equal(bench_filter(&a), 0);
        assert_int_equal(bench_filter(&b), 0);
        assert_int_equal(bench_weigh(&a), 0);
        assert_int_equal(bench_weigh(&b), 0);
        for (uint32_t i = 0; i < a.n; i++) {
            assert_int_equal(!a.verdicts[i], !b.verdicts[i]);
            if (a.verdicts[i])
                assert_string_equal(code_of(&a, i), code_of(&b, i));
            assert_true(a.weights[i] == b.weights[i]);
            *(a.verdicts[i] ? &refusals : &acceptances) += 1;
        }
        bench_end(&a);
        bench_end(&b);
    }
    assert_in_range(refusals, 100, UINT32_MAX);
    assert_in_range(acceptances, 100, UINT32_MAX);
    plug_unref(in_lua);
    plug_unref(in_c);
}

/* --- what ships ---------------------------------------------------------------------------- */

static void test_the_example(void **state)
{
    (void)state;
    const char *tree = getenv("DROVER_SRC");
    char shipped[512], path[600];
    struct error error = ERROR_INIT;
    struct bench b;
    struct drover_why why = {.size = sizeof why};
    snprintf(shipped, sizeof shipped, "%s/lua", tree ? tree : ".");
    snprintf(path, sizeof path, "%s/rack_limit.lua", shipped);
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_dir(plug, shipped);
    if (plug_load_file(plug, path, "site", false, &error) != 0)
        fail_msg("%s", error.text);
    bench_begin(&b, plug, small_fleet());
    struct bound_unit *u = &b.rules->filters[0];
    assert_int_equal(bench_filter(&b), 0);
    assert_true(!b.verdicts[0] && !b.verdicts[1] && !b.verdicts[2]);
    assert_string_equal(u->unit->parameters[2].key, "limit");
    ((int64_t *)((char *)u->self + u->unit->parameters[2].offset))[0] = 1;
    assert_int_equal(bench_filter(&b), 0);
    assert_string_equal(code_of(&b, 0), "rack_limit.full"); /* web1 is there */
    assert_true(!b.verdicts[1] && !b.verdicts[2]);
    assert_int_equal(u->unit->why(u->self, &b.ask, 0, b.verdicts[0], &why), 0);
    assert_string_equal(why.text, "rack r1 has 1 VMs of group pair already; 1 may be there");
    bench_end(&b);
}

static void test_the_module(void **state)
{
    (void)state;
    const char *tree = getenv("DROVER_SRC");
    char shipped[512];
    struct error error = ERROR_INIT;
    struct bench b;
    snprintf(shipped, sizeof shipped, "%s/lua", tree ? tree : ".");
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    plug_set_lua_dir(plug, shipped);
    const char *path = write_file("module_user.lua", "local drover = require 'drover'\n"
        HEAD("filter") "filter = function(self, ask, host)\n"
        "local hosts = ask.fleet.hosts\n"
        "assert(drover.place(ask.vm) == hosts.kvm2)\n"
        "assert(drover.count(hosts, function(h) return h.labels.rack end) == 2)\n"
        "assert(drover.sum(hosts, 'memory_mib') == 28672 and drover.sum(hosts, 'boot_s') == 0)\n"
        "assert(#drover.select(hosts, function(h) return #h.vms == 0 end) == 1)\n"
        "assert(drover.by_label(hosts, 'rack').r2[1] == hosts.kvm2)\n"
        "local others = drover.companions(ask.vm)\n"
        "assert(#others == 1 and others[1].name == 'web1')\n"
        "return true end}");
    if (plug_load_file(plug, path, "", false, &error) != 0)
        fail_msg("%s", error.text);
    bench_begin(&b, plug, small_fleet());
    if (bench_filter(&b) != 0)
        fail_msg("%s", b.rules->filters[0].unit->failure(b.rules->filters[0].self));
    bench_end(&b);
}

/* A link may lead to a file of any name: to one in a store, called by its hash. */
static void test_a_link_to_another_name(void **state)
{
    (void)state;
    char link[256];
    const char *file = write_file("0123abcd", HEAD("filter") "filter = print}");
    snprintf(link, sizeof link, "%s/link.lua", scratch);
    assert_int_equal(symlink(file, link), 0);
    struct plug *plug = plug_with(link, "");
    assert_string_equal(plug_get(plug, 0)->plugin, "0123abcd");
    plug_unref(plug);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_list_of_units),
        cmocka_unit_test(test_filter_one_by_one),
        cmocka_unit_test(test_filter_all_at_once),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_too_many_codes),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_what_is_seen),
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_balance_as_a_whole),
        cmocka_unit_test(test_balance_mistakes),
        cmocka_unit_test(test_calls_inside_calls),
        cmocka_unit_test(test_resilience),
        cmocka_unit_test(test_migrate),
        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_same_as_in_c),
        cmocka_unit_test(test_the_example),
        cmocka_unit_test(test_the_module),
        cmocka_unit_test(test_a_link_to_another_name),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
