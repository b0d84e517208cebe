/* test_wide_limits.c - wide-column tables at the edges of what a key, a type, a row or a collection can be. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "engine/database.h"
#include "models/widecolumn/catalog.h"
#include "models/widecolumn/read.h"
#include "storage/writer.h"
#include "tests/unit/session_kit.h"

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

static void open_keyspace(session_kit *kit) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static void check(medley *db) {
  medley_error error = {0};
  uint64_t problems = 1;
  ck_assert_msg(medley_check(db, NULL, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_uint_eq(problems, 0);
}

/* A statement with `len` times x in place of %s; to be freed. */
static char *with_long_text(const char *form, size_t len) {
  char *text = malloc(strlen(form) + len + 1), *filled = malloc(len + 1);
  ck_assert(text != NULL && filled != NULL);
  memset(filled, 'x', len);
  filled[len] = '\0';
  const char *place = strstr(form, "%s");
  sprintf(text, "%.*s%s%s", (int)(place - form), form, filled, place + 2);
  free(filled);
  return text;
}

static void cql_long(medley_session *session, const char *form, size_t len) {
  char *text = with_long_text(form, len);
  cql(session, text);
  free(text);
}

START_TEST(a_range_may_begin_and_end_at_values_that_no_key_can_have) {
  session_kit kit;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p text, c text, v int, PRIMARY KEY (p, c))");
  static const char *const partitions[] = {"one", "%s"}; /* a key that is written out, and one that is hashed */
  for (size_t i = 0; i < 2; i++) {
    char statement[200];
    static const char *const keys[] = {"a", "x", "xy", "z"};
    for (size_t j = 0; j < 4; j++) {
      snprintf(statement, sizeof statement, "INSERT INTO k.t (p, c, v) VALUES ('%s', '%s', 1)", partitions[i], keys[j]);
      if (i == 0)
        cql(kit.session, statement);
      else
        cql_long(kit.session, statement, 200);
    }
  }
  cql_long(kit.session, "INSERT INTO k.t (p, c, v) VALUES ('one', '%s', 1)", 313);
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "9\n");
  static const size_t lens[] = {314, 331, 480, 496, 497, 498, 511, 512, 513, 1000, 20000, 70000};
  for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
    cql_long(kit.session, "DELETE FROM k.t WHERE p = 'one' AND c > '%s' AND c < 'xy'", lens[i]);
    cql_long(kit.session, "DELETE FROM k.t WHERE p = 'one' AND c >= '%s' AND c <= 'xx~'", lens[i]);
  }
  CQL_IS(kit.session, "SELECT count(*) FROM k.t WHERE p = 'one'", "5\n");
  cql_long(kit.session, "DELETE FROM k.t WHERE p = 'one' AND c > 'x' AND c <= '%s'", 20000);
  CQL_IS(kit.session, "SELECT c FROM k.t WHERE p = 'one'", "a\nx\nxy\nz\n");
  cql_long(kit.session, "DELETE FROM k.t WHERE p = 'one' AND c > '%s'", 20000);
  CQL_IS(kit.session, "SELECT c FROM k.t WHERE p = 'one'", "a\nx\n");
  char *text = with_long_text("DELETE FROM k.t WHERE p = '%s' AND c > 'y", 200);
  char *both = malloc(strlen(text) + 20010);
  ck_assert(both != NULL);
  sprintf(both, "%s%0*d'", text, 20000, 0);
  cql(kit.session, both);
  free(both);
  free(text);
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "5\n");
  cql_long(kit.session, "DELETE FROM k.t USING TIMESTAMP 9999999999999999 WHERE p = 'one' AND c < '%s'", 20000);
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "3\n");
  check(kit.db);
  kit_close(&kit);
}
END_TEST

/* One field of each type is of the type before it, or all of them are: then only the first three have few enough parts. */
static int find_grown(medley *db, bool wide, unsigned level, medley_error *error) {
  static const char *const fields[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  med_member *member;
  med_wide_catalog *catalog;
  med_arena arena = {0};
  med_wide_type type;
  ck_assert_int_eq(med_member_open(db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, error), MEDLEY_OK);
  med_txn *txn = med_member_txn(member);
  for (unsigned i = 0; i <= level; i++) {
    char name[8], of[24];
    med_slice names[10], types[10];
    snprintf(name, sizeof name, "g%u", i);
    snprintf(of, sizeof of, i > 0 ? "frozen<k.g%u>" : "int", i - 1);
    for (size_t j = 0; j < 10; j++) {
      names[j] = med_slice_of_text(fields[j]);
      types[j] = med_slice_of_text(j == 0 || wide ? of : "int");
    }
    med_wide_user_type grown = {med_slice_of_text("k"), med_slice_of_text(name), names, types, 10};
    ck_assert_int_eq(med_wide_catalog_put_user_type(txn, &grown), MEDLEY_OK);
  }
  ck_assert_int_eq(med_wide_catalog_open(txn, &catalog), MEDLEY_OK);
  char text[16];
  snprintf(text, sizeof text, "g%u", level);
  med_wide_type_scope scope = {catalog, med_slice_of_text("k"), &arena, 0};
  int rc = med_wide_type_parse(med_slice_of_text(text), med_wide_catalog_find_type, &scope, &arena, &type, error);
  med_wide_catalog_release(catalog);
  med_arena_clear(&arena);
  med_writer_rollback(member);
  med_member_close(member);
  return rc;
}

START_TEST(user_types_that_have_each_other_many_times_are_refused_at_once) {
  session_kit kit;
  medley_error error = {0};
  open_keyspace(&kit);
  for (unsigned level = 0; level < 15; level++) { /* the last one nests sixteen deep */
    ck_assert_int_eq(find_grown(kit.db, false, level, &error), MEDLEY_OK);
    ck_assert_int_eq(find_grown(kit.db, true, level, &error), level < 3 ? MEDLEY_OK : MEDLEY_TOO_BIG);
    if (level >= 3) ck_assert_ptr_nonnull(strstr(error.message, "has more than 4096 parts"));
  }
  cql(kit.session, "CREATE TYPE k.one (a int, b int, c int, d int, e int, f int, g int, h int)");
  cql(kit.session,
      "CREATE TYPE k.two (a frozen<one>, b frozen<one>, c frozen<one>, d frozen<one>, e frozen<one>, f frozen<one>, g "
      "frozen<one>, h frozen<one>)");
  cql(kit.session,
      "CREATE TYPE k.three (a frozen<two>, b frozen<two>, c frozen<two>, d frozen<two>, e frozen<two>, f frozen<two>, "
      "g frozen<two>, h frozen<two>)");
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, v tuple<three, three, three, three, three, three, three>)");
  kit_rows rows = {0};
  int rc = kit_run(
      kit.session, MEDLEY_LANGUAGE_CQL,
      "CREATE TABLE k.u (p int PRIMARY KEY, v tuple<three, three, three, three, three, three, three, three>)", &rows);
  ck_assert_int_eq(rc, MEDLEY_TOO_BIG);
  ck_assert_ptr_nonnull(strstr(medley_session_error(kit.session)->message, "more than 4096 parts"));
  kit_close(&kit);
}
END_TEST

enum { ELEMENTS = 30000 };

/* "{0, 3, 6, ...}": every `step`-th number below ELEMENTS, between two texts; to be freed. */
static char *with_numbers(const char *before, char open, int step, char close, const char *after) {
  size_t size = strlen(before) + strlen(after) + 8 * ELEMENTS, len;
  char *text = malloc(size);
  ck_assert(text != NULL);
  len = (size_t)snprintf(text, size, "%s%c", before, open);
  for (int i = 0; i < ELEMENTS; i += step) len += (size_t)snprintf(text + len, size - len, i > 0 ? ", %d" : "%d", i);
  snprintf(text + len, size - len, "%c%s", close, after);
  return text;
}

static void cql_numbers(medley_session *session, const char *before, char open, int step, char close,
                        const char *after) {
  char *text = with_numbers(before, open, step, close, after);
  cql(session, text);
  free(text);
}

/* Work that grows with the square of them would take minutes. */
START_TEST(collections_of_many_elements_are_indexed_and_changed) {
  session_kit kit;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, s set<int>, l list<int>, m map<int, int>)");
  cql(kit.session, "CREATE INDEX ON k.t (s)");
  cql(kit.session, "CREATE INDEX ON k.t (l)");
  cql(kit.session, "CREATE INDEX ON k.t (KEYS(m))");
  cql_numbers(kit.session, "INSERT INTO k.t (p, s) VALUES (1, ", '{', 1, '}', ")");
  cql_numbers(kit.session, "INSERT INTO k.t (p, l) VALUES (1, ", '[', 1, ']', ")");
  cql_numbers(kit.session, "UPDATE k.t SET l = l + ", '[', 1, ']', " WHERE p = 1");
  cql(kit.session, "UPDATE k.t SET s = s + {-1}, m = {1: 2} WHERE p = 1");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE s CONTAINS 29999", "1\n");
  cql_numbers(kit.session, "UPDATE k.t SET s = s - ", '{', 2, '}', " WHERE p = 1");
  cql_numbers(kit.session, "UPDATE k.t SET l = l - ", '[', 3, ']', " WHERE p = 1");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE s CONTAINS 29998", "");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE s CONTAINS 29999", "1\n");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE l CONTAINS 29997", "");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE l CONTAINS 29998", "1\n");
  check(kit.db);
  cql(kit.session, "DELETE FROM k.t WHERE p = 1");
  check(kit.db);
  kit_close(&kit);
}
END_TEST

START_TEST(values_that_are_equal_in_an_index_have_one_entry) {
  session_kit kit;
  open_keyspace(&kit);
  cql(kit.session,
      "CREATE TABLE k.t (p int PRIMARY KEY, l list<decimal>, m map<text, double>, n list<frozen<tuple<int, text>>>)");
  cql(kit.session, "CREATE INDEX ON k.t (l)");
  cql(kit.session, "CREATE INDEX ON k.t (m)");
  cql(kit.session, "CREATE INDEX ON k.t (ENTRIES(m))");
  cql(kit.session, "CREATE INDEX ON k.t (n)");
  cql(kit.session,
      "INSERT INTO k.t (p, l, m, n) VALUES (1, [3.0, 1.0, 2, 1.00, 1.000], {'b': 0.5, 'a': NaN, 'c': NaN, 'd': 0.5}, "
      "[(1, null), (1, 'x'), (1, null)])");
  check(kit.db);
  cql(kit.session, "UPDATE k.t SET l[1] = 2.0, m = m - {'a'}, n[0] = (2, null) WHERE p = 1");
  check(kit.db);
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE m CONTAINS NaN", "1\n");
  cql(kit.session, "UPDATE k.t SET l[3] = 4, m['c'] = 1, n[2] = (3, 'y') WHERE p = 1");
  check(kit.db);
  cql(kit.session, "UPDATE k.t SET l[4] = 5 WHERE p = 1");
  check(kit.db);
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE l CONTAINS 1.0", "");
  CQL_IS(kit.session, "SELECT p FROM k.t WHERE l CONTAINS 2", "1\n");
  cql(kit.session, "DELETE l, m, n FROM k.t WHERE p = 1");
  check(kit.db);
  kit_close(&kit);
}
END_TEST

static void put(session_kit *kit, med_tree tree, med_slice key, med_slice value) {
  med_member *member;
  medley_error error = {0};
  ck_assert_int_eq(med_member_open(kit->db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put(med_member_txn(member), tree, key, value), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
}

/* Records, lists and cache buckets take numbers from another counter, of which there are more than four bytes hold. */
START_TEST(tables_have_numbers_of_their_own) {
  session_kit kit;
  kit_rows rows = {0};
  uint8_t next[8];
  open_keyspace(&kit);
  med_put_u64(next, (uint64_t)1 << 33);
  put(&kit, MED_TREE_META, med_slice_of_text("next id"), med_slice_of(next, 8));
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, v int)");
  cql(kit.session, "CREATE INDEX ON k.t (v)");
  cql(kit.session, "CREATE TABLE k.u (p int PRIMARY KEY, v int)");
  cql(kit.session, "INSERT INTO k.t (p, v) VALUES (1, 2)");
  cql(kit.session, "TRUNCATE k.t");
  cql(kit.session, "INSERT INTO k.u (p, v) VALUES (1, 2)");
  CQL_IS(kit.session, "SELECT * FROM k.t", "");
  CQL_IS(kit.session, "SELECT * FROM k.u", "1|2\n");
  check(kit.db);
  med_put_u32(next, UINT32_MAX);
  put(&kit, MED_TREE_WIDE, med_slice_of("\x01\x04", 2), med_slice_of(next, 4));
  ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_CQL, "CREATE TABLE k.none (p int PRIMARY KEY)", &rows),
                   MEDLEY_TOO_BIG);
  kit_close(&kit);
}
END_TEST

/* How many entries there are if each one is read by a reader that goes on behind the one before. */
static size_t read_one_by_one(medley *db) {
  med_member *member;
  med_wide_catalog *catalog;
  med_wide_index_reader *reader;
  medley_error error = {0};
  med_slice tail;
  med_key last = {0};
  size_t count = 0;
  ck_assert_int_eq(med_member_open(db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  med_txn *txn = med_member_txn(member);
  ck_assert_int_eq(med_wide_catalog_open(txn, &catalog), MEDLEY_OK);
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  for (int rc = MEDLEY_OK; count < 100;) {
    ck_assert_int_eq(med_wide_index_reader_open(txn, table, &table->indexes[0], med_slice_of("\0\0\0\5", 4), &reader),
                     MEDLEY_OK);
    if (count > 0) med_wide_index_reader_resume(reader, med_key_slice(&last));
    rc = med_wide_index_reader_next(reader, &tail);
    if (rc == MEDLEY_OK) {
      last.len = 0;
      med_wide_key_extend(&last, tail);
    }
    med_wide_index_reader_close(reader);
    if (rc == MEDLEY_NOT_FOUND) break;
    ck_assert_int_eq(rc, MEDLEY_OK);
    count++;
  }
  med_wide_catalog_release(catalog);
  med_writer_rollback(member);
  med_member_close(member);
  return count;
}

START_TEST(reading_an_index_goes_on_behind_entries_of_any_length) {
  session_kit kit;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p text, c text, v int, PRIMARY KEY (p, c))");
  cql(kit.session, "CREATE INDEX ON k.t (v)");
  for (size_t len = 280; len <= 313; len++) {
    char p[179], text[800];
    memset(p, 'p', 178);
    p[178] = '\0';
    snprintf(text, sizeof text, "INSERT INTO k.t (p, c, v) VALUES ('%s', '%0*d', 5)", p, (int)len, 0);
    cql(kit.session, text);
  }
  cql(kit.session, "INSERT INTO k.t (p, c, v) VALUES ('p', 'c', 6)");
  ck_assert_uint_eq(read_one_by_one(kit.db), 34);
  kit_close(&kit);
}
END_TEST

/* The statement so many times, each with its number, between begin and end; to be freed. */
static char *repeated(const char *begin, const char *statement, size_t count, const char *end) {
  size_t size = strlen(begin) + count * (strlen(statement) + 20) + strlen(end) + 1;
  char *text = malloc(size), *at = text;
  ck_assert(text != NULL);
  at += sprintf(at, "%s", begin);
  for (size_t i = 0; i < count; i++) {
    const char *place = strchr(statement, '#');
    at += place != NULL ? sprintf(at, "%.*s%zu%s", (int)(place - statement), statement, i, place + 1)
                        : sprintf(at, "%s", statement);
  }
  sprintf(at, "%s", end);
  return text;
}

static size_t peak_memory_kib(void) {
  struct rusage usage;
  ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
  return (size_t)usage.ru_maxrss;
}

/* Each statement reads and writes all of the row; what that took is given back before the next one. Sanitizers keep 256 MiB of what was given
 * back. */
START_TEST(a_batch_of_changes_of_a_large_row_takes_little_memory) {
  static const char *const updates[] = {"UPDATE k.t SET l[#] = 7 WHERE p = 1;",
                                        "UPDATE k.t SET n = # WHERE p = 1 IF l = [];",
                                        "UPDATE k.t SET n = # WHERE p = 1 IF l != [];"};
  session_kit kit;
  open_keyspace(&kit);
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, l list<int>, n int)");
  char *text = repeated("INSERT INTO k.t (p, l) VALUES (1, [", "#, ", 10000, "0])");
  cql(kit.session, text);
  free(text);
  size_t before = peak_memory_kib();
  for (size_t i = 0; i < 3; i++) {
    text = repeated("BEGIN BATCH ", updates[i], 400, " APPLY BATCH");
    cql(kit.session, text);
    free(text);
  }
  size_t grown = peak_memory_kib() - before;
  ck_assert_msg(grown < 400 * 1024, "%zu KiB", grown);
  CQL_IS(kit.session, "SELECT n FROM k.t", "399\n");
  kit_close(&kit);
}
END_TEST

static medley_session *to_interrupt;
static int64_t interrupting_clock(void *context) {
  (void)context;
  if (to_interrupt != NULL) medley_session_interrupt(to_interrupt);
  return INT64_C(1000000000);
}

START_TEST(a_batch_is_interrupted_and_leaves_nothing) {
  static const char *const batches[] = {"INSERT INTO k.t (p, v) VALUES (#, 1);", "UPDATE k.t SET v = 1 WHERE p = #;",
                                        "DELETE FROM k.t WHERE p = #;",
                                        "INSERT INTO k.t (p, v) VALUES (1, #) IF NOT EXISTS;"};
  session_kit kit;
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = interrupting_clock;
  to_interrupt = NULL;
  kit_open_with(&kit, &options);
  cql(kit.session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  cql(kit.session, "CREATE TABLE k.t (p int PRIMARY KEY, v int)");
  cql(kit.session, "INSERT INTO k.t (p, v) VALUES (2, 0)");
  for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
    char *text = repeated("BEGIN BATCH ", batches[i], 10, " APPLY BATCH");
    kit_rows rows;
    to_interrupt = kit.session;
    int rc = kit_run(kit.session, MEDLEY_LANGUAGE_CQL, text, &rows);
    to_interrupt = NULL;
    ck_assert_msg(rc == MEDLEY_INTERRUPTED, "%s: %s", text, medley_status_name(rc));
    CQL_IS(kit.session, "SELECT p, v FROM k.t", "2|0\n");
    free(text);
  }
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("wide_limits", a_batch_of_changes_of_a_large_row_takes_little_memory,
              a_batch_is_interrupted_and_leaves_nothing, reading_an_index_goes_on_behind_entries_of_any_length,
              tables_have_numbers_of_their_own, collections_of_many_elements_are_indexed_and_changed,
              values_that_are_equal_in_an_index_have_one_entry,
              user_types_that_have_each_other_many_times_are_refused_at_once,
              a_range_may_begin_and_end_at_values_that_no_key_can_have)
