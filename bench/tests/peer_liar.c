/* peer_liar.c - SQLite that adds one to every integer it is asked for: the harness must notice. For the smoke test. */
#include "bench/peer.h"

extern const med_peer med_peer_sqlite;
extern const med_peer med_peer_liar;

static med_sql sql;

static int64_t integer(void *statement, int column) { return med_peer_sqlite.sql->integer(statement, column) + 1; }

static void __attribute__((constructor)) learn_from_sqlite(void) {
  sql = *med_peer_sqlite.sql;
  sql.integer = integer;
}

static void version(char *text, size_t size) {
  if (size > 0) text[0] = 0;
}

const med_peer med_peer_liar = {
    .name = "liar", .description = "SQLite that counts wrong", .version = version, .sql = &sql};
