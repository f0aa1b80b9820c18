/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's XML without secrets. What libvirt marks as secure (VIR_DOMAIN_XML_SECURE) comes to
 * hooks in plain text; beside it, blobs that only the guest should see.
 */
#include "codec/domain_xml.h"

#include "base/memory.h"
#include "codec/xml_tree.h"

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

static bool redact_element(xmlNode *node)
{
    bool removed = false;
    const char *value = secret_value(node);
    xmlAttr *next;
    for (xmlAttr *attribute = node->properties; attribute; attribute = next) {
        next = attribute->next;
        if (is_one_of(secret_attributes, attribute->name))
            removed |= xmlRemoveProp(attribute) == 0;
    }
    if (value && xmlHasProp(node, (const xmlChar *)value) && !xml_attribute_is(node, value, ""))
        removed |= xmlSetProp(node, (const xmlChar *)value, (const xmlChar *)"") != NULL;
    if (has_secret_text(node) && node->children) {
        xmlNodeSetContent(node, NULL);
        removed = true;
    }
    return removed;
}

/* The depth is bounded by the parser's own limit of 256. */
static bool redact(xmlNode *node)
{
    bool removed = redact_element(node);
    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            removed |= redact(child);
    return removed;
}

char *domain_xml_redact(const char *xml, size_t length, bool *removed, struct error *error)
{
    xmlDoc *document = xml_parse(xml, length, "domain", error);
    if (!document)
        return NULL;
    xmlNode *root = xmlDocGetRootElement(document);
    *removed = redact(root);
    char *text = NULL;
    xmlBuffer *buffer = xmlBufferCreate();
    if (buffer && xmlNodeDump(buffer, document, root, 0, 0) >= 0)
        text = memory_copy_text((const char *)xmlBufferContent(buffer));
    else
        error_set(error, ERROR_FAILED, "domain XML: cannot be written again");
    xmlBufferFree(buffer);
    xmlFreeDoc(document);
    return text;
}
