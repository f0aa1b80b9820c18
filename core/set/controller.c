/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host drover runs on, by the URIs; see controller.h. */
#include "set/controller.h"

#include <string.h>
#include <strings.h>

#define ROLE "controller"

struct span {
    const char *at;
    size_t n;
};

/* driver://[user@]server[:port]/...; n 0: none. */
static struct span server_of(const char *uri)
{
    const char *at = strstr(uri, "://");
    if (!at)
        return (struct span){.at = uri};
    at += strlen("://");
    size_t n = strcspn(at, "/?#");
    const char *user = memchr(at, '@', n);
    if (user) {
        n -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    if (*at == '[') {
        const char *end = memchr(at, ']', n);
        return (struct span){at + 1, end ? (size_t)(end - at - 1) : 0};
    }
    const char *port = memchr(at, ':', n);
    return (struct span){at, port ? (size_t)(port - at) : n};
}

static bool is(struct span span, const char *text)
{
    return span.n == strlen(text) && strncasecmp(span.at, text, span.n) == 0;
}

/* The same name, or one of the two without its domain. */
static bool is_machine(struct span server, const char *machine)
{
    size_t whole = strlen(machine), least = strcspn(machine, ".");
    if (is(server, machine))
        return true;
    const char *dot = memchr(server.at, '.', server.n);
    size_t head = dot ? (size_t)(dot - server.at) : server.n;
    return head == least && strncasecmp(server.at, machine, head) == 0 &&
           (head == server.n || least == whole);
}

bool controller_is_at(const char *uri, const char *machine)
{
    struct span server = server_of(uri);
    if (server.n == 0)
        return !strstr(uri, "socket=");
    return is(server, "localhost") || is(server, "127.0.0.1") || is(server, "::1") ||
           is_machine(server, machine);
}

static bool has_role(const struct host_setting *host)
{
    for (uint32_t i = 0; i < host->roles.n; i++)
        if (strcmp(host->roles.item[i], ROLE) == 0)
            return true;
    return false;
}

void controller_mark(struct settings *settings, const char *machine, struct arena *arena)
{
    struct host_setting *hosts = settings->hosts.item;
    for (uint32_t i = 0; i < settings->hosts.n; i++) {
        if (has_role(&hosts[i]) || !controller_is_at(hosts[i].uri, machine))
            continue;
        struct texts *roles = &hosts[i].roles;
        const char **more = arena_array(arena, roles->n + 1, sizeof *more);
        if (roles->n > 0)
            memcpy(more, roles->item, roles->n * sizeof *more);
        more[roles->n] = ROLE;
        *roles = (struct texts){.item = more, .n = roles->n + 1, .known = true};
    }
}
