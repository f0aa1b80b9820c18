/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections and error texts: see connect.h. */
#include "virt/connect.h"

#include <ctype.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

/* libvirt's messages may hold newlines (QEMU's own output): a log has one line per thing. */
static void flatten(char *text)
{
    char *end = text;
    for (char *at = text; *at; at++) {
        bool blank = (unsigned char)*at <= ' ';
        if (blank && (end == text || end[-1] == ' '))
            continue;
        *end++ = blank ? ' ' : *at;
    }
    while (end > text && end[-1] == ' ')
        end--;
    *end = '\0';
}

void connect_error_text(char *text, size_t size)
{
    const char *message = virGetLastErrorMessage();
    snprintf(text, size, "%s", message ? message : "libvirt gives no reason");
    flatten(text);
}

virConnectPtr connect_open(const struct dial *dial, struct error *error)
{
    virConnectPtr connection = virConnectOpen(dial->uri);
    if (!connection) {
        char text[768];
        connect_error_text(text, sizeof text);
        error_set(error, ERROR_FAILED, "cannot connect to %s: %s", dial->uri, text);
        return NULL;
    }
    /* A driver within this process, or a peer without keepalive, says no; that is no fault. */
    if (virConnectSetKeepAlive(connection, (int)(dial->keepalive_s + 0.5),
                               dial->keepalive_count) < 0)
        virResetLastError();
    return connection;
}

static bool looks_like_uuid(const char *key)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(key) != sizeof shape - 1)
        return false;
    for (size_t i = 0; key[i]; i++) {
        if (shape[i] == '-' ? key[i] != '-' : !isxdigit((unsigned char)key[i]))
            return false;
    }
    return true;
}

virDomainPtr connect_find_vm(virConnectPtr connection, const char *key)
{
    if (looks_like_uuid(key))
        return virDomainLookupByUUIDString(connection, key);
    return virDomainLookupByName(connection, key);
}
