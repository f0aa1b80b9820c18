/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies: read, resolved, written as `drover policy show` does, and that read again. */
#include "fuzz/fuzz.h"

#include "policy/policy_file.h"

/* The resolved policy as text; NULL where it is refused. */
static char *resolve(const void *bytes, size_t length, struct error *error)
{
    struct policies *policies = policies_new();
    char *text = NULL;
    if (policies_read_file(policies, fuzz_file(bytes, length), error) == 0) {
        const char *name = policies_get(policies, 0)->name;
        const struct policy *policy = policies_resolve(policies, name, error);
        text = policy ? policy_write(policy) : NULL;
    }
    policies_free(policies);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    char *text = resolve(bytes, length, &error);
    if (!text) {
        fuzz_must(error.kind != ERROR_NONE, "refused without a word", NULL, NULL);
        return 0;
    }
    char *again = resolve(text, strlen(text), &error);
    fuzz_must(again != NULL, "what was written does not read", text, error.text);
    fuzz_must(strcmp(text, again) == 0, "written twice, and not the same", text, again);
    free(again);
    free(text);
    return 0;
}
