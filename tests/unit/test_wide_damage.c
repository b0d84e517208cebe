/* test_wide_damage.c - wide-column records with good checksums and wrong contents: readers, writers and the check answer CORRUPT or name
 * a problem, and never read or write outside of what they have, or go on for ever. */
#include <stdio.h>

#include "engine/database.h"
#include "models/widecolumn/record.h"
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
typedef struct record {
  med_key key;
  uint8_t value[MED_VALUE_SIZE_MAX];
  size_t len;
} record;

/* The first record whose key begins with a byte. */
static void find_record(session_kit *kit, uint8_t first, record *found) {
  med_member *member;
  medley_error error = {0};
  med_cursor *cursor;
  med_slice key, value;
  ck_assert_int_eq(med_member_open(kit->db->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_open(med_member_txn(member), MED_TREE_WIDE, &cursor), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_seek(cursor, med_slice_of(&first, 1), &key, &value), MEDLEY_OK);
  ck_assert_uint_eq(*(const uint8_t *)key.bytes, first);
  found->key.len = 0;
  med_wide_key_extend(&found->key, key);
  memcpy(found->value, value.bytes, value.len);
  found->len = value.len;
  med_cursor_close(cursor);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
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
  find_record(&kit, MED_WIDE_KEY_ROW, &row);
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
  find_record(&kit, MED_WIDE_KEY_INDEX, &entry);
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

PROPERTY_MAIN("wide_damage", the_check_misses_entries_of_an_index_and_finds_those_too_many,
              a_row_whose_key_is_longer_than_any_is_damage_and_no_endless_walk)
