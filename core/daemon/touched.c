/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are named like hosts, in a directory where their being there says something. What is
 * there is compared with what was there, so a lost notification of the kernel loses nothing.
 *
 * The first line of such a file may say why. It is read as what it is, some program's output: it
 * is cut, made valid UTF-8, and loses its control characters; nothing but a regular file is read.
 */
#include "daemon/touched.h"

#include "base/memory.h"
#include "base/table.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REASON_BYTES 200

/* Names that could be hosts'; anything else in the directory is not ours. */
static int could_be_host(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && field_is_name(entry->d_name);
}

/* Not alphasort: names are looked up by strcmp, whatever the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The first line of the file; "" where there is none, or nothing that may be read. */
static char *read_reason(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char bytes[REASON_BYTES + 1];
    struct stat about;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    ssize_t length = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)
                         ? read(fd, bytes, REASON_BYTES)
                         : 0;
    if (fd >= 0)
        close(fd);
    bytes[length > 0 ? length : 0] = '\0';
    bytes[strcspn(bytes, "\n")] = '\0';
    g_autofree char *valid = g_utf8_make_valid(bytes, -1);
    for (char *c = valid; *c; c = g_utf8_next_char(c))
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            memset(c, ' ', (size_t)(g_utf8_next_char(c) - c));
    return memory_copy_text(g_strstrip(valid));
}

static void free_files(struct touched_file *files, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        free(files[i].host);
        free(files[i].reason);
    }
    free(files);
}

/* Sorted. A directory that is not there or cannot be read holds no files. */
static struct touched_file *list_files(const struct touched *touched, const char *dir, uint32_t *n)
{
    struct dirent **entry = NULL;
    int found = scandir(dir, &entry, could_be_host, by_name);
    *n = found > 0 ? (uint32_t)found : 0;
    struct touched_file *files = memory_array(*n, sizeof *files);
    for (uint32_t i = 0; i < *n; i++) {
        files[i].host = memory_copy_text(entry[i]->d_name);
        files[i].reason =
            touched->reasons ? read_reason(dir, files[i].host) : memory_copy_text("");
        free(entry[i]);
    }
    free(entry);
    return files;
}

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct touched_file *)a)->host, ((const struct touched_file *)b)->host);
}

static const struct touched_file *find(const struct touched_file *files, uint32_t n,
                                       const struct touched_file *file)
{
    return n > 0 ? bsearch(file, files, n, sizeof *files, by_host) : NULL;
}

void touched_compare(struct touched *touched, const char *dir, touched_tell *tell, void *self)
{
    uint32_t n;
    struct touched_file *now = list_files(touched, dir, &n);
    for (uint32_t i = 0; i < touched->n; i++)
        if (!find(now, n, &touched->files[i]))
            tell(self, touched, touched->files[i].host, NULL);
    for (uint32_t i = 0; i < n; i++) {
        const struct touched_file *before = find(touched->files, touched->n, &now[i]);
        if (!before || strcmp(before->reason, now[i].reason) != 0)
            tell(self, touched, now[i].host, now[i].reason);
    }
    free_files(touched->files, touched->n);
    touched->files = now;
    touched->n = n;
}

void touched_tell_again(const struct touched *touched, touched_tell *tell, void *self)
{
    for (uint32_t i = 0; i < touched->n; i++)
        tell(self, touched, touched->files[i].host, touched->files[i].reason);
}

void touched_free(struct touched *touched)
{
    free_files(touched->files, touched->n);
    *touched = (struct touched){.watch = -1};
}
