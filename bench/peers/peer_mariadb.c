/* peer_mariadb.c - MariaDB over a Unix socket, by its C client: prepared statements, one round trip each. InnoDB with a
 * buffer pool of 1 GiB and no binary log (peers/setup); innodb_flush_log_at_trx_commit is 1 (durable) or 2. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

#define PARAMETER_COUNT_MAX 16
#define COLUMN_COUNT_MAX 16
#define TEXT_SIZE 1024

typedef struct maria_place {
  char socket[4200];
} maria_place;

typedef struct maria_parameter {
  long long integer;
  char *text; /* an owned copy, NULL for an integer */
  unsigned long len;
} maria_parameter;

typedef struct maria_column {
  int is_integer; /* all else arrives as text, sums (DECIMAL) too */
  long long integer;
  char text[TEXT_SIZE];
  unsigned long len;
} maria_column;

typedef struct maria_statement {
  MYSQL_STMT *handle;
  int runs;
  unsigned column_count;
  maria_parameter parameters[PARAMETER_COUNT_MAX];
  maria_column columns[COLUMN_COUNT_MAX];
} maria_statement;

static void version(char *text, size_t size) { snprintf(text, size, "10.11 (client %s)", mysql_get_client_info()); }

static int exec(void *connection, const char *sql) {
  return mysql_query(connection, sql) == 0 ? 0 : med_peer_fail("mariadb: %s", mysql_error(connection));
}

static void disconnect_db(void *connection) { mysql_close(connection); }

static int connect_to(const maria_place *place, const char *database, void **out) {
  MYSQL *link = mysql_init(NULL);
  if (!link) return med_peer_fail("mariadb: no memory");
  *out = link;
  if (mysql_real_connect(link, NULL, "root", NULL, database, 0, place->socket, 0)) return 0;
  return med_peer_fail("mariadb: %s", mysql_error(link));
}

static int connect_db(void *db, void **out) { return connect_to(db, "bench", out); }

static int make_database(void *connection, const med_place *place) {
  int is_durable = place->durability == MED_DURABLE;
  int status = exec(connection, is_durable ? "SET GLOBAL innodb_flush_log_at_trx_commit = 1"
                                           : "SET GLOBAL innodb_flush_log_at_trx_commit = 2");
  if (status != 0 || place->keeps) return status;
  status = exec(connection, "DROP DATABASE IF EXISTS bench");
  return status == 0 ? exec(connection, "CREATE DATABASE bench CHARACTER SET utf8mb4 COLLATE utf8mb4_bin") : status;
}

static int open_db(const med_place *place, void **out) {
  maria_place *db = calloc(1, sizeof *db);
  void *first = NULL;
  snprintf(db->socket, sizeof db->socket, "%s/mariadb.sock", place->servers);
  *out = db;
  int status = connect_to(db, NULL, &first);
  if (status == 0) status = make_database(first, place);
  if (first) disconnect_db(first);
  return status;
}

static void close_db(void *db) { free(db); }

static int begin(void *connection, int writes) {
  return exec(connection, writes ? "START TRANSACTION" : "START TRANSACTION READ ONLY");
}
static int commit(void *connection) { return exec(connection, "COMMIT"); }

/* ---- Statements ---- */

static int fail(maria_statement *statement) {
  return med_peer_fail("mariadb: %s", mysql_stmt_error(statement->handle));
}

static void learn_columns(maria_statement *statement) {
  MYSQL_RES *facts = mysql_stmt_result_metadata(statement->handle);
  statement->column_count = mysql_stmt_field_count(statement->handle);
  for (unsigned i = 0; facts && i < statement->column_count && i < COLUMN_COUNT_MAX; i++) {
    enum enum_field_types type = mysql_fetch_field_direct(facts, i)->type;
    statement->columns[i].is_integer = type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG;
  }
  if (facts) mysql_free_result(facts);
}

static int bind_columns(maria_statement *statement) {
  MYSQL_BIND binds[COLUMN_COUNT_MAX];
  memset(binds, 0, sizeof binds);
  for (unsigned i = 0; i < statement->column_count; i++) {
    maria_column *column = &statement->columns[i];
    binds[i].buffer_type = column->is_integer ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
    binds[i].buffer = column->is_integer ? (void *)&column->integer : column->text;
    binds[i].buffer_length = TEXT_SIZE - 1;
    binds[i].length = &column->len;
  }
  return mysql_stmt_bind_result(statement->handle, binds) == 0 ? 0 : fail(statement);
}

static int prepare(void *connection, const char *sql, void **out) {
  maria_statement *statement = calloc(1, sizeof *statement);
  *out = statement;
  statement->handle = mysql_stmt_init(connection);
  if (!statement->handle) return med_peer_fail("mariadb: no memory");
  if (mysql_stmt_prepare(statement->handle, sql, strlen(sql)) != 0) return fail(statement);
  learn_columns(statement);
  if (mysql_stmt_param_count(statement->handle) > PARAMETER_COUNT_MAX || statement->column_count > COLUMN_COUNT_MAX) {
    return med_peer_fail("mariadb: too many parameters or columns: %s", sql);
  }
  return statement->column_count > 0 ? bind_columns(statement) : 0;
}

static void reset(void *argument) {
  maria_statement *statement = argument;
  if (statement->runs && statement->column_count > 0) mysql_stmt_free_result(statement->handle);
  statement->runs = 0;
}

static void finalize(void *argument) {
  maria_statement *statement = argument;
  if (!statement) return;
  for (int i = 0; i < PARAMETER_COUNT_MAX; i++) free(statement->parameters[i].text);
  if (statement->handle) mysql_stmt_close(statement->handle);
  free(statement);
}

static void bind_integer(void *argument, int index, int64_t integer) {
  maria_parameter *parameter = &((maria_statement *)argument)->parameters[index - 1];
  free(parameter->text);
  *parameter = (maria_parameter){.integer = integer};
}

static void bind_text(void *argument, int index, const char *text, size_t len) {
  maria_parameter *parameter = &((maria_statement *)argument)->parameters[index - 1];
  free(parameter->text);
  *parameter = (maria_parameter){.text = strndup(text, len), .len = len};
}

static int run(maria_statement *statement) {
  MYSQL_BIND binds[PARAMETER_COUNT_MAX];
  unsigned long count = mysql_stmt_param_count(statement->handle);
  memset(binds, 0, sizeof binds);
  for (unsigned long i = 0; i < count; i++) {
    maria_parameter *parameter = &statement->parameters[i];
    binds[i].buffer_type = parameter->text ? MYSQL_TYPE_STRING : MYSQL_TYPE_LONGLONG;
    binds[i].buffer = parameter->text ? (void *)parameter->text : &parameter->integer;
    binds[i].buffer_length = parameter->len;
    binds[i].length = parameter->text ? &parameter->len : NULL;
  }
  if (count > 0 && mysql_stmt_bind_param(statement->handle, binds) != 0) return fail(statement);
  if (mysql_stmt_execute(statement->handle) != 0) return fail(statement);
  statement->runs = 1;
  if (statement->column_count == 0) return 0;
  return mysql_stmt_store_result(statement->handle) == 0 ? 0 : fail(statement);
}

static int step(void *argument) {
  maria_statement *statement = argument;
  if (!statement->runs && run(statement) != 0) return -1;
  if (statement->column_count == 0) return MED_SQL_DONE;
  int status = mysql_stmt_fetch(statement->handle);
  if (status == 0) return MED_SQL_ROW;
  if (status == MYSQL_DATA_TRUNCATED) return med_peer_fail("mariadb: a text longer than %d bytes", TEXT_SIZE - 1);
  return status == MYSQL_NO_DATA ? MED_SQL_DONE : fail(statement);
}

static int64_t integer(void *argument, int index) {
  maria_column *column = &((maria_statement *)argument)->columns[index];
  if (column->is_integer) return column->integer;
  column->text[column->len] = 0;
  return strtoll(column->text, NULL, 10);
}

static const char *text(void *argument, int index, size_t *len) {
  maria_column *column = &((maria_statement *)argument)->columns[index];
  *len = column->len;
  return column->text;
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
                            .text = text,
                            .drops_index_of_table = 1};

const med_peer med_peer_mariadb = {
    .name = "mariadb",
    .description = "MariaDB over a Unix socket, InnoDB, buffer pool 1 GiB, no binary log",
    .version = version,
    .sql = &sql,
    .server = "mariadb"};
