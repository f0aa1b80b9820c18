/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What drover-hook and droverd say to each other over the hook socket. One question, one
 * answer, one connection. All numbers are big-endian.
 *
 *   question: "DROVHK01", u32 n (= 7), then n times u32 length + bytes:
 *             host (uname's node name, or as configured), driver, object name, operation,
 *             sub-operation, extra argument, standard input (XML; may be empty)
 *   answer:   "DROVHK01", u32 status (0 allow, 1 refuse), u32 length + text for stderr,
 *             u32 length + XML for stdout (empty: unchanged)
 */
#ifndef DROVER_CODEC_HOOK_FRAME_H
#define DROVER_CODEC_HOOK_FRAME_H

#include "base/arena.h"
#include "base/error.h"
#include "model/event.h"

#include <stdbool.h>

#define HOOK_FRAME_MAGIC "DROVHK01"
#define HOOK_FRAME_FIELDS 7
#define HOOK_FRAME_LIMIT (4u * 1024 * 1024 + 64 * 1024) /* bytes of a whole question */
#define HOOK_FRAME_TEXT_LIMIT 4096u                      /* bytes of every field but the XML */

/*
 * How many bytes the question that begins with these needs: more than `length` where it is not
 * whole yet (as far as can be told by now), `length` or less where it is. 0 with the error set
 * where it can never be one.
 */
size_t hook_frame_need(const unsigned char *bytes, size_t length, struct error *error);

/*
 * A whole question into an EVENT_HOOK_ASK: host, hook, and vms[0] where the XML is a domain that
 * could be parsed. XML that could not be parsed is no error: hook.xml_error says why, and
 * hook.xml is empty, for secrets could not be taken out of it.
 */
int hook_frame_read(const unsigned char *bytes, size_t length, struct event *event,
                    struct error *error);

/* An answer; text and xml may be NULL. free() it. */
unsigned char *hook_frame_answer(bool allow, const char *text, const char *xml, size_t *length);

/*
 * An answer to a whole question whose XML has secrets: they take the place of their markers in the
 * new XML. Where that cannot be, the answer is a refusal, and the error says why. free() it.
 */
unsigned char *hook_frame_answer_to(const unsigned char *question, bool allow, const char *text,
                                    const char *xml, size_t *length, struct error *error);

#endif
