/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small trees of XML from libvirt, read defensively. Internal to codec/. */
#ifndef DROVER_CODEC_XML_TREE_H
#define DROVER_CODEC_XML_TREE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "base/table.h"

#include <libxml/tree.h>

/* More names than any machine has in one list: past this the document is refused. */
#define XML_LIST_LIMIT 4096u

/*
 * Parse; the root must be `root`. Silent: what is wrong is in the error alone. Documents with a
 * DOCTYPE are refused before an entity of theirs is read. xmlFreeDoc() it.
 */
xmlDoc *xml_parse(const char *xml, size_t length, const char *root, struct error *error);

/* The first child element of this name and no namespace; node may be NULL. */
xmlNode *xml_child(const xmlNode *node, const char *name);

/* A child of a child: xml_grandchild(root, "os", "type"). */
xmlNode *xml_grandchild(const xmlNode *node, const char *child, const char *grandchild);

/* The next sibling element of the same name and namespace as node has. */
xmlNode *xml_next(const xmlNode *node);

/* for each child element `node` of `parent` that is called name */
#define xml_each(node, parent, name)                                                               \
    for (xmlNode *node = xml_child(parent, name); node; node = xml_next(node))

/* Copied to arena; NULL where node is NULL or has none. */
const char *xml_attribute(const xmlNode *node, const char *name, struct arena *arena);

/* Its text without blanks at both ends, copied to arena; "" where there is none. */
const char *xml_content(const xmlNode *node, struct arena *arena);

/* Whether the attribute is there and has this value. */
bool xml_attribute_is(const xmlNode *node, const char *name, const char *value);

/* An attribute as whole number from 0 to most; false where it is not one. */
bool xml_attribute_number(const xmlNode *node, const char *name, uint64_t most, uint64_t *value);

/* <memory unit='KiB'>1024</memory> to MiB; units as in libvirt. */
bool xml_memory_mib(const xmlNode *node, double *mib);

/* A size with its unit ("b", "KiB", "GB", ...; NULL: KiB) in MiB; false where it is not one. */
bool xml_scale_mib(const char *number, const char *unit, double *mib);

/* "0-3,^2,8": the numbers that it names, sorted, at most 4095. false where it is not such a set. */
bool xml_number_set(const char *text, struct numbers *numbers, struct arena *arena);

/* A list of different texts that grows; see xml_names_done(). */
struct xml_names {
    const char **item;
    uint32_t n, capacity;
    struct table index;
    bool too_many;
};

/* Texts that are NULL or empty are left out, and those that are there already. */
void xml_names_add(struct xml_names *names, const char *text);

/* To arena; frees the list. -1 with the error set where there were too many. */
int xml_names_done(struct xml_names *names, const char *what, struct texts *texts,
                   struct arena *arena, struct error *error);

#endif
