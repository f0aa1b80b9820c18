/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_kdump`: listens for a host that writes a dump of its kernel. Its crash kernel runs
 * fence_kdump_send (of the fence-agents package), which says so by UDP every ten seconds; where
 * that kernel runs, the one that had guests is gone.
 *
 * It speaks that protocol itself, and does not run the agent of the same name: two of those cannot
 * share a port, and a fleet may lose more than one host at a time. Here each host has sockets of
 * its own that are connected to it, so the kernel sorts out whose message it is.
 *
 * The message is a magic number and a version, 32 bits each in the sender's order of bytes
 * (fence-agents, agents/kdump/message.h). There is no signature in it: who can send packets in a
 * host's name can say this, too. So drover takes it only of a host that it has lost, and that does
 * not answer when it is probed afterwards.
 */
#define _GNU_SOURCE
#include <drover/plugin.h>

#include "address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x1b302a40u
#define VERSION 1u
#define SOCKETS_MAX 64 /* an address of the host, and one of this machine, each */

struct self {
    const char *address;
    int64_t port;
};

#define AT(member) offsetof(struct self, member)
static const struct drover_parameter parameters[] = {
    {"address", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "where its crash kernel sends from, separated by spaces; that of the URI unless given",
     AT(address)},
    {"port", DROVER_INTEGER, NULL, 1, 65535, "7410", NULL, "UDP port that is listened on",
     AT(port)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

struct ears {
    struct pollfd socket[SOCKETS_MAX];
    struct sockaddr_storage host[SOCKETS_MAX]; /* whom the socket hears */
    nfds_t n;
    int wrong; /* errno of the last one that could not be had */
};

/* ------------------------------------------------------------------ words */

/* The next word of the list, into `word`. False: no more, or one that is too long. */
static bool next_word(const char **list, char *word, size_t size)
{
    const char *from = *list + strspn(*list, " ");
    size_t length = strcspn(from, " ");
    if (length == 0 || length >= size)
        return false;
    memcpy(word, from, length);
    word[length] = '\0';
    *list = from + length;
    return true;
}

static int open_unit(void *data, char *error, size_t size)
{
    const struct self *self = data;
    const char *list = self->address;
    char word[256];
    while (next_word(&list, word, sizeof word))
        if (!address_is_word(word))
            return snprintf(error, size, "address: expected names or addresses, found \"%.64s\"",
                            word), -1;
    if (list[strspn(list, " ")])
        return snprintf(error, size, "address: expected words of at most 253 bytes"), -1;
    return 0;
}

/* ------------------------------------------------------------------ sockets */

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons(port);
}

static socklen_t size_of(int family)
{
    return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Hears only what comes to `here` and from `there`, from whatever port it was sent. */
static void add_socket(struct ears *ears, const struct sockaddr *here, uint16_t port,
                       const struct sockaddr *there)
{
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t size = size_of(there->sa_family);
    int yes = 1;
    memcpy(&local, here, size);
    memcpy(&remote, there, size);
    set_port(&local, port);
    set_port(&remote, 0);
    int fd = socket(there->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, (struct sockaddr *)&local, size) == 0 &&
        connect(fd, (struct sockaddr *)&remote, size) == 0) {
        ears->host[ears->n] = remote;
        ears->socket[ears->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
        return;
    }
    ears->wrong = errno; /* most often: there is no way from that address to the host */
    if (fd >= 0)
        close(fd);
}

static void listen_to(struct ears *ears, const struct ifaddrs *local, uint16_t port,
                      const char *name)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        ears->wrong = EHOSTUNREACH;
        return;
    }
    for (const struct addrinfo *there = found; there; there = there->ai_next)
        for (const struct ifaddrs *here = local; here; here = here->ifa_next)
            if (here->ifa_addr && here->ifa_addr->sa_family == there->ai_family &&
                ears->n < SOCKETS_MAX)
                add_socket(ears, here->ifa_addr, port, there->ai_addr);
    freeaddrinfo(found);
}

static void close_all(struct ears *ears)
{
    for (nfds_t i = 0; i < ears->n; i++)
        close(ears->socket[i].fd);
}

/* ------------------------------------------------------------------ listening */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
    return memcmp(&((const struct sockaddr_in *)a)->sin_addr,
                  &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr)) == 0;
}

static bool is_message(const uint32_t *words)
{
    return (words[0] == MAGIC && words[1] == VERSION) ||
           (words[0] == __builtin_bswap32(MAGIC) && words[1] == __builtin_bswap32(VERSION));
}

/*
 * Whether one of the packets that wait there is the message. What came in before the socket was
 * connected may be another host's, so the sender is looked at.
 */
static bool hears(int fd, const struct sockaddr_storage *host)
{
    for (;;) {
        uint32_t words[3]; /* room for more than there may be */
        struct sockaddr_storage sender = {0};
        socklen_t size = sizeof sender;
        ssize_t n = recvfrom(fd, words, sizeof words, 0, (struct sockaddr *)&sender, &size);
        if (n < 0)
            return false;
        if (n == 8 && is_same(&sender, host) && is_message(words))
            return true;
    }
}

static bool hear_within(struct ears *ears, double seconds)
{
    double left, until = now_s() + seconds;
    while ((left = until - now_s()) > 0) {
        if (poll(ears->socket, ears->n, (int)(left * 1000) + 1) < 0 && errno != EINTR)
            return false;
        for (nfds_t i = 0; i < ears->n; i++)
            if (ears->socket[i].revents && hears(ears->socket[i].fd, &ears->host[i]))
                return true;
    }
    return false;
}

static void listen_for(const struct self *self, struct drover_fence *fence, const char *addresses)
{
    struct ears ears = {0};
    struct ifaddrs *local = NULL;
    char word[256];
    double seconds = fence->timeout_s - (fence->timeout_s > 10 ? 1 : fence->timeout_s / 10);
    if (getifaddrs(&local) != 0)
        ears.wrong = errno;
    for (const char *list = addresses; next_word(&list, word, sizeof word);)
        listen_to(&ears, local, (uint16_t)self->port, word);
    freeifaddrs(local);
    if (ears.n == 0)
        snprintf(fence->text, sizeof fence->text,
                 "UDP port %d cannot be listened on for %.200s: %s", (int)self->port, addresses,
                 strerror(ears.wrong));
    else if (hear_within(&ears, seconds)) {
        fence->result = DROVER_FENCE_IS_OFF;
        snprintf(fence->text, sizeof fence->text,
                 "it writes a dump of its kernel, and runs no guests: its crash kernel says so");
    } else {
        snprintf(fence->text, sizeof fence->text,
                 "no crash kernel of it was heard within %.0f s", seconds);
    }
    close_all(&ears);
}

static int fence(void *data, struct drover_fence *fence)
{
    const struct self *self = data;
    char address[256];
    fence->result = DROVER_FENCE_FAILED;
    if (fence->action != DROVER_FENCE_LISTEN)
        snprintf(fence->text, sizeof fence->text, "this device listens; it switches no power");
    else if (self->address[0])
        listen_for(self, fence, self->address);
    else if (address_of_uri(fence->uri, address, sizeof address))
        listen_for(self, fence, address);
    else
        snprintf(fence->text, sizeof fence->text,
                 "no address of it in the host's URI: set the parameter address");
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FENCE,
    .flags = DROVER_LISTENS,
    .name = "fence_kdump",
    .summary = "listens: hears of a host that writes a dump of its kernel, and runs no guests",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = open_unit,
    .fence = fence,
};

DROVER_PLUGIN("fence_kdump", "1.0", &unit)
