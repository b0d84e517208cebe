/* sql_model.c - tables with an index, triggers, overflowing blobs, failing statements and a schema that changes. */
#include <string.h>

#include "tests/fault/calls.h"
#include "tests/fault/model.h"

#define ITEM_COUNT 24
#define NOTE_LEN_MAX 12000

typedef struct item {
  bool there;
  int64_t value;
  uint32_t note_len;
  uint64_t note_seed;
} item;

typedef struct reference {
  uint64_t number;
  int64_t extra;
  item items[ITEM_COUNT];
  bool scratch_there;
  int64_t scratch_rows;
} reference;
_Static_assert(sizeof(reference) <= FAULT_REFERENCE_SIZE_MAX, "the reference must fit");

static int create(medley_session *session, uint32_t worker_count) {
  static const char schema[] =
      "CREATE TABLE progress (worker INTEGER PRIMARY KEY, number INTEGER NOT NULL, extra INTEGER NOT NULL);"
      "CREATE TABLE item (worker INTEGER NOT NULL, id INTEGER NOT NULL, value INTEGER NOT NULL, note BLOB,"
      "  PRIMARY KEY (worker, id)) WITHOUT ROWID;"
      "CREATE INDEX item_value ON item (value);"
      "CREATE TABLE total (worker INTEGER PRIMARY KEY, items INTEGER NOT NULL, sum INTEGER NOT NULL);"
      "CREATE TRIGGER item_added AFTER INSERT ON item BEGIN"
      "  UPDATE total SET items = items + 1, sum = sum + new.value WHERE worker = new.worker; END;"
      "CREATE TRIGGER item_removed AFTER DELETE ON item BEGIN"
      "  UPDATE total SET items = items - 1, sum = sum - old.value WHERE worker = old.worker; END;"
      "CREATE TRIGGER item_changed AFTER UPDATE OF value ON item BEGIN"
      "  UPDATE total SET sum = sum + new.value - old.value WHERE worker = new.worker; END;";
  int rc = medley_exec(session, MEDLEY_LANGUAGE_SQL, schema, MEDLEY_NUL_ENDED, NULL, NULL);
  for (int64_t worker = 0; rc == MEDLEY_OK && worker < worker_count; worker++) {
    rc = fault_sql(session, "INSERT INTO total VALUES (?, 0, 0)", 1, &worker);
  }
  return rc;
}

/* Inserts a row, or replaces what is there. */
static int put_item(fault_turn *turn, reference *known, uint32_t id) {
  bool large = fault_random_percent(turn->random, 12);
  int64_t value = fault_random_below(turn->random, 1000);
  uint32_t len = fault_random_below(turn->random, large ? NOTE_LEN_MAX : 60);
  uint64_t seed = fault_random_next(turn->random);
  bool there = known->items[id].there;
  known->items[id] = (item){true, value, len, seed};
  if (turn->session == NULL) return MEDLEY_OK;
  uint8_t note[NOTE_LEN_MAX + 8];
  fault_model_fill(note, len, seed);
  int64_t values[3] = {value, turn->worker, id};
  const char *sql = there ? "UPDATE item SET value = ?1, note = ?4 WHERE worker = ?2 AND id = ?3"
                          : "INSERT INTO item (value, worker, id, note) VALUES (?, ?, ?, ?)";
  return fault_sql_blob(turn->session, sql, 3, values, note, len);
}

static int change_range(fault_turn *turn, reference *known, uint32_t id) {
  uint32_t last = id + fault_random_below(turn->random, 10);
  int64_t by = (int64_t)fault_random_below(turn->random, 200) - 100;
  for (uint32_t i = id; i <= last && i < ITEM_COUNT; i++) known->items[i].value += by;
  if (turn->session == NULL) return MEDLEY_OK;
  int64_t values[4] = {by, turn->worker, id, last};
  return fault_sql(turn->session, "UPDATE item SET value = value + ? WHERE worker = ? AND id BETWEEN ? AND ?", 4,
                   values);
}

static int delete_range(fault_turn *turn, reference *known, uint32_t id) {
  uint32_t last = id + fault_random_below(turn->random, 5);
  for (uint32_t i = id; i <= last && i < ITEM_COUNT; i++) known->items[i] = (item){0};
  if (turn->session == NULL) return MEDLEY_OK;
  int64_t values[3] = {turn->worker, id, last};
  return fault_sql(turn->session, "DELETE FROM item WHERE worker = ? AND id BETWEEN ? AND ?", 3, values);
}

/* Two new rows and then one that is there: the statement must fail and leave neither of the two. */
static int fail_insert(fault_turn *turn, const reference *known, uint32_t id) {
  uint32_t taken = 0;
  while (taken < ITEM_COUNT && !known->items[taken].there) taken++;
  if (taken == ITEM_COUNT || turn->session == NULL) return MEDLEY_OK;
  int64_t values[3] = {turn->worker, 1000 + id, taken};
  int rc = fault_sql(turn->session,
                     "INSERT INTO item VALUES (?1, ?2, 1, NULL), (?1, ?2 + 1, 2, NULL), (?1, ?3, 3, NULL)", 3, values);
  if (rc == MEDLEY_CONSTRAINT) return MEDLEY_OK;
  return rc == MEDLEY_OK ? MEDLEY_ERROR : rc;
}

static int change_schema(fault_turn *turn, reference *known) {
  char sql[200];
  uint32_t rows = 1 + fault_random_below(turn->random, 30);
  if (!known->scratch_there) {
    snprintf(sql, sizeof sql,
             "CREATE TABLE scratch_%u AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < %u) "
             "SELECT x, hex(zeroblob(200)) AS y FROM r",
             turn->worker, rows);
    known->scratch_rows = rows;
  } else {
    snprintf(sql, sizeof sql, "DROP TABLE scratch_%u", turn->worker);
    known->scratch_rows = 0;
  }
  known->scratch_there = !known->scratch_there;
  return turn->session == NULL ? MEDLEY_OK : fault_sql(turn->session, sql, 0, NULL);
}

static int change(fault_turn *turn, void *reference_bytes) {
  reference *known = reference_bytes;
  uint32_t choice = fault_random_below(turn->random, 100);
  uint32_t id = fault_random_below(turn->random, ITEM_COUNT);
  if (choice < 50) return put_item(turn, known, id);
  if (choice < 68) return change_range(turn, known, id);
  if (choice < 82) return delete_range(turn, known, id);
  if (choice < 94) return turn->may_fail ? fail_insert(turn, known, id) : change_range(turn, known, id);
  return change_schema(turn, known);
}

static int tick(fault_turn *turn, void *reference_bytes, uint64_t number) {
  reference *known = reference_bytes;
  known->number = number;
  known->extra = fault_random_below(turn->random, 1u << 30);
  if (turn->session == NULL) return MEDLEY_OK;
  int64_t values[3] = {turn->worker, (int64_t)number, known->extra};
  return fault_sql(turn->session,
                   "INSERT INTO progress VALUES (?, ?, ?) "
                   "ON CONFLICT (worker) DO UPDATE SET number = excluded.number, extra = excluded.extra",
                   3, values);
}

static int read_tick(medley_session *session, uint32_t worker, uint64_t *number) {
  int64_t key = worker, found = 0;
  int rc = fault_sql_number(session, "SELECT number FROM progress WHERE worker = ?", 1, &key, &found);
  *number = (uint64_t)found;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int database_dump(medley_session *session, uint32_t worker, fault_text *text) {
  char sql[200];
  int64_t key = worker, scratch = 0;
  int rc = fault_sql_rows(session, "SELECT number, extra FROM progress WHERE worker = ?", 1, &key, text);
  fault_text_add(text, "items\n");
  if (rc == MEDLEY_OK) {
    rc = fault_sql_rows(session, "SELECT id, value, note FROM item WHERE worker = ? ORDER BY id", 1, &key, text);
  }
  fault_text_add(text, "total\n");
  if (rc == MEDLEY_OK) rc = fault_sql_rows(session, "SELECT items, sum FROM total WHERE worker = ?", 1, &key, text);
  snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE name = 'scratch_%u'", worker);
  if (rc == MEDLEY_OK) rc = fault_sql_number(session, sql, 0, NULL, &scratch);
  snprintf(sql, sizeof sql, "SELECT count(*), sum(length(y)) FROM scratch_%u", worker);
  if (rc == MEDLEY_OK && scratch > 0) rc = fault_sql_rows(session, sql, 0, NULL, text);
  return rc;
}

static void reference_dump(const void *reference_bytes, uint32_t worker, fault_text *text) {
  const reference *known = reference_bytes;
  int64_t count = 0, sum = 0;
  (void)worker;
  if (known->number > 0) {
    fault_text_add(text, "%llu|%lld\n", (unsigned long long)known->number, (long long)known->extra);
  }
  fault_text_add(text, "items\n");
  for (uint32_t id = 0; id < ITEM_COUNT; id++) {
    const item *row = &known->items[id];
    if (!row->there) continue;
    uint8_t note[NOTE_LEN_MAX + 8];
    fault_model_fill(note, row->note_len, row->note_seed);
    fault_text_add(text, "%u|%lld|%u:%016llx\n", id, (long long)row->value, row->note_len,
                   (unsigned long long)fault_text_hash(note, row->note_len));
    count++;
    sum += row->value;
  }
  fault_text_add(text, "total\n%lld|%lld\n", (long long)count, (long long)sum);
  if (known->scratch_there) {
    fault_text_add(text, "%lld|%lld\n", (long long)known->scratch_rows, (long long)known->scratch_rows * 400);
  }
}

const fault_model fault_sql_model = {"sql", sizeof(reference), create,        change,
                                     tick,  read_tick,         database_dump, reference_dump};
