/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions of hooks, as they come in pieces: each piece says how much more is needed, never less
 * than the one before it, and a whole one is read. New XML for libvirt never has markers of secrets.
 */
#include "fuzz/fuzz.h"

#include "codec/hook_frame.h"

#include <stdio.h>
#include <stdlib.h>

/* What a unit gives back: the XML as it was, or a marker where none belongs. */
static void answer(const unsigned char *question, const struct hook_ask *hook)
{
    struct error error = ERROR_INIT;
    size_t size;
    unsigned char *bytes = hook_frame_answer_to(question, true, "", hook->xml, &size, &error);
    fuzz_must(error.kind == ERROR_NONE && bytes[11] == 0, "unchanged XML is refused", hook->xml,
              error.text);
    free(bytes);
    char marked[128];
    snprintf(marked, sizeof marked, "<domain><title>%s0.</title></domain>", hook->marker);
    bytes = hook_frame_answer_to(question, true, "", marked, &size, &error);
    fuzz_must(error.kind != ERROR_NONE && bytes[11] == 1, "a marker goes to libvirt", marked, NULL);
    free(bytes);
}

static void read_whole(const unsigned char *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct event *event = event_new(EVENT_HOOK_ASK, 1000);
    if (hook_frame_read(bytes, length, event, &error) == 0) {
        fuzz_must(event->hook.xml[0] == '\0' || event->hook.xml_error[0] == '\0',
                  "XML that could not be parsed is passed on", event->hook.xml,
                  event->hook.xml_error);
        if (event->hook.xml_redacted)
            answer(bytes, &event->hook);
    } else {
        fuzz_must(error.kind != ERROR_NONE, "refused without a word", NULL, NULL);
    }
    event_free(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    size_t need = 0, step = length / 64 + 1; /* at most 65 pieces */
    for (size_t have = 0; have <= length; have += step) {
        size_t now = hook_frame_need(bytes, have, &error);
        if (!now) {
            fuzz_must(error.kind != ERROR_NONE, "refused without a word", NULL, NULL);
            break;
        }
        fuzz_must(now >= need && now <= HOOK_FRAME_LIMIT, "needs less than before, or too much",
                  NULL, NULL);
        need = now;
    }
    read_whole(bytes, length); /* whatever they are */
    return 0;
}
