/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers over HTTP: JSON, also for errors. */
#include "ctl/server_private.h"

#include "codec/json.h"
#include "ctl/api_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void respond_json(SoupServerMessage *message, unsigned status, json_t *json)
{
    char *text = json_text(json);
    json_decref(json);
    soup_server_message_set_status(message, status, NULL);
    soup_server_message_set_response(message, "application/json", SOUP_MEMORY_COPY, text,
                                     strlen(text));
    free(text);
}

void respond_error(SoupServerMessage *message, const struct error *error)
{
    respond_json(message, api_status(error->kind), api_json_error(error));
}

void respond_error_as(SoupServerMessage *message, unsigned status, enum error_kind kind,
                      const char *format, ...)
{
    struct error error = {.kind = kind};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.text, sizeof error.text, format, arguments);
    va_end(arguments);
    respond_json(message, status, api_json_error(&error));
}
