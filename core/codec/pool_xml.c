/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a storage pool makes of its storage, by its XML. See domain_xml.h. */
#include "codec/domain_xml.h"

#include "codec/xml_tree.h"

const char *pool_xml_path(const char *xml, size_t length, struct arena *arena)
{
    struct error error = ERROR_INIT;
    xmlDoc *document = xml_parse(xml, length, "pool", &error);
    if (!document)
        return NULL;
    const xmlNode *path = xml_grandchild(xmlDocGetRootElement(document), "target", "path");
    const char *text = path ? xml_content(path, arena) : "";
    xmlFreeDoc(document);
    return *text ? text : NULL;
}
