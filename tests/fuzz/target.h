/* target.h - what every fuzz target offers, and bytes taken from the front of an input.
 *
 * Each target is one function over bytes. With clang, libFuzzer calls it; in the ordinary tests run_corpus.c does, with every
 * file of the target's corpus and with changes of them. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct input {
  const uint8_t *bytes;
  size_t left;
} input;

static inline uint8_t input_byte(input *in) {
  if (in->left == 0) return 0;
  in->left--;
  return *in->bytes++;
}
static inline uint32_t input_number(input *in, unsigned size) {
  uint32_t number = 0;
  for (unsigned i = 0; i < size; i++) number = number << 8 | input_byte(in);
  return number;
}
/* At most `size` bytes; *len says how many. */
static inline const uint8_t *input_take(input *in, size_t size, size_t *len) {
  const uint8_t *from = in->bytes;
  *len = size < in->left ? size : in->left;
  in->bytes += *len;
  in->left -= *len;
  return from;
}

/* For statuses of which every one is good. */
static inline void input_any_status(int status) { (void)status; }

/* What must hold whatever the input is. */
#define MUST(condition) ((condition) ? (void)0 : abort())

#endif
