/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions of hooks, read byte by byte within their bounds. See hook_frame.h. */
#include "codec/hook_frame.h"

#include "codec/domain_xml.h"
#include "codec/text.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_LENGTH (sizeof HOOK_FRAME_MAGIC - 1)

enum { HOST, DRIVER, OBJECT, OPERATION, SUB_OPERATION, EXTRA, INPUT };

static const char *const field_names[HOOK_FRAME_FIELDS] = {
    "host", "driver", "object name", "operation", "sub-operation", "extra argument", "input",
};

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void add_u32(struct text *text, uint32_t value)
{
    char bytes[4] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8), (char)value};
    text_add_bytes(text, bytes, sizeof bytes);
}

static size_t never(struct error *error, const char *text)
{
    error_set(error, ERROR_INPUT, "hook question: %s", text);
    return 0;
}

size_t hook_frame_need(const unsigned char *bytes, size_t length, struct error *error)
{
    size_t magic = length < MAGIC_LENGTH ? length : MAGIC_LENGTH;
    if (memcmp(bytes, HOOK_FRAME_MAGIC, magic) != 0)
        return never(error, "it does not begin with " HOOK_FRAME_MAGIC);
    size_t need = MAGIC_LENGTH + 4;
    if (length < need)
        return need;
    if (read_u32(bytes + MAGIC_LENGTH) != HOOK_FRAME_FIELDS)
        return never(error, "it has another number of fields than 7");
    for (int i = 0; i < HOOK_FRAME_FIELDS; i++) {
        if (length < need + 4)
            return need + 4;
        uint32_t size = read_u32(bytes + need);
        if (size > (i == INPUT ? DOMAIN_XML_LIMIT : HOOK_FRAME_TEXT_LIMIT)) {
            error_set(error, ERROR_INPUT, "hook question: its %s of %u bytes is too long",
                      field_names[i], size);
            return 0;
        }
        need += 4 + (size_t)size;
        if (length < need)
            return need;
    }
    return need;
}

struct part {
    const char *bytes;
    size_t length;
};

static bool is_utf8(const struct part *part)
{
    unsigned character;
    for (size_t i = 0, n; i < part->length; i += n) {
        n = text_character(part->bytes + i, part->length - i, &character);
        if (n == 0 || character == 0)
            return false;
    }
    return true;
}

/* Copy the texts, all but the input, to their places in the event. */
static int read_texts(const struct part *parts, struct event *event, struct error *error)
{
    const char **places[] = {
        &event->host,           &event->hook.driver,        &event->hook.object,
        &event->hook.operation, &event->hook.sub_operation, &event->hook.extra,
    };
    for (int i = HOST; i < INPUT; i++) {
        if (!is_utf8(&parts[i]))
            return error_set(error, ERROR_INPUT, "hook question: its %s is not a text in UTF-8",
                             field_names[i]);
        *places[i] = arena_bytes(&event->arena, parts[i].bytes, parts[i].length);
        bool name = i == HOST || i == DRIVER || i == OPERATION;
        char shown[TEXT_SHOWN];
        if (name && !field_is_name(*places[i]))
            return error_set(error, ERROR_INPUT, "hook question: expected a name as %s, found %s",
                             field_names[i], text_show(shown, parts[i].bytes, parts[i].length));
    }
    if (!*event->hook.object)
        return error_set(error, ERROR_INPUT, "hook question: its object has no name");
    return 0;
}

static void read_domain(const struct part *input, struct event *event)
{
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    struct vm vm;
    char marker[SECRET_MARKER_ROOM];
    char *redacted = domain_xml_redact(input->bytes, input->length, marker, &error);
    if (redacted && domain_xml_read(input->bytes, input->length, &vm, &arena, &error) == 0) {
        event_set(event, &event->hook.xml, redacted);
        event_set(event, &event->hook.marker, marker);
        event->hook.xml_redacted = marker[0] != '\0';
        event_add_vm(event, &vm);
    } else {
        event_set(event, &event->hook.xml_error, error.text);
    }
    free(redacted);
    arena_free(&arena);
}

/* Only drivers of domains send a domain; a network's XML goes on as it is. */
static void read_input(const struct part *input, struct event *event)
{
    if (input->length == 0)
        return;
    if (strcmp(event->hook.driver, "network") != 0 && strcmp(event->hook.driver, "daemon") != 0)
        read_domain(input, event);
    else if (is_utf8(input))
        event->hook.xml = arena_bytes(&event->arena, input->bytes, input->length);
    else
        event_set(event, &event->hook.xml_error, "not a text in UTF-8");
}

static void split(const unsigned char *bytes, struct part parts[HOOK_FRAME_FIELDS])
{
    size_t at = MAGIC_LENGTH + 4;
    for (int i = 0; i < HOOK_FRAME_FIELDS; i++) {
        parts[i].length = read_u32(bytes + at);
        parts[i].bytes = (const char *)bytes + at + 4;
        at += 4 + parts[i].length;
    }
}

int hook_frame_read(const unsigned char *bytes, size_t length, struct event *event,
                    struct error *error)
{
    struct part parts[HOOK_FRAME_FIELDS];
    size_t need = hook_frame_need(bytes, length, error);
    if (need == 0)
        return -1;
    if (need != length)
        return error_set(error, ERROR_INPUT, "hook question: %s",
                         need > length ? "it is cut off" : "there are bytes after its end");
    split(bytes, parts);
    if (read_texts(parts, event, error))
        return -1;
    read_input(&parts[INPUT], event);
    return 0;
}

static void add_part(struct text *frame, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length > HOOK_FRAME_LIMIT)
        length = HOOK_FRAME_LIMIT;
    add_u32(frame, (uint32_t)length);
    text_add_bytes(frame, text ? text : "", length);
}

unsigned char *hook_frame_answer(bool allow, const char *text, const char *xml, size_t *length)
{
    struct text frame = TEXT_INIT;
    text_add_bytes(&frame, HOOK_FRAME_MAGIC, MAGIC_LENGTH);
    add_u32(&frame, allow ? 0 : 1);
    add_part(&frame, text);
    add_part(&frame, xml);
    *length = frame.length;
    return (unsigned char *)text_take(&frame);
}

unsigned char *hook_frame_answer_to(const unsigned char *question, bool allow, const char *text,
                                    const char *xml, size_t *length, struct error *error)
{
    struct part parts[HOOK_FRAME_FIELDS];
    split(question, parts);
    char *restored = NULL;
    if (allow && xml && *xml) {
        restored = domain_xml_restore(parts[INPUT].bytes, parts[INPUT].length, xml, error);
        allow = restored != NULL;
    }
    struct text sentence = TEXT_INIT;
    if (!allow && xml && *xml)
        text_printf(&sentence,
                    "VM %.*s may not come here: what a unit made of its XML cannot be used: %s",
                    (int)parts[OBJECT].length, parts[OBJECT].bytes, error->text);
    char *why = text_take(&sentence);
    unsigned char *bytes = hook_frame_answer(allow, *why ? why : text, restored, length);
    free(why);
    free(restored);
    return bytes;
}
