/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libyaml's event parser, not its documents: memory stays small however long the input is, and
 * an alias is refused before anything could be multiplied by it.
 */
#include "codec/yaml_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int yaml_error(struct error *error, const char *file, struct mark mark, const char *format, ...)
{
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_INPUT, "%s:%u:%u: %s", file, mark.line, mark.column, text);
}

static struct mark mark_of(const yaml_mark_t *mark)
{
    return (struct mark){.line = (uint32_t)mark->line + 1, .column = (uint32_t)mark->column + 1};
}

struct mark yaml_mark(const struct yaml_reader *reader)
{
    return mark_of(&reader->event.start_mark);
}

struct literal yaml_literal(const struct yaml_reader *reader)
{
    return (struct literal){
        .text = (const char *)reader->event.data.scalar.value,
        .length = reader->event.data.scalar.length,
        .quoted = reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE,
    };
}

/* libyaml tells the byte alone where the text is no UTF-8. */
static struct mark mark_of_offset(const struct yaml_reader *reader, size_t offset)
{
    struct mark mark = {1, 1};
    for (size_t i = 0; i < offset && i < reader->length; i++) {
        unsigned char byte = (unsigned char)reader->bytes[i];
        if (byte == '\n')
            mark = (struct mark){mark.line + 1, 1};
        else if (byte >> 6 != 2)
            mark.column++;
    }
    return mark;
}

static int syntax_error(struct yaml_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    if (parser->error == YAML_READER_ERROR)
        return yaml_error(reader->error, reader->file,
                          mark_of_offset(reader, parser->problem_offset),
                          "not a text in UTF-8: %s (0x%02x)", problem,
                          (unsigned)parser->problem_value);
    char begun[40] = "";
    if (parser->context && parser->context_mark.line != parser->problem_mark.line)
        snprintf(begun, sizeof begun, " begun at line %zu", parser->context_mark.line + 1);
    return yaml_error(reader->error, reader->file, mark_of(&parser->problem_mark),
                      "not valid YAML: %s%s%s%s", problem, parser->context ? " " : "",
                      parser->context ? parser->context : "", begun);
}

static int check_scalar(struct yaml_reader *reader)
{
    const yaml_event_t *event = &reader->event;
    if (event->data.scalar.anchor || event->data.scalar.tag)
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "anchors (&) and tags (!) are not accepted");
    if (event->data.scalar.length > LITERAL_LIMIT)
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "a text of %zu bytes is too long; at most %u are accepted",
                          event->data.scalar.length, LITERAL_LIMIT);
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "a text holds a NUL character");
    return 0;
}

static int check_collection(struct yaml_reader *reader, const void *anchor, const void *tag)
{
    if (anchor || tag)
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "anchors (&) and tags (!) are not accepted");
    if (++reader->depth > YAML_DEPTH_LIMIT)
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "nested too deep; at most %d levels are accepted", YAML_DEPTH_LIMIT);
    return 0;
}

int yaml_next(struct yaml_reader *reader)
{
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return syntax_error(reader);
    const yaml_event_t *event = &reader->event;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "aliases (*) are not accepted; write the value out");
    case YAML_SCALAR_EVENT:
        return check_scalar(reader);
    case YAML_SEQUENCE_START_EVENT:
        return check_collection(reader, event->data.sequence_start.anchor,
                                event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return check_collection(reader, event->data.mapping_start.anchor,
                                event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        return 0;
    default:
        return 0;
    }
}

int yaml_unexpected(struct yaml_reader *reader, const char *key, const char *expected)
{
    char shown[TEXT_SHOWN];
    const char *found = "nothing";
    if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        found = "a list";
    else if (reader->event.type == YAML_MAPPING_START_EVENT)
        found = "a mapping";
    else if (reader->event.type == YAML_SCALAR_EVENT) {
        struct literal literal = yaml_literal(reader);
        if (literal.quoted || literal.length)
            found = text_show(shown, literal.text, literal.length);
    }
    return yaml_error(reader->error, reader->file, yaml_mark(reader), "%s%sexpected %s, found %s",
                      key ? key : "", key ? ": " : "", expected, found);
}

static int read_root(struct yaml_reader *reader, const struct yaml_document *document)
{
    struct yaml_mapping root = {
        .table = document->table,
        .record = document->record,
        .rows = document->rows,
        .self = document->self,
        .keep = document->flags & YAML_KEEP,
    };
    if (yaml_next(reader)) /* the stream's beginning */
        return -1;
    if (yaml_next(reader))
        return -1;
    if (reader->event.type == YAML_STREAM_END_EVENT) {
        if (!(document->flags & YAML_MAY_BE_EMPTY))
            return error_set(reader->error, ERROR_INPUT, "%s: there is nothing in it",
                             reader->file);
        if (document->table && !root.keep)
            field_defaults(document->table, document->record);
        return 0;
    }
    if (yaml_next(reader) || yaml_read_mapping(reader, &root) || yaml_next(reader) ||
        yaml_next(reader))
        return -1;
    if (reader->event.type != YAML_STREAM_END_EVENT)
        return yaml_error(reader->error, reader->file, yaml_mark(reader),
                          "a second document begins; one is accepted");
    return 0;
}

int yaml_read(const struct yaml_document *document, const char *bytes, size_t length,
              struct arena *arena, struct error *error)
{
    char *joined = yaml_join_surrogates(bytes, &length);
    struct yaml_reader reader = {
        .file = document->file,
        .bytes = joined ? joined : bytes,
        .length = length,
        .arena = arena,
        .error = error,
        .flags = document->flags,
    };
    if (!yaml_parser_initialize(&reader.parser))
        abort(); /* out of memory, as in base/memory.h */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.bytes, length);
    int result = read_root(&reader, document);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    free(joined);
    return result;
}
