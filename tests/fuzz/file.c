/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that has no place on a disk, for targets whose door takes a path. See fuzz.h. */
#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(const void *bytes, size_t length)
{
    static char path[32];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    if (file < 0 || ftruncate(file, 0) != 0 ||
        pwrite(file, bytes, length, 0) != (ssize_t)length) {
        perror("fuzz: cannot write a file in memory");
        abort();
    }
    return path;
}
