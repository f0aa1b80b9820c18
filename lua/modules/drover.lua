-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- What many units need, over the fleet as drover(8) shows it to Lua. See drover-lua(7).
--
--     local drover = require "drover"

local M = {}

-- Where a VM is, or will be: the host that it is on its way to, else the one that it is on.
-- A limit that forgets the VMs on their way is broken by every drain.
function M.place(vm)
    return vm.to or vm.host
end

-- How many items of a list pass the test.
function M.count(list, test)
    local n = 0
    for _, item in ipairs(list) do
        if test(item) then n = n + 1 end
    end
    return n
end

-- The sum of one field over a list; what is not known counts as 0.
function M.sum(list, field)
    local total = 0
    for _, item in ipairs(list) do
        total = total + (item[field] or 0)
    end
    return total
end

-- The items of a list that pass the test, as a table.
function M.select(list, test)
    local chosen = {}
    for _, item in ipairs(list) do
        if test(item) then chosen[#chosen + 1] = item end
    end
    return chosen
end

-- Hosts by the value of a label: {r1 = {host, ...}, ...}. Hosts without it are left out.
function M.by_label(hosts, key)
    local found = {}
    for _, host in ipairs(hosts) do
        local value = host.labels[key]
        if value then
            found[value] = found[value] or {}
            found[value][#found[value] + 1] = host
        end
    end
    return found
end

-- The other VMs that share a group with this one, each once, in order of name.
function M.companions(vm)
    local seen, list = {[vm] = true}, {}
    for _, group in ipairs(vm.groups) do
        for _, other in ipairs(group.vms) do
            if not seen[other] then
                seen[other] = true
                list[#list + 1] = other
            end
        end
    end
    table.sort(list, function(a, b) return a.name < b.name end)
    return list
end

return M
