-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: the order of a set is nobody's business.
return {
    abi = 1, kind = "weight", name = "first_pin", summary = "likes the pin that is written first",
    weigh = function(_, ask, host)
        return ask.vm.pinned_hosts[1] == host and 0 or 1
    end,
}
