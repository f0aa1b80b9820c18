/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence `fence_agent`: switches hosts by the programs of the fence-agents package, or others that
 * speak its FenceAgentAPI: key=value lines on standard input, the outcome as exit status.
 *
 * Only one thing is taken for "off": the agent took the order (0), and when asked for the status
 * afterwards, by the same parameters, it said off (2). 2 alone would not do: it is also what many
 * agents return for arguments that they do not understand.
 */
#include "child.h"

#define STATUS_ON 0
#define STATUS_OFF 2
#define PAUSE_S 1.0 /* between two questions for the status */
#define LEAST_S 1.0 /* with less time left nothing more is begun */

struct self {
    const char *agent, *ip, *port, *plug, *username, *password_file, *options, *directory;
    int64_t tries;
    double settle_s;
};

#define AT(member) offsetof(struct self, member)
static const struct drover_parameter parameters[] = {
    {"agent", DROVER_TEXT, NULL, 0, 0, "", NULL, "the program: fence_ipmilan", AT(agent)},
    {"ip", DROVER_TEXT, NULL, 0, 0, "", NULL, "address of the device", AT(ip)},
    {"port", DROVER_TEXT, NULL, 0, 0, "", NULL, "of the device, where it is not the usual one",
     AT(port)},
    {"plug", DROVER_TEXT, NULL, 0, 0, "", NULL, "outlet, slot or machine, where it switches several",
     AT(plug)},
    {"username", DROVER_TEXT, NULL, 0, 0, "", NULL, "who drover is to the device", AT(username)},
    {"password_file", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "file with the password as its only line, readable by its owner alone", AT(password_file)},
    {"options", DROVER_TEXT, NULL, 0, 0, "", NULL, "more for the agent: \"lanplus=1 cipher=3\"",
     AT(options)},
    {"directory", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "where agents of your own are; looked at before /usr/sbin and /sbin", AT(directory)},
    {"tries", DROVER_INTEGER, NULL, 1, 10, "2", NULL, "how often off and on are ordered",
     AT(tries)},
    {"settle", DROVER_DURATION_S, "s", 0, 600, "20s", NULL,
     "how long after an order the status may take to follow", AT(settle_s)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* ------------------------------------------------------------------ parameters */

static bool is_agent(const char *name)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = strlen(name);
    return strncmp(name, "fence_", 6) == 0 && length > 6 && length <= 64 &&
           strspn(name, bytes) == length;
}

/* One line of standard input each: nothing in it may begin another one. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* The next word of the options, "key=value", and how long the key is. NULL: no more. */
static const char *next_option(const char **list, size_t *length, size_t *key)
{
    const char *word = *list + strspn(*list, " ");
    *length = strcspn(word, " ");
    *key = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    *list = word + *length;
    return *length ? word : NULL;
}

static int check_options(const char *options, char *error, size_t size)
{
    size_t length, key;
    for (const char *word; (word = next_option(&options, &length, &key));) {
        char name[64];
        if (key == 0 || key >= length || word[key] != '=' || key >= sizeof name)
            return snprintf(error, size, "options: expected words like lanplus=1, found \"%.*s\"",
                            (int)(length < 64 ? length : 64), word), -1;
        snprintf(name, sizeof name, "%.*s", (int)key, word);
        if (strcmp(name, "action") == 0 || strcmp(name, "option") == 0)
            return snprintf(error, size, "options: %s is drover's to say", name), -1;
        if (strstr(name, "pass"))
            return snprintf(error, size, "options: %s: a secret belongs into password_file", name),
                   -1;
    }
    return 0;
}

static int open_unit(void *data, char *error, size_t size)
{
    const struct self *self = data;
    const char *const lines[] = {self->ip, self->port, self->plug, self->username, self->options};
    if (!is_agent(self->agent))
        return snprintf(error, size, "agent: expected a name like fence_ipmilan, found \"%.64s\"",
                        self->agent), -1;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strlen(lines[i]) > 512 || !is_plain(lines[i]))
            return snprintf(error, size, "parameters: at most 512 bytes each, on one line"), -1;
    if (self->password_file[0] && self->password_file[0] != '/')
        return snprintf(error, size, "password_file: expected a path from the root, found \"%.200s\"",
                        self->password_file), -1;
    if (self->directory[0] && self->directory[0] != '/')
        return snprintf(error, size, "directory: expected a path from the root, found \"%.200s\"",
                        self->directory), -1;
    return check_options(self->options, error, size);
}

/* ------------------------------------------------------------------ asking the agent */

struct order {
    const struct self *self;
    struct drover_fence *fence;
    char path[512];
    char secret[512];
    double deadline;
    struct child child;
};

static void add_line(char *input, size_t *used, const char *key, const char *value)
{
    if (value[0] && *used < CHILD_INPUT_MAX + 1)
        *used += (size_t)snprintf(input + *used, CHILD_INPUT_MAX + 1 - *used, "%s=%s\n", key,
                                  value);
}

static void write_input(const struct order *order, const char *action, char *input)
{
    const struct self *self = order->self;
    size_t used = 0, length, key;
    const char *options = self->options;
    input[0] = '\0';
    for (const char *word; (word = next_option(&options, &length, &key));)
        used += (size_t)snprintf(input + used, CHILD_INPUT_MAX + 1 - used, "%.*s\n", (int)length,
                                 word);
    /* of a key that stands there twice the last one counts */
    add_line(input, &used, "ip", self->ip);
    add_line(input, &used, "ipport", self->port);
    add_line(input, &used, "plug", self->plug);
    add_line(input, &used, "username", self->username);
    add_line(input, &used, "password", order->secret);
    add_line(input, &used, "action", action);
}

/* Whether the agent ended by itself, with this status. */
static bool ask(struct order *order, const char *action, double deadline, int status)
{
    char input[CHILD_INPUT_MAX + 1];
    char *argv[] = {order->path, NULL};
    write_input(order, action, input);
    child_run(&order->child, argv, input, deadline);
    explicit_bzero(input, sizeof input);
    return order->child.end == CHILD_EXITED && order->child.status == status;
}

static double left(const struct order *order)
{
    return order->deadline - child_clock();
}

/* What the agent did last, as the order's words. */
static void tell(struct order *order, uint32_t result, const char *action)
{
    char told[400];
    child_tell(&order->child, order->secret, told, sizeof told);
    order->fence->result = result;
    snprintf(order->fence->text, sizeof order->fence->text, "%s %s %s", order->self->agent, action,
             told);
}

/* An agent that has words for status 2, and "off" is none of them, means something else by it. */
static bool means_off(const struct child *child)
{
    return strspn(child->output, " \t\r\n") == child->length ||
           strcasestr(child->output, "off") != NULL;
}

static uint32_t status_of(struct order *order)
{
    ask(order, "status", order->deadline, STATUS_ON);
    uint32_t result = DROVER_FENCE_FAILED;
    if (order->child.end == CHILD_OVERRAN)
        result = DROVER_FENCE_UNKNOWN;
    else if (order->child.end == CHILD_EXITED && order->child.status == STATUS_ON)
        result = DROVER_FENCE_IS_ON;
    else if (order->child.end == CHILD_EXITED && order->child.status == STATUS_OFF)
        result = means_off(&order->child) ? DROVER_FENCE_IS_OFF : DROVER_FENCE_UNKNOWN;
    tell(order, result, "status");
    return result;
}

/* ------------------------------------------------------------------ ordering */

static void rest(double seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

/* Ask until the status is as ordered, or it has had its time. */
static bool settles(struct order *order, uint32_t wanted)
{
    double until = child_clock() + order->self->settle_s;
    while (left(order) > LEAST_S) {
        if (status_of(order) == wanted)
            return true;
        if (child_clock() >= until || left(order) <= PAUSE_S + LEAST_S)
            break;
        rest(PAUSE_S);
    }
    return false;
}

/* An order that was taken, or may have been, is not known to have failed: it may still happen. */
static void switch_it(struct order *order, const char *action, uint32_t wanted)
{
    bool taken = false;
    for (int64_t i = 0; i == 0 || (i < order->self->tries && left(order) > LEAST_S); i++) {
        /* a quarter is left to find out what has become of it */
        double deadline = child_clock() + left(order) * 0.75;
        bool done = ask(order, action, deadline, 0);
        taken = taken || done || order->child.end == CHILD_OVERRAN ||
                order->child.end == CHILD_DIED;
        tell(order, taken ? DROVER_FENCE_UNKNOWN : DROVER_FENCE_FAILED, action);
        if (done && settles(order, wanted))
            return;
    }
    if (order->fence->result == DROVER_FENCE_IS_ON && wanted == DROVER_FENCE_IS_OFF)
        order->fence->result = DROVER_FENCE_FAILED; /* it says itself that it did not work */
    else if (taken || order->fence->result == wanted)
        order->fence->result = DROVER_FENCE_UNKNOWN;
    else
        order->fence->result = DROVER_FENCE_FAILED;
}

static void act(struct order *order)
{
    switch (order->fence->action) {
    case DROVER_FENCE_STATUS:
        status_of(order);
        break;
    case DROVER_FENCE_OFF:
        switch_it(order, "off", DROVER_FENCE_IS_OFF);
        break;
    case DROVER_FENCE_ON:
        switch_it(order, "on", DROVER_FENCE_IS_ON);
        break;
    default:
        order->fence->result = DROVER_FENCE_FAILED;
        snprintf(order->fence->text, sizeof order->fence->text,
                 "this device switches power; it brings no service back");
    }
}

static int fence(void *data, struct drover_fence *fence)
{
    const struct self *self = data;
    const char *own = self->directory[0] ? self->directory : "/usr/sbin";
    const char *const directories[] = {own, "/usr/sbin", "/sbin", NULL};
    struct order order = {.self = self, .fence = fence,
                          .deadline = child_clock() + fence->timeout_s * 0.9};
    fence->result = DROVER_FENCE_FAILED;
    if (child_find(self->agent, directories, order.path, sizeof order.path, fence->text,
                   sizeof fence->text) == 0 &&
        (!self->password_file[0] ||
         child_read_secret(self->password_file, order.secret, sizeof order.secret, fence->text,
                           sizeof fence->text) == 0))
        act(&order);
    explicit_bzero(&order, sizeof order);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FENCE,
    .name = "fence_agent",
    .summary = "switches hosts off and on by programs of the fence-agents package",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = open_unit,
    .fence = fence,
};

DROVER_PLUGIN("fence_agent", "1.0", &unit)
