/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_ssh_restart`, soft: logs in by SSH and restarts libvirt's daemon, which leaves
 * guests alone. For hosts that answer, but whose libvirt does not. It proves nothing, ever.
 *
 * What runs there is one of three fixed texts; nothing of the configuration goes into it.
 */
#include "child.h"

#include "address.h"

struct self {
    const char *address, *user, *identity_file, *service, *directory;
    int64_t port;
};

#define AT(member) offsetof(struct self, member)
static const struct drover_parameter parameters[] = {
    {"address", DROVER_TEXT, NULL, 0, 0, "", NULL, "where SSH answers; that of the URI unless given",
     AT(address)},
    {"port", DROVER_INTEGER, NULL, 1, 65535, "22", NULL, "of SSH", AT(port)},
    {"user", DROVER_TEXT, NULL, 0, 0, "root", NULL, "who logs in", AT(user)},
    {"identity_file", DROVER_TEXT, NULL, 0, 0, "", NULL, "private key, without a passphrase",
     AT(identity_file)},
    {"service", DROVER_CHOICE, NULL, 0, 0, "auto", "auto|libvirtd|virtqemud",
     "what to restart; auto: virtqemud where its socket is enabled, else libvirtd", AT(service)},
    {"directory", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "where the program ssh is; looked at before /usr/bin and /bin", AT(directory)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static const struct {
    const char *service, *command;
} commands[] = {
    {"auto", "if systemctl is-enabled --quiet virtqemud.socket; "
             "then systemctl restart virtqemud.service; "
             "else systemctl restart libvirtd.service; fi"},
    {"libvirtd", "systemctl restart libvirtd.service"},
    {"virtqemud", "systemctl restart virtqemud.service"},
};

static const char *command_of(const char *service)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].service, service) == 0)
            return commands[i].command;
    return commands[0].command;
}

static bool is_path(const char *text)
{
    return !text[0] || (text[0] == '/' && !strpbrk(text, "%\"\n"));
}

static int open_unit(void *data, char *error, size_t size)
{
    const struct self *self = data;
    if (self->address[0] && !address_is_word(self->address))
        return snprintf(error, size, "address: expected a name or an address, found \"%.64s\"",
                        self->address), -1;
    if (!address_is_word(self->user) || strchr(self->user, ':'))
        return snprintf(error, size, "user: expected a user's name, found \"%.64s\"", self->user),
               -1;
    if (!is_path(self->identity_file) || !is_path(self->directory))
        return snprintf(error, size, "%s: expected a path from the root",
                        is_path(self->directory) ? "identity_file" : "directory"), -1;
    return 0;
}

static void run_ssh(const struct self *self, const char *path, const char *address,
                    struct drover_fence *fence)
{
    char port[24], timeout[48];
    struct child child;
    char *argv[24] = {
        (char *)path, "-F", "none", "-T", "-x", "-a", "-o", "BatchMode=yes", "-o",
        "StrictHostKeyChecking=yes", "-o", timeout, "-p", port, "-l", (char *)self->user, NULL,
    };
    size_t n = 16;
    snprintf(port, sizeof port, "%lld", (long long)self->port);
    snprintf(timeout, sizeof timeout, "ConnectTimeout=%d", fence->timeout_s > 20 ? 10 : 3);
    if (self->identity_file[0]) {
        argv[n++] = "-i";
        argv[n++] = (char *)self->identity_file;
    }
    argv[n++] = "--";
    argv[n++] = (char *)address;
    argv[n++] = (char *)command_of(self->service);
    argv[n] = NULL;
    child_run(&child, argv, "", child_clock() + fence->timeout_s * 0.9);
    bool done = child.end == CHILD_EXITED && child.status == 0;
    fence->result = done ? DROVER_FENCE_IS_ON
                    : child.end == CHILD_OVERRAN ? DROVER_FENCE_UNKNOWN : DROVER_FENCE_FAILED;
    if (done) {
        snprintf(fence->text, sizeof fence->text, "%s was restarted on %s",
                 strcmp(self->service, "auto") == 0 ? "libvirt's daemon" : self->service, address);
        return;
    }
    char told[400];
    child_tell(&child, "", told, sizeof told);
    snprintf(fence->text, sizeof fence->text, "ssh to %.64s %s", address, told);
}

static int fence(void *data, struct drover_fence *fence)
{
    const struct self *self = data;
    const char *own = self->directory[0] ? self->directory : "/usr/bin";
    const char *const directories[] = {own, "/usr/bin", "/bin", NULL};
    char path[512], address[256];
    fence->result = DROVER_FENCE_FAILED;
    snprintf(address, sizeof address, "%s", self->address);
    if (fence->action != DROVER_FENCE_SOFT)
        snprintf(fence->text, sizeof fence->text,
                 "this device restarts libvirt; it switches no power");
    else if (!address[0] && !address_of_uri(fence->uri, address, sizeof address))
        snprintf(fence->text, sizeof fence->text,
                 "no address for SSH in the host's URI: set the parameter address");
    else if (child_find("ssh", directories, path, sizeof path, fence->text,
                        sizeof fence->text) == 0)
        run_ssh(self, path, address, fence);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FENCE,
    .flags = DROVER_SOFT,
    .name = "fence_ssh_restart",
    .summary = "soft: restarts libvirt's daemon by SSH, and leaves guests alone",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = open_unit,
    .fence = fence,
};

DROVER_PLUGIN("fence_ssh_restart", "1.0", &unit)
