/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions of hooks: whole, in pieces, too long, garbage; and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "codec/hook_frame.h"
#include "codec/text.h"

#include <stdlib.h>
#include <string.h>

#define XML                                                                                        \
    "<domain><name>web1</name><memory>1024</memory>"                                              \
    "<devices><graphics type='vnc' passwd='hunter2'/></devices></domain>"

struct frame {
    unsigned char *bytes;
    size_t length;
};

static void add_u32(struct text *text, uint32_t value)
{
    char bytes[4] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8), (char)value};
    text_add_bytes(text, bytes, 4);
}

static struct frame make_frame(const char *const fields[HOOK_FRAME_FIELDS])
{
    struct text text = TEXT_INIT;
    text_add(&text, HOOK_FRAME_MAGIC);
    add_u32(&text, HOOK_FRAME_FIELDS);
    for (int i = 0; i < HOOK_FRAME_FIELDS; i++) {
        add_u32(&text, (uint32_t)strlen(fields[i]));
        text_add(&text, fields[i]);
    }
    size_t length = text.length;
    return (struct frame){.bytes = (unsigned char *)text_take(&text), .length = length};
}

static struct frame good_frame(const char *xml)
{
    const char *const fields[] = {"kvm1", "qemu", "web1", "migrate", "begin", "-", xml};
    return make_frame(fields);
}

static int read_frame(const struct frame *frame, struct event **event, struct error *error)
{
    *event = event_new(EVENT_HOOK_ASK, 1000);
    return hook_frame_read(frame->bytes, frame->length, *event, error);
}

static void a_whole_question_is_read(void **state)
{
    struct frame frame = good_frame(XML);
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    assert_int_equal(read_frame(&frame, &event, &error), 0);
    assert_string_equal(event->host, "kvm1");
    assert_string_equal(event->hook.driver, "qemu");
    assert_string_equal(event->hook.object, "web1");
    assert_string_equal(event->hook.operation, "migrate");
    assert_string_equal(event->hook.sub_operation, "begin");
    assert_string_equal(event->hook.extra, "-");
    assert_string_equal(event->hook.xml_error, "");
    assert_int_equal(event->vms.n, 1);
    assert_string_equal(((struct vm *)event->vms.item)->name, "web1");
    assert_non_null(strstr(event->hook.xml, "<name>web1</name>"));
    assert_null(strstr(event->hook.xml, "hunter2"));
    event_free(event);
    free(frame.bytes);
}

static void xml_that_is_none_is_told_and_kept_out(void **state)
{
    static const char *const documents[] = {"garbage", "<domain>", "<!DOCTYPE d><domain/>",
                                            "\xff\xfe", "<domain><name>x</name></domain>"};
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct frame frame = good_frame(documents[i]);
        struct error error = ERROR_INIT;
        struct event *event;
        assert_int_equal(read_frame(&frame, &event, &error), 0);
        assert_string_equal(event->hook.xml, "");
        assert_string_not_equal(event->hook.xml_error, "");
        assert_int_equal(event->vms.n, 0);
        event_free(event);
        free(frame.bytes);
    }
}

static void no_xml_is_no_error(void **state)
{
    struct frame frame = good_frame("");
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    assert_int_equal(read_frame(&frame, &event, &error), 0);
    assert_string_equal(event->hook.xml, "");
    assert_string_equal(event->hook.xml_error, "");
    event_free(event);
    free(frame.bytes);
}

/* Containers and Xen's guests are domains as QEMU's are. */
static void domains_of_other_drivers_are_read(void **state)
{
    static const struct {
        const char *driver, *operation, *xml;
        double memory_mib;
    } cases[] = {
        {"lxc", "prepare",
         "<domain type='lxc'><name>web1</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
         "<memory unit='KiB'>524288</memory><vcpu>2</vcpu>"
         "<os><type arch='x86_64'>exe</type><init>/sbin/init</init></os>"
         "<devices><filesystem type='mount'><source dir='/srv/web1'/><target dir='/'/></filesystem>"
         "<interface type='bridge'><source bridge='br0'/></interface><console type='pty'/></devices>"
         "</domain>", 512},
        {"libxl", "migrate",
         "<domain type='xen'><name>web1</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
         "<memory unit='KiB'>1048576</memory><vcpu>2</vcpu>"
         "<os><type arch='x86_64' machine='xenfv'>hvm</type><loader type='rom'>/l</loader></os>"
         "<devices><interface type='bridge'><source bridge='br0'/></interface>"
         "<graphics type='vnc' passwd='hunter2'/></devices></domain>", 1024},
        {"bhyve", "start",
         "<domain type='bhyve'><name>web1</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
         "<memory>262144</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
         "<devices><interface type='bridge'><source bridge='br0'/></interface></devices></domain>",
         256},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const fields[] = {"kvm1", cases[i].driver, "web1", cases[i].operation, "begin",
                                      "-", cases[i].xml};
        struct frame frame = make_frame(fields);
        struct error error = ERROR_INIT;
        struct event *event;
        assert_int_equal(read_frame(&frame, &event, &error), 0);
        assert_string_equal(event->hook.driver, cases[i].driver);
        assert_string_equal(event->hook.xml_error, "");
        assert_int_equal(event->vms.n, 1);
        const struct vm *vm = event->vms.item;
        assert_string_equal(vm->name, "web1");
        assert_string_equal(vm->uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
        assert_true(vm->memory_mib == cases[i].memory_mib && vm->vcpus == 2);
        assert_int_equal(vm->networks.n, 1);
        assert_string_equal(vm->networks.item[0], "br0");
        assert_null(strstr(event->hook.xml, "hunter2"));
        event_free(event);
        free(frame.bytes);
    }
}

/* libvirtd's own operations have no input. */
static void the_daemon_sends_no_domain(void **state)
{
    const char *const fields[] = {"kvm1", "daemon", "-", "reload", "begin", "SIGHUP", ""};
    struct frame frame = make_frame(fields);
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    assert_int_equal(read_frame(&frame, &event, &error), 0);
    assert_string_equal(event->hook.operation, "reload");
    assert_string_equal(event->hook.extra, "SIGHUP");
    assert_int_equal(event->vms.n, 0);
    event_free(event);
    free(frame.bytes);
}

static void check_answer_to(const char *xml, bool allowed, const char *expected)
{
    struct frame frame = good_frame(XML);
    struct error error = ERROR_INIT;
    size_t length;
    unsigned char *answer =
        hook_frame_answer_to(frame.bytes, true, NULL, xml, &length, &error);
    assert_int_equal(answer[11], !allowed);
    assert_int_equal(error.kind == ERROR_NONE, allowed);
    assert_non_null(memmem(answer, length, expected, strlen(expected)));
    assert_true(allowed || !memmem(answer, length, "hunter2", 7));
    free(answer);
    free(frame.bytes);
}

static void secrets_go_back_into_new_xml(void **state)
{
    (void)state;
    check_answer_to("<domain><graphics passwd='drover-secret-0-0.' type='spice'/></domain>", true,
                    "<domain><graphics passwd=\"hunter2\" type=\"spice\"/></domain>");
    check_answer_to("<domain/>", true, "<domain/>");
    check_answer_to("", true, "");
    check_answer_to("<domain><title>drover-secret-0-0.</title></domain>", false,
                    "VM web1 may not come here: what a unit made of its XML cannot be used: the "
                    "marker of a secret stands where no secret belongs");
    check_answer_to("<domain", false, "cannot be used: domain XML, line 1: not well-formed");
}

static void a_network_is_passed_on(void **state)
{
    const char *const fields[] = {"kvm1", "network", "lan", "start", "begin", "-", "<hookData/>"};
    struct frame frame = make_frame(fields);
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    assert_int_equal(read_frame(&frame, &event, &error), 0);
    assert_string_equal(event->hook.xml, "<hookData/>");
    assert_int_equal(event->vms.n, 0);
    event_free(event);
    free(frame.bytes);
}

/* Who reads from a socket asks after each piece; the answer only grows, up to the whole. */
static void a_question_in_pieces_is_waited_for(void **state)
{
    struct frame frame = good_frame(XML);
    struct error error = ERROR_INIT;
    struct event *event;
    size_t last = 0;
    (void)state;
    for (size_t length = 0; length < frame.length; length++) {
        struct frame piece = {.bytes = memory_resize(NULL, length, 1), .length = length};
        memcpy(piece.bytes, frame.bytes, length);
        size_t need = hook_frame_need(piece.bytes, length, &error);
        assert_true(need > length && need <= frame.length && need >= last);
        last = need;
        assert_int_equal(read_frame(&piece, &event, &error), -1);
        assert_string_equal(error.text, "hook question: it is cut off");
        error_clear(&error);
        event_free(event);
        free(piece.bytes);
    }
    assert_int_equal(hook_frame_need(frame.bytes, frame.length, &error), frame.length);
    free(frame.bytes);
}

static void bytes_after_the_end_are_refused(void **state)
{
    struct frame frame = good_frame(XML);
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    frame.bytes = memory_resize(frame.bytes, frame.length + 1, 1);
    frame.bytes[frame.length++] = 'x';
    assert_int_equal(hook_frame_need(frame.bytes, frame.length, &error), frame.length - 1);
    assert_int_equal(read_frame(&frame, &event, &error), -1);
    assert_string_equal(error.text, "hook question: there are bytes after its end");
    event_free(event);
    free(frame.bytes);
}

static void check_never(const char *bytes, size_t length, const char *message)
{
    struct error error = ERROR_INIT;
    assert_int_equal(hook_frame_need((const unsigned char *)bytes, length, &error), 0);
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_string_equal(error.text, message);
}

static void what_can_never_be_a_question_is_refused_at_once(void **state)
{
    static const char too_long[] = "DROVHK01\0\0\0\7\0\0\0\1h\0\0\0\1d\0\0\0\1o"
                                   "\0\0\0\1p\0\0\0\1s\0\0\0\1e\0\100\0\1";
    (void)state;
    check_never("G", 1, "hook question: it does not begin with DROVHK01");
    check_never("GET / HTTP/1.1\r\n", 16, "hook question: it does not begin with DROVHK01");
    check_never("DROVHK02", 8, "hook question: it does not begin with DROVHK01");
    check_never("DROVHK01\0\0\0\6", 12, "hook question: it has another number of fields than 7");
    check_never("DROVHK01\377\377\377\377", 12,
                "hook question: it has another number of fields than 7");
    check_never("DROVHK01\0\0\0\7\0\0\20\1", 16,
                "hook question: its host of 4097 bytes is too long");
    check_never("DROVHK01\0\0\0\7\377\377\377\377", 16,
                "hook question: its host of 4294967295 bytes is too long");
    check_never(too_long, sizeof too_long - 1,
                "hook question: its input of 4194305 bytes is too long");
}

static void wrong_fields_are_named(void **state)
{
    static const struct {
        int field;
        const char *value, *message;
    } cases[] = {
        {0, "", "hook question: expected a name as host, found \"\""},
        {0, "../x", "hook question: expected a name as host, found \"../x\""},
        {1, "q\x1b", "hook question: expected a name as driver, found \"q\\x1b\""},
        {2, "", "hook question: its object has no name"},
        {2, "\xff", "hook question: its object name is not a text in UTF-8"},
        {3, "", "hook question: expected a name as operation, found \"\""},
        {4, "\xc3", "hook question: its sub-operation is not a text in UTF-8"},
        {5, "\xed\xa0\x80", "hook question: its extra argument is not a text in UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char xml[] = XML;
        const char *fields[] = {"kvm1", "qemu", "web1", "migrate", "begin", "-", xml};
        fields[cases[i].field] = cases[i].value;
        struct frame frame = make_frame(fields);
        struct error error = ERROR_INIT;
        struct event *event;
        assert_int_equal(read_frame(&frame, &event, &error), -1);
        assert_string_equal(error.text, cases[i].message);
        event_free(event);
        free(frame.bytes);
    }
}

static void a_nul_in_a_field_is_refused(void **state)
{
    struct frame frame = good_frame(XML);
    struct error error = ERROR_INIT;
    struct event *event;
    (void)state;
    frame.bytes[17] = '\0'; /* in "kvm1" */
    assert_int_equal(read_frame(&frame, &event, &error), -1);
    assert_string_equal(error.text, "hook question: its host is not a text in UTF-8");
    event_free(event);
    free(frame.bytes);
}

/* Every byte of a question changed in turn: read or refused, never a crash. */
static void every_changed_byte_is_survived(void **state)
{
    struct frame frame = good_frame(XML);
    int refused = 0;
    (void)state;
    for (size_t i = 0; i < frame.length; i++) {
        unsigned char kept = frame.bytes[i];
        static const unsigned char changes[] = {0x00, 0xff, '<'};
        for (size_t k = 0; k < sizeof changes; k++) {
            struct error error = ERROR_INIT;
            struct event *event;
            frame.bytes[i] = changes[k];
            int result = read_frame(&frame, &event, &error);
            assert_true((result == 0) == (error.kind == ERROR_NONE));
            refused += result != 0;
            event_free(event);
        }
        frame.bytes[i] = kept;
    }
    assert_true(refused > 100);
    free(frame.bytes);
}

static void check_answer(bool allow, const char *text, const char *xml, const char *expected,
                         size_t expected_length)
{
    size_t length;
    unsigned char *answer = hook_frame_answer(allow, text, xml, &length);
    assert_int_equal(length, expected_length);
    assert_memory_equal(answer, expected, length);
    free(answer);
}

static void answers_have_their_form(void **state)
{
    (void)state;
    check_answer(true, NULL, NULL, "DROVHK01\0\0\0\0\0\0\0\0\0\0\0", 20);
    check_answer(true, "", "<d/>", "DROVHK01\0\0\0\0\0\0\0\0\0\0\0\4<d/>", 24);
    check_answer(false, "no", NULL, "DROVHK01\0\0\0\1\0\0\0\2no\0\0\0", 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_question_is_read),
        cmocka_unit_test(xml_that_is_none_is_told_and_kept_out),
        cmocka_unit_test(no_xml_is_no_error),
        cmocka_unit_test(domains_of_other_drivers_are_read),
        cmocka_unit_test(the_daemon_sends_no_domain),
        cmocka_unit_test(secrets_go_back_into_new_xml),
        cmocka_unit_test(a_network_is_passed_on),
        cmocka_unit_test(a_question_in_pieces_is_waited_for),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(what_can_never_be_a_question_is_refused_at_once),
        cmocka_unit_test(wrong_fields_are_named),
        cmocka_unit_test(a_nul_in_a_field_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(answers_have_their_form),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hook frames", tests, NULL, NULL);
}
