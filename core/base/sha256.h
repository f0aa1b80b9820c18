/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 (FIPS 180-4): names the exact policy, plugin or XML that a decision was made with.
 */
#ifndef DROVER_BASE_SHA256_H
#define DROVER_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT_SIZE 65 /* 64 hexadecimal digits and a NUL */

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t length);
void sha256_end(struct sha256 *sha, char text[SHA256_TEXT_SIZE]);

void sha256_of(const void *bytes, size_t length, char text[SHA256_TEXT_SIZE]);

#endif
