/* test_bench_network.c - the generator of networks: deterministic, referentially sound, of the shape it promises. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dice.h"
#include "bench/network.h"
#include "bench/network_words.h"
#include "tests/unit/property.h"

/* ---- Determinism ---- */

typedef struct row_digest {
  uint64_t digest;
  uint64_t left; /* rows until the callback stops the stream */
} row_digest;

static void digest_bytes(uint64_t *digest, const char *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) *digest = med_dice_mix(*digest ^ (unsigned char)bytes[i]);
}

static int digest_row(void *context, const medley_network_row *row) {
  row_digest *state = context;
  if (state->left-- == 0) return MEDLEY_INTERRUPTED;
  ck_assert_int_eq(row->field_count, medley_network_table_describe(row->table)->column_count);
  state->digest = med_dice_mix(state->digest ^ (uint64_t)row->table);
  for (int i = 0; i < row->field_count; i++) {
    const medley_network_field *field = &row->fields[i];
    state->digest = med_dice_mix(state->digest ^ (uint64_t)field->type);
    if (field->type == MEDLEY_TYPE_INTEGER) state->digest = med_dice_mix(state->digest ^ (uint64_t)field->integer);
    if (field->type == MEDLEY_TYPE_TEXT) {
      ck_assert_uint_eq(strlen(field->text), field->len);
      digest_bytes(&state->digest, field->text, field->len);
    }
  }
  return MEDLEY_OK;
}

static uint64_t digest_of(uint64_t scale, uint64_t seed) {
  row_digest state = {.left = UINT64_MAX};
  ck_assert_int_eq(medley_network_generate(&(medley_network_options){.scale = scale, .seed = seed}, digest_row, &state),
                   MEDLEY_OK);
  return state.digest;
}

START_TEST(the_same_seed_makes_the_same_rows_and_another_makes_others) {
  ck_assert_uint_eq(digest_of(300, 42), digest_of(300, 42));
  ck_assert_uint_ne(digest_of(300, 42), digest_of(300, 43));
  ck_assert_uint_ne(digest_of(300, 42), digest_of(301, 42));
}
END_TEST

/* Rows that change are a change of every published figure: then say so where the figures are. */
START_TEST(the_rows_are_those_of_the_published_figures) {
  ck_assert_uint_eq(digest_of(222, 42), UINT64_C(3509651296220394524));
}
END_TEST

START_TEST(a_callback_that_stops_ends_the_stream) {
  row_digest state = {.left = 1000};
  medley_network_options options = {.scale = 300, .seed = 1};
  ck_assert_int_eq(medley_network_generate(&options, digest_row, &state), MEDLEY_INTERRUPTED);
}
END_TEST

START_TEST(a_scale_out_of_range_is_refused) {
  medley_network_counts counts;
  ck_assert_int_eq(medley_network_count(&(medley_network_options){.scale = 0}, &counts), MEDLEY_RANGE);
  ck_assert_int_eq(medley_network_count(&(medley_network_options){.scale = 1}, &counts), MEDLEY_RANGE);
  ck_assert_int_eq(medley_network_count(&(medley_network_options){.scale = 100000001}, &counts), MEDLEY_RANGE);
  for (uint64_t scale = 2; scale < 30; scale++) {
    ck_assert_int_eq(medley_network_count(&(medley_network_options){.scale = scale, .seed = scale}, &counts),
                     MEDLEY_OK);
    ck_assert_uint_eq(counts.rows[MEDLEY_NETWORK_PERSON], scale);
  }
}
END_TEST

START_TEST(words_of_different_ranks_differ) {
  enum { COUNT = 40000 };
  static char words[COUNT][MED_WORDS_WORD_SIZE_MAX];
  for (int rank = 0; rank < COUNT; rank++) {
    ck_assert_uint_lt(med_words_write((uint64_t)rank, words[rank]), MED_WORDS_WORD_SIZE_MAX);
  }
  qsort(words, COUNT, sizeof words[0], (int (*)(const void *, const void *))strcmp);
  int equal = 0;
  for (int i = 1; i < COUNT; i++) equal += strcmp(words[i - 1], words[i]) == 0;
  ck_assert_int_le(equal, COUNT / 10); /* syllables may happen to join into one spelling */
}
END_TEST

/* ---- In stock SQLite ---- */

typedef struct loaded_network {
  sqlite3 *db;
  sqlite3_stmt *inserts[MEDLEY_NETWORK_TABLE_COUNT];
} loaded_network;

static int load_row(void *context, const medley_network_row *row) {
  loaded_network *network = context;
  sqlite3_stmt *insert = network->inserts[row->table];
  if (!insert) return MEDLEY_OK;
  for (int i = 0; i < row->field_count; i++) {
    const medley_network_field *field = &row->fields[i];
    if (field->type == MEDLEY_TYPE_INTEGER)
      sqlite3_bind_int64(insert, i + 1, field->integer);
    else if (field->type == MEDLEY_TYPE_TEXT)
      sqlite3_bind_text(insert, i + 1, field->text, (int)field->len, SQLITE_STATIC);
    else
      sqlite3_bind_null(insert, i + 1);
  }
  ck_assert_msg(sqlite3_step(insert) == SQLITE_DONE, "%s: %s", medley_network_table_describe(row->table)->name,
                sqlite3_errmsg(network->db));
  sqlite3_reset(insert);
  return MEDLEY_OK;
}

static void exec(sqlite3 *db, const char *sql) {
  ck_assert_msg(!sql || sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

static int64_t number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = NULL;
  ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
  int64_t answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  return answer;
}

static sqlite3 *load(uint64_t scale, uint64_t seed) {
  loaded_network network = {0};
  ck_assert_int_eq(sqlite3_open(":memory:", &network.db), SQLITE_OK);
  exec(network.db, "PRAGMA foreign_keys = ON; BEGIN");
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT; table++) {
    const medley_network_table_info *info = medley_network_table_describe((medley_network_table)table);
    exec(network.db, info->create_sql);
    if (info->insert_sql) {
      ck_assert_int_eq(sqlite3_prepare_v2(network.db, info->insert_sql, -1, &network.inserts[table], NULL), SQLITE_OK);
    }
  }
  medley_network_options options = {.scale = scale, .seed = seed};
  ck_assert_int_eq(medley_network_generate(&options, load_row, &network), MEDLEY_OK);
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT; table++) {
    sqlite3_finalize(network.inserts[table]);
    exec(network.db, medley_network_table_describe((medley_network_table)table)->index_sql);
  }
  exec(network.db, "COMMIT");
  return network.db;
}

START_TEST(every_reference_points_to_a_row_that_came_before_and_nothing_is_out_of_time) {
  static const char *const wrong[] = {
      "SELECT count(*) FROM message m JOIN message r ON r.id = m.reply_to_id WHERE m.created_at < r.created_at",
      "SELECT count(*) FROM message m JOIN message r ON r.id = m.reply_to_id WHERE m.root_id <> r.root_id",
      "SELECT count(*) FROM message WHERE forum_id IS NOT NULL AND root_id <> id",
      "SELECT count(*) FROM message m JOIN person p ON p.id = m.creator_id WHERE m.created_at < p.created_at",
      "SELECT count(*) FROM message WHERE (content IS NULL) = (image_file IS NULL)",
      "SELECT count(*) FROM message WHERE content IS NOT NULL AND length <> length(CAST(content AS BLOB))",
      "SELECT count(*) FROM likes l JOIN message m ON m.id = l.message_id WHERE l.created_at < m.created_at",
      "SELECT count(*) FROM forum_member f JOIN forum g ON g.id = f.forum_id WHERE f.joined_at < g.created_at",
      "SELECT count(*) FROM knows WHERE person_id = friend_id",
      ("SELECT count(*) FROM knows a WHERE NOT EXISTS (SELECT 1 FROM knows b WHERE b.person_id = a.friend_id AND"
       " b.friend_id = a.person_id AND b.created_at = a.created_at)"),
      "SELECT count(*) FROM person WHERE id NOT IN (SELECT person_id FROM knows)",
      "SELECT count(*) FROM page_view a JOIN page_view b ON b.id = a.id + 1 WHERE b.viewed_at < a.viewed_at"};
  sqlite3 *db = load(400, 42);
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ck_assert_msg(number(db, wrong[i]) == 0, "not 0: %s", wrong[i]);
  }
  sqlite3_close(db);
}
END_TEST

START_TEST(balances_are_what_the_ledger_says) {
  sqlite3 *db = load(400, 7);
  ck_assert_int_eq(number(db,
                          "SELECT count(*) FROM ad_account a WHERE balance_cents <>"
                          " (SELECT coalesce(sum(amount_cents), 0) FROM ledger WHERE to_account_id = a.id) -"
                          " (SELECT coalesce(sum(amount_cents), 0) FROM ledger WHERE from_account_id = a.id)"),
                   0);
  ck_assert_int_gt(number(db, "SELECT count(*) FROM ledger WHERE from_account_id IS NOT NULL"), 50);
  sqlite3_close(db);
}
END_TEST

START_TEST(friendships_follow_a_power_law_and_make_triangles) {
  sqlite3 *db = load(2000, 42);
  exec(db, "CREATE TEMP TABLE degree AS SELECT person_id, count(*) AS friends FROM knows GROUP BY person_id");
  int64_t mean = number(db, "SELECT avg(friends) FROM degree");
  ck_assert_int_ge(mean, 8);
  ck_assert_int_le(mean, 25);
  ck_assert_int_gt(number(db, "SELECT max(friends) FROM degree"), 12 * mean); /* a long tail ... */
  ck_assert_int_gt(number(db, "SELECT count(*) FROM degree WHERE friends < (SELECT avg(friends) FROM degree)"), 1200);
  /* ... and at least ten times the triangles of a random graph of this density, which closes mean / 2000 of its paths. */
  int64_t closed = number(db,
                          "SELECT count(*) FROM knows a JOIN knows b ON b.person_id = a.friend_id JOIN knows c ON"
                          " c.person_id = a.person_id AND c.friend_id = b.friend_id");
  int64_t paths = number(db, "SELECT sum(friends * (friends - 1)) FROM degree");
  ck_assert_int_gt(closed * 2000, paths * mean * 2);
  sqlite3_close(db);
}
END_TEST

START_TEST(the_shape_at_222_persons_is_near_the_smallest_published_data_set) {
  static const struct {
    medley_network_table table;
    uint64_t low, high;
  } bounds[] = {{MEDLEY_NETWORK_KNOWS, 1100, 2200},        {MEDLEY_NETWORK_FORUM, 600, 1000},
                {MEDLEY_NETWORK_FORUM_MEMBER, 2500, 6000}, {MEDLEY_NETWORK_MESSAGE, 6000, 13000},
                {MEDLEY_NETWORK_LIKES, 700, 3000},         {MEDLEY_NETWORK_PERSON_INTEREST, 3000, 6000},
                {MEDLEY_NETWORK_SESSION, 111, 444},        {MEDLEY_NETWORK_PAGE_VIEW, 8880, 8880}};
  medley_network_counts counts;
  ck_assert_int_eq(medley_network_count(&(medley_network_options){.scale = 222, .seed = 42}, &counts), MEDLEY_OK);
  for (unsigned i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    ck_assert_uint_ge(counts.rows[bounds[i].table], bounds[i].low);
    ck_assert_uint_le(counts.rows[bounds[i].table], bounds[i].high);
  }
}
END_TEST

PROPERTY_MAIN("bench network", the_same_seed_makes_the_same_rows_and_another_makes_others,
              the_rows_are_those_of_the_published_figures, a_callback_that_stops_ends_the_stream,
              a_scale_out_of_range_is_refused, words_of_different_ranks_differ,
              every_reference_points_to_a_row_that_came_before_and_nothing_is_out_of_time,
              balances_are_what_the_ledger_says, friendships_follow_a_power_law_and_make_triangles,
              the_shape_at_222_persons_is_near_the_smallest_published_data_set)
