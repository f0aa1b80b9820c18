-- SPDX-License-Identifier: LGPL-2.1-or-later
return {
    abi = 1, kind = "weight", name = "broken", summary = "likes kvm1, and is not sure about kvm2",
    weigh = function(_, _, host)
        return host.name == "kvm1" and 1 or math.huge
    end,
}
