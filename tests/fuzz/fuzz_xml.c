/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML: domains, capabilities, and what is taken out before others see it. A domain
 * without its secrets is the same to drover, and has no secrets; drover's own metadata, written,
 * reads back as the same.
 */
#include "fuzz/fuzz.h"

#include "codec/domain_xml.h"
#include "codec/text.h"

static void read_hosts(const char *xml, size_t length)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct host host;
    field_defaults(host_fields, &host);
    capabilities_xml_read(xml, length, &host, &arena, &error);
    domain_capabilities_xml_read(xml, length, &host, &arena, &error);
    arena_free(&arena);
}

static void try_redacted(const char *xml, size_t length, const struct vm *vm)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct vm same;
    bool removed, more;
    char *once = domain_xml_redact(xml, length, &removed, &error);
    if (!once)
        return;
    char *twice = domain_xml_redact(once, strlen(once), &more, &error);
    fuzz_must(twice != NULL, "cannot be read without its secrets", once, error.text);
    fuzz_must(!more, "secrets are left", once, twice);
    field_defaults(vm_fields, &same);
    if (vm) {
        fuzz_must(domain_xml_read(once, strlen(once), &same, &arena, &error) == 0,
                  "no domain without its secrets", once, error.text);
        fuzz_must(field_equal(vm_fields, vm, &same), "another VM without its secrets", once, NULL);
    }
    free(twice);
    free(once);
    arena_free(&arena);
}

static void try_metadata(const struct vm *vm)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct text text = TEXT_INIT;
    struct vm again;
    char *metadata = domain_metadata_write(vm);
    text_printf(&text,
                "<domain><name>x</name><memory>1</memory><metadata>%s</metadata></domain>",
                metadata);
    field_defaults(vm_fields, &again);
    fuzz_must(domain_xml_read(text.bytes, text.length, &again, &arena, &error) == 0,
              "the metadata that was written does not read", text.bytes, error.text);
    char *same = domain_metadata_write(&again);
    fuzz_must(strcmp(metadata, same) == 0, "the metadata changed", metadata, same);
    free(same);
    free(metadata);
    free(text_take(&text));
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
        try_metadata(&vm);
    try_redacted(xml, length, read ? &vm : NULL);
    read_hosts(xml, length);
    arena_free(&arena);
    return 0;
}
