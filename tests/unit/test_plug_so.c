/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared objects: of our ABI, older, newer, wrong; and which files are believed. */
#include "plug_helper.h"

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        assert_int_equal(fwrite(buffer, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void load_fails(const char *path, enum plug_trust trust, const char *expected)
{
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(trust);
    assert_int_equal(plug_load_file(plug, path, "", false, &error), -1);
    if (!strstr(error.text, expected) || !strstr(error.text, path))
        fail_msg("expected \"%s\" and \"%s\" in \"%s\"", path, expected, error.text);
    assert_int_equal(plug_count(plug), 0);
    plug_unref(plug);
}

static void test_good(void **state)
{
    (void)state;
    struct plug *plug = plug_with(fixture("good"), "vendor");
    assert_int_equal(plug_count(plug), 2);
    const struct plug_unit *unit = plug_get(plug, 0);
    assert_string_equal(unit->name, "vendor/roomy");
    assert_string_equal(unit->plugin, "good");
    assert_string_equal(unit->version, "1.2");
    assert_string_equal(unit->language, "c");
    assert_int_equal(strlen(unit->hash), 64);
    assert_int_equal(unit->unit->size, sizeof(struct drover_unit));
    assert_ptr_equal(plug_find(plug, DROVER_FILTER, "vendor/roomy"), unit);
    assert_null(plug_find(plug, DROVER_WEIGHT, "vendor/roomy"));
    assert_null(plug_find(plug, DROVER_FILTER, "roomy"));
    /* Not built in: it cannot make itself mandatory. */
    assert_int_equal(unit->unit->flags & DROVER_MANDATORY, 0);
    plug_unref(plug);
}

static void test_older(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, plug_with(fixture("older"), ""), small_fleet());
    const struct drover_unit *unit = b.rules->filters[0].unit;
    assert_null(unit->why);
    assert_null(unit->failure);
    assert_int_equal(bench_filter(&b), 0);
    assert_int_equal(b.verdicts[0], 1);
    assert_int_equal(b.verdicts[1], 0);
    bench_end(&b);
}

static void test_newer(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, plug_with(fixture("newer"), ""), small_fleet());
    const struct drover_unit *unit = b.rules->filters[0].unit;
    assert_int_equal(bench_filter(&b), 0);
    assert_string_equal(unit->reasons[b.verdicts[0] - 1].code, "newer.first");
    assert_string_equal(unit->reasons[b.verdicts[1] - 1].code, "newer.second");
    assert_null(unit->reasons[2].code);
    bench_end(&b);
}

static void test_wrong_ones(void **state)
{
    (void)state;
    load_fails(fixture("major"), PLUG_TRUST_ANY, "was built for plugin ABI 2.3, this drover "
        "speaks 1.");
    load_fails(fixture("no_symbol"), PLUG_TRUST_ANY, "exports no drover_plugin()");
    load_fails(fixture("no_callback"), PLUG_TRUST_ANY,
               "unit hollow: is a weight unit without a weigh callback");
    load_fails(fixture("outside"), PLUG_TRUST_ANY, "parameter limit: offset 8 lies outside self");
    load_fails(fixture("bad_default"), PLUG_TRUST_ANY,
               "default of parameter: limit: expected a percentage from 50 to 99, found \"20%\"");
    load_fails(fixture("absent"), PLUG_TRUST_ANY, "No such file");
    load_fails(write_file("text.so", "#!/bin/sh\n"), PLUG_TRUST_ANY, "no ELF header");
    load_fails(write_file("cut.so", "\177ELF\002\001\001"), PLUG_TRUST_ANY, "cannot be loaded");
    load_fails(write_file("plugin.txt", ""), PLUG_TRUST_ANY, "neither a .so nor a .lua");
}

static void test_whom_to_trust(void **state)
{
    (void)state;
    char path[128], link[128];
    struct error error = ERROR_INIT;
    snprintf(path, sizeof path, "%s/trusted.so", scratch);
    copy_file(fixture("good"), path);
    struct plug *plug = plug_new(PLUG_TRUST_CHECKED);
    assert_int_equal(plug_load_file(plug, path, "", false, &error), 0);
    plug_unref(plug);
    assert_int_equal(chmod(path, 0666), 0);
    load_fails(path, PLUG_TRUST_CHECKED, "the file can be written by others (mode 0666): chmod "
        "go-w");
    assert_int_equal(chmod(path, 0664), 0);
    load_fails(path, PLUG_TRUST_CHECKED, "can be written by others");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(scratch, 0777), 0);
    load_fails(path, PLUG_TRUST_CHECKED, "its directory");
    assert_int_equal(chmod(scratch, 0755), 0);
    snprintf(link, sizeof link, "%s/link.so", scratch);
    assert_int_equal(symlink("/dev/null", link), 0);
    load_fails(link, PLUG_TRUST_ANY, "is not a regular file");
    snprintf(path, sizeof path, "%s/fifo.lua", scratch);
    assert_int_equal(mkfifo(path, 0600), 0);
    load_fails(path, PLUG_TRUST_ANY, "is not a regular file");
    if (geteuid() == 0) {
        write_file("other.lua", "");
        snprintf(path, sizeof path, "%s/other.lua", scratch);
        assert_int_equal(chown(path, 12345, 12345), 0);
        load_fails(path, PLUG_TRUST_CHECKED, "the file belongs to user 12345");
    }
}

struct told {
    uint32_t n;
    char last[1024];
};

static void tell(void *self, const char *path, const struct error *error)
{
    struct told *told = self;
    assert_non_null(strstr(error->text, path));
    told->n++;
    snprintf(told->last, sizeof told->last, "%s", error->text);
}

static void test_a_folder(void **state)
{
    (void)state;
    char folder[96], path[128];
    struct told told = {0, ""};
    snprintf(folder, sizeof folder, "%s/folder", scratch);
    assert_int_equal(mkdir(folder, 0755), 0);
    snprintf(path, sizeof path, "%s/a.so", folder);
    copy_file(fixture("good"), path);
    snprintf(path, sizeof path, "%s/b.so", folder);
    copy_file(fixture("good"), path);
    snprintf(path, sizeof path, "%s/c.so", folder);
    copy_file(fixture("older"), path);
    write_file("folder/d.lua", "return {");
    write_file("folder/.hidden.lua", "return {");
    write_file("folder/notes.txt", "not a plugin");
    struct plug *plug = plug_new(PLUG_TRUST_CHECKED);
    assert_int_equal(plug_load_dir(plug, folder, "", true, tell, &told), 2);
    assert_int_equal(told.n, 2);
    assert_non_null(strstr(told.last, "d.lua:1:"));
    assert_int_equal(plug_count(plug), 3);
    assert_string_equal(plug_get(plug, 0)->name, "older");
    assert_string_equal(plug_get(plug, 1)->name, "roomy");
    assert_string_equal(plug_get(plug, 2)->name, "sparse");
    assert_int_equal(plug_get(plug, 1)->unit->flags & DROVER_MANDATORY, DROVER_MANDATORY);
    assert_int_equal(plug_load_dir(plug, "/nowhere/at/all", "", true, tell, &told), 0);
    assert_int_equal(told.n, 2);
    plug_unref(plug);
}

/* A file that changed under the same path must come in as what it is now. */
static void test_a_changed_file(void **state)
{
    (void)state;
    char path[128], next[128];
    snprintf(path, sizeof path, "%s/change.so", scratch);
    snprintf(next, sizeof next, "%s/change.new", scratch);
    copy_file(fixture("older"), path);
    struct plug *old = plug_with(path, "");
    copy_file(fixture("good"), next);
    assert_int_equal(rename(next, path), 0);
    struct plug *new = plug_with(path, "");
    assert_string_equal(plug_get(old, 0)->name, "older");
    assert_string_equal(plug_get(new, 0)->name, "roomy");
    copy_file(fixture("newer"), next);
    assert_int_equal(rename(next, path), 0);
    struct plug *newest = plug_with(path, "");
    assert_string_equal(plug_get(newest, 0)->name, "newer");
    plug_unref(newest);
    plug_unref(new);
    plug_unref(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_older),
        cmocka_unit_test(test_newer),        cmocka_unit_test(test_wrong_ones),
        cmocka_unit_test(test_whom_to_trust), cmocka_unit_test(test_a_folder),
        cmocka_unit_test(test_a_changed_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
