/* test_wide_damage.c - wide-column records with good checksums and wrong contents: readers, writers and the check answer CORRUPT or name
 * a problem, and never read or write outside of what they have, or go on for ever. */
#include <stdio.h>

#include "engine/database.h"
#include "models/widecolumn/row.h"
#include "models/widecolumn/row_key.h"
#include "storage/writer.h"
#include "tests/unit/session_kit.h"

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

/* It answers, or it fails with CORRUPT; never anything else. */
static int try_cql(medley_session *session, const char *text) {
  kit_rows rows = {0};
  int rc = kit_run(session, MEDLEY_LANGUAGE_CQL, text, &rows);
  ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT, "%s: %s (%s)", text, medley_status_name(rc),
                medley_session_error(session)->message);
  return rc;
}

static void is_corrupt(medley_session *session, const char *text) {
  ck_assert_msg(try_cql(session, text) == MEDLEY_CORRUPT, "%s: it worked", text);
}

static void open_keyspace(session_kit *kit) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static uint64_t problems_of(session_kit *kit) {
  medley_error error = {0};
  uint64_t problems = 0;
  ck_assert_msg(medley_check(kit->db, NULL, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
  return problems;
}

/* ---- Records behind the engine's back ---- */
#define KEYSPACES "\x01\x01"
#define TABLES "\x01\x03"
#define NEXT_NUMBER "\x01\x04"
#define ROWS "\x04"
#define ENTRIES "\x05"

typedef struct record {
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX];
  size_t len;
} record;

/* The record of that number among those whose key begins so. False if there are fewer. */
static bool find_record(session_kit *kit, const char *prefix, size_t number, record *found) {
  med_member *member;
  medley_error error = {0};
  med_cursor *cursor;
  med_slice key, value, begin = med_slice_of_text(prefix);
  ck_assert_int_eq(med_member_open(kit->db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_open(med_member_txn(member), MED_TREE_WIDE, &cursor), MEDLEY_OK);
  int rc = med_cursor_seek(cursor, begin, &key, &value);
  for (size_t i = 0; rc == MEDLEY_OK && i < number; i++) rc = med_cursor_next(cursor, &key, &value);
  bool there = rc == MEDLEY_OK && med_slice_starts_with(key, begin);
  found->key.len = 0;
  if (there) {
    med_wide_key_extend(&found->key, key);
    memcpy(found->value, value.bytes, value.len);
    found->len = value.len;
  }
  med_cursor_close(cursor);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
  return there;
}

static void put_record(session_kit *kit, const record *put) {
  med_member *member;
  medley_error error = {0};
  ck_assert_int_eq(med_member_open(kit->db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  ck_assert_int_eq(
      med_txn_put(med_member_txn(member), MED_TREE_WIDE, med_key_slice(&put->key), med_slice_of(put->value, put->len)),
      MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
}

static void delete_record(session_kit *kit, const record *gone) {
  med_member *member;
  medley_error error = {0};
  ck_assert_int_eq(med_member_open(kit->db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_delete(med_member_txn(member), MED_TREE_WIDE, med_key_slice(&gone->key)), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
}

START_TEST(a_row_whose_key_is_longer_than_any_is_damage_and_no_endless_walk) {
  session_kit kit;
  record row;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p int, c text, v int, PRIMARY KEY (p, c))");
  cql(kit.session, "CREATE INDEX ON k.t (v)");
  cql(kit.session, "INSERT INTO k.t (p, c, v) VALUES (1, 'x', 1)");
  ck_assert(find_record(&kit, ROWS, 0, &row));
  row.key.len = (uint16_t)(row.key.len - 2); /* the end of the text */
  while (row.key.len < MED_KEY_SIZE_MAX - 2) row.key.bytes[row.key.len++] = 'x';
  row.key.bytes[row.key.len++] = 0;
  row.key.bytes[row.key.len++] = 0;
  put_record(&kit, &row);
  is_corrupt(kit.session, "SELECT * FROM k.t");
  is_corrupt(kit.session, "SELECT * FROM k.t WHERE p = 1 AND c > 'x'");
  is_corrupt(kit.session, "DELETE FROM k.t WHERE p = 1 AND c > 'x'");
  is_corrupt(kit.session, "CREATE INDEX ON k.t (c)");
  ck_assert_uint_gt(problems_of(&kit), 0);
  kit_close(&kit);
}
END_TEST

/* The tail of an entry is in its key, or, where the value is long and the tail does not fit, beside it. */
START_TEST(the_check_misses_entries_of_an_index_and_finds_those_too_many) {
  session_kit kit;
  record entry, other;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p text, c text, v set<text>, PRIMARY KEY (p, c))");
  cql(kit.session, "CREATE INDEX ON k.t (v)");
  char text[314], statement[1200];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  snprintf(statement, sizeof statement, "INSERT INTO k.t (p, c, v) VALUES ('%.178s', '%s', {'a', 'b', '%s'})", text,
           text, text);
  cql(kit.session, statement);
  ck_assert_uint_eq(problems_of(&kit), 0);
  ck_assert(find_record(&kit, ENTRIES, 0, &entry));
  other = entry;
  other.key.bytes[5] = 'c'; /* the value's first byte */
  put_record(&kit, &other);
  ck_assert_uint_eq(problems_of(&kit), 1);
  delete_record(&kit, &other);
  ck_assert_uint_eq(problems_of(&kit), 0);
  ck_assert_uint_gt(entry.len, 0);
  other = entry;
  other.value[other.len - 3]++;
  put_record(&kit, &other);
  ck_assert_uint_eq(problems_of(&kit), 1);
  delete_record(&kit, &entry);
  ck_assert_uint_eq(problems_of(&kit), 2); /* which, and how many there are */
  snprintf(statement, sizeof statement, "UPDATE k.t SET v = v - {'a'} WHERE p = '%.178s' AND c = '%s'", text, text);
  is_corrupt(kit.session, statement);
  kit_close(&kit);
}
END_TEST

/* ---- Cells ---- */
static void open_types(session_kit *kit) {
  open_keyspace(kit);
  cql(kit->session, "CREATE TYPE k.pair (x int, y text)");
  cql(kit->session,
      "CREATE TABLE k.t (p int, c int, a bigint, b uuid, d decimal, e varint, f duration, g inet, h time, i boolean, j "
      "list<double>, l set<int>, m map<text, int>, n pair, o frozen<pair>, q frozen<list<int>>, r text, s int static, "
      "PRIMARY KEY (p, c))");
  static const char *const indexes[] = {"a", "b", "d", "e", "g", "h",       "j",       "l",
                                        "m", "o", "r", "s", "i", "KEYS(m)", "FULL(q)", "ENTRIES(m)"};
  for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
    char text[60];
    snprintf(text, sizeof text, "CREATE INDEX ON k.t (%s)", indexes[i]);
    cql(kit->session, text);
  }
  cql(kit->session,
      "CREATE MATERIALIZED VIEW k.by_a AS SELECT * FROM k.t WHERE a IS NOT NULL AND p IS NOT NULL AND c IS NOT NULL "
      "PRIMARY KEY (a, p, c)");
  cql(kit->session,
      "CREATE MATERIALIZED VIEW k.some AS SELECT p, c, b, h FROM k.t WHERE p IS NOT NULL AND c IS NOT NULL AND h > "
      "'00:00:00' PRIMARY KEY (c, p)");
  cql(kit->session,
      "INSERT INTO k.t (p, c, a, b, d, e, f, g, h, i, j, l, m, n, o, q, r, s) VALUES (1, 1, 5, "
      "123e4567-e89b-12d3-a456-426614174000, 1.50, 77, 1y2mo, '10.0.0.1', '08:12:54', true, [0.5, 1.5], {1, 2}, {'a': "
      "1, 'b': 2}, {x: 1, y: 'z'}, {x: 2, y: 'w'}, [1, 2], 'text', 9)");
}

static const char *const uses[] = {
    "SELECT * FROM k.t",
    "SELECT JSON * FROM k.t WHERE p = 1",
    "SELECT * FROM k.t WHERE a = 5",
    "SELECT * FROM k.t WHERE l CONTAINS 1",
    "SELECT sum(a), max(d), min(h), max(b) FROM k.t",
    "UPDATE k.t SET a = 6, d = 2, l = l + {0}, j = j - [0.5], m['a'] = 3, n.x = 5 WHERE p = 1 AND c = 1",
    "UPDATE k.t SET s = 5 WHERE p = 1 IF s = 9",
    "UPDATE k.t USING TIMESTAMP 9999999999999999 SET j = [2.5] + j, l = l - {1}, j[0] = 3 WHERE p = 1 AND c = 1",
    "UPDATE k.t SET r = 'x' WHERE p = 1 AND c = 1 IF a > 3 AND l CONTAINS 1 AND d > 1 AND o.x = 2",
    "DELETE m['a'], n, r FROM k.t WHERE p = 1 AND c = 1",
    "DELETE FROM k.t WHERE p = 1",
    "CREATE INDEX ON k.t (c)"};

/* A column's first cell as it cannot be: other bytes of these lengths; 0 for the path: it is as it was. */
typedef struct odd_cell {
  uint16_t column_id;
  size_t path_len, value_len;
} odd_cell;

static void put_odd(session_kit *kit, const record *whole, const odd_cell *odd) {
  static uint8_t bytes[32];
  med_arena arena = {0};
  med_buffer encoded = {0};
  med_wide_row row;
  record changed = *whole;
  memset(bytes, 0x80, sizeof bytes);
  ck_assert_int_eq(med_wide_row_decode(med_slice_of(whole->value + 1, whole->len - 1), &arena, &row, NULL), MEDLEY_OK);
  for (size_t i = 0; i < row.count; i++) {
    med_wide_cell *cell = &row.cells[i];
    if (cell->column_id != odd->column_id || (i > 0 && row.cells[i - 1].column_id == odd->column_id)) continue;
    if (odd->path_len > 0) cell->path = med_slice_of(bytes, odd->path_len);
    if (odd->path_len > 0) cell->has_path = !cell->has_path || odd->path_len > 1;
    if (odd->path_len == 0) cell->value = med_slice_of(bytes, odd->value_len);
  }
  ck_assert(med_wide_row_encode(&row, &encoded));
  memcpy(changed.value + 1, encoded.bytes, encoded.len);
  changed.len = 1 + encoded.len;
  put_record(kit, &changed);
  med_buffer_clear(&encoded);
  med_arena_clear(&arena);
}

START_TEST(a_cell_that_is_none_of_its_column_is_damage) {
  /* a to q stand in the table as columns 3 to 16 */
  static const odd_cell all[] = {{3, 0, 16}, {3, 0, 0},  {3, 1, 0},  {4, 0, 3},   {5, 0, 3},  {6, 0, 0},  {7, 0, 1},
                                 {8, 0, 5},  {9, 0, 8},  {10, 0, 1}, {11, 15, 0}, {11, 0, 3}, {11, 1, 0}, {12, 3, 0},
                                 {12, 0, 1}, {13, 0, 8}, {14, 2, 0}, {14, 3, 0},  {14, 0, 9}, {15, 0, 9}, {16, 0, 9}};
  session_kit kit;
  record whole;
  open_types(&kit);
  cql(kit.session, "UPDATE k.t SET s = null WHERE p = 1");
  ck_assert(find_record(&kit, ROWS, 0, &whole));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    put_odd(&kit, &whole, &all[i]);
    is_corrupt(kit.session, "SELECT * FROM k.t");
    is_corrupt(kit.session, "UPDATE k.t SET r = 'x' WHERE p = 1 AND c = 1");
    is_corrupt(kit.session, "UPDATE k.t SET r = 'x' WHERE p = 1 AND c = 1 IF r = 'y'");
    is_corrupt(kit.session, "DELETE FROM k.t WHERE p = 1");
    ck_assert_uint_gt(problems_of(&kit), 0);
    put_record(&kit, &whole);
    ck_assert_uint_eq(problems_of(&kit), 0);
  }
  kit_close(&kit);
}
END_TEST

/* Everything that reads or writes the row, and nothing of it stays. What it answers is not looked at. */
static void use_row(session_kit *kit) {
  kit_rows rows = {0};
  (void)problems_of(kit);
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    kit_exec(kit->session, MEDLEY_LANGUAGE_SQL, "BEGIN");
    (void)kit_run(kit->session, MEDLEY_LANGUAGE_CQL, uses[i], &rows);
    kit_exec(kit->session, MEDLEY_LANGUAGE_SQL, "ROLLBACK");
  }
  (void)kit_run(kit->session, MEDLEY_LANGUAGE_SQL, "SELECT * FROM \"k.t\" ORDER BY a, d", &rows);
}

/* Definitions are read anew. */
static void draw_version(session_kit *kit, uint64_t *random) {
  record version = {.key = {.len = 2, .bytes = {1, 0}}, .len = 8};
  med_put_u64(version.value, property_random(random) | 1);
  put_record(kit, &version);
}

/* One byte is another one, or one is missing, or is there twice: lengths, times, columns and values go wrong. */
static void change_bytes(session_kit *kit, const record *whole, uint64_t *random) {
  record changed;
  for (size_t at = 0; at < whole->len; at++) {
    changed = *whole;
    switch (property_below(random, 4)) {
      case 0: changed.value[at] = (uint8_t)property_random(random); break;
      case 1: changed.value[at] = (uint8_t)(whole->value[at] + (property_below(random, 2) ? 1 : 0xFF)); break;
      case 2: memmove(changed.value + at, whole->value + at + 1, --changed.len - at); break;
      default: memmove(changed.value + at + 1, whole->value + at, changed.len++ - at); break;
    }
    put_record(kit, &changed);
    draw_version(kit, random);
    use_row(kit);
  }
  put_record(kit, whole);
  draw_version(kit, random);
}

static void change_records(const char *prefix, unsigned rounds) {
  session_kit kit;
  record found;
  uint64_t random = property_seed(prefix[0] == ROWS[0] ? "rows" : "definitions");
  open_types(&kit);
  if (getenv("MEDLEY_TEST_LONG") != NULL) rounds *= 50;
  for (unsigned i = 0; i < rounds; i++) {
    for (size_t number = 0; find_record(&kit, prefix, number, &found); number++) change_bytes(&kit, &found, &random);
  }
  use_row(&kit);
  ck_assert_uint_eq(problems_of(&kit), 0);
  kit_close(&kit);
}

START_TEST(whatever_bytes_a_row_has_it_is_read_or_is_damage) { change_records(ROWS, 4); }
END_TEST
START_TEST(whatever_bytes_a_definition_has_it_is_read_or_is_damage) { change_records(TABLES, 1); }
END_TEST

/* One that has read no definitions yet. */
static void fresh_session(session_kit *kit) {
  medley_error error;
  ck_assert_int_eq(medley_session_close(kit->session), MEDLEY_OK);
  ck_assert_int_eq(medley_session_open(kit->db, &kit->session, &error), MEDLEY_OK);
}

/* A record with another key, in the place of that one. */
static void rename_record(session_kit *kit, record *of, const char *key, size_t len) {
  delete_record(kit, of);
  of->key.len = 0;
  med_wide_key_extend(&of->key, med_slice_of(key, len));
  put_record(kit, of);
}

START_TEST(a_name_that_is_longer_than_any_is_damage) {
  session_kit kit;
  record keyspace;
  char key[2 + 90 + 2], statement[120], name[91];
  open_keyspace(&kit);
  ck_assert(find_record(&kit, KEYSPACES, 0, &keyspace));
  memset(name, 'n', 90);
  name[90] = '\0';
  snprintf(statement, sizeof statement, "USE %s", name);
  memcpy(key, KEYSPACES, 2);
  memcpy(key + 2, name, 90);
  memcpy(key + 92, "\0\0", 2);
  rename_record(&kit, &keyspace, key, sizeof key);
  fresh_session(&kit);
  is_corrupt(kit.session, statement);
  rename_record(&kit, &keyspace, KEYSPACES "\0\0", 4);
  fresh_session(&kit);
  is_corrupt(kit.session, "DESCRIBE KEYSPACES");
  kit_close(&kit);
}
END_TEST

START_TEST(the_check_finds_numbers_of_tables_that_are_yet_to_be_given) {
  session_kit kit;
  record next;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, v int)");
  cql(kit.session, "CREATE INDEX ON k.t (v)");
  ck_assert_uint_eq(problems_of(&kit), 0);
  ck_assert(find_record(&kit, NEXT_NUMBER, 0, &next));
  for (uint8_t number = 3; number > 0; number--) {
    next.value[3] = number;
    put_record(&kit, &next);
    ck_assert_uint_eq(problems_of(&kit), number < 3);
  }
  delete_record(&kit, &next);
  ck_assert_uint_eq(problems_of(&kit), 1);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("wide_damage", a_name_that_is_longer_than_any_is_damage,
              the_check_finds_numbers_of_tables_that_are_yet_to_be_given, a_cell_that_is_none_of_its_column_is_damage,
              whatever_bytes_a_row_has_it_is_read_or_is_damage, whatever_bytes_a_definition_has_it_is_read_or_is_damage,
              the_check_misses_entries_of_an_index_and_finds_those_too_many,
              a_row_whose_key_is_longer_than_any_is_damage_and_no_endless_walk)
