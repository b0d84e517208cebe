/* test_keyvalue_tables.c - buckets as SQL tables: rows, writes, conflicts, savepoints, and the plans of joins. */
#include "tests/unit/session_kit.h"

static void redis(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_REDIS, text); }

static int plan_line(char *to, size_t size, const char *line) { return snprintf(to, size, "%s", line); }

START_TEST(every_type_has_its_rows) {
  session_kit kit;
  kit_open(&kit);
  redis(kit.session,
        "SET s text\nHSET h f 1 g 2\nRPUSH l a b\nSADD m x y\nZADD z 1.5 one -inf low\nSET e v PXAT 99999999999999\n"
        "SET bin \"a\\x00b\"\nSET gone v PXAT 1");
  SQL_IS(kit.session, "SELECT key, type, value, expires_ms, bucket FROM kv",
         "bin|string|a|NULL|0\ne|string|v|99999999999999|0\nh|hash|NULL|NULL|0\nl|list|NULL|NULL|0\nm|set|NULL|NULL|0\n"
         "s|string|text|NULL|0\nz|zset|NULL|NULL|0\n");
  SQL_IS(kit.session, "SELECT key, field, value FROM kv_hash", "h|f|1\nh|g|2\n");
  SQL_IS(kit.session, "SELECT key, position, element FROM kv_list", "l|0|a\nl|1|b\n");
  SQL_IS(kit.session, "SELECT key, member FROM kv_set", "m|x\nm|y\n");
  SQL_IS(kit.session, "SELECT key, member, score FROM kv_zset", "z|low|-Inf\nz|one|1.5\n");
  SQL_IS(kit.session, "SELECT typeof(value), hex(value) FROM kv WHERE key = 'bin'", "blob|610062\n");
  SQL_IS(kit.session, "SELECT count(*) FROM kv('nowhere')", "0\n");
  SQL_IS(kit.session, "SELECT value FROM kv_hash WHERE key = 's'", ""); /* another type: no rows */
  kit_close(&kit);
}
END_TEST

START_TEST(a_session_hash_joins_a_table_by_look_ups) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session,
         "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);"
         "INSERT INTO users VALUES (7, 'ann'), (8, 'bob');"
         "CREATE VIRTUAL TABLE sessions USING kv_hash('sessions');"
         "INSERT INTO sessions(key, field, value) VALUES ('s:7', 'ip', '1.1'), ('s:7', 'theme', 'dark'), ('s:8', 'ip', "
         "'2.2')");
  SQL_IS(kit.session, "SELECT name, value FROM users JOIN sessions ON key = 's:' || id AND field = 'ip' ORDER BY id",
         "ann|1.1\nbob|2.2\n");
  PLAN_IS(kit.session, "SELECT name, value FROM users JOIN sessions ON key = 's:' || id AND field = 'ip'",
          "SCAN users / SCAN sessions VIRTUAL TABLE INDEX 18: key= part=");
  PLAN_IS(kit.session, "SELECT value FROM sessions WHERE key = 's:7'", "SCAN sessions VIRTUAL TABLE INDEX 2: key=");
  PLAN_IS(kit.session, "SELECT value FROM sessions WHERE key IN ('s:7', 's:8')",
          "SCAN sessions VIRTUAL TABLE INDEX 2: key=");
  PLAN_IS(kit.session, "SELECT value FROM kv('b') WHERE key >= 'a' AND key < 'b'",
          "SCAN kv VIRTUAL TABLE INDEX 13:bucket= key> key<");
  /* a walk over all sessions finds its users by their primary key, not the other way round for each of them */
  PLAN_IS(kit.session, "SELECT name FROM sessions JOIN users ON users.id = sessions.value WHERE field = 'user'",
          "SCAN sessions VIRTUAL TABLE INDEX 0: / SEARCH users USING INTEGER PRIMARY KEY (rowid=?)");
  kit_close(&kit);
}
END_TEST

START_TEST(ranges_and_lists_of_keys_find_what_a_scan_finds) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session,
         "INSERT INTO kv(key, value) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299)"
         " SELECT 'k' || i, i FROM n");
  static const char *const conditions[] = {"key > 'k1'",
                                           "key >= 'k15' AND key <= 'k2'",
                                           "key < 'k100'",
                                           "key IN ('k5', 'nothing', 'k299', NULL)",
                                           "key = 'k12' OR key = 'k13'",
                                           "key > x'00'",
                                           "key < x'00'",
                                           "key = NULL",
                                           "key BETWEEN 'k20' AND 'k21' AND value > 205",
                                           "key > 5",
                                           "key = 'K7' COLLATE NOCASE",
                                           "(key = 'k7' AND value > 1) OR (key > 'k6' AND key < 'k8')",
                                           "key LIKE 'k29%'"};
  for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
    char query[300], scan[300];
    kit_rows found, expected;
    snprintf(query, sizeof query, "SELECT key, value FROM kv WHERE %s ORDER BY key", conditions[i]);
    snprintf(scan, sizeof scan,
             "WITH kv2(key, value) AS MATERIALIZED (SELECT CAST(key AS TEXT), value FROM kv) SELECT key, value FROM "
             "kv2 WHERE "
             "%s ORDER BY key",
             conditions[i]);
    ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_SQL, query, &found), MEDLEY_OK);
    ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_SQL, scan, &expected), MEDLEY_OK);
    ck_assert_msg(strcmp(found.text, expected.text) == 0, "%s: found\n%sexpected\n%s", conditions[i], found.text,
                  expected.text);
  }
  kit_close(&kit);
}
END_TEST

START_TEST(writes_follow_the_conflict_clause) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "INSERT INTO kv_hash(key, field, value) VALUES ('h', 'a', 1)");
  SQL_FAILS(kit.session, "INSERT INTO kv_hash(key, field, value) VALUES ('h', 'b', 1), ('h', 'a', 2)",
            MEDLEY_CONSTRAINT);
  SQL_OK(kit.session, "INSERT OR IGNORE INTO kv_hash(key, field, value) VALUES ('h', 'a', 3), ('h', 'c', 4)");
  ck_assert_int_eq(medley_changes(kit.session), 1);
  SQL_FAILS(kit.session,
            "INSERT OR FAIL INTO kv_hash(key, field, value) VALUES ('h', 'b', 1), ('h', 'a', 2), ('h', 'e', 3)",
            MEDLEY_CONSTRAINT);
  SQL_IS(kit.session, "SELECT field FROM kv_hash", "a\nb\nc\n"); /* what came before stays */
  SQL_OK(kit.session, "DELETE FROM kv_hash WHERE field = 'b'");
  SQL_OK(kit.session, "INSERT OR IGNORE INTO kv_hash(key, field, value) VALUES ('h', NULL, 3), ('h', 'b', NULL)");
  ck_assert_int_eq(medley_changes(kit.session), 0);
  SQL_OK(kit.session, "BEGIN; INSERT INTO kv_hash(key, field, value) VALUES ('h', 'b', 1)");
  SQL_FAILS(kit.session, "INSERT OR ROLLBACK INTO kv_hash(key, field, value) VALUES ('h', 'a', 2)", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "COMMIT", MEDLEY_MISUSE);
  SQL_OK(kit.session, "INSERT OR REPLACE INTO kv_hash(key, field, value) VALUES ('h', 'c', 5)");
  SQL_IS(kit.session, "SELECT field, value FROM kv_hash", "a|1\nc|5\n");
  SQL_FAILS(kit.session, "UPDATE kv_hash SET field = 'a' WHERE field = 'c'", MEDLEY_CONSTRAINT);
  SQL_OK(kit.session, "UPDATE kv_hash SET field = 'd', value = value + 1 WHERE field = 'c'");
  SQL_IS(kit.session, "SELECT field, value FROM kv_hash", "a|1\nd|6\n");
  SQL_OK(kit.session, "UPDATE kv_hash SET key = key || '2'");
  SQL_IS(kit.session, "SELECT key, count(*) FROM kv_hash GROUP BY key", "h2|2\n");
  SQL_OK(kit.session, "DELETE FROM kv_hash WHERE key = 'h2'");
  SQL_IS(kit.session, "SELECT count(*) FROM kv", "0\n"); /* a hash without fields is not there */
  SQL_FAILS(kit.session, "INSERT INTO kv(key, value) VALUES (NULL, 1)", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT INTO kv(key, type, value) VALUES ('k', 'hash', 1)", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT INTO kv_list(key, position, element) VALUES ('l', 0, 'x')", MEDLEY_READ_ONLY);
  SQL_FAILS(kit.session, "INSERT INTO kv_zset(key, member, score) VALUES ('z', 'm', 'much')", MEDLEY_TYPE);
  kit_close(&kit);
}
END_TEST

START_TEST(statements_and_savepoints_take_keys_back) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session,
         "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1); BEGIN; INSERT INTO kv(key, value) VALUES ('a', 1)");
  SQL_OK(kit.session, "SAVEPOINT s; INSERT INTO kv(key, value) VALUES ('b', 1); ROLLBACK TO s; RELEASE s");
  SQL_OK(kit.session,
         "CREATE TRIGGER follow AFTER INSERT ON t BEGIN"
         " INSERT OR REPLACE INTO kv(key, value) VALUES ('t:' || new.a, 'row'); END");
  SQL_FAILS(kit.session, "INSERT INTO t VALUES (2), (1)", MEDLEY_CONSTRAINT);
  SQL_IS(kit.session, "SELECT group_concat(key) FROM kv", "a\n");
  SQL_OK(kit.session, "INSERT INTO t VALUES (3); COMMIT");
  SQL_IS(kit.session, "SELECT group_concat(key) FROM kv", "a,t:3\n");
  SQL_OK(kit.session, "BEGIN; INSERT INTO t VALUES (4); ROLLBACK");
  SQL_IS(kit.session, "SELECT group_concat(key) FROM kv", "a,t:3\n");
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("keyvalue_tables", every_type_has_its_rows, a_session_hash_joins_a_table_by_look_ups,
              ranges_and_lists_of_keys_find_what_a_scan_finds, writes_follow_the_conflict_clause,
              statements_and_savepoints_take_keys_back)
