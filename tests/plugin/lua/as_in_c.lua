-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Units that ship in C, written once more in Lua: test_lua_parity.c compares what both say, over
-- thousands of fleets. So they read all kinds of columns: numbers that may not be known, lists,
-- groups, NUMA nodes, huge pages, what goes along and what is waived.

local function round(x) -- half away from zero, as round() in C
    local whole, part = math.modf(x)
    if part >= 0.5 then return whole + 1 end
    if part <= -0.5 then return whole - 1 end
    return whole
end

-- A VM costs nothing where it is, nor where it is expected: there it is counted already.
local function is_counted(ask, host)
    return host == ask.from or host == ask.vm.to
end

-- --- filter memory ----------------------------------------------------------------------------

local function memory_demand(vm)
    local huge = vm.hugepages_kib > 0 and vm.memory_mib or 0
    return vm.memory_mib - huge + vm.memory_overhead_mib, huge,
           vm.memory_mib + vm.memory_overhead_mib
end

local function memory_filter(self, ask, host)
    if ask.vm.state == "paused" or is_counted(ask, host) then return true end
    local physical, huge, total = memory_demand(ask.vm)
    local account = host.memory_schedulable_mib
    if not host.memory_free_mib or not account then return false, "memory.unknown" end
    local free = host.memory_free_mib - host.memory_pending_mib - huge
    local spare = free - self.memory_reserve
    local swap = host.swap_free_mib
    if spare < 0 or (swap and physical > spare + swap) then
        return false, "memory.short", {
            need = physical + self.memory_reserve,
            have = spare < 0 and free or free + swap,
        }
    end
    if total > account - self.memory_reserve then
        return false, "memory.overcommitted",
               {need = total + self.memory_reserve, have = account}
    end
    return true
end

-- --- filter hugepages -------------------------------------------------------------------------

local function hugepages(_, ask, host)
    local size = ask.vm.hugepages_kib
    if size <= 0 or is_counted(ask, host) then return true end
    local need, have = math.ceil(ask.vm.memory_mib * 1024 / size), 0
    for _, pages in ipairs(host.hugepages) do
        if math.abs(pages.size_kib - size) < 0.5 then have = have + pages.free end
    end
    if have >= need then return true end
    return false, "hugepages.short",
           {need = need, have = math.max(0, have), subject = ("%.0f KiB"):format(size)}
end

-- --- weight memory_even -----------------------------------------------------------------------

local function memory_even(_, ask, hosts)
    local need = ask.vm.memory_mib + ask.vm.memory_overhead_mib
    local most, weights = 0, {}
    for _, host in ipairs(hosts) do
        most = math.max(most, host.memory_schedulable_mib or 0)
    end
    local scale = most > 1 and 999 / (most - 1) or 0
    for i, host in ipairs(hosts) do
        local free = host.memory_schedulable_mib
        local left = free and free - (is_counted(ask, host) and 0 or need)
        weights[i] = left and 1000 - round((left - 1) * scale) or 1000
    end
    return weights
end

-- --- filter vm_affinity -----------------------------------------------------------------------

local function along(ask)
    local set = {}
    for _, vm in ipairs(ask.with) do set[vm] = true end
    return set
end

-- Where the others of a group count; the last of them that goes along.
local function others_of(ask, group, with)
    local here, any, companion = {}, false, nil
    for _, vm in ipairs(group.vms) do
        if vm ~= ask.vm and vm.cluster == ask.vm.cluster then
            if with[vm] then
                companion = vm
            else
                local places = {vm.goes_to, group.vm_rule == "negative" and vm.runs_on or nil}
                for _, host in pairs(places) do
                    here[host], any = true, true
                end
            end
        end
    end
    return here, any, companion
end

local function why_apart(ask, group, host, with)
    for _, vm in ipairs(group.vms) do
        if vm ~= ask.vm and not with[vm] and (vm.goes_to == host or vm.runs_on == host) then
            local how = not vm.to and "is there" or vm.to == host and "is on its way there"
                        or "has not left it yet"
            return ("group %s must stay apart, and %s %s"):format(group.name, vm.name, how)
        end
    end
end

local function vm_affinity(_, ask, host)
    if ask.vm_rules_waived then return true end
    local with = along(ask)
    for _, group in ipairs(ask.vm.groups) do
        if group.vm_enforcing and group.vm_rule ~= "disabled" then
            local here, any, companion = others_of(ask, group, with)
            if group.vm_rule == "positive" then
                if any and not here[host] then
                    return false, "vm_affinity.together", {subject = group.name}
                end
            elseif companion then
                return false, "vm_affinity.contradiction", {
                    subject = group.name,
                    text = ("it moves together with %s, from which group %s keeps it apart")
                           :format(companion.name, group.name),
                }
            elseif here[host] then
                return false, "vm_affinity.apart",
                       {subject = group.name, text = why_apart(ask, group, host, with)}
            end
        end
    end
    return true
end

-- --- weight numa_pinning ----------------------------------------------------------------------

local STEPS_MOST = 10000

local function ranges(list)
    local found = {}
    for first, last in list:gmatch("(%d+)-?(%d*)") do
        found[#found + 1] = {tonumber(first), tonumber(last) or tonumber(first)}
    end
    return found
end

local function lists_meet(one, other)
    for _, a in ipairs(one) do
        for _, b in ipairs(other) do
            if b[1] <= a[2] and a[1] <= b[2] then return true end
        end
    end
    return false
end

-- The host's nodes that have one of the pinned CPUs, by id: {free = MiB, left = MiB}.
local function usable_nodes(host, pins)
    local nodes = {}
    for _, node in ipairs(host.numa) do
        if not nodes[node.id] and lists_meet(pins, ranges(node.cpu_list)) then
            nodes[node.id] = {free = node.memory_free_mib, left = node.memory_free_mib}
        end
    end
    return nodes
end

local function interleaves(wanted, nodes)
    local part = wanted.memory_mib / #wanted.nodes
    for _, id in ipairs(wanted.nodes) do
        if not nodes[id] or nodes[id].free < part then return false end
    end
    return true
end

local function place(order, position, nodes, trial)
    local wanted = order[position]
    if not wanted then return true end
    if wanted.mode == "preferred" or #wanted.nodes == 0 then
        return place(order, position + 1, nodes, trial)
    end
    if wanted.mode == "interleave" then
        return interleaves(wanted, nodes) and place(order, position + 1, nodes, trial)
    end
    for _, id in ipairs(wanted.nodes) do
        local node = nodes[id]
        trial.steps = trial.steps + 1
        if trial.steps > STEPS_MOST then return false end
        if node and node.left >= wanted.memory_mib then
            node.left = node.left - wanted.memory_mib
            if place(order, position + 1, nodes, trial) then return true end
            node.left = node.left + wanted.memory_mib
        end
    end
    return false
end

local function is_bound(vm)
    for _, node in ipairs(vm.numa) do
        if #node.nodes > 0 then return true end
    end
    return false
end

local function numa_pinning(_, ask, host)
    local vm = ask.vm
    if vm.cpu_pins == "" or not is_bound(vm) then return 1 end
    local order = {}
    for i, node in ipairs(vm.numa) do order[i] = node end
    table.sort(order, function(a, b) return a.memory_mib > b.memory_mib end)
    return place(order, 1, usable_nodes(host, ranges(vm.cpu_pins)), {steps = 0}) and 1 or 1000
end

return {
    {
        abi = 1, kind = "filter", name = "memory", summary = "room for the VM's memory",
        parameters = {memory_reserve = {type = "memory", default = "0", help = "to be left"}},
        filter = memory_filter,
    },
    {
        abi = 1, kind = "filter", name = "hugepages", summary = "free huge pages of its size",
        filter = hugepages,
    },
    {
        abi = 1, kind = "filter", name = "vm_affinity", summary = "hard rules between VMs",
        filter = vm_affinity,
    },
    {
        abi = 1, kind = "weight", name = "memory_even", summary = "most memory left",
        weigh_all = memory_even,
    },
    {
        abi = 1, kind = "weight", name = "numa_pinning", summary = "pinned near its memory",
        weigh = numa_pinning,
    },
}
