/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small trees of XML. See xml_tree.h. */
#include "codec/xml_tree.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "codec/domain_xml.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SET_LIMIT 4096

/* libxml2 calls this for <!DOCTYPE, before anything that it declares. */
static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external,
                           const xmlChar *system)
{
    xmlParserCtxt *parser = context;
    (void)name;
    (void)external;
    (void)system;
    *(bool *)parser->_private = true;
    xmlStopParser(parser);
}

static void set_syntax_error(const xmlParserCtxt *parser, const char *root, struct error *error)
{
    char text[200];
    const xmlError *problem = &parser->lastError;
    size_t n = 0;
    /* The message quotes the document, whatever is in it, and ends with a newline. */
    for (const char *p = problem->message ? problem->message : ""; *p && n < sizeof text - 1; p++)
        text[n++] = (unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f ? ' ' : *p;
    while (n && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    error_set(error, ERROR_INPUT, "%s XML, line %d: not well-formed: %s", root, problem->line,
              n ? text : "cut off");
}

static xmlDoc *parse(const char *xml, size_t length, const char *root, struct error *error)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    bool doctype = false;
    if (!parser)
        abort();
    parser->_private = &doctype;
    parser->sax->internalSubset = refuse_doctype;
    xmlDoc *document =
        xmlCtxtReadMemory(parser, xml, (int)length, NULL, NULL,
                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                              XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
    if (doctype)
        error_set(error, ERROR_INPUT, "%s XML: a DOCTYPE is not accepted", root);
    else if (!document)
        set_syntax_error(parser, root, error);
    if (doctype && document) {
        xmlFreeDoc(document);
        document = NULL;
    }
    xmlFreeParserCtxt(parser);
    return document;
}

xmlDoc *xml_parse(const char *xml, size_t length, const char *root, struct error *error)
{
    if (length > DOMAIN_XML_LIMIT) {
        error_set(error, ERROR_INPUT, "%s XML: %zu bytes; at most %u are accepted", root, length,
                  DOMAIN_XML_LIMIT);
        return NULL;
    }
    xmlDoc *document = parse(xml, length, root, error);
    if (!document)
        return NULL;
    const xmlNode *top = xmlDocGetRootElement(document);
    if (!top || strcmp((const char *)top->name, root) != 0) {
        error_set(error, ERROR_INPUT, "%s XML: expected <%s>, found another root element", root,
                  root);
        xmlFreeDoc(document);
        return NULL;
    }
    return document;
}

static bool is_called(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           strcmp((const char *)node->name, name) == 0;
}

xmlNode *xml_child(const xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (is_called(child, name))
            return child;
    return NULL;
}

xmlNode *xml_grandchild(const xmlNode *node, const char *child, const char *grandchild)
{
    return xml_child(xml_child(node, child), grandchild);
}

xmlNode *xml_next(const xmlNode *node)
{
    for (xmlNode *next = node->next; next; next = next->next)
        if (next->type == XML_ELEMENT_NODE && next->ns == node->ns &&
            strcmp((const char *)next->name, (const char *)node->name) == 0)
            return next;
    return NULL;
}

const char *xml_attribute(const xmlNode *node, const char *name, struct arena *arena)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    if (!value)
        return NULL;
    const char *copy = arena_text(arena, (const char *)value);
    xmlFree(value);
    return copy;
}

const char *xml_content(const xmlNode *node, struct arena *arena)
{
    static const char blanks[] = " \t\r\n";
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    if (!value)
        return "";
    const char *text = (const char *)value + strspn((const char *)value, blanks);
    size_t length = strlen(text);
    while (length && strchr(blanks, text[length - 1]))
        length--;
    const char *copy = arena_bytes(arena, text, length);
    xmlFree(value);
    return copy;
}

bool xml_attribute_is(const xmlNode *node, const char *name, const char *value)
{
    xmlChar *found = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    bool same = found && strcmp((const char *)found, value) == 0;
    xmlFree(found);
    return same;
}

bool xml_attribute_number(const xmlNode *node, const char *name, uint64_t most, uint64_t *value)
{
    xmlChar *text = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    int64_t number;
    bool good = text && scalar_integer((const char *)text, &number) && number >= 0 &&
                (uint64_t)number <= most;
    if (good)
        *value = (uint64_t)number;
    xmlFree(text);
    return good;
}

bool xml_scale_mib(const char *number, const char *unit, double *mib)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {
        {"b", 1},       {"bytes", 1},
        {"KB", 1e3},    {"k", 1024},    {"KiB", 1024},
        {"MB", 1e6},    {"M", 1048576}, {"MiB", 1048576},
        {"GB", 1e9},    {"G", 1073741824}, {"GiB", 1073741824},
        {"TB", 1e12},   {"T", 1099511627776}, {"TiB", 1099511627776},
    };
    double value;
    if (!scalar_number(number, &value) || value < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, unit ? unit : "KiB") == 0) {
            double scaled = value * units[i].bytes / 1048576;
            if (scaled > 1e12)
                return false;
            *mib = scaled;
            return true;
        }
    }
    return false;
}

bool xml_memory_mib(const xmlNode *node, double *mib)
{
    struct arena arena = ARENA_INIT;
    bool good = node && xml_scale_mib(xml_content(node, &arena),
                                      xml_attribute(node, "unit", &arena), mib);
    arena_free(&arena);
    return good;
}

static bool set_number(const char **text, unsigned long *value)
{
    if (**text < '0' || **text > '9')
        return false;
    char *end;
    *value = strtoul(*text, &end, 10);
    *text = end;
    return *value < NUMBER_SET_LIMIT;
}

bool xml_number_set(const char *text, struct numbers *numbers, struct arena *arena)
{
    bool in[NUMBER_SET_LIMIT] = {false};
    do {
        bool out = *text == '^';
        unsigned long first, last;
        text += out;
        if (!set_number(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!set_number(&text, &last) || last < first)
                return false;
        }
        for (unsigned long i = first; i <= last; i++)
            in[i] = !out;
    } while (*text == ',' && *++text);
    if (*text)
        return false;
    uint32_t n = 0;
    for (int i = 0; i < NUMBER_SET_LIMIT; i++)
        n += in[i];
    *numbers = (struct numbers){.item = arena_array(arena, n, sizeof *numbers->item)};
    for (int i = 0; i < NUMBER_SET_LIMIT; i++)
        if (in[i])
            numbers->item[numbers->n++] = i;
    return true;
}

void xml_names_add(struct xml_names *names, const char *text)
{
    if (!text || !*text || table_get(&names->index, text) != TABLE_NONE)
        return;
    if (names->n == XML_LIST_LIMIT) {
        names->too_many = true;
        return;
    }
    names->item = memory_grow(names->item, &names->capacity, names->n + 1, sizeof *names->item);
    table_put(&names->index, text, names->n);
    names->item[names->n++] = text;
}

int xml_names_done(struct xml_names *names, const char *what, struct texts *texts,
                   struct arena *arena, struct error *error)
{
    *texts = (struct texts){
        .item = arena_array(arena, names->n, sizeof *texts->item),
        .n = names->n,
        .known = true,
    };
    if (names->n)
        memcpy(texts->item, names->item, names->n * sizeof *names->item);
    bool too_many = names->too_many;
    table_free(&names->index);
    free(names->item);
    *names = (struct xml_names){0};
    if (too_many)
        return error_set(error, ERROR_INPUT, "more than %u %s are not accepted", XML_LIST_LIMIT,
                         what);
    return 0;
}
