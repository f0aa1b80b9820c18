/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The address of a host, out of its libvirt URI or a parameter, for units that go there. */
#ifndef DROVER_PLUGINS_ADDRESS_H
#define DROVER_PLUGINS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A name or an address: neither an option, nor anything that SSH's own files would expand. */
static inline bool address_is_word(const char *text)
{
    static const char bytes[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    size_t length = strlen(text);
    return length > 0 && length <= 253 && text[0] != '-' && strspn(text, bytes) == length;
}

/* "kvm1" of "qemu+tls://kvm1:16514/system", "fe80::1" of "qemu+ssh://root@[fe80::1]/system". */
static inline bool address_of_uri(const char *uri, char *address, size_t size)
{
    const char *from = strstr(uri, "://");
    if (!from)
        return false;
    from += 3;
    const char *end = from + strcspn(from, "/?");
    for (const char *at = from; at < end; at++)
        if (*at == '@')
            from = at + 1;
    size_t length = from[0] == '[' ? strcspn(++from, "]") : strcspn(from, ":/?");
    if (length >= size)
        return false;
    memcpy(address, from, length);
    address[length] = '\0';
    return address_is_word(address);
}

#endif
