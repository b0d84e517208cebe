/* fuzz_sql.c - SQL text, statement after statement, under a deadline. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { STATEMENTS_MAX = 30, DEADLINE_MS = 30 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  fuzz_kit_open(&kit, DEADLINE_MS);
  const char *text = (const char *)bytes;
  size_t left = size;
  for (unsigned i = 0; i < STATEMENTS_MAX && left > 0; i++) {
    const char *tail = text;
    (void)fuzz_kit_run(&kit, MEDLEY_LANGUAGE_SQL, text, left, &tail);
    /* After a failure the tail is nowhere: go on behind the next semicolon. */
    if (tail <= text || tail > text + left) {
      tail = memchr(text, ';', left);
      if (tail == NULL) break;
      tail++;
    }
    left -= (size_t)(tail - text);
    text = tail;
  }
  fuzz_kit_close(&kit);
  return 0;
}
