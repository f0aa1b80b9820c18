/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fuzz target without a fuzzer: runs the files that the command line names through it, once
 * each. So make check can try the corpora with any compiler.
 */
#include "fuzz/fuzz.h"

static int run(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        return -1;
    }
    static uint8_t buffer[1024 * 1024];
    size_t length = fread(buffer, 1, sizeof buffer, file);
    int failed = ferror(file);
    fclose(file);
    if (failed) {
        perror(path);
        return -1;
    }
    fprintf(stderr, "%s\n", path); /* so that the one that crashes is the last one named */
    /* A block of its own, so that a sanitizer sees who reads past its end. */
    uint8_t *bytes = malloc(length ? length : 1);
    if (!bytes)
        return -1;
    memcpy(bytes, buffer, length);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    return 0;
}

int main(int count, char **path)
{
    for (int i = 1; i < count; i++)
        if (run(path[i]))
            return 1;
    return count > 1 ? 0 : 2;
}
