/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manual pages of units say what the units' tables say: each unit that ships has a page, and
 * each of its parameters (with default) and codes of refusals has an entry in it. Nor does a page
 * have an entry that no table has.
 */
#include "unit/policy_files.h"

#include "plug/plug.h"
#include "policy/paths.h"

static struct plug *load_all(void)
{
    const char *build = getenv("DROVER_BUILD"), *source = getenv("DROVER_SRC");
    char plugins[PATH_MAX], lua[PATH_MAX];
    snprintf(plugins, sizeof plugins, "%s/plugins", build ? build : "build");
    snprintf(lua, sizeof lua, "%s/lua", source ? source : ".");
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    assert_int_equal(plug_load_dir(plug, plugins, "", true, NULL, NULL), 0);
    assert_int_equal(plug_load_dir(plug, lua, "", true, NULL, NULL), 0);
    return plug;
}

/* The text of a unit's page; free() it. NULL: it has none. */
static char *read_page(const char *unit)
{
    const char *source = getenv("DROVER_SRC");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/docs/man/drover-unit-%s.7", source ? source : ".", unit);
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static bool has_line(const char *page, const char *line)
{
    size_t length = strlen(line);
    for (const char *at = strstr(page, line); at; at = strstr(at + 1, line))
        if ((at == page || at[-1] == '\n') && strchr(" \n", at[length]))
            return true;
    return false;
}

static uint32_t count(const char *page, const char *text)
{
    uint32_t n = 0;
    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text))
        n++;
    return n;
}

static void check_parameters(const struct plug_unit *unit, const char *page)
{
    for (const struct drover_parameter *p = unit->unit->parameters; p && p->key; p++) {
        char line[256];
        const char *usual = *p->default_text ? p->default_text : "empty";
        snprintf(line, sizeof line, ".It Cm %s Pq %s, default %s", p->key,
                 drover_parameter_type_names[p->type], usual);
        if (!strstr(page, line))
            fail_msg("the page of %s has no line \"%s\"", unit->name, line);
    }
}

/* Units of several kinds may have one name, and then share its page. */
static uint32_t count_parameters(const struct plug *plug, const char *name)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        const struct drover_parameter *p = unit->unit->parameters;
        for (; strcmp(unit->name, name) == 0 && p && p->key; p++)
            n++;
    }
    return n;
}

static uint32_t check_reasons(const struct plug_unit *unit, const char *page)
{
    uint32_t n = 0;
    for (const struct drover_reason *r = unit->unit->reasons; r && r->code; r++, n++) {
        char line[256];
        snprintf(line, sizeof line, ".It Cm %s", r->code);
        if (!has_line(page, line))
            fail_msg("the page of %s has no line \"%s\"", unit->name, line);
    }
    return n;
}

static void every_unit_parameter_and_reason_has_its_place(void **state)
{
    (void)state;
    struct plug *plug = load_all();
    assert_true(plug_count(plug) >= 13);
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        char *page = read_page(unit->name);
        if (!page)
            fail_msg("there is no docs/man/drover-unit-%s.7", unit->name);
        check_parameters(unit, page);
        assert_int_equal(count(page, ", default "), count_parameters(plug, unit->name));
        uint32_t n = check_reasons(unit, page);
        if (unit->unit->kind == DROVER_FILTER) {
            char code[128];
            snprintf(code, sizeof code, "\n.It Cm %s.", unit->name);
            assert_int_equal(count(page, code), n);
        }
        free(page);
    }
    plug_unref(plug);
}

static void the_index_names_every_unit(void **state)
{
    (void)state;
    const char *source = getenv("DROVER_SRC");
    char path[PATH_MAX], index[65536];
    snprintf(path, sizeof path, "%s/docs/man/drover-units.7", source ? source : ".");
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    index[fread(index, 1, sizeof index - 1, file)] = '\0';
    fclose(file);
    struct plug *plug = load_all();
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        char line[128];
        snprintf(line, sizeof line, ".It Xr drover-unit-%s 7", plug_get(plug, i)->name);
        if (!has_line(index, line))
            fail_msg("drover-units.7 has no line \"%s\"", line);
    }
    plug_unref(plug);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_parameter_and_reason_has_its_place),
        cmocka_unit_test(the_index_names_every_unit),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("manual pages of units", tests, NULL, NULL);
}
