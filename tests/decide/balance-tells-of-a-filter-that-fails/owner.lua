-- SPDX-License-Identifier: LGPL-2.1-or-later
return {
    abi = 1, kind = "filter", name = "owner", summary = "every VM has an owner, or so it thinks",
    filter = function(_, ask)
        return #ask.vm.labels.owner > 0
    end,
}
