/* md5.h - the MD5 message digest, after the description in RFC 1321.
 *
 * What it is for: sqllogictest files give large results as an MD5 sum. What it is not for: anything secret.
 * Call init, add any number of times, then finish once. */
#ifndef TEST_MD5_H
#define TEST_MD5_H

#include <stddef.h>
#include <stdint.h>

#define TEST_MD5_HEX_SIZE 33 /* 32 digits and a NUL */

typedef struct test_md5 {
  uint32_t state[4];
  uint64_t byte_count;
  uint8_t block[64]; /* the first byte_count % 64 bytes wait to be digested */
} test_md5;

void test_md5_init(test_md5 *md5);
void test_md5_add(test_md5 *md5, const void *bytes, size_t len);
/* Writes the digest in lower-case hexadecimal. */
void test_md5_finish(test_md5 *md5, char hex[TEST_MD5_HEX_SIZE]);

#endif
