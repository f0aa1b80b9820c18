/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files named like hosts: what comes and goes is told once, whatever stands in them. */
#include "daemon/touched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

struct place {
    char *dir;
    struct touched touched;
    GString *told;
};

static void tell(void *self, const struct touched *touched, const char *host, const char *reason)
{
    struct place *place = self;
    assert_int_equal(touched->kind, EVENT_HOST_ALARM);
    g_string_append_printf(place->told, "%s%s%s;", host, reason ? "=" : " is gone",
                           reason ? reason : "");
}

static int make_place(void **state)
{
    struct place *place = g_new0(struct place, 1);
    place->dir = g_dir_make_tmp("drover-touched-XXXXXX", NULL);
    place->told = g_string_new(NULL);
    place->touched = (struct touched){.kind = EVENT_HOST_ALARM, .reasons = true};
    *state = place;
    return place->dir ? 0 : -1;
}

static int leave_place(void **state)
{
    struct place *place = *state;
    g_autofree char *command = g_strdup_printf("rm -r %s", place->dir);
    touched_free(&place->touched);
    g_string_free(place->told, TRUE);
    g_free(place->dir);
    int result = system(command);
    g_free(place);
    return result;
}

static void put(const struct place *place, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(place->dir, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void expect(struct place *place, const char *told)
{
    g_string_truncate(place->told, 0);
    touched_compare(&place->touched, place->dir, tell, place);
    assert_string_equal(place->told->str, told);
}

static void what_changes_is_told_once(void **state)
{
    struct place *place = *state;
    expect(place, "");
    put(place, "kvm2", "hot\nand more\n");
    put(place, "kvm1", "");
    expect(place, "kvm1=;kvm2=hot;");
    expect(place, "");
    put(place, "kvm2", "hotter");
    expect(place, "kvm2=hotter;");
    g_autofree char *path = g_build_filename(place->dir, "kvm1", NULL);
    unlink(path);
    expect(place, "kvm1 is gone;");
    g_string_truncate(place->told, 0);
    touched_tell_again(&place->touched, tell, place);
    assert_string_equal(place->told->str, "kvm2=hotter;");
}

static void hostile_files_say_little(void **state)
{
    struct place *place = *state;
    g_autofree char *fifo = g_build_filename(place->dir, "fifo", NULL);
    g_autofree char *link = g_build_filename(place->dir, "link", NULL);
    g_autofree char *dir = g_build_filename(place->dir, "dir", NULL);
    g_autofree char *long_text = g_strnfill(100000, 'x');
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    put(place, "bytes", "\033[2Jred\xff\t\xc2\x9b");
    put(place, ".hidden", "hot");
    put(place, "no host", "hot");
    expect(place, "bytes=[2Jred\357\277\275;dir=;fifo=;link=;");
    put(place, "long", long_text);
    g_string_truncate(place->told, 0);
    touched_compare(&place->touched, place->dir, tell, place);
    assert_true(place->told->len > 100 && place->told->len < 300);
}

static void without_reasons_nothing_is_read(void **state)
{
    struct place *place = *state;
    place->touched.reasons = false;
    put(place, "kvm1", "hot");
    expect(place, "kvm1=;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_changes_is_told_once, make_place, leave_place),
        cmocka_unit_test_setup_teardown(hostile_files_say_little, make_place, leave_place),
        cmocka_unit_test_setup_teardown(without_reasons_nothing_is_read, make_place, leave_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
