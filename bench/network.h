/* network.h - social networks, generated: the same seed and scale give the same rows, at any size.
 *
 * What it is: a stream of rows of the shape of the LDBC Social Network Benchmark's data (persons, friendships, forums,
 * posts, comments, likes, tags), with what a social application has besides: sign-in sessions, advertising accounts,
 * a ledger, page views. What it is not: LDBC's generator, nor a source of LDBC results.
 *
 * Scale is the number of persons. A scale of 222 has about as many rows of each kind as LDBC's smallest data set; rows
 * grow a little faster than persons, because the mean number of friends grows with the network, as it does on
 * Facebook. Friendships follow a power law, most of them within a community, with triangles.
 *
 * Rows come in an order in which every reference points backwards, one table after the other, except that the details of
 * a person follow the person, and that a forum's
 * members, posts, comments, tags and likes follow the forum. Memory: about 16 bytes a friendship and 40 a person, and
 * one forum; rows themselves are never kept.
 *
 * Schema (all times in milliseconds since 1970 UTC, all ids dense from 1; `?` marks a column that may be null)
 *
 *   place          id, name, kind (continent|country|city), part_of?
 *   organisation   id, kind (university|company), name, place_id
 *   tag_class      id, name, parent_id?
 *   tag            id, name, class_id
 *   person         id, first_name, last_name, gender, birthday, created_at, location_ip, browser, city_id
 *   person_email   person_id, email                     person_language  person_id, language
 *   person_interest person_id, tag_id                   study_at         person_id, university_id, class_year
 *   work_at        person_id, company_id, work_from
 *   knows          person_id, friend_id, created_at     (each friendship is two rows, one each way)
 *   forum          id, title, created_at, moderator_id
 *   forum_member   forum_id, person_id, joined_at       forum_tag        forum_id, tag_id
 *   message        id, creator_id, created_at, forum_id?, reply_to_id?, root_id, language?, image_file?, content?,
 *                  length, location_ip, browser, country_id
 *                  (a post has a forum and no reply_to, a comment the other way round; root_id is the post at the
 *                  top, a post's own id for a post; content or image_file is there, not both)
 *   message_tag    message_id, tag_id                   likes            person_id, message_id, created_at
 *   ad_account     id, owner_id, name, balance_cents    (its balance is what the ledger says)
 *   ledger         id, from_account_id?, to_account_id, amount_cents, created_at, reason
 *   page_view      id, person_id, message_id, viewed_at, duration_ms, device, country_id
 *   session        token, person_id, device, location_ip, created_at, ttl_seconds
 *                  (not a table: a key-value hash session:TOKEN in bucket 0 that expires ttl_seconds after loading)
 *
 * Threads: calls share nothing. Errors: a callback's non-zero answer ends the stream and is handed on. */
#ifndef MED_BENCH_NETWORK_H
#define MED_BENCH_NETWORK_H

#include "engine/medley.h"

typedef enum medley_network_table {
  MEDLEY_NETWORK_PLACE,
  MEDLEY_NETWORK_ORGANISATION,
  MEDLEY_NETWORK_TAG_CLASS,
  MEDLEY_NETWORK_TAG,
  MEDLEY_NETWORK_PERSON,
  MEDLEY_NETWORK_PERSON_EMAIL,
  MEDLEY_NETWORK_PERSON_LANGUAGE,
  MEDLEY_NETWORK_PERSON_INTEREST,
  MEDLEY_NETWORK_STUDY_AT,
  MEDLEY_NETWORK_WORK_AT,
  MEDLEY_NETWORK_KNOWS,
  MEDLEY_NETWORK_FORUM,
  MEDLEY_NETWORK_FORUM_MEMBER,
  MEDLEY_NETWORK_FORUM_TAG,
  MEDLEY_NETWORK_MESSAGE,
  MEDLEY_NETWORK_MESSAGE_TAG,
  MEDLEY_NETWORK_LIKES,
  MEDLEY_NETWORK_AD_ACCOUNT,
  MEDLEY_NETWORK_LEDGER,
  MEDLEY_NETWORK_PAGE_VIEW,
  MEDLEY_NETWORK_SESSION,
  MEDLEY_NETWORK_TABLE_COUNT
} medley_network_table;

#define MEDLEY_NETWORK_COLUMN_COUNT_MAX 13

typedef struct medley_network_table_info {
  const char *name;
  int column_count;
  const char *columns[MEDLEY_NETWORK_COLUMN_COUNT_MAX];
  const char *create_sql; /* CREATE TABLE; NULL for session, which is no table */
  const char *insert_sql; /* one ? for each column; NULL for session */
  const char *index_sql;  /* CREATE INDEX statements, best run after loading; NULL if none */
} medley_network_table_info;

/* Never NULL for a table of the list; constant. */
const medley_network_table_info *medley_network_table_describe(medley_network_table table);

typedef struct medley_network_field {
  medley_type type; /* MEDLEY_TYPE_NULL, _INTEGER or _TEXT */
  int64_t integer;
  const char *text; /* NUL-ended */
  size_t len;
} medley_network_field;

/* Borrowed: valid during the callback. */
typedef struct medley_network_row {
  medley_network_table table;
  int field_count; /* the table's column_count */
  medley_network_field fields[MEDLEY_NETWORK_COLUMN_COUNT_MAX];
} medley_network_row;

typedef struct medley_network_options {
  uint64_t scale; /* persons: 2 ... 100 million */
  uint64_t seed;
} medley_network_options;

#define MEDLEY_NETWORK_SCALE_DEFAULT 1000
#define MEDLEY_NETWORK_SEED_DEFAULT 42

typedef int (*medley_network_callback)(void *context, const medley_network_row *row);
/* MEDLEY_OK, RANGE for a scale outside of its bounds, NO_MEMORY, or what the callback answered. */
MEDLEY_MUST_USE int medley_network_generate(const medley_network_options *options, medley_network_callback on_row,
                                            void *context);

/* Rows of each table, by running the generator without keeping anything. */
typedef struct medley_network_counts {
  uint64_t rows[MEDLEY_NETWORK_TABLE_COUNT];
  uint64_t total;
} medley_network_counts;
MEDLEY_MUST_USE int medley_network_count(const medley_network_options *options, medley_network_counts *counts);

/* Creates the tables, loads everything in transactions of at most rows_per_transaction rows (0: 10,000), then creates
 * the indexes. Fails with what the statement failed with; what was committed before stays. The callback may be NULL;
 * it is called about a hundred times and at the end; a non-zero answer stops with INTERRUPTED. counts and error may
 * be NULL. */
typedef int (*medley_network_progress)(void *context, uint64_t rows_done, uint64_t rows_total);
typedef struct medley_network_load_options {
  medley_network_options network;
  uint32_t rows_per_transaction;
  medley_network_progress on_progress;
  void *progress_context;
} medley_network_load_options;
void medley_network_load_options_init(medley_network_load_options *options);
MEDLEY_MUST_USE int medley_network_load(medley *db, const medley_network_load_options *options,
                                        medley_network_counts *counts, medley_error *error);

#endif
