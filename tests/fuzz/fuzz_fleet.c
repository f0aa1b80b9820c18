/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleet files. What is read can be written, reads back, and is then written the same. */
#include "fuzz/fuzz.h"

#include "codec/fleet_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct fleet *fleet = fleet_file_read("input", (const char *)bytes, length, &error);
    if (!fleet) {
        fuzz_must(error.kind == ERROR_INPUT, "refused without a word", error.text, NULL);
        return 0;
    }
    char *text = fleet_file_write(fleet);
    struct fleet *again = fleet_file_read("written", text, strlen(text), &error);
    fuzz_must(again != NULL, "what was written does not read", text, error.text);
    char *same = fleet_file_write(again);
    fuzz_must(strcmp(text, same) == 0, "written twice, and not the same", text, same);
    free(same);
    fleet_free(again);
    free(text);
    fleet_free(fleet);
    return 0;
}
