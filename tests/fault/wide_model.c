/* wide_model.c - rows of a wide-column table with collections, static and counter columns, an index and a view; of one with windows of time; and of a
 * plain one into which rows come in bursts, so that they stand in sorted runs, are merged, sealed, changed and deleted there.
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
#define BURST_IDS 180
#define BURST_MIN 3
#define BURST_MAX 40
#define NOTE_LEN_MAX 1500 /* more than a run takes */

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

/* Of the table that rows come to in bursts. */
enum { BURST_MARKED = 1, BURST_HAS_VALUE = 2, BURST_HAS_NOTE = 4 };
typedef struct burst_reference {
  uint8_t there[BURST_IDS]; /* bits of the above */
  int32_t values[BURST_IDS];
  uint16_t notes[BURST_IDS]; /* a note's number says all about it */
} burst_reference;

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
  burst_reference bursts;
} reference;
_Static_assert(sizeof(reference) <= FAULT_REFERENCE_SIZE_MAX, "the reference must fit");

static int create(medley_session *session, uint32_t worker_count) {
  static const char *const statements[] = {
      "CREATE KEYSPACE fault WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE fault.items (worker int, part int, id int, note bigint static, value int, text text, tags "
      "set<int>, "
      "items list<int>, marks map<int, int>, PRIMARY KEY ((worker, part), id)) WITH CLUSTERING ORDER BY (id DESC) AND "
      "segment_rows = 3",
      "CREATE INDEX ON fault.items (value)", "CREATE INDEX ON fault.items (tags)",
      "CREATE MATERIALIZED VIEW fault.by_value AS SELECT worker, part, id, value, text FROM fault.items WHERE worker "
      "IS "
      "NOT NULL AND part IS NOT NULL AND id IS NOT NULL AND value IS NOT NULL PRIMARY KEY (worker, value, part, id)",
      "CREATE TABLE fault.counters (worker int PRIMARY KEY, n counter)",
      ("CREATE TABLE fault.seen (worker int, at int, value int, PRIMARY KEY (worker, at)) WITH CLUSTERING ORDER BY (at "
       "DESC) AND segment_rows = 2 AND time_window = {'column': 'at', 'size': '5s', 'unit': 's'}"),
      /* Half of the windows are there from the beginning: one that is made ends what was put off before. */
      ("BEGIN BATCH INSERT INTO fault.seen (worker, at) VALUES (-1, 0); INSERT INTO fault.seen (worker, at) VALUES "
       "(-1, "
       "5); INSERT INTO fault.seen (worker, at) VALUES (-1, 10); INSERT INTO fault.seen (worker, at) VALUES (-1, 15); "
       "APPLY BATCH"),
      "CREATE TABLE fault.bursts (worker int, id int, value int, note text, PRIMARY KEY (worker, id)) WITH "
      "segment_rows = 32",
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

static int delete_seen(fault_turn *turn, reference *known, uint32_t from) {
  int64_t values[2] = {turn->worker, (int64_t)from - SEEN_TIMES / 2};
  for (uint32_t i = from; i < SEEN_TIMES; i++) known->seen_there[i] = 0;
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, "DELETE FROM fault.seen WHERE worker = ? AND at >= ?", 2, values);
}

/* Windows are made by what is put into them, and undone with it. */
static int change_seen(fault_turn *turn, reference *known) {
  uint32_t at = fault_random_below(turn->random, SEEN_TIMES), choice = fault_random_below(turn->random, 100);
  int64_t values[3] = {fault_random_below(turn->random, 1000), turn->worker, (int64_t)at - SEEN_TIMES / 2};
  bool puts = choice < 80;
  if (choice >= 92) return delete_seen(turn, known, at);
  known->seen_there[at] = puts;
  if (puts) known->seen[at] = (int32_t)values[0];
  if (turn->session == NULL) return MEDLEY_OK;
  if (puts) /* every other one with an end, though none comes to it: they are sealed with it */
    return fault_cql(turn->session,
                     at % 2 == 0 ? "INSERT INTO fault.seen (value, worker, at) VALUES (?, ?, ?)"
                                 : "INSERT INTO fault.seen (value, worker, at) VALUES (?, ?, ?) USING TTL 1000000",
                     3, values);
  return fault_cql(turn->session, "DELETE FROM fault.seen WHERE worker = ? AND at = ?", 2, values + 1);
}

/* ---- Rows that come together ---- most of one transaction's are put off, and stand in a run afterwards. */
static bool is_burst_row(const burst_reference *known, uint32_t id) { return known->there[id] != 0; }

static size_t fill_note(char *bytes, uint16_t note) {
  size_t len = note % 16 == 0 ? NOTE_LEN_MAX - note % 100 : note % 61;
  memset(bytes, 'a' + note % 26, len);
  return len;
}

static int burst_statement(fault_turn *turn, const char *cql, uint16_t note, int count, const int64_t *values) {
  char bytes[NOTE_LEN_MAX];
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql_text(turn->session, cql, bytes, fill_note(bytes, note), count, values);
}

/* One row: with a note or without, with a value or null, with an end that does not come, or for good. What it does not name stays. */
static int put_burst_row(fault_turn *turn, burst_reference *known, uint32_t id) {
  uint32_t choice = fault_random_below(turn->random, 100);
  int64_t values[4] = {fault_random_below(turn->random, 1000), turn->worker, id, 0};
  uint16_t note = (uint16_t)fault_random_below(turn->random, 1u << 16);
  known->there[id] |= BURST_MARKED;
  if (choice < 10) { /* its value goes */
    known->there[id] &= (uint8_t)~BURST_HAS_VALUE;
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_cql(turn->session, "INSERT INTO fault.bursts (worker, id, value) VALUES (?, ?, null)", 2, values + 1);
  }
  known->there[id] |= BURST_HAS_VALUE;
  known->values[id] = (int32_t)values[0];
  if (choice < 40) {
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_cql(turn->session, "INSERT INTO fault.bursts (value, worker, id) VALUES (?, ?, ?)", 3, values);
  }
  known->there[id] |= BURST_HAS_NOTE;
  known->notes[id] = note;
  return burst_statement(turn,
                         choice < 70
                             ? "INSERT INTO fault.bursts (note, value, worker, id) VALUES (?, ?, ?, ?)"
                             : "INSERT INTO fault.bursts (note, value, worker, id) VALUES (?, ?, ?, ?) USING TTL "
                               "1000000",
                         note, 3, values);
}

/* Keys that follow one another, keys in steps, and keys from anywhere, some of them twice. */
static int insert_burst(fault_turn *turn, burst_reference *known) {
  uint32_t count = BURST_MIN + fault_random_below(turn->random, BURST_MAX - BURST_MIN + 1);
  uint32_t from = fault_random_below(turn->random, BURST_IDS), way = fault_random_below(turn->random, 4);
  int rc = MEDLEY_OK;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    uint32_t anywhere = fault_random_below(turn->random, BURST_IDS);
    uint32_t id = way == 3 ? anywhere : (from + i * (way == 2 ? 7 : 1)) % BURST_IDS;
    rc = put_burst_row(turn, known, id);
  }
  return rc;
}

/* Of all windows some rows at once, new ones most of the time: each window has a run of its own. */
static int insert_seen_burst(fault_turn *turn, reference *known) {
  uint32_t from = fault_random_below(turn->random, SEEN_TIMES), count = 6 + fault_random_below(turn->random, 30);
  int64_t values[3] = {fault_random_below(turn->random, 1000), turn->worker, 0};
  int rc = fault_random_percent(turn->random, 70) ? delete_seen(turn, known, from) : MEDLEY_OK;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = (from + i) % SEEN_TIMES;
    known->seen_there[at] = 1;
    known->seen[at] = (int32_t)(values[0] + i);
    int64_t row[3] = {values[0] + i, turn->worker, (int64_t)at - SEEN_TIMES / 2};
    if (turn->session == NULL || rc != MEDLEY_OK) continue;
    rc = fault_cql(turn->session, "INSERT INTO fault.seen (value, worker, at) VALUES (?, ?, ?)", 3, row);
  }
  return rc;
}

/* The same in one statement. */
static int insert_burst_in_a_batch(fault_turn *turn, burst_reference *known) {
  enum { ROWS = 12 };
  int64_t values[3 * ROWS];
  fault_text text = {0};
  uint32_t from = fault_random_below(turn->random, BURST_IDS);
  fault_text_add(&text, "BEGIN BATCH ");
  for (uint32_t i = 0; i < ROWS; i++) {
    uint32_t id = (from + i * 5) % BURST_IDS;
    int64_t row[3] = {turn->worker, id, fault_random_below(turn->random, 1000)};
    memcpy(values + 3 * i, row, sizeof row);
    known->there[id] |= BURST_MARKED | BURST_HAS_VALUE;
    known->values[id] = (int32_t)row[2];
    fault_text_add(&text, "INSERT INTO fault.bursts (worker, id, value) VALUES (?, ?, ?); ");
  }
  fault_text_add(&text, "APPLY BATCH");
  int rc = turn->session == NULL ? MEDLEY_OK : fault_cql(turn->session, text.bytes, 3 * ROWS, values);
  fault_text_clear(&text);
  return rc;
}

static int delete_bursts(fault_turn *turn, burst_reference *known, uint32_t id) {
  uint32_t to = id + 1 + fault_random_below(turn->random, 80);
  int64_t values[3] = {turn->worker, id, to};
  for (uint32_t i = id; i < to && i < BURST_IDS; i++) known->there[i] = 0;
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session, "DELETE FROM fault.bursts WHERE worker = ? AND id >= ? AND id < ?", 3, values);
}

/* A row of which there is only a column, by UPDATE, goes with it. */
static int change_burst_row(fault_turn *turn, burst_reference *known, uint32_t id) {
  uint32_t choice = fault_random_below(turn->random, 100);
  int64_t values[3] = {fault_random_below(turn->random, 1000), turn->worker, id};
  uint16_t note = (uint16_t)fault_random_below(turn->random, 1u << 16);
  if (choice < 40) {
    known->there[id] |= BURST_HAS_VALUE;
    known->values[id] = (int32_t)values[0];
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_cql(turn->session, "UPDATE fault.bursts SET value = ? WHERE worker = ? AND id = ?", 3, values);
  }
  if (choice < 60) {
    known->there[id] |= BURST_HAS_NOTE;
    known->notes[id] = note;
    return burst_statement(turn, "UPDATE fault.bursts SET note = ? WHERE worker = ? AND id = ?", note, 2, values + 1);
  }
  bool whole = choice >= 75;
  known->there[id] = (uint8_t)(whole ? 0 : known->there[id] & ~BURST_HAS_NOTE);
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_cql(turn->session,
                   whole ? "DELETE FROM fault.bursts WHERE worker = ? AND id = ?"
                         : "DELETE note FROM fault.bursts WHERE worker = ? AND id = ?",
                   2, values + 1);
}

/* Of those that came, or of others, some are changed at once; some one by one later. */
static int change_bursts(fault_turn *turn, reference *known) {
  uint32_t choice = fault_random_below(turn->random, 100), id = fault_random_below(turn->random, BURST_IDS);
  uint32_t changes = 1 + fault_random_below(turn->random, 4);
  int rc = MEDLEY_OK;
  if (choice < 12) rc = delete_bursts(turn, &known->bursts, id);
  if (rc != MEDLEY_OK) return rc;
  if (choice < 45) rc = insert_burst(turn, &known->bursts);
  if (choice >= 45 && choice < 57) rc = insert_seen_burst(turn, known);
  if (choice >= 57 && choice < 67) rc = insert_burst_in_a_batch(turn, &known->bursts);
  if (choice >= 67 && choice < 75) rc = delete_bursts(turn, &known->bursts, id);
  if (choice >= 25 && choice < 75) return rc;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < changes; i++) {
    while (!is_burst_row(&known->bursts, id) && id > 0) id--; /* rather one that is there */
    rc = change_burst_row(turn, &known->bursts, id);
    id = (id + 11) % BURST_IDS;
  }
  return rc;
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

/* The last statement of a batch fails after the first have written, or put off what they write. */
static int fail_batch(fault_turn *turn) {
  static const char *const batches[2] = {
      "BEGIN BATCH INSERT INTO fault.items (worker, part, id, value) VALUES (?, 0, 0, 12345); UPDATE "
      "fault.items SET items[99] = 1 WHERE worker = ? AND part = 1 AND id = 0; APPLY BATCH",
      "BEGIN BATCH INSERT INTO fault.bursts (worker, id, value) VALUES (?, 1, 12345); INSERT INTO fault.bursts "
      "(worker, "
      "id, value) VALUES (?, 2, 12345); INSERT INTO fault.bursts (worker, id, value) VALUES (?, 3, 12345); INSERT INTO "
      "fault.bursts (worker, id, value) VALUES (?, 4, 12345); INSERT INTO fault.bursts (worker, id, value) VALUES (?, "
      "5, 12345); INSERT INTO fault.bursts (worker, id, value) VALUES (?, 6, 12345); INSERT INTO fault.bursts (worker, "
      "id, value) VALUES (?, 7, 12345); UPDATE fault.items SET items[99] = 1 WHERE worker = ? AND part = 1 AND id = 0; "
      "APPLY BATCH"};
  bool many = fault_random_percent(turn->random, 50);
  if (turn->session == NULL) return MEDLEY_OK;
  int64_t values[8];
  for (int i = 0; i < 8; i++) values[i] = turn->worker;
  bool within = medley_session_state(turn->session) == MEDLEY_WRITING;
  int rc = fault_cql(turn->session, batches[many], many ? 8 : 2, values);
  /* Where what it wrote could not be undone, it took the transaction with it. */
  if (rc == MEDLEY_RANGE && within && medley_session_state(turn->session) != MEDLEY_WRITING) return MEDLEY_ABORTED;
  return rc == MEDLEY_RANGE ? MEDLEY_OK : rc == MEDLEY_OK ? MEDLEY_ERROR : rc;
}

static int change(fault_turn *turn, void *reference_bytes) {
  reference *known = reference_bytes;
  uint32_t choice = fault_random_below(turn->random, 100);
  if (choice < 42) return change_row(turn, known);
  if (choice < 62) return change_bursts(turn, known);
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
  fault_text_add(text, "bursts\n");
  if (rc == MEDLEY_OK)
    rc = fault_cql_rows(session, "SELECT id, value, note FROM fault.bursts WHERE worker = ?", 1, key, text);
  if (rc == MEDLEY_OK)
    rc = fault_sql_rows(session, "SELECT count(*), count(note), total(value) FROM \"fault.bursts\" WHERE worker = ?", 1,
                        key, text);
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

/* Row by row, as CQL has them; then their sums, as SQL has them. */
static void dump_bursts(fault_text *text, const burst_reference *known) {
  char note[NOTE_LEN_MAX];
  unsigned rows = 0, notes = 0;
  int64_t sum = 0;
  fault_text_add(text, "bursts\n");
  for (uint32_t id = 0; id < BURST_IDS; id++) {
    bool has_value = known->there[id] & BURST_HAS_VALUE, has_note = known->there[id] & BURST_HAS_NOTE;
    size_t len = fill_note(note, known->notes[id]);
    if (!is_burst_row(known, id)) continue;
    fault_text_add(text, "%u|", id);
    has_value ? fault_text_add(text, "%d|", known->values[id]) : fault_text_add(text, "null|");
    has_note ? fault_text_add(text, "%zu:%016" PRIx64 "\n", len, fault_text_hash(note, len))
             : fault_text_add(text, "null\n");
    rows++;
    notes += has_note;
    sum += has_value ? known->values[id] : 0;
  }
  fault_text_add(text, "%u|%u|%" PRId64 ".0\n", rows, notes, sum);
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
  dump_bursts(text, &known->bursts);
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
