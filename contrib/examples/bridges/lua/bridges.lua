-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Bridges have other names on some hosts: a VM that arrives there is given that host's own. The
-- host's labels in drover.yaml say which: {name: kvm2, labels: {bridge.br0: br-office}} gives a VM
-- that was on br0 elsewhere br-office on kvm2. libvirt's hook must be there on that host.
--
-- Units see XML without secrets: markers stand for them, and drover puts those back. So change
-- what is to be changed, and leave all else as it is.

local function here(host, name)
    return host.labels["bridge." .. name]
end

return {
    abi = 1,
    kind = "admit",
    name = "bridges",
    summary = "gives a VM that arrives the bridges of its new host",
    admit = function(_, ask, answer)
        if ask.operation ~= "migrate" or not ask.host then
            return answer:allow()
        end
        local function replace(head, quote, name)
            local other = here(ask.host, name)
            return other and head .. quote .. other .. quote
        end
        local xml = ask.xml:gsub("(<source bridge=)([\"'])([^\"'<>]*)%2", replace)
        if xml == ask.xml then
            return answer:allow()
        end
        return answer:rewrite(xml)
    end,
}
