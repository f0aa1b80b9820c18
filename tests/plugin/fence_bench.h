/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bench for fence units: small programs are written into a folder of this test's own, and the
 * unit runs them as it would run the real ones.
 */
#ifndef TESTS_PLUGIN_FENCE_BENCH_H
#define TESTS_PLUGIN_FENCE_BENCH_H

#include "plugin/bench.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FENCE_TIMEOUT_S 20

struct fence_bench {
    struct bench *unit;
    char folder[64];
    struct drover_fence fence;
};

static inline struct fence_bench *fence_begin(const char *plugin)
{
    struct fence_bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    strcpy(bench->folder, "/tmp/test_fence.XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    bench->unit = bench_new(plugin);
    return bench;
}

static inline char *fence_path(const struct fence_bench *bench, const char *name)
{
    static char path[384];
    snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    return path;
}

static inline void fence_end(struct fence_bench *bench)
{
    DIR *folder = opendir(bench->folder);
    assert_non_null(folder);
    /* cppcheck-suppress readdirCalled ; nobody else reads this folder */
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            unlink(fence_path(bench, entry->d_name));
    closedir(folder);
    assert_int_equal(rmdir(bench->folder), 0);
    bench_free(bench->unit);
    free(bench);
}

static inline void fence_write(const struct fence_bench *bench, const char *name, mode_t mode,
                               const char *text)
{
    FILE *file = fopen(fence_path(bench, name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(fence_path(bench, name), mode), 0);
}

/* A program: a shell script that knows its folder as $here. */
static inline void fence_program(const struct fence_bench *bench, const char *name,
                                 const char *script)
{
    char text[4096];
    snprintf(text, sizeof text, "#!/bin/sh\nhere=%s\n%s", bench->folder, script);
    fence_write(bench, name, 0700, text);
}

/* What a program has written down; "" where there is none. */
static inline const char *fence_read(const struct fence_bench *bench, const char *name)
{
    static char text[8192];
    text[0] = '\0';
    FILE *file = fopen(fence_path(bench, name), "re");
    if (!file)
        return text;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Give an order; returns the result. */
static inline uint32_t fence_order(struct fence_bench *bench, uint32_t action, double timeout_s)
{
    bench->fence = (struct drover_fence){
        .size = sizeof bench->fence, .host = "kvm1", .uri = "qemu+tls://192.0.2.1/system",
        .action = action, .timeout_s = timeout_s,
    };
    assert_int_equal(bench->unit->unit->fence(bench->unit->self, &bench->fence), 0);
    for (const char *c = bench->fence.text; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
    return bench->fence.result;
}

#define fence_says(bench, part)                                                                    \
    do {                                                                                           \
        if (!strstr((bench)->fence.text, (part)))                                                  \
            fail_msg("\"%s\" is not in \"%s\"", (part), (bench)->fence.text);                      \
    } while (0)

#endif
