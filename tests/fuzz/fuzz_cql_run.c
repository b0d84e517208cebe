/* fuzz_cql_run.c - CQL run: statement after statement on tables of every kind, under a deadline; then the whole file is checked. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { STATEMENTS_MAX = 30, DEADLINE_MS = 30 };

static const char tables[] =
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}; USE k; CREATE TYPE u (f int, g text);"
    "CREATE TABLE t (a int, b text, c decimal, d set<int>, e list<text>, m map<text, int>, u u, s int STATIC, i "
    "timeuuid, "
    "PRIMARY KEY (a, b)); CREATE TABLE n (p text, q int, r counter, PRIMARY KEY (p, q)); CREATE INDEX ON t (c); CREATE "
    "INDEX ON t (s);"
    "CREATE MATERIALIZED VIEW v AS SELECT a, b, c FROM t WHERE a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL "
    "PRIMARY KEY "
    "(c, a, b); INSERT INTO t (a, b, c, d, e, m, u, s) VALUES (1, 'x', 1.5, {1, 2}, ['p'], {'k': 1}, {f: 1}, 9);";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  fuzz_kit_open(&kit, DEADLINE_MS);
  MUST(medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, tables, sizeof tables - 1, NULL, NULL) == MEDLEY_OK);
  const char *text = (const char *)bytes;
  size_t left = size;
  for (unsigned i = 0; i < STATEMENTS_MAX && left > 0; i++) {
    const char *tail = text;
    int rc = fuzz_kit_run(&kit, MEDLEY_LANGUAGE_CQL, text, left, &tail);
    /* After a failure the tail is the end: go on behind the next semicolon. */
    if (tail <= text || tail > text + left || (rc != MEDLEY_DONE && rc != MEDLEY_ROW)) {
      tail = memchr(text, ';', left);
      if (tail == NULL) break;
      tail++;
    }
    left -= (size_t)(tail - text);
    text = tail;
  }
  uint64_t problems = 0;
  medley_error error;
  if (medley_session_state(kit.session) == MEDLEY_NO_TRANSACTION) {
    MUST(medley_check(kit.db, NULL, NULL, &problems, &error) == MEDLEY_OK);
    MUST(problems == 0);
  }
  fuzz_kit_close(&kit);
  return 0;
}
