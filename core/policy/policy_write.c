/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy as text, in the order in which people write one. See policy_file.h. */
#include "policy/policy_file.h"

#include "base/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether YAML reads the text back as it is, without quotes, in flow lists, too. */
static bool is_plain(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._/%+- ";
    size_t length = strlen(text);
    return length > 0 && strspn(text, allowed) == length && !strchr(" -+%.", text[0]) &&
           text[length - 1] != ' ' && !scalar_null(text);
}

static void write_text(FILE *out, const char *text)
{
    if (is_plain(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void write_pair(FILE *out, const char *indent, const char *key, const char *value)
{
    fputs(indent, out);
    write_text(out, key);
    fputs(": ", out);
    write_text(out, value);
    fputc('\n', out);
}

/* A key that is left out where it says nothing. */
static void write_key(FILE *out, const char *indent, const char *key, const char *value)
{
    if (value && *value)
        write_pair(out, indent, key, value);
}

static void write_texts(FILE *out, const char *key, const struct texts *texts)
{
    if (!texts->known)
        return;
    fprintf(out, "%s: [", key);
    for (uint32_t i = 0; i < texts->n; i++) {
        fputs(i ? ", " : "", out);
        write_text(out, texts->item[i]);
    }
    fputs("]\n", out);
}

static void write_pairs(FILE *out, const char *key, const struct pairs *pairs, bool even_if_empty)
{
    if (!pairs->known || (pairs->n == 0 && !even_if_empty))
        return;
    fprintf(out, "%s:%s\n", key, pairs->n ? "" : " {}");
    for (uint32_t i = 0; i < pairs->n; i++)
        write_pair(out, "  ", pairs->item[i].key, pairs->item[i].value);
}

static void write_migration(FILE *out, const struct policy_migration *migration)
{
    bool begun = false;
    for (const struct field *field = policy_migration_fields; field->key; field++) {
        const char *value = *(const char *const *)((const char *)migration + field->offset);
        if (value && !begun)
            fputs("migration:\n", out);
        begun |= value != NULL;
        write_key(out, "  ", field->key, value);
    }
}

char *policy_write(const struct policy *policy)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        abort();
    write_key(out, "", "policy", policy->name);
    write_key(out, "", "summary", policy->summary);
    write_key(out, "", "extends", policy->extends);
    write_texts(out, "filters", &policy->filters);
    write_pairs(out, "weights", &policy->weights, true);
    write_key(out, "", "selector", policy->selector);
    write_key(out, "", "balance", policy->balance);
    write_pairs(out, "parameters", &policy->parameters, false);
    write_migration(out, &policy->migration);
    write_key(out, "", "resilience", policy->resilience);
    write_pairs(out, "on_error", &policy->on_error, false);
    if (fclose(out))
        abort();
    return text;
}
