/* test_wide_check.c - what the check says of a database with indexes, views, static columns and long records: each thing that is wrong has its own
 * words, and memory that ends or reads that fail are none of them. */
#include <stdio.h>

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/row_key.h"
#include "models/widecolumn/sweep.h"
#include "tests/unit/failing_kit.h"
/* Behind it: its names would hide the kit's. */
#include "tests/unit/behind_kit.h"

static void cql(const char *text) { kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text); }

static void setup(void) {
  static char statement[9000];
  kit_open(&kit);
  cql("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  cql("CREATE TABLE k.t (p int, c text, a ascii, v int, l set<smallint>, n text, s int static, PRIMARY KEY (p, c))");
  cql("CREATE INDEX by_v ON k.t (v)");
  cql("CREATE INDEX by_l ON k.t (l)");
  cql("CREATE INDEX by_s ON k.t (s)");
  cql("CREATE INDEX by_p ON k.t (c)");
  cql("CREATE MATERIALIZED VIEW k.w AS SELECT * FROM k.t WHERE v IS NOT NULL AND p IS NOT NULL AND c IS NOT NULL "
      "PRIMARY KEY (v, p, c)");
  cql("INSERT INTO k.t (p, c, a, v, l, s) VALUES (1, 'x', 'ascii', 5, {1, 2}, 9)");
  cql("INSERT INTO k.t (p, c, a, v) VALUES (2, 'y', 'more', 6)");
  memset(statement, 'z', sizeof statement - 1);
  static const char head[] = "INSERT INTO k.t (p, c, v, n) VALUES (3, 'long', 7, '";
  memcpy(statement, head, sizeof head - 1);
  memcpy(statement + sizeof statement - 3, "')", 3);
  cql(statement);
}

static void teardown(void) { kit_close(&kit); }

/* ---- Problems ---- */
static char told[8192];

static void tell(void *context, const char *problem) {
  (void)context;
  size_t len = strlen(told);
  snprintf(told + len, sizeof told - len, "%s\n", problem);
}

static uint64_t problems(void) {
  uint64_t count = 0;
  told[0] = '\0';
  OK(med_wide_check(txn, tell, NULL, &count));
  return count;
}

/* It is told in these words, and is gone when it is undone. */
static void is_told(const char *words) {
  uint64_t count = problems();
  ck_assert_msg(count > 0 && strstr(told, words) != NULL, "\"%s\" is not in: %s", words, told);
  OK(med_txn_rollback_to(txn, mark));
  count = problems();
  ck_assert_msg(count == 0, "afterwards: %s", told);
}

/* The n-th record whose key begins so. */
static void find(const char *prefix, size_t len, size_t n, med_key *key, uint8_t *value, size_t *value_len) {
  med_cursor *cursor;
  med_slice at, bytes;
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  OK(med_cursor_seek(cursor, med_slice_of(prefix, len), &at, &bytes));
  for (size_t i = 0; i < n; i++) OK(med_cursor_next(cursor, &at, &bytes));
  ck_assert(med_slice_starts_with(at, med_slice_of(prefix, len)));
  key->len = 0;
  med_wide_key_extend(key, at);
  memcpy(value, bytes.bytes, bytes.len);
  *value_len = bytes.len;
  med_cursor_close(cursor);
}

static void put(const void *key, size_t len, const void *value, size_t value_len) {
  OK(med_txn_put(txn, MED_TREE_WIDE, med_slice_of(key, len), med_slice_of(value, value_len)));
}

START_TEST(keys_of_nothing_are_told) {
  static const char *const unknown[] = {"\x0D\0\0\0\1\1", "\x04\0\0\0\1", "\x05\0\0\0\1", "\x09\0\0\0"};
  static const size_t lens[] = {6, 5, 5, 4};
  begin();
  for (size_t i = 0; i < 4; i++) {
    put(unknown[i], lens[i], "", 1);
    is_told("a key of an unknown kind");
  }
  put("\x05\0\0\xFF\0\1", 6, "", 0);
  is_told("entries of index 65280, which is not");
  put("\x04\0\0\xFF\0\1", 6, "", 1);
  is_told("rows of table 65280, which is not");
  put("\x09\0\0\xFF\0", 5, "", 1);
  is_told("rows of table 65280, which is not");
  end();
}
END_TEST

START_TEST(parts_of_no_record_are_told) {
  begin();
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX];
  size_t len;
  put("\x03\0\0\0\0\0\0\1\1\0\0\0\0", 13, "part", 4);
  put("\x03\0\0\0\0\0\0\1\1\0\0\0\1", 13, "part", 4);
  is_told("parts of object 257, which no record has");
  put("\x03\0\0\1", 4, "part", 4);
  is_told("parts of object 0, which no record has");
  find("\x03", 1, 0, &key, value, &len);
  OK(med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&key)));
  is_told("a part of a record is missing");
  end();
}
END_TEST

/* No record is long: no list of them is made. */
START_TEST(parts_where_no_record_is_long_are_told) {
  cql("DELETE FROM k.t WHERE p = 3");
  begin();
  ck_assert_uint_eq(problems(), 0);
  put("\x03\0\0\0\0\0\0\1\1\0\0\0\0", 13, "part", 4);
  is_told("parts of object 257, which no record has");
  end();
}
END_TEST

START_TEST(entries_and_views_that_are_not_those_of_rows_are_told) {
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX];
  size_t len;
  begin();
  ck_assert_uint_eq(problems(), 0);
  find("\x05", 1, 0, &key, value, &len);
  OK(med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&key)));
  is_told("an entry is missing");
  put(key.bytes, key.len, "of another row", 14);
  is_told("an entry is of another row than its key says");
  key.bytes[key.len - 1]++;
  put(key.bytes, key.len, value, len);
  is_told("entries, its table makes");
  end();
}
END_TEST

/* ---- Definitions ---- with a text in a column's type that is none. */
static void change_type(const char *from, const char *to) {
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX];
  size_t len;
  uint8_t *at = NULL;
  for (size_t n = 0; at == NULL; n++) {
    find("\x01\x03", 2, n, &key, value, &len);
    at = memmem(value, len, from, strlen(from));
  }
  ck_assert_uint_eq(strlen(from), strlen(to));
  memcpy(at, to, strlen(to));
  put(key.bytes, key.len, value, len);
  med_slice version;
  OK(med_txn_get(txn, MED_TREE_WIDE, med_slice_of("\1\0", 2), &version));
  uint8_t other[8];
  med_put_u64(other, med_get_u64(version.bytes) ^ 0x5A5A);
  put("\1\0", 2, other, 8); /* so that it is read anew */
}

START_TEST(types_that_are_none_are_told) {
  static const struct {
    const char *from, *to, *words;
  } cases[] = {{"ascii", "<scii", "a type expected"},
               {"ascii", "'scii", "custom types are not supported"},
               {"ascii", "nosuc", "Unknown type nosuc"},
               {"set<smallint>", "set<duration>", "Durations are not allowed inside sets"}};
  begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    change_type(cases[i].from, cases[i].to);
    is_told(cases[i].words);
  }
  end();
  char statement[400] = "CREATE TABLE k.wide (p int PRIMARY KEY, q frozen<tuple<int",
       *at = statement + strlen(statement);
  for (int i = 0; i < 40; i++) at += sprintf(at, ", int");
  strcpy(at, ">>)");
  cql(statement);
  begin();
  char from[201] = "", to[201];
  for (int i = 0; i < 40; i++) memcpy(from + 5 * i, ", int", 5);
  memset(to, 'n', 200);
  to[200] = '\0';
  change_type(from, to);
  is_told("a name is too long");
  end();
}
END_TEST

/* ---- Rows ---- */
START_TEST(texts_and_columns_that_are_not_in_their_place_are_told) {
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX + 8];
  size_t len;
  uint8_t *at = NULL;
  begin();
  for (size_t n = 0; at == NULL; n++) {
    find("\x04", 1, n, &key, value, &len);
    at = memmem(value, len, "ascii", 5);
  }
  *at = 0x80;
  put(key.bytes, key.len, value, len);
  is_told("a value of column a is none of its type or not in its place");
  *at = 'a';
  /* The same column once more behind itself: its cell is head(1), time, length(1), text(5). */
  size_t cell = 8;
  uint8_t *begin_of_cell = at - 3;
  memmove(begin_of_cell + cell, begin_of_cell, len - (size_t)(begin_of_cell - value));
  put(key.bytes, key.len, value, len + cell);
  is_told("a value of column a is none of its type or not in its place");
  end();
}
END_TEST

static int check(void) {
  uint64_t count = 0;
  int rc = med_wide_check(txn, NULL, NULL, &count);
  ck_assert_uint_eq(count, 0);
  return rc;
}

START_TEST(memory_that_ends_and_reads_that_fail_are_no_problems) {
  begin();
  ck_assert_uint_gt(failing_each(FAILING_MEMORY, check, "check", med_txn_error(txn)), 0);
  ck_assert_uint_gt(failing_each(FAILING_STORE, check, "check", med_txn_error(txn)), 0);
  ck_assert_uint_eq(problems(), 0);
  end();
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_check", setup, teardown, keys_of_nothing_are_told, parts_of_no_record_are_told,
                      parts_where_no_record_is_long_are_told, entries_and_views_that_are_not_those_of_rows_are_told,
                      types_that_are_none_are_told, texts_and_columns_that_are_not_in_their_place_are_told,
                      memory_that_ends_and_reads_that_fail_are_no_problems)
