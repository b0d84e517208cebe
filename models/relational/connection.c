/* connection.c - opening, hardening, binding and ending SQLite connections. */
#include "models/relational/connection.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "models/relational/refusals.h"
#include "storage/memory.h"
#include "storage/writer.h"

#define PROGRESS_OPERATIONS 1000
#define VALUE_SIZE_MAX 100000000 /* bytes of one SQL value */
#define TRIGGER_DEPTH_MAX 200
#define EXPRESSION_DEPTH_MAX 500
#define CONTROL_TEXT_SIZE 48

typedef enum control_kind { CONTROL_BEGIN, CONTROL_COMMIT, CONTROL_ROLLBACK, CONTROL_COUNT } control_kind;
static const char *const control_texts[CONTROL_COUNT] = {"BEGIN", "COMMIT", "ROLLBACK"};

struct med_sql_connection {
  med_store *store;
  med_page_vfs *vfs;
  med_sql_hooks hooks;
  sqlite3 *handle;
  med_page_file *file;
  med_txn *txn;
  uint64_t generation;
  uint64_t failures; /* of the writer when the handle was opened */
  bool internal;     /* a statement of our own is being prepared: not for the authorizer */
  int poll_status;   /* why the progress handler stopped a statement */
  char refusal[160]; /* what the authorizer had to say */
  sqlite3_stmt *control[CONTROL_COUNT];
};

sqlite3 *med_sql_handle(const med_sql_connection *connection) { return connection->handle; }
uint64_t med_sql_generation(const med_sql_connection *connection) { return connection->generation; }
bool med_sql_in_transaction(const med_sql_connection *connection) {
  return connection != NULL && connection->handle != NULL && !sqlite3_get_autocommit(connection->handle);
}

/* ---- Refusals ---- */
static int refuse(med_sql_connection *connection, const char *what, const char *name, const char *reason) {
  (void)snprintf(connection->refusal, sizeof connection->refusal, "%s%s is not supported: %s", what, name, reason);
  return SQLITE_DENY;
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger) {
  med_sql_connection *connection = context;
  (void)database;
  (void)trigger;
  if (connection->internal) return SQLITE_OK;
  const char *reason;
  switch (action) {
    case SQLITE_ATTACH:
      return refuse(connection, "ATTACH", "", "one file holds everything; VACUUM is done by compacting a backup");
    case SQLITE_DETACH: return refuse(connection, "DETACH", "", "nothing can be attached");
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return refuse(connection, "a nested ", first, "transactions belong to the session");
    case SQLITE_PRAGMA:
      reason = med_refusals_pragma(first, second);
      return reason == NULL ? SQLITE_OK : refuse(connection, "PRAGMA ", first, reason);
    case SQLITE_FUNCTION:
      reason = med_refusals_function(second);
      return reason == NULL ? SQLITE_OK : refuse(connection, second, "()", reason);
    default: return SQLITE_OK;
  }
}

static int on_progress(void *context) {
  med_sql_connection *connection = context;
  if (connection->internal) return 0; /* COMMIT and its like are not stopped by the clock of the last statement */
  int status = connection->hooks.poll(connection->hooks.context);
  if (status == MEDLEY_OK) return 0;
  connection->poll_status = status;
  return 1;
}

/* ---- Opening ---- */
static void set_limits(sqlite3 *handle) {
  (void)sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX);
  (void)sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  (void)sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, TRIGGER_DEPTH_MAX);
  (void)sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX);
}

static int harden(sqlite3 *handle) {
  static const struct {
    int option, value;
  } settings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},         {SQLITE_DBCONFIG_DQS_DDL, 0},
  };
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    int code = sqlite3_db_config(handle, settings[i].option, settings[i].value, NULL);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

/* Checksums find damage; cells of a file from strangers are checked too, which takes half the time of a point read. */
static int apply_settings(med_sql_connection *connection) {
  char text[256];
  const medley_options *options = med_store_options(connection->store);
  (void)snprintf(text, sizeof text,
                 "PRAGMA journal_mode=MEMORY; PRAGMA secure_delete=OFF; PRAGMA cell_size_check=%d;"
                 "PRAGMA cache_size=-%u; PRAGMA mmap_size=%lld;",
                 (options->flags & MEDLEY_OPEN_UNTRUSTED) != 0, options->sql_cache_bytes / 1024 + 1,
                 (long long)INT64_MAX);
  return sqlite3_exec(connection->handle, text, NULL, NULL, NULL);
}

static int open_handle(med_sql_connection *connection, medley_error *error) {
  const char *vfs_name = med_page_vfs_name(connection->vfs);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  connection->failures = med_writer_failures(connection->store);
  connection->internal = true;
  int code = sqlite3_open_v2("main", &connection->handle, flags, vfs_name);
  if (code != SQLITE_OK) goto failed;
  (void)sqlite3_extended_result_codes(connection->handle, 1);
  code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_FILE_POINTER, &connection->file);
  if (code != SQLITE_OK) goto failed;
  int reserve = MED_PAGE_RESERVE;
  code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  if (code != SQLITE_OK) goto failed;
  set_limits(connection->handle);
  code = harden(connection->handle);
  if (code == SQLITE_OK) code = sqlite3_set_authorizer(connection->handle, authorize, connection);
  if (code != SQLITE_OK) goto failed;
  sqlite3_progress_handler(connection->handle, PROGRESS_OPERATIONS, on_progress, connection);
  med_page_file_bind(connection->file, connection->txn);
  code = apply_settings(connection);
  if (code != SQLITE_OK) goto failed;
  if (connection->hooks.on_open != NULL)
    code = connection->hooks.on_open(connection->hooks.context, connection->handle);
  if (code != SQLITE_OK) goto failed;
  med_page_file_set_mapped(connection->file, true);
  med_page_file_set_pragma_filter(connection->file, med_refusals_pragma);
  connection->internal = false;
  connection->generation++;
  return MEDLEY_OK;
failed:
  med_error_set_foreign(error, code == SQLITE_NOMEM ? MEDLEY_NO_MEMORY : MEDLEY_ERROR, code,
                        "sql: cannot open a connection: %s",
                        connection->handle != NULL ? sqlite3_errmsg(connection->handle) : sqlite3_errstr(code));
  med_sql_drop(connection);
  connection->internal = false;
  return code == SQLITE_NOMEM ? MEDLEY_NO_MEMORY : MEDLEY_ERROR;
}

int med_sql_open(med_store *store, med_page_vfs *vfs, const med_sql_hooks *hooks, med_sql_connection **connection,
                 medley_error *error) {
  *connection = med_alloc_zero(sizeof **connection);
  if (*connection == NULL) return med_error_no_memory(error);
  (*connection)->store = store;
  (*connection)->vfs = vfs;
  (*connection)->hooks = *hooks;
  return MEDLEY_OK; /* the handle is opened by the first bind */
}

void med_sql_drop(med_sql_connection *connection) {
  if (connection->handle == NULL) return;
  for (int kind = 0; kind < CONTROL_COUNT; kind++) {
    (void)sqlite3_finalize(connection->control[kind]);
    connection->control[kind] = NULL;
  }
  /* What is left of it, kept alive by a statement that is not finalized yet, must never reach a transaction again: its late
   * rollback would play old pages into whatever is open then. */
  if (connection->file != NULL) med_page_file_bind(connection->file, NULL);
  /* Statements of users keep the handle until they are finalized; what virtual tables prepared is theirs. */
  (void)sqlite3_close_v2(connection->handle);
  connection->handle = NULL;
  connection->file = NULL;
  connection->generation++;
}

void med_sql_close(med_sql_connection *connection) {
  if (connection == NULL) return;
  med_sql_drop(connection);
  med_free(connection);
}

/* ---- Binding ---- */
int med_sql_bind(med_sql_connection *connection, med_txn *txn) {
  if (connection->handle != NULL && connection->txn == txn) return MEDLEY_OK;
  connection->txn = txn;
  if (connection->handle != NULL && connection->failures != med_writer_failures(connection->store)) {
    med_sql_drop(connection);
  }
  connection->poll_status = MEDLEY_OK;
  connection->refusal[0] = '\0';
  if (connection->handle == NULL) return open_handle(connection, med_txn_error(txn));
  med_page_file_bind(connection->file, txn);
  return MEDLEY_OK;
}

bool med_sql_take_confirmed(med_sql_connection *connection) {
  return connection->file != NULL && med_page_file_take_confirmed(connection->file);
}

void med_sql_unbind(med_sql_connection *connection) {
  connection->txn = NULL;
  if (connection->file != NULL) med_page_file_bind(connection->file, NULL);
}

/* ---- SQLite's own transactions ---- */
static int run_internal(med_sql_connection *connection, const char *text) {
  connection->internal = true;
  int code = sqlite3_exec(connection->handle, text, NULL, NULL, NULL);
  connection->internal = false;
  if (code == SQLITE_OK) return MEDLEY_OK;
  return med_sql_fail(connection, code, NULL, 0, med_txn_error(connection->txn));
}

static int run_control(med_sql_connection *connection, control_kind kind) {
  sqlite3_stmt **statement = &connection->control[kind];
  int code = SQLITE_OK;
  connection->internal = true; /* also while it runs: a changed schema compiles it anew */
  if (*statement == NULL) {
    code = sqlite3_prepare_v3(connection->handle, control_texts[kind], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
  }
  if (code == SQLITE_OK) {
    (void)sqlite3_step(*statement);
    code = sqlite3_reset(*statement);
  }
  connection->internal = false;
  if (code == SQLITE_OK) return MEDLEY_OK;
  return med_sql_fail(connection, code, NULL, 0, connection->txn != NULL ? med_txn_error(connection->txn) : NULL);
}

int med_sql_begin(med_sql_connection *connection) {
  int rc = run_control(connection, CONTROL_BEGIN);
  if (rc == MEDLEY_OK) med_page_file_prefer_copies(connection->file);
  return rc;
}
int med_sql_commit(med_sql_connection *connection) { return run_control(connection, CONTROL_COMMIT); }

void med_sql_rollback(med_sql_connection *connection) {
  if (!med_sql_in_transaction(connection)) return;
  int rc = run_control(connection, CONTROL_ROLLBACK);
  if (rc == MEDLEY_OK && !med_sql_in_transaction(connection)) return;
  /* A connection that cannot roll back is not trusted again, nor are the pages that it may have spilled. */
  if (connection->txn != NULL && med_txn_writes(connection->txn)) med_txn_break(connection->txn);
  med_sql_drop(connection);
}

int med_sql_forget_schema(med_sql_connection *connection) {
  med_page_file_set_pragma_filter(connection->file, NULL);
  int rc = run_internal(connection, "PRAGMA writable_schema = RESET");
  med_page_file_set_pragma_filter(connection->file, med_refusals_pragma);
  return rc;
}

static int run_savepoint(med_sql_connection *connection, const char *verb, int number) {
  char text[CONTROL_TEXT_SIZE];
  (void)snprintf(text, sizeof text, "%s medley_%d", verb, number);
  return run_internal(connection, text);
}
int med_sql_savepoint(med_sql_connection *connection, int number) {
  return run_savepoint(connection, "SAVEPOINT", number);
}
int med_sql_release(med_sql_connection *connection, int number) { return run_savepoint(connection, "RELEASE", number); }
int med_sql_rollback_to(med_sql_connection *connection, int number) {
  return run_savepoint(connection, "ROLLBACK TO", number);
}

/* ---- Errors ---- */
static int status_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: return MEDLEY_CONSTRAINT;
    case SQLITE_MISMATCH: return MEDLEY_TYPE;
    case SQLITE_TOOBIG: return MEDLEY_TOO_BIG;
    case SQLITE_RANGE: return MEDLEY_RANGE;
    case SQLITE_NOMEM: return MEDLEY_NO_MEMORY;
    case SQLITE_FULL: return MEDLEY_FULL;
    case SQLITE_IOERR: return code == SQLITE_IOERR_NOMEM ? MEDLEY_NO_MEMORY : MEDLEY_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return MEDLEY_CORRUPT;
    case SQLITE_READONLY: return MEDLEY_READ_ONLY;
    case SQLITE_INTERRUPT: return MEDLEY_INTERRUPTED;
    case SQLITE_AUTH: return MEDLEY_UNSUPPORTED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return MEDLEY_BUSY;
    case SQLITE_SCHEMA: return MEDLEY_SCHEMA;
    case SQLITE_ABORT: return MEDLEY_ABORTED;
    case SQLITE_MISUSE: return MEDLEY_MISUSE;
    default: return MEDLEY_ERROR;
  }
}

int med_sql_fail(med_sql_connection *connection, int sqlite_code, const char *text, size_t text_len,
                 medley_error *error) {
  int failure = connection->file != NULL ? med_page_file_take_failure(connection->file) : MEDLEY_OK;
  if (failure != MEDLEY_OK && error != NULL && error->status == failure) {
    error->foreign_code = sqlite_code; /* the storage's own words are better than SQLite's */
    return failure;
  }
  int status = failure != MEDLEY_OK ? failure : status_of(sqlite_code);
  /* A virtual table says more in the slot than SQLite's few codes can. */
  bool coarse = status == MEDLEY_FULL || status == MEDLEY_INTERRUPTED;
  if (coarse && error != NULL && error->status != MEDLEY_OK && connection->poll_status == MEDLEY_OK) {
    error->foreign_code = sqlite_code;
    return error->status;
  }
  if (status == MEDLEY_NO_MEMORY) {
    med_error_no_memory(error);
  } else if (status == MEDLEY_INTERRUPTED && connection->poll_status != MEDLEY_OK) {
    status = connection->poll_status;
    med_error_set_foreign(error, status, sqlite_code, "%s", medley_status_text(status));
  } else if (connection->refusal[0] != '\0') {
    status = MEDLEY_UNSUPPORTED;
    med_error_set_foreign(error, status, sqlite_code, "%s", connection->refusal);
  } else {
    const char *message = connection->handle != NULL ? sqlite3_errmsg(connection->handle) : sqlite3_errstr(sqlite_code);
    if (status == MEDLEY_ERROR && strstr(message, "syntax error") != NULL) status = MEDLEY_SYNTAX;
    if (status == MEDLEY_ERROR && strncmp(message, "incomplete input", 16) == 0) status = MEDLEY_SYNTAX;
    if (status == MEDLEY_ERROR && strncmp(message, "unrecognized token", 18) == 0) status = MEDLEY_SYNTAX;
    med_error_set_foreign(error, status, sqlite_code, "%s", message);
  }
  connection->poll_status = MEDLEY_OK;
  connection->refusal[0] = '\0';
  int offset = connection->handle != NULL && text != NULL ? sqlite3_error_offset(connection->handle) : -1;
  if (offset >= 0) med_error_set_position(error, text, text_len, (size_t)offset);
  return status;
}

/* ---- Checking ---- */
typedef struct check_state {
  void (*on_problem)(void *, const char *);
  void *context;
  uint64_t problem_count;
  bool short_of_memory;
} check_state;

static int on_check_row(void *context, int count, char **values, char **names) {
  check_state *check = context;
  (void)names;
  if (count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0) return 0;
  /* integrity_check takes a page that it cannot load for a damaged one. */
  if (values[0] != NULL && strstr(values[0], "error code=7") != NULL) {
    check->short_of_memory = true;
    return 1;
  }
  char line[256];
  int len = snprintf(line, sizeof line, "sql:");
  for (int i = 0; i < count && len < (int)sizeof line; i++) {
    len += snprintf(line + len, sizeof line - (size_t)len, " %s", values[i] != NULL ? values[i] : "NULL");
  }
  check->problem_count++;
  if (check->on_problem != NULL) check->on_problem(check->context, line);
  return 0;
}

int med_sql_check(med_sql_connection *connection, void (*on_problem)(void *, const char *), void *context,
                  uint64_t *problem_count, medley_error *error) {
  check_state check = {on_problem, context, 0, false};
  static const char *const texts[] = {"PRAGMA integrity_check", "PRAGMA foreign_key_check"};
  int code = SQLITE_OK;
  connection->internal = true;
  for (size_t i = 0; i < 2 && code == SQLITE_OK; i++) {
    code = sqlite3_exec(connection->handle, texts[i], on_check_row, &check, NULL);
  }
  connection->internal = false;
  *problem_count += check.problem_count;
  if (check.short_of_memory) return med_error_no_memory(error);
  if (code == SQLITE_OK) return MEDLEY_OK;
  int rc = med_sql_fail(connection, code, NULL, 0, error);
  if (rc != MEDLEY_CORRUPT) return rc;
  ++*problem_count; /* it is damaged so much that the check itself stops */
  if (on_problem != NULL) on_problem(context, error != NULL ? error->message : "sql: the pages are damaged");
  return MEDLEY_OK;
}
