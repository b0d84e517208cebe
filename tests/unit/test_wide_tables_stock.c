/* test_wide_tables_stock.c - wide-column tables beside tables of SQL's own: where SQLite treats a virtual table in another way, the answers are the
 * same, or the statement is refused. */
#include "tests/unit/session_kit.h"

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

static void open_shop(session_kit *kit) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

START_TEST(conflict_clauses_are_those_of_a_table_of_sqls_own) {
  static const char *const changes[] = {"INSERT OR IGNORE INTO %s VALUES (2, 2), (NULL, 3), (1, 9), (4, 4)",
                                        "INSERT OR FAIL INTO %s VALUES (5, 5), (1, 9), (6, 6)",
                                        "INSERT OR FAIL INTO %s VALUES (7, 7), (NULL, 9), (8, 8)",
                                        "INSERT OR ABORT INTO %s VALUES (9, 9), (NULL, 9)",
                                        "INSERT OR REPLACE INTO %s VALUES (10, 10), (1, 11)",
                                        "INSERT OR REPLACE INTO %s VALUES (11, 11), (NULL, 9)",
                                        "UPDATE OR IGNORE %s SET b = 12 WHERE a = 2",
                                        "BEGIN; INSERT INTO %s VALUES (12, 12)",
                                        "INSERT OR ROLLBACK INTO %s VALUES (13, 13), (1, 9)",
                                        "COMMIT",
                                        "BEGIN; INSERT OR ROLLBACK INTO %s VALUES (14, 14), (NULL, 9)",
                                        "COMMIT"};
  enum { SIDES = 2 };
  static const char *const tables[SIDES] = {"stock", "\"shop.t\""};
  session_kit kits[SIDES];
  for (int side = 0; side < SIDES; side++) {
    open_shop(&kits[side]);
    cql(kits[side].session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
    SQL_OK(kits[side].session, "CREATE TABLE stock(a INTEGER NOT NULL, b INTEGER, PRIMARY KEY(a)) WITHOUT ROWID");
    SQL_OK(kits[side].session, "INSERT INTO stock VALUES (1, 1); INSERT INTO \"shop.t\" VALUES (1, 1)");
  }
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    int codes[SIDES];
    kit_rows rows[SIDES] = {0};
    for (int side = 0; side < SIDES; side++) {
      char text[200];
      kit_rows none = {0};
      snprintf(text, sizeof text, changes[i], tables[side]);
      codes[side] = kit_run(kits[side].session, MEDLEY_LANGUAGE_SQL, text, &none);
      snprintf(text, sizeof text, "SELECT a, b, changes() FROM %s ORDER BY a", tables[side]);
      ck_assert_int_eq(kit_run(kits[side].session, MEDLEY_LANGUAGE_SQL, text, &rows[side]), MEDLEY_OK);
    }
    ck_assert_msg(codes[0] == codes[1], "%s: %d, %d", changes[i], codes[0], codes[1]);
    ck_assert_msg(strcmp(rows[0].text, rows[1].text) == 0, "%s:\n%s--\n%s", changes[i], rows[0].text, rows[1].text);
  }
  for (int side = 0; side < SIDES; side++) kit_close(&kits[side]);
}
END_TEST

/* SQLite compares a text with a number of another table as numbers. */
START_TEST(a_text_is_found_by_a_number_as_in_a_table_of_sqls_own) {
  static const char *const queries[] = {"SELECT a, v FROM number JOIN %s ON a = i ORDER BY a, v",
                                        "SELECT a FROM %s WHERE a = (SELECT i FROM number)",
                                        "SELECT a FROM %s WHERE a = 1",
                                        "SELECT a FROM %s WHERE a = CAST('9.0' AS REAL)",
                                        "SELECT a, v FROM number, %s WHERE a = '1' AND b > i ORDER BY v",
                                        "SELECT a, v FROM number, %s WHERE a = '1' AND b = i ORDER BY v",
                                        "SELECT a, v FROM number, %s WHERE c = i ORDER BY v",
                                        "SELECT v FROM %s WHERE c IN (1, '1.0') ORDER BY v",
                                        "SELECT v FROM %s WHERE c IN (SELECT CAST(i AS TEXT) FROM number)"};
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a text, b text, c text, v int, PRIMARY KEY (a, b))");
  cql(kit.session, "CREATE INDEX ON shop.t (c)");
  SQL_OK(kit.session,
         "CREATE TABLE stock(a TEXT, b TEXT, c TEXT, v INTEGER); CREATE TABLE number(i INTEGER); INSERT INTO number "
         "VALUES (1); INSERT INTO stock VALUES ('01', '10', '1', 1), ('1', '01', '01.0', 2), ('1', '1', 'one', 3), "
         "('1', '9', '1.0', 4), ('9', 'x', 'x', 5); INSERT INTO \"shop.t\"(a, b, c, v) SELECT a, b, c, v FROM stock");
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    char text[200];
    kit_rows rows = {0};
    ck_assert_ptr_nonnull(queries[i]);
    snprintf(text, sizeof text, queries[i], "stock");
    ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_SQL, text, &rows), MEDLEY_OK);
    snprintf(text, sizeof text, queries[i], "\"shop.t\"");
    SQL_IS(kit.session, text, rows.text);
  }
  SQL_FAILS_WITH(kit.session, "SELECT v FROM \"shop.t\" WHERE a = (SELECT i FROM number) ORDER BY b", MEDLEY_ERROR,
                 "a is a text and is compared with a number");
  SQL_FAILS_WITH(kit.session, "SELECT a FROM \"shop.t\" WHERE c IN (SELECT i FROM number)", MEDLEY_ERROR,
                 "c is a text and is compared with a number");
  SQL_FAILS_WITH(kit.session, "SELECT v FROM \"shop.t\" WHERE a IN (SELECT i FROM number)", MEDLEY_ERROR,
                 "a is a text and is compared with a number");
  SQL_IS(kit.session, "SELECT v FROM number CROSS JOIN \"shop.t\" WHERE a = '1' AND b > i ORDER BY b", "4\n");
  SQL_OK(kit.session, "UPDATE \"shop.t\" SET v = 7 WHERE a = (SELECT i FROM number) AND b = (SELECT i FROM number)");
  SQL_IS(kit.session, "SELECT v FROM \"shop.t\" WHERE a = '1' ORDER BY b", "7\n7\n4\n");
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("wide_tables_stock", conflict_clauses_are_those_of_a_table_of_sqls_own,
              a_text_is_found_by_a_number_as_in_a_table_of_sqls_own)
