-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: a name says nothing.
return {
    abi = 1, kind = "weight", name = "by_name", summary = "likes hosts by the last letter of their names",
    weigh = function(_, _, host)
        return string.byte(host.name, -1)
    end,
}
