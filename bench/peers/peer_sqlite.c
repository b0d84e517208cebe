/* peer_sqlite.c - stock SQLite: WAL, synchronous FULL (durable) or NORMAL (relaxed), 64 MiB of page cache and 1 GiB of
 * mapped file for each connection, busy_timeout 2 min, writes by BEGIN IMMEDIATE, prepared statements. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"
#include "bench/peers/sql_actor.h"

#define BUSY_TIMEOUT_MS 120000 /* many clients on a slow disk starve one another for longer than the usual 10 s */

typedef struct sqlite_place {
  char path[4096];
  med_durability durability;
} sqlite_place;

static void version(char *text, size_t size) { snprintf(text, size, "%s", sqlite3_libversion()); }

static int fail(sqlite3 *db) { return med_peer_fail("sqlite: %s", sqlite3_errmsg(db)); }

static int open_db(const med_place *place, void **db) {
  sqlite_place *opened = calloc(1, sizeof *opened);
  snprintf(opened->path, sizeof opened->path, "%s/bench.db", place->folder);
  opened->durability = place->durability;
  *db = opened;
  return 0;
}

static void close_db(void *db) { free(db); }

static int exec(void *connection, const char *sql) {
  return sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(connection);
}

static int connect_db(void *db, void **connection) {
  static const char *const synchronous[] = {"FULL", "NORMAL", "OFF"};
  const sqlite_place *place = db;
  sqlite3 *handle = NULL;
  char settings[256];
  if (sqlite3_open_v2(place->path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL)) {
    return fail(handle);
  }
  sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
  snprintf(settings, sizeof settings,
           "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA cache_size = -65536;"
           "PRAGMA mmap_size = 1073741824; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY",
           synchronous[place->durability]);
  *connection = handle;
  return exec(handle, settings);
}

static void disconnect_db(void *connection) { sqlite3_close(connection); }

static int begin(void *connection, int writes) { return exec(connection, writes ? "BEGIN IMMEDIATE" : "BEGIN"); }
static int commit(void *connection) { return exec(connection, "COMMIT"); }

static int prepare(void *connection, const char *sql, void **statement) {
  sqlite3_stmt *handle = NULL;
  if (sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL)) return fail(connection);
  *statement = handle;
  return 0;
}

static void finalize(void *statement) { sqlite3_finalize(statement); }

static void bind_integer(void *statement, int index, int64_t integer) { sqlite3_bind_int64(statement, index, integer); }

/* The harness keeps its texts until the step is over, but a copy is what every peer makes. */
static void bind_text(void *statement, int index, const char *text, size_t len) {
  sqlite3_bind_text(statement, index, text, (int)len, SQLITE_TRANSIENT);
}

static int step(void *statement) {
  int status = sqlite3_step(statement);
  if (status == SQLITE_ROW) return MED_SQL_ROW;
  if (status == SQLITE_DONE) return MED_SQL_DONE;
  return fail(sqlite3_db_handle(statement));
}

static void reset(void *statement) { sqlite3_reset(statement); }
static int64_t integer(void *statement, int column) { return sqlite3_column_int64(statement, column); }

static const char *text(void *statement, int column, size_t *len) {
  const char *bytes = (const char *)sqlite3_column_text(statement, column);
  *len = (size_t)sqlite3_column_bytes(statement, column);
  return bytes;
}

static const med_sql sql = {.open = open_db,
                            .close = close_db,
                            .connect = connect_db,
                            .disconnect = disconnect_db,
                            .exec = exec,
                            .begin = begin,
                            .commit = commit,
                            .prepare = prepare,
                            .finalize = finalize,
                            .bind_integer = bind_integer,
                            .bind_text = bind_text,
                            .step = step,
                            .reset = reset,
                            .integer = integer,
                            .text = text};

/* SQLite for everything: sessions and cached profiles are tables of the same file. */
static int open_actor(const med_place *place, void **db) { return med_sql_actor_open(&sql, NULL, place, db); }

static const med_actor actor = {.open = open_actor,
                                .close = med_sql_actor_close,
                                .connect = med_sql_actor_connect,
                                .disconnect = med_sql_actor_disconnect,
                                .act = med_sql_actor_act,
                                .audit = med_sql_actor_audit};

const med_peer med_peer_sqlite = {.name = "sqlite",
                                  .description = "stock SQLite, WAL, 64 MiB cache, 1 GiB mmap",
                                  .version = version,
                                  .sql = &sql,
                                  .actor = &actor};
