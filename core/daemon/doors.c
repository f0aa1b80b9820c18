/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hook sockets of hosts: which there are follows from the configuration. */
#include "daemon/daemon.h"

void daemon_open_hook_doors(struct daemon *daemon)
{
    const struct settings *settings = daemon->set->settings;
    const struct host_setting *hosts = settings->hosts.item;
    struct error error = ERROR_INIT;
    const char **names = g_new(const char *, settings->hosts.n + 1);
    for (uint32_t i = 0; i < settings->hosts.n; i++)
        names[i] = hosts[i].name;
    if (!daemon->hook_dir)
        daemon->hook_dir = g_strdup(settings->hook_dir); /* as at the start: see tell_fixed() */
    g_mkdir_with_parents(daemon->hook_dir, 0700);
    if (ctl_hook_hosts(daemon->ctl, daemon->hook_dir, names, settings->hosts.n, &error) < 0)
        log_line(NOTICE_WARNING, "a host's hooks cannot ask here: %s", error.text);
    g_free(names);
}
