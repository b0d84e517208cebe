/* peer_duckdb.c - DuckDB by its C library (-Dduckdb=FOLDER): one table, times as BIGINT so that ranges are pushed down,
 * rows by its appender within a transaction, prepared statements. Its write-ahead log is flushed at each commit, whatever
 * the durability. No header comes with the library: what is called is declared here. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

typedef void *duckdb_handle; /* of database, connection, statement and appender alike */
typedef struct duckdb_result {
  uint64_t deprecated_column_count, deprecated_row_count, deprecated_rows_changed;
  void *deprecated_columns;
  char *deprecated_error;
  void *internal;
} duckdb_result;

/* All answer 0 for success. */
extern int duckdb_open(const char *path, duckdb_handle *database);
extern void duckdb_close(duckdb_handle *database);
extern int duckdb_connect(duckdb_handle database, duckdb_handle *connection);
extern void duckdb_disconnect(duckdb_handle *connection);
extern const char *duckdb_library_version(void);
extern int duckdb_query(duckdb_handle connection, const char *sql, duckdb_result *result);
extern void duckdb_destroy_result(duckdb_result *result);
extern const char *duckdb_result_error(duckdb_result *result);
extern uint64_t duckdb_row_count(duckdb_result *result);
extern int64_t duckdb_value_int64(duckdb_result *result, uint64_t column, uint64_t row);
extern int duckdb_prepare(duckdb_handle connection, const char *sql, duckdb_handle *statement);
extern const char *duckdb_prepare_error(duckdb_handle statement);
extern void duckdb_destroy_prepare(duckdb_handle *statement);
extern int duckdb_bind_int64(duckdb_handle statement, uint64_t index, int64_t value);
extern int duckdb_execute_prepared(duckdb_handle statement, duckdb_result *result);
extern int duckdb_appender_create(duckdb_handle connection, const char *schema, const char *table, duckdb_handle *out);
extern int duckdb_appender_end_row(duckdb_handle appender);
extern int duckdb_appender_flush(duckdb_handle appender);
extern int duckdb_appender_destroy(duckdb_handle *appender);
extern const char *duckdb_appender_error(duckdb_handle appender);
extern int duckdb_append_int64(duckdb_handle appender, int64_t value);

enum { BY_TYPE, SUM, TOP_USERS, PARTITION, FIRST_OF_PARTITION, STATEMENT_COUNT };
static const char *const texts[STATEMENT_COUNT] = {
    [BY_TYPE] = "SELECT type, count(*), sum(price)::BIGINT FROM event GROUP BY type ORDER BY type LIMIT ?",
    [SUM] = "SELECT 0, count(*), coalesce(sum(price), 0)::BIGINT FROM event WHERE time_us >= ? AND time_us < ?",
    [TOP_USERS] =
        "SELECT user_id, count(*) AS many, sum(price)::BIGINT FROM event GROUP BY user_id"
        " ORDER BY many DESC, user_id LIMIT ?",
    [PARTITION] = "SELECT 0, count(*), coalesce(sum(price), 0)::BIGINT FROM event WHERE user_id = ?",
    [FIRST_OF_PARTITION] =
        "SELECT 0, count(*), coalesce(sum(price), 0)::BIGINT FROM (SELECT price FROM event"
        " WHERE user_id = ? ORDER BY time_us, number LIMIT ?)",
};

typedef struct duck_client {
  duckdb_handle link, statements[STATEMENT_COUNT], appender;
} duck_client;

static void version(char *text, size_t size) { snprintf(text, size, "%s", duckdb_library_version()); }

static int exec(duckdb_handle link, const char *sql) {
  duckdb_result result = {0};
  int status = duckdb_query(link, sql, &result) == 0 ? 0 : med_peer_fail("duckdb: %s", duckdb_result_error(&result));
  duckdb_destroy_result(&result);
  return status;
}

static void disconnect_db(void *argument) {
  duck_client *client = argument;
  for (int i = 0; i < STATEMENT_COUNT; i++) {
    if (client->statements[i]) duckdb_destroy_prepare(&client->statements[i]);
  }
  if (client->appender) duckdb_appender_destroy(&client->appender);
  if (client->link) duckdb_disconnect(&client->link);
  free(client);
}

static int connect_db(void *db, void **out) {
  duck_client *client = calloc(1, sizeof *client);
  if (!client) return med_peer_fail("no memory");
  *out = client;
  if (duckdb_connect(db, &client->link) != 0) return med_peer_fail("duckdb: no connection");
  for (int i = 0; i < STATEMENT_COUNT; i++) {
    if (duckdb_prepare(client->link, texts[i], &client->statements[i]) != 0) {
      return med_peer_fail("duckdb: %s", duckdb_prepare_error(client->statements[i]));
    }
  }
  if (duckdb_appender_create(client->link, NULL, "event", &client->appender) == 0) return 0;
  return med_peer_fail("duckdb: %s", duckdb_appender_error(client->appender));
}

static int make_table(duckdb_handle db) {
  duckdb_handle link = NULL;
  if (duckdb_connect(db, &link) != 0) return med_peer_fail("duckdb: no connection");
  int status = exec(link,
                    "CREATE TABLE event (number BIGINT, time_us BIGINT, user_id BIGINT, type BIGINT, item BIGINT,"
                    " price BIGINT, duration BIGINT, session BIGINT, country BIGINT)");
  duckdb_disconnect(&link);
  return status;
}

static int open_db(const med_place *place, void **db) {
  char path[4200];
  snprintf(path, sizeof path, "%s/events.duckdb", place->folder);
  if (duckdb_open(path, db) != 0) return med_peer_fail("duckdb: %s does not open", path);
  return make_table(*db);
}

static void close_db(void *db) { duckdb_close(&db); }

static int loaded(void *db) {
  duckdb_handle link = NULL;
  if (duckdb_connect(db, &link) != 0) return med_peer_fail("duckdb: no connection");
  int status = exec(link, "CHECKPOINT");
  duckdb_disconnect(&link);
  return status;
}

static int append_one(duckdb_handle appender, const med_event *event) {
  const int64_t values[] = {(int64_t)event->number, event->time_us,  event->user,    event->type,   event->item,
                            event->price,           event->duration, event->session, event->country};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    if (duckdb_append_int64(appender, values[i]) != 0) return -1;
  }
  return duckdb_appender_end_row(appender) == 0 ? 0 : -1;
}

static int append(void *argument, const med_event *events, int count) {
  duck_client *client = argument;
  int status = exec(client->link, "BEGIN TRANSACTION");
  int appended = 0;
  for (int i = 0; i < count && status == 0 && appended == 0; i++) appended = append_one(client->appender, &events[i]);
  if (status == 0 && (appended != 0 || duckdb_appender_flush(client->appender) != 0)) {
    return med_peer_fail("duckdb: %s", duckdb_appender_error(client->appender));
  }
  return status == 0 ? exec(client->link, "COMMIT") : status;
}

/* Every statement answers key, count and sum. */
static int ask(duck_client *client, int which, const int64_t *values, int value_count, med_group *groups, int limit) {
  duckdb_result result = {0};
  int failed = 0;
  for (int i = 0; i < value_count; i++) {
    failed |= duckdb_bind_int64(client->statements[which], (uint64_t)i + 1, values[i]);
  }
  if (failed || duckdb_execute_prepared(client->statements[which], &result) != 0) {
    med_peer_fail("duckdb: %s", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return -1;
  }
  int count = (int)duckdb_row_count(&result);
  if (count > limit) count = limit;
  for (int i = 0; i < count; i++) {
    groups[i] = (med_group){.key = (uint64_t)duckdb_value_int64(&result, 0, (uint64_t)i),
                            .count = (uint64_t)duckdb_value_int64(&result, 1, (uint64_t)i),
                            .sum = duckdb_value_int64(&result, 2, (uint64_t)i)};
  }
  duckdb_destroy_result(&result);
  return count;
}

static int by_type(void *connection, med_group *groups, int limit) {
  return ask(connection, BY_TYPE, (int64_t[]){limit}, 1, groups, limit);
}

static int top_users(void *connection, med_group *groups, int limit) {
  return ask(connection, TOP_USERS, (int64_t[]){limit}, 1, groups, limit);
}

static int sum(void *connection, int64_t from_us, int64_t to_us, med_group *total) {
  return ask(connection, SUM, (int64_t[]){from_us, to_us}, 2, total, 1) == 1 ? 0 : -1;
}

static int partition(void *connection, uint32_t user, int limit, med_group *total) {
  int which = limit > 0 ? FIRST_OF_PARTITION : PARTITION;
  return ask(connection, which, (int64_t[]){user, limit}, limit > 0 ? 2 : 1, total, 1) == 1 ? 0 : -1;
}

static const med_columns columns = {.open = open_db,
                                    .close = close_db,
                                    .connect = connect_db,
                                    .disconnect = disconnect_db,
                                    .append = append,
                                    .loaded = loaded,
                                    .by_type = by_type,
                                    .sum = sum,
                                    .top_users = top_users,
                                    .partition = partition};

const med_peer med_peer_duckdb = {.name = "duckdb",
                                  .description = "DuckDB, BIGINT times, appender, checkpoint after loading",
                                  .version = version,
                                  .columns = &columns};
