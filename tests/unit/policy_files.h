/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of the test's own, and files written into it. */
#ifndef TESTS_UNIT_POLICY_FILES_H
#define TESTS_UNIT_POLICY_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
    char path[64];
};

static inline int folder_begin(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    strcpy(folder->path, "/tmp/drover-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static inline int folder_end(void **state)
{
    struct folder *folder = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", folder->path, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    free(folder);
    return status;
}

/* The path of a file in the folder; it lives until the next call but three. */
static inline const char *folder_path(const struct folder *folder, const char *name)
{
    static char path[4][PATH_MAX];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, PATH_MAX, "%s/%s", folder->path, name);
    return p;
}

static inline const char *folder_write(const struct folder *folder, const char *name,
                                       const char *text)
{
    const char *path = folder_path(folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline void folder_make(const struct folder *folder, const char *name)
{
    assert_int_equal(mkdir(folder_path(folder, name), 0755), 0);
}

#endif
