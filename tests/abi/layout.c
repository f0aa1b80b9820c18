/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the <drover/plugin.h> that it is compiled with to a kept layout, LAYOUT. Every field
 * that lies elsewhere is named; one that is gone does not compile, and the compiler names it.
 * A program of its own, without the core: tests/abi/layout.t builds it with wrong headers too.
 */
#include <drover/plugin.h>

#include <stdio.h>

static int wrong;

static void complain(const char *what, const char *name, long long is, long long was)
{
    printf("%s: %s %lld, was %lld\n", name, what, is, was);
    wrong = 1;
}

#define FIELD(type, field, offset, bytes)                                                          \
    if (offsetof(struct type, field) != (offset))                                                  \
        complain("offset", #type "." #field, (long long)offsetof(struct type, field), (offset));   \
    if (sizeof((struct type *)0)->field != (bytes))                                                \
        complain("size", #type "." #field, (long long)sizeof((struct type *)0)->field, (bytes));
#define GROWS(type, bytes)                                                                         \
    if (sizeof(struct type) < (bytes))                                                             \
        complain("size", #type, (long long)sizeof(struct type), (bytes));
#define FIXED(type, bytes)                                                                         \
    if (sizeof(struct type) != (bytes))                                                            \
        complain("size", #type, (long long)sizeof(struct type), (bytes));
#define VALUE(name, value)                                                                         \
    if ((long long)(name) != (value))                                                              \
        complain("value", #name, (long long)(name), (value));

int main(void)
{
#include LAYOUT
    return wrong;
}
