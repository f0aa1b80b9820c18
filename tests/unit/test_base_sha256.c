/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 against the examples that NIST publishes with FIPS 180-4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"

#include <string.h>

static void hash_is(const char *text, const char *expected)
{
    char hash[SHA256_TEXT_SIZE];
    sha256_of(text, strlen(text), hash);
    assert_string_equal(hash, expected);
}

static void test_examples(void **state)
{
    (void)state;
    hash_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* A million times "a", in pieces of every length, so that blocks are cut everywhere. */
static void test_in_pieces(void **state)
{
    (void)state;
    static char block[997];
    char hash[SHA256_TEXT_SIZE];
    struct sha256 sha;
    size_t left = 1000000;
    memset(block, 'a', sizeof block);
    sha256_begin(&sha);
    for (size_t part = 1; left > 0; part = part % sizeof block + 1) {
        size_t n = part < left ? part : left;
        sha256_add(&sha, block, n);
        left -= n;
    }
    sha256_end(&sha, hash);
    assert_string_equal(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_in_pieces),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
