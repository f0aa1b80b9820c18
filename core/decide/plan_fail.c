/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * If a host died now: which of its VMs the policy would start again, and where. The same unit and
 * the same placing as when it has really died (plan_trouble); only that the host is made dead in
 * the columns first.
 */
#include "decide/decide.h"

struct plan *plan_fail(struct columns *columns, const struct rules *rules, uint32_t host)
{
    columns_fail(columns, host);
    return plan_trouble(columns, rules, DROVER_TROUBLE_DEAD, host);
}
