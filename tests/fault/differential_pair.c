/* differential_pair.c - see differential_pair.h. What either side does is written out as a text; the texts must be equal. */
#include "tests/fault/differential_pair.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/medley.h"
#include "tests/fault/differential_judge.h"

enum { ROWS_MAX = 5000, STEPS_MAX = 30000, STEP_OPERATIONS = 1000, PATH_SIZE = 600 };

typedef struct worker {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  void (*job)(struct worker *); /* NULL: nothing to do */
  bool stop;
  medley *db;
  medley_session *session;
  const sql_statement *statement;
  answer answer;
  medley_statement *cursor;
  sqlite3_str *cursor_rows; /* that it has answered */
  char *cursor_text, *cursor_expected;
  int cursor_status;
  bool cursor_may_abort; /* something was rolled back since */
} worker;

struct differential_pair {
  char medley_path[PATH_SIZE], stock_path[PATH_SIZE];
  medley *db;
  worker workers[SESSIONS];
  sqlite3 *stock[SESSIONS];
  int steps; /* of the stock statement under way */
  pair_counts counts;
};

static void fail(const char *what, const char *why) {
  fprintf(stderr, "differential: %s: %s\n", what, why);
  exit(3);
}

/* ---- Texts ---- */
static void add_bytes(sqlite3_str *text, char kind, const void *bytes, size_t len) {
  uint64_t hash = 1469598103934665603u;
  const uint8_t *from = bytes;
  for (size_t i = 0; i < len; i++) hash = (hash ^ from[i]) * 1099511628211u;
  if (len <= 40 && kind == 't' && memchr(bytes, 0, len) == NULL) {
    sqlite3_str_appendf(text, " %.*Q", (int)len, (const char *)bytes);
  } else {
    sqlite3_str_appendf(text, " %c%d:%llx", kind, (int)len, (unsigned long long)hash);
  }
}

static void add_real(sqlite3_str *text, double real) {
  uint64_t bits;
  char number[40];
  memcpy(&bits, &real, sizeof bits);
  snprintf(number, sizeof number, "%.17g", real);
  sqlite3_str_appendf(text, " %s[%llx]", number, (unsigned long long)bits);
}

static int status_of(int code, const char *message) {
  if (code == SQLITE_BUSY_SNAPSHOT) return MEDLEY_SNAPSHOT;
  switch (code & 0xff) {
    case SQLITE_OK: return MEDLEY_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return MEDLEY_BUSY;
    case SQLITE_CONSTRAINT: return MEDLEY_CONSTRAINT;
    case SQLITE_MISMATCH: return MEDLEY_TYPE;
    case SQLITE_TOOBIG: return MEDLEY_TOO_BIG;
    case SQLITE_RANGE: return MEDLEY_RANGE;
    case SQLITE_READONLY: return MEDLEY_READ_ONLY;
    case SQLITE_INTERRUPT: return MEDLEY_INTERRUPTED;
    case SQLITE_ABORT: return MEDLEY_ABORTED;
    case SQLITE_AUTH: return MEDLEY_UNSUPPORTED;
    case SQLITE_FULL: return MEDLEY_FULL;
    case SQLITE_CORRUPT:
      return MEDLEY_CORRUPT; /* 3.40 damages an index itself when OR REPLACE meets a wrong type in a STRICT table */
    default: break;
  }
  bool grammar = strstr(message, "syntax error") != NULL || strncmp(message, "incomplete input", 16) == 0 ||
                 strncmp(message, "unrecognized token", 18) == 0;
  return grammar ? MEDLEY_SYNTAX : MEDLEY_ERROR;
}

/* Other statements leave the numbers of the one before, which SQLite clears when it fails for want of the lock. */
static bool counts_changes(const char *text) {
  static const char *const words[] = {"INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"};
  return sql_begins_with(text, words, sizeof words / sizeof *words);
}

/* ---- Stock ---- */
static int on_progress(void *context) { return ++*(int *)context > STEPS_MAX; }

static int stock_bind(sqlite3_stmt *stmt, const sql_statement *s) {
  int code = SQLITE_OK;
  for (int i = 0; i < s->parameter_count && i < sqlite3_bind_parameter_count(stmt) && code == SQLITE_OK; i++) {
    const sql_parameter *p = &s->parameters[i];
    switch (p->kind) {
      case PARAMETER_INTEGER: code = sqlite3_bind_int64(stmt, i + 1, p->integer); break;
      case PARAMETER_REAL: code = sqlite3_bind_double(stmt, i + 1, p->real); break;
      case PARAMETER_TEXT:
        code = sqlite3_bind_text64(stmt, i + 1, (const char *)p->bytes, p->len, SQLITE_STATIC, SQLITE_UTF8);
        break;
      case PARAMETER_BLOB: code = sqlite3_bind_blob64(stmt, i + 1, p->bytes, p->len, SQLITE_STATIC); break;
      default: code = sqlite3_bind_null(stmt, i + 1); break;
    }
  }
  return code;
}

static void stock_row(sqlite3_stmt *stmt, sqlite3_str *text) {
  for (int i = 0; i < sqlite3_column_count(stmt); i++) {
    switch (sqlite3_column_type(stmt, i)) {
      case SQLITE_INTEGER: sqlite3_str_appendf(text, " %lld", sqlite3_column_int64(stmt, i)); break;
      case SQLITE_FLOAT: add_real(text, sqlite3_column_double(stmt, i)); break;
      case SQLITE_TEXT: {
        const void *bytes = sqlite3_column_text(stmt, i);
        add_bytes(text, 't', bytes, (size_t)sqlite3_column_bytes(stmt, i));
        break;
      }
      case SQLITE_BLOB: {
        const void *bytes = sqlite3_column_blob(stmt, i);
        add_bytes(text, 'b', bytes, (size_t)sqlite3_column_bytes(stmt, i));
        break;
      }
      default: sqlite3_str_appendf(text, " null"); break;
    }
  }
  sqlite3_str_appendf(text, "\n");
}

static int stock_steps(sqlite3_stmt *stmt, answer *a, uint64_t *row_count) {
  int code;
  for (int rows = 0; (code = sqlite3_step(stmt)) == SQLITE_ROW && rows < ROWS_MAX; rows++) {
    stock_row(stmt, a->text);
    *row_count += 1;
  }
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static void stock_run(differential_pair *pair, int session, const sql_statement *s, answer *a) {
  sqlite3 *db = pair->stock[session];
  sqlite3_stmt *stmt = NULL;
  a->text = sqlite3_str_new(NULL);
  a->read_only = true;
  pair->steps = 0;
  int code = sqlite3_prepare_v2(db, s->text, -1, &stmt, NULL);
  if (code == SQLITE_OK && stmt != NULL) {
    a->read_only = sqlite3_stmt_readonly(stmt) != 0;
    (void)stock_bind(stmt, s);
    code = stock_steps(stmt, a, &pair->counts.rows);
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
      sqlite3_str_appendf(a->text, "|%s", sqlite3_column_name(stmt, i));
  }
  snprintf(a->message, sizeof a->message, "%s", code == SQLITE_OK ? "" : sqlite3_errmsg(db));
  a->status = status_of(code, a->message);
  a->interrupted = (code & 0xff) == SQLITE_INTERRUPT;
  sqlite3_finalize(stmt);
  if (a->status == MEDLEY_OK && !a->read_only && counts_changes(s->text))
    sqlite3_str_appendf(a->text, " changes %lld rowid %lld", sqlite3_changes64(db), sqlite3_last_insert_rowid(db));
  sqlite3_str_appendf(a->text, " transaction %d", !sqlite3_get_autocommit(db));
}

/* ---- Medley ---- */
static void medley_bind(medley_statement *statement, const sql_statement *s) {
  for (int i = 0; i < s->parameter_count && i < medley_bind_count(statement); i++) {
    const sql_parameter *p = &s->parameters[i];
    switch (p->kind) {
      case PARAMETER_INTEGER: (void)medley_bind_integer(statement, i + 1, p->integer); break;
      case PARAMETER_REAL: (void)medley_bind_real(statement, i + 1, p->real); break;
      case PARAMETER_TEXT: (void)medley_bind_text(statement, i + 1, (const char *)p->bytes, p->len); break;
      case PARAMETER_BLOB: (void)medley_bind_blob(statement, i + 1, p->bytes, p->len); break;
      default: (void)medley_bind_null(statement, i + 1); break;
    }
  }
}

static void medley_row(medley_statement *statement, sqlite3_str *text) {
  for (int i = 0; i < medley_column_count(statement); i++) {
    switch (medley_column_type(statement, i)) {
      case MEDLEY_TYPE_INTEGER:
        sqlite3_str_appendf(text, " %lld", (long long)medley_column_integer(statement, i));
        break;
      case MEDLEY_TYPE_REAL: add_real(text, medley_column_real(statement, i)); break;
      case MEDLEY_TYPE_TEXT:
        add_bytes(text, 't', medley_column_text(statement, i), medley_column_bytes(statement, i));
        break;
      case MEDLEY_TYPE_BLOB:
        add_bytes(text, 'b', medley_column_blob(statement, i), medley_column_bytes(statement, i));
        break;
      case MEDLEY_TYPE_NULL: sqlite3_str_appendf(text, " null"); break;
      default: sqlite3_str_appendf(text, " ?"); break;
    }
  }
  sqlite3_str_appendf(text, "\n");
}

static int medley_steps(medley_statement *statement, answer *a) {
  int rc;
  for (int rows = 0; (rc = medley_step(statement)) == MEDLEY_ROW && rows < ROWS_MAX; rows++)
    medley_row(statement, a->text);
  return rc == MEDLEY_ROW || rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static void medley_run(worker *w) {
  medley_statement *statement = NULL;
  answer *a = &w->answer;
  bool writes = false;
  a->text = sqlite3_str_new(NULL);
  int rc = medley_prepare(w->session, MEDLEY_LANGUAGE_SQL, w->statement->text, MEDLEY_NUL_ENDED, &statement, NULL);
  if (rc == MEDLEY_OK && statement != NULL) {
    writes = medley_statement_writes(statement) != 0;
    medley_bind(statement, w->statement);
    rc = medley_steps(statement, a);
    for (int i = 0; i < medley_column_count(statement); i++)
      sqlite3_str_appendf(a->text, "|%s", medley_column_name(statement, i));
  }
  a->status = rc;
  snprintf(a->message, sizeof a->message, "%s", rc == MEDLEY_OK ? "" : medley_session_error(w->session)->message);
  medley_statement_close(statement);
  if (rc == MEDLEY_OK && writes && counts_changes(w->statement->text))
    sqlite3_str_appendf(a->text, " changes %lld rowid %lld", (long long)medley_changes(w->session),
                        (long long)medley_last_rowid(w->session));
  sqlite3_str_appendf(a->text, " transaction %d", medley_session_state(w->session) != MEDLEY_NO_TRANSACTION);
}

static void session_open(worker *w) {
  medley_error error;
  if (medley_session_open(w->db, &w->session, &error) != MEDLEY_OK) fail("session", error.message);
  medley_session_set_busy_timeout_ms(w->session, 0);
}

/* Takes one more row, or all that are left. */
static void cursor_step(worker *w, bool to_the_end) {
  int rc = MEDLEY_ROW;
  while (rc == MEDLEY_ROW) {
    rc = medley_step(w->cursor);
    if (rc == MEDLEY_ROW) medley_row(w->cursor, w->cursor_rows);
    if (!to_the_end) break;
  }
  w->cursor_status = rc;
}

static void cursor_begin(worker *w) {
  w->cursor_rows = sqlite3_str_new(NULL);
  w->cursor_may_abort = false;
  w->cursor_status =
      medley_prepare(w->session, MEDLEY_LANGUAGE_SQL, w->cursor_text, MEDLEY_NUL_ENDED, &w->cursor, NULL);
  if (w->cursor_status == MEDLEY_OK) cursor_step(w, false);
}

static void cursor_end(worker *w) {
  if (w->cursor_status == MEDLEY_ROW) cursor_step(w, true);
  medley_statement_close(w->cursor);
  w->cursor = NULL;
}

static void cursor_drop(worker *w) {
  medley_statement_close(w->cursor);
  w->cursor = NULL;
  if (w->cursor_rows != NULL) sqlite3_free(sqlite3_str_finish(w->cursor_rows));
  w->cursor_rows = NULL;
  sqlite3_free(w->cursor_text);
  sqlite3_free(w->cursor_expected);
  w->cursor_text = w->cursor_expected = NULL;
}

static void session_close(worker *w) {
  cursor_drop(w);
  if (medley_session_close(w->session) != MEDLEY_OK) fail("session", "cannot be closed");
  w->session = NULL;
}

/* ---- Lockstep ---- */
static void *worker_main(void *context) {
  worker *w = context;
  pthread_mutex_lock(&w->mutex);
  while (!w->stop) {
    if (w->job == NULL) {
      pthread_cond_wait(&w->changed, &w->mutex);
      continue;
    }
    w->job(w);
    w->job = NULL;
    pthread_cond_broadcast(&w->changed);
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

static void worker_do(worker *w, void (*job)(worker *)) {
  pthread_mutex_lock(&w->mutex);
  w->job = job;
  pthread_cond_broadcast(&w->changed);
  while (w->job != NULL) pthread_cond_wait(&w->changed, &w->mutex);
  pthread_mutex_unlock(&w->mutex);
}

/* ---- Opening ---- */
static void remove_files(const char *path) {
  static const char *const endings[] = {"", "-lock", "-log", "-wal", "-shm", "-cache", "-journal", "-reserve"};
  char name[PATH_SIZE + 16];
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    unlink(name);
  }
}

/* The settings that Medley gives its connections: see engine/sql/README.md. */
static void stock_open(differential_pair *pair, int session) {
  static const int settings[][2] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                    {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_DQS_DML, 0},
                                    {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}};
  sqlite3 *db;
  if (sqlite3_open(pair->stock_path, &db) != SQLITE_OK) fail("stock", sqlite3_errmsg(db));
  pair->stock[session] = db;
  sqlite3_extended_result_codes(db, 1);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    sqlite3_db_config(db, settings[i][0], settings[i][1], NULL);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 100000000);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 200);
  sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 500);
  if (sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK)
    fail("stock", sqlite3_errmsg(db));
  sqlite3_progress_handler(db, STEP_OPERATIONS, on_progress, &pair->steps);
}

static void open_all(differential_pair *pair) {
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.map_size_bytes = (uint64_t)1 << 32;
  if (medley_open(pair->medley_path, &options, &pair->db, &error) != MEDLEY_OK) fail("open", error.message);
  for (int i = 0; i < SESSIONS; i++) {
    pair->workers[i].db = pair->db;
    worker_do(&pair->workers[i], session_open);
    stock_open(pair, i);
  }
}

static void close_all(differential_pair *pair) {
  for (int i = 0; i < SESSIONS; i++) {
    worker_do(&pair->workers[i], session_close);
    sqlite3_close(pair->stock[i]);
  }
  if (medley_close(pair->db) != MEDLEY_OK) fail("close", "refused");
}

differential_pair *pair_open(const char *path) {
  differential_pair *pair = calloc(1, sizeof *pair);
  if (pair == NULL) fail("memory", "short");
  snprintf(pair->medley_path, PATH_SIZE, "%s.medley", path);
  snprintf(pair->stock_path, PATH_SIZE, "%s.sqlite", path);
  remove_files(pair->medley_path);
  remove_files(pair->stock_path);
  for (int i = 0; i < SESSIONS; i++) {
    worker *w = &pair->workers[i];
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
    if (pthread_create(&w->thread, NULL, worker_main, w) != 0) fail("thread", "cannot be made");
  }
  open_all(pair);
  return pair;
}

void pair_reopen(differential_pair *pair) {
  close_all(pair);
  open_all(pair);
}

void pair_close(differential_pair *pair) {
  close_all(pair);
  for (int i = 0; i < SESSIONS; i++) {
    worker *w = &pair->workers[i];
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->changed);
  }
  remove_files(pair->medley_path);
  remove_files(pair->stock_path);
  free(pair);
}

bool pair_in_transaction(differential_pair *pair, int session) { return !sqlite3_get_autocommit(pair->stock[session]); }
sqlite3 *pair_stock(differential_pair *pair, int session) { return pair->stock[session]; }
pair_counts *pair_count(differential_pair *pair) { return &pair->counts; }

/* ---- Comparing ---- */
static char *difference(const answer *stock, const answer *mine, const char *statement) {
  const char *left = sqlite3_str_value(stock->text), *right = sqlite3_str_value(mine->text);
  return sqlite3_mprintf("%.1500s\nstock SQLite: %s \"%s\"\n%.2000s\nMedley: %s \"%s\"\n%.2000s", statement,
                         medley_status_name(stock->status), stock->message, left != NULL ? left : "",
                         medley_status_name(mine->status), mine->message, right != NULL ? right : "");
}

static void count(differential_pair *pair, const answer *stock, const answer *mine, bool was_open, int session) {
  pair->counts.statements++;
  if (stock->status == MEDLEY_OK) return;
  pair->counts.failed++;
  if (answer_is_conflict(mine->status)) pair->counts.busy++;
  if (mine->status == MEDLEY_CONSTRAINT) pair->counts.constraint++;
  if (was_open && !pair_in_transaction(pair, session)) pair->counts.rolled_back++;
}

/* A statement that the stock side gave up is not run on the other; what it began is rolled back on both. */
static char *skip(differential_pair *pair, int session) {
  static const sql_statement rollback = {.text = (char *)(uintptr_t) "ROLLBACK"};
  pair->counts.excuses[EXCUSE_ENDLESS]++;
  worker *w = &pair->workers[session];
  if (pair_in_transaction(pair, session)) sqlite3_exec(pair->stock[session], "ROLLBACK", NULL, NULL, NULL);
  w->statement = &rollback;
  worker_do(w, medley_run);
  sqlite3_free(sqlite3_str_finish(w->answer.text));
  return NULL;
}

char *pair_run(differential_pair *pair, int session, const sql_statement *statement) {
  worker *w = &pair->workers[session];
  answer stock = {0};
  char *answer_text = NULL;
  bool was_open = pair_in_transaction(pair, session);
  memset(&w->answer, 0, sizeof w->answer);
  stock_run(pair, session, statement, &stock);
  if (stock.interrupted) {
    sqlite3_free(sqlite3_str_finish(stock.text));
    return skip(pair, session);
  }
  w->statement = statement;
  worker_do(w, medley_run);
  if (answer_is_refused_pragma(&w->answer, statement)) {
    pair->counts.excuses[EXCUSE_PRAGMA]++;
  } else {
    count(pair, &stock, &w->answer, was_open, session);
    if (stock.status != MEDLEY_OK || sqlite3_strlike("%ROLLBACK%", statement->text, 0) == 0) w->cursor_may_abort = true;
    if (!answers_agree(pair->stock[session], &stock, &w->answer, statement, pair->counts.excuses))
      answer_text = difference(&stock, &w->answer, statement->text);
  }
  sqlite3_free(sqlite3_str_finish(stock.text));
  sqlite3_free(sqlite3_str_finish(w->answer.text));
  return answer_text;
}

char *pair_cursor_open(differential_pair *pair, int session, const char *table) {
  worker *w = &pair->workers[session];
  answer stock = {0};
  char *found = w->cursor_text != NULL ? pair_cursor_finish(pair, session) : NULL;
  /* In a write transaction such a read sees what the session writes meanwhile, as it does in SQLite. */
  if (found != NULL || medley_session_state(w->session) == MEDLEY_WRITING) return found;
  w->cursor_text = sqlite3_mprintf("SELECT * FROM %s", table);
  sql_statement s = {.text = w->cursor_text};
  stock_run(pair, session, &s, &stock);
  char *rows = sqlite3_str_finish(stock.text);
  char *end = rows != NULL ? strrchr(rows, '\n') : NULL;
  /* Only what a whole SELECT answers is compared; a table that cannot be read is left to the other statements. */
  bool usable = stock.status == MEDLEY_OK && end != NULL;
  pair->counts.excuses[EXCUSE_UNREADABLE] += stock.status != MEDLEY_OK;
  if (usable) end[1] = '\0';
  w->cursor_expected = rows;
  worker_do(w, usable ? cursor_begin : cursor_drop);
  return NULL;
}

char *pair_cursor_finish(differential_pair *pair, int session) {
  worker *w = &pair->workers[session];
  char *found = NULL;
  if (w->cursor_text == NULL) return NULL;
  worker_do(w, cursor_end);
  const char *rows = sqlite3_str_value(w->cursor_rows);
  bool aborted = w->cursor_status == MEDLEY_ABORTED && w->cursor_may_abort;
  pair->counts.cursors++;
  pair->counts.excuses[EXCUSE_ABORTED] += aborted;
  if (!aborted && (w->cursor_status != MEDLEY_DONE || strcmp(rows != NULL ? rows : "", w->cursor_expected) != 0)) {
    found = sqlite3_mprintf("%s, begun before\nstock SQLite: OK\n%.2000s\nMedley: %s\n%.2000s", w->cursor_text,
                            w->cursor_expected, medley_status_name(w->cursor_status), rows != NULL ? rows : "");
  }
  worker_do(w, cursor_drop);
  return found;
}

char *pair_compare(differential_pair *pair, int session) {
  static const char *const looks[] = {"SELECT type, name, tbl_name, sql FROM sqlite_schema",
                                      "SELECT type, name, tbl_name, sql FROM sqlite_temp_schema",
                                      "PRAGMA foreign_key_check", "PRAGMA integrity_check"};
  sql_schema schema;
  char *found = NULL;
  for (size_t i = 0; i < sizeof looks / sizeof *looks && found == NULL; i++) {
    sql_statement s = {.text = (char *)(uintptr_t)looks[i]};
    found = pair_run(pair, session, &s);
  }
  sql_schema_load(pair->stock[session], &schema);
  for (int i = 0; i < schema.table_count && found == NULL; i++) {
    sql_statement s = {.text = sqlite3_mprintf("SELECT * FROM %s", schema.tables[i].name)};
    found = pair_run(pair, session, &s);
    sqlite3_free(s.text);
  }
  return found;
}

bool pair_has_random_rowids(differential_pair *pair, int session) {
  sql_schema schema;
  bool random = false;
  sql_schema_load(pair->stock[session], &schema);
  for (int i = 0; i < schema.table_count && !random; i++) {
    if (schema.tables[i].view || schema.tables[i].without_rowid) continue;
    char *text = sqlite3_mprintf("SELECT max(rowid) = 9223372036854775807 FROM %s", schema.tables[i].name);
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(pair->stock[session], text, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
      random = sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    sqlite3_free(text);
  }
  return random;
}
