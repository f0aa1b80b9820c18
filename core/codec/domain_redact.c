/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's XML without secrets, and back. What libvirt marks as secure (VIR_DOMAIN_XML_SECURE)
 * comes to hooks in plain text; beside it, blobs that only the guest should see. Each goes, and a
 * marker (model/secrets.h) takes its place. What units made of that XML gets the secrets back from
 * the original, by the numbers of the markers, and only in a place of the same kind: no unit can
 * have a password written where others may read it.
 */
#include "codec/domain_xml.h"

#include "base/memory.h"
#include "codec/xml_tree.h"
#include "model/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Attributes that go, wherever they stand. */
static const char *const secret_attributes[] = {"passwd", "password", NULL};

/* Elements whose text goes. <secret> in <auth> only names one, and has no text. */
static const char *const secret_elements[] = {
    "secret", "password", "cookie", "passphrase", "dhCert", "session", "hostData", NULL,
};

static bool is_one_of(const char *const *names, const xmlChar *name)
{
    return field_choice(names, (const char *)name) >= 0;
}

/* Raw arguments of QEMU may say anything; entries of fw_cfg and OEM strings carry credentials. */
static const char *secret_value(const xmlNode *node)
{
    const char *name = (const char *)node->name;
    if (node->ns && (strcmp(name, "arg") == 0 || strcmp(name, "env") == 0))
        return "value";
    return NULL;
}

static bool has_secret_text(const xmlNode *node)
{
    const xmlNode *parent = node->parent;
    if (is_one_of(secret_elements, node->name))
        return true;
    return strcmp((const char *)node->name, "entry") == 0 && parent && parent->name &&
           (strcmp((const char *)parent->name, "oemStrings") == 0 ||
            (strcmp((const char *)parent->name, "sysinfo") == 0 &&
             xml_attribute_is(parent, "type", "fwcfg")));
}

/* --- where secrets are ----------------------------------------------------------------------- */

/* An attribute's value, or all that is in an element. */
struct place {
    xmlNode *node;
    xmlAttr *attribute; /* NULL: the element's content */
};

struct places {
    struct place *item;
    uint32_t n, room;
};

static void add_place(struct places *places, xmlNode *node, xmlAttr *attribute)
{
    places->item =
        memory_grow(places->item, &places->room, places->n + 1, sizeof *places->item);
    places->item[places->n++] = (struct place){node, attribute};
}

static bool is_empty(const xmlAttr *attribute)
{
    const xmlNode *text = attribute->children;
    return !text || (!text->next && text->type == XML_TEXT_NODE && xmlStrlen(text->content) == 0);
}

/* In the order of the document. The depth is bounded by the parser's own limit of 256. */
static void find_places(struct places *places, xmlNode *node)
{
    const char *value = secret_value(node);
    for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        if (!is_empty(attribute) &&
            (is_one_of(secret_attributes, attribute->name) ||
             (value && strcmp((const char *)attribute->name, value) == 0)))
            add_place(places, node, attribute);
    if (has_secret_text(node)) {
        if (node->children)
            add_place(places, node, NULL);
        return;
    }
    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            find_places(places, child);
}

/* malloc()ed by libxml. */
static xmlChar *text_at(const struct place *place)
{
    return place->attribute
               ? xmlNodeListGetString(place->node->doc, place->attribute->children, 1)
               : xmlNodeGetContent(place->node);
}

static void set_text_at(const struct place *place, const char *text)
{
    const xmlChar *value = (const xmlChar *)text;
    if (place->attribute) {
        xmlSetNsProp(place->node, place->attribute->ns, place->attribute->name, value);
    } else {
        xmlNodeSetContent(place->node, NULL);
        xmlNodeAddContent(place->node, value);
    }
}

static char *dump(xmlDoc *document, struct error *error)
{
    char *text = NULL;
    xmlBuffer *buffer = xmlBufferCreate();
    if (buffer && xmlNodeDump(buffer, document, xmlDocGetRootElement(document), 0, 0) >= 0)
        text = memory_copy_text((const char *)xmlBufferContent(buffer));
    else
        error_set(error, ERROR_FAILED, "domain XML: cannot be written again");
    xmlBufferFree(buffer);
    return text;
}

/* The same for the same document: who made the markers and who reads them need not meet. */
static int choose_marker(xmlDoc *document, char marker[SECRET_MARKER_ROOM], struct error *error)
{
    char *text = dump(document, error);
    if (!text)
        return -1;
    for (unsigned i = 0; i == 0 || strstr(text, marker); i++)
        snprintf(marker, SECRET_MARKER_ROOM, "drover-secret-%u-", i);
    free(text);
    return 0;
}

/* --- taking them out --------------------------------------------------------------------------- */

char *domain_xml_redact(const char *xml, size_t length, char marker[SECRET_MARKER_ROOM],
                        struct error *error)
{
    marker[0] = '\0';
    xmlDoc *document = xml_parse(xml, length, "domain", error);
    if (!document)
        return NULL;
    struct places places = {0};
    find_places(&places, xmlDocGetRootElement(document));
    char *text = NULL;
    if (places.n == 0 || choose_marker(document, marker, error) == 0) {
        for (uint32_t i = 0; i < places.n; i++) {
            char value[SECRET_MARKER_ROOM + 16];
            snprintf(value, sizeof value, "%s%u.", marker, i);
            set_text_at(&places.item[i], value);
        }
        text = dump(document, error);
    }
    free(places.item);
    xmlFreeDoc(document);
    return text;
}

/* --- putting them back ------------------------------------------------------------------------- */

/* The two documents, and which of the secrets have found their place. */
struct restoring {
    xmlDoc *original, *changed;
    struct places from, to;
    char marker[SECRET_MARKER_ROOM];
    bool *used;
};

static bool same_kind(const struct place *a, const struct place *b)
{
    if (!a->attribute != !b->attribute)
        return false;
    return xmlStrEqual(a->node->name, b->node->name) &&
           (!a->attribute || xmlStrEqual(a->attribute->name, b->attribute->name));
}

static void put_back(const struct place *from, const struct place *to)
{
    if (from->attribute) {
        xmlChar *value = text_at(from);
        set_text_at(to, (const char *)value);
        xmlFree(value);
        return;
    }
    xmlNodeSetContent(to->node, NULL);
    xmlAddChildList(to->node, xmlDocCopyNodeList(to->node->doc, from->node->children));
}

/* A value without any marker is the unit's own, and stays. */
static int restore_place(struct restoring *restoring, const struct place *to, struct error *error)
{
    xmlChar *value = text_at(to);
    const char *text = value ? (const char *)value : "", *end = "";
    bool has_marker = strstr(text, restoring->marker) != NULL;
    uint32_t number =
        secret_marker_number(text, restoring->marker, restoring->from.n, &end);
    bool whole = number != UINT32_MAX && *end == '\0';
    xmlFree(value);
    if (!has_marker)
        return 0;
    if (!whole)
        return error_set(error, ERROR_INPUT,
                         "a marker of a secret stands in it that was not there before");
    if (restoring->used[number])
        return error_set(error, ERROR_INPUT, "the marker of a secret stands in it twice");
    if (!same_kind(&restoring->from.item[number], to))
        return error_set(error, ERROR_INPUT,
                         "the marker of a secret stands in another kind of place: in <%s>",
                         (const char *)to->node->name);
    restoring->used[number] = true;
    put_back(&restoring->from.item[number], to);
    return 0;
}

static char *restore(struct restoring *restoring, struct error *error)
{
    find_places(&restoring->from, xmlDocGetRootElement(restoring->original));
    find_places(&restoring->to, xmlDocGetRootElement(restoring->changed));
    if (choose_marker(restoring->original, restoring->marker, error) < 0)
        return NULL;
    restoring->used = memory_array(restoring->from.n + 1, sizeof *restoring->used);
    memset(restoring->used, 0, (restoring->from.n + 1) * sizeof *restoring->used);
    for (uint32_t i = 0; i < restoring->to.n; i++)
        if (restore_place(restoring, &restoring->to.item[i], error) < 0)
            return NULL;
    char *text = dump(restoring->changed, error);
    const char *wrong = text && strstr(text, restoring->marker)
                            ? "the marker of a secret stands where no secret belongs"
                        : text && strlen(text) > DOMAIN_XML_LIMIT ? "it is larger than 4 MiB"
                                                                  : NULL;
    if (!wrong)
        return text;
    error_set(error, ERROR_INPUT, "%s", wrong);
    free(text);
    return NULL;
}

char *domain_xml_restore(const char *original, size_t length, const char *changed,
                         struct error *error)
{
    struct restoring restoring = {.original = xml_parse(original, length, "domain", error)};
    char *text = NULL;
    if (restoring.original)
        restoring.changed = xml_parse(changed, strlen(changed), "domain", error);
    if (restoring.changed)
        text = restore(&restoring, error);
    free(restoring.used);
    free(restoring.from.item);
    free(restoring.to.item);
    xmlFreeDoc(restoring.changed);
    xmlFreeDoc(restoring.original);
    return text;
}
