/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shutting down, and taking definitions from host to host: see carry.h. */
#include "virt/carry.h"

#include "virt/connect.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(char *text, size_t size, const char *what)
{
    char why[600];
    connect_error_text(why, sizeof why);
    snprintf(text, size, "%s: %s", what, why);
    return -1;
}

static bool is_active(virDomainPtr domain)
{
    return virDomainGetID(domain) != (unsigned int)-1;
}

/* What would be left behind, or be lost, and is not in a definition. NULL: nothing. */
static const char *what_stays(virDomainPtr domain)
{
    if (virDomainIsPersistent(domain) == 0)
        return "it has no definition that could move: it is gone when it shuts down";
    if (virDomainHasManagedSaveImage(domain, 0) == 1)
        return "it has a managed save, which would stay behind: start it from that first, or "
               "remove it (virsh managedsave-remove)";
    if (virDomainSnapshotNum(domain, 0) > 0)
        return "it has snapshots, whose descriptions would stay behind: remove them first (virsh "
               "snapshot-delete --metadata keeps what is in the disks)";
    return NULL;
}

/* ------------------------------------------------------------------ shutting down */

int carry_shutdown(virConnectPtr connection, const char *vm, char *text, size_t size)
{
    virDomainPtr domain = connect_find_vm(connection, vm);
    if (!domain)
        return fail(text, size, "it could not be looked up");
    const char *stays = is_active(domain) ? what_stays(domain) : NULL;
    int status = 0;
    if (stays) {
        snprintf(text, size, "%s", stays);
        status = -1;
    } else if (is_active(domain) && virDomainShutdown(domain) < 0) {
        status = fail(text, size, "libvirt did not ask the guest to shut down");
    }
    virDomainFree(domain);
    return status;
}

/* ------------------------------------------------------------------ definitions */

static void wipe(char *xml)
{
    if (!xml)
        return;
    explicit_bzero(xml, strlen(xml));
    free(xml);
}

/* NULL and no text: it is not there. */
static virDomainPtr find(virConnectPtr connection, const char *vm, char *text, size_t size)
{
    virDomainPtr domain = connect_find_vm(connection, vm);
    text[0] = '\0';
    if (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
        fail(text, size, "its definition could not be looked up");
    return domain;
}

static int define(virDomainPtr from, virConnectPtr to, char *text, size_t size)
{
    char *xml = virDomainGetXMLDesc(from, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE);
    if (!xml)
        return fail(text, size, "its definition could not be read");
    virDomainPtr defined = virDomainDefineXML(to, xml);
    wipe(xml);
    if (!defined)
        return fail(text, size, "it could not be defined at its destination");
    virDomainFree(defined);
    return 0;
}

/* NVRAM stays: a file that both may share. */
static int undefine(virDomainPtr domain, char *text, size_t size)
{
    if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM) < 0)
        return fail(text, size, "its definition could not be removed where it was");
    return 0;
}

struct places {
    virDomainPtr here, there; /* NULL: not defined */
    virConnectPtr other;
};

static int copy(const struct places *places, bool *autostart, char *text, size_t size)
{
    int on = 0;
    if (!places->here) {
        snprintf(text, size, "it is not defined where it was any more");
        return -1;
    }
    const char *stays = what_stays(places->here);
    if (stays) {
        snprintf(text, size, "%s", stays);
        return -1;
    }
    if (define(places->here, places->other, text, size) < 0)
        return -1;
    *autostart = virDomainGetAutostart(places->here, &on) == 0 && on;
    /* From now on it may run there: this host must not start it by itself any more. */
    if (*autostart && virDomainSetAutostart(places->here, 0) < 0)
        return fail(text, size, "its autostart could not be switched off where it was");
    return 0;
}

/* Done already where it is there alone. */
static int move(const struct places *places, bool *autostart, char *text, size_t size)
{
    if (!places->here && places->there)
        return 0;
    if (copy(places, autostart, text, size) < 0)
        return -1;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    virDomainGetUUIDString(places->here, uuid);
    virDomainPtr moved = connect_find_vm(places->other, uuid);
    if (moved && *autostart)
        virDomainSetAutostart(moved, 1);
    int status = undefine(places->here, text, size);
    if (status < 0 && *autostart)
        virDomainSetAutostart(places->here, 1);
    if (status < 0 && moved && !places->there) /* it was not there before */
        virDomainUndefineFlags(moved, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM);
    if (moved)
        virDomainFree(moved);
    return status;
}

/* Done already where it is not here. */
static int take_back(const struct places *places, bool *autostart, char *text, size_t size)
{
    (void)autostart;
    if (!places->here)
        return 0;
    if (!places->there && define(places->here, places->other, text, size) < 0)
        return -1;
    return undefine(places->here, text, size);
}

int carry_definition(virConnectPtr host, virConnectPtr other, const char *vm, enum carry what,
                     bool *autostart, char *text, size_t size)
{
    static int (*const ways[])(const struct places *, bool *, char *, size_t) = {
        [CARRY_COPY] = copy, [CARRY_MOVE] = move, [CARRY_RETURN] = take_back,
    };
    struct places places = {.other = other};
    int status = -1;
    *autostart = false;
    places.here = find(host, vm, text, size);
    if (!text[0])
        places.there = find(other, vm, text, size);
    if (text[0])
        status = -1;
    else if (places.here && is_active(places.here))
        snprintf(text, size, "it runs there: its definition is not touched");
    else if (places.there && is_active(places.there))
        snprintf(text, size, "it runs on the other host");
    else
        status = ways[what](&places, autostart, text, size);
    if (places.here)
        virDomainFree(places.here);
    if (places.there)
        virDomainFree(places.there);
    return status;
}
