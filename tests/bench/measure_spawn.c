/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hook costs its caller: from the fork to the exit, as libvirt sees it. The programs take
 * turns, so that whatever else the machine does meets all of them alike. Wall time: most of a hook is
 * waiting, for the kernel and for droverd.
 */
#include "bench/bench.h"

#include "base/memory.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define XML "<domain type='qemu'><name>web1</name><memory>1024</memory>" \
            "<os><type arch='i686'>hvm</type></os></domain>"

extern char **environ;

static double wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Standard input: the read end of a pipe with the XML in it, all of it. */
static int input(void)
{
    int ends[2];
    if (pipe(ends) < 0 || write(ends[1], XML, sizeof XML - 1) != (ssize_t)(sizeof XML - 1)) {
        perror("bench: pipe");
        exit(1);
    }
    close(ends[1]);
    return ends[0];
}

/* "PATH OPERATION": one run, in microseconds. */
static double one_run(const char *path, char *operation)
{
    char *arguments[] = {(char *)path, "web1", operation, "begin", "-", NULL};
    posix_spawn_file_actions_t files;
    pid_t child;
    int status = 1, in = input();
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_addclose(&files, in);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    double begin = wall_us();
    if (posix_spawn(&child, path, &files, NULL, arguments, environ) != 0 ||
        waitpid(child, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "bench: %s %s did not exit with 0\n", path, operation);
        exit(1);
    }
    double end = wall_us();
    posix_spawn_file_actions_destroy(&files);
    close(in);
    return end - begin;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void measure_spawn(uint32_t runs, char **programs, uint32_t n)
{
    double *times = memory_array((size_t)n * runs, sizeof *times);
    for (uint32_t r = 0; r < runs; r++)
        for (uint32_t p = 0; p < n; p++)
            times[(size_t)p * runs + r] = one_run(programs[2 * p], programs[2 * p + 1]);
    for (uint32_t p = 0; p < n; p++)
        qsort(times + (size_t)p * runs, runs, sizeof *times, ascending);
    for (uint32_t p = 0; p < n; p++) {
        const double *own = times + (size_t)p * runs;
        uint32_t half = runs / 2, most = runs * 99 / 100;
        printf("%.0f | %.0f | %.2f | %.2f\n", own[half], own[most], own[half] / times[half],
               own[most] / times[most]);
    }
    free(times);
}
