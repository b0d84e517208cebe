/* fuzz_sql.c - SQL text, statement after statement, under a deadline; one of the tables is a wide-column table. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { STATEMENTS_MAX = 30, DEADLINE_MS = 30 };

/* A wide-column table, which statements may group (engine/sql/group_query.h) or write to. */
static void make_table(fuzz_kit *kit) {
  static const char *const cql[] = {
      "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE k.t (p int, c int, page text, n int, x double, raw blob, PRIMARY KEY (p, c)) WITH segment_rows = "
      "2"};
  static const char rows[] =
      "INSERT INTO \"k.t\"(p, c, page, n, x) VALUES (1, 1, 'a', 1, 0.5), (1, 2, 'b', NULL, -1), "
      "(2, 1, 'a', 3, 1e300), (3, 7, NULL, 3, NULL)";
  medley_error error;
  int more = 1;
  for (size_t i = 0; i < sizeof cql / sizeof *cql; i++)
    MUST(medley_exec(kit->session, MEDLEY_LANGUAGE_CQL, cql[i], MEDLEY_NUL_ENDED, NULL, NULL) == MEDLEY_OK);
  MUST(medley_exec(kit->session, MEDLEY_LANGUAGE_SQL, rows, MEDLEY_NUL_ENDED, NULL, NULL) == MEDLEY_OK);
  while (more) MUST(medley_maintain(kit->db, 1000, &more, &error) == MEDLEY_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  fuzz_kit_open(&kit, 0);
  make_table(&kit);
  medley_session_set_deadline_ms(kit.session, DEADLINE_MS);
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
