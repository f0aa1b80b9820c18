/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Field tables: the one description of a record (a host, a VM, a policy, an event, ...) from
 * which it is read, written, defaulted, checked and documented. codec/ reads and writes YAML
 * and JSON by them; nobody else needs to know how.
 */
#ifndef DROVER_BASE_FIELD_H
#define DROVER_BASE_FIELD_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_TEXT,     /* const char *; never NULL after defaults ("" where nothing else is given) */
    FIELD_NAME,     /* const char *; [A-Za-z0-9._:@-]{1,253} */
    FIELD_BOOL,     /* bool */
    FIELD_U32,      /* uint32_t */
    FIELD_U64,      /* uint64_t */
    FIELD_NUMBER,   /* double, finite */
    FIELD_OPTIONAL, /* double; null is NAN */
    FIELD_DURATION, /* double, seconds; in files 90, "90s", "2m", "1h", "500ms" */
    FIELD_AGE,      /* double; in files "seconds ago", in records seconds since the epoch; null is NAN */
    FIELD_CHOICE,   /* int: index into choices */
    FIELD_TEXTS,    /* struct texts; null: not known */
    FIELD_PAIRS,    /* struct pairs; nested mappings are flattened, "outer.inner" */
    FIELD_NUMBERS,  /* struct numbers: a list of numbers */
    FIELD_ROWS,     /* struct rows: a list of records, by table `rows` */
    FIELD_RECORD,   /* a record inside the record, by table `rows` */
    FIELD_TEXT_OR_RECORD, /* struct text_or_record: a text, or a mapping by table `rows` */
};

/* Where a value stood: for messages. line 0: nowhere. */
struct mark {
    uint32_t line;
    uint32_t column;
};

struct texts {
    const char **item;
    uint32_t n;
    bool known; /* false: null, or absent where the default is null */
};

struct pair {
    const char *key;
    const char *value;
    struct mark mark;
};

struct pairs {
    struct pair *item; /* in the order of the document */
    uint32_t n;
    bool known; /* false: absent */
};

struct numbers {
    double *item;
    uint32_t n;
};

struct rows {
    void *item;
    uint32_t n;
};

struct text_or_record {
    const char *text; /* NULL where it is a record */
    void *record;     /* NULL where it is a text */
    struct mark mark;
};

#define FIELD_REQUIRED 1u  /* the document must have it */
#define FIELD_SECRET 2u    /* never written */
#define FIELD_INTERNAL 16u /* not part of documents: neither read nor written, but kept with the record */
#define FIELD_NULLABLE 4u  /* FIELD_TEXT: null is allowed, stored as NULL */
#define FIELD_COMPUTED 8u  /* null or absent is NAN, and somebody computes it */

struct field {
    const char *key; /* NULL ends the table */
    enum field_type type;
    size_t offset;
    const char *default_text; /* as in a document; NULL: zero, "", null, empty */
    double min, max;          /* of numbers; both 0: no bounds but those of the type */
    const char *const *choices; /* FIELD_CHOICE: names, ends with NULL; FIELD_TEXTS: if not any */
    const struct field *rows;   /* FIELD_ROWS, FIELD_RECORD, FIELD_TEXT_OR_RECORD */
    size_t row_size;
    unsigned flags;
};

/*
 * Set every field of record to its default. The tables' defaults are checked by a unit test,
 * so a wrong default is a programming mistake and aborts.
 */
void field_defaults(const struct field *table, void *record);

/* The field called key that documents may have, or NULL. */
const struct field *field_find(const struct field *table, const char *key);

/* Copy a record deeply: texts and lists are copied into arena. */
void field_copy(const struct field *table, void *to, const void *from, struct arena *arena);

/* Whether two records are the same, field by field. */
bool field_equal(const struct field *table, const void *a, const void *b);

/* Index of name in a list of choices that ends with NULL, or -1. */
int field_choice(const char *const *choices, const char *name);

/* Whether text is a name of the fleet format: [A-Za-z0-9._:@-]{1,253}. */
bool field_is_name(const char *text);

#endif
