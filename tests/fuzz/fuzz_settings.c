/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover.yaml. */
#include "fuzz/fuzz.h"

#include "policy/settings_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct settings *settings = settings_read(fuzz_file(bytes, length), &error);
    fuzz_must((settings != NULL) == (error.kind == ERROR_NONE), "refused without a word", NULL,
              NULL);
    settings_free(settings);
    return 0;
}
