/* fuzz_canary.c - a planted fault that has to be found: it shows that a fault would be. The library is not in it. */
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const char song[] = "chirp";
  for (size_t i = 0; i < sizeof song - 1; i++)
    if (size <= i || bytes[i] != (uint8_t)song[i]) return 0;
  abort();
}
