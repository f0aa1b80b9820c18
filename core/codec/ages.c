/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ages of a document to times of a record, after reading: only then is `now` known, because
 * keys stand in any order.
 */
#include "codec/yaml.h"

static void ages_turn_one(const struct field *field, void *place, double now)
{
    if (field->type == FIELD_AGE) {
        double *time = place;
        *time = now - *time;
    } else if (field->type == FIELD_RECORD) {
        ages_turn(field->rows, place, now);
    } else if (field->type == FIELD_ROWS) {
        const struct rows *rows = place;
        for (uint32_t i = 0; i < rows->n; i++)
            ages_turn(field->rows, (char *)rows->item + i * field->row_size, now);
    } else if (field->type == FIELD_TEXT_OR_RECORD) {
        const struct text_or_record *either = place;
        if (either->record)
            ages_turn(field->rows, either->record, now);
    }
}

void ages_turn(const struct field *table, void *record, double now)
{
    for (const struct field *field = table; field->key; field++)
        ages_turn_one(field, (char *)record + field->offset, now);
}
