/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two files of drover-hook share. */
#ifndef DROVER_HOOK_H
#define DROVER_HOOK_H

#include <stdbool.h>
#include <sys/un.h>

#define DEFAULT_CONFIG DROVER_SYSCONFDIR "/hook.conf"
#define TEXT_LIMIT 4096 /* bytes of every text but the XML */

/* The operations whose answer counts; all others only inform. */
struct operation {
    const char *driver;
    const char *name;
    bool filters; /* libvirt takes new XML from standard output */
    bool closed;  /* refused when droverd cannot be asked */
};

/* NULL: it only informs. */
struct operation *find_operation(const char *driver, const char *name);

struct config {
    char socket[sizeof((struct sockaddr_un *)0)->sun_path];
    char host[TEXT_LIMIT];
    long deadline_ms;
    const char *file;
};

extern struct config config;

void config_read(void);

/* One line on standard error, which is what libvirt shows. Control bytes cannot forge a second. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
