/* medley.h - the public interface of Medley, an embedded multi-model database.
 *
 * What it is: one library, one process, one file; SQL tables, Redis-style key-value buckets, and the models that
 * join them, behind one prepared-statement interface, in one transaction and one snapshot.
 * What it is not: a server. Nothing here listens, forks, prints or exits.
 *
 * Threads: a `medley` handle may be used by any number of threads. A `medley_session`, and everything that was
 * opened from it, is used by one thread at a time; a second thread that calls into a session that is busy gets
 * MEDLEY_MISUSE. A write transaction ends on the thread that began it (the write lock belongs to that thread).
 *
 * Lifetime: statements belong to their session and sessions to their database. Closing a session closes its
 * statements for use (they answer MEDLEY_MISUSE) but each statement is still given back with
 * medley_statement_close(). Every close function accepts NULL.
 *
 * Errors: a function that can fail returns a status. The text, the language and the position of the last failure
 * of a session are in medley_session_error(). A call that failed left nothing behind, unless it says otherwise.
 *
 * Text is UTF-8 and need not end in NUL where a length is passed; a length of MEDLEY_NUL_ENDED means "up to NUL".
 */
#ifndef MEDLEY_H
#define MEDLEY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEDLEY_VERSION_MAJOR 0
#define MEDLEY_VERSION_MINOR 1
#define MEDLEY_VERSION_PATCH 0
#define MEDLEY_VERSION "0.1.0"

#if defined(__GNUC__)
#define MEDLEY_API __attribute__((visibility("default")))
#define MEDLEY_MUST_USE __attribute__((warn_unused_result))
#else
#define MEDLEY_API
#define MEDLEY_MUST_USE
#endif

#define MEDLEY_NUL_ENDED ((size_t)-1)

typedef struct medley medley;
typedef struct medley_session medley_session;
typedef struct medley_statement medley_statement;

/* ---- Status codes ------------------------------------------------------------------------------------------
 * Explicit and append-only. The third column is what medley_status_text() answers. */
#define MEDLEY_STATUS_LIST(X)                                                                 \
  X(OK, 0, "ok")                                                                              \
  X(ROW, 1, "another row is ready")                                                           \
  X(DONE, 2, "there are no more rows")                                                        \
  X(ERROR, 3, "the statement failed")                                                         \
  X(SYNTAX, 4, "the text does not follow the language's grammar")                             \
  X(MISUSE, 5, "the library was called in a way its contract forbids")                        \
  X(NO_MEMORY, 6, "out of memory")                                                            \
  X(BUSY, 7, "the write lock was not free in time")                                           \
  X(SNAPSHOT, 8, "the transaction read an older snapshot and can no longer write")            \
  X(READ_ONLY, 9, "the database or the transaction is read-only")                             \
  X(CONSTRAINT, 10, "a constraint was violated")                                              \
  X(TYPE, 11, "a value has the wrong type")                                                   \
  X(RANGE, 12, "a value is outside of its range")                                             \
  X(TOO_BIG, 13, "a key or a value is larger than its limit")                                 \
  X(TXN_TOO_BIG, 14, "the transaction changes more pages than its limit")                     \
  X(FULL, 15, "the disk or the size limit is full")                                           \
  X(IO, 16, "an input/output operation failed")                                               \
  X(CORRUPT, 17, "the file is damaged")                                                       \
  X(NOT_A_DATABASE, 18, "the file is not a Medley database")                                  \
  X(NEWER_FORMAT, 19, "the file was written by a newer version")                              \
  X(CANNOT_OPEN, 20, "the file cannot be opened")                                             \
  X(NOT_FOUND, 21, "no such thing")                                                           \
  X(EXISTS, 22, "it exists already")                                                          \
  X(UNSUPPORTED, 23, "not supported")                                                         \
  X(INTERRUPTED, 24, "interrupted")                                                           \
  X(DEADLINE, 25, "the deadline passed")                                                      \
  X(COMMIT_UNKNOWN, 26, "the outcome of the commit is unknown; reopen the database and look") \
  X(DEAD, 27, "the handle is dead after an earlier failure; reopen the database")             \
  X(FORKED, 28, "a forked child may not use its parent's handle")                             \
  X(READERS_FULL, 29, "all reader slots are taken")                                           \
  X(ABORTED, 30, "the transaction was rolled back")                                           \
  X(SCHEMA, 31, "the schema changed under the statement")

typedef enum medley_status {
#define MEDLEY_STATUS_ENUM(name, number, text) MEDLEY_##name = number,
  MEDLEY_STATUS_LIST(MEDLEY_STATUS_ENUM)
#undef MEDLEY_STATUS_ENUM
} medley_status;

/* A constant sentence for a status; "unknown status" for any other number. */
MEDLEY_API const char *medley_status_text(int status);
/* The name without its prefix ("BUSY"); "UNKNOWN" for any other number. */
MEDLEY_API const char *medley_status_name(int status);

/* ---- Languages --------------------------------------------------------------------------------------------- */
typedef enum medley_language {
  MEDLEY_LANGUAGE_NONE = 0, /* in errors: the failure does not belong to a statement */
  MEDLEY_LANGUAGE_SQL = 1,
  MEDLEY_LANGUAGE_REDIS = 2,
  MEDLEY_LANGUAGE_CQL = 3,
  MEDLEY_LANGUAGE_CYPHER = 4,
  MEDLEY_LANGUAGE_SEARCH = 5
} medley_language;

/* "sql", "redis", ...; NULL for a number that is no language. */
MEDLEY_API const char *medley_language_name(medley_language language);
/* The language of that name (len bytes), or MEDLEY_LANGUAGE_NONE. */
MEDLEY_API medley_language medley_language_by_name(const char *name, size_t len);

/* ---- Errors ------------------------------------------------------------------------------------------------ */
#define MEDLEY_ERROR_MESSAGE_SIZE 256
typedef struct medley_error {
  int status;       /* a medley_status; MEDLEY_OK if nothing failed */
  int foreign_code; /* the code of SQLite, LMDB or errno behind it, or 0 */
  medley_language language;
  int line;                                /* from 1; 0 if there is no position */
  int column;                              /* in bytes, from 1; 0 if there is no position */
  char message[MEDLEY_ERROR_MESSAGE_SIZE]; /* NUL-ended, cut at a character if too long */
} medley_error;

/* ---- Values ------------------------------------------------------------------------------------------------
 * One value type for all languages. A value that the library hands out is borrowed: it is valid until the next
 * step, reset or close of its statement (or, from medley_command, until the next call on the session). A value
 * that the caller hands in is copied. Maps keep the order in which their entries were made. */
typedef enum medley_type {
  MEDLEY_TYPE_NULL = 0,
  MEDLEY_TYPE_BOOLEAN = 1,
  MEDLEY_TYPE_INTEGER = 2,
  MEDLEY_TYPE_REAL = 3,
  MEDLEY_TYPE_TEXT = 4,
  MEDLEY_TYPE_BLOB = 5,
  MEDLEY_TYPE_LIST = 6,
  MEDLEY_TYPE_MAP = 7,
  MEDLEY_TYPE_NODE = 8,
  MEDLEY_TYPE_RELATIONSHIP = 9,
  MEDLEY_TYPE_PATH = 10,
  MEDLEY_TYPE_STATUS = 11 /* Redis's simple string, such as OK: text in all else */
} medley_type;

typedef struct medley_value medley_value;
struct medley_value {
  medley_type type;
  union {
    int boolean;
    int64_t integer;
    double real;
    struct { /* TEXT, STATUS, BLOB; not NUL-ended unless it came from a column function */
      const char *bytes;
      size_t len;
    } text;
    struct { /* LIST; PATH: node, relationship, node, ... */
      const medley_value *items;
      size_t count;
    } list;
    struct { /* MAP: keys are TEXT or STATUS in most languages, any type in Redis replies */
      const medley_value *keys;
      const medley_value *values;
      size_t count;
    } map;
    struct medley_node_value {
      int64_t id;
      const medley_value *labels;     /* a LIST of TEXT */
      const medley_value *properties; /* a MAP */
    } node;
    struct medley_relationship_value {
      int64_t id, start_id, end_id;
      const medley_value *type;       /* TEXT */
      const medley_value *properties; /* a MAP */
    } relationship;
  } as;
};

/* ---- Opening a database ------------------------------------------------------------------------------------ */
enum {
  MEDLEY_OPEN_READ_ONLY = 1 << 0,     /* never write; the file must exist */
  MEDLEY_OPEN_NO_CREATE = 1 << 1,     /* fail with CANNOT_OPEN if the file does not exist */
  MEDLEY_OPEN_MEMORY = 1 << 2,        /* a private database without a name, gone at close; path may be NULL */
  MEDLEY_OPEN_UNTRUSTED = 1 << 3,     /* walk and check the whole file before it is used */
  MEDLEY_OPEN_FORCE_NETWORK = 1 << 4, /* open on a network file system although locks may not hold there */
  MEDLEY_OPEN_NO_THREADS = 1 << 5     /* start none: who commits makes checkpoints, too; maintenance_ms is MISUSE */
};

typedef enum medley_durability {
  MEDLEY_DURABLE = 0, /* a commit that returned is on disk */
  MEDLEY_RELAXED = 1  /* the last commits may be lost in a power cut, never torn; safe against a process crash */
} medley_durability;

/* How a new database makes its commits durable; a file keeps what it was made with. */
typedef enum medley_journal {
  MEDLEY_JOURNAL_DEFAULT = 0, /* a new file: LOG; an existing one: its own */
  MEDLEY_JOURNAL_LOG = 1,     /* one flush a commit, of a redo log beside the file while it is open: NAME-log */
  MEDLEY_JOURNAL_NONE = 2     /* two flushes a commit, of the file itself; no other file */
} medley_journal;

typedef struct medley_options {
  size_t struct_size; /* set by medley_options_init; lets the struct grow */
  unsigned flags;     /* MEDLEY_OPEN_* */
  medley_durability durability;
  uint64_t map_size_bytes;            /* reserved address space; halved until it can be had; default 1 TiB */
  uint64_t size_limit_bytes;          /* beyond it all but deletes are refused with FULL; 0: the map is the limit */
  uint32_t txn_page_cap;              /* pages one transaction may change; default 98,304 (384 MiB) */
  uint32_t busy_timeout_ms;           /* wait for the write lock; default 10,000 */
  uint32_t reader_count_max;          /* reader slots of a new lock file; a handle keeps one; default 1,024 */
  uint32_t sql_cache_bytes;           /* SQL page cache of each session; default 8 MiB, grown on demand */
  int64_t (*clock_us)(void *context); /* microseconds since 1970; NULL: the system's clock */
  void *clock_context;
  uint64_t seed;               /* of every random choice; 0: from the system */
  medley_journal journal;      /* of a new file; MISUSE if an existing one was made with another */
  uint32_t checkpoint_commits; /* the redo log begins anew after so many; default 2,000 */
  uint32_t maintenance_ms;     /* 0, the default: commits do the housekeeping; else a thread that rests so long */
} medley_options;

/* Every field gets its default. */
MEDLEY_API void medley_options_init(medley_options *options);

/* Opens (and creates, mode 0600) the database at path; the lock file path + "-lock" stands beside it, and
 * while it is open the redo log path + "-log": a database that was not closed is both. options may
 * be NULL. The same file opened twice in one process shares one environment; other flags,
 * durability, limits, page cap, clock or seed are refused with MISUSE, the rest is as the first one asked.
 * On failure *db is NULL and error, if not NULL, says why: CANNOT_OPEN, NOT_A_DATABASE, NEWER_FORMAT, CORRUPT, ... */
MEDLEY_MUST_USE MEDLEY_API int medley_open(const char *path, const medley_options *options, medley **db,
                                           medley_error *error);
/* Refused with MISUSE while sessions are open; the handle then stays usable. */
MEDLEY_API int medley_close(medley *db);

/* ---- Sessions ----------------------------------------------------------------------------------------------
 * One client's conversation: its transaction, its selected key-value bucket, its temporary things, its errors. */
MEDLEY_MUST_USE MEDLEY_API int medley_session_open(medley *db, medley_session **session, medley_error *error);
/* Rolls back what is open. Refused with MISUSE on another thread than the one of an open write transaction, and with FORKED
 * in a forked child, which must leave its parent's locks alone. */
MEDLEY_API int medley_session_close(medley_session *session);
/* Never NULL; valid until the next call on the session. */
MEDLEY_API const medley_error *medley_session_error(const medley_session *session);

/* May be called from any thread: the running statement fails with INTERRUPTED at its next check. */
MEDLEY_API void medley_session_interrupt(medley_session *session);
/* Each later statement fails with DEADLINE once it has run for that long; 0: no deadline. */
MEDLEY_API void medley_session_set_deadline_ms(medley_session *session, uint32_t deadline_ms);
/* How long this session waits for the write lock before BUSY; at first the database's. */
MEDLEY_API void medley_session_set_busy_timeout_ms(medley_session *session, uint32_t timeout_ms);

/* ---- Statements --------------------------------------------------------------------------------------------
 * SQL: one statement up to its semicolon; *tail, if asked for, is where the next one begins (blank and comment-only
 * text gives *statement NULL and MEDLEY_OK). CQL: the same, a batch being one statement; ?, ?n, :name, $name and @name
 * are parameters. Redis: one command a text, words quoted as in redis-cli; the words
 * $name, :name, @name, ? and ?n, unquoted, are parameters. BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE in SQL
 * and MULTI, EXEC, DISCARD in Redis act on the session's one transaction, whatever its statements are in. */
MEDLEY_MUST_USE MEDLEY_API int medley_prepare(medley_session *session, medley_language language, const char *text,
                                              size_t text_len, medley_statement **statement, const char **tail);
/* Also ends an unfinished execution. From any thread; if another one is in the session, it is freed with the session. */
MEDLEY_API void medley_statement_close(medley_statement *statement);

/* Parameters are numbered from 1. Bytes are copied. RANGE for an index that is not there. A statement that is
 * running is reset by the first bind. Unbound parameters are null. */
MEDLEY_API int medley_bind_null(medley_statement *statement, int index);
MEDLEY_API int medley_bind_boolean(medley_statement *statement, int index, int boolean);
MEDLEY_API int medley_bind_integer(medley_statement *statement, int index, int64_t integer);
MEDLEY_API int medley_bind_real(medley_statement *statement, int index, double real);
MEDLEY_API int medley_bind_text(medley_statement *statement, int index, const char *text, size_t len);
MEDLEY_API int medley_bind_blob(medley_statement *statement, int index, const void *bytes, size_t len);
MEDLEY_API int medley_bind_value(medley_statement *statement, int index, const medley_value *value);
MEDLEY_API int medley_bind_count(const medley_statement *statement);
/* With or without its $, :, @ or ?; 0 if there is none of that name. */
MEDLEY_API int medley_bind_index(const medley_statement *statement, const char *name);
/* With its first character; NULL for a nameless one. */
MEDLEY_API const char *medley_bind_name(const medley_statement *statement, int index);
MEDLEY_API int medley_bind_clear(medley_statement *statement);

/* Pages of CQL's SELECT: at most `rows` rows (0: all that follow), from behind `state`, which an earlier page of the same statement with the same
 * parameters has answered, in any process, before or after a restart; NULL: from the beginning. Ends an unfinished execution. UNSUPPORTED for other
 * statements; the first step fails with ERROR if the state is none of the statement's. */
MEDLEY_MUST_USE MEDLEY_API int medley_page_set(medley_statement *statement, uint64_t rows, const void *state,
                                               size_t state_len);
/* Once a step has answered DONE: where the next page begins, borrowed until the next call on the statement; *state_len 0: all
 * rows were answered. */
MEDLEY_MUST_USE MEDLEY_API int medley_page_state(medley_statement *statement, const void **state, size_t *state_len);

/* MEDLEY_ROW, MEDLEY_DONE or an error. A statement that writes runs to its end, and outside of a transaction is
 * committed, in the first step; its rows follow from memory. A statement that reads holds its snapshot from the
 * first step to DONE, reset or close. After DONE or an error the next step starts anew. */
MEDLEY_MUST_USE MEDLEY_API int medley_step(medley_statement *statement);
MEDLEY_API int medley_reset(medley_statement *statement);
/* Whether running it can change the database (1) or not (0). */
MEDLEY_API int medley_statement_writes(const medley_statement *statement);

/* Columns are numbered from 0. Names are known after prepare (Redis: one column, "reply"). A column function out of
 * range answers null, 0 or "". The numbers convert as SQLite's do; text and blob point to column_bytes bytes, text
 * has a NUL behind them, valid until the statement is stepped, reset or closed, and until its session writes or begins or ends a
 * transaction; the row itself stays over that and can be asked for again. If memory is short: "" and 0 bytes. */
MEDLEY_API int medley_column_count(const medley_statement *statement);
MEDLEY_API const char *medley_column_name(const medley_statement *statement, int column);
MEDLEY_API medley_type medley_column_type(medley_statement *statement, int column);
MEDLEY_API int medley_column_boolean(medley_statement *statement, int column);
MEDLEY_API int64_t medley_column_integer(medley_statement *statement, int column);
MEDLEY_API double medley_column_real(medley_statement *statement, int column);
MEDLEY_API const char *medley_column_text(medley_statement *statement, int column);
MEDLEY_API const void *medley_column_blob(medley_statement *statement, int column);
MEDLEY_API size_t medley_column_bytes(medley_statement *statement, int column);
MEDLEY_API const medley_value *medley_column_value(medley_statement *statement, int column);

/* Runs every statement of the text in turn and calls on_row (may be NULL) for each row; a non-zero answer stops with
 * INTERRUPTED. The first failure stops; earlier statements stay done unless a transaction is open. In Redis every
 * line is a command. */
typedef int (*medley_row_callback)(void *context, medley_statement *statement);
MEDLEY_MUST_USE MEDLEY_API int medley_exec(medley_session *session, medley_language language, const char *text,
                                           size_t text_len, medley_row_callback on_row, void *context);

/* A Redis command as a vector of binary-safe words; never split again. *reply is borrowed until the next call on
 * the session and may be NULL if not wanted. An error reply is an error: its text, as Redis words it, is the message. */
MEDLEY_MUST_USE MEDLEY_API int medley_command(medley_session *session, size_t word_count, const char *const *words,
                                              const size_t *word_lens, const medley_value **reply);

/* Rows that the last finished SQL statement of the session inserted, updated or deleted, and its last rowid. */
MEDLEY_API int64_t medley_changes(const medley_session *session);
MEDLEY_API int64_t medley_last_rowid(const medley_session *session);

/* ---- Transactions ------------------------------------------------------------------------------------------
 * The same transaction that BEGIN, MULTI and their like act on. Without one, each statement is its own. */
typedef enum medley_mode {
  MEDLEY_READ = 0,  /* one snapshot; writes are refused with READ_ONLY */
  MEDLEY_WRITE = 1, /* takes the write lock now (BEGIN IMMEDIATE) */
  MEDLEY_DEFER = 2, /* starts with the first statement; a write after a read on an outdated snapshot is SNAPSHOT */
  /* As MEDLEY_WRITE, with the promise that the transaction comes to its end without waiting for anything: it may share one
   * flush with others (group commit), whose commits return when it has ended. */
  MEDLEY_WRITE_BATCHED = 3
} medley_mode;
MEDLEY_MUST_USE MEDLEY_API int medley_begin(medley_session *session, medley_mode mode);
/* On failure the transaction was rolled back, except with CONSTRAINT (a deferred foreign key): then it is open. That CQL's INSERTs have no room may be
 * known only now: FULL, NO_MEMORY. */
MEDLEY_MUST_USE MEDLEY_API int medley_commit(medley_session *session);
MEDLEY_API int medley_rollback(medley_session *session); /* any call on a DEAD handle does that */
MEDLEY_MUST_USE MEDLEY_API int medley_savepoint(medley_session *session, const char *name);
MEDLEY_MUST_USE MEDLEY_API int medley_release(medley_session *session, const char *name);
MEDLEY_MUST_USE MEDLEY_API int medley_rollback_to(medley_session *session, const char *name);
typedef enum medley_transaction_state {
  MEDLEY_NO_TRANSACTION = 0,
  MEDLEY_DEFERRED = 1, /* begun, nothing read or written yet */
  MEDLEY_READING = 2,
  MEDLEY_WRITING = 3
} medley_transaction_state;
MEDLEY_API medley_transaction_state medley_session_state(const medley_session *session);

/* ---- Key-value, without parsing ----------------------------------------------------------------------------
 * Strings of a durable bucket; the other types through medley_command. bucket: "0" ... "15" are Redis's numbered
 * databases, any other name is a bucket of its own, made by its first write; NULL is the session's selected one.
 * Bytes that get hands out are borrowed until the next call on the session, and point into the map when they can. */
typedef struct medley_slice {
  const void *bytes;
  size_t len;
} medley_slice;
/* NOT_FOUND if there is none or it has expired; TYPE if it is not a string. */
MEDLEY_MUST_USE MEDLEY_API int medley_kv_get(medley_session *session, const char *bucket, const void *key,
                                             size_t key_len, medley_slice *value);
/* Sets a string whatever was there before. ttl_ms 0: without expiry. */
MEDLEY_MUST_USE MEDLEY_API int medley_kv_put(medley_session *session, const char *bucket, const void *key,
                                             size_t key_len, const void *value, size_t value_len, uint64_t ttl_ms);
/* Any type; NOT_FOUND if there was none. */
MEDLEY_MUST_USE MEDLEY_API int medley_kv_delete(medley_session *session, const char *bucket, const void *key,
                                                size_t key_len);
/* Sets value if the present value equals expected (expected NULL: if there is none); CONSTRAINT otherwise. */
MEDLEY_MUST_USE MEDLEY_API int medley_kv_compare_and_set(medley_session *session, const char *bucket, const void *key,
                                                         size_t key_len, const void *expected, size_t expected_len,
                                                         const void *value, size_t value_len);
/* Adds to a decimal integer, 0 if there is none; TYPE, RANGE as INCRBY. */
MEDLEY_MUST_USE MEDLEY_API int medley_kv_increment(medley_session *session, const char *bucket, const void *key,
                                                   size_t key_len, int64_t by, int64_t *result);

/* Keys in memcmp order from `from` (inclusive). The callback's bytes are valid during the call; it must not call
 * into the session; a non-zero answer ends the walk with MEDLEY_OK. Values of other types come with value NULL. */
typedef int (*medley_kv_callback)(void *context, medley_slice key, const medley_slice *value);
MEDLEY_MUST_USE MEDLEY_API int medley_kv_each(medley_session *session, const char *bucket, const void *from,
                                              size_t from_len, medley_kv_callback on_key, void *context);

/* ---- Cells, without parsing -------------------------------------------------------------------------------
 * Rows as HBase has them: a row has a key, and in families of columns cells, each with the version (a time) that it was put with. They are
 * the rows of a wide-column table of a fixed shape, which CQL and SQL see as any other; rows whose region is not 0 are not seen here:
 *   CREATE TABLE ks.t (region int, key blob, family text, qualifier blob, version timestamp, value blob,
 *     PRIMARY KEY (region, key, family, qualifier, version))
 *     WITH CLUSTERING ORDER BY (key ASC, family ASC, qualifier ASC, version DESC)
 *     AND max_versions = {'info': '3', 'log': 'all'} AND family_time_to_live = {'log': '86400'}
 * Families that max_versions does not name are refused by a put and not shown by a read; ALTER TABLE changes both properties.
 *
 * table: "keyspace.table" in their stored form, or a table of the keyspace in USE. NOT_FOUND if there is none, or no such family; TYPE if
 * it is of another shape. key: 1 byte or more; key, family and qualifier together at most about 300 bytes, TOO_BIG beyond (each 00 byte of
 * key and qualifier counts twice); a query's column is absent from rows for whose keys it is too long. Values: up to 64 MiB - 4 KiB. A family
 * is a NUL-ended text, a qualifier any bytes, also none.
 * Versions are milliseconds since 1970, from 1 on; 0 stands for the time of the transaction. A later put of a version takes the place of the
 * former, also within one millisecond. Bytes handed in are copied. A call is atomic; outside of a transaction it is one of its own. */
typedef struct medley_cells_family {
  const char *name;      /* 1 to 48 bytes */
  uint32_t max_versions; /* of a column; older ones are gone. 1 to 1,000; 0: all are kept */
  uint32_t ttl_s;        /* cells vanish so long after they were put; 0: after the table's default_time_to_live */
} medley_cells_family;
typedef struct medley_cell {
  const char *family;
  medley_slice qualifier;
  int64_t version_ms;
  medley_slice value;
} medley_cell;
typedef struct medley_cells_row {
  medley_slice key;
  const medley_cell *cells; /* by family and qualifier in memcmp order, then the newest version first */
  size_t count;
} medley_cells_row;
/* Makes the table; CQL's errors. At least one family, at most 100. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_create(medley_session *session, const char *table,
                                                   const medley_cells_family *families, size_t count);
/* Puts cells of one row. What exceeds its family's max_versions afterwards is deleted, be it the put cell itself. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_put(medley_session *session, const char *table, const void *key,
                                                size_t key_len, const medley_cell *cells, size_t count);

typedef enum medley_cells_change_kind {
  MEDLEY_CELLS_PUT = 0,
  /* The row if family is NULL, the family if qualifier.bytes is NULL, else the column ("" with a length of 0: the one whose qualifier is
   * empty): versions up to version_ms, this one included; 0: all, also later ones. */
  MEDLEY_CELLS_DELETE = 1,
  MEDLEY_CELLS_DELETE_VERSION = 2 /* of a column, just that version; 0: the newest */
} medley_cells_change_kind;
typedef struct medley_cells_change {
  medley_cells_change_kind kind;
  medley_cell cell;
} medley_cells_change;
/* Changes of one row, one after the other: a later one sees what the earlier did. Deleting what is not there is no failure. A deletion removes
 * what is there, and bears on nothing that is put later, whatever its version. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_mutate(medley_session *session, const char *table, const void *key,
                                                   size_t key_len, const medley_cells_change *changes, size_t count);

/* Of a value's bytes with a constant, in memcmp order. ANY: there is a value; ABSENT: there is none. */
typedef enum medley_cells_comparison {
  MEDLEY_CELLS_ANY = 0,
  MEDLEY_CELLS_ABSENT = 1,
  MEDLEY_CELLS_EQUAL = 2,
  MEDLEY_CELLS_NOT_EQUAL = 3, /* there is one, and it is another */
  MEDLEY_CELLS_LESS = 4,
  MEDLEY_CELLS_LESS_OR_EQUAL = 5,
  MEDLEY_CELLS_GREATER = 6,
  MEDLEY_CELLS_GREATER_OR_EQUAL = 7
} medley_cells_comparison;
typedef struct medley_cells_check { /* of the newest version of a column */
  const char *family;
  medley_slice qualifier;
  medley_cells_comparison comparison;
  medley_slice value;
} medley_cells_check;
/* Makes the changes if the check holds. *applied: 1 or 0; otherwise nothing was changed, and that is no failure. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_check_and_mutate(medley_session *session, const char *table,
                                                             const void *key, size_t key_len,
                                                             const medley_cells_check *check,
                                                             const medley_cells_change *changes, size_t count,
                                                             int *applied);
/* Adds to the newest value of a column, a big-endian integer of 8 bytes, 0 if there is none; TYPE if it has another length, RANGE if the sum
 * has no place in 64 bits. The new value's version is the transaction's time, or that of the newest if it is later. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_increment(medley_session *session, const char *table, const void *key,
                                                      size_t key_len, const char *family, medley_slice qualifier,
                                                      int64_t by, int64_t *result);
/* Puts the newest value of a column with bytes behind it. *result, if asked for, is the new one, borrowed until the next call on the session. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_append(medley_session *session, const char *table, const void *key,
                                                   size_t key_len, const char *family, medley_slice qualifier,
                                                   medley_slice bytes, medley_slice *result);

typedef struct medley_cells_column {
  const char *family;
  medley_slice qualifier; /* bytes NULL: all of the family */
} medley_cells_column;
/* What to read; all zero: the newest version of every column, of a scan of all rows. */
typedef struct medley_cells_query {
  const medley_cells_column *columns; /* none: all */
  size_t column_count;
  medley_slice qualifier_prefix;      /* only columns whose qualifier begins so */
  int64_t from_ms, to_ms;             /* versions from_ms <= v < to_ms; 0: without that bound */
  uint32_t versions;                  /* the newest so many within the times; 0: 1. Never more than max_versions */
  medley_cells_comparison comparison; /* only those whose value compares so with the next; ABSENT is MISUSE */
  medley_slice value;
  uint64_t cell_limit; /* the first so many cells of a row; 0: all */
  int keys_only;       /* values are left out: their length is 0 */
  /* Of a scan */
  medley_slice start, stop;         /* keys start <= k < stop, in both directions; bytes NULL: without that bound */
  medley_slice prefix;              /* of keys */
  const medley_cells_check *checks; /* only rows for which all hold, whatever columns are read */
  size_t check_count;
  uint64_t row_limit; /* 0: all */
  int reverse;        /* rows from the last to the first; the cells of each as ever */
} medley_cells_query;
/* One row; query may be NULL; of its scan's part nothing counts. A row without such cells has count 0. Borrowed until the next call on the
 * session. TOO_BIG if its cells take more than 256 MiB. */
MEDLEY_MUST_USE MEDLEY_API int medley_cells_get(medley_session *session, const char *table, const void *key,
                                                size_t key_len, const medley_cells_query *query, medley_cells_row *row);
/* Rows that have such cells, in the order of their keys' bytes, of one snapshot. The callback's row is valid during the call; it must not call
 * into the session; a non-zero answer ends the scan with MEDLEY_OK. Between rows and cells interrupt and deadline are looked at. */
typedef int (*medley_cells_callback)(void *context, const medley_cells_row *row);
MEDLEY_MUST_USE MEDLEY_API int medley_cells_scan(medley_session *session, const char *table,
                                                 const medley_cells_query *query, medley_cells_callback on_row,
                                                 void *context);

/* ---- Cache buckets -----------------------------------------------------------------------------------------
 * Bounded, evicting, shared by all processes that have the database open, never waiting for the disk, allowed to
 * vanish, never stale: see medley_cache_lease. Within a write transaction changes are seen by the session at once,
 * by others after the commit, and by nobody after a rollback. Keys up to 1,024 bytes, values up to a quarter of the
 * bucket; TOO_BIG beyond. */
typedef enum medley_eviction {
  MEDLEY_EVICT_SEGMENTED_LRU = 0, /* the default: a scan cannot push out what is used again and again */
  MEDLEY_EVICT_NONE = 1,          /* noeviction: a set beyond the bound is refused with FULL */
  MEDLEY_EVICT_ALLKEYS_LRU = 2,
  MEDLEY_EVICT_ALLKEYS_LFU = 3,
  MEDLEY_EVICT_ALLKEYS_RANDOM = 4,
  MEDLEY_EVICT_VOLATILE_LRU = 5,
  MEDLEY_EVICT_VOLATILE_LFU = 6,
  MEDLEY_EVICT_VOLATILE_RANDOM = 7,
  MEDLEY_EVICT_VOLATILE_TTL = 8
} medley_eviction;
/* Makes the bucket or changes its bounds. size_bytes counts keys, values and overhead; at least 1 MiB. */
MEDLEY_MUST_USE MEDLEY_API int medley_cache_create(medley_session *session, const char *bucket, uint64_t size_bytes,
                                                   medley_eviction eviction);
MEDLEY_MUST_USE MEDLEY_API int medley_cache_drop(medley_session *session, const char *bucket);

typedef struct medley_cache_item {
  medley_slice value; /* borrowed until the next call on the session */
  uint32_t flags;     /* the caller's own, as in memcached */
  uint64_t cas;       /* changes with every set */
  uint64_t lease;     /* medley_cache_lease only: not 0 if the caller may fill */
} medley_cache_item;
MEDLEY_MUST_USE MEDLEY_API int medley_cache_get(medley_session *session, const char *bucket, const void *key,
                                                size_t key_len, medley_cache_item *item);
/* get and touch; ttl_ms 0: without expiry. */
MEDLEY_MUST_USE MEDLEY_API int medley_cache_get_and_touch(medley_session *session, const char *bucket, const void *key,
                                                          size_t key_len, uint64_t ttl_ms, medley_cache_item *item);
typedef enum medley_cache_mode {
  MEDLEY_CACHE_SET = 0,
  MEDLEY_CACHE_ADD = 1,     /* EXISTS if it is there */
  MEDLEY_CACHE_REPLACE = 2, /* NOT_FOUND if it is not */
  MEDLEY_CACHE_APPEND = 3,  /* NOT_FOUND if it is not; flags and ttl stay */
  MEDLEY_CACHE_PREPEND = 4,
  MEDLEY_CACHE_CAS = 5 /* CONSTRAINT if it changed since, NOT_FOUND if it is gone */
} medley_cache_mode;
MEDLEY_MUST_USE MEDLEY_API int medley_cache_put(medley_session *session, const char *bucket, medley_cache_mode mode,
                                                const void *key, size_t key_len, const void *value, size_t value_len,
                                                uint32_t flags, uint64_t ttl_ms, uint64_t cas);
MEDLEY_MUST_USE MEDLEY_API int medley_cache_delete(medley_session *session, const char *bucket, const void *key,
                                                   size_t key_len);
/* Unsigned 64 bit: an increment wraps, a decrement stops at 0; NOT_FOUND if it is not there, TYPE if no number. */
MEDLEY_MUST_USE MEDLEY_API int medley_cache_increment(medley_session *session, const char *bucket, const void *key,
                                                      size_t key_len, uint64_t by, int decrement, uint64_t *result);
MEDLEY_MUST_USE MEDLEY_API int medley_cache_touch(medley_session *session, const char *bucket, const void *key,
                                                  size_t key_len, uint64_t ttl_ms);
/* A read-through fill that cannot be stale (Nishtala et al., Scaling Memcache at Facebook, 2013): on a miss the
 * answer is NOT_FOUND and, for one caller at a time, item->lease. Compute the value, then fill with that lease. A
 * delete, set or committing transaction on the key in between voids the lease and fill answers CONSTRAINT. */
MEDLEY_MUST_USE MEDLEY_API int medley_cache_lease(medley_session *session, const char *bucket, const void *key,
                                                  size_t key_len, medley_cache_item *item);
MEDLEY_MUST_USE MEDLEY_API int medley_cache_fill(medley_session *session, const char *bucket, const void *key,
                                                 size_t key_len, uint64_t lease, const void *value, size_t value_len,
                                                 uint32_t flags, uint64_t ttl_ms);
MEDLEY_MUST_USE MEDLEY_API int medley_cache_flush(medley_session *session, const char *bucket);
typedef struct medley_cache_stats {
  uint64_t items, bytes, size_bytes, hits, misses, sets, evictions, expirations;
} medley_cache_stats;
MEDLEY_MUST_USE MEDLEY_API int medley_cache_stat(medley_session *session, const char *bucket,
                                                 medley_cache_stats *stats);

/* ---- Pub/sub, in this process ------------------------------------------------------------------------------
 * SUBSCRIBE and its like are Redis commands; what arrives is taken from here, in Redis's shape
 * (["message", channel, payload], ...). timeout_ms 0 does not wait. NOT_FOUND if nothing arrived in time. */
MEDLEY_MUST_USE MEDLEY_API int medley_next_message(medley_session *session, uint32_t timeout_ms,
                                                   const medley_value **message);

/* ---- Care of the file -------------------------------------------------------------------------------------- */
typedef struct medley_stats {
  uint64_t file_bytes; /* as the file system sees it */
  uint64_t used_bytes; /* pages in use by the newest snapshot */
  uint64_t size_limit_bytes;
  uint64_t commit_id; /* of the newest snapshot */
  uint64_t format_version;
  uint64_t commits, commit_members, batch_members_max; /* of this handle: LMDB commits and transactions in them */
  uint64_t sql_bytes, key_value_bytes, other_bytes;    /* pages of each, in bytes */
  uint64_t keys;                                       /* key-value keys of all buckets, expired ones included */
  uint32_t readers, reader_count_max;
  uint64_t oldest_reader_lag; /* commits since the oldest open snapshot */
  uint64_t log_bytes;         /* of the redo log's file; 0 while there is none */
  uint64_t log_commits;       /* that stand in it, made since the last checkpoint */
} medley_stats;
MEDLEY_MUST_USE MEDLEY_API int medley_stat(medley *db, medley_stats *stats, medley_error *error);

/* Reads everything: checksums, every model's structures, SQLite's integrity_check. on_problem gets one line for each
 * problem. *problem_count 0: all is well. */
typedef void (*medley_problem_callback)(void *context, const char *problem);
MEDLEY_MUST_USE MEDLEY_API int medley_check(medley *db, medley_problem_callback on_problem, void *context,
                                            uint64_t *problem_count, medley_error *error);
/* A consistent copy of one snapshot, while others write. The file must not exist. The copy has no free pages, whether compact
 * is asked for or not: the way that keeps them waits for writers without an end. */
MEDLEY_MUST_USE MEDLEY_API int medley_backup(medley *db, const char *path, int compact, medley_error *error);
/* Housekeeping that nobody waits for: expired keys, parts of deleted collections, rows that are to be sealed, dead readers. At most about budget_us
 * microseconds. *more is 1 if work is left. */
MEDLEY_MUST_USE MEDLEY_API int medley_maintain(medley *db, uint64_t budget_us, int *more, medley_error *error);

#ifdef __cplusplus
}
#endif
#endif
