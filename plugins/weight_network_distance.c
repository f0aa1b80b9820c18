/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `network_distance`: the host nearest to where the VM runs. How the network is laid out is
 * said by labels of hosts, the widest first: two hosts of one rack are nearer to each other than
 * two of one room. A VM that starts comes from nowhere and does not care.
 */
#include <drover/plugin.h>

#include <stdio.h>
#include <string.h>

#define LEVELS_MOST 16

struct self {
    const char *labels;
};

static const struct drover_parameter parameters[] = {
    {"distance_labels", DROVER_TEXT, NULL, 0, 0, "site, room, rack", NULL,
     "labels of hosts that say where they are, the widest first", offsetof(struct self, labels)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* The next word of a list that is separated by commas and blanks; its length, 0 at the end. */
static size_t next_word(const char **list)
{
    *list += strspn(*list, ", ");
    return strcspn(*list, ", ");
}

/* The value of a label of a host; "" where it has none. */
static const char *label_of(const struct drover_labels *labels, uint32_t host, const char *key,
                            size_t length)
{
    for (uint32_t i = labels->start[host]; i < labels->start[host + 1]; i++)
        if (strlen(labels->key[i]) == length && memcmp(labels->key[i], key, length) == 0)
            return labels->value[i];
    return "";
}

/* 0: the same host; else 1, and one more for each level from the widest that differs downwards. */
static double distance(const struct self *self, const struct drover_labels *labels, uint32_t from,
                       uint32_t to)
{
    double levels = 0;
    bool apart = false;
    const char *word = self->labels;
    for (size_t length; (length = next_word(&word)) > 0; word += length) {
        apart = apart || strcmp(label_of(labels, from, word, length),
                                label_of(labels, to, word, length)) != 0;
        levels += apart;
    }
    return from == to ? 0 : 1 + levels;
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    for (uint32_t i = 0; i < n; i++)
        weights[i] = ask->from == DROVER_NONE
                         ? 0
                         : distance(data, &ask->fleet->hosts->labels, ask->from, hosts[i]);
    return 0;
}

static int check(void *data, char *error, size_t error_size)
{
    const struct self *self = data;
    const char *word = self->labels;
    unsigned n = 0;
    for (size_t length; (length = next_word(&word)) > 0; word += length)
        n++;
    if (n > 0 && n <= LEVELS_MOST)
        return 0;
    snprintf(error, error_size,
             "distance_labels: 1 to %d labels were expected, separated by commas, found %u",
             LEVELS_MOST, n);
    return -1;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "network_distance",
    .summary = "the host nearest to where the VM runs, by labels",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .open = check,
    .weigh = weigh,
};

DROVER_PLUGIN("network_distance", "1.0", &unit)
