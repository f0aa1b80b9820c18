/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `labels`: hosts whose labels are as the VM or the policy wants them. What is wanted is
 * written as terms with a semicolon between them, all of which must hold:
 *
 *     rack=a1   rack!=a1   gen>=3   gen<5   zone in a, b   zone not in a, b   ssd   !ssd
 *
 * in any label of the VM whose key is `require` or begins with `require.`, and in the parameter
 * require_labels. A label that is not there equals nothing, is in no list and has no size; so
 * `!=`, `not in` and `!` hold of it. Values that are numbers are compared as numbers.
 */
#include <drover/plugin.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct self {
    const char *required;
};

enum { UNMET = 1, UNREADABLE };

static const struct drover_reason reasons[] = {
    {"labels.unmet", "its labels are not as wanted: {subject}", "with labels such that {subject}"},
    {"labels.unreadable", "what the VM wants of labels cannot be read: {subject}",
     "with terms like rack=a1, gen>=3, zone in a, b, ssd or !ssd, and ; between them"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"require_labels", DROVER_TEXT, NULL, 0, 0, "", NULL,
     "terms that the labels of every host must meet", offsetof(struct self, required)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

enum relation {
    HAS,
    HAS_NOT,
    EQUAL,
    UNEQUAL,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    IN,
    NOT_IN,
};

#define KEY_MAX 254
#define VALUE_MAX 512
#define TERMS_MAX 64

struct term {
    enum relation relation;
    char key[KEY_MAX];
    char value[VALUE_MAX];
    char text[VALUE_MAX]; /* as it was written, for people */
};

struct terms {
    struct term *item;
    uint32_t n;
};

/* --- reading ------------------------------------------------------------------------------- */

/* Without blanks at both ends; false where it does not fit. */
static bool copy_trimmed(char *to, size_t size, const char *from, size_t length)
{
    while (length > 0 && isspace((unsigned char)*from))
        from++, length--;
    while (length > 0 && isspace((unsigned char)from[length - 1]))
        length--;
    if (length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

/* Longer words first, so that ">=" is not taken for ">". */
static const struct {
    const char *word;
    enum relation relation;
} relations[] = {
    {"!=", UNEQUAL},     {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {"=", EQUAL},
    {"<", LESS},         {">", GREATER},     {" not in ", NOT_IN},  {" in ", IN},
};

/* Where the first relation of a term stands; NULL: it is a bare key. */
static const char *find_relation(const char *text, size_t *which)
{
    const char *first = NULL;
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        const char *at = strstr(text, relations[i].word);
        if (at && (!first || at < first)) {
            first = at;
            *which = i;
        }
    }
    return first;
}

static bool is_key(const char *text)
{
    for (const char *c = text; *c; c++)
        if (isspace((unsigned char)*c) || strchr("!=<>,;", *c))
            return false;
    return *text != '\0';
}

static bool read_term(const char *from, size_t length, struct term *term)
{
    size_t which = 0;
    if (!copy_trimmed(term->text, sizeof term->text, from, length))
        return false;
    const char *text = term->text, *at = find_relation(text, &which);
    if (!at) {
        term->relation = *text == '!' ? HAS_NOT : HAS;
        text += *text == '!';
        return copy_trimmed(term->key, sizeof term->key, text, strlen(text)) && is_key(term->key);
    }
    const char *value = at + strlen(relations[which].word);
    term->relation = relations[which].relation;
    return copy_trimmed(term->key, sizeof term->key, text, (size_t)(at - text)) &&
           is_key(term->key) &&
           copy_trimmed(term->value, sizeof term->value, value, strlen(value)) && *term->value;
}

/* Add the terms of one text. false: one of them cannot be read, and is the last of the list. */
static bool read_terms(const char *text, struct terms *terms)
{
    while (*text) {
        size_t length = strcspn(text, ";"), blank = strspn(text, " \t\n");
        if (blank < length) {
            struct term *term = &terms->item[terms->n];
            bool last = terms->n + 1 == TERMS_MAX;
            if (!last)
                terms->n++;
            if (last || !read_term(text, length, term))
                return false;
        }
        text += length + (text[length] == ';');
    }
    return true;
}

static bool is_requirement(const char *key)
{
    return strcmp(key, "require") == 0 || strncmp(key, "require.", 8) == 0;
}

/* All that is wanted for the VM; the caller frees terms->item. -1: no memory. */
static int terms_of(const struct self *self, const struct drover_ask *ask, struct terms *terms,
                    bool *readable)
{
    const struct drover_labels *own = &ask->fleet->vms->labels;
    *terms = (struct terms){calloc(TERMS_MAX, sizeof *terms->item), 0};
    if (!terms->item)
        return -1;
    *readable = read_terms(self->required, terms);
    for (uint32_t i = own->start[ask->vm]; *readable && i < own->start[ask->vm + 1]; i++)
        if (is_requirement(own->key[i]))
            *readable = read_terms(own->value[i], terms);
    return 0;
}

/* --- judging ------------------------------------------------------------------------------- */

static bool as_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && !*end && isfinite(*number);
}

static bool equals(const char *one, const char *other)
{
    double a, b;
    if (as_number(one, &a) && as_number(other, &b))
        return !(a < b) && !(a > b);
    return strcmp(one, other) == 0;
}

static bool compares(const char *one, enum relation relation, const char *other)
{
    double a, b;
    if (!as_number(one, &a) || !as_number(other, &b))
        return false;
    return relation == LESS         ? a < b
           : relation == LESS_EQUAL ? a <= b
           : relation == GREATER    ? a > b
                                    : a >= b;
}

/* A flag is up where it is there and does not say no. */
static bool is_up(const char *value)
{
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcmp(value, no[i]) == 0)
            return false;
    return true;
}

static bool holds(const struct term *term, const char *value)
{
    switch (term->relation) {
    case HAS:
        return value && is_up(value);
    case HAS_NOT:
        return !value || !is_up(value);
    case EQUAL:
        return value && equals(value, term->value);
    case UNEQUAL:
        return !value || !equals(value, term->value);
    case IN:
        return value && drover_list_has(term->value, value, strlen(value));
    case NOT_IN:
        return !value || !drover_list_has(term->value, value, strlen(value));
    default:
        return value && compares(value, term->relation, term->value);
    }
}

/* The first term that does not hold there, NULL: all do. */
static const struct term *unmet(const struct terms *terms, const struct drover_hosts *hosts,
                                uint32_t host)
{
    for (uint32_t t = 0; t < terms->n; t++)
        if (!holds(&terms->item[t], drover_label(&hosts->labels, host, terms->item[t].key)))
            return &terms->item[t];
    return NULL;
}

static bool wants_anything(const struct self *self, const struct drover_ask *ask)
{
    const struct drover_labels *own = &ask->fleet->vms->labels;
    bool wants = *self->required;
    for (uint32_t i = own->start[ask->vm]; i < own->start[ask->vm + 1]; i++)
        wants |= is_requirement(own->key[i]);
    return wants;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    struct terms terms;
    bool readable;
    memset(verdicts, 0, n);
    if (!wants_anything(data, ask))
        return 0;
    if (terms_of(data, ask, &terms, &readable) < 0)
        return DROVER_FAILED;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = !readable                                   ? UNREADABLE
                      : unmet(&terms, ask->fleet->hosts, hosts[i]) ? UNMET
                                                                   : 0;
    free(terms.item);
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    struct terms terms;
    bool readable;
    if (terms_of(data, ask, &terms, &readable) < 0)
        return DROVER_FAILED;
    const struct term *term = verdict == UNMET ? unmet(&terms, ask->fleet->hosts, host)
                              : terms.n        ? &terms.item[terms.n - 1]
                                               : NULL;
    if (term)
        snprintf(because->subject, sizeof because->subject, "%.200s", term->text);
    free(terms.item);
    return 0;
}

static int open_unit(void *data, char *error, size_t error_size)
{
    const struct self *self = data;
    struct terms terms = {calloc(TERMS_MAX, sizeof *terms.item), 0};
    bool readable = terms.item && read_terms(self->required, &terms);
    if (!readable)
        snprintf(error, error_size,
                 "require_labels: terms like rack=a1, gen>=3, zone in a, b, ssd or !ssd were "
                 "expected, with ; between them, at most %d of them; found \"%.100s\"",
                 TERMS_MAX - 1, terms.n ? terms.item[terms.n - 1].text : "");
    free(terms.item);
    return readable ? 0 : -1;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "labels",
    .summary = "hosts whose labels are as the VM or the policy wants them",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .open = open_unit,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("labels", "1.0", &unit)
