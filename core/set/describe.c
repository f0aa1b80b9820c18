/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units and policies as JSON; see describe.h. */
#include "set/describe.h"

#include "plug/plug.h"
#include "policy/policy_file.h"

#include <stdlib.h>

static json_t *describe_parameters(const struct drover_parameter *parameter)
{
    json_t *list = json_array();

    for (; parameter && parameter->key; parameter++) {
        json_t *one = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "key", parameter->key, "type",
                                drover_parameter_type_names[parameter->type], "unit",
                                parameter->unit, "default", parameter->default_text, "choices",
                                parameter->choices, "help", parameter->help);
        if (parameter->min < parameter->max) {
            json_object_set_new(one, "min", json_real(parameter->min));
            json_object_set_new(one, "max", json_real(parameter->max));
        }
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *describe_reasons(const struct drover_reason *reason)
{
    json_t *list = json_array();

    for (; reason && reason->code; reason++)
        json_array_append_new(list, json_pack("{s:s, s:s*, s:s*}", "code", reason->code, "text",
                                              reason->text, "remedy", reason->remedy));
    return list;
}

json_t *describe_unit(const struct plug_unit *unit)
{
    const struct drover_unit *its = unit->unit;

    return json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:b, s:b, s:o, s:o}",
                     "kind", drover_kind_names[its->kind], "name", unit->name, "summary",
                     its->summary, "plugin", unit->plugin, "version", unit->version, "path",
                     unit->path, "hash", unit->hash, "language", unit->language, "builtin",
                     unit->builtin, "mandatory",
                     unit->builtin && (its->flags & DROVER_MANDATORY) != 0, "parameters",
                     describe_parameters(its->parameters), "reasons",
                     describe_reasons(its->reasons));
}

json_t *describe_units(const struct plug *plug)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < plug_count(plug); i++)
        json_array_append_new(list, describe_unit(plug_get(plug, i)));
    return list;
}

json_t *describe_policies(struct policies *policies, struct error *error)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < policies_count(policies); i++) {
        const struct policy *own = policies_get(policies, i);
        const struct policy *resolved = policies_resolve(policies, own->name, error);
        if (!resolved) {
            json_decref(list);
            return NULL;
        }
        char *text = policy_write(resolved);
        json_array_append_new(list, json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "name", own->name,
                                              "summary", own->summary, "extends", own->extends,
                                              "file", own->file, "text", text));
        free(text);
    }
    return list;
}
