/* wide_model.c - rows of a wide-column table with collections, static and counter columns, an index and a view; of one with windows of time.
 *
 * Worker 3 owns the partitions (3, 0) and (3, 1). What a view and an index must hold follows from the rows; both are read beside them, and
 * medley_check compares them entry by entry. */
#include <inttypes.h>
#include <string.h>

#include "tests/fault/calls.h"
#include "tests/fault/model.h"

#define PARTITION_COUNT 2
#define ROW_COUNT 10
#define ELEMENT_COUNT 8
#define LIST_LEN_MAX 8
#define TEXT_LEN_MAX 9000
#define SEEN_TIMES 40 /* seconds around 1970, in windows of five */

typedef struct row_reference {
  bool there, has_value, has_text;
  uint8_t tags; /* bit n: n is in the set */
  uint8_t marks_there;
  uint8_t item_count;
  int32_t value;
  int32_t items[LIST_LEN_MAX];
  int32_t marks[ELEMENT_COUNT];
  uint32_t text_len;
  uint64_t text_seed;
} row_reference;

typedef struct reference {
  uint64_t number;
  int64_t extra;
  int64_t counter;
  bool counter_there;
  bool static_there[PARTITION_COUNT];
  int64_t statics[PARTITION_COUNT];
  uint8_t seen_there[SEEN_TIMES];
  int32_t seen[SEEN_TIMES];
  row_reference rows[PARTITION_COUNT][ROW_COUNT];
} reference;
_Static_assert(sizeof(reference) <= FAULT_REFERENCE_SIZE_MAX, "the reference must fit");

static int create(medley_session *session, uint32_t worker_count) {
  static const char *const statements[] = {
      "CREATE KEYSPACE fault WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE fault.items (worker int, part int, id int, note bigint static, value int, text text, tags "
      "set<int>, "
      "items list<int>, marks map<int, int>, PRIMARY KEY ((worker, part), id)) WITH CLUSTERING ORDER BY (id DESC) AND "
      "segment_rows = 3",
      "CREATE INDEX ON fault.items (value)",
      "CREATE INDEX ON fault.items (tags)",
      "CREATE MATERIALIZED VIEW fault.by_value AS SELECT worker, part, id, value, text FROM fault.items WHERE worker "
      "IS "
      "NOT NULL AND part IS NOT NULL AND id IS NOT NULL AND value IS NOT NULL PRIMARY KEY (worker, value, part, id)",
      "CREATE TABLE fault.counters (worker int PRIMARY KEY, n counter)",
      ("CREATE TABLE fault.seen (worker int, at int, value int, PRIMARY KEY (worker, at)) WITH CLUSTERING ORDER BY (at "
       "DESC) AND segment_rows = 2 AND time_window = {'column': 'at', 'size': '5s', 'unit': 's'}"),
      "CREATE TABLE fault.progress (worker int PRIMARY KEY, number bigint, extra bigint) WITH segment_rows = 1"};
  (void)worker_count;
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof statements / sizeof statements[0]; i++)
    rc = fault_cql(session, statements[i], 0, NULL);
  return rc;
}

/* Statements whose last three parameters are worker, part and id. */
static int row_statement(fault_turn *turn, const char *cql, int count, int64_t first, uint32_t part, uint32_t id) {
  int64_t values[4] = {first, turn->worker, part, id};
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, cql, 3 + count, values + 1 - count);
}

#define WHERE_ROW " WHERE worker = ? AND part = ? AND id = ?"

/* ---- Changes of one row ---- a row that an UPDATE made is there as long as a column of it is. */
static int insert_row(fault_turn *turn, row_reference *row, uint32_t part, uint32_t id, int32_t value) {
  row->there = row->has_value = true;
  row->value = value;
  return row_statement(turn, "INSERT INTO fault.items (value, worker, part, id) VALUES (?, ?, ?, ?)", 1, value, part,
                       id);
}

static int set_text(fault_turn *turn, row_reference *row, uint32_t part, uint32_t id) {
  row->has_text = true;
  row->text_len = 1 + fault_random_below(turn->random, fault_random_percent(turn->random, 20) ? TEXT_LEN_MAX : 60);
  row->text_seed = fault_random_next(turn->random);
  if (turn->session == NULL) return MEDLEY_OK;
  char bytes[TEXT_LEN_MAX + 8];
  fault_model_fill((uint8_t *)bytes, row->text_len, row->text_seed);
  for (uint32_t i = 0; i < row->text_len; i++) bytes[i] = (char)('a' + ((uint8_t)bytes[i] & 15));
  int64_t key[3] = {turn->worker, part, id};
  return fault_cql_text(turn->session, "UPDATE fault.items SET text = ?" WHERE_ROW, bytes, row->text_len, 3, key);
}

static int change_set(fault_turn *turn, row_reference *row, uint32_t part, uint32_t id, uint32_t element) {
  bool add = fault_random_percent(turn->random, 65);
  row->tags = (uint8_t)(add ? row->tags | 1u << element : row->tags & ~(1u << element));
  return row_statement(
      turn,
      add ? "UPDATE fault.items SET tags = tags + {?}" WHERE_ROW : "UPDATE fault.items SET tags = tags - {?}" WHERE_ROW,
      1, element, part, id);
}

static int change_map(fault_turn *turn, row_reference *row, uint32_t part, uint32_t id, uint32_t element,
                      int32_t value) {
  char cql[160];
  bool put = fault_random_percent(turn->random, 65);
  row->marks_there = (uint8_t)(put ? row->marks_there | 1u << element : row->marks_there & ~(1u << element));
  row->marks[element] = value;
  if (put)
    snprintf(cql, sizeof cql, "UPDATE fault.items SET marks[%u] = ?" WHERE_ROW, element);
  else
    snprintf(cql, sizeof cql, "DELETE marks[%u] FROM fault.items" WHERE_ROW, element);
  return row_statement(turn, cql, put, value, part, id);
}

static int change_list(fault_turn *turn, row_reference *row, uint32_t part, uint32_t id, int32_t value) {
  uint32_t choice = fault_random_below(turn->random, 100);
  char cql[160];
  if (row->item_count < LIST_LEN_MAX && choice < 60) {
    bool front = choice < 25;
    if (front) memmove(row->items + 1, row->items, row->item_count * sizeof row->items[0]);
    row->items[front ? 0 : row->item_count] = value;
    row->item_count++;
    return row_statement(turn,
                         front ? "UPDATE fault.items SET items = [?] + items" WHERE_ROW
                               : "UPDATE fault.items SET items = items + [?]" WHERE_ROW,
                         1, value, part, id);
  }
  if (row->item_count == 0) return MEDLEY_OK;
  uint32_t at = fault_random_below(turn->random, row->item_count);
  if (choice < 80) {
    row->items[at] = value;
    snprintf(cql, sizeof cql, "UPDATE fault.items SET items[%u] = ?" WHERE_ROW, at);
    return row_statement(turn, cql, 1, value, part, id);
  }
  memmove(row->items + at, row->items + at + 1, (row->item_count - at - 1u) * sizeof row->items[0]);
  row->item_count--;
  snprintf(cql, sizeof cql, "DELETE items[%u] FROM fault.items" WHERE_ROW, at);
  return row_statement(turn, cql, 0, 0, part, id);
}

static int change_row(fault_turn *turn, reference *known) {
  uint32_t part = fault_random_below(turn->random, PARTITION_COUNT), id = fault_random_below(turn->random, ROW_COUNT);
  uint32_t element = fault_random_below(turn->random, ELEMENT_COUNT), choice = fault_random_below(turn->random, 100);
  int32_t value = (int32_t)fault_random_below(turn->random, 50);
  row_reference *row = &known->rows[part][id];
  if (choice < 25) return insert_row(turn, row, part, id, value);
  if (choice < 35) {
    row->has_value = true;
    row->value = value;
    return row_statement(turn, "UPDATE fault.items SET value = ?" WHERE_ROW, 1, value, part, id);
  }
  if (choice < 42) {
    row->has_value = false;
    return row_statement(turn, "DELETE value FROM fault.items" WHERE_ROW, 0, 0, part, id);
  }
  if (choice < 55) return set_text(turn, row, part, id);
  if (choice < 68) return change_set(turn, row, part, id, element);
  if (choice < 80) return change_map(turn, row, part, id, element, value);
  if (choice < 93) return change_list(turn, row, part, id, value);
  *row = (row_reference){0};
  return row_statement(turn, "DELETE FROM fault.items" WHERE_ROW, 0, 0, part, id);
}

/* ---- Changes of more ---- */
static int delete_many(fault_turn *turn, reference *known) {
  uint32_t part = fault_random_below(turn->random, PARTITION_COUNT), from = fault_random_below(turn->random, ROW_COUNT);
  bool all = fault_random_percent(turn->random, 30);
  for (uint32_t i = all ? 0 : from; i < ROW_COUNT; i++) known->rows[part][i] = (row_reference){0};
  if (all) known->static_there[part] = false;
  int64_t values[3] = {turn->worker, part, from};
  if (turn->session == NULL) return MEDLEY_OK;
  if (all) return fault_cql(turn->session, "DELETE FROM fault.items WHERE worker = ? AND part = ?", 2, values);
  return fault_cql(turn->session, "DELETE FROM fault.items WHERE worker = ? AND part = ? AND id >= ?", 3, values);
}

static int set_static(fault_turn *turn, reference *known) {
  uint32_t part = fault_random_below(turn->random, PARTITION_COUNT);
  int64_t values[3] = {fault_random_below(turn->random, 1000), turn->worker, part};
  known->static_there[part] = true;
  known->statics[part] = values[0];
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, "UPDATE fault.items SET note = ? WHERE worker = ? AND part = ?", 3, values);
}

/* Windows are made by what is put into them, and undone with it. */
static int change_seen(fault_turn *turn, reference *known) {
  uint32_t at = fault_random_below(turn->random, SEEN_TIMES), choice = fault_random_below(turn->random, 100);
  int64_t values[3] = {fault_random_below(turn->random, 1000), turn->worker, (int64_t)at - SEEN_TIMES / 2};
  bool puts = choice < 80, whole = choice >= 92;
  for (uint32_t i = at; i < (whole ? SEEN_TIMES : at + 1); i++) known->seen_there[i] = puts;
  if (puts) known->seen[at] = (int32_t)values[0];
  if (turn->session == NULL) return MEDLEY_OK;
  if (puts) /* every other one with an end, though none comes to it: they are sealed with it */
    return fault_cql(turn->session,
                     at % 2 == 0 ? "INSERT INTO fault.seen (value, worker, at) VALUES (?, ?, ?)"
                                 : "INSERT INTO fault.seen (value, worker, at) VALUES (?, ?, ?) USING TTL 1000000",
                     3, values);
  return fault_cql(turn->session,
                   whole ? "DELETE FROM fault.seen WHERE worker = ? AND at >= ?"
                         : "DELETE FROM fault.seen WHERE worker = ? AND at = ?",
                   2, values + 1);
}

static int add_counter(fault_turn *turn, reference *known) {
  int64_t values[2] = {(int64_t)fault_random_below(turn->random, 2000) - 1000, turn->worker};
  known->counter += values[0];
  known->counter_there = true;
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, "UPDATE fault.counters SET n = n + ? WHERE worker = ?", 2, values);
}

/* A batch over both partitions, in one statement, and one of counters, which stay among themselves. */
static int run_batch(fault_turn *turn, reference *known) {
  uint32_t id = fault_random_below(turn->random, ROW_COUNT);
  int64_t value = fault_random_below(turn->random, 50), by = (int64_t)fault_random_below(turn->random, 10);
  for (uint32_t part = 0; part < PARTITION_COUNT; part++) {
    known->rows[part][id].there = known->rows[part][id].has_value = true;
    known->rows[part][id].value = (int32_t)value;
  }
  known->counter += 2 * by;
  known->counter_there = true;
  int64_t values[6] = {value, turn->worker, id, value, turn->worker, id};
  int64_t counted[4] = {by, turn->worker, by, turn->worker};
  if (turn->session == NULL) return MEDLEY_OK;
  int rc = fault_cql(turn->session,
                     "BEGIN BATCH INSERT INTO fault.items (value, worker, part, id) VALUES (?, ?, 0, ?); INSERT INTO "
                     "fault.items (value, worker, part, id) VALUES (?, ?, 1, ?); APPLY BATCH",
                     6, values);
  if (rc != MEDLEY_OK) return rc;
  return fault_cql(
      turn->session,
      "BEGIN COUNTER BATCH UPDATE fault.counters SET n = n + ? WHERE worker = ?; UPDATE fault.counters SET "
      "n = n + ? WHERE worker = ?; APPLY BATCH",
      4, counted);
}

/* The last statement of a batch fails after the first has written. */
static int fail_batch(fault_turn *turn) {
  if (turn->session == NULL) return MEDLEY_OK;
  int64_t values[2] = {turn->worker, turn->worker};
  bool within = medley_session_state(turn->session) == MEDLEY_WRITING;
  int rc = fault_cql(turn->session,
                     "BEGIN BATCH INSERT INTO fault.items (worker, part, id, value) VALUES (?, 0, 0, 12345); UPDATE "
                     "fault.items SET items[99] = 1 WHERE worker = ? AND part = 1 AND id = 0; APPLY BATCH",
                     2, values);
  /* Where what it wrote could not be undone, it took the transaction with it. */
  if (rc == MEDLEY_RANGE && within && medley_session_state(turn->session) != MEDLEY_WRITING) return MEDLEY_ABORTED;
  return rc == MEDLEY_RANGE ? MEDLEY_OK : rc == MEDLEY_OK ? MEDLEY_ERROR : rc;
}

static int change(fault_turn *turn, void *reference_bytes) {
  reference *known = reference_bytes;
  uint32_t choice = fault_random_below(turn->random, 100);
  if (choice < 60) return change_row(turn, known);
  if (choice < 72) return change_seen(turn, known);
  if (choice < 78) return delete_many(turn, known);
  if (choice < 84) return set_static(turn, known);
  if (choice < 89) return add_counter(turn, known);
  if (choice < 96) return run_batch(turn, known);
  return turn->may_fail ? fail_batch(turn) : MEDLEY_OK;
}

static int tick(fault_turn *turn, void *reference_bytes, uint64_t number) {
  reference *known = reference_bytes;
  known->number = number;
  known->extra = fault_random_below(turn->random, 1u << 30);
  int64_t values[3] = {turn->worker, (int64_t)number, known->extra};
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, "INSERT INTO fault.progress (worker, number, extra) VALUES (?, ?, ?)", 3, values);
}

static int read_tick(medley_session *session, uint32_t worker, uint64_t *number) {
  fault_text text = {0};
  int64_t key = worker;
  int rc = fault_cql_rows(session, "SELECT number FROM fault.progress WHERE worker = ?", 1, &key, &text);
  *number = text.len > 0 ? strtoull(text.bytes, NULL, 10) : 0;
  fault_text_clear(&text);
  return rc;
}

/* ---- What the database holds, and what it must hold ---- */
static int database_dump(medley_session *session, uint32_t worker, fault_text *text) {
  int64_t key[2] = {worker, 0};
  int rc = fault_cql_rows(session, "SELECT number, extra FROM fault.progress WHERE worker = ?", 1, key, text);
  if (rc == MEDLEY_OK) rc = fault_cql_rows(session, "SELECT n FROM fault.counters WHERE worker = ?", 1, key, text);
  for (int64_t part = 0; rc == MEDLEY_OK && part < PARTITION_COUNT; part++) {
    key[1] = part;
    fault_text_add(text, "part %d\n", (int)part);
    rc = fault_cql_rows(
        session, "SELECT id, note, value, text, tags, items, marks FROM fault.items WHERE worker = ? AND part = ?", 2,
        key, text);
  }
  fault_text_add(text, "seen\n");
  if (rc == MEDLEY_OK) rc = fault_cql_rows(session, "SELECT at, value FROM fault.seen WHERE worker = ?", 1, key, text);
  fault_text_add(text, "by value\n");
  if (rc == MEDLEY_OK)
    rc = fault_cql_rows(session, "SELECT value, part, id, text FROM fault.by_value WHERE worker = ?", 1, key, text);
  return rc;
}

static void dump_text(fault_text *text, const row_reference *row) {
  char bytes[TEXT_LEN_MAX + 8];
  if (!row->has_text) {
    fault_text_add(text, "null");
    return;
  }
  fault_model_fill((uint8_t *)bytes, row->text_len, row->text_seed);
  for (uint32_t i = 0; i < row->text_len; i++) bytes[i] = (char)('a' + ((uint8_t)bytes[i] & 15));
  fault_text_add(text, "%u:%016" PRIx64, row->text_len, fault_text_hash(bytes, row->text_len));
}

static bool is_there(const row_reference *row) {
  return row->there || row->has_value || row->has_text || row->tags != 0 || row->marks_there != 0 ||
         row->item_count > 0;
}

static void dump_row(fault_text *text, const row_reference *row) {
  row->has_value ? fault_text_add(text, "%d|", row->value) : fault_text_add(text, "null|");
  dump_text(text, row);
  fault_text_add(text, row->tags != 0 ? "|[" : "|null");
  for (uint32_t i = 0; i < ELEMENT_COUNT; i++) {
    if (row->tags >> i & 1) fault_text_add(text, " %u", i);
  }
  fault_text_add(text, "%s", row->tags != 0 ? "]" : "");
  fault_text_add(text, row->item_count > 0 ? "|[" : "|null");
  for (uint32_t i = 0; i < row->item_count; i++) fault_text_add(text, " %d", row->items[i]);
  fault_text_add(text, "%s", row->item_count > 0 ? "]" : "");
  fault_text_add(text, row->marks_there != 0 ? "|{" : "|null");
  for (uint32_t i = 0; i < ELEMENT_COUNT; i++) {
    if (row->marks_there >> i & 1) fault_text_add(text, " %u=%d", i, row->marks[i]);
  }
  fault_text_add(text, "%s\n", row->marks_there != 0 ? "}" : "");
}

static void dump_partition(fault_text *text, const reference *known, uint32_t part) {
  bool any = false;
  fault_text_add(text, "part %u\n", part);
  for (uint32_t id = ROW_COUNT; id-- > 0;) { /* the clustering order is descending */
    if (!is_there(&known->rows[part][id])) continue;
    any = true;
    fault_text_add(text, "%u|", id);
    if (known->static_there[part])
      fault_text_add(text, "%" PRId64 "|", known->statics[part]);
    else
      fault_text_add(text, "null|");
    dump_row(text, &known->rows[part][id]);
  }
  if (!any && known->static_there[part])
    fault_text_add(text, "null|%" PRId64 "|null|null|null|null|null\n", known->statics[part]);
}

static void reference_dump(const void *reference_bytes, uint32_t worker, fault_text *text) {
  const reference *known = reference_bytes;
  (void)worker;
  if (known->number > 0) fault_text_add(text, "%" PRIu64 "|%" PRId64 "\n", known->number, known->extra);
  if (known->counter_there) fault_text_add(text, "%" PRId64 "\n", known->counter);
  for (uint32_t part = 0; part < PARTITION_COUNT; part++) dump_partition(text, known, part);
  fault_text_add(text, "seen\n");
  for (int32_t i = SEEN_TIMES; i-- > 0;) { /* the last one first */
    if (known->seen_there[i]) fault_text_add(text, "%d|%d\n", i - SEEN_TIMES / 2, known->seen[i]);
  }
  fault_text_add(text, "by value\n");
  for (int32_t value = 0; value < 50; value++) {
    for (uint32_t part = 0; part < PARTITION_COUNT; part++) {
      for (uint32_t id = 0; id < ROW_COUNT; id++) {
        const row_reference *row = &known->rows[part][id];
        if (!row->has_value || row->value != value) continue;
        fault_text_add(text, "%d|%u|%u|", value, part, id);
        dump_text(text, row);
        fault_text_add(text, "\n");
      }
    }
  }
}

const fault_model fault_wide_model = {"wide", sizeof(reference), create,        change,
                                      tick,   read_tick,         database_dump, reference_dump};
