/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML: domains, capabilities, pools, and what is taken out before others see it. A domain
 * without its secrets is the same to drover; with them put back it is the one that it was, and
 * whatever a unit makes of it, no marker gets through to libvirt.
 */
#include "fuzz/fuzz.h"

#include "codec/domain_refit.h"
#include "codec/domain_xml.h"
#include "codec/text.h"
#include "model/secrets.h"

static void read_hosts(const char *xml, size_t length)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    field_defaults(host_fields, &host);
    capabilities_xml_read(xml, length, &host, &arena, &error);
    domain_capabilities_xml_read(xml, length, &host, &arena, &error);
    char *model = domain_capabilities_host_model(xml, length);
    if (model)
        fuzz_must(cpu_xml_read(model, strlen(model), &host, &arena, &error) == 0,
                  "a host's model does not read", model, error.text);
    free(model);
    cpu_xml_read(xml, length, &host, &arena, &error);
    pool_xml_path(xml, length, &arena);
    arena_free(&arena);
}

/* A unit that takes out what stands before a marker, or says a marker again. */
static void try_changed(const char *xml, size_t length, const char *redacted, const char *marker)
{
    struct error error = ERROR_INIT;
    const char *at = marker[0] ? strstr(redacted, marker) : NULL;
    if (!at)
        return;
    struct text text = TEXT_INIT;
    text_add_bytes(&text, redacted, (size_t)(at - redacted));
    text_add(&text, at + 1); /* its first letter is gone: then it is not a marker any more */
    char *back = domain_xml_restore(xml, length, text.bytes, &error);
    fuzz_must(!back || !strstr(back, marker), "a marker goes to libvirt", text.bytes, back);
    free(back);
    free(text_take(&text));
    text_add(&text, redacted);
    text_printf(&text, "<!-- %s0. -->", marker);
    fuzz_must(secret_markers_wrong(redacted, text.bytes, marker) != NULL,
              "a marker twice was not noticed", text.bytes, NULL);
    free(text_take(&text));
}

static void try_redacted(const char *xml, size_t length, const struct vm *vm)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct vm same;
    char marker[SECRET_MARKER_ROOM], other[SECRET_MARKER_ROOM];
    char *once = domain_xml_redact(xml, length, marker, &error);
    if (!once)
        return;
    char *back = domain_xml_restore(xml, length, once, &error);
    fuzz_must(back != NULL, "its secrets cannot be put back", once, error.text);
    char *twice = domain_xml_redact(back, strlen(back), other, &error);
    fuzz_must(twice && strcmp(once, twice) == 0, "other secrets were put back", once, twice);
    fuzz_must(!marker[0] || secret_markers_count(once, marker) > 0, "no marker for a secret", once,
              NULL);
    try_changed(xml, length, once, marker);
    field_defaults(vm_fields, &same);
    if (vm) {
        fuzz_must(domain_xml_read(once, strlen(once), &same, &arena, &error) == 0,
                  "no domain without its secrets", once, error.text);
        fuzz_must(field_equal(vm_fields, vm, &same), "another VM without its secrets", once, NULL);
    }
    free(twice);
    free(back);
    free(once);
    arena_free(&arena);
}

/* On a host with other nodes; there and back it is still a domain. */
static void try_refit(const uint8_t *bytes, size_t length, const struct vm *vm)
{
    struct numa_node here[] = {{.id = 0, .cpus = "0-3"}, {.id = 1, .cpus = "4-7"}};
    struct numa_node there[] = {{.id = 0, .cpus = "0,2,4"}, {.id = 2, .cpus = "1,3,5-9"}};
    struct rows from = {here, 2}, to = {there, 2};
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    struct vm fitted;
    char *xml = fuzz_text(bytes, length);
    char *changed = domain_refit(xml, &from, &to, &error);
    field_defaults(vm_fields, &fitted);
    if (changed)
        fuzz_must(domain_xml_read(changed, strlen(changed), &fitted, &arena, &error) == 0 &&
                      strcmp(vm->name, fitted.name) == 0,
                  "another domain on another host", changed, error.text);
    free(changed);
    free(xml);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *xml = (const char *)bytes;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct vm vm;
    field_defaults(vm_fields, &vm);
    bool read = domain_xml_read(xml, length, &vm, &arena, &error) == 0;
    fuzz_must(read == (error.kind == ERROR_NONE), "refused without a word", NULL, NULL);
    if (read)
        try_refit(bytes, length, &vm);
    try_redacted(xml, length, read ? &vm : NULL);
    read_hosts(xml, length);
    arena_free(&arena);
    return 0;
}
