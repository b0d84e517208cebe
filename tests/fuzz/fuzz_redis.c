/* fuzz_redis.c - Redis commands: lines of text, each prepared as a statement, and argument vectors of any bytes.
 *
 * The first byte chooses: even: lines; odd: words that end in 00, commands that end in 0A. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { WORDS_MAX = 64, COMMANDS_MAX = 60, DEADLINE_MS = 50 };

static void run_lines(fuzz_kit *kit, const char *text, size_t len) {
  for (unsigned i = 0; i < COMMANDS_MAX && len > 0; i++) {
    const char *end = memchr(text, '\n', len);
    size_t line = end != NULL ? (size_t)(end - text) : len;
    (void)fuzz_kit_run(kit, MEDLEY_LANGUAGE_REDIS, text, line, NULL);
    text += end != NULL ? line + 1 : line;
    len -= end != NULL ? line + 1 : line;
  }
}

static void run_vector(fuzz_kit *kit, const char *bytes, size_t len) {
  const char *words[WORDS_MAX];
  size_t lens[WORDS_MAX];
  size_t count = 0;
  while (len > 0 && count < WORDS_MAX) {
    const char *end = memchr(bytes, '\0', len);
    words[count] = bytes;
    lens[count] = end != NULL ? (size_t)(end - bytes) : len;
    bytes += lens[count] + (end != NULL);
    len -= lens[count] + (end != NULL);
    count++;
  }
  const medley_value *reply = NULL;
  if (medley_command(kit->session, count, words, lens, &reply) == MEDLEY_OK) fuzz_kit_read(reply);
}

static void run_vectors(fuzz_kit *kit, const char *bytes, size_t len) {
  for (unsigned i = 0; i < COMMANDS_MAX && len > 0; i++) {
    const char *end = memchr(bytes, '\n', len);
    size_t part = end != NULL ? (size_t)(end - bytes) : len;
    run_vector(kit, bytes, part);
    bytes += part + (end != NULL);
    len -= part + (end != NULL);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 2) return 0;
  fuzz_kit kit;
  fuzz_kit_open(&kit, DEADLINE_MS);
  if (bytes[0] % 2 == 0)
    run_lines(&kit, (const char *)bytes + 1, size - 1);
  else
    run_vectors(&kit, (const char *)bytes + 1, size - 1);
  uint64_t problems = 0;
  medley_error error;
  if (medley_session_state(kit.session) == MEDLEY_NO_TRANSACTION) {
    MUST(medley_check(kit.db, NULL, NULL, &problems, &error) == MEDLEY_OK);
    MUST(problems == 0);
  }
  fuzz_kit_close(&kit);
  return 0;
}
