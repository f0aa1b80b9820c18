/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An admission unit that denies, allows and rewrites, after a look at everything it is given. */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

static int deny(const struct drover_admit_ask *ask, struct drover_answer *answer)
{
    const struct drover_fleet *fleet = ask->fleet;
    answer->verdict = DROVER_ADMIT_DENY;
    snprintf(answer->code, sizeof answer->code, "gate.state");
    snprintf(answer->text, sizeof answer->text,
             "%s/%s: %s (%s, index %d) may not %s/%s on %s, which is in state %d",
             ask->driver, ask->xml, ask->vm_name, ask->vm_uuid, (int)ask->vm, ask->operation,
             ask->sub_operation, fleet->hosts->name[ask->host], fleet->hosts->state[ask->host]);
    return 0;
}

static int gate_admit(void *self, const struct drover_admit_ask *ask, struct drover_answer *answer)
{
    static const char renamed[] = "<domain type='kvm'><name>renamed</name></domain>";
    (void)self;
    if (ask->host != DROVER_NONE && ask->fleet->hosts->state[ask->host] != DROVER_HOST_UP)
        return deny(ask, answer);
    answer->verdict = DROVER_ADMIT_ALLOW;
    if (ask->vm != DROVER_NONE || strcmp(ask->operation, "migrate") != 0)
        return 0;
    answer->verdict = DROVER_ADMIT_REWRITE;
    return answer->set_xml(answer, renamed, sizeof renamed - 1);
}

static const struct drover_unit gate = {
    .size = sizeof gate,
    .kind = DROVER_ADMIT,
    .name = "gate",
    .summary = "nothing starts on a host that is not up",
    .admit = gate_admit,
};

DROVER_PLUGIN("admit", "1.0", &gate)
