/* fuzz_cql_run.c - CQL run: statement after statement on tables of every kind, under a deadline; then the whole file is checked.
 *
 * An input that begins with ! is one transaction: its INSERTs into the plain table are put off, and stand in a sorted run where four of them come
 * together. Whether it has rows of one before, which are sealed or not, says the next byte. */
#include <stdbool.h>
#include <stdio.h>

#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { STATEMENTS_MAX = 30, ROWS = 20, DEADLINE_MS = 30, MAKING_DEADLINE_MS = 10000 };

static const char tables[] =
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}; USE k; CREATE TYPE u (f int, g text);"
    "CREATE TABLE t (a int, b text, c decimal, d set<int>, e list<text>, m map<text, int>, u u, s int STATIC, i "
    "timeuuid, "
    "PRIMARY KEY (a, b)); CREATE TABLE n (p text, q int, r counter, PRIMARY KEY (p, q)); CREATE INDEX ON t (c); CREATE "
    "INDEX ON t (s);"
    "CREATE MATERIALIZED VIEW v AS SELECT a, b, c FROM t WHERE a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL "
    "PRIMARY KEY "
    "(c, a, b); CREATE TABLE r (p int, q int, v int, w text, PRIMARY KEY (p, q)) WITH segment_rows = 4; INSERT INTO t "
    "(a, b, c, d, e, m, u, s) VALUES (1, 'x', 1.5, {1, 2}, ['p'], {'k': 1}, {f: 1}, 9);";

static bool run_one(fuzz_kit *kit, const char *text) {
  return fuzz_kit_run(kit, MEDLEY_LANGUAGE_CQL, text, strlen(text), NULL) == MEDLEY_DONE;
}

static void begin(fuzz_kit *kit, uint8_t before) {
  int more = 1;
  medley_session_set_deadline_ms(kit->session, MAKING_DEADLINE_MS);
  MUST(medley_begin(kit->session, MEDLEY_WRITE) == MEDLEY_OK);
  if (before % 4 == 0) return;
  for (int i = 0; i < ROWS; i++) {
    char text[100];
    snprintf(text, sizeof text, "INSERT INTO r (p, q, v, w) VALUES (%d, %d, %d, 'w%d')", i % 2, i, i, i % 3);
    MUST(run_one(kit, text));
  }
  if (before % 4 == 1) return; /* they are put off still */
  MUST(medley_commit(kit->session) == MEDLEY_OK);
  for (int i = 0; before % 4 == 3 && more && i < 10; i++)
    MUST(medley_maintain(kit->db, 1000, &more, NULL) == MEDLEY_OK);
  MUST(medley_begin(kit->session, MEDLEY_WRITE) == MEDLEY_OK);
}

static void end(fuzz_kit *kit) {
  if (medley_session_state(kit->session) == MEDLEY_NO_TRANSACTION) return;
  if (medley_commit(kit->session) != MEDLEY_OK && medley_session_state(kit->session) != MEDLEY_NO_TRANSACTION)
    MUST(medley_rollback(kit->session) == MEDLEY_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  fuzz_kit_open(&kit, DEADLINE_MS);
  MUST(medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, tables, sizeof tables - 1, NULL, NULL) == MEDLEY_OK);
  const char *text = (const char *)bytes;
  size_t left = size;
  bool at_once = size > 1 && bytes[0] == '!';
  if (at_once) {
    begin(&kit, bytes[1]);
    medley_session_set_deadline_ms(kit.session, DEADLINE_MS);
    text += 2;
    left -= 2;
  }
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
  if (at_once) end(&kit);
  uint64_t problems = 0;
  medley_error error;
  if (medley_session_state(kit.session) == MEDLEY_NO_TRANSACTION) {
    MUST(medley_check(kit.db, NULL, NULL, &problems, &error) == MEDLEY_OK);
    MUST(problems == 0);
  }
  fuzz_kit_close(&kit);
  return 0;
}
