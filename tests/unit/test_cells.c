/* test_cells.c - the typed calls for tables of cells, one by one: what they answer, what they refuse. */
#include "tests/unit/cells_kit.h"

#include <stdlib.h>

static cells_kit kit;
static medley_session *session;

static void setup(void) {
  cells_open(&kit);
  session = kit.kit.session;
}
static void teardown(void) { cells_close(&kit); }

static int64_t now_ms(void) { return kit.now_us / 1000; }

START_TEST(a_family_keeps_its_newest_versions_whatever_the_order_of_puts) {
  static const int64_t versions[] = {5, 1, 9, 3, 7};
  for (int i = 0; i < 5; i++) cells_put(session, "r", "info", "q", versions[i], "v");
  GET_IS(session, "r", &(medley_cells_query){.versions = 10}, "r info:q@9=v info:q@7=v info:q@5=v;");
  CQL_IS(session, "SELECT count(*) FROM k.cells", "3\n");
  cells_put(session, "r", "info", "q", 6, "w");
  GET_IS(session, "r", &(medley_cells_query){.versions = 10}, "r info:q@9=v info:q@7=v info:q@6=w;");
  cells_put(session, "r", "info", "q", 2, "gone at once");
  GET_IS(session, "r", &(medley_cells_query){.versions = 10}, "r info:q@9=v info:q@7=v info:q@6=w;");
  GET_IS(session, "r", NULL, "r info:q@9=v;");
  for (int i = 1; i <= 5; i++) cells_put(session, "r", "log", "q", i, "v");
  const medley_cells_query four = {.versions = 4, .columns = &(medley_cells_column){"log", {0}}, .column_count = 1};
  GET_IS(session, "r", &four, "r log:q@5=v log:q@4=v log:q@3=v log:q@2=v;");
}
END_TEST

START_TEST(a_later_put_of_a_version_takes_the_place_of_the_former) {
  cells_put(session, "r", "info", "q", 0, "first");
  cells_put(session, "r", "info", "q", 0, "second");
  kit.now_us += 1000;
  cells_put(session, "r", "info", "q", 0, "");
  char expected[100];
  snprintf(expected, sizeof expected, "r info:q@%lld= info:q@%lld=second;", (long long)now_ms(),
           (long long)now_ms() - 1);
  GET_IS(session, "r", &(medley_cells_query){.versions = 10}, expected);
}
END_TEST

START_TEST(cells_of_a_row_are_put_together_or_not_at_all) {
  medley_cell cells[] = {cells_cell("one", "b", 5, "2"), cells_cell("info", "a", 5, "1"),
                         cells_cell("one", "", 5, "3")};
  CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, "r", 1, cells, 3));
  GET_IS(session, "r", NULL, "r info:a@5=1 one:@5=3 one:b@5=2;");
  medley_cell bad[] = {cells_cell("one", "b", 6, "x"), cells_cell("none", "a", 6, "y")};
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, bad, 2), MEDLEY_NOT_FOUND, "no family none");
  GET_IS(session, "r", NULL, "r info:a@5=1 one:@5=3 one:b@5=2;");
  CELLS_OK(session, medley_begin(session, MEDLEY_WRITE));
  cells_put(session, "s", "one", "q", 7, "in the transaction");
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, bad, 2), MEDLEY_NOT_FOUND, "no family none");
  GET_IS(session, "r", NULL, "r info:a@5=1 one:@5=3 one:b@5=2;");
  GET_IS(session, "s", NULL, "s one:q@7=in the transaction;");
  CELLS_OK(session, medley_rollback(session));
  SCAN_IS(session, NULL, "r info:a@5=1 one:@5=3 one:b@5=2;");
}
END_TEST

START_TEST(deleting_takes_a_row_a_family_a_column_or_versions_of_them) {
  for (int i = 1; i <= 3; i++) {
    cells_put(session, "r", "info", "a", i, "v");
    cells_put(session, "r", "info", "", i, "v");
    cells_put(session, "r", "log", "b", i, "v");
  }
  const medley_cells_query all = {.versions = 10};
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE_VERSION, "log", "b", 0));
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE_VERSION, "info", "a", 2));
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE_VERSION, "info", "a", 77));
  GET_IS(session, "r", &all, "r info:@3=v info:@2=v info:@1=v info:a@3=v info:a@1=v log:b@2=v log:b@1=v;");
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, "info", "", 2));
  GET_IS(session, "r", &all, "r info:@3=v info:a@3=v info:a@1=v log:b@2=v log:b@1=v;");
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, "info", NULL, 1));
  GET_IS(session, "r", &all, "r info:@3=v info:a@3=v log:b@2=v log:b@1=v;");
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, NULL, NULL, 1));
  GET_IS(session, "r", &all, "r info:@3=v info:a@3=v log:b@2=v;");
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, "info", NULL, 0));
  GET_IS(session, "r", &all, "r log:b@2=v;");
  cells_put(session, "r\x01", "log", "b", 1, "neighbour");
  CELLS_OK(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, NULL, NULL, 0));
  SCAN_IS(session, &all, "r\x01 log:b@1=neighbour;");
  cells_put(session, "r", "log", "b", 1, "again");
  GET_IS(session, "r", &all, "r log:b@1=again;");
}
END_TEST

START_TEST(changes_of_a_row_see_those_before_them) {
  medley_cells_change changes[] = {{MEDLEY_CELLS_PUT, cells_cell("info", "a", 5, "gone")},
                                   {MEDLEY_CELLS_DELETE, {.family = NULL}},
                                   {MEDLEY_CELLS_PUT, cells_cell("info", "a", 4, "stays")}};
  CELLS_OK(session, medley_cells_mutate(session, CELLS_TABLE, "r", 1, changes, 3));
  GET_IS(session, "r", &(medley_cells_query){.versions = 5}, "r info:a@4=stays;");
}
END_TEST

START_TEST(an_increment_adds_to_a_big_endian_number) {
  int64_t sum = -1;
  medley_slice hits = cells_text("hits");
  CELLS_OK(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", hits, 300, &sum));
  ck_assert_int_eq(sum, 300);
  CELLS_OK(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", hits, -301, &sum));
  ck_assert_int_eq(sum, -1);
  CQL_IS(session, "SELECT blobAsBigint(value) FROM k.cells", "-1\n");
  CELLS_OK(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", hits, INT64_MAX, &sum));
  CELLS_FAILS(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", hits, 2, &sum), MEDLEY_RANGE,
              "beyond 64 bits");
  ck_assert_int_eq(sum, INT64_MAX - 1);
  cells_put(session, "r", "one", "text", 0, "seven..");
  CELLS_FAILS(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", cells_text("text"), 1, &sum),
              MEDLEY_TYPE, "a value of 7 bytes");
  /* What is of a later time stays the newest. */
  medley_cell eight = cells_cell("info", "later", now_ms() + 5000, NULL);
  eight.value = (medley_slice){"\0\0\0\0\0\0\0\5", 8};
  CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &eight, 1));
  CELLS_OK(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "info", cells_text("later"), 1, &sum));
  ck_assert_int_eq(sum, 6);
  CELLS_OK(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "info", cells_text("later"), 1, &sum));
  ck_assert_int_eq(sum, 7);
}
END_TEST

START_TEST(an_append_answers_the_whole_value) {
  medley_slice whole;
  CELLS_OK(session,
           medley_cells_append(session, CELLS_TABLE, "r", 1, "one", cells_text("q"), cells_text("ab"), &whole));
  CELLS_OK(session, medley_cells_append(session, CELLS_TABLE, "r", 1, "one", cells_text("q"), cells_text(""), NULL));
  CELLS_OK(session,
           medley_cells_append(session, CELLS_TABLE, "r", 1, "one", cells_text("q"), cells_text("cd"), &whole));
  ck_assert_uint_eq(whole.len, 4);
  ck_assert_int_eq(memcmp(whole.bytes, "abcd", 4), 0);
  char expected[60];
  snprintf(expected, sizeof expected, "r one:q@%lld=abcd;", (long long)now_ms());
  GET_IS(session, "r", NULL, expected);
}
END_TEST

START_TEST(changes_are_made_if_the_check_holds) {
  static const struct {
    medley_cells_comparison comparison;
    const char *value;
    int applied; /* where the newest value is "m" */
  } cases[] = {{MEDLEY_CELLS_ANY, "", 1},
               {MEDLEY_CELLS_ABSENT, "", 0},
               {MEDLEY_CELLS_EQUAL, "m", 1},
               {MEDLEY_CELLS_EQUAL, "mm", 0},
               {MEDLEY_CELLS_NOT_EQUAL, "m", 0},
               {MEDLEY_CELLS_NOT_EQUAL, "", 1},
               {MEDLEY_CELLS_LESS, "n", 1},
               {MEDLEY_CELLS_LESS, "m", 0},
               {MEDLEY_CELLS_LESS_OR_EQUAL, "m", 1},
               {MEDLEY_CELLS_LESS_OR_EQUAL, "lz", 0},
               {MEDLEY_CELLS_GREATER, "l", 1},
               {MEDLEY_CELLS_GREATER, "m", 0},
               {MEDLEY_CELLS_GREATER_OR_EQUAL, "m", 1},
               {MEDLEY_CELLS_GREATER_OR_EQUAL, "m0", 0}};
  cells_put(session, "r", "info", "q", 5, "a");
  cells_put(session, "r", "info", "q", 6, "m");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int applied = 7, absent = 7;
    medley_cells_check check = {"info", cells_text("q"), cases[i].comparison, cells_text(cases[i].value)};
    medley_cells_change change = {MEDLEY_CELLS_PUT, cells_cell("one", "n", (int64_t)i + 1, "x")};
    CELLS_OK(session, medley_cells_check_and_mutate(session, CELLS_TABLE, "r", 1, &check, &change, 1, &applied));
    ck_assert_msg(applied == cases[i].applied, "case %zu", i);
    char version[20];
    snprintf(version, sizeof version, "r one:n@%d=x;", (int)i + 1);
    kit_rows rows = {0};
    medley_cells_row row;
    medley_cells_query query = {.columns = &(medley_cells_column){"one", {0}}, .column_count = 1};
    CELLS_OK(session, medley_cells_get(session, CELLS_TABLE, "r", 1, &query, &row));
    cells_on_row(&rows, &row);
    ck_assert_int_eq(strcmp(rows.text, version) == 0, applied);
    check.qualifier = cells_text("none");
    CELLS_OK(session, medley_cells_check_and_mutate(session, CELLS_TABLE, "r", 1, &check, NULL, 0, &absent));
    ck_assert_int_eq(absent, cases[i].comparison == MEDLEY_CELLS_ABSENT);
  }
}
END_TEST

static void put_grid(void) {
  static const char *const keys[] = {"a", "ab", "abc", "b", "ba", "c"};
  for (int i = 0; i < 6; i++) {
    for (int version = 1; version <= 3; version++) {
      char value[4] = {(char)('0' + version), keys[i][0], '\0'};
      cells_put(session, keys[i], "info", "p1", version * 10, value);
      if (i % 2 == 0) cells_put(session, keys[i], "info", "p2", version * 10, value);
      if (i % 3 == 0) cells_put(session, keys[i], "log", "x", version * 10, value);
    }
  }
}

START_TEST(a_scan_reads_ranges_of_rows_in_both_directions) {
  put_grid();
  const medley_cells_column x = {"log", cells_text("x")}, p1 = {"info", cells_text("p1")};
  SCAN_IS(session, (&(medley_cells_query){.columns = &x, .column_count = 1}), "a log:x@30=3a;b log:x@30=3b;");
  SCAN_IS(session, (&(medley_cells_query){.columns = &x, .column_count = 1, .reverse = 1}),
          "b log:x@30=3b;a log:x@30=3a;");
  medley_cells_query keys = {.columns = &p1, .column_count = 1, .keys_only = 1, .start = cells_text("ab")};
  keys.stop = cells_text("c");
  SCAN_IS(session, &keys, "ab info:p1@30=;abc info:p1@30=;b info:p1@30=;ba info:p1@30=;");
  keys.reverse = 1;
  keys.row_limit = 3;
  SCAN_IS(session, &keys, "ba info:p1@30=;b info:p1@30=;abc info:p1@30=;");
  keys.prefix = cells_text("ab");
  SCAN_IS(session, &keys, "abc info:p1@30=;ab info:p1@30=;");
  keys.stop = cells_text("ab");
  SCAN_IS(session, &keys, "");
  keys.reverse = 0;
  SCAN_IS(session, &keys, "");
  keys = (medley_cells_query){.prefix = cells_text("ab"), .cell_limit = 1, .versions = 2};
  SCAN_IS(session, &keys, "ab info:p1@30=3a;abc info:p1@30=3a;");
  keys.cell_limit = 3;
  SCAN_IS(session, &keys, "ab info:p1@30=3a info:p1@20=2a;abc info:p1@30=3a info:p1@20=2a info:p2@30=3a;");
}
END_TEST

START_TEST(a_query_chooses_columns_versions_and_values) {
  put_grid();
  const medley_cells_column columns[] = {{"log", {0}}, {"info", cells_text("p2")}, {"info", cells_text("none")}};
  medley_cells_query query = {.columns = columns, .column_count = 3};
  GET_IS(session, "a", &query, "a info:p2@30=3a log:x@30=3a;");
  GET_IS(session, "ab", &query, "ab;");
  query.versions = 2;
  query.to_ms = 30;
  GET_IS(session, "a", &query, "a info:p2@20=2a info:p2@10=1a log:x@20=2a log:x@10=1a;");
  query.from_ms = 20;
  GET_IS(session, "a", &query, "a info:p2@20=2a log:x@20=2a;");
  query = (medley_cells_query){.qualifier_prefix = cells_text("p"), .stop = cells_text("ab")};
  SCAN_IS(session, &query, "a info:p1@30=3a info:p2@30=3a;");
  query = (medley_cells_query){.qualifier_prefix = cells_text("x")};
  SCAN_IS(session, &query, "a log:x@30=3a;b log:x@30=3b;");
  query = (medley_cells_query){.versions = 3, .comparison = MEDLEY_CELLS_LESS, .value = cells_text("1b")};
  SCAN_IS(session, &query,
          "a info:p1@10=1a info:p2@10=1a log:x@10=1a;ab info:p1@10=1a;abc info:p1@10=1a info:p2@10=1a;");
  query.versions = 1; /* the newest is chosen first */
  SCAN_IS(session, &query, "");
  const medley_cells_check checks[] = {{"info", cells_text("p2"), MEDLEY_CELLS_ABSENT, {0}},
                                       {"log", cells_text("x"), MEDLEY_CELLS_GREATER, cells_text("3")}};
  query = (medley_cells_query){.checks = checks, .check_count = 2, .reverse = 1};
  SCAN_IS(session, &query, "b info:p1@30=3b log:x@30=3b;");
}
END_TEST

static int stop_at_second(void *context, const medley_cells_row *row) {
  (void)row;
  return ++*(int *)context == 2;
}

START_TEST(a_callback_may_end_a_scan) {
  int count = 0;
  put_grid();
  CELLS_OK(session, medley_cells_scan(session, CELLS_TABLE, NULL, stop_at_second, &count));
  ck_assert_int_eq(count, 2);
}
END_TEST

static int interrupt_at_second(void *context, const medley_cells_row *row) {
  if (stop_at_second(context, row)) medley_session_interrupt(session);
  return 0;
}

START_TEST(a_column_without_room_beside_a_key_is_none_of_that_row) {
  char key[251], qualifier[251];
  memset(key, 'k', 250);
  memset(qualifier, 'q', 250);
  key[250] = qualifier[250] = '\0';
  cells_put(session, "a", "one", qualifier, 5, "v");
  cells_put(session, key, "one", "q", 5, "w");
  cells_put(session, key, "one", "r", 5, "x");
  medley_cells_check check = {"one", cells_text(qualifier), MEDLEY_CELLS_ANY, {0}};
  const medley_cells_query keys[] = {
      {.checks = &check, .check_count = 1, .prefix = cells_text("a"), .cell_limit = 1, .keys_only = 1},
      {.checks = &check, .check_count = 1, .prefix = cells_text("k"), .cell_limit = 1, .keys_only = 1}};
  char expected[2][600];
  snprintf(expected[0], sizeof expected[0], "a one:%s@5=;", qualifier);
  snprintf(expected[1], sizeof expected[1], "%s one:q@5=;", key);
  for (int absent = 0; absent < 2; absent++) {
    check.comparison = absent ? MEDLEY_CELLS_ABSENT : MEDLEY_CELLS_ANY;
    for (int i = 0; i < 2; i++) SCAN_IS(session, &keys[i], i == absent ? expected[i] : "");
  }
  const medley_cells_column columns[] = {
      {"one", cells_text(qualifier)}, {"one", cells_text("r")}, {"info", cells_text(qualifier)}};
  const medley_cells_query named = {.columns = columns, .column_count = 3, .prefix = cells_text("k")};
  snprintf(expected[0], sizeof expected[0], "%s one:r@5=x;", key);
  GET_IS(session, key, &named, expected[0]);
  SCAN_IS(session, &named, expected[0]);
  const medley_cells_query beginning = {.qualifier_prefix = cells_text(qualifier)};
  snprintf(expected[0], sizeof expected[0], "a one:%s@5=v;", qualifier);
  SCAN_IS(session, &beginning, expected[0]);
}
END_TEST

START_TEST(columns_may_be_named_in_any_order_and_twice) {
  for (int i = 0; i < 26; i++) {
    const char name[] = {(char)('a' + i), '\0'};
    cells_put(session, "r", i % 2 == 0 ? "one" : "info", name, 1, "v");
  }
  const medley_cells_column columns[] = {{"one", cells_text("y")}, {"info", cells_text("d")}, {"one", cells_text("a")},
                                         {"one", cells_text("y")}, {"info", cells_text("")},  {"one", cells_text("b")},
                                         {"one", cells_text("c")}};
  medley_cells_query query = {.columns = columns, .column_count = 7};
  GET_IS(session, "r", &query, "r info:d@1=v one:a@1=v one:c@1=v one:y@1=v;");
  query.qualifier_prefix = cells_text("y");
  GET_IS(session, "r", &query, "r one:y@1=v;");
  const medley_cells_column mixed[] = {{"one", cells_text("y")}, {"one", {0}}, {"info", cells_text("d")}, {"one", {0}}};
  query = (medley_cells_query){.columns = mixed, .column_count = 4, .cell_limit = 4};
  SCAN_IS(session, &query, "r info:d@1=v one:a@1=v one:c@1=v one:e@1=v;");
  query.qualifier_prefix = cells_text("e");
  SCAN_IS(session, &query, "r one:e@1=v;");
}
END_TEST

START_TEST(an_interrupt_ends_a_scan) {
  int count = 0;
  put_grid();
  for (int reverse = 0; reverse < 2; reverse++, count = 0) {
    const medley_cells_query query = {.reverse = reverse};
    CELLS_FAILS(session, medley_cells_scan(session, CELLS_TABLE, &query, interrupt_at_second, &count),
                MEDLEY_INTERRUPTED, "interrupted");
    ck_assert_int_eq(count, 2);
  }
  CELLS_OK(session, medley_cells_scan(session, CELLS_TABLE, NULL, stop_at_second, &count));
}
END_TEST

START_TEST(a_put_after_the_number_was_lowered_deletes_some_and_shows_none) {
  static const char lowered[] = "ALTER TABLE k.cells WITH max_versions = {'log': 2, 'short': 1}";
  for (int i = 1; i <= 100; i++) cells_put(session, "r", "log", "q", i, "v");
  kit_exec(session, MEDLEY_LANGUAGE_CQL, lowered);
  CQL_IS(session, "SELECT count(*) FROM k.cells", "100\n");
  const medley_cells_query all = {.versions = 1000};
  GET_IS(session, "r", &all, "r log:q@100=v log:q@99=v;");
  cells_put(session, "r", "log", "q", 101, "v");
  CQL_IS(session, "SELECT count(*) FROM k.cells", "37\n"); /* 64 are gone */
  GET_IS(session, "r", &all, "r log:q@101=v log:q@100=v;");
  cells_put(session, "r", "log", "q", 1, "v");
  CQL_IS(session, "SELECT count(*) FROM k.cells", "2\n");
  GET_IS(session, "r", &all, "r log:q@101=v log:q@100=v;");
}
END_TEST

START_TEST(keys_are_bytes_in_their_order) {
  static const char *const keys[] = {"\0", "\0\0", "\0\1", "\1", "\377", "\377\0", "\377\377"};
  static const size_t lens[] = {1, 2, 2, 1, 1, 2, 2};
  for (int i = 6; i >= 0; i--) {
    medley_cell cell = {"one", {keys[i], lens[i]}, 5, {keys[i], lens[i]}};
    CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, keys[i], lens[i], &cell, 1));
  }
  for (int prefix = 0; prefix < 7; prefix++) {
    for (int reverse = 0; reverse < 2; reverse++) {
      kit_rows rows = {0};
      medley_cells_query query = {.prefix = {keys[prefix], lens[prefix]}, .reverse = reverse};
      size_t expected = 0, len = 0;
      for (int i = 0; i < 7; i++) {
        if (lens[i] < lens[prefix] || memcmp(keys[i], keys[prefix], lens[prefix]) != 0) continue;
        expected++;
      }
      CELLS_OK(session, medley_cells_scan(session, CELLS_TABLE, &query, cells_on_row, &rows));
      for (size_t i = 0; i < rows.len; i++) len += rows.text[i] == ';';
      ck_assert_uint_eq(len, expected);
    }
  }
  const medley_cells_query query = {.start = {"\0\1", 2}, .stop = {"\377\0", 2}, .row_limit = 5};
  int count = -10;
  CELLS_OK(session, medley_cells_scan(session, CELLS_TABLE, &query, stop_at_second, &count));
  ck_assert_int_eq(count, -7);
}
END_TEST

START_TEST(cells_of_a_family_with_a_time_to_live_vanish) {
  cells_put(session, "r", "short", "q", 5, "old");
  kit.now_us += 30000000;
  cells_put(session, "r", "short", "q", 6, "new");
  cells_put(session, "r", "one", "q", 6, "stays");
  GET_IS(session, "r", &(medley_cells_query){.versions = 5}, "r one:q@6=stays short:q@6=new short:q@5=old;");
  kit.now_us += 30000000;
  GET_IS(session, "r", &(medley_cells_query){.versions = 5}, "r one:q@6=stays short:q@6=new;");
  kit.now_us += 30000000;
  GET_IS(session, "r", &(medley_cells_query){.versions = 5}, "r one:q@6=stays;");
}
END_TEST

START_TEST(the_property_is_shown_and_changed_by_cql) {
  cells_put(session, "r", "info", "q", 1, "a");
  cells_put(session, "r", "info", "q", 2, "b");
  cells_put(session, "r", "log", "q", 2, "c");
  kit_rows rows;
  ck_assert_int_eq(kit_run(session, MEDLEY_LANGUAGE_CQL, "DESCRIBE TABLE k.cells", &rows), MEDLEY_OK);
  ck_assert_msg(strstr(rows.text, "max_versions = {'info': '3', 'log': 'all', 'one': '1', 'short': '2'}") != NULL, "%s",
                rows.text);
  ck_assert_msg(strstr(rows.text, "family_time_to_live = {'short': '60'}") != NULL, "%s", rows.text);
  kit_exec(session, MEDLEY_LANGUAGE_CQL, "ALTER TABLE k.cells WITH family_time_to_live = {}");
  kit_exec(session, MEDLEY_LANGUAGE_CQL,
           "ALTER TABLE k.cells WITH family_time_to_live = {'it''s': 5} AND max_versions = {'info': 1, 'it''s': '2'}");
  GET_IS(session, "r", &(medley_cells_query){.versions = 5}, "r info:q@2=b;");
  SCAN_IS(session, NULL, "r info:q@2=b;");
  cells_put(session, "r", "it's", "q", 2, "d");
  medley_cell cell = cells_cell("log", "q", 3, "");
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1), MEDLEY_NOT_FOUND,
              "k.cells has no family log");
  CQL_IS(session, "SELECT family, ttl(value) FROM k.cells WHERE region = 0 AND key = 0x72",
         "info|NULL\ninfo|NULL\nit's|5\nlog|NULL\n");
  cells_put(session, "r", "info", "q", 3, "e");
  CQL_IS(session, "SELECT version FROM k.cells WHERE region = 0 AND key = 0x72 AND family = 'info'",
         "1970-01-01 00:00:00.003000+0000\n");
}
END_TEST

START_TEST(cql_and_sql_see_cells_and_the_calls_see_theirs) {
  cells_put(session, "r", "info", "q", 1, "a");
  kit_exec(
      session, MEDLEY_LANGUAGE_CQL,
      "INSERT INTO k.cells (region, key, family, qualifier, version, value) VALUES (0, 0x72, 'info', 0x71, 2, 0x62)");
  kit_exec(
      session, MEDLEY_LANGUAGE_SQL,
      "INSERT INTO \"k.cells\"(region, key, family, qualifier, version, value) VALUES (0, x'73', 'log', x'', 3, NULL)");
  kit_exec(
      session, MEDLEY_LANGUAGE_CQL,
      "INSERT INTO k.cells (region, key, family, qualifier, version, value) VALUES (1, 0x72, 'info', 0x71, 9, 0x63)");
  SCAN_IS(session, (&(medley_cells_query){.versions = 5}), "r info:q@2=b info:q@1=a;s log:@3=;");
  SQL_IS(session, "SELECT CAST(value AS TEXT) FROM \"k.cells\" WHERE region = 0 AND key = x'72' ORDER BY version DESC",
         "b\na\n");
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_by_name) {
  char *long_key = calloc(1, 600);
  medley_cells_row row;
  int64_t sum;
  memset(long_key, 'k', 600);
  medley_cell cell = cells_cell("one", "q", 5, "v");
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, long_key, 600, &cell, 1), MEDLEY_TOO_BIG, "room for 315");
  CELLS_FAILS(session, medley_cells_get(session, CELLS_TABLE, long_key, 600, NULL, &row), MEDLEY_TOO_BIG,
              "room for 315");
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "", 0, &cell, 1), MEDLEY_RANGE, "may not be empty");
  CELLS_FAILS(session, medley_cells_get(session, CELLS_TABLE, NULL, 0, NULL, &row), MEDLEY_RANGE, "may not be empty");
  memset(long_key, 0, 600);
  CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, long_key, 148, &cell, 1));
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, long_key, 149, &cell, 1), MEDLEY_TOO_BIG,
              "take 316 bytes");
  SCAN_IS(session, (&(medley_cells_query){.start = {long_key, 600}}), "");
  free(long_key);
  CELLS_FAILS(session, medley_cells_put(session, "k.none", "r", 1, &cell, 1), MEDLEY_NOT_FOUND, "no table k.none");
  CELLS_FAILS(session, medley_cells_put(session, "none", "r", 1, &cell, 1), MEDLEY_NOT_FOUND, "no table none");
  kit_exec(session, MEDLEY_LANGUAGE_CQL, "CREATE TABLE k.other (a int PRIMARY KEY)");
  CELLS_FAILS(session, medley_cells_get(session, "k.other", "r", 1, NULL, &row), MEDLEY_TYPE, "not a table of cells");
  kit_exec(session, MEDLEY_LANGUAGE_CQL, "USE k");
  CELLS_FAILS(session, medley_cells_get(session, "other", "r", 1, NULL, &row), MEDLEY_TYPE, "not a table of cells");
  cell.version_ms = -1;
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1), MEDLEY_RANGE, "a version is a time");
  cell.version_ms = 0;
  cell.value.len = (size_t)64 << 20;
  cell.value.bytes = calloc(1, cell.value.len);
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1), MEDLEY_TOO_BIG,
              "longer than the maximum");
  cell.value.len -= 4096;
  CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1));
  CELLS_FAILS(session, medley_cells_append(session, CELLS_TABLE, "r", 1, "one", cells_text("q"), cells_text("x"), NULL),
              MEDLEY_TOO_BIG, "longer than the maximum");
  free((void *)(uintptr_t)cell.value.bytes);
  medley_cells_query query = {.columns = &(medley_cells_column){"none", {0}}, .column_count = 1};
  CELLS_FAILS(session, medley_cells_get(session, CELLS_TABLE, "r", 1, &query, &row), MEDLEY_NOT_FOUND,
              "no family none");
  CELLS_FAILS(session, medley_cells_increment(session, CELLS_TABLE, "r", 1, "none", cells_text(""), 1, &sum),
              MEDLEY_NOT_FOUND, "no family none");
  CELLS_FAILS(session, cells_change(session, "r", MEDLEY_CELLS_DELETE, "none", NULL, 0), MEDLEY_NOT_FOUND,
              "no family none");
  CELLS_OK(session, medley_begin(session, MEDLEY_READ));
  cell = cells_cell("one", "q", 5, "v");
  CELLS_FAILS(session, medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1), MEDLEY_READ_ONLY, "for reading");
  CELLS_OK(session, medley_rollback(session));
}
END_TEST

START_TEST(calls_against_their_contract_are_misuse) {
  medley_cells_row row;
  int applied;
  int64_t sum;
  medley_cell cell = cells_cell(NULL, "q", 5, "v");
  medley_cells_change change = {MEDLEY_CELLS_PUT, cell};
  medley_cells_check check = {0};
  medley_cells_query query = {.comparison = MEDLEY_CELLS_ABSENT};
  ck_assert_int_eq(medley_cells_put(session, CELLS_TABLE, "r", 1, &cell, 1), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_put(session, NULL, "r", 1, &cell, 0), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_put(NULL, CELLS_TABLE, "r", 1, &cell, 0), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_mutate(session, CELLS_TABLE, "r", 1, &change, 1), MEDLEY_MISUSE);
  change = (medley_cells_change){(medley_cells_change_kind)9, cells_cell("one", "q", 5, "v")};
  ck_assert_int_eq(medley_cells_mutate(session, CELLS_TABLE, "r", 1, &change, 1), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_check_and_mutate(session, CELLS_TABLE, "r", 1, &check, NULL, 0, &applied),
                   MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_increment(session, CELLS_TABLE, "r", 1, "one", cells_text("q"), 1, NULL),
                   MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_increment(session, CELLS_TABLE, "r", 1, NULL, cells_text("q"), 1, &sum), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_append(session, CELLS_TABLE, "r", 1, NULL, cells_text("q"), cells_text("q"), NULL),
                   MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_get(session, CELLS_TABLE, "r", 1, &query, &row), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_get(session, CELLS_TABLE, "r", 1, NULL, NULL), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_scan(session, CELLS_TABLE, NULL, NULL, NULL), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_cells_create(session, "k.t", NULL, 0), MEDLEY_MISUSE);
}
END_TEST

#define SHAPE "(region int, key blob, family text, qualifier blob, version timestamp, value blob, "
#define KEY "PRIMARY KEY (region, key, family, qualifier, version)) WITH CLUSTERING ORDER BY "
#define ORDER "(key ASC, family ASC, qualifier ASC, version DESC) AND "

START_TEST(definitions_that_make_no_sense_are_refused) {
  static const char *const refused[][2] = {
      {"CREATE TABLE k.t (a int PRIMARY KEY) WITH max_versions = {'a': 1}", "of tables of cells"},
      {"CREATE TABLE k.t " SHAPE KEY "(key ASC, family ASC, qualifier ASC, version ASC) AND max_versions = {'a': 1}",
       "of tables of cells"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': 0}", "between 1 and 1000, or 'all'"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': '99999999999999999999999'}", "between 1 and 1000"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': 'some'}", "must be a map"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': '3'} AND family_time_to_live = {'a': 'all'}",
       "must be a map"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': '3', 'a': '3'}", "twice"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'': '3'}", "1 to 48 bytes"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {}", "must be a map"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'x'}", "is no map"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = 'x'", "must be a map"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': 1} AND family_time_to_live = {'b': 1}",
       "which max_versions does not"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "max_versions = {'a': 1} AND family_time_to_live = {'a': 630720001}",
       "between 1 and 630720000"},
      {"CREATE TABLE k.t " SHAPE KEY ORDER "family_time_to_live = {'b': 1}", "of the families that max_versions names"},
      {"ALTER TABLE k.cells ADD note text", "of tables of cells"},
      {"ALTER TABLE k.cells DROP value", "of tables of cells"},
      {"ALTER TABLE k.cells RENAME key TO id", "of tables of cells"},
      {"ALTER TABLE k.cells WITH max_versions = {'info': 1}", "which max_versions does not"},
      {"CREATE MATERIALIZED VIEW k.v AS SELECT * FROM k.cells WHERE region IS NOT NULL AND key IS NOT NULL AND family "
       "IS "
       "NOT NULL AND qualifier IS NOT NULL AND version IS NOT NULL PRIMARY KEY (region, key, family, qualifier, "
       "version) "
       "WITH max_versions = {'info': 1}",
       "of tables of cells"}};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    kit_rows rows;
    int rc = kit_run(session, MEDLEY_LANGUAGE_CQL, refused[i][0], &rows);
    const medley_error *error = medley_session_error(session);
    ck_assert_msg(rc != MEDLEY_OK, "%s", refused[i][0]);
    ck_assert_msg(strstr(error->message, refused[i][1]) != NULL && error->line > 0, "%s: %s", refused[i][0],
                  error->message);
  }
  kit_exec(session, MEDLEY_LANGUAGE_CQL,
           "CREATE TABLE k.t " SHAPE KEY "(key ASC, family ASC, qualifier ASC, version DESC)");
  kit_exec(session, MEDLEY_LANGUAGE_CQL, "ALTER TABLE k.t WITH max_versions = {'a': 1}");
  medley_cell cell = cells_cell("a", "q", 5, "v");
  CELLS_OK(session, medley_cells_put(session, "k.t", "r", 1, &cell, 1));
}
END_TEST

START_TEST(a_table_is_made_with_its_names_as_they_are) {
  static const medley_cells_family families[] = {{"it's", 0, 0}};
  CELLS_OK(session, medley_cells_create(session, "k.Odd_1", families, 1));
  CELLS_FAILS(session, medley_cells_create(session, "k.Odd_1", families, 1), MEDLEY_EXISTS, "Odd_1");
  CELLS_FAILS(session, medley_cells_create(session, "none.t", families, 1), MEDLEY_NOT_FOUND, "none");
  CELLS_FAILS(session, medley_cells_create(session, "k.a b", families, 1), MEDLEY_ERROR, "not a valid table name");
  medley_cell cell = cells_cell("it's", "q", 5, "v");
  CELLS_OK(session, medley_cells_put(session, "k.Odd_1", "r", 1, &cell, 1));
  CQL_IS(session, "SELECT family FROM k.\"Odd_1\"", "it's\n");
}
END_TEST

PROPERTY_MAIN_BETWEEN(
    "cells", setup, teardown, a_family_keeps_its_newest_versions_whatever_the_order_of_puts,
    a_later_put_of_a_version_takes_the_place_of_the_former, cells_of_a_row_are_put_together_or_not_at_all,
    deleting_takes_a_row_a_family_a_column_or_versions_of_them, changes_of_a_row_see_those_before_them,
    an_increment_adds_to_a_big_endian_number, an_append_answers_the_whole_value, changes_are_made_if_the_check_holds,
    a_scan_reads_ranges_of_rows_in_both_directions, a_query_chooses_columns_versions_and_values,
    a_callback_may_end_a_scan, an_interrupt_ends_a_scan, a_column_without_room_beside_a_key_is_none_of_that_row,
    columns_may_be_named_in_any_order_and_twice, a_put_after_the_number_was_lowered_deletes_some_and_shows_none,
    keys_are_bytes_in_their_order, cells_of_a_family_with_a_time_to_live_vanish,
    the_property_is_shown_and_changed_by_cql, cql_and_sql_see_cells_and_the_calls_see_theirs,
    what_makes_no_sense_is_refused_by_name, calls_against_their_contract_are_misuse,
    definitions_that_make_no_sense_are_refused, a_table_is_made_with_its_names_as_they_are)
