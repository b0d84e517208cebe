/* limits.c - what happens when something runs out: the disk, the size limit, the map, pages of a transaction, reader
 * slots, the right to write.
 *
 * Each case runs in a child process with a file of its own. On a full disk and at the size limit what was acknowledged can
 * be read, more cannot be written (FULL, with a message), deleting works, and after deleting writing works again.
 *
 * The small file system is a tmpfs mounted in a mount namespace of the child, so it needs root or user namespaces; where
 * neither is to be had these cases are skipped, loudly. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scratch.h"

#define TIME_LIMIT_S 120
#define ROW_BYTES 3000
#define PATH_OF(name, folder, file) \
  char name[FAULT_PATH_SIZE];       \
  fault_scratch_join(name, folder, file)

enum { PASSED = 0, FAILED = 1, SKIPPED = 77 };

/* The case ends here, in its child process. */
#define REQUIRE(condition, ...)        \
  do {                                 \
    if (!(condition)) {                \
      printf("  line %d: ", __LINE__); \
      printf(__VA_ARGS__);             \
      printf("\n");                    \
      fflush(stdout);                  \
      _exit(FAILED);                   \
    }                                  \
  } while (0)

static const char *text_of(medley_session *session) { return fault_error(session); }

static void open_or_fail(const char *path, const medley_options *options, medley **db, medley_session **session) {
  char why[300];
  REQUIRE(fault_open(path, options, db, session, why, sizeof why) == MEDLEY_OK, "%s", why);
}

static medley_journal journal; /* --journal= */

static void options_of(medley_options *options) {
  medley_options_init(options);
  options->journal = journal;
  options->map_size_bytes = (uint64_t)256 << 20;
  options->seed = 1;
}

static void create_rows_table(medley_session *session) {
  int rc = fault_sql(session, "CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)", 0, NULL);
  REQUIRE(rc == MEDLEY_OK, "create: %s", text_of(session));
}

static int insert_row(medley_session *session, int64_t id) {
  static char bytes[ROW_BYTES];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7919 + (size_t)id * 104729);
  return fault_sql_blob(session, "INSERT INTO rows (id, bytes) VALUES (?, ?)", 1, &id, bytes, sizeof bytes);
}

static int put_key(medley_session *session, int64_t id, size_t len) {
  char key[32], bytes[ROW_BYTES];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 31 + (size_t)id * 17 + i / 256);
  int key_len = snprintf(key, sizeof key, "key:%lld", (long long)id);
  return medley_kv_put(session, "0", key, (size_t)key_len, bytes, len, 0);
}

static int delete_key(medley_session *session, int64_t id) {
  char key[32];
  int key_len = snprintf(key, sizeof key, "key:%lld", (long long)id);
  return medley_kv_delete(session, "0", key, (size_t)key_len);
}

static int64_t count_rows(medley_session *session) {
  int64_t count = -1;
  int rc = fault_sql_number(session, "SELECT count(*) FROM rows", 0, NULL, &count);
  REQUIRE(rc == MEDLEY_OK, "reading: %s", text_of(session));
  return count;
}

static int count_key(void *context, medley_slice key, const medley_slice *value) {
  (void)key;
  (void)value;
  ++*(int64_t *)context;
  return 0;
}

static int64_t count_keys(medley_session *session) {
  int64_t count = 0;
  int rc = medley_kv_each(session, "0", "", 0, count_key, &count);
  REQUIRE(rc == MEDLEY_OK, "reading keys: %s", text_of(session));
  return count;
}

static void require_sound(medley *db) {
  char why[300];
  REQUIRE(fault_check(db, why, sizeof why) == MEDLEY_OK, "%s", why);
}

/* Writes rows and keys until there is no room; answers how many rows and keys were acknowledged. */
static void fill(medley_session *session, int64_t *rows, int64_t *keys) {
  int rc = MEDLEY_OK;
  *rows = *keys = 0;
  while (rc == MEDLEY_OK && *rows < 100000) {
    rc = insert_row(session, *rows + 1);
    if (rc != MEDLEY_OK) break;
    ++*rows;
    rc = put_key(session, *keys + 1, ROW_BYTES);
    if (rc == MEDLEY_OK) ++*keys;
  }
  REQUIRE(rc == MEDLEY_FULL, "a write without room answered %s: %s", medley_status_name(rc), text_of(session));
  REQUIRE(text_of(session)[0] != 0, "FULL without a message");
  printf("  %lld rows and %lld keys, then: %s\n", (long long)*rows, (long long)*keys, text_of(session));
  REQUIRE(*rows > 20, "there was room for %lld rows only", (long long)*rows);
}

/* Full: all is readable, nothing goes in, deleting works in both models until there is room again. */
static void live_with_it(medley *db, medley_session *session, int64_t rows, int64_t keys) {
  REQUIRE(count_rows(session) == rows, "%lld rows, %lld acknowledged", (long long)count_rows(session), (long long)rows);
  REQUIRE(count_keys(session) == keys, "%lld keys, %lld acknowledged", (long long)count_keys(session), (long long)keys);
  require_sound(db);
  for (int attempt = 0; attempt < 5; attempt++) {
    int rc = insert_row(session, 1000000 + attempt);
    REQUIRE(rc == MEDLEY_FULL || rc == MEDLEY_OK, "a second try answered %s", medley_status_name(rc));
    if (rc == MEDLEY_OK) rows++;
  }
  for (int64_t id = 1; id <= rows && id <= 20; id++) {
    int rc = fault_sql(session, "DELETE FROM rows WHERE id = ?", 1, &id);
    REQUIRE(rc == MEDLEY_OK, "DELETE of row %lld on a full disk: %s: %s", (long long)id, medley_status_name(rc),
            text_of(session));
    rc = delete_key(session, id);
    REQUIRE(rc == MEDLEY_OK, "deleting key %lld on a full disk: %s: %s", (long long)id, medley_status_name(rc),
            text_of(session));
  }
  /* One statement over very many pages may find too little of the reserve, but must say so; small steps work. */
  int rc = fault_sql(session, "DELETE FROM rows WHERE id % 2 = 0", 0, NULL);
  REQUIRE(rc == MEDLEY_OK || rc == MEDLEY_FULL || rc == MEDLEY_TXN_TOO_BIG, "a large DELETE on a full disk: %s: %s",
          medley_status_name(rc), text_of(session));
  for (int64_t id = 21; id <= rows; id += 2) {
    rc = fault_sql(session, "DELETE FROM rows WHERE id = ?", 1, &id);
    REQUIRE(rc == MEDLEY_OK, "DELETE of row %lld on a full disk: %s: %s", (long long)id, medley_status_name(rc),
            text_of(session));
  }
  int64_t written = 0;
  for (int64_t id = 2000000; id < 2000010; id++) written += insert_row(session, id) == MEDLEY_OK;
  REQUIRE(written > 0, "after deleting nothing can be written: %s", text_of(session));
  require_sound(db);
}

static void fill_and_live(const char *folder, const medley_options *options, void (*fill_up)(const char *folder)) {
  PATH_OF(path, folder, "full.medley");
  medley *db;
  medley_session *session;
  int64_t rows, keys;
  open_or_fail(path, options, &db, &session);
  create_rows_table(session);
  fill(session, &rows, &keys);
  if (fill_up != NULL) fill_up(folder);
  live_with_it(db, session, rows, keys);
  int64_t left = count_rows(session);
  medley_session_close(session);
  REQUIRE(medley_close(db) == MEDLEY_OK, "close");
  open_or_fail(path, options, &db, &session);
  REQUIRE(count_rows(session) == left, "reopened: %lld rows instead of %lld", (long long)count_rows(session),
          (long long)left);
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

/* ---- Cases ---- */
static void size_limit_reached(const char *folder) {
  medley_options options;
  options_of(&options);
  options.size_limit_bytes = (uint64_t)3 << 20;
  fill_and_live(folder, &options, NULL);
}

static void map_exhausted(const char *folder) {
  medley_options options;
  options_of(&options);
  options.map_size_bytes = (uint64_t)4 << 20;
  fill_and_live(folder, &options, NULL);
}

static void mount_small(const char *folder, const char *size) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(SKIPPED);
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) _exit(SKIPPED);
  if (mount("medley-fault", folder, "tmpfs", 0, size) != 0) _exit(SKIPPED);
}

static void fill_with_junk(const char *folder) {
  PATH_OF(path, folder, "junk");
  static char bytes[4096];
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  while (write(fd, bytes, sizeof bytes) > 0) continue;
  REQUIRE(errno == ENOSPC, "the small file system is not full");
  close(fd);
}

static void disk_full(const char *folder) {
  medley_options options;
  options_of(&options);
  mount_small(folder, "size=8M");
  fill_and_live(folder, &options, fill_with_junk);
}

/* The disk fills up under a database that is open, in the middle of its life; then room comes back. */
static void disk_full_by_others(const char *folder) {
  medley_options options;
  options_of(&options);
  mount_small(folder, "size=8M");
  PATH_OF(path, folder, "full.medley");
  PATH_OF(junk, folder, "junk");
  medley *db;
  medley_session *session;
  open_or_fail(path, &options, &db, &session);
  create_rows_table(session);
  for (int64_t id = 1; id <= 100; id++) REQUIRE(insert_row(session, id) == MEDLEY_OK, "%s", text_of(session));
  fill_with_junk(folder);
  int64_t rows = 100;
  int rc = MEDLEY_OK;
  for (int64_t id = 101; rc == MEDLEY_OK && id < 10000; id++) {
    rc = insert_row(session, id);
    rows += rc == MEDLEY_OK;
  }
  REQUIRE(rc == MEDLEY_FULL, "a write without room answered %s", medley_status_name(rc));
  int64_t one = 1;
  rc = fault_sql(session, "DELETE FROM rows WHERE id = ?", 1, &one);
  REQUIRE(rc == MEDLEY_OK, "DELETE on a full disk: %s: %s", medley_status_name(rc), text_of(session));
  REQUIRE(count_rows(session) == rows - 1, "%lld rows", (long long)count_rows(session));
  unlink(junk);
  for (int64_t id = 20001; id <= 20050; id++) REQUIRE(insert_row(session, id) == MEDLEY_OK, "%s", text_of(session));
  REQUIRE(count_rows(session) == rows + 49, "%lld rows", (long long)count_rows(session));
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

static void create_on_full_disk(const char *folder) {
  medley_options options;
  medley *db = NULL;
  medley_error error = {0};
  options_of(&options);
  mount_small(folder, "size=64k");
  fill_with_junk(folder);
  PATH_OF(path, folder, "new.medley");
  PATH_OF(junk, folder, "junk");
  int rc = medley_open(path, &options, &db, &error);
  REQUIRE(rc != MEDLEY_OK && db == NULL, "a database was made on a full disk");
  REQUIRE(error.message[0] != 0, "no message");
  printf("  %s: %s\n", medley_status_name(rc), error.message);
  unlink(junk);
  if (mount("medley-fault", folder, "tmpfs", MS_REMOUNT, "size=64M") != 0) _exit(SKIPPED);
  medley_session *session;
  open_or_fail(path, &options, &db, &session);
  create_rows_table(session);
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

static void read_only_file_system(const char *folder) {
  medley_options options;
  medley *db = NULL;
  medley_session *session;
  medley_error error = {0};
  options_of(&options);
  mount_small(folder, "size=8M");
  PATH_OF(path, folder, "ro.medley");
  PATH_OF(other, folder, "other.medley");
  open_or_fail(path, &options, &db, &session);
  create_rows_table(session);
  for (int64_t id = 1; id <= 10; id++) REQUIRE(insert_row(session, id) == MEDLEY_OK, "%s", text_of(session));
  medley_session_close(session);
  REQUIRE(medley_close(db) == MEDLEY_OK, "close");
  if (mount("medley-fault", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0) _exit(SKIPPED);
  int rc = medley_open(path, &options, &db, &error);
  REQUIRE(rc != MEDLEY_OK && error.message[0] != 0, "opened for writing on a read-only file system");
  printf("  for writing: %s: %s\n", medley_status_name(rc), error.message);
  rc = medley_open(other, &options, &db, &error);
  REQUIRE(rc != MEDLEY_OK && error.message[0] != 0, "created on a read-only file system");
  options.flags |= MEDLEY_OPEN_READ_ONLY;
  rc = medley_open(path, &options, &db, &error);
  printf("  for reading: %s%s%s\n", medley_status_name(rc), rc == MEDLEY_OK ? "" : ": ", error.message);
  REQUIRE(rc == MEDLEY_OK, "cannot be read on a read-only file system");
  REQUIRE(medley_session_open(db, &session, &error) == MEDLEY_OK, "%s", error.message);
  REQUIRE(count_rows(session) == 10, "rows");
  rc = insert_row(session, 11);
  REQUIRE(rc == MEDLEY_READ_ONLY, "a write answered %s", medley_status_name(rc));
  medley_session_close(session);
  medley_close(db);
}

static void page_cap_reached(const char *folder) {
  medley_options options;
  medley *db;
  medley_session *session;
  options_of(&options);
  options.txn_page_cap = 200;
  PATH_OF(path, folder, "cap.medley");
  open_or_fail(path, &options, &db, &session);
  create_rows_table(session);
  for (int64_t id = 1; id <= 50; id++) REQUIRE(insert_row(session, id) == MEDLEY_OK, "%s", text_of(session));
  for (int kind = 0; kind < 2; kind++) {
    REQUIRE(medley_begin(session, MEDLEY_WRITE) == MEDLEY_OK, "%s", text_of(session));
    int rc = MEDLEY_OK;
    for (int64_t id = 1000; rc == MEDLEY_OK && id < 20000; id++) {
      rc = kind == 0 ? insert_row(session, id) : put_key(session, id, ROW_BYTES);
    }
    if (rc == MEDLEY_OK) rc = medley_commit(session);
    REQUIRE(rc == MEDLEY_TXN_TOO_BIG, "a transaction beyond the cap answered %s: %s", medley_status_name(rc),
            text_of(session));
    REQUIRE(text_of(session)[0] != 0, "no message");
    printf("  %s\n", text_of(session));
    if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
    REQUIRE(count_rows(session) == 50 && count_keys(session) == 0, "something of the refused transaction stayed");
  }
  int rc =
      fault_sql(session,
                "INSERT INTO rows WITH RECURSIVE r(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM r WHERE x < 9000) "
                "SELECT x, zeroblob(3000) FROM r",
                0, NULL);
  REQUIRE(rc == MEDLEY_TXN_TOO_BIG, "one statement beyond the cap answered %s: %s", medley_status_name(rc),
          text_of(session));
  REQUIRE(insert_row(session, 51) == MEDLEY_OK, "after it: %s", text_of(session));
  REQUIRE(count_rows(session) == 51, "rows");
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

/* ---- Rows that arrive together ---- their transaction's commit is what finds no room, or the statement before which they are made. */
#define BURST 60
static int insert_burst(medley_session *session, int64_t first, int64_t count) {
  static char bytes[400];
  memset(bytes, 'b', sizeof bytes);
  int rc = medley_begin(session, MEDLEY_WRITE);
  for (int64_t id = first; rc == MEDLEY_OK && id < first + count; id++) {
    int64_t key[2] = {id % 3, id};
    rc = fault_cql_text(session, "INSERT INTO k.t (text, part, id) VALUES (?, ?, ?)", bytes, sizeof bytes, 2, key);
  }
  if (rc == MEDLEY_OK) rc = medley_commit(session);
  if (rc != MEDLEY_OK) REQUIRE(text_of(session)[0] != 0, "%s without a message", medley_status_name(rc));
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  return rc;
}

static int64_t count_wide_rows(medley_session *session) {
  int64_t count = -1;
  int rc = fault_sql_number(session, "SELECT count(*) FROM \"k.t\"", 0, NULL, &count);
  REQUIRE(rc == MEDLEY_OK, "reading: %s", text_of(session));
  return count;
}

static void create_wide_table(medley_session *session) {
  static const char *const definitions[] = {
      "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}",
      "CREATE TABLE k.t (part int, id int, text text, PRIMARY KEY (part, id)) WITH segment_rows = 64"};
  for (int i = 0; i < 2; i++)
    REQUIRE(fault_cql(session, definitions[i], 0, NULL) == MEDLEY_OK, "create: %s", text_of(session));
}

static void no_room_for_bursts(const char *folder) {
  medley_options options;
  medley *db;
  medley_session *session;
  int64_t rows = 0;
  int rc = MEDLEY_OK, more = 1;
  options_of(&options);
  options.size_limit_bytes = (uint64_t)3 << 20;
  PATH_OF(path, folder, "bursts.medley");
  open_or_fail(path, &options, &db, &session);
  create_wide_table(session);
  while (rc == MEDLEY_OK && rows < 100000) {
    rc = insert_burst(session, rows, BURST);
    if (rc == MEDLEY_OK) rows += BURST;
  }
  REQUIRE(rc == MEDLEY_FULL, "a write without room answered %s: %s", medley_status_name(rc), text_of(session));
  printf("  %lld rows, then: %s\n", (long long)rows, text_of(session));
  REQUIRE(count_wide_rows(session) == rows, "%lld rows, %lld acknowledged", (long long)count_wide_rows(session),
          (long long)rows);
  require_sound(db);
  for (int64_t id = 0; id < rows / 2; id++) {
    int64_t key[2] = {id % 3, id};
    rc = fault_cql(session, "DELETE FROM k.t WHERE part = ? AND id = ?", 2, key);
    REQUIRE(rc == MEDLEY_OK, "DELETE of row %lld: %s: %s", (long long)id, medley_status_name(rc), text_of(session));
  }
  rc = insert_burst(session, rows, BURST);
  REQUIRE(rc == MEDLEY_OK, "after deleting: %s", text_of(session));
  for (int i = 0; i < 100 && more; i++) (void)!medley_maintain(db, 10000, &more, NULL);
  REQUIRE(count_wide_rows(session) == rows - rows / 2 + BURST, "%lld rows", (long long)count_wide_rows(session));
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

static void page_cap_reached_by_a_burst(const char *folder) {
  medley_options options;
  medley *db;
  medley_session *session;
  options_of(&options);
  options.txn_page_cap = 200;
  PATH_OF(path, folder, "cap.medley");
  open_or_fail(path, &options, &db, &session);
  create_wide_table(session);
  REQUIRE(insert_burst(session, 0, BURST) == MEDLEY_OK, "%s", text_of(session));
  int rc = insert_burst(session, 1000, 20000);
  REQUIRE(rc == MEDLEY_TXN_TOO_BIG, "a transaction beyond the cap answered %s: %s", medley_status_name(rc),
          text_of(session));
  printf("  %s\n", text_of(session));
  REQUIRE(count_wide_rows(session) == BURST, "something of the refused transaction stayed");
  REQUIRE(insert_burst(session, 1000, BURST) == MEDLEY_OK, "after it: %s", text_of(session));
  REQUIRE(count_wide_rows(session) == 2 * BURST, "rows");
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
}

#define SESSIONS 24
static void reader_slots_exhausted(const char *folder) {
  medley_options options;
  medley *db;
  medley_session *first, *sessions[SESSIONS] = {NULL};
  medley_error error = {0};
  options_of(&options);
  options.reader_count_max = 8;
  PATH_OF(path, folder, "readers.medley");
  open_or_fail(path, &options, &db, &first);
  create_rows_table(first);
  REQUIRE(insert_row(first, 1) == MEDLEY_OK, "%s", text_of(first));
  int refused = 0, reading = 0;
  for (int i = 0; i < SESSIONS; i++) {
    int rc = medley_session_open(db, &sessions[i], &error);
    int64_t count;
    if (rc == MEDLEY_OK) rc = medley_begin(sessions[i], MEDLEY_READ);
    if (rc == MEDLEY_OK) rc = fault_sql_number(sessions[i], "SELECT count(*) FROM rows", 0, NULL, &count);
    REQUIRE(rc == MEDLEY_OK || rc == MEDLEY_READERS_FULL, "reader %d: %s", i, medley_status_name(rc));
    if (rc == MEDLEY_OK) REQUIRE(count == 1, "reader %d sees %lld rows", i, (long long)count);
    const char *message = sessions[i] != NULL ? text_of(sessions[i]) : error.message;
    if (rc != MEDLEY_OK) REQUIRE(message[0] != 0, "READERS_FULL without a message");
    if (rc != MEDLEY_OK && refused == 0) printf("  reader %d: %s\n", i, message);
    refused += rc != MEDLEY_OK;
    reading += rc == MEDLEY_OK;
  }
  REQUIRE(refused > 0 && reading > 0, "%d read, %d were refused", reading, refused);
  REQUIRE(insert_row(first, 2) == MEDLEY_OK, "writing while slots are full: %s", text_of(first));
  for (int i = 0; i < SESSIONS; i++) medley_session_close(sessions[i]);
  for (int i = 0; i < 3; i++) {
    REQUIRE(medley_session_open(db, &sessions[i], &error) == MEDLEY_OK, "after closing: %s", error.message);
    REQUIRE(medley_begin(sessions[i], MEDLEY_READ) == MEDLEY_OK, "after closing: %s", text_of(sessions[i]));
    REQUIRE(count_rows(sessions[i]) == 2, "rows");
    medley_session_close(sessions[i]);
  }
  require_sound(db);
  medley_session_close(first);
  medley_close(db);
}

/* A process that stays: it writes and deletes whenever it is told to, and looks at the table of readers at the end. */
static void keep_writing(const char *path, const medley_options *options, int orders, int answers) {
  medley *db;
  medley_session *session;
  medley_stats stats;
  medley_error error = {0};
  char byte;
  int more;
  open_or_fail(path, options, &db, &session);
  create_rows_table(session);
  REQUIRE(write(answers, "r", 1) == 1, "pipe");
  for (int64_t round = 0; read(orders, &byte, 1) == 1; round++) {
    for (int64_t i = 0; i < 10; i++) {
      REQUIRE(insert_row(session, round * 10 + i + 1) == MEDLEY_OK, "round %lld: %s", (long long)round,
              text_of(session));
      int rc = fault_sql(session, "DELETE FROM rows", 0, NULL);
      REQUIRE(rc == MEDLEY_OK, "round %lld: %s", (long long)round, text_of(session));
    }
    REQUIRE(write(answers, "r", 1) == 1, "pipe");
  }
  REQUIRE(medley_maintain(db, 1000, &more, &error) == MEDLEY_OK, "%s", error.message);
  REQUIRE(medley_stat(db, &stats, &error) == MEDLEY_OK, "%s", error.message);
  printf("  %u of %u reader slots taken, the oldest %llu commits behind, file of %llu KiB\n", stats.readers,
         stats.reader_count_max, (unsigned long long)stats.oldest_reader_lag,
         (unsigned long long)stats.file_bytes / 1024);
  REQUIRE(stats.readers <= 4, "%u readers stand in the table", stats.readers);
  REQUIRE(stats.oldest_reader_lag < 100, "the oldest reader is %llu commits behind",
          (unsigned long long)stats.oldest_reader_lag);
  require_sound(db);
  medley_session_close(session);
  medley_close(db);
  fflush(stdout);
  _exit(PASSED);
}

/* Other processes begin to read and are killed, again and again: their slots must come back, and the pages they held. */
static void dead_readers_cleared(const char *folder) {
  medley_options options;
  options_of(&options);
  options.reader_count_max = 8;
  PATH_OF(path, folder, "dead.medley");
  int orders[2], answers[2], status = 0;
  char byte;
  REQUIRE(pipe(orders) == 0 && pipe(answers) == 0, "pipe");
  fflush(stdout);
  pid_t keeper = fork();
  if (keeper == 0) {
    close(orders[1]);
    keep_writing(path, &options, orders[0], answers[1]);
  }
  close(answers[1]);
  REQUIRE(read(answers[0], &byte, 1) == 1, "the process that stays failed");
  for (int round = 0; round < 30; round++) {
    int ready[2];
    REQUIRE(pipe(ready) == 0, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
      medley *db;
      medley_session *session;
      open_or_fail(path, &options, &db, &session);
      REQUIRE(medley_begin(session, MEDLEY_READ) == MEDLEY_OK, "round %d: %s", round, text_of(session));
      (void)count_rows(session);
      REQUIRE(write(ready[1], "r", 1) == 1, "pipe");
      for (;;) pause();
    }
    close(ready[1]);
    REQUIRE(read(ready[0], &byte, 1) == 1, "round %d: the reader failed", round);
    close(ready[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    REQUIRE(write(orders[1], "w", 1) == 1 && read(answers[0], &byte, 1) == 1, "round %d: the writer failed", round);
  }
  close(orders[1]);
  waitpid(keeper, &status, 0);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == PASSED, "the process that stays failed");
}

typedef struct limit_case {
  const char *name;
  void (*run)(const char *folder);
} limit_case;

static const limit_case cases[] = {{"size limit reached", size_limit_reached},
                                   {"map exhausted", map_exhausted},
                                   {"disk full", disk_full},
                                   {"disk filled by others", disk_full_by_others},
                                   {"creation on a full disk", create_on_full_disk},
                                   {"read-only file system", read_only_file_system},
                                   {"page cap reached", page_cap_reached},
                                   {"no room for rows that arrive together", no_room_for_bursts},
                                   {"page cap reached by rows that arrive together", page_cap_reached_by_a_burst},
                                   {"reader slots exhausted", reader_slots_exhausted},
                                   {"dead readers are cleared", dead_readers_cleared}};

static int run_case(const limit_case *one) {
  char folder[FAULT_PATH_SIZE];
  int status = 0;
  fault_scratch_make(folder);
  printf("%s\n", one->name);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(TIME_LIMIT_S);
    one->run(folder);
    fflush(stdout);
    _exit(PASSED);
  }
  waitpid(pid, &status, 0);
  fault_scratch_remove(folder);
  if (WIFSIGNALED(status)) {
    printf("  FAILED: signal %d%s\n", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? " (it hung)" : "");
    return FAILED;
  }
  if (WEXITSTATUS(status) == SKIPPED) printf("  SKIPPED: no file system can be mounted here (not root)\n");
  if (WEXITSTATUS(status) == FAILED) printf("  FAILED\n");
  return WEXITSTATUS(status);
}

int main(int argc, char **argv) {
  int counts[3] = {0, 0, 0};
  uint64_t only = fault_scratch_number(argc, argv, "--case", NULL, UINT64_MAX);
  journal = (medley_journal)fault_scratch_number(argc, argv, "--journal", NULL, MEDLEY_JOURNAL_DEFAULT);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (only != UINT64_MAX && only != i) continue;
    int rc = run_case(&cases[i]);
    counts[rc == PASSED ? 0 : rc == SKIPPED ? 2 : 1]++;
  }
  if (counts[2] > 0) printf("%d SKIPPED\n", counts[2]);
  printf("%d passed, %d failed\n", counts[0], counts[1]);
  return counts[1] == 0 ? 0 : 1;
}
