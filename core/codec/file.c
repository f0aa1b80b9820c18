/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files into memory, bounded. */
#include "base/memory.h"
#include "codec/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT ((size_t)256 * 1024 * 1024)
#define FIRST_BLOCK ((size_t)64 * 1024)

static char *read_all(FILE *file, const char *path, size_t *length, struct error *error)
{
    size_t capacity = FIRST_BLOCK, used = 0;
    char *bytes = memory_resize(NULL, capacity + 1, 1);
    for (;;) {
        size_t n = fread(bytes + used, 1, capacity - used, file);
        used += n;
        if (n == 0)
            break;
        if (used > FILE_LIMIT) {
            free(bytes);
            error_set(error, ERROR_INPUT, "%s: more than %zu MiB are not accepted", path,
                      FILE_LIMIT / 1024 / 1024);
            return NULL;
        }
        if (used == capacity)
            bytes = memory_resize(bytes, (capacity *= 2) + 1, 1);
    }
    if (ferror(file)) {
        free(bytes);
        error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
        return NULL;
    }
    bytes[used] = '\0';
    *length = used;
    return bytes;
}

char *file_read(const char *path, size_t *length, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return read_all(stdin, "standard input", length, error);
    FILE *file = fopen(path, "rbe");
    if (!file) {
        enum error_kind kind = errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FAILED;
        error_set(error, kind, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct stat status;
    char *bytes = NULL;
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
        error_set(error, ERROR_INPUT, "%s: expected a file, found a directory", path);
    else
        bytes = read_all(file, path, length, error);
    fclose(file);
    return bytes;
}
