/* sql_actor.c - see sql_actor.h. */
#include "bench/peers/sql_actor.h"

#include <stdlib.h>
#include <string.h>

#define BALANCE 1000000
#define LOAD_BATCH 5000
#define SESSION_TTL_MS 1800000

static const char *const schema[] = {
    "CREATE TABLE account (id INTEGER PRIMARY KEY, balance BIGINT NOT NULL)",
    "CREATE TABLE ledger (id BIGINT PRIMARY KEY, from_id INTEGER NOT NULL, to_id INTEGER NOT NULL,"
    " amount BIGINT NOT NULL)",
    "CREATE TABLE event (id BIGINT PRIMARY KEY, person_id INTEGER NOT NULL, kind VARCHAR(20) NOT NULL,"
    " amount BIGINT NOT NULL)",
    "CREATE TABLE session (person_id INTEGER PRIMARY KEY, hits BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
    "CREATE TABLE profile (person_id INTEGER PRIMARY KEY, body VARCHAR(200) NOT NULL)",
};

enum { PAY, ENTER, NOTE, LOOK, REFRESH, FORGET, STATEMENT_COUNT };
static const char *const texts[STATEMENT_COUNT] = {
    [PAY] = "UPDATE account SET balance = balance + ? WHERE id = ?",
    [ENTER] = "INSERT INTO ledger VALUES (?, ?, ?, ?)",
    [NOTE] = "INSERT INTO event VALUES (?, ?, 'payment', ?)",
    [LOOK] = "SELECT hits FROM session WHERE person_id = ? AND expires_at > ?",
    [REFRESH] = "UPDATE session SET hits = hits + 1, expires_at = expires_at + ? WHERE person_id = ?",
    [FORGET] = "DELETE FROM profile WHERE person_id = ?",
};

typedef struct actor_db {
  const med_sql *sql;
  const med_session_store *store;
  void *db, *store_db;
  uint64_t scale;
} actor_db;

typedef struct actor {
  actor_db *shared;
  void *connection, *store_connection;
  void *statements[STATEMENT_COUNT];
} actor;

/* ---- Connections ---- */

int med_sql_actor_connect(void *argument, void **out) {
  actor_db *db = argument;
  actor *made = calloc(1, sizeof *made);
  made->shared = db;
  *out = made;
  int status = db->sql->connect(db->db, &made->connection);
  for (int i = 0; i < STATEMENT_COUNT && status == 0; i++) {
    status = db->sql->prepare(made->connection, texts[i], &made->statements[i]);
  }
  if (status == 0 && db->store) status = db->store->connect(db->store_db, made->connection, &made->store_connection);
  return status;
}

void med_sql_actor_disconnect(void *argument) {
  actor *self = argument;
  for (int i = 0; i < STATEMENT_COUNT; i++) {
    if (self->statements[i]) self->shared->sql->finalize(self->statements[i]);
  }
  if (self->store_connection) self->shared->store->disconnect(self->store_connection);
  if (self->connection) self->shared->sql->disconnect(self->connection);
  free(self);
}

/* Runs a statement with integers; answers the first column of its first row in *number if that is wanted. */
static int run(actor *self, int which, const int64_t *values, int count, int64_t *number) {
  const med_sql *sql = self->shared->sql;
  void *statement = self->statements[which];
  for (int i = 0; i < count; i++) sql->bind_integer(statement, i + 1, values[i]);
  int row = sql->step(statement);
  if (row == MED_SQL_ROW && number) *number = sql->integer(statement, 0);
  sql->reset(statement);
  if (row < 0) return -1;
  return number && row != MED_SQL_ROW ? med_peer_fail("a row that must be there is not") : 0;
}

/* ---- The action ---- */

static int touch(actor *self, uint32_t person, uint64_t *hits) {
  const med_session_store *store = self->shared->store;
  if (store) return store->touch(self->store_connection, person, hits);
  int64_t found = 0;
  int status = run(self, LOOK, (int64_t[]){person, 0}, 2, &found);
  *hits = (uint64_t)found;
  if (status == 0) status = run(self, REFRESH, (int64_t[]){SESSION_TTL_MS, person}, 2, NULL);
  return status == 0 ? run(self, FORGET, (int64_t[]){person}, 1, NULL) : status;
}

static int note(actor *self, const med_action *action) {
  const med_session_store *store = self->shared->store;
  if (store && store->note) return store->note(self->store_connection, action);
  return run(self, NOTE, (int64_t[]){(int64_t)action->number, action->person, action->amount}, 3, NULL);
}

int med_sql_actor_act(void *connection, const med_action *action, uint64_t *hits) {
  actor *self = connection;
  const med_sql *sql = self->shared->sql;
  int64_t amount = action->amount, id = (int64_t)action->number;
  /* The lower account first: servers lock rows, and two actions must not wait for each other. */
  int payer_first = action->payer < action->payee;
  int64_t first[] = {payer_first ? -amount : amount, payer_first ? action->payer : action->payee};
  int64_t second[] = {payer_first ? amount : -amount, payer_first ? action->payee : action->payer};
  int status = sql->begin(self->connection, 1);
  if (status == 0) status = run(self, PAY, first, 2, NULL);
  if (status == 0) status = run(self, PAY, second, 2, NULL);
  if (status == 0) status = run(self, ENTER, (int64_t[]){id, action->payer, action->payee, amount}, 4, NULL);
  if (status == 0) status = note(self, action);
  if (status == 0) status = touch(self, action->person, hits);
  return status == 0 ? sql->commit(self->connection) : status;
}

static int number_of(actor *self, const char *text, int64_t *number) {
  const med_sql *sql = self->shared->sql;
  void *statement = NULL;
  int status = sql->prepare(self->connection, text, &statement);
  if (status == 0 && sql->step(statement) != MED_SQL_ROW) status = -1;
  if (status == 0) *number = sql->integer(statement, 0);
  if (statement) sql->finalize(statement);
  return status;
}

int med_sql_actor_audit(void *connection, med_audit *audit) {
  actor *self = connection;
  const med_session_store *store = self->shared->store;
  int status = number_of(self, "SELECT sum(balance) FROM account", &audit->balance);
  if (status == 0) status = number_of(self, "SELECT count(*) FROM ledger", &audit->entries);
  if (status == 0 && store && store->events) status = store->events(self->store_connection, &audit->events);
  if (status == 0 && !(store && store->events)) {
    status = number_of(self, "SELECT count(*) FROM event", &audit->events);
  }
  if (!store) return status == 0 ? number_of(self, "SELECT sum(hits) FROM session", &audit->touches) : status;
  audit->touches = 0;
  for (uint32_t person = 1; person <= self->shared->scale && status == 0; person++) {
    int64_t hits = 0;
    status = store->hits(self->store_connection, person, &hits);
    audit->touches += hits;
  }
  return status;
}

/* ---- Loading ---- */

enum { ADD_ACCOUNT, ADD_SESSION, ADD_PROFILE, ADD_COUNT };
static const char *const add_texts[ADD_COUNT] = {
    "INSERT INTO account VALUES (?, ?)",
    "INSERT INTO session VALUES (?, ?, 1)",
    "INSERT INTO profile VALUES (?, 'a profile that took some work to make')",
};

static int add(const med_sql *sql, void *statement, int64_t id, int has_number, int64_t number) {
  sql->bind_integer(statement, 1, id);
  if (has_number) sql->bind_integer(statement, 2, number);
  int row = sql->step(statement);
  sql->reset(statement);
  return row < 0 ? -1 : 0;
}

static int add_person(actor *self, void **adds, uint32_t id) {
  actor_db *db = self->shared;
  int status = add(db->sql, adds[ADD_ACCOUNT], id, 1, BALANCE);
  if (status != 0) return status;
  if (db->store) return db->store->add(self->store_connection, id);
  status = add(db->sql, adds[ADD_SESSION], id, 1, 0);
  return status == 0 ? add(db->sql, adds[ADD_PROFILE], id, 0, 0) : status;
}

static int load(actor *self) {
  actor_db *db = self->shared;
  void *adds[ADD_COUNT] = {NULL};
  int status = 0;
  for (int i = 0; i < ADD_COUNT && status == 0; i++)
    status = db->sql->prepare(self->connection, add_texts[i], &adds[i]);
  for (uint32_t id = 1; id <= db->scale && status == 0; id++) {
    if (id % LOAD_BATCH == 1) status = db->sql->begin(self->connection, 1);
    if (status == 0) status = add_person(self, adds, id);
    if (status == 0 && (id % LOAD_BATCH == 0 || id == db->scale)) status = db->sql->commit(self->connection);
  }
  for (int i = 0; i < ADD_COUNT; i++) {
    if (adds[i]) db->sql->finalize(adds[i]);
  }
  return status;
}

static int make_tables(actor_db *db) {
  void *connection = NULL;
  int status = db->sql->connect(db->db, &connection);
  for (size_t i = 0; i < sizeof schema / sizeof schema[0] && status == 0; i++) {
    status = db->sql->exec(connection, schema[i]);
  }
  if (connection) db->sql->disconnect(connection);
  return status;
}

int med_sql_actor_open(const med_sql *sql, const med_session_store *store, const med_place *place, void **out) {
  actor_db *db = calloc(1, sizeof *db);
  void *first = NULL;
  *db = (actor_db){.sql = sql, .store = store, .scale = place->scale};
  *out = db;
  int status = sql->open(place, &db->db);
  if (status == 0 && !place->keeps) status = make_tables(db);
  if (status == 0 && store) status = store->open(place, db->db, &db->store_db);
  if (status != 0 || place->keeps) return status;
  status = med_sql_actor_connect(db, &first);
  if (status == 0) status = load(first);
  if (first) med_sql_actor_disconnect(first);
  return status;
}

void med_sql_actor_close(void *argument) {
  actor_db *db = argument;
  if (db->store_db) db->store->close(db->store_db);
  if (db->db) db->sql->close(db->db);
  free(db);
}
