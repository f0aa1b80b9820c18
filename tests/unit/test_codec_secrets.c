/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets of a domain's XML: taken out for units, and back in their places afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/domain_xml.h"
#include "codec/hook_frame.h"
#include "model/secrets.h"

#include <stdlib.h>
#include <string.h>

#define BRIDGED                                                                                    \
    "<domain><name>n</name><memory>1</memory><devices><interface type=\"bridge\">"                 \
    "<source bridge=\"br0\"/></interface><graphics type=\"vnc\" passwd=\"%s\"/>"                  \
    "<graphics type=\"spice\" passwd=\"%s\"/><disk><source><cookies><cookie name=\"c\">%s"       \
    "</cookie></cookies></source></disk></devices></domain>"

static char *restored(const char *changed, struct error *error)
{
    struct arena arena = ARENA_INIT;
    const char *original = arena_printf(&arena, BRIDGED, "a&amp;&quot;b", "two", "<b>&lt;c</b>d");
    char *text = domain_xml_restore(original, strlen(original), changed, error);
    arena_free(&arena);
    return text;
}

static void secrets_come_back_to_their_places(void **state)
{
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    char marker[SECRET_MARKER_ROOM];
    (void)state;
    const char *original = arena_printf(&arena, BRIDGED, "a&amp;&quot;b", "two", "<b>&lt;c</b>d");
    const char *expected = arena_printf(&arena, BRIDGED, "drover-secret-0-0.",
                                        "drover-secret-0-1.", "drover-secret-0-2.");
    char *redacted = domain_xml_redact(original, strlen(original), marker, &error);
    assert_string_equal(redacted, expected);
    char *back = restored(redacted, &error);
    assert_string_equal(back, original);
    free(back);
    *strstr(redacted, "br0") = 'B'; /* what a unit is there for */
    back = restored(redacted, &error);
    assert_non_null(strstr(back, "<source bridge=\"Br0\"/>"));
    assert_non_null(strstr(back, "passwd=\"a&amp;&quot;b\""));
    free(back);
    /* One that went with its element, and a password of the unit's own. */
    back = restored("<domain><graphics passwd='drover-secret-0-1.'/><graphics passwd='own'/>"
                    "</domain>", &error);
    assert_string_equal(back, "<domain><graphics passwd=\"two\"/><graphics passwd=\"own\"/>"
                              "</domain>");
    free(back);
    free(redacted);
    arena_free(&arena);
}

static void markers_that_are_in_the_document_are_not_used(void **state)
{
    static const char xml[] = "<domain><title>drover-secret-0-0.</title>"
                              "<graphics passwd=\"drover-secret-1-7.\"/></domain>";
    struct error error = ERROR_INIT;
    char marker[SECRET_MARKER_ROOM];
    (void)state;
    char *redacted = domain_xml_redact(xml, strlen(xml), marker, &error);
    assert_string_equal(marker, "drover-secret-2-");
    char *back = domain_xml_restore(xml, strlen(xml), redacted, &error);
    assert_string_equal(back, xml);
    free(back);
    free(redacted);
}

static void markers_that_are_not_in_order_are_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"<domain><graphics passwd='drover-secret-0-0.'/><graphics passwd='drover-secret-0-0.'/>"
         "</domain>", "the marker of a secret stands in it twice"},
        {"<domain><graphics passwd='drover-secret-0-3.'/></domain>",
         "a marker of a secret stands in it that was not there before"},
        {"<domain><graphics passwd='drover-secret-0-00.'/></domain>",
         "a marker of a secret stands in it that was not there before"},
        {"<domain><graphics passwd='xdrover-secret-0-0.'/></domain>",
         "a marker of a secret stands in it that was not there before"},
        {"<domain><graphics passwd='drover-secret-0-2.'/></domain>",
         "the marker of a secret stands in another kind of place: in <graphics>"},
        {"<domain><input passwd='drover-secret-0-0.'/></domain>",
         "the marker of a secret stands in another kind of place: in <input>"},
        {"<domain><title>drover-secret-0-0.</title></domain>",
         "the marker of a secret stands where no secret belongs"},
        {"<domain><graphics listen='drover&#45;secret-0-0.'/></domain>",
         "the marker of a secret stands where no secret belongs"},
        {"<domain><!-- drover-secret-0-0. --></domain>",
         "the marker of a secret stands where no secret belongs"},
        {"<domain><graphics", "domain XML, line 1: not well-formed: "},
        {"<network/>", "domain XML"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error error = ERROR_INIT;
        assert_null(restored(wrong[i][0], &error));
        assert_int_equal(strncmp(error.text, wrong[i][1], strlen(wrong[i][1])), 0);
    }
}

/* The same, as the engine can tell it without knowing XML. */
static void markers_are_counted_in_text(void **state)
{
    static const char before[] = "a m-0. b m-1. c";
    (void)state;
    assert_null(secret_markers_wrong(before, before, "m-"));
    assert_null(secret_markers_wrong(before, "m-1.", "m-"));
    assert_null(secret_markers_wrong(before, "", "m-"));
    assert_null(secret_markers_wrong("none", "m-7.", "m-")); /* nothing is behind it */
    assert_string_equal(secret_markers_wrong(before, "m-0.m-0.", "m-"),
                        "the marker of a secret stands in it twice");
    static const char *const invented[] = {"m-2.", "m-", "m-.", "m-01.", "m-1", "m-99999999999."};
    for (size_t i = 0; i < sizeof invented / sizeof *invented; i++)
        assert_string_equal(secret_markers_wrong(before, invented[i], "m-"),
                            "a marker of a secret stands in it that was not there before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_come_back_to_their_places),
        cmocka_unit_test(markers_that_are_in_the_document_are_not_used),
        cmocka_unit_test(markers_that_are_not_in_order_are_refused),
        cmocka_unit_test(markers_are_counted_in_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
