/* test_wide_expiry.c - sealed rows with a time to live: what readers see of them while they live and when they do not, and how they go. */
#include "tests/unit/sealed_rows.h"
#include "tests/unit/session_kit.h"

enum { SECOND = 1000000, USERS = 40, TIMES = 50 };

static session_kit kit;
static int64_t now_us;

static int64_t clock_of_test(void *context) { return *(int64_t *)context; }

static void setup(void) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = clock_of_test;
  options.clock_context = &now_us;
  now_us = INT64_C(1700000000) * SECOND;
  kit_open_with(&kit, &options);
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL,
           "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static void teardown(void) { kit_close(&kit); }

static void cql(const char *text) { kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text); }

static void pass(int seconds) { now_us += (int64_t)seconds * SECOND; }

static void create(const char *table) {
  char text[300];
  snprintf(text, sizeof text,
           "CREATE TABLE %s (u int, t int, a text, n int, PRIMARY KEY (u, t)) WITH segment_rows = 128", table);
  cql(text);
}

/* Rows 0 .. USERS * TIMES - 1, of which each has the time to live that `ttl` says for its number. */
static void add_rows(const char *table, int (*ttl)(int number)) {
  char text[300];
  ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
  for (int i = 0; i < USERS * TIMES; i++) {
    snprintf(text, sizeof text, "INSERT INTO %s (u, t, a, n) VALUES (%d, %d, 'text %d', %d) USING TTL %d", table,
             i / TIMES, i % TIMES, i % 7, i, ttl(i));
    cql(text);
  }
  ck_assert_int_eq(medley_commit(kit.session), MEDLEY_OK);
}

static void fill(const char *table, int (*ttl)(int number)) {
  create(table);
  add_rows(table, ttl);
}

static int always(int number) {
  (void)number;
  return 1000;
}
static int half(int number) { return number % 2 == 0 ? 1000 : 0; }
static int hundreds(int number) { return 100 + number % 3 * 100; }

static void is_whole(void) {
  medley_error error = {0};
  uint64_t problems;
  ck_assert_int_eq(medley_check(kit.db, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 0);
}

/* By rows, by columns, by headers, by groups, by key, in both languages: `alive` says which numbers are there. */
static void sees(bool (*alive)(int number)) {
  char expected[400];
  long long count = 0, sum = 0, sevenths = 0;
  for (int i = 0; i < USERS * TIMES; i++) {
    if (!alive(i)) continue;
    count++;
    sum += i;
    sevenths += i % 7 == 3;
  }
  snprintf(expected, sizeof expected, count > 0 ? "%lld|%lld\n" : "0|NULL\n", count, sum);
  SQL_IS(kit.session, "SELECT count(*), sum(n) FROM \"k.t\"", expected);
  SQL_IS(kit.session, "SELECT count(*), sum(n) FROM (SELECT n FROM \"k.t\" WHERE n + 0 >= 0)", expected);
  snprintf(expected, sizeof expected, "%lld|%lld\n", count, sum);
  CQL_IS(kit.session, "SELECT count(*), sum(n) FROM k.t", expected);
  CQL_IS(kit.session, "SELECT count(*), sum(n) FROM k.t WHERE n < 1000000 ALLOW FILTERING", expected);
  snprintf(expected, sizeof expected, "%lld\n", sevenths);
  CQL_IS(kit.session, "SELECT count(*) FROM k.t WHERE a = 'text 3' ALLOW FILTERING", expected);
  if (sevenths > 0) SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE a = 'text 3' GROUP BY a", expected);
  for (int i = 0; i < USERS * TIMES; i += 97) {
    char text[200];
    snprintf(text, sizeof text, "SELECT n FROM k.t WHERE u = %d AND t = %d", i / TIMES, i % TIMES);
    snprintf(expected, sizeof expected, alive(i) ? "%d\n" : "%.0d", alive(i) ? i : 0);
    CQL_IS(kit.session, text, expected);
  }
}

static bool all(int number) {
  (void)number;
  return true;
}
static bool none(int number) {
  (void)number;
  return false;
}
static bool odd(int number) { return number % 2 != 0; }

START_TEST(rows_that_expire_are_sealed_and_are_gone_in_time) {
  fill("k.t", always);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES);
  is_whole();
  pass(990);
  sees(all);
  CQL_IS(kit.session, "SELECT ttl(n), ttl(a) FROM k.t WHERE u = 3 AND t = 4", "10|10\n");
  SQL_IS(kit.session, "SELECT DISTINCT _ttl FROM \"k.t\"", "10\n");
  SQL_IS(kit.session, "SELECT _ttl FROM \"k.t\" WHERE u = 3 AND t = 4", "10\n");
  pass(9);
  sees(all);
  pass(1);
  sees(none);
  is_whole();
}
END_TEST

/* Without a row being looked at: a slice that may look at a few things drops more rows than that. */
START_TEST(segments_past_their_time_go_as_wholes) {
  medley_error error = {0};
  int more;
  fill("k.t", always);
  sealed_rows_maintain(kit.db);
  pass(1100);
  for (int i = 0; i < 40 && sealed_rows_count(kit.db, "k", "t") > 0; i++)
    ck_assert_int_eq(medley_maintain(kit.db, 1, &more, &error), MEDLEY_OK);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 0);
  sees(none);
  is_whole();
  cql("INSERT INTO k.t (u, t, a, n) VALUES (3, 4, 'again', 1)");
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "1\n");
  CQL_IS(kit.session, "SELECT a, ttl(a) FROM k.t WHERE u = 3 AND t = 4", "again|NULL\n");
}
END_TEST

START_TEST(what_has_expired_beside_others_goes_when_its_range_is_written_anew) {
  fill("k.t", half);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES);
  sees(all);
  pass(1000);
  sees(odd);
  pass(100);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES / 2);
  sees(odd);
  is_whole();
  SQL_IS(kit.session, "SELECT count(_ttl) FROM \"k.t\"", "0\n");
}
END_TEST

static int64_t passed_s;
static bool of_hundreds(int number) { return hundreds(number) > passed_s; }

START_TEST(a_segment_whose_rows_expire_one_after_the_other) {
  fill("k.t", hundreds);
  sealed_rows_maintain(kit.db);
  for (passed_s = 0; passed_s < 310; passed_s += 99, pass(99)) {
    sees(of_hundreds);
    if (passed_s == 198) sealed_rows_maintain(kit.db);
    is_whole();
  }
  sealed_rows_maintain(kit.db);
  sees(none);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 0);
}
END_TEST

/* A write to an expired row, and to one that lives, takes it out of its segment with its time to live. */
START_TEST(writes_to_sealed_rows_keep_the_lives_of_their_cells) {
  fill("k.t", always);
  sealed_rows_maintain(kit.db);
  pass(400);
  cql("UPDATE k.t SET n = 5 WHERE u = 1 AND t = 1");
  CQL_IS(kit.session, "SELECT a, n, ttl(a), ttl(n) FROM k.t WHERE u = 1 AND t = 1", "text 2|5|600|NULL\n");
  pass(600);
  CQL_IS(kit.session, "SELECT a, n FROM k.t WHERE u = 1 AND t = 1", "NULL|5\n");
  cql("UPDATE k.t SET n = 6 WHERE u = 2 AND t = 2");
  CQL_IS(kit.session, "SELECT u, t, a, n FROM k.t", "1|1|NULL|5\n2|2|NULL|6\n");
  pass(100);
  sealed_rows_maintain(kit.db);
  is_whole();
  CQL_IS(kit.session, "SELECT u, t, a, n FROM k.t", "1|1|NULL|5\n2|2|NULL|6\n");
}
END_TEST

/* An index has to be told: rows that expire stay records there. */
START_TEST(rows_that_expire_are_not_sealed_beside_an_index) {
  create("k.t");
  cql("CREATE INDEX by_a ON k.t (a)");
  add_rows("k.t", half);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES / 2);
  pass(1100);
  sees(odd);
  sealed_rows_maintain(kit.db);
  sees(odd);
  is_whole();
}
END_TEST

START_TEST(an_index_made_later_loses_the_entries_of_what_expires) {
  fill("k.t", half);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES);
  cql("CREATE INDEX by_a ON k.t (a)");
  pass(1100);
  sees(odd);
  is_whole();
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES / 2);
  sees(odd);
  is_whole();
}
END_TEST

/* A range that is written anew between a row's end and the round that would find it leaves the row to that round. */
START_TEST(sealing_leaves_expired_rows_that_an_index_knows) {
  char text[100];
  fill("k.t", half);
  sealed_rows_maintain(kit.db);
  cql("CREATE INDEX by_a ON k.t (a)");
  pass(995);
  sealed_rows_maintain(kit.db); /* a round ends; the next one is due in a minute */
  pass(10);
  ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
  for (int i = 0; i < USERS * TIMES; i++) {
    snprintf(text, sizeof text, "INSERT INTO k.t (u, t) VALUES (%d, %d)", i / TIMES, 1000 + i);
    cql(text);
  }
  ck_assert_int_eq(medley_commit(kit.session), MEDLEY_OK);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_gt(sealed_rows_count(kit.db, "k", "t"), USERS * TIMES * 3 / 2); /* new ones, and expired ones still */
  is_whole();
  CQL_IS(kit.session, "SELECT count(*) FROM k.t WHERE a = 'text 3'", "143\n");
}
END_TEST

/* What expired is a tombstone for its gc_grace_seconds, once a table settles by timestamps. */
START_TEST(a_table_with_timestamps_remembers_what_has_expired) {
  fill("k.t", always);
  cql("ALTER TABLE k.t WITH gc_grace_seconds = 5000");
  sealed_rows_maintain(kit.db);
  cql("INSERT INTO k.t (u, t, n) VALUES (1000, 1, 1) USING TIMESTAMP 1");
  pass(1100);
  sealed_rows_maintain(kit.db);
  cql("UPDATE k.t USING TIMESTAMP 1600000000000000 SET n = 5 WHERE u = 1 AND t = 1"); /* older than what expired */
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "1\n");
  ck_assert_uint_gt(sealed_rows_count(kit.db, "k", "t"), 0);
  pass(5000);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 0);
  is_whole();
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_expiry", setup, teardown, rows_that_expire_are_sealed_and_are_gone_in_time,
                      segments_past_their_time_go_as_wholes,
                      what_has_expired_beside_others_goes_when_its_range_is_written_anew,
                      a_segment_whose_rows_expire_one_after_the_other,
                      writes_to_sealed_rows_keep_the_lives_of_their_cells,
                      rows_that_expire_are_not_sealed_beside_an_index, sealing_leaves_expired_rows_that_an_index_knows,
                      an_index_made_later_loses_the_entries_of_what_expires,
                      a_table_with_timestamps_remembers_what_has_expired)
