/* test_wide_windows.c - windows of time: which one a row is of, when it is past, what is looked at, and what a damaged directory does. */
#include <string.h>

#include "models/widecolumn/record.h"
#include "models/widecolumn/sweep.h"
#include "models/widecolumn/time_window.h"
#include "tests/unit/behind_kit.h"
#include "tests/unit/wide_windows.h"

#define NOW_S INT64_C(2000000000) /* 2033-05-18 03:33:20 */
enum { PAGE_SIZE = 4096, DAY_S = 86400 };

static int64_t now_us;

static int64_t read_clock(void *context) {
  (void)context;
  return now_us;
}

static void cql(const char *text) { kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text); }

static void open_kit(void) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = read_clock;
  now_us = NOW_S * 1000000;
  kit_open_with(&kit, &options);
  cql("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static void close_kit(void) { kit_close(&kit); }

#define DAYS_TABLE                                                                                               \
  "CREATE TABLE k.t (p int, time timestamp, n int, v int, PRIMARY KEY (p, time, n)) WITH segment_rows = 16 AND " \
  "time_window = {'column': 'time', 'size': '1d', 'keep': '10d'}"

static void insert(int p, int64_t time_s, int n) {
  char text[160];
  snprintf(text, sizeof text, "INSERT INTO k.t (p, time, n, v) VALUES (%d, %lld, %d, %d)", p, (long long)time_s * 1000,
           n, n);
  cql(text);
}

#define CQL_FAILS_WITH(session_, text_, status_, words_)                                                     \
  do {                                                                                                       \
    kit_rows rows_ = {0};                                                                                    \
    int rc_ = kit_run(session_, MEDLEY_LANGUAGE_CQL, text_, &rows_);                                         \
    const char *message_ = medley_session_error(session_)->message;                                          \
    ck_assert_msg(rc_ == (status_), "%s: %s (%s)", text_, medley_status_name(rc_), message_);                \
    ck_assert_msg(strstr(message_, words_) != NULL, "%s: \"%s\" is not in \"%s\"", text_, words_, message_); \
  } while (0)

static void keep_problem(void *context, const char *problem) {
  char *text = context;
  size_t len = strlen(text);
  snprintf(text + len, 2000 - len, "%s\n", problem);
}

static uint64_t check(char text[2000]) {
  uint64_t problems = 0;
  text[0] = '\0';
  ck_assert_msg(medley_check(kit.db, keep_problem, text, &problems, &error) == MEDLEY_OK, "%s", error.message);
  return problems;
}

static void check_finds(const char *words) {
  char text[2000];
  ck_assert_uint_gt(check(text), 0);
  ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

static void check_is_calm(void) {
  char text[2000];
  uint64_t problems = check(text);
  ck_assert_msg(problems == 0, "%s", text);
}

static uint32_t table_id(const char *name) {
  med_txn *reader;
  med_wide_catalog *catalog;
  ck_assert_int_eq(med_txn_open_reader(kit.db->store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_wide_catalog_open(reader, &catalog), MEDLEY_OK);
  uint32_t id = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text(name))->id;
  med_wide_catalog_release(catalog);
  med_txn_close_reader(reader);
  return id;
}

static uint64_t catalog_version(void) {
  med_txn *reader;
  uint64_t version;
  ck_assert_int_eq(med_txn_open_reader(kit.db->store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_wide_catalog_version_now(reader, &version), MEDLEY_OK);
  med_txn_close_reader(reader);
  return version;
}

static uint64_t bytes_used(void) {
  medley_stats stats;
  ck_assert_int_eq(medley_stat(kit.db, &stats, &error), MEDLEY_OK);
  return stats.other_bytes;
}

/* When the sweep looks for windows that are past. */
static int64_t due(void) {
  const uint8_t key[1] = {MED_WIDE_KEY_WINDOW};
  med_txn *reader;
  med_slice value;
  ck_assert_int_eq(med_txn_open_reader(kit.db->store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_WIDE, med_slice_of(key, 1), &value), MEDLEY_OK);
  int64_t at_us = (int64_t)med_get_u64(value.bytes);
  med_txn_close_reader(reader);
  return at_us;
}

/* The entry of a window of a table. */
static med_slice entry_key(uint32_t id, int64_t number, uint8_t bytes[13]) {
  bytes[0] = MED_WIDE_KEY_WINDOW;
  med_put_u32(bytes + 1, id);
  med_put_u64(bytes + 5, (uint64_t)number ^ UINT64_C(1) << 63);
  return med_slice_of(bytes, 13);
}

static void put_entry(uint32_t id, int64_t number, const void *value, size_t len) {
  uint8_t key[13];
  begin();
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_WIDE, entry_key(id, number, key), med_slice_of(value, len)), MEDLEY_OK);
  commit();
}

/* ---- Which window ---- */
static void expect_window(const char *type, const char *unit, uint64_t ticks, uint64_t raw, size_t size,
                          int64_t number) {
  med_arena arena = {0};
  char property[120];
  uint8_t value[16] = {0};
  med_wide_column column = {.id = 1, .name = med_slice_of_text("t"), .role = MED_WIDE_PARTITION};
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(type), NULL, NULL, &arena, &column.type, &error), MEDLEY_OK);
  snprintf(property, sizeof property, "{'column': 't', 'size': '%llus'%s%s%s}", (unsigned long long)ticks,
           unit[0] != '\0' ? ", 'unit': '" : "", unit, unit[0] != '\0' ? "'" : "");
  med_wide_property properties = {med_slice_of_text(MED_WIDE_WINDOW_PROPERTY), med_slice_of_text(property)};
  med_wide_table table = {.id = 1,
                          .columns = &column,
                          .column_count = 1,
                          .partition_count = 1,
                          .properties = &properties,
                          .property_count = 1};
  ck_assert_msg(med_wide_time_window_read(&table, &arena, &error) == MEDLEY_OK, "%s", error.message);
  for (size_t i = 0; i < (size < 8 ? size : 8); i++) value[i] = (uint8_t)(raw >> (8 * ((size < 8 ? size : 8) - 1 - i)));
  ck_assert_int_eq(med_wide_time_window_of(&table, med_slice_of(value, size)), number);
  med_arena_clear(&arena);
}

START_TEST(a_window_is_the_floor_of_the_time_also_before_1970) {
  expect_window("timestamp", "", 1, 0, 8, 0);
  expect_window("timestamp", "", 1, 999, 8, 0);
  expect_window("timestamp", "", 1, 1000, 8, 1);
  expect_window("timestamp", "", 1, (uint64_t)-1, 8, -1);
  expect_window("timestamp", "", 1, (uint64_t)-1000, 8, -1);
  expect_window("timestamp", "", 1, (uint64_t)-1001, 8, -2);
  expect_window("timestamp", "", 1, (uint64_t)INT64_MIN, 8, INT64_MIN / 1000 - 1);
  expect_window("bigint", "s", 1, (uint64_t)INT64_MIN, 8, INT64_MIN);
  expect_window("bigint", "s", 1, (uint64_t)INT64_MAX, 8, INT64_MAX);
  expect_window("bigint", "us", 60, 59999999, 8, 0);
  expect_window("bigint", "us", 60, 60000000, 8, 1);
  expect_window("int", "s", 3600, (uint64_t)(uint32_t)-1, 4, -1);
  expect_window("int", "ms", 1, 1000, 4, 1);
  expect_window("date", "", DAY_S, UINT64_C(1) << 31, 4, 0);
  expect_window("date", "", 7 * DAY_S, (UINT64_C(1) << 31) - 1, 4, -1);
  expect_window("date", "", 7 * DAY_S, (UINT64_C(1) << 31) + 7, 4, 1);
  expect_window("timeuuid", "", 1, UINT64_C(0x138140001dd211b2), 16, 0);  /* 1970-01-01 00:00:00 */
  expect_window("timeuuid", "", 1, UINT64_C(0x13813fff1dd211b2), 16, -1); /* a tenth of a microsecond before it */
}
END_TEST

START_TEST(a_window_is_past_to_the_microsecond_swept_or_not) {
  cql(DAYS_TABLE);
  const int64_t day = NOW_S / DAY_S;
  insert(1, day * DAY_S, 1);
  insert(1, (day + 1) * DAY_S, 2);
  now_us = (day + 1 + 10) * DAY_S * INT64_C(1000000) - 1;
  CQL_IS(kit.session, "SELECT n FROM k.t", "1\n2\n");
  now_us++;
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n");
  SQL_IS(kit.session, "SELECT count(*), sum(v) FROM \"k.t\"", "1|2\n");
  CQL_IS(kit.session, "SELECT count(*), sum(v) FROM k.t", "1|2\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 AND time = '2033-05-18'", "");
  check_is_calm();
  sealed_rows_maintain(kit.db);
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n");
  check_is_calm();
}
END_TEST

START_TEST(keep_can_be_made_shorter_and_longer_and_windows_that_are_not_swept_come_back) {
  uint64_t windows, sealed;
  cql(DAYS_TABLE);
  for (int i = 0; i < 5; i++) insert(1, NOW_S - i * DAY_S, i);
  cql("ALTER TABLE k.t WITH time_window = {'column': 'time', 'size': '1d', 'keep': '2d'}");
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n1\n0\n");
  cql("ALTER TABLE k.t WITH time_window = {'column': 'time', 'size': '24h', 'keep': '3d'}");
  CQL_IS(kit.session, "SELECT n FROM k.t", "3\n2\n1\n0\n");
  sealed_rows_maintain(kit.db);
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 4);
  ck_assert_int_eq(due(), (NOW_S / DAY_S - 3 + 1 + 3) * DAY_S * 1000000); /* and the next sweep does not look */
  cql("ALTER TABLE k.t WITH time_window = {'column': 'time', 'size': '1d', 'keep': '4d'}");
  sealed_rows_maintain(kit.db); /* nothing is past by that */
  ck_assert_int_eq(due(), (NOW_S / DAY_S - 3 + 1 + 4) * DAY_S * 1000000);
  cql("ALTER TABLE k.t WITH time_window = {'column': 'time', 'size': '86400s'}");
  CQL_IS(kit.session, "SELECT n FROM k.t", "3\n2\n1\n0\n");
  now_us += INT64_C(1000) * DAY_S * 1000000;
  CQL_IS(kit.session, "SELECT n FROM k.t", "3\n2\n1\n0\n");
  cql("ALTER TABLE k.t WITH time_window = {'column': 'time', 'size': '1d', 'keep': '1001d'}");
  sealed_rows_maintain(kit.db);
  CQL_IS(kit.session, "SELECT n FROM k.t", "1\n0\n");
  check_is_calm();
}
END_TEST

/* ---- What is looked at ---- */
START_TEST(a_new_window_draws_no_new_version_of_the_catalog) {
  uint64_t windows, sealed;
  cql(DAYS_TABLE);
  uint64_t version = catalog_version();
  SQL_OK(kit.session,
         "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
         "INSERT INTO \"k.t\"(p, time, n, v) SELECT i % 3, 2000000000000 + i * 86400000, i, i FROM n");
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 1000);
  ck_assert_uint_eq(catalog_version(), version);
  CQL_IS(kit.session, "SELECT count(*), sum(v) FROM k.t", "1000|499500\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 0 ORDER BY time DESC LIMIT 2", "999\n996\n");
  check_is_calm();
}
END_TEST

/* Sealed rows, which are read by columns: bounds leave their windows out, too. */
START_TEST(bounds_of_the_time_leave_sealed_windows_out) {
  cql(DAYS_TABLE);
  cql("ALTER TABLE k.t WITH segment_rows = 4");
  const int64_t day = NOW_S / DAY_S;
  for (int i = 0; i < 7; i++) {
    for (int n = 0; n < 40; n++) insert(n % 3, (day - i) * DAY_S, n);
  }
  sealed_rows_maintain(kit.db);
  uint64_t windows, sealed;
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(sealed, 7);
  put_entry(table_id("t"), day - 3, "damaged", 7);
  SQL_IS(kit.session, "SELECT p, count(*) FROM \"k.t\" WHERE time >= 1999814400000 GROUP BY p ORDER BY p",
         "0|42\n1|39\n2|39\n");
  SQL_IS(kit.session, "SELECT p, count(*) FROM \"k.t\" WHERE time < 1999728000000 GROUP BY p ORDER BY p",
         "0|42\n1|39\n2|39\n");
  SQL_IS(kit.session, "SELECT sum(n) FROM (SELECT n FROM \"k.t\" WHERE time >= 1999814400000)", "2340\n");
  CQL_IS(kit.session, "SELECT count(*), sum(n) FROM k.t WHERE time >= '2033-05-16' ALLOW FILTERING", "120|2340\n");
  SQL_FAILS(kit.session, "SELECT p, count(*) FROM \"k.t\" GROUP BY p ORDER BY p", MEDLEY_CORRUPT);
}
END_TEST

/* Entries and rows of windows that need not be looked at are damaged: whoever looks fails. */
START_TEST(bounds_of_the_time_and_limits_leave_windows_out) {
  cql(DAYS_TABLE);
  const int64_t day = NOW_S / DAY_S;
  for (int i = 0; i < 9; i++) insert(1, (day - i) * DAY_S, i);
  uint32_t id = table_id("t");
  put_entry(id, day - 4, "damaged", 7);
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 ORDER BY time DESC LIMIT 4", "0\n1\n2\n3\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 ORDER BY time ASC LIMIT 4", "8\n7\n6\n5\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 AND time >= '2033-05-15'", "3\n2\n1\n0\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 AND time < '2033-05-14'", "8\n7\n6\n5\n");
  CQL_IS(kit.session, "SELECT n FROM k.t WHERE p = 1 AND time = '2033-05-15' AND n = 3", "3\n");
  SQL_IS(kit.session, "SELECT n FROM \"k.t\" WHERE p = 1 AND time >= 1999728000000 ORDER BY time DESC", "0\n1\n2\n3\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE time >= 1999728000000", "4\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE time < 1999641600000", "4\n");
  insert(1, day * DAY_S, 10);
  ck_assert_int_eq(
      medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, "SELECT n FROM k.t WHERE p = 1", MEDLEY_NUL_ENDED, NULL, NULL),
      MEDLEY_CORRUPT);
}
END_TEST

/* ---- Giving space back ---- */
static void fill(int rows, int first_day) {
  char text[400];
  snprintf(text, sizeof text,
           "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "INSERT INTO \"k.t\"(p, time, n, v) SELECT i %% 7, %lld + i %% 5 * 86400000, i, i FROM n",
           rows - 1, (long long)(NOW_S / DAY_S + first_day) * DAY_S * 1000);
  SQL_OK(kit.session, text);
}

START_TEST(a_window_that_is_past_goes_without_a_look_at_its_rows) {
  enum { ROWS = 20000 };
  uint64_t windows, sealed, before;
  size_t swept;
  bool left;
  cql(DAYS_TABLE);
  cql("ALTER TABLE k.t WITH segment_rows = 0");
  before = bytes_used();
  fill(ROWS, 0);
  ck_assert_uint_gt(bytes_used(), before + (uint64_t)ROWS * 40);
  now_us += INT64_C(12) * DAY_S * 1000000;
  begin();
  ck_assert_int_eq(med_wide_sweep(txn, 1, &swept, &left), MEDLEY_OK);
  ck_assert_uint_le(swept, 3); /* the window, when the next one will be past, and one record of what it had */
  ck_assert(left);
  commit();
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 4);
  check_is_calm();
  now_us += INT64_C(12) * DAY_S * 1000000;
  sealed_rows_maintain(kit.db);
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 0);
  check_is_calm();
  ck_assert_uint_lt(bytes_used(), before + (uint64_t)4 * PAGE_SIZE);
}
END_TEST

START_TEST(what_is_dropped_or_truncated_frees_every_window) {
  uint64_t windows, sealed, before = bytes_used();
  cql(DAYS_TABLE);
  fill(6000, 0);
  sealed_rows_maintain(kit.db);
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 5);
  ck_assert_uint_eq(sealed, 5);
  fill(100, 5); /* and some that are not sealed */
  cql("TRUNCATE k.t");
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "0\n");
  check_is_calm();
  insert(1, NOW_S, 1);
  sealed_rows_maintain(kit.db);
  check_is_calm();
  ck_assert_uint_lt(bytes_used(), before + (uint64_t)4 * PAGE_SIZE);
  CQL_IS(kit.session, "SELECT n FROM k.t", "1\n");
  fill(6000, 0);
  cql("DROP TABLE k.t");
  check_is_calm();
  sealed_rows_maintain(kit.db);
  check_is_calm();
  ck_assert_uint_lt(bytes_used(), before + (uint64_t)4 * PAGE_SIZE);
}
END_TEST

START_TEST(a_window_is_sealed_when_the_next_one_begins) {
  uint64_t windows, sealed;
  cql(DAYS_TABLE);
  cql("ALTER TABLE k.t WITH segment_rows = 64");
  for (int n = 0; n < 40; n++) insert(1, NOW_S, n); /* less than a pass waits for */
  sealed_rows_maintain(kit.db);
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(sealed, 0);
  insert(1, NOW_S + 2 * DAY_S, 1);
  sealed_rows_maintain(kit.db);
  windows_count(kit.db, "k", "t", &windows, &sealed);
  ck_assert_uint_eq(windows, 2);
  ck_assert_uint_eq(sealed, 1);
  CQL_IS(kit.session, "SELECT count(*), sum(v) FROM k.t", "41|781\n");
  check_is_calm();
}
END_TEST

START_TEST(rows_of_windows_expire_by_their_time_to_live_too) {
  cql(DAYS_TABLE);
  for (int i = 0; i < 3; i++) insert(1, NOW_S - i * DAY_S, i);
  cql("INSERT INTO k.t (p, time, n, v) VALUES (1, 2000000000000, 7, 7) USING TTL 100");
  cql("INSERT INTO k.t (p, time, n, v) VALUES (1, 1999900000000, 8, 8) USING TTL 100");
  CQL_IS(kit.session, "SELECT count(*) FROM k.t", "5\n");
  now_us += INT64_C(200) * 1000000;
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n1\n0\n");
  sealed_rows_maintain(kit.db);
  check_is_calm();
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n1\n0\n");
  uint64_t before = bytes_used();
  cql("ALTER TABLE k.t WITH default_time_to_live = 100 AND segment_rows = 0");
  fill(4000, 0);
  ck_assert_uint_gt(bytes_used(), before + (uint64_t)4000 * 40);
  now_us += INT64_C(200) * 1000000;
  CQL_IS(kit.session, "SELECT n FROM k.t", "2\n1\n0\n");
  sealed_rows_maintain(kit.db);
  check_is_calm();
  ck_assert_uint_lt(bytes_used(), before + (uint64_t)8 * PAGE_SIZE);
}
END_TEST

/* ---- Damage ---- */
START_TEST(a_damaged_directory_is_told_and_never_believed) {
  static const uint8_t no_number[5] = {0, 0, 0, 0, 0}, odd_flags[5] = {0, 0, 0, 9, 2};
  const struct {
    const void *bytes;
    size_t len;
  } damages[] = {{"", 0}, {"1234", 4}, {"123456", 6}, {no_number, 5}, {odd_flags, 5}};
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    cql("DROP TABLE IF EXISTS k.t");
    sealed_rows_maintain(kit.db);
    cql(DAYS_TABLE);
    insert(1, NOW_S, 1);
    put_entry(table_id("t"), NOW_S / DAY_S, damages[i].bytes, damages[i].len);
    static const char *const statements[] = {"SELECT * FROM k.t", "SELECT * FROM k.t WHERE p = 1",
                                             "SELECT * FROM k.t WHERE p = 1 AND time = 2000000000000 AND n = 1",
                                             "INSERT INTO k.t (p, time, n) VALUES (1, 2000000000000, 1)",
                                             "DELETE FROM k.t WHERE p = 1"};
    for (size_t j = 0; j < sizeof statements / sizeof statements[0]; j++)
      ck_assert_int_eq(medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, statements[j], MEDLEY_NUL_ENDED, NULL, NULL),
                       MEDLEY_CORRUPT);
    check_finds("damaged");
    uint8_t good[5] = {0}; /* so that the table can be dropped */
    med_put_u32(good, table_id("t") + 1);
    put_entry(table_id("t"), NOW_S / DAY_S, good, sizeof good);
    check_is_calm();
  }
}
END_TEST

START_TEST(the_check_finds_windows_that_are_not_right) {
  uint8_t value[5] = {0};
  cql(DAYS_TABLE);
  insert(1, NOW_S, 1);
  insert(1, NOW_S - DAY_S, 2);
  uint32_t id = table_id("t");
  check_is_calm();
  med_put_u32(value, id + 1); /* the number of the first window */
  put_entry(id, NOW_S / DAY_S + 1, value, sizeof value);
  check_finds("is another one's");
  check_finds("stands in another window");
  med_put_u32(value, id + 1000);
  put_entry(id, NOW_S / DAY_S + 1, value, sizeof value);
  check_finds("yet to be given");
}
END_TEST

START_TEST(the_check_finds_windows_that_contradict_definitions) {
  uint8_t value[5] = {0, 0, 0, 0, 1};
  cql(DAYS_TABLE);
  cql("CREATE TABLE k.plain (p int PRIMARY KEY)");
  insert(1, NOW_S, 1);
  uint32_t id = table_id("t");
  check_is_calm();
  med_put_u32(value, table_id("plain") + 1); /* the number of the window, which has no segments */
  put_entry(id, NOW_S / DAY_S, value, sizeof value);
  check_finds("a window has segments, and its definition says that none has");
  value[4] = 0;
  put_entry(id, NOW_S / DAY_S, value, sizeof value);
  check_is_calm();
  put_entry(table_id("plain"), 1, value, sizeof value);
  check_finds("a window of table 2, which has none");
}
END_TEST

START_TEST(the_first_and_the_last_window_that_there_can_be_are_windows) {
  cql("CREATE TABLE k.w (p int, s bigint, v int, PRIMARY KEY (p, s)) WITH segment_rows = 1 AND "
      "time_window = {'column': 's', 'size': '1s', 'unit': 's'}");
  cql("INSERT INTO k.w (p, s, v) VALUES (1, 9223372036854775807, 3)");
  cql("INSERT INTO k.w (p, s, v) VALUES (1, -9223372036854775808, 1)");
  cql("INSERT INTO k.w (p, s, v) VALUES (1, 0, 2)");
  cql("INSERT INTO k.w (p, s, v) VALUES (2, 9223372036854775807, 4) USING TTL 100");
  for (int sealed = 0; sealed < 2; sealed++) {
    CQL_IS(kit.session, "SELECT v FROM k.w WHERE p = 1", "1\n2\n3\n");
    CQL_IS(kit.session, "SELECT v FROM k.w WHERE p = 1 ORDER BY s DESC", "3\n2\n1\n");
    CQL_IS(kit.session, "SELECT v FROM k.w WHERE p = 1 AND s = 9223372036854775807", "3\n");
    CQL_IS(kit.session, "SELECT v FROM k.w WHERE p = 1 AND s < 0", "1\n");
    CQL_IS(kit.session, "SELECT v FROM k.w WHERE p = 1 AND s > 0", "3\n");
    CQL_IS(kit.session, "SELECT count(*), sum(v) FROM k.w", "4|10\n");
    SQL_IS(kit.session, "SELECT p, sum(v) FROM \"k.w\" GROUP BY p ORDER BY p", "1|6\n2|4\n");
    SQL_IS(kit.session, "SELECT sum(v) FROM \"k.w\" WHERE s > -9223372036854775808", "9\n");
    check_is_calm();
    sealed_rows_maintain(kit.db);
  }
  now_us += INT64_C(200) * 1000000;
  sealed_rows_maintain(kit.db);
  CQL_IS(kit.session, "SELECT count(*) FROM k.w", "3\n");
  cql("DELETE FROM k.w WHERE p = 1 AND s >= 0");
  CQL_IS(kit.session, "SELECT v FROM k.w", "1\n");
  cql("ALTER TABLE k.w WITH time_window = {'column': 's', 'size': '1s', 'unit': 's', 'keep': '1s'}");
  CQL_IS(kit.session, "SELECT v FROM k.w", "");
  sealed_rows_maintain(kit.db);
  check_is_calm();
  CQL_FAILS_WITH(kit.session, "INSERT INTO k.w (p, s) VALUES (1, -9223372036854775808)", MEDLEY_RANGE, "the far past");
}
END_TEST

START_TEST(the_check_finds_what_stands_outside_of_windows) {
  uint8_t value[5] = {0}, key[13];
  cql(DAYS_TABLE);
  insert(1, NOW_S, 1);
  uint32_t id = table_id("t");
  begin();
  med_key row;
  med_wide_token_prefix(id, 5, &row);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&row), med_slice_of("", 1)), MEDLEY_OK);
  commit();
  check_finds("outside of its windows");
  begin();
  ck_assert_int_eq(med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&row)), MEDLEY_OK);
  ck_assert_int_eq(med_txn_delete(txn, MED_TREE_WIDE, entry_key(id, NOW_S / DAY_S, key)), MEDLEY_OK);
  commit();
  check_finds("which is not"); /* rows without a window */
  med_put_u32(value, id + 1);
  put_entry(id, NOW_S / DAY_S, value, sizeof value);
  check_is_calm();
  med_put_u32(value, id); /* of a table that is not there */
  put_entry(id + 5, 1, value, sizeof value);
  check_finds("a window of table");
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_windows", open_kit, close_kit, a_window_is_the_floor_of_the_time_also_before_1970,
                      a_window_is_past_to_the_microsecond_swept_or_not,
                      keep_can_be_made_shorter_and_longer_and_windows_that_are_not_swept_come_back,
                      a_new_window_draws_no_new_version_of_the_catalog, bounds_of_the_time_and_limits_leave_windows_out,
                      bounds_of_the_time_leave_sealed_windows_out,
                      a_window_that_is_past_goes_without_a_look_at_its_rows,
                      what_is_dropped_or_truncated_frees_every_window, a_window_is_sealed_when_the_next_one_begins,
                      rows_of_windows_expire_by_their_time_to_live_too, a_damaged_directory_is_told_and_never_believed,
                      the_check_finds_windows_that_are_not_right, the_check_finds_windows_that_contradict_definitions,
                      the_first_and_the_last_window_that_there_can_be_are_windows,
                      the_check_finds_what_stands_outside_of_windows)
