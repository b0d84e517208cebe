/* postgres_link.c - libpq: prepared statements, one connection a client, one round trip a statement. */
#include "bench/peers/postgres_link.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETER_COUNT_MAX 16
#define NUMBER_SIZE 24
#define SQL_SIZE_MAX 1024

typedef struct postgres_place {
  char connect[4200];
  med_durability durability;
} postgres_place;

typedef struct postgres_client {
  PGconn *link;
  int statement_next;
} postgres_client;

typedef struct postgres_statement {
  postgres_client *client;
  char name[16];
  int parameter_count;
  char numbers[PARAMETER_COUNT_MAX][NUMBER_SIZE];
  char *texts[PARAMETER_COUNT_MAX]; /* owned copies, NULL for numbers */
  PGresult *result;
  int row_next;
} postgres_statement;

void med_postgres_link_version(char *text, size_t size) { snprintf(text, size, "15 (libpq %d)", PQlibVersion()); }

static int fail(postgres_client *client) { return med_peer_fail("postgres: %s", PQerrorMessage(client->link)); }

static int exec(void *argument, const char *sql) {
  postgres_client *client = argument;
  PGresult *result = PQexec(client->link, sql);
  ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : fail(client);
}

static void disconnect_db(void *argument) {
  postgres_client *client = argument;
  if (client->link) PQfinish(client->link);
  free(client);
}

static int connect_db(void *db, void **out) {
  const postgres_place *place = db;
  postgres_client *client = calloc(1, sizeof *client);
  *out = client;
  client->link = PQconnectdb(place->connect);
  if (PQstatus(client->link) != CONNECTION_OK) return fail(client);
  int status = exec(client, "SET client_min_messages = warning");
  if (status == 0 && place->durability != MED_DURABLE) status = exec(client, "SET synchronous_commit = off");
  return status;
}

/* The database is the benchmark's own: what an earlier run left is dropped. */
static int open_db(const med_place *place, void **db) {
  postgres_place *made = calloc(1, sizeof *made);
  void *first = NULL;
  snprintf(made->connect, sizeof made->connect, "host=%s/postgres user=bench dbname=bench", place->servers);
  made->durability = place->durability;
  *db = made;
  int status = connect_db(made, &first);
  if (status == 0 && !place->keeps) status = exec(first, "DROP SCHEMA IF EXISTS public CASCADE");
  if (status == 0 && !place->keeps) status = exec(first, "CREATE SCHEMA public");
  if (first) disconnect_db(first);
  return status;
}

static void close_db(void *db) { free(db); }

static int begin(void *connection, int writes) { return exec(connection, writes ? "BEGIN" : "BEGIN READ ONLY"); }
static int commit(void *connection) { return exec(connection, "COMMIT"); }

static int prepare(void *argument, const char *sql, void **out) {
  postgres_client *client = argument;
  postgres_statement *statement = calloc(1, sizeof *statement);
  char text[SQL_SIZE_MAX];
  size_t len = 0;
  *out = statement;
  statement->client = client;
  snprintf(statement->name, sizeof statement->name, "s%d", client->statement_next++);
  for (; *sql && len + 4 < sizeof text; sql++) {
    if (*sql == '?')
      len += (size_t)snprintf(text + len, 4, "$%d", ++statement->parameter_count);
    else
      text[len++] = *sql;
  }
  text[len] = 0;
  PGresult *result = PQprepare(client->link, statement->name, text, 0, NULL);
  ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK ? 0 : fail(client);
}

static void reset(void *argument) {
  postgres_statement *statement = argument;
  PQclear(statement->result);
  statement->result = NULL;
  statement->row_next = 0;
}

static void finalize(void *argument) {
  postgres_statement *statement = argument;
  reset(statement);
  for (int i = 0; i < PARAMETER_COUNT_MAX; i++) free(statement->texts[i]);
  free(statement);
}

static void bind_integer(void *argument, int index, int64_t integer) {
  postgres_statement *statement = argument;
  free(statement->texts[index - 1]);
  statement->texts[index - 1] = NULL;
  snprintf(statement->numbers[index - 1], NUMBER_SIZE, "%lld", (long long)integer);
}

static void bind_text(void *argument, int index, const char *text, size_t len) {
  postgres_statement *statement = argument;
  free(statement->texts[index - 1]);
  statement->texts[index - 1] = strndup(text, len);
}

static int run(postgres_statement *statement) {
  const char *values[PARAMETER_COUNT_MAX];
  for (int i = 0; i < statement->parameter_count; i++) {
    values[i] = statement->texts[i] ? statement->texts[i] : statement->numbers[i];
  }
  statement->result =
      PQexecPrepared(statement->client->link, statement->name, statement->parameter_count, values, NULL, NULL, 0);
  ExecStatusType status = PQresultStatus(statement->result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : fail(statement->client);
}

static int step(void *argument) {
  postgres_statement *statement = argument;
  if (!statement->result && run(statement) != 0) return -1;
  if (statement->row_next >= PQntuples(statement->result)) return MED_SQL_DONE;
  statement->row_next++;
  return MED_SQL_ROW;
}

static int64_t integer(void *argument, int column) {
  postgres_statement *statement = argument;
  return strtoll(PQgetvalue(statement->result, statement->row_next - 1, column), NULL, 10);
}

static const char *text(void *argument, int column, size_t *len) {
  postgres_statement *statement = argument;
  *len = (size_t)PQgetlength(statement->result, statement->row_next - 1, column);
  return PQgetvalue(statement->result, statement->row_next - 1, column);
}

const med_sql med_postgres_link_sql = {.open = open_db,
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
